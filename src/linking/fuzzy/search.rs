//! The search: a window's candidates by falling upper bound, until none left can be the best.

use std::{
    collections::HashMap,
    ops::Range,
    sync::{OnceLock, atomic::Ordering},
};

use rayon::prelude::*;

use super::{
    Best, Candidates, Control, Counters, Found, FuzzyError, Limits, Outcome, PriceRule, Queries, Settings, TieRule,
    TitleId, TitleTable,
    bounds::{Allowance, LAST_LENGTH, upper_bound},
    crowd::{Counts, Crowd, Leaf, widest},
    index::{Index, price_key},
    signature::Signature,
};
use crate::linking::similarity::{Frequent, Measure, Pattern, Scratch, ratio};

/// Queries that one thread takes at a time.
const CHUNK: usize = 64;

/// Finds the best candidate of each query. The outcome does not depend on the number of threads
/// (those of the rayon pool that it is called in).
///
/// # Errors
/// When the search is cancelled, or the columns do not fit together.
pub fn best_matches(
    titles: &TitleTable,
    candidates: &Candidates<'_>,
    queries: &Queries<'_>,
    settings: &Settings,
    control: Control<'_>,
) -> Result<Outcome, FuzzyError> {
    best_matches_within(titles, candidates, queries, settings, Limits::default(), control)
}

/// As [`best_matches`], with other limits.
///
/// # Errors
/// As there.
pub fn best_matches_within(
    titles: &TitleTable,
    candidates: &Candidates<'_>,
    queries: &Queries<'_>,
    settings: &Settings,
    limits: Limits,
    control: Control<'_>,
) -> Result<Outcome, FuzzyError> {
    check(candidates, queries, settings)?;
    let index = Index::new(titles, candidates, queries, settings.price_rule);
    let crowds = index.blocks().map(|block| (block.start, OnceLock::new())).collect();
    let passes = passes(titles, queries, settings);
    let plan = Plan { titles, candidates, queries, settings, limits, index, crowds, passes };
    let mut order: Vec<u32> = (0..queries.block.len() as u32).collect();
    order.par_sort_unstable_by_key(|&query| (plan.key(query), query));
    let chunks: Result<Vec<_>, FuzzyError> = order
        .par_chunks(CHUNK)
        .map_init(Searcher::default, |searcher, chunk| searcher.search_all(&plan, chunk, control))
        .collect();
    let mut outcome = Outcome { found: vec![Found::default(); order.len()], counters: Counters::default() };
    let mut queries_in_order = order.iter();
    for (found, counters) in chunks? {
        outcome.counters += counters;
        for (found, &query) in found.into_iter().zip(&mut queries_in_order) {
            outcome.found[query as usize] = found;
        }
    }
    Ok(outcome)
}

fn check(candidates: &Candidates<'_>, queries: &Queries<'_>, settings: &Settings) -> Result<(), FuzzyError> {
    let rows = candidates.block.len();
    if [candidates.title.len(), candidates.price.len(), candidates.product.len()] != [rows; 3] {
        return Err(FuzzyError::Ragged { side: "candidates" });
    }
    if [queries.title.len(), queries.price.len()] != [queries.block.len(); 2] {
        return Err(FuzzyError::Ragged { side: "queries" });
    }
    let reaches = if settings.price_rule == PriceRule::AtMostEach { queries.block.len() } else { 0 };
    if queries.reach.len() != reaches {
        return Err(FuzzyError::Ragged { side: "queries" });
    }
    if u32::try_from(rows).is_err() || u32::try_from(queries.block.len()).is_err() {
        return Err(FuzzyError::TooMany);
    }
    Ok(())
}

/// One look at the windows: what must be reached, and the allowances that follow, by the query's length.
struct Pass {
    similarity: f64,
    /// Whether it is for near misses, of which not all need be looked at.
    is_for_misses: bool,
    allowances: HashMap<usize, Allowance>,
}

/// First for matches; then, where near misses are wanted, for those.
fn passes(titles: &TitleTable, queries: &Queries<'_>, settings: &Settings) -> Vec<Pass> {
    let mut lengths: Vec<usize> = queries.title.iter().map(|&title| titles.points(title).len()).collect();
    lengths.sort_unstable();
    lengths.dedup();
    let lower = settings.report_from.filter(|&floor| floor < settings.cutoff);
    [Some(settings.cutoff), lower]
        .into_iter()
        .flatten()
        .map(|similarity| Pass {
            similarity,
            is_for_misses: similarity < settings.cutoff,
            allowances: lengths.iter().map(|&l| (l, Allowance::new(settings.measure, l, similarity))).collect(),
        })
        .collect()
}

struct Plan<'a> {
    titles: &'a TitleTable,
    candidates: &'a Candidates<'a>,
    queries: &'a Queries<'a>,
    settings: &'a Settings,
    limits: Limits,
    index: Index,
    /// By where a block begins: its tree, made when the first crowded window needs it.
    crowds: HashMap<usize, OnceLock<Option<Crowd>>>,
    passes: Vec<Pass>,
}

impl Plan<'_> {
    /// Queries with equal keys have equal answers.
    fn key(&self, query: u32) -> (u32, i64, TitleId, u64) {
        let at = query as usize;
        let price = if self.settings.price_rule == PriceRule::Any { 0 } else { price_key(self.queries.price[at]) };
        let reach = self.queries.reach.get(at).map_or(0, |reach| reach.to_bits());
        (self.queries.block[at], price, self.queries.title[at], reach)
    }

    /// The entries in reach of a query.
    fn window(&self, at: usize) -> Range<usize> {
        let rule = match self.settings.price_rule {
            PriceRule::AtMostEach => PriceRule::AtMost(self.queries.reach[at]),
            rule => rule,
        };
        self.index.window(self.index.block(self.queries.block[at]), self.queries.price[at], rule)
    }

    /// The tree of a query's block, if its window is crowded and the measure is one that the tree holds for.
    fn crowd(&self, at: usize, window: &Range<usize>) -> Option<&Crowd> {
        let is_indel = matches!(self.settings.measure, Measure::RatcliffObershelp | Measure::Difflib | Measure::Indel);
        if !is_indel || window.len() < self.limits.crowd {
            return None;
        }
        let block = self.index.block(self.queries.block[at]);
        let tree = || {
            let widest = widest(self.settings.price_rule, self.queries);
            let tree = Crowd::new(self.titles, &self.index, block.clone(), widest);
            Some(tree)
                .filter(|tree| tree.is_quicker(self.titles, &self.index, &block, self.settings, self.limits.tried))
        };
        self.crowds.get(&block.start)?.get_or_init(tree).as_ref()
    }
}

/// A query on its way through its window.
struct Query {
    price: f64,
    length: usize,
    signature: Signature,
    window: Range<usize>,
}

/// The best entry so far: what the tie rule compares.
#[derive(Clone, Copy)]
struct Leader {
    entry: usize,
    similarity: f64,
}

/// A tree, and what it is asked for.
struct InCrowd<'a> {
    tree: &'a Crowd,
    counts: Counts,
}

/// How much of a crowded window a query has looked at.
#[derive(Default)]
struct Looked {
    seen: u64,
    compared: u64,
}

impl Looked {
    fn is_enough(&self, limits: Limits) -> bool {
        self.seen >= limits.near_misses_seen || self.compared >= limits.near_misses_compared
    }
}

/// Buffers of one thread.
#[derive(Default)]
struct Searcher {
    pattern: Pattern,
    scratch: Scratch,
    /// The entries that may still win: the room their bound leaves below 1, as 32-bit fixed point, and the entry.
    open: Vec<u64>,
    leaves: Vec<Leaf>,
    query_text: String,
    candidate_text: String,
    counters: Counters,
}

impl Searcher {
    fn search_all(
        &mut self,
        plan: &Plan<'_>,
        chunk: &[u32],
        control: Control<'_>,
    ) -> Result<(Vec<Found>, Counters), FuzzyError> {
        self.counters = Counters::default();
        let mut found: Vec<Found> = Vec::with_capacity(chunk.len());
        let mut previous = None;
        for &query in chunk {
            if control.cancelled.load(Ordering::Relaxed) {
                return Err(FuzzyError::Interrupted);
            }
            let key = Some(plan.key(query));
            let repeated = found.last().copied().filter(|_| key == previous);
            found.push(repeated.unwrap_or_else(|| self.search(plan, query as usize)));
            previous = key;
        }
        (control.progress)(chunk.len() as u64);
        Ok((found, self.counters))
    }

    fn search(&mut self, plan: &Plan<'_>, at: usize) -> Found {
        let (title, price) = (plan.queries.title[at], plan.queries.price[at]);
        let window = plan.window(at);
        let in_window = plan.index.rows_in(&window);
        if window.is_empty() {
            return Found { in_window, best: None };
        }
        let points = plan.titles.points(title);
        let crowd = plan.crowd(at, &window).map(|tree| InCrowd { tree, counts: Counts::of(points) });
        let query = Query { price, length: points.len(), signature: Signature::of(points), window };
        self.pattern.prepare(points);
        plan.titles.write_text(title, &mut self.query_text);
        let mut leader = None;
        for pass in &plan.passes {
            match &crowd {
                None => self.look(plan, &query, pass, &mut leader),
                Some(crowd) => self.look_in_crowd(plan, &query, crowd, pass, &mut leader),
            }
            if leader.is_some_and(|leader: Leader| leader.similarity > plan.settings.cutoff) {
                break;
            }
        }
        let floor = plan.settings.report_from.unwrap_or(f64::INFINITY);
        let best = leader
            .map(|Leader { entry, similarity }| Best {
                row: plan.index.row[entry],
                similarity,
                accepted: similarity > plan.settings.cutoff,
            })
            .filter(|best| best.accepted || best.similarity >= floor);
        Found { in_window, best }
    }

    /// Goes through the window by falling bound; leaves the best entry that reaches the pass's similarity in `leader`.
    fn look(&mut self, plan: &Plan<'_>, query: &Query, pass: &Pass, leader: &mut Option<Leader>) {
        let Some(allowance) = pass.allowances.get(&query.length) else { return };
        let looked_at = self.gather(plan, query, allowance);
        self.open.sort_unstable();
        let mut compared = 0;
        let open = std::mem::take(&mut self.open);
        for &item in &open {
            let needed = needed(pass, *leader);
            if bound_of(item) < needed {
                break;
            }
            compared += 1;
            self.compare(plan, query, item as u32 as usize, needed, leader);
        }
        self.open = open;
        let pairs = query.window.len() as u64;
        self.counters.pairs += pairs;
        self.counters.by_length += pairs - looked_at;
        self.counters.by_signature += looked_at - compared;
    }

    /// As [`Searcher::look`], by the leaves of the block's tree: those with the nearest counts first.
    fn look_in_crowd(
        &mut self,
        plan: &Plan<'_>,
        query: &Query,
        crowd: &InCrowd<'_>,
        pass: &Pass,
        leader: &mut Option<Leader>,
    ) {
        let Some(allowance) = pass.allowances.get(&query.length) else { return };
        let (tree, counts) = (crowd.tree, &crowd.counts);
        let mut looked = Looked::default();
        // The nearest leaf most often has the best match, and then few others are left.
        let first = tree.nearest(counts, &query.window);
        if let Some(leaf) = first {
            self.look_at_leaf(plan, query, crowd, (leaf, pass, allowance), &mut looked, leader);
        }
        let mut leaves = std::mem::take(&mut self.leaves);
        let needed = needed(pass, *leader);
        tree.leaves(
            counts,
            &query.window,
            |length, distance| bound(plan, query, length, distance) >= needed,
            &mut leaves,
        );
        let mut is_whole = true;
        for &leaf in leaves.iter().filter(|leaf| Some(**leaf) != first) {
            if pass.is_for_misses && looked.is_enough(plan.limits) {
                is_whole = false;
                break;
            }
            self.look_at_leaf(plan, query, crowd, (leaf, pass, allowance), &mut looked, leader);
        }
        self.leaves = leaves;
        let pairs = query.window.len() as u64;
        let seen = if is_whole { pairs } else { looked.seen };
        self.counters.pairs += pairs;
        self.counters.by_signature += seen - looked.compared;
        self.counters.passed_over += pairs - seen;
    }

    fn look_at_leaf(
        &mut self,
        plan: &Plan<'_>,
        query: &Query,
        crowd: &InCrowd<'_>,
        (leaf, pass, allowance): (Leaf, &Pass, &Allowance),
        looked: &mut Looked,
        leader: &mut Option<Leader>,
    ) {
        let floor = needed(pass, *leader);
        if crowd.tree.lengths(leaf).into_iter().all(|length| bound(plan, query, length, leaf.distance) < floor) {
            return;
        }
        let mut open = std::mem::take(&mut self.open);
        looked.seen += crowd.tree.near(leaf, &crowd.counts, &query.window, &allowance.distance, &mut open);
        for item in &mut open {
            let entry = *item as u32;
            let length = usize::from(plan.index.length[entry as usize]);
            *item = u64::from(room(bound(plan, query, length, (*item >> 32) as u16))) << 32 | u64::from(entry);
        }
        open.sort_unstable();
        for &item in &open {
            let needed = needed(pass, *leader);
            if bound_of(item) < needed {
                break;
            }
            looked.compared += 1;
            self.compare(plan, query, item as u32 as usize, needed, leader);
        }
        self.open = open;
    }

    /// Collects the entries that lengths and signatures leave open; gives the number of signatures looked at.
    fn gather(&mut self, plan: &Plan<'_>, query: &Query, allowance: &Allowance) -> u64 {
        let Self { open, .. } = self;
        let index = &plan.index;
        let (mut looked_at, mut kept) = (0, 0);
        open.clear();
        index.for_each_part(query.window.clone(), allowance.shortest, allowance.longest, |part| {
            looked_at += part.len();
            open.resize(kept + part.len() + 1, 0);
            kept += keep_open(index, part, &query.signature, allowance, &mut open[kept..]);
        });
        open.truncate(kept);
        for item in open.iter_mut() {
            let entry = *item as u32;
            let length = plan.titles.points(index.title[entry as usize]).len();
            let bound = upper_bound(plan.settings.measure, query.length, length, (*item >> 32) as u16);
            *item = u64::from(room(bound)) << 32 | u64::from(entry);
        }
        looked_at as u64
    }

    fn compare(&mut self, plan: &Plan<'_>, query: &Query, entry: usize, needed: f64, leader: &mut Option<Leader>) {
        let title = plan.index.title[entry];
        let points = plan.titles.points(title);
        let total = query.length + points.len();
        let bound = match plan.settings.measure {
            Measure::RatcliffObershelp | Measure::Difflib | Measure::Indel => {
                ratio(self.pattern.longest_common_subsequence(points), total)
            }
            Measure::DamerauLevenshtein | Measure::JaroWinkler | Measure::SorensenDice => 1.0,
        };
        if bound < needed || !wins(plan, query, entry, bound, *leader) {
            self.counters.by_subsequence += 1;
            return;
        }
        let mut blocks = |frequent| ratio(self.pattern.matching_blocks(points, frequent, &mut self.scratch), total);
        let similarity = match plan.settings.measure {
            Measure::Indel => bound,
            Measure::RatcliffObershelp => blocks(Frequent::Kept),
            Measure::Difflib => blocks(Frequent::Dropped),
            measure => {
                plan.titles.write_text(title, &mut self.candidate_text);
                crate::linking::similarity::similarity(measure, &self.query_text, &self.candidate_text)
            }
        };
        self.counters.exact += 1;
        if wins(plan, query, entry, similarity, *leader) {
            *leader = Some(Leader { entry, similarity });
        }
    }
}

/// The similarity that an entry must reach to be of interest.
fn needed(pass: &Pass, leader: Option<Leader>) -> f64 {
    leader.map_or(pass.similarity, |leader| leader.similarity.max(pass.similarity))
}

/// What no title of this length (cut off at [`LAST_LENGTH`]) and at least this distance can exceed.
fn bound(plan: &Plan<'_>, query: &Query, length: usize, distance: u16) -> f64 {
    if length == LAST_LENGTH { 1.0 } else { upper_bound(plan.settings.measure, query.length, length, distance) }
}

/// Writes the entries of a part whose distance is allowed, each with its distance; gives their number.
/// `open` has room for one more than the part has entries.
fn keep_open(
    index: &Index,
    part: Range<usize>,
    signature: &Signature,
    allowance: &Allowance,
    open: &mut [u64],
) -> usize {
    let mut kept = 0;
    let entries = part.start as u64..;
    for ((other, &length), entry) in index.signature[part.clone()].iter().zip(&index.length[part]).zip(entries) {
        let distance = signature.distance(other);
        // Written in any case and kept by counting on: a branch here would be guessed wrong too often.
        open[kept] = u64::from(distance) << 32 | entry;
        kept += usize::from(distance <= allowance.distance[usize::from(length)]);
    }
    kept
}

/// Whether an entry with this similarity would take the lead.
fn wins(plan: &Plan<'_>, query: &Query, entry: usize, similarity: f64, leader: Option<Leader>) -> bool {
    let Some(leader) = leader else { return true };
    if similarity != leader.similarity {
        return similarity > leader.similarity;
    }
    let product = |entry: usize| {
        let row = plan.index.row[entry];
        (plan.candidates.product[row as usize], row)
    };
    let difference = |entry: usize| (query.price - plan.index.price[entry]).abs();
    let by_price = match (plan.settings.tie_rule, plan.settings.price_rule) {
        (TieRule::RowId, _) | (_, PriceRule::Any) => std::cmp::Ordering::Equal,
        (TieRule::NearestPrice, _) => difference(entry).total_cmp(&difference(leader.entry)),
    };
    by_price.then_with(|| product(entry).cmp(&product(leader.entry))).is_lt()
}

/// What a bound leaves below 1, rounded down: the bound is rounded up.
fn room(bound: f64) -> u32 {
    ((1.0 - bound).max(0.0) * f64::from(u32::MAX)) as u32
}

/// The bound that an open item was filed under.
fn bound_of(item: u64) -> f64 {
    1.0 - ((item >> 32) as f64) / f64::from(u32::MAX) + f64::EPSILON
}
