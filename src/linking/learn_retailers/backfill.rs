//! Patterns as the original's backfill initialises them, from tonight's links alone (section 6).

use std::collections::BTreeMap;

use super::{
    attempts::Attempt,
    outputs::{Learned, Pattern},
};

/// A stability above this means a stable path.
pub const PATH_STABLE: f64 = 0.80;

#[derive(Default)]
struct Tally<'a> {
    total: u64,
    linked: u64,
    url_changes: u64,
    /// In order of first appearance, which breaks ties.
    methods: Vec<(&'a str, u64)>,
    confidences: u64,
    /// Added up from left to right, as Python's `sum` did up to version 3.11.
    confidence_sum: f64,
}

/// Learns from attempts in catalog order. Retailers without a link are left out.
pub fn learn(attempts: &[Attempt<'_>], measured: &str) -> Learned {
    let mut tallies: BTreeMap<&str, Tally<'_>> = BTreeMap::new();
    for attempt in attempts {
        let tally = tallies.entry(attempt.retailer).or_default();
        tally.total += 1;
        tally.linked += u64::from(attempt.success);
        if attempt.is_match() {
            tally.url_changes += u64::from(attempt.url_changed);
            tally.confidences += 1;
            tally.confidence_sum += attempt.confidence;
            match tally.methods.iter_mut().find(|(method, _)| *method == attempt.method) {
                Some((_, count)) => *count += 1,
                None => tally.methods.push((attempt.method, 1)),
            }
        }
    }
    let mut learned = Learned::default();
    for (retailer, tally) in tallies {
        learned.totals.insert(retailer.to_owned(), (tally.linked, tally.total));
        if tally.linked > 0 {
            learned.patterns.insert(retailer.to_owned(), pattern(&tally, measured));
        }
    }
    learned
}

fn pattern(tally: &Tally<'_>, measured: &str) -> Pattern {
    let (linked, total) = (tally.linked as f64, tally.total as f64);
    let stability = 1.0 - (tally.url_changes as f64 / linked);
    let mut best = ("url", 0);
    for (method, count) in &tally.methods {
        if *count > best.1 {
            best = (method, *count);
        }
    }
    let threshold = if tally.confidences == 0 { 0.85 } else { tally.confidence_sum / tally.confidences as f64 };
    let notes = format!(
        "Initialized from backfill: {} products linked ({:.1}% success rate). URL stability: {:.1}%. Primary method: {}.",
        tally.linked,
        linked / total * 100.0,
        stability * 100.0,
        best.0,
    );
    Pattern {
        url_stability_score: Some(stability),
        last_measured: Some(measured.to_owned()),
        sample_size: i64::try_from(tally.linked).ok(),
        product_code_stable: Some(1),
        path_stable: Some(i64::from(stability > PATH_STABLE)),
        image_urls_consistent: Some(1),
        best_dedup_method: Some(best.0.to_owned()),
        dedup_confidence_threshold: Some(threshold),
        url_changes_detected: i64::try_from(tally.url_changes).ok(),
        code_changes_detected: Some(0),
        image_url_changes_detected: Some(0),
        notes: Some(notes),
    }
}
