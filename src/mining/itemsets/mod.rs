//! Frequent itemsets of transactions: all, the closed or the maximal ones. Works on slices.

mod all;
mod base;
mod closed;
mod found;
mod lattice;
mod limits;
mod maximal;
mod rows;
#[cfg(test)]
mod tests;
mod transactions;
mod tree;
mod waves;
mod weight;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use base::Base;
pub use found::Itemsets;
use found::{Counter, Found, Lister};
use limits::Watch;
pub use limits::{Limits, Stopped};
use transactions::Prepared;
pub use transactions::Transactions;

/// Which frequent itemsets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// All.
    #[default]
    All,
    /// Those that no longer set equals in its transactions.
    Closed,
    /// Those that no longer frequent set contains.
    Maximal,
}

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Search {
    /// Which sets.
    pub target: Target,
    /// How many transactions must hold a set; 0 is taken for 1.
    pub min_count: u32,
    /// The most items of a set. A closed or maximal set is one whatever its size, and left out when it has more.
    pub max_size: Option<usize>,
}

impl Search {
    /// Lists the itemsets as far as limits let it, in the same order for the same transactions and any number of
    /// threads. Within a set the items are in no meaningful order.
    ///
    /// # Errors
    /// [`Stopped`].
    pub fn list_within(&self, transactions: Transactions<'_>, limits: Limits<'_>) -> Result<Itemsets, Stopped> {
        let watch = Watch::new(limits);
        let max_size = self.max_size.unwrap_or(usize::MAX);
        if self.target == Target::Closed {
            let prepared = Prepared::<closed::Cover>::new(transactions, self.min_count());
            let mut found = Lister::new(&prepared.names, max_size, &watch);
            closed::search(&prepared.base, self.min_count(), &mut found)?;
            return Ok(found.sets);
        }
        let prepared = Prepared::<u32>::new(transactions, self.min_count());
        let mut found = Lister::new(&prepared.names, max_size, &watch);
        self.search_counted(&prepared.base, &mut found)?;
        Ok(found.sets)
    }

    /// Counts the itemsets without making them. Their number has no limit.
    ///
    /// # Errors
    /// [`Stopped::Cancelled`].
    pub fn count_within(&self, transactions: Transactions<'_>, limits: Limits<'_>) -> Result<u64, Stopped> {
        let watch = Watch::new(Limits { max_sets: None, max_bytes: None, ..limits });
        let mut found = Counter::new(self.max_size.unwrap_or(usize::MAX), &watch);
        if self.target == Target::Closed {
            let prepared = Prepared::<closed::Cover>::new(transactions, self.min_count());
            closed::search(&prepared.base, self.min_count(), &mut found)?;
        } else {
            let prepared = Prepared::<u32>::new(transactions, self.min_count());
            self.search_counted(&prepared.base, &mut found)?;
        }
        Ok(found.sets)
    }

    fn min_count(&self) -> u32 {
        self.min_count.max(1)
    }

    /// All sets or the maximal ones: of their transactions only the number counts.
    fn search_counted<F: Found>(&self, base: &Base<u32>, found: &mut F) -> Result<(), Stopped> {
        if self.target == Target::Maximal {
            maximal::search(base, self.min_count(), found)
        } else {
            all::search(base, self.min_count(), self.max_size.unwrap_or(usize::MAX), found)
        }
    }
}
