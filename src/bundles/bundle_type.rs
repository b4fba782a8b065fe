//! The types of bundles and the other names under which they are known.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a customer must take to get the price of a bundle. Ordered as ties are broken (section 0.2): by canonical name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BundleType {
    /// A quantity of a qualifying item makes a reward cheaper or free: one item, or two.
    #[serde(alias = "BXGY", alias = "BUY_X_GET_Y")]
    Bogo,
    /// Frequently bought together: two or three items, the first of them the trigger.
    Fbt,
    /// Two items that complete each other by what they are.
    Fixed,
    /// Two to four items that are alike; the customer picks two or more.
    MixMatch,
    /// More pieces of one item, cheaper by tiers.
    #[serde(alias = "VOLUME_DISCOUNT", alias = "VOLUME_BREAK")]
    Volume,
}

impl BundleType {
    /// Every type, in order.
    #[cfg(test)]
    pub const ALL: [Self; 5] = [Self::Bogo, Self::Fbt, Self::Fixed, Self::MixMatch, Self::Volume];

    /// The canonical name, as tables and hashes have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bogo => "BOGO",
            Self::Fbt => "FBT",
            Self::Fixed => "FIXED",
            Self::MixMatch => "MIX_MATCH",
            Self::Volume => "VOLUME",
        }
    }

    /// The type of a canonical or an older name (section 3.3), in any case; `None` for an unknown one.
    pub fn of_name(name: &str) -> Option<Self> {
        match name.to_ascii_uppercase().as_str() {
            "BOGO" | "BXGY" | "BUY_X_GET_Y" => Some(Self::Bogo),
            "FBT" => Some(Self::Fbt),
            "FIXED" => Some(Self::Fixed),
            "MIX_MATCH" => Some(Self::MixMatch),
            "VOLUME" | "VOLUME_DISCOUNT" | "VOLUME_BREAK" => Some(Self::Volume),
            _ => None,
        }
    }

    /// How many items such a bundle has, least and most (section 3.3).
    pub const fn item_counts(self) -> (usize, usize) {
        match self {
            Self::Bogo => (1, 2),
            Self::Fbt => (2, 3),
            Self::Fixed => (2, 2),
            Self::MixMatch => (2, 4),
            Self::Volume => (1, 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_names_lead_to_the_canonical_ones_and_unknown_ones_nowhere() {
        for (name, expected) in [
            ("VOLUME_DISCOUNT", BundleType::Volume),
            ("VOLUME_BREAK", BundleType::Volume),
            ("Volume", BundleType::Volume),
            ("BXGY", BundleType::Bogo),
            ("BUY_X_GET_Y", BundleType::Bogo),
        ] {
            assert_eq!(BundleType::of_name(name), Some(expected), "{name}");
            let upper = format!("\"{}\"", name.to_uppercase());
            assert_eq!(serde_json::from_str::<BundleType>(&upper).unwrap(), expected, "{name}");
        }
        assert_eq!(BundleType::of_name("XFORY"), None);
        for kind in BundleType::ALL {
            assert_eq!(BundleType::of_name(kind.name()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
        assert!(BundleType::ALL.is_sorted_by_key(|kind| kind.name()));
    }
}
