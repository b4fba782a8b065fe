//! What a caller chooses, and what it gets.

use crate::model::belief::Partners;

/// Which pairs become links.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Acceptance {
    /// Pairs of at least this probability.
    Threshold(f64),
    /// As many pairs as keep the expected precision of all links at this value or above.
    Precision(f64),
}

/// A pair that somebody looked at: places of its records, and whether they are the same product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    pub left: usize,
    pub right: usize,
    pub same: bool,
}

/// What a caller chooses.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    pub partners: Partners,
    pub acceptance: Acceptance,
    /// Bytes that pairs and their evidence may take; fewer candidates are kept of each row where they would take more.
    pub memory: u64,
    pub labels: Vec<Label>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            partners: Partners::OneToOne,
            acceptance: Acceptance::Threshold(0.5),
            memory: 2 << 30,
            labels: Vec::new(),
        }
    }
}

/// What cannot be matched.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum MatchError {
    #[error("{side} catalog has {rows} rows; at most {} are matched in one go: split it", u32::MAX)]
    TooManyRows { side: &'static str, rows: usize },
    #[error("a label names row {row} of the {side} catalog, which has {rows} rows")]
    UnknownRow { side: &'static str, row: usize, rows: usize },
    #[error("{name} is {value}; it must lie between 0 and 1")]
    NoProbability { name: &'static str, value: f64 },
}

/// One step of a waterfall: what a piece of evidence says, and the log-odds it adds.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    pub evidence: &'static str,
    pub says: &'static str,
    pub log_odds: f64,
}

/// A pair that a link was preferred to: the best other pair of its left or right record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rival {
    pub left: usize,
    pub right: usize,
    pub probability: f64,
}

/// Two records that are one product. Records are named by their places.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    pub left: usize,
    pub right: usize,
    pub probability: f64,
    pub rival: Option<Rival>,
    /// Sums to the log-odds of the probability.
    pub reasons: Vec<Reason>,
}

/// Precision, recall and F1 that are to be expected if pairs from a threshold on are taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quality {
    pub threshold: f64,
    pub links: usize,
    /// Sum of the links' probabilities: how many are expected to be right.
    pub right: f64,
    /// Expected number of pairs that are one product, linked or not. What no candidate found is not among them.
    pub matches: f64,
}

impl Quality {
    pub fn precision(&self) -> Option<f64> {
        (self.links > 0).then(|| self.right / self.links as f64)
    }

    pub fn recall(&self) -> Option<f64> {
        (self.matches > 0.0).then(|| self.right / self.matches)
    }

    pub fn f1(&self) -> Option<f64> {
        let sum = self.links as f64 + self.matches;
        (sum > 0.0).then(|| 2.0 * self.right / sum)
    }
}

/// A pair that is not sure, for somebody to look at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unsure {
    pub left: usize,
    pub right: usize,
    pub probability: f64,
}

/// What came out.
#[derive(Clone, Debug, PartialEq)]
pub struct Matching {
    /// Links, sorted by left and then right place.
    pub links: Vec<Link>,
    pub expected: Quality,
    /// The same for thresholds from 0.05 to 0.99.
    pub table: Vec<Quality>,
    /// The least sure pairs without a label, the least sure first.
    pub unsure: Vec<Unsure>,
    /// Pairs that were looked at.
    pub pairs: usize,
    /// Index entries read, and those there would have been to read without a budget.
    pub postings: [u64; 2],
}
