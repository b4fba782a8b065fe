//! The best fuzzy match of each title among the titles of its block and price window.
//!
//! Most pairs are never compared. A candidate is dropped as soon as something cheap shows that it can neither reach
//! what is asked for nor beat the best so far: its length, then its counts of code points, then the longest
//! common subsequence. Each is an upper bound of the similarity, so the result is that of comparing every pair.

mod bounds;
mod crowd;
mod index;
mod search;
mod signature;
mod titles;

use std::sync::atomic::AtomicBool;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::similarity::Measure;
pub use search::best_matches;
pub use titles::{TitleId, TitleTable};

/// The products' side, in columns of one length. The order of the rows does not matter.
#[derive(Clone, Copy, Debug)]
pub struct Candidates<'a> {
    /// Only rows of one block are compared, such as those of one retailer.
    pub block: &'a [u32],
    /// The folded title.
    pub title: &'a [TitleId],
    /// In whatever unit the [`PriceRule`] means. A NaN is in no window.
    pub price: &'a [f64],
    /// Decides ties.
    pub product: &'a [i64],
}

/// The catalog's side, in columns of one length.
#[derive(Clone, Copy, Debug)]
pub struct Queries<'a> {
    /// As in [`Candidates`].
    pub block: &'a [u32],
    /// As in [`Candidates`].
    pub title: &'a [TitleId],
    /// As in [`Candidates`].
    pub price: &'a [f64],
    /// How far the price may lie, for [`PriceRule::AtMostEach`]; else empty.
    pub reach: &'a [f64],
}

/// Which candidates of the block are compared at all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PriceRule {
    /// All; prices are not looked at.
    Any,
    /// Those with `|query - candidate| <= reach`. Give prices and reach as whole cents: they are exact up to 2^53.
    AtMost(f64),
    /// As `AtMost`, with the reach of each query.
    AtMostEach,
    /// Those with `|query - candidate| < reach`, evaluated in doubles as SQLite and Python do.
    Below(f64),
}

/// Which of equally similar candidates is the best.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TieRule {
    /// The one with the smallest difference in price; then the smallest product id.
    /// Without a price rule: the smallest product id.
    #[default]
    NearestPrice,
    /// The one with the smallest product id: the first in row order.
    RowId,
}

/// What is asked of the search.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How similarity is measured.
    pub measure: Measure,
    /// A similarity above this (not equal to it) is a match.
    pub cutoff: f64,
    /// Where there is no match, the best candidate is still reported from this similarity on. `None`: never. In a crowded
    /// window it is the best of those whose counts of code points are nearest; see [`Limits`].
    pub report_from: Option<f64>,
    /// Which candidates are in reach.
    pub price_rule: PriceRule,
    /// How ties end.
    pub tie_rule: TieRule,
}

/// How much is looked at where a window is crowded. Matches do not depend on it; near misses may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A window of so many distinct (price, title) is crowded: a tree leads to what may match.
    pub crowd: usize,
    /// So many of a block's titles are tried to see whether the tree is quicker than a scan; 0: it is used in any case.
    pub tried: usize,
    /// So many entries of a crowded window are looked at for a near miss, the nearest by their counts.
    pub near_misses_seen: u64,
    /// So many of them are compared.
    pub near_misses_compared: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { crowd: 4_096, tried: 32, near_misses_seen: 16_384, near_misses_compared: 256 }
    }
}

/// The best candidate of a query.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Best {
    /// Its row in [`Candidates`].
    pub row: u32,
    /// Its similarity, exact.
    pub similarity: f64,
    /// Whether that is above the cut-off.
    pub accepted: bool,
}

/// What was found for a query.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Found {
    /// The number of candidate rows in the block and price window.
    pub in_window: u32,
    /// The best of them, if it is a match or near enough to be reported.
    pub best: Option<Best>,
}

/// What became of the pairs of a query and a distinct (price, title) in its window. A query without a match
/// looks at its window a second time for the nearest miss, and its pairs count again.
/// Queries that repeat another one's block, price and title take its answer and count nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// All pairs: the sum of the five below.
    pub pairs: u64,
    /// Dropped for their lengths, without being looked at.
    pub by_length: u64,
    /// Dropped for their counts of code points.
    pub by_signature: u64,
    /// Dropped for their longest common subsequence, or because an equal similarity would lose the tie.
    pub by_subsequence: u64,
    /// Compared exactly.
    pub exact: u64,
    /// Not looked at, because they could only have been near misses and the window is crowded.
    pub passed_over: u64,
}

impl std::ops::AddAssign for Counters {
    fn add_assign(&mut self, other: Self) {
        self.pairs += other.pairs;
        self.by_length += other.by_length;
        self.by_signature += other.by_signature;
        self.by_subsequence += other.by_subsequence;
        self.exact += other.exact;
        self.passed_over += other.passed_over;
    }
}

/// What a search found.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// One item a query, in the order of the queries.
    pub found: Vec<Found>,
    /// What it took.
    pub counters: Counters,
}

/// Why a search has no outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FuzzyError {
    /// It was asked to stop.
    #[error("interrupted")]
    Interrupted,
    /// The columns of one side differ in length.
    #[error("the {side} have columns of different lengths; give every column one value a row")]
    Ragged {
        /// "candidates" or "queries".
        side: &'static str,
    },
    /// More rows than a row number can name.
    #[error("there are more than {limit} candidates; split the input by block", limit = u32::MAX)]
    TooMany,
}

/// Where a search looks whether to go on, and says how far it has come.
#[derive(Clone, Copy)]
pub struct Control<'a> {
    /// Set by whoever wants the search to stop.
    pub cancelled: &'a AtomicBool,
    /// Called now and then, from any thread, with the number of queries done since the last call.
    pub progress: &'a (dyn Fn(u64) + Sync),
}

#[cfg(test)]
mod tests;
