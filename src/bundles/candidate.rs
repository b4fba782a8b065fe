//! A bundle before it has a price: its items, what it is for, how often they meet, and where it came from.

use super::{bundle_type::BundleType, items::Item, objective::Objective};

/// What proposed a bundle (sections 5.3 to 5.10 and 11.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Source {
    /// An association rule.
    Rules,
    /// A frequent itemset.
    Itemsets,
    /// Descriptions that are alike.
    Similarity,
    /// One of the pairs that are bought together most.
    TopPairs,
    /// Items that are bought in the same company.
    Covisitation,
    /// Tier 1 of the ladder: stored rules by lift.
    StrictRules,
    /// Tier 2: pairs with relaxed thresholds.
    AdaptiveRelax,
    /// Tier 3: smoothed co-occurrence.
    SmoothedPairs,
    /// Tier 4: cosine and Jaccard of orders.
    ItemSimilarity,
    /// Tier 5: words that go together.
    Heuristics,
    /// Tier 6: what sells best.
    Popularity,
    /// Tier 7: products that are alike, without any sale.
    ColdStart,
    /// Attributes of items that nobody has bought yet.
    Coverage,
    /// Quantities of one item.
    Quantities,
    /// A trigger with a reward.
    Rewards,
    /// A rule taken in when there are too few bundles.
    ForcedPairs,
    /// The pairs of a quick start.
    QuickStart,
    /// The prices of the catalog alone.
    Catalog,
}

impl Source {
    /// Every source, in order.
    pub const ALL: [Self; 18] = [
        Self::Rules,
        Self::Itemsets,
        Self::Similarity,
        Self::TopPairs,
        Self::Covisitation,
        Self::StrictRules,
        Self::AdaptiveRelax,
        Self::SmoothedPairs,
        Self::ItemSimilarity,
        Self::Heuristics,
        Self::Popularity,
        Self::ColdStart,
        Self::Coverage,
        Self::Quantities,
        Self::Rewards,
        Self::ForcedPairs,
        Self::QuickStart,
        Self::Catalog,
    ];

    /// The name, as the column `sources` has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rules => "apriori",
            Self::Itemsets => "fpgrowth",
            Self::Similarity => "embedding",
            Self::TopPairs => "top_pairs",
            Self::Covisitation => "covisitation",
            Self::StrictRules => "ladder_strict_rules",
            Self::AdaptiveRelax => "ladder_adaptive_relax",
            Self::SmoothedPairs => "ladder_smoothed_pairs",
            Self::ItemSimilarity => "ladder_item_similarity",
            Self::Heuristics => "ladder_heuristics",
            Self::Popularity => "ladder_popularity",
            Self::ColdStart => "ladder_cold_start",
            Self::Coverage => "cold_start_coverage",
            Self::Quantities => "quantities",
            Self::Rewards => "rewards",
            Self::ForcedPairs => "forced_pairs",
            Self::QuickStart => "quick_start",
            Self::Catalog => "catalog",
        }
    }

    /// Whether the source has seen orders, so that its support and confidence are counted and not assumed (section 5.6).
    pub const fn is_transactional(self) -> bool {
        matches!(self, Self::Rules | Self::Itemsets | Self::TopPairs | Self::Covisitation | Self::ForcedPairs)
    }
}

/// A set of sources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sources(u32);

impl Sources {
    /// One source alone.
    pub const fn one(source: Source) -> Self {
        Self(1 << source as u32)
    }

    /// Those of both.
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether `source` is among them.
    pub const fn has(self, source: Source) -> bool {
        self.0 & Self::one(source).0 != 0
    }

    /// The sources, in order.
    pub fn iter(self) -> impl Iterator<Item = Source> {
        Source::ALL.into_iter().filter(move |source| self.has(*source))
    }

    /// The first source in order: what explanations name.
    pub fn primary(self) -> Option<Source> {
        self.iter().next()
    }
}

/// How alike the company of a bundle's items is (section 6).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Company {
    /// The mean cosine of the pairs that have vectors: `covis_similarity` and `coherence_score`.
    pub coherence: f64,
    /// The least cosine of a pair.
    pub least: f64,
    /// The greatest.
    pub most: f64,
}

/// A bundle that could be offered.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The items, without repeats: the trigger first, then the others ascending.
    pub items: Vec<Item>,
    /// What a customer must take.
    pub bundle_type: BundleType,
    /// What it is for.
    pub objective: Objective,
    /// The chance of the rest when a customer takes the trigger, 0 to 1.
    pub confidence: f64,
    /// How many times as often the items meet as they would by chance.
    pub lift: f64,
    /// The share of orders that hold all items, 0 to 1.
    pub support: f64,
    /// The lift that is announced: given by the source, else `1 + 0.3 · confidence`.
    pub predicted_lift: f64,
    /// The cosine of the items' descriptions, where they were compared.
    pub similarity: Option<f64>,
    /// The company of the items, where at least one pair of them has any.
    pub company: Option<Company>,
    /// How many customers bought every item; `None` without customer data.
    pub shared_customers: Option<u32>,
    /// What proposed it.
    pub sources: Sources,
}

impl Candidate {
    /// The items ascending: what ties are broken by and what hashes and merges go by.
    pub fn sorted_items(&self) -> Vec<Item> {
        let mut items = self.items.clone();
        items.sort_unstable();
        items
    }
}

#[cfg(test)]
pub mod testing {
    //! Candidates for tests.

    use super::*;

    /// A bundle of items for larger orders.
    pub fn candidate(items: &[u32], confidence: f64, lift: f64) -> Candidate {
        Candidate {
            items: items.iter().map(|item| Item(*item)).collect(),
            bundle_type: BundleType::Fbt,
            objective: Objective::IncreaseAov,
            confidence,
            lift,
            support: 0.02,
            predicted_lift: 1.0 + 0.3 * confidence,
            similarity: None,
            company: None,
            shared_customers: None,
            sources: Sources::one(Source::Rules),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_a_set_in_order() {
        let both = Sources::one(Source::Catalog).with(Sources::one(Source::Itemsets));
        assert_eq!(both.iter().collect::<Vec<_>>(), [Source::Itemsets, Source::Catalog]);
        assert_eq!(both.primary(), Some(Source::Itemsets));
        assert!(both.has(Source::Catalog) && !both.has(Source::Rules));
        assert_eq!(Sources::default().primary(), None);
        assert!(Source::ALL.is_sorted());
    }
}
