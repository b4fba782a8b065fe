//! The matching of two catalogs, from records to links.

use std::collections::HashMap;

use rayon::prelude::*;

use crate::{
    candidates::{self, Budget, Candidates},
    catalog,
    explain::{self, Usual},
    model::{
        belief::{self, Partners},
        evidence::{self, Evidence},
        features::Features,
        scoring::{self, Sample, Scorer},
    },
    options::{Acceptance, Link, MatchError, Matching, Options, Rival, Unsure},
    record::{self, Record},
    select,
    words::grams::hash,
};

/// Best right rows of a left row, and best left rows of a right row, that are looked at.
const BEST: [usize; 2] = [10, 3];
/// Index entries that are read for a row, rarest term first.
const POSTINGS: usize = 2000;
/// Bytes that a pair takes while it is weighed.
const BYTES_A_PAIR: u64 = 200;
/// Pairs that are shown as the least sure.
const MOST_UNSURE: usize = 200;

/// Links the records of two catalogs that are one product.
///
/// # Errors
/// A catalog that is too large, a label for a row that is not there, a threshold that is no probability.
pub fn match_catalogs(left: &[Record], right: &[Record], options: &Options) -> Result<Matching, MatchError> {
    check(left.len(), right.len(), options)?;
    // Which catalog is called left changes nothing: the smaller one is first, and of two equal ones the one whose content is.
    let swap = options.partners == Partners::OneToOne && (right.len(), digest(right)) < (left.len(), digest(left));
    if !swap {
        return Ok(run([left, right], options, false));
    }
    let mut labels = options.labels.clone();
    labels.iter_mut().for_each(|label| std::mem::swap(&mut label.left, &mut label.right));
    let mut matching = run([right, left], &Options { labels, ..options.clone() }, false);
    for link in &mut matching.links {
        std::mem::swap(&mut link.left, &mut link.right);
        link.rival.iter_mut().for_each(|rival| std::mem::swap(&mut rival.left, &mut rival.right));
    }
    matching.links.sort_by_key(|link| (link.left, link.right));
    matching.unsure.iter_mut().for_each(|pair| std::mem::swap(&mut pair.left, &mut pair.right));
    Ok(matching)
}

/// Links the records of one catalog that are one product; a pair is of an earlier and a later record.
///
/// # Errors
/// As [`match_catalogs`].
pub fn find_duplicates(records: &[Record], options: &Options) -> Result<Matching, MatchError> {
    check(records.len(), records.len(), options)?;
    let options = Options { partners: Partners::Many, ..options.clone() };
    let mut matching = run([records, records], &options, true);
    for link in &mut matching.links {
        (link.left, link.right) = (link.left.min(link.right), link.left.max(link.right));
    }
    matching.links.sort_by_key(|link| (link.left, link.right));
    Ok(matching)
}

fn check(left: usize, right: usize, options: &Options) -> Result<(), MatchError> {
    for (side, rows) in [("left", left), ("right", right)] {
        if u32::try_from(rows).is_err() {
            return Err(MatchError::TooManyRows { side, rows });
        }
    }
    for label in &options.labels {
        for (side, row, rows) in [("left", label.left, left), ("right", label.right, right)] {
            if row >= rows {
                return Err(MatchError::UnknownRow { side, row, rows });
            }
        }
    }
    let (name, value) = match options.acceptance {
        Acceptance::Threshold(value) => ("threshold", value),
        Acceptance::Precision(value) => ("precision", value),
    };
    if (0.0..=1.0).contains(&value) { Ok(()) } else { Err(MatchError::NoProbability { name, value }) }
}

/// A number for a catalog's content that does not depend on the order of its rows.
fn digest(records: &[Record]) -> u64 {
    records.par_iter().map(|record| hash(record.title.as_bytes())).reduce(|| 0, u64::wrapping_add)
}

fn budget(rows: [usize; 2], memory: u64) -> Budget {
    let affordable = memory / BYTES_A_PAIR;
    let wanted = (rows[0] * BEST[0] + rows[1] * BEST[1]).max(1) as u64;
    let share = (affordable as f64 / wanted as f64).min(1.0);
    Budget { best: BEST.map(|best| ((best as f64 * share) as usize).max(1)), postings: POSTINGS }
}

/// Labels as pairs of candidates; a label whose pair is no candidate has no evidence to be learned from.
fn labelled(candidates: &Candidates, orders: [&[u32]; 2], options: &Options, within: bool) -> HashMap<u32, bool> {
    let places = orders.map(|order| {
        let mut places = vec![0u32; order.len()];
        (0..).zip(order).for_each(|(at, row)| places[*row as usize] = at);
        places
    });
    let known = options.labels.iter().filter_map(|label| {
        let (mut left, mut right) = (places[0][label.left], places[1][label.right]);
        if within {
            (left, right) = (left.min(right), left.max(right));
        }
        let pairs = candidates.pairs_of_left(left as usize);
        let at = candidates.right.row(left as usize).binary_search(&right).ok()?;
        Some(((pairs.start + at) as u32, label.same))
    });
    known.collect()
}

fn run(records: [&[Record]; 2], options: &Options, within: bool) -> Matching {
    let orders = records.map(record::by_content);
    let orders = [&orders[0][..], &orders[1][..]];
    let catalogs = catalog::read(records, orders);
    let budget = budget([records[0].len(), records[1].len()], options.memory);
    let (candidates, cost) = candidates::find(&catalogs, budget, within);
    let evidence = evidence::weigh(&catalogs, &candidates);
    let labels = labelled(&candidates, orders, options, within);
    let titles = [0, 1].map(|side: usize| -> Vec<u64> {
        orders[side].iter().map(|row| hash(records[side][*row as usize].title.as_bytes())).collect()
    });
    let sample = Sample::new(&titles);
    let features = Features::new(&catalogs, &candidates, &evidence);
    let base = scoring::first(&features, &sample, &labels);
    let mut scorer = Scorer::unranked(&features, &sample, base, &labels);
    let mut p = probabilities(&candidates, &scorer, options.partners, &labels);
    for _ in 0..scoring::ROUNDS {
        scorer = scorer.ranked(p, &labels);
        p = probabilities(&candidates, &scorer, options.partners, &labels);
    }
    let refused = |pair: usize| labels.get(&(pair as u32)) == Some(&false);
    let order = select::greedy(&candidates, &p, options.partners, &refused);
    let count = select::accepted(&order, &p, options.acceptance);
    let place = Places { candidates: &candidates, orders };
    let explained = Explained { evidence: &evidence, scorer: &scorer, p: &p, place: &place };
    let mut links: Vec<Link> =
        order[..count].par_iter().map_init(|| explained.usual(), |usual, pair| explained.link(*pair, usual)).collect();
    links.sort_by_key(|link| (link.left, link.right));
    Matching {
        links,
        expected: select::expected(&order, &p, count),
        table: select::table(&order, &p),
        unsure: unsure(&order, &p, &place, &labels),
        pairs: candidates.len(),
        postings: [cost.read, cost.all],
    }
}

fn probabilities(
    candidates: &Candidates,
    scorer: &Scorer,
    partners: Partners,
    labels: &HashMap<u32, bool>,
) -> Vec<f64> {
    let mut log_odds = scorer.log_odds();
    for (pair, same) in labels {
        log_odds[*pair as usize] = if *same { 20.0 } else { -20.0 };
    }
    belief::marginals(candidates, &log_odds, partners)
}

/// Places of pairs' records in the catalogs as they came.
struct Places<'a> {
    candidates: &'a Candidates,
    orders: [&'a [u32]; 2],
}

impl Places<'_> {
    fn of(&self, pair: usize) -> (usize, usize) {
        let (left, right) = (self.candidates.left_of[pair] as usize, self.candidates.right_of(pair) as usize);
        (self.orders[0][left] as usize, self.orders[1][right] as usize)
    }
}

struct Explained<'a> {
    evidence: &'a Evidence,
    scorer: &'a Scorer<'a>,
    p: &'a [f64],
    place: &'a Places<'a>,
}

impl Explained<'_> {
    fn usual(&self) -> Usual {
        Usual { row: self.scorer.usual().to_vec() }
    }

    fn link(&self, pair: usize, usual: &Usual) -> Link {
        let mut row = Vec::new();
        self.scorer.row(pair, None, &mut row);
        let levels = &self.evidence.levels[pair];
        let parts = self.scorer.parts(pair);
        let reasons = explain::waterfall(&row, levels, parts, usual, self.scorer.curve(), self.p[pair]);
        let (left, right) = self.place.of(pair);
        Link { left, right, probability: self.p[pair], rival: self.rival(pair), reasons }
    }

    fn rival(&self, pair: usize) -> Option<Rival> {
        let candidates = self.place.candidates;
        let left = candidates.pairs_of_left(candidates.left_of[pair] as usize);
        let right = candidates.by_right.row(candidates.right_of(pair) as usize).iter().map(|pair| *pair as usize);
        let others = left.chain(right).filter(|other| *other != pair);
        let best = others.max_by(|a, b| self.p[*a].total_cmp(&self.p[*b]).then(b.cmp(a)))?;
        let (left, right) = self.place.of(best);
        Some(Rival { left, right, probability: self.p[best] })
    }
}

fn unsure(order: &[usize], p: &[f64], place: &Places, labels: &HashMap<u32, bool>) -> Vec<Unsure> {
    let mut open: Vec<usize> = order.iter().copied().filter(|pair| !labels.contains_key(&(*pair as u32))).collect();
    let doubt = |pair: usize| (p[pair] - 0.5).abs();
    open.sort_by(|a, b| doubt(*a).total_cmp(&doubt(*b)).then(a.cmp(b)));
    open.truncate(MOST_UNSURE);
    let shown = open.into_iter().map(|pair| {
        let (left, right) = place.of(pair);
        Unsure { left, right, probability: p[pair] }
    });
    shown.collect()
}
