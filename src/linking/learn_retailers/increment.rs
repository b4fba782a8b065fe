//! Patterns as the original's learner updates them, attempt by attempt (section 7).

use super::{
    attempts::Attempt,
    outputs::{Learned, Pattern, Patterns},
};

/// Adds attempts, in catalog order, to what is known. Only retailers with an attempt are given.
pub fn learn(attempts: &[Attempt<'_>], mut known: Patterns, measured: &str) -> Learned {
    let mut learned = Learned::default();
    for attempt in attempts {
        let totals = learned.totals.entry(attempt.retailer.to_owned()).or_default();
        totals.0 += u64::from(attempt.success);
        totals.1 += 1;
        match known.get_mut(attempt.retailer) {
            Some(pattern) => update(pattern, attempt, measured),
            None => _ = known.insert(attempt.retailer.to_owned(), initial(attempt, measured)),
        }
    }
    known.retain(|retailer, _| learned.totals.contains_key(retailer));
    learned.patterns = known;
    learned
}

fn update(pattern: &mut Pattern, attempt: &Attempt<'_>, measured: &str) {
    let sample = pattern.sample_size.unwrap_or_default() + 1;
    let changes = pattern.url_changes_detected.unwrap_or_default() + i64::from(attempt.url_changed);
    pattern.sample_size = Some(sample);
    pattern.url_changes_detected = Some(changes);
    pattern.url_stability_score = Some(1.0 - (changes as f64 / sample as f64));
    if attempt.success && attempt.confidence > pattern.dedup_confidence_threshold.unwrap_or(0.85) {
        pattern.best_dedup_method = Some(attempt.method.to_owned());
        pattern.dedup_confidence_threshold = Some(attempt.confidence);
    }
    pattern.last_measured = Some(measured.to_owned());
}

fn initial(attempt: &Attempt<'_>, measured: &str) -> Pattern {
    let changed = i64::from(attempt.url_changed);
    Pattern {
        url_stability_score: Some(if attempt.url_changed { 0.0 } else { 1.0 }),
        last_measured: Some(measured.to_owned()),
        sample_size: Some(1),
        product_code_stable: Some(1),
        path_stable: Some(1 - changed),
        image_urls_consistent: Some(1),
        best_dedup_method: Some(attempt.method.to_owned()),
        dedup_confidence_threshold: Some(attempt.confidence),
        url_changes_detected: Some(changed),
        code_changes_detected: Some(0),
        image_url_changes_detected: Some(0),
        notes: Some(format!("Initialized from first linking attempt using {}", attempt.method)),
    }
}
