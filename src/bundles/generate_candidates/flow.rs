//! The candidates of one shop: sources, thresholds, fallbacks, and what each objective takes of them.

use std::collections::BTreeSet;

use super::{
    alone::{is_anchor, of_catalog, reward_pairs, rewards, volumes},
    counted::{of_complements, of_itemsets, of_rules, of_top_pairs},
    coverage::cover,
    finish::{hybrid, of_proposal},
    ladder::{Rung, climb},
    ladder_catalog::CatalogTexts,
    params::{GenerateCandidates, Settings},
    proposal::{Pool, Proposal, Thresholds},
    shop::Shop,
    similarity::Alike,
    tables::Rule,
};
use crate::bundles::{
    best::falling,
    bundle_type::BundleType,
    candidate::{Source, Sources},
    candidate_rows::Made,
    items::Item,
    objective::Objective,
};

/// Complements are in so many orders at least, by the orders of two or more items of a shop (section 5.2), and at least so sure.
const COMPLEMENT_ORDERS: [(usize, u32); 3] = [(50, 3), (500, 5), (usize::MAX, 10)];

/// A rule that is forced in is at least so sure.
const FORCED_CONFIDENCE: f64 = 0.3;

/// Rules that become candidates where nothing else does.
const OF_RULES_ALONE: usize = 50;

/// The least order lines with which the ladder is climbed.
const LADDER_LINES: u64 = 10;

/// What sources gave of a shop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Sets that sources proposed.
    pub proposed: usize,
    /// Of these, those with an item that may be in no bundle.
    pub unusable: usize,
    /// And those that are too rare or too unsure.
    pub below_thresholds: usize,
    /// Sets of several items that were left.
    pub sets: usize,
    /// Sets of the ladder.
    pub ladder: usize,
    /// Sets of items without sales.
    pub covered: usize,
    /// Rules that were forced in.
    pub forced: usize,
    /// Candidates.
    pub candidates: usize,
    /// Whether a flag says that none are to be made.
    pub is_off: bool,
    /// Whether the time was up before the shop's turn.
    pub is_late: bool,
}

/// What of a shop's inputs its candidates are made of.
pub struct Given<'a> {
    /// Rules, by falling lift.
    pub rules: &'a [Rule],
    /// Items with one that goes with them.
    pub complements: &'a [[Item; 2]],
    /// What is alike by description.
    pub alike: Alike,
    /// What the catalog says.
    pub texts: CatalogTexts<'a>,
    /// What bundles are for.
    pub objectives: &'a [Objective],
    /// Order lines of the shop.
    pub lines: u64,
}

/// A shop's candidates being made.
pub struct Flow<'a> {
    params: &'a GenerateCandidates,
    settings: Settings,
    shop: &'a Shop<'a>,
    keys: BTreeSet<(Objective, BundleType, Vec<Item>)>,
    made: Vec<Made>,
    /// What was counted so far.
    pub counts: Counts,
}

impl<'a> Flow<'a> {
    /// Nothing yet.
    pub fn new(params: &'a GenerateCandidates, settings: Settings, shop: &'a Shop<'a>) -> Self {
        Self { params, settings, shop, keys: BTreeSet::new(), made: Vec::new(), counts: Counts::default() }
    }

    /// The candidates, by objective, type, falling hybrid score and items.
    pub fn run(mut self, given: Given<'_>) -> (Vec<Made>, Counts) {
        if self.settings.of_rules_alone {
            self.take_rules(given.rules)
        } else {
            self.take_all(given)
        }
        self.counts.candidates = self.made.len();
        let mut made = self.made;
        made.sort_by_cached_key(|made| {
            (made.candidate.objective, made.candidate.bundle_type, Falling(made.hybrid), made.candidate.sorted_items())
        });
        (made, self.counts)
    }

    /// The first rules that hold to the thresholds and a lift, for larger orders (section 5.10).
    fn take_rules(&mut self, rules: &[Rule]) {
        let thresholds = Thresholds { lift: self.settings.of_complements.lift, ..self.settings.thresholds };
        let holds = |proposal: &Proposal| thresholds.hold(proposal) && self.shop.may_use(&proposal.items);
        let taken: Vec<Proposal> = of_rules(rules, Source::Rules).filter(holds).take(OF_RULES_ALONE).collect();
        self.counts.proposed = rules.len();
        self.counts.sets = taken.len();
        for proposal in &taken {
            self.push(of_proposal(self.shop, proposal, BundleType::Fbt, Objective::IncreaseAov));
        }
    }

    /// What all sources propose, and the fallbacks.
    fn take_all(&mut self, mut given: Given<'_>) {
        let sets_to_pick = std::mem::take(&mut given.alike.sets);
        let pool = self.pool(&mut given);
        self.counts.sets = pool.len();
        let rungs = if pool.len() < self.params.ladder_below && given.lines >= LADDER_LINES {
            climb(self.shop, given.rules, &given.texts, &pool)
        } else {
            Vec::new()
        };
        self.counts.ladder = rungs.len();
        self.take_sets(pool.into_proposals(), given.objectives);
        self.take_rungs(rungs);
        for proposal in sets_to_pick.iter().filter(|proposal| self.shop.may_use(&proposal.items)) {
            self.push(of_proposal(self.shop, proposal, BundleType::MixMatch, Objective::IncreaseAov));
        }
        self.take_single(given.objectives);
        self.take_coverage(&given);
        self.force(given.rules);
        if self.made.is_empty() {
            of_catalog(self.shop).into_iter().for_each(|made| self.push(made));
        }
    }

    /// The sets of several items that sources propose, in the order of section 5.6.
    fn pool(&mut self, given: &mut Given<'_>) -> Pool {
        let (params, shop) = (self.params, self.shop);
        let Settings { thresholds, of_complements: of_complement, .. } = self.settings;
        let mut pool = Pool::default();
        let mut take = |proposals: &mut dyn Iterator<Item = Proposal>, thresholds: Option<&Thresholds>| {
            for proposal in proposals {
                self.counts.proposed += 1;
                if !shop.may_use(&proposal.items) {
                    self.counts.unusable += 1;
                } else if thresholds.is_some_and(|thresholds| !thresholds.hold(&proposal)) {
                    self.counts.below_thresholds += 1;
                } else {
                    pool.add(proposal);
                }
            }
        };
        take(&mut of_rules(given.rules, Source::Rules), Some(&thresholds));
        take(&mut of_itemsets(shop, params.itemsets, params.max_itemset).into_iter(), Some(&thresholds));
        take(&mut given.alike.pairs.drain(..), None);
        take(&mut of_top_pairs(shop, params.top_pairs).into_iter(), Some(&thresholds));
        let orders = shop.baskets.multi_orders;
        let least = COMPLEMENT_ORDERS.iter().find(|(below, _)| orders < *below).map_or(10, |(_, least)| *least);
        let often = of_complements(shop, given.complements).filter(|(orders, _)| *orders >= least);
        take(&mut often.map(|(_, proposal)| proposal), Some(&of_complement));
        pool
    }

    /// Gives each objective the sets that serve it, the best first.
    fn take_sets(&mut self, proposals: Vec<Proposal>, objectives: &[Objective]) {
        let shop = self.shop;
        let mut sets: Vec<(Falling, Vec<Item>, Proposal)> = (proposals.into_iter())
            .map(|proposal| {
                let mut items = proposal.items.clone();
                items.sort_unstable();
                let hybrid = hybrid(shop, &items, proposal.similarity, proposal.lift.max(1.0));
                (Falling(hybrid), items, proposal)
            })
            .collect();
        sets.sort_unstable_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
        for objective in objectives.iter().filter(|objective| objective.bundle_types().contains(&BundleType::Fbt)) {
            let serves = |items: &[Item]| items.iter().any(|item| is_anchor(shop, *objective, *item));
            for (.., proposal) in sets.iter().filter(|(_, items, _)| serves(items)).take(self.params.per_type) {
                self.push(of_proposal(shop, proposal, BundleType::Fbt, *objective));
            }
        }
    }

    fn take_rungs(&mut self, rungs: Vec<Rung>) {
        for rung in rungs {
            let mut made = of_proposal(self.shop, &rung.proposal, rung.bundle_type, Objective::IncreaseAov);
            made.score = rung.score;
            self.push(made);
        }
    }

    /// Quantities and rewards.
    fn take_single(&mut self, objectives: &[Objective]) {
        let wants = |kind: BundleType| objectives.iter().any(|objective| objective.bundle_types().contains(&kind));
        let pairs = if wants(BundleType::Bogo) { reward_pairs(self.shop) } else { Vec::new() };
        for objective in objectives {
            for bundle_type in objective.bundle_types() {
                let made = match bundle_type {
                    BundleType::Volume => volumes(self.shop, *objective, self.params.volumes),
                    BundleType::Bogo => rewards(self.shop, *objective, &pairs, self.params.rewards),
                    _ => continue,
                };
                made.into_iter().for_each(|made| self.push(made));
            }
        }
    }

    fn take_coverage(&mut self, given: &Given<'_>) {
        if !self.settings.covers {
            return;
        }
        let before = self.made.len();
        for covered in cover(self.shop, &given.texts, given.objectives) {
            self.push(of_proposal(self.shop, &covered.proposal, covered.bundle_type, covered.objective));
        }
        self.counts.covered = self.made.len() - before;
    }

    /// Rules of two items, whatever their figures, until there are enough candidates (section 5.10).
    fn force(&mut self, rules: &[Rule]) {
        let before = self.made.len();
        for rule in rules.iter().filter(|rule| rule.items.len() == 2 && self.shop.may_use(&rule.items)) {
            if self.made.len() >= self.settings.forced_below {
                break;
            }
            let mut proposal = match of_rules(std::slice::from_ref(rule), Source::ForcedPairs).next() {
                Some(proposal) => proposal,
                None => continue,
            };
            proposal.confidence = proposal.confidence.max(FORCED_CONFIDENCE);
            let mut made = of_proposal(self.shop, &proposal, BundleType::Fbt, Objective::IncreaseAov);
            made.candidate.predicted_lift = 1.0 + 0.5 * made.candidate.confidence;
            self.push(made);
        }
        self.counts.forced = self.made.len() - before;
    }

    /// Takes a candidate, unless it is there already or there are enough of it.
    fn push(&mut self, made: Made) {
        let Made { candidate, .. } = &made;
        let kind = (candidate.objective, candidate.bundle_type);
        let same_kind =
            self.made.iter().filter(|known| (known.candidate.objective, known.candidate.bundle_type) == kind);
        let is_full = self.made.len() >= self.params.per_shop || same_kind.count() >= self.params.per_type;
        let (least, most) = candidate.bundle_type.item_counts();
        let most = most.min(self.settings.most_items);
        let fits = (least..=most).contains(&candidate.items.len()) && candidate.sources != Sources::default();
        if !is_full && fits && self.keys.insert((kind.0, kind.1, candidate.sorted_items())) {
            self.made.push(made);
        }
    }
}

/// A float by which what is greater comes first.
#[derive(Clone, Copy, PartialEq)]
struct Falling(f64);

impl Eq for Falling {}

impl PartialOrd for Falling {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Falling {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        falling(self.0, other.0)
    }
}
