//! Where our products stand: source, shop, assessment, stock and dates, in believable mixtures.

use jiff::{SignedDuration, Timestamp};

use crate::dice::Dice;

/// The columns of a product that the lifecycle rules read, and its dates.
pub struct Status {
    /// Which workflow brought the product.
    pub source: Option<&'static str>,
    /// Whether it was uploaded to our shop.
    pub shopify_status: Option<&'static str>,
    /// Its number in our shop.
    pub shopify_id: Option<i64>,
    /// The verdict of the assessment.
    pub modesty_status: Option<&'static str>,
    /// Where the assessment stands.
    pub assessment_status: Option<&'static str>,
    /// Whether it can be bought.
    pub stock_status: &'static str,
    /// When we first saw it.
    pub first_seen: String,
    /// When we last changed it.
    pub last_updated: String,
}

/// Draws a product's status as of `as_of`.
pub fn draw(as_of: Timestamp, dice: &mut Dice) -> Status {
    let (source, shopify_status, modesty_status, assessment_status) = match dice.below(1000) {
        0..40 => (Some("new_product_import"), None, Some("not_assessed"), Some("not_for_assessment")),
        40..480 => (Some("baseline_scan"), Some("published"), Some("modest"), Some("assessed")),
        480..700 => (None, Some("published"), Some("moderately_modest"), Some("assessed")),
        700..712 => (None, Some("published"), Some("not_modest"), Some("assessed")),
        712..780 => (Some("monitor"), Some("draft"), Some("not_modest"), Some("assessed")),
        780..860 => (Some("monitor"), Some("draft"), Some("pending_review"), Some("queued")),
        860..900 => (Some("monitor"), Some("not_uploaded"), Some("pending_review"), Some("queued")),
        900..930 => (
            Some("web_assessment_backfill"),
            Some("not_uploaded"),
            Some("pending_review"),
            Some("pending_modesty_review"),
        ),
        930..945 => (Some("monitor"), Some("rejected"), Some("not_modest"), Some("assessed")),
        945..970 => (None, Some("not_uploaded"), Some("not_modest"), Some("assessed")),
        _ => (None, None, None, Some("not_assessed")),
    };
    let age_days = dice.between(1, 900);
    let stock_status = match dice.below(100) {
        0..78 => "in_stock",
        78..90 => "out_of_stock",
        90..96 => "delisted",
        _ => "no_longer_available",
    };
    Status {
        source,
        shopify_status,
        shopify_id: matches!(shopify_status, Some("published" | "draft"))
            .then(|| 7_000_000_000_000 + (dice.bits() >> 24) as i64),
        modesty_status,
        assessment_status,
        stock_status,
        first_seen: instant_before(as_of, age_days, dice),
        last_updated: instant_before(as_of, dice.below(age_days), dice),
    }
}

/// ISO-8601 text of an instant about `days` days before `as_of`, never after it.
pub fn instant_before(as_of: Timestamp, days: u32, dice: &mut Dice) -> String {
    let micros =
        i64::from(days) * 86_400_000_000 + i64::from(dice.below(86_400)) * 1_000_000 + i64::from(dice.below(1_000_000));
    let instant = as_of.checked_sub(SignedDuration::from_micros(micros)).unwrap_or(as_of);
    format!("{instant:.6}").trim_end_matches('Z').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_iso_text_with_microseconds_before_the_as_of_time() {
        let as_of: Timestamp = "2026-03-01T02:00:00Z".parse().expect("an instant");
        let mut dice = Dice::new(1, 1);
        for days in [0, 1, 400] {
            let text = instant_before(as_of, days, &mut dice);
            assert_eq!(text.len(), "2026-03-01T02:00:00.000000".len(), "{text}");
            assert!(text.as_str() <= "2026-03-01T02:00:00.000000");
        }
    }
}
