//! Frequent itemsets of transactions: all, the closed or the maximal ones. Works on slices.

mod all;
mod closed;
mod found;
mod maximal;
#[cfg(test)]
mod tests;
mod transactions;
mod tree;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use found::Itemsets;
use found::{Counter, Found, Lister};
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
    /// Lists the itemsets, in the same order for the same transactions and any number of threads. Within a set the
    /// items are in no meaningful order.
    pub fn list(&self, transactions: Transactions<'_>) -> Itemsets {
        let max_size = self.max_size.unwrap_or(usize::MAX);
        match self.target {
            Target::All => {
                let prepared = Prepared::<u32>::new(transactions, self.min_count());
                let mut found = Lister::new(&prepared.names, max_size);
                all::search(&prepared.tree, self.min_count(), max_size, &mut found);
                found.sets
            }
            Target::Closed | Target::Maximal => {
                let prepared = Prepared::<closed::Cover>::new(transactions, self.min_count());
                let mut found = Lister::new(&prepared.names, max_size);
                self.condense(&prepared, &mut found);
                found.sets
            }
        }
    }

    /// Counts the itemsets without making them.
    pub fn count(&self, transactions: Transactions<'_>) -> u64 {
        let max_size = self.max_size.unwrap_or(usize::MAX);
        let mut found = Counter::new(max_size);
        match self.target {
            Target::All => {
                let prepared = Prepared::<u32>::new(transactions, self.min_count());
                all::search(&prepared.tree, self.min_count(), max_size, &mut found);
            }
            Target::Closed | Target::Maximal => {
                let prepared = Prepared::<closed::Cover>::new(transactions, self.min_count());
                self.condense(&prepared, &mut found);
            }
        }
        found.sets
    }

    fn min_count(&self) -> u32 {
        self.min_count.max(1)
    }

    fn condense<F: Found>(&self, prepared: &Prepared<closed::Cover>, found: &mut F) {
        match self.target {
            Target::Maximal => maximal::search(&prepared.tree, self.min_count(), found),
            Target::All | Target::Closed => closed::search(&prepared.tree, self.min_count(), found),
        }
    }
}
