//! The levels of the cascade as data: which are tried for a retailer, in which order.

use std::collections::{HashMap, HashSet};

use polars::prelude::DataFrame;

use super::params::Rules;
use crate::{
    linking::{columns, method::Method},
    operator::StageError,
};

/// What the notes of a pattern say while the retailer's URLs are not trusted alone; see [`is_unstable`].
pub const ALSO_COMPARE: &str = "also_compare=on";
/// What they say while they are.
pub const NOT_ALSO_COMPARE: &str = "also_compare=off";

/// The stability from which a distrusted retailer is trusted again.
pub const STABLE_AGAIN: f64 = 0.60;
/// The stability below which a retailer's URLs are not trusted alone.
pub const UNSTABLE: f64 = 0.50;

/// One level of the cascade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// How it finds a product.
    pub method: Method,
    /// Whether a match counts only if title or price agrees.
    pub needs_agreement: bool,
}

const fn level(method: Method) -> Level {
    Level { method, needs_agreement: false }
}

const fn agreeing(method: Method) -> Level {
    Level { method, needs_agreement: true }
}

/// The original's levels, and those it leaves when it prefers fuzzy matching.
const ORIGINAL: &[Level] = &[
    level(Method::ExactUrl),
    level(Method::NormalizedUrl),
    level(Method::ProductCode),
    level(Method::ExactTitlePrice),
    level(Method::FuzzyTitlePrice),
];
const ORIGINAL_UNSTABLE: &[Level] = &[level(Method::ExactTitlePrice), level(Method::FuzzyTitlePrice)];

/// The corrected levels; for retailers whose URLs change, in order of confidence, so that the most confident match wins.
const CORRECTED: &[Level] = &[
    level(Method::ExactUrl),
    level(Method::NormalizedUrl),
    level(Method::CanonicalUrl),
    level(Method::ProductCode),
    level(Method::ExactTitlePrice),
    level(Method::FuzzyTitlePrice),
];
const CORRECTED_UNSTABLE: &[Level] = &[
    agreeing(Method::ExactUrl),
    agreeing(Method::NormalizedUrl),
    level(Method::ExactTitlePrice),
    agreeing(Method::CanonicalUrl),
    level(Method::ProductCode),
    level(Method::FuzzyTitlePrice),
];

/// The levels for retailers with stable or unstable URLs.
pub fn plan(rules: &Rules, unstable: bool) -> &'static [Level] {
    match (rules.original, unstable) {
        (true, false) => ORIGINAL,
        (true, true) => ORIGINAL_UNSTABLE,
        (false, false) => CORRECTED,
        (false, true) => CORRECTED_UNSTABLE,
    }
}

/// What is known of a retailer's URLs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pattern<'a> {
    pub stability: Option<f64>,
    pub best_method: Option<&'a str>,
    pub sample: Option<i64>,
    pub notes: Option<&'a str>,
}

/// Whether a retailer's URLs are not to be trusted alone (section 7.2): enough links were seen, and the stability is below
/// 0.50, or not above 0.60 and it was distrusted before, or fuzzy matching serves it best.
pub fn is_unstable(pattern: Pattern<'_>, min_sample: i64) -> bool {
    let was_unstable = pattern.notes.is_some_and(|notes| notes.contains(ALSO_COMPARE));
    pattern.sample.unwrap_or_default() >= min_sample
        && (pattern.best_method == Some(Method::FuzzyTitlePrice.name())
            || pattern
                .stability
                .is_some_and(|stability| stability < UNSTABLE || (was_unstable && stability <= STABLE_AGAIN)))
}

/// What the last night that learned from all links decided, which knew how old they are; without such a night, what the
/// pattern's own figures say.
fn is_distrusted(pattern: Pattern<'_>, min_sample: i64) -> bool {
    let noted = |text| pattern.notes.is_some_and(|notes| notes.contains(text));
    let enough = pattern.sample.unwrap_or_default() >= min_sample;
    enough && (noted(ALSO_COMPARE) || (!noted(NOT_ALSO_COMPARE) && is_unstable(pattern, min_sample)))
}

/// The original's `prefer_fuzzy` (section 4.1).
fn prefers_fuzzy(pattern: Pattern<'_>) -> bool {
    pattern.stability.is_some_and(|stability| stability < UNSTABLE)
        || pattern.best_method == Some(Method::FuzzyTitlePrice.name())
}

/// The names of the retailers whose URLs are not to be trusted alone.
pub fn unstable_retailers(patterns: Option<&DataFrame>, rules: &Rules) -> Result<HashSet<String>, StageError> {
    let Some(patterns) = patterns else { return Ok(HashSet::new()) };
    let retailers = columns::texts(patterns, "retailer")?;
    let stability = columns::floats(patterns, "url_stability_score")?;
    let best_method = columns::texts(patterns, "best_dedup_method")?;
    let sample = columns::integers(patterns, "sample_size")?;
    let notes = columns::texts(patterns, "notes")?;
    let mut first: HashMap<&str, bool> = HashMap::new();
    for (row, retailer) in retailers.iter().enumerate() {
        let Some(retailer) = retailer else { continue };
        let pattern = Pattern {
            stability: stability[row],
            best_method: best_method[row],
            sample: sample[row],
            notes: notes[row],
        };
        let unstable = if rules.original { prefers_fuzzy(pattern) } else { is_distrusted(pattern, rules.min_sample) };
        first.entry(retailer).or_insert(unstable);
    }
    Ok(first.into_iter().filter(|(_, unstable)| *unstable).map(|(retailer, _)| retailer.to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(stability: f64, sample: i64, notes: &str) -> Pattern<'_> {
        Pattern { stability: Some(stability), best_method: Some("exact_url"), sample: Some(sample), notes: Some(notes) }
    }

    #[test]
    fn distrust_starts_below_a_half_and_ends_above_six_tenths() {
        assert!(is_unstable(pattern(0.49, 20, ""), 20));
        assert!(!is_unstable(pattern(0.50, 20, ""), 20));
        assert!(is_unstable(pattern(0.60, 20, "x; also_compare=on"), 20));
        assert!(!is_unstable(pattern(0.61, 20, "x; also_compare=on"), 20));
    }

    #[test]
    fn few_links_teach_nothing() {
        assert!(!is_unstable(pattern(0.0, 19, "also_compare=on"), 20));
        assert!(!is_unstable(Pattern::default(), 20));
    }

    #[test]
    fn what_the_last_night_decided_counts_more_than_the_lifetime_figures() {
        assert!(is_distrusted(pattern(0.9, 20, "x; also_compare=on"), 20));
        assert!(!is_distrusted(pattern(0.1, 20, "x; also_compare=off"), 20));
        assert!(is_distrusted(pattern(0.1, 20, "Initialized from backfill"), 20));
        assert!(!is_distrusted(pattern(0.1, 19, "x; also_compare=on"), 20));
    }

    #[test]
    fn the_original_believes_any_sample() {
        assert!(prefers_fuzzy(pattern(0.49, 1, "")));
        assert!(prefers_fuzzy(Pattern { best_method: Some("fuzzy_title_price"), ..pattern(1.0, 1, "") }));
        assert!(!prefers_fuzzy(pattern(0.5, 1, "")));
        assert!(!prefers_fuzzy(Pattern::default()));
    }
}
