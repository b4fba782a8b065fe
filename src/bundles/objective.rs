//! What bundles are made for: the eight objectives with their caps of discount, anchors, types and goals.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    bundle_type::BundleType,
    items::ItemFacts,
    money::{Cents, Percent},
};

/// What a bundle is for (section 3.1). Ordered as ties are broken: by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Objective {
    /// Items of one category.
    CategoryBundle,
    /// Items that hardly sell.
    #[serde(alias = "cross_sell_slow_movers")]
    ClearSlowMovers,
    /// Presents.
    GiftBox,
    /// Larger orders.
    #[serde(alias = "cross_sell")]
    IncreaseAov,
    /// Items that earn much, with little discount.
    MarginGuard,
    /// Items that are new in the shop.
    NewLaunch,
    /// Items of a season.
    SeasonalPromo,
    /// Items that are bought again and again.
    SubscriptionPush,
}

/// The least and the most discount, in percent of the original price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// The least.
    pub least: Percent,
    /// The most.
    pub most: Percent,
}

impl Caps {
    /// From so many whole percent to so many.
    pub const fn whole(least: i64, most: i64) -> Self {
        Self { least: Percent::whole(least), most: Percent::whole(most) }
    }

    /// The discount without any better knowledge: in the middle (section 8.3).
    pub const fn middle(self) -> Percent {
        Percent::middle(self.least, self.most)
    }

    /// The nearest discount within.
    pub fn clamp(self, percent: Percent) -> Percent {
        percent.clamp(self.least, self.most)
    }

    /// Whether `bundle` instead of `original` is a discount within, without any rounding.
    pub fn hold(self, original: Cents, bundle: Cents) -> bool {
        Percent::holds(self.least, self.most, original - bundle, original)
    }
}

/// What a portfolio of bundles shall have much of (section 9.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// Money that comes in.
    Revenue,
    /// What is left of it.
    Margin,
    /// Stock that is sure to be there.
    InventoryRisk,
    /// Customers who get what they look for.
    Satisfaction,
    /// Categories that were not bought together before.
    CrossSell,
    /// Bundles that do not take from each other.
    Cannibalisation,
    /// What a bundle is expected to earn more a month.
    ExpectedMargin,
}

/// Cents above which an item is an anchor of [`Objective::IncreaseAov`].
const ANCHOR_PRICE: Cents = Cents(2500);

/// A discount with which margins are guarded whatever the items earn.
const GUARDED: Percent = Percent::whole(5);

impl Objective {
    /// Every objective, in order.
    pub const ALL: [Self; 8] = [
        Self::CategoryBundle,
        Self::ClearSlowMovers,
        Self::GiftBox,
        Self::IncreaseAov,
        Self::MarginGuard,
        Self::NewLaunch,
        Self::SeasonalPromo,
        Self::SubscriptionPush,
    ];

    /// The name, as tables and hashes have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CategoryBundle => "category_bundle",
            Self::ClearSlowMovers => "clear_slow_movers",
            Self::GiftBox => "gift_box",
            Self::IncreaseAov => "increase_aov",
            Self::MarginGuard => "margin_guard",
            Self::NewLaunch => "new_launch",
            Self::SeasonalPromo => "seasonal_promo",
            Self::SubscriptionPush => "subscription_push",
        }
    }

    /// The objective of a name or of a label that quick starts gave (section 3.1); `None` for an unknown one.
    pub fn of_name(name: &str) -> Option<Self> {
        match name {
            "cross_sell" => Some(Self::IncreaseAov),
            "cross_sell_slow_movers" => Some(Self::ClearSlowMovers),
            _ => Self::ALL.into_iter().find(|objective| objective.name() == name),
        }
    }

    /// How much the objective matters beside the others.
    pub const fn priority(self) -> f64 {
        match self {
            Self::IncreaseAov | Self::SubscriptionPush => 1.0,
            Self::ClearSlowMovers => 1.2,
            Self::MarginGuard => 1.3,
            Self::SeasonalPromo => 0.9,
            Self::NewLaunch => 1.1,
            Self::CategoryBundle => 0.8,
            Self::GiftBox => 0.7,
        }
    }

    /// How much discount it allows (table 3.1; D04).
    pub const fn caps(self) -> Caps {
        match self {
            Self::IncreaseAov | Self::SubscriptionPush => Caps::whole(5, 20),
            Self::ClearSlowMovers => Caps::whole(10, 40),
            Self::MarginGuard => Caps::whole(0, 10),
            Self::SeasonalPromo => Caps::whole(10, 30),
            Self::NewLaunch => Caps::whole(0, 15),
            Self::CategoryBundle => Caps::whole(10, 25),
            Self::GiftBox => Caps::whole(15, 35),
        }
    }

    /// The types of bundles that the full pipeline makes for it.
    pub const fn bundle_types(self) -> &'static [BundleType] {
        match self {
            Self::IncreaseAov => &[BundleType::Fbt, BundleType::Volume],
            Self::ClearSlowMovers => &[BundleType::Volume, BundleType::Bogo],
            Self::SeasonalPromo => &[BundleType::Bogo],
            Self::SubscriptionPush => &[BundleType::Volume],
            Self::MarginGuard | Self::NewLaunch | Self::CategoryBundle | Self::GiftBox => &[BundleType::Fbt],
        }
    }

    /// What its portfolio shall have much of.
    pub const fn goals(self) -> &'static [Goal] {
        match self {
            Self::IncreaseAov => &[Goal::Revenue, Goal::CrossSell],
            Self::ClearSlowMovers => &[Goal::InventoryRisk, Goal::Margin],
            Self::MarginGuard => &[Goal::Margin, Goal::Cannibalisation],
            Self::SeasonalPromo => &[Goal::Satisfaction, Goal::CrossSell],
            Self::NewLaunch => &[Goal::Satisfaction, Goal::Revenue],
            Self::CategoryBundle | Self::GiftBox | Self::SubscriptionPush => &[Goal::Revenue, Goal::Margin],
        }
    }

    /// Whether an item can be what a bundle for this objective is built around.
    pub fn anchors_at(self, item: &ItemFacts) -> bool {
        match self {
            Self::IncreaseAov => item.price > ANCHOR_PRICE,
            Self::ClearSlowMovers => item.flags.is_slow_mover,
            Self::MarginGuard => item.flags.is_high_margin,
            Self::SeasonalPromo => item.flags.is_seasonal,
            Self::NewLaunch => item.flags.is_new_launch,
            Self::CategoryBundle | Self::GiftBox | Self::SubscriptionPush => item.is_in_stock(),
        }
    }

    /// Whether a bundle of `items` may be offered for this objective (section 3.4): one of them anchors it. Larger orders
    /// need no anchor; margins are guarded when every item earns much or the bundle's discount is at most 5 %.
    pub fn takes(self, items: &[&ItemFacts], discount: Percent) -> bool {
        match self {
            Self::IncreaseAov => true,
            Self::MarginGuard => discount <= GUARDED || items.iter().all(|item| item.flags.is_high_margin),
            _ => items.iter().any(|item| self.anchors_at(item)),
        }
    }

    /// The objectives of a shop with so many orders of several items and so many seasonal products in stock (section 3.1).
    pub fn of_shop(orders: u64, seasonal: u64) -> Vec<Self> {
        let mut chosen = match orders {
            0..10 => vec![Self::IncreaseAov],
            10..50 => vec![Self::IncreaseAov, Self::MarginGuard],
            50..200 => vec![Self::ClearSlowMovers, Self::IncreaseAov, Self::MarginGuard],
            _ => vec![Self::ClearSlowMovers, Self::IncreaseAov, Self::MarginGuard, Self::NewLaunch],
        };
        chosen.extend((seasonal >= 2).then_some(Self::SeasonalPromo));
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_labels_lead_to_objectives() {
        for objective in Objective::ALL {
            assert_eq!(Objective::of_name(objective.name()), Some(objective));
            assert_eq!(serde_json::to_value(objective).unwrap(), objective.name());
            assert!(objective.caps().least < objective.caps().most && !objective.goals().is_empty());
        }
        assert_eq!(Objective::of_name("cross_sell"), Some(Objective::IncreaseAov));
        assert_eq!(Objective::of_name("cross_sell_slow_movers"), Some(Objective::ClearSlowMovers));
        assert_eq!(Objective::of_name("maximize_margin"), None);
        assert!(Objective::ALL.is_sorted_by_key(|objective| objective.name()));
    }

    #[test]
    fn the_discount_without_knowledge_is_in_the_middle_of_the_caps() {
        for (objective, expected) in [
            (Objective::IncreaseAov, 12.5),
            (Objective::ClearSlowMovers, 25.0),
            (Objective::MarginGuard, 5.0),
            (Objective::SeasonalPromo, 20.0),
            (Objective::NewLaunch, 7.5),
        ] {
            assert_eq!(objective.caps().middle(), Percent::of(expected), "{}", objective.name());
        }
    }

    #[test]
    fn larger_shops_have_more_objectives() {
        let names = |orders, seasonal| {
            Objective::of_shop(orders, seasonal).into_iter().map(Objective::name).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(names(9, 1), "increase_aov");
        assert_eq!(names(10, 2), "increase_aov margin_guard seasonal_promo");
        assert_eq!(names(199, 0), "clear_slow_movers increase_aov margin_guard");
        assert_eq!(names(200, 9), "clear_slow_movers increase_aov margin_guard new_launch seasonal_promo");
    }
}
