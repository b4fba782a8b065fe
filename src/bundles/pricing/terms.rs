//! A price and what it is made of, exact to the cent.

use thiserror::Error;

use crate::bundles::{
    items::Item,
    money::{Cents, Percent},
    objective::Caps,
};

/// How a price was found (`methodology`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Methodology {
    /// Discounts of the past, shrunk towards category and shop (section 8.2).
    BayesianShrinkage,
    /// The bandit (section 8.6).
    MultiArmedBandit,
    /// A flat discount, where nothing is known of a pair (D07).
    Flat,
    /// Tiers of quantities (section 8.5).
    Tiers,
    /// A reward (section 8.5).
    Reward,
}

impl Methodology {
    /// The name, as the pricing record has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BayesianShrinkage => "bayesian_shrinkage",
            Self::MultiArmedBandit => "multi_armed_bandit",
            Self::Flat => "flat",
            Self::Tiers => "tiers",
            Self::Reward => "reward",
        }
    }
}

/// One item's part of a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// The item.
    pub item: Item,
    /// Its price in the catalog, for one piece.
    pub original: Cents,
    /// How much less it costs in the bundle: 0 up to the price.
    pub discount: Cents,
}

impl Line {
    /// What it costs in the bundle.
    pub fn discounted(self) -> Cents {
        self.original - self.discount
    }

    /// The discount in percent of the price.
    pub fn percent(self) -> Percent {
        Percent::of_parts(self.discount, self.original)
    }
}

/// From so many pieces on, a piece costs so much less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier {
    /// The least quantity.
    pub min_quantity: u32,
    /// The discount.
    pub percent: Percent,
    /// What it is called in the shop.
    pub label: Option<&'static str>,
}

/// Where the reward lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// More pieces of what is bought.
    SameVariant,
    /// Another product.
    CrossProduct,
}

impl Mode {
    /// The name, as `bogo_config.mode` has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SameVariant => "free_same_variant",
            Self::CrossProduct => "cross_product",
        }
    }
}

/// Who buys so many, gets so many others by so many percent cheaper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bogo {
    /// Pieces of the qualifier.
    pub buy_quantity: u32,
    /// Pieces of the reward.
    pub get_quantity: u32,
    /// How much cheaper the reward is; 100 is free.
    pub percent: Percent,
    /// Where the reward lies.
    pub mode: Mode,
}

impl Bogo {
    /// Buy two, get one free of the same (section 3.5).
    pub const BUY_TWO_GET_ONE: Self =
        Self { buy_quantity: 2, get_quantity: 1, percent: Percent::ALL, mode: Mode::SameVariant };

    /// Another product at so many percent less, for one piece of the trigger.
    pub const fn cross_product(percent: Percent) -> Self {
        Self { buy_quantity: 1, get_quantity: 1, percent, mode: Mode::CrossProduct }
    }
}

/// What a customer must do for a price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Terms {
    /// Take all items (`percentage`).
    Percentage,
    /// Take more of one item (`tiered`): tiers by rising quantity, the first of them one piece without a discount.
    Tiered(Vec<Tier>),
    /// Take what qualifies for a reward (`bogo`).
    Bogo(Bogo),
}

impl Terms {
    /// The name, as `discount_type` has it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Percentage => "percentage",
            Self::Tiered(_) => "tiered",
            Self::Bogo(_) => "bogo",
        }
    }
}

/// A price of a bundle (section 8.7). The lines add up to the original price and to the bundle's; the discount of
/// [`Terms::Tiered`] lies in its tiers alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Pricing {
    /// The items in the order of the candidate. Of [`Terms::Bogo`] a line is all pieces of the qualifier or the reward.
    pub lines: Vec<Line>,
    /// What a customer must do for it.
    pub terms: Terms,
    /// How it was found.
    pub methodology: Methodology,
    /// The discounts that the past suggests, an item each, before the caps: `shrunk_baselines`.
    pub baselines: Vec<Percent>,
    /// What the objective allows.
    pub caps: Caps,
}

impl Pricing {
    /// What the items cost alone: `original_total`.
    pub fn original(&self) -> Cents {
        self.lines.iter().map(|line| line.original).sum()
    }

    /// What they cost together: `bundle_price`.
    pub fn bundle(&self) -> Cents {
        self.lines.iter().map(|line| line.discounted()).sum()
    }

    /// How much less that is: `discount_amount`.
    pub fn discount(&self) -> Cents {
        self.lines.iter().map(|line| line.discount).sum()
    }

    /// The discount in percent of the original price: `total_discount_pct`.
    pub fn percent(&self) -> Percent {
        Percent::of_parts(self.discount(), self.original())
    }

    /// The most discount that a customer can get by it, which is of a tier where there are tiers.
    pub fn greatest_percent(&self) -> Percent {
        match &self.terms {
            Terms::Tiered(tiers) => tiers.iter().map(|tier| tier.percent).max().unwrap_or_default(),
            Terms::Percentage | Terms::Bogo(_) => self.percent(),
        }
    }

    /// The price, if it is one.
    ///
    /// # Errors
    /// What is wrong with it: `PRICE_ANOMALY`.
    pub fn checked(self) -> Result<Self, PriceAnomaly> {
        let (original, bundle) = (self.original(), self.bundle());
        if bundle <= Cents::ZERO {
            return Err(PriceAnomaly::NotPositive { bundle });
        }
        if bundle > original {
            return Err(PriceAnomaly::AboveOriginal { bundle, original });
        }
        let outside = match &self.terms {
            Terms::Tiered(tiers) => {
                let mut given = tiers.iter().filter(|tier| tier.min_quantity > 1).map(|tier| tier.percent);
                given.find(|percent| self.caps.clamp(*percent) != *percent)
            }
            Terms::Percentage | Terms::Bogo(_) => (!self.caps.hold(original, bundle)).then(|| self.percent()),
        };
        match outside {
            Some(percent) => Err(PriceAnomaly::OutsideCaps { percent: percent.value() }),
            None => Ok(self),
        }
    }
}

/// Why a candidate has no price: it is dropped as `PRICE_ANOMALY`.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
pub enum PriceAnomaly {
    /// An item has no price in the catalog.
    #[error("item {0} has no price above 0")]
    NoPrice(u32),
    /// The bundle would be given away.
    #[error("the bundle would cost {} cents", bundle.0)]
    NotPositive {
        /// The price.
        bundle: Cents,
    },
    /// The bundle would cost more than its items.
    #[error("the bundle would cost {} cents, its items {}", bundle.0, original.0)]
    AboveOriginal {
        /// The price.
        bundle: Cents,
        /// That of the items.
        original: Cents,
    },
    /// No whole cent lies within the caps, or the terms lead out of them.
    #[error("a discount of {percent} % is outside the caps of the objective")]
    OutsideCaps {
        /// The discount.
        percent: f64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundles::objective::Objective;

    fn priced(original: i64, discount: i64) -> Pricing {
        Pricing {
            lines: vec![Line { item: Item(0), original: Cents(original), discount: Cents(discount) }],
            terms: Terms::Percentage,
            methodology: Methodology::Flat,
            baselines: Vec::new(),
            caps: Objective::IncreaseAov.caps(),
        }
    }

    #[test]
    fn what_is_no_price_is_told() {
        assert!(priced(1000, 50).checked().is_ok() && priced(1000, 200).checked().is_ok());
        assert_eq!(priced(1000, 201).checked(), Err(PriceAnomaly::OutsideCaps { percent: 20.1 }));
        assert_eq!(priced(1000, 49).checked(), Err(PriceAnomaly::OutsideCaps { percent: 4.9 }));
        assert_eq!(priced(1000, 1000).checked(), Err(PriceAnomaly::NotPositive { bundle: Cents(0) }));
        let above = PriceAnomaly::AboveOriginal { bundle: Cents(1001), original: Cents(1000) };
        assert_eq!(priced(1000, -1).checked(), Err(above));
    }

    #[test]
    fn of_tiers_each_is_within_the_caps() {
        let tier = |min_quantity, percent| Tier { min_quantity, percent: Percent::whole(percent), label: None };
        let tiered = |tiers| Pricing { terms: Terms::Tiered(tiers), ..priced(1000, 0) };
        assert!(tiered(vec![tier(1, 0), tier(2, 5), tier(5, 20)]).checked().is_ok());
        assert!(tiered(vec![tier(1, 0), tier(2, 4)]).checked().is_err());
        assert_eq!(tiered(vec![tier(1, 0), tier(2, 5)]).greatest_percent(), Percent::whole(5));
    }
}
