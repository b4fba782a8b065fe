//! The rules of one set: each way to split it in two. A part of a set of n items is a number of n bits.

use std::collections::HashMap;

use super::rule::Counts;

/// The most items of a set: it has two to that power splits.
pub const MOST_ITEMS: usize = 16;

/// The itemsets of a shop by their items.
pub type CountsBySet<'a> = HashMap<&'a [u32], u32>;

/// Why rules cannot be made of itemsets.
#[derive(Debug, PartialEq, Eq)]
pub enum RuleError {
    /// A part of this set is not among the sets.
    PartMissing(Vec<u32>),
    /// This set has more items than [`MOST_ITEMS`].
    TooLong(usize),
}

/// A set with the counts of all its parts.
pub struct Splits<'a> {
    items: &'a [u32],
    counts: Vec<u32>,
}

impl<'a> Splits<'a> {
    /// The splits of a set; `known` has all its parts.
    pub fn new(items: &'a [u32], known: &CountsBySet<'_>) -> Result<Self, RuleError> {
        if items.len() > MOST_ITEMS {
            return Err(RuleError::TooLong(items.len()));
        }
        let mut part = Vec::with_capacity(items.len());
        let mut counts = vec![0; 1 << items.len()];
        for (bits, count) in (0_u32..).zip(&mut counts).skip(1) {
            part.clear();
            part.extend(chosen(items, bits));
            *count = *known.get(part.as_slice()).ok_or_else(|| RuleError::PartMissing(items.to_vec()))?;
        }
        Ok(Self { items, counts })
    }

    /// The antecedents of all rules with a consequent of up to so many items.
    pub fn rules(&self, max_consequent: u32) -> impl Iterator<Item = u32> + use<> {
        let size = self.items.len() as u32;
        (1..self.whole()).filter(move |antecedent| size - antecedent.count_ones() <= max_consequent)
    }

    /// The counts of the rule with this antecedent.
    pub fn counts(&self, antecedent: u32) -> Counts {
        Counts {
            antecedent: self.count(antecedent),
            consequent: self.count(self.whole() & !antecedent),
            both: self.count(self.whole()),
        }
    }

    /// Both sides of the rule with this antecedent.
    pub fn sides(&self, antecedent: u32) -> (Vec<u32>, Vec<u32>) {
        let consequent = self.whole() & !antecedent;
        (chosen(self.items, antecedent).collect(), chosen(self.items, consequent).collect())
    }

    /// Whether a part of the antecedent gives the consequent at least as surely as all of it.
    pub fn is_redundant(&self, antecedent: u32) -> bool {
        let consequent = self.whole() & !antecedent;
        let (both, with) = (u64::from(self.count(self.whole())), u64::from(self.count(antecedent)));
        // The numbers below `antecedent` whose bits are all its own.
        let mut part = (antecedent - 1) & antecedent;
        while part > 0 {
            if u64::from(self.count(part | consequent)) * with >= both * u64::from(self.count(part)) {
                return true;
            }
            part = (part - 1) & antecedent;
        }
        false
    }

    fn whole(&self) -> u32 {
        (1 << self.items.len()) - 1
    }

    fn count(&self, part: u32) -> u32 {
        self.counts.get(part as usize).copied().unwrap_or_default()
    }
}

fn chosen(items: &[u32], bits: u32) -> impl Iterator<Item = u32> + '_ {
    items.iter().enumerate().filter(move |(place, _)| bits >> place & 1 == 1).map(|(_, item)| *item)
}
