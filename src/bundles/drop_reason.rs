//! Why a bundle is not offered.

use super::items::ItemFacts;

/// Why a bundle was dropped, as reports count it (section 10.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DropReason {
    /// An item is out of stock.
    OutOfStock,
    /// It may not be offered: an item is not active or a gift card, or the text makes a promise that is not allowed.
    PolicyBlock,
    /// It earns too little.
    BelowMargin,
    /// It is there already.
    DuplicateSku,
    /// Others are better.
    LowScore,
    /// It has no proper price.
    PriceAnomaly,
    /// It has no text.
    CopyFail,
    /// Anything else.
    FinalizeTxFail,
}

impl DropReason {
    /// The name, as reports have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OutOfStock => "OUT_OF_STOCK",
            Self::PolicyBlock => "POLICY_BLOCK",
            Self::BelowMargin => "BELOW_MARGIN",
            Self::DuplicateSku => "DUPLICATE_SKU",
            Self::LowScore => "LOW_SCORE",
            Self::PriceAnomaly => "PRICE_ANOMALY",
            Self::CopyFail => "COPY_FAIL",
            Self::FinalizeTxFail => "FINALIZE_TX_FAIL",
        }
    }

    /// The reason for an issue that a check names.
    pub fn of_issue(issue: &str) -> Self {
        match issue {
            "out_of_stock" => Self::OutOfStock,
            "policy_violation" | "inactive_product" => Self::PolicyBlock,
            "pricing_error" => Self::PriceAnomaly,
            _ => Self::FinalizeTxFail,
        }
    }

    /// Why a bundle of `items` cannot be had or may not be offered.
    pub fn of_items(items: &[&ItemFacts]) -> Option<Self> {
        if items.iter().any(|item| !item.is_offered) {
            return Some(Self::PolicyBlock);
        }
        items.iter().any(|item| !item.is_in_stock()).then_some(Self::OutOfStock)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundles::items::testing::item;

    #[test]
    fn issues_have_their_reasons() {
        for (issue, reason) in [
            ("out_of_stock", "OUT_OF_STOCK"),
            ("policy_violation", "POLICY_BLOCK"),
            ("pricing_error", "PRICE_ANOMALY"),
            ("inactive_product", "POLICY_BLOCK"),
            ("missing_catalog", "FINALIZE_TX_FAIL"),
            ("something", "FINALIZE_TX_FAIL"),
        ] {
            assert_eq!(DropReason::of_issue(issue).name(), reason, "{issue}");
        }
    }

    #[test]
    fn what_cannot_be_had_or_may_not_be_offered_is_dropped() {
        let there = item(0, 100);
        let gone = ItemFacts { stock: Some(0), ..item(1, 100) };
        let archived = ItemFacts { is_offered: false, ..item(2, 100) };
        let uncounted = ItemFacts { stock: None, ..item(3, 100) };
        assert_eq!(DropReason::of_items(&[&there, &uncounted]), None);
        assert_eq!(DropReason::of_items(&[&there, &gone]), Some(DropReason::OutOfStock));
        assert_eq!(DropReason::of_items(&[&gone, &archived]), Some(DropReason::PolicyBlock));
    }
}
