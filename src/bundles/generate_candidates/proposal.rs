//! What sources propose: sets of items that could be bundles, put together so that each set is there once.

use std::collections::BTreeMap;

use crate::bundles::{
    candidate::{Source, Sources},
    items::Item,
};

/// A set of items that a source proposes.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// The trigger first, then the others ascending.
    pub items: Vec<Item>,
    /// The chance of the rest when a customer takes the trigger, 0 to 1.
    pub confidence: f64,
    /// How many times as often the items meet as by chance.
    pub lift: f64,
    /// The share of orders of two or more items that hold all of them.
    pub support: f64,
    /// The cosine of the items' descriptions, where they were compared.
    pub similarity: Option<f64>,
    /// What proposes it.
    pub sources: Sources,
    /// The discount in percent that its source suggests.
    pub suggested: Option<f64>,
}

impl Proposal {
    /// A set of a source that counted orders.
    pub fn counted(items: Vec<Item>, source: Source, figures: Figures) -> Self {
        let Figures { confidence, lift, support } = figures;
        let sources = Sources::one(source);
        Self { items, confidence, lift, support, similarity: None, sources, suggested: None }
    }
}

/// How often a set of items is in orders.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// See [`Proposal`].
    pub confidence: f64,
    /// See [`Proposal`].
    pub lift: f64,
    /// See [`Proposal`].
    pub support: f64,
}

impl Figures {
    /// Of a pair: `both` orders of `all` hold it, `one` and `other` its items (section 5.4).
    pub fn of_pair(both: u32, one: u32, other: u32, all: usize) -> Self {
        let (both, one, other, all) =
            (f64::from(both), f64::from(one.max(1)), f64::from(other.max(1)), all.max(1) as f64);
        Self { confidence: both / one.min(other), lift: both * all / (one * other), support: both / all }
    }
}

/// What a source's figures must reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// The least support.
    pub support: f64,
    /// The least confidence.
    pub confidence: f64,
    /// The least lift.
    pub lift: f64,
}

impl Thresholds {
    /// Whether figures reach them.
    pub fn hold(&self, proposal: &Proposal) -> bool {
        proposal.support >= self.support && proposal.confidence >= self.confidence && proposal.lift >= self.lift
    }
}

/// All sets by their ascending items: of what several sources propose the greatest confidence, lift, support and similarity
/// (section 5.6). The trigger is that of the proposal with the greatest confidence, of equal ones that of the first.
#[derive(Debug, Default)]
pub struct Pool(BTreeMap<Vec<Item>, Proposal>);

impl Pool {
    /// Takes a proposal in.
    pub fn add(&mut self, proposal: Proposal) {
        let mut key = proposal.items.clone();
        key.sort_unstable();
        match self.0.get_mut(&key) {
            None => drop(self.0.insert(key, proposal)),
            Some(known) => {
                if proposal.confidence > known.confidence {
                    known.items = proposal.items;
                }
                known.confidence = known.confidence.max(proposal.confidence);
                known.lift = known.lift.max(proposal.lift);
                known.support = known.support.max(proposal.support);
                known.similarity = match (known.similarity, proposal.similarity) {
                    (Some(one), Some(other)) => Some(one.max(other)),
                    (one, other) => one.or(other),
                };
                known.sources = known.sources.with(proposal.sources);
                known.suggested = known.suggested.or(proposal.suggested);
            }
        }
    }

    /// Whether there is a set of these items, in any order.
    pub fn has(&self, items: &[Item]) -> bool {
        let mut key = items.to_vec();
        key.sort_unstable();
        self.0.contains_key(&key)
    }

    /// How many sets there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The sets by their ascending items.
    pub fn into_proposals(self) -> Vec<Proposal> {
        self.0.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_that_two_sources_propose_is_there_once_with_the_best_of_both() {
        let figures = Figures::of_pair(9, 15, 45, 450);
        assert_eq!(figures, Figures { confidence: 0.6, lift: 6.0, support: 0.02 });
        let mut pool = Pool::default();
        pool.add(Proposal::counted(vec![Item(1), Item(0)], Source::TopPairs, figures));
        let alike = Proposal {
            similarity: Some(0.8),
            ..Proposal::counted(
                vec![Item(0), Item(1)],
                Source::Similarity,
                Figures { confidence: 0.5, lift: 7.0, support: 0.01 },
            )
        };
        pool.add(alike);
        assert!(pool.has(&[Item(0), Item(1)]) && !pool.has(&[Item(0)]));
        let both = pool.into_proposals();
        assert_eq!(both.len(), 1);
        assert_eq!((both[0].items.clone(), both[0].confidence, both[0].lift), (vec![Item(1), Item(0)], 0.6, 7.0));
        assert_eq!((both[0].support, both[0].similarity), (0.02, Some(0.8)));
        assert!(both[0].sources.has(Source::TopPairs) && both[0].sources.has(Source::Similarity));
    }

    #[test]
    fn exactly_two_of_a_hundred_orders_are_enough() {
        let relaxed = Thresholds { support: 0.02, confidence: 0.18, lift: 0.0 };
        let of =
            |both, one, all| Proposal::counted(Vec::new(), Source::TopPairs, Figures::of_pair(both, one, 100, all));
        assert!(relaxed.hold(&of(9, 50, 450)) && !relaxed.hold(&of(9, 50, 451)) && !relaxed.hold(&of(9, 51, 450)));
    }
}
