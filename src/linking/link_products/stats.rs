//! The figures printed at the end of a run, in the order of the original's final report.

use std::collections::BTreeMap;

use polars::prelude::DataFrame;

use super::{
    cascade::{Findings, Learned, Outcome, Reason},
    params::Rules,
    rows::{NO_RETAILER, Rejected, Sides},
};
use crate::{
    linking::{method::Method, report::ReportRows},
    operator::StageError,
};

/// From this confidence on a link is of high confidence.
const HIGH: f64 = 0.95;

/// The histogram of similarities has so many bins from 0 to 1; a similarity of 1 has one of its own.
const BINS: f64 = 50.0;

/// The report dataset of a run.
pub fn report(sides: &Sides<'_>, findings: &Findings<'_>, rules: &Rules) -> Result<DataFrame, StageError> {
    let Findings { outcomes, learned } = findings;
    let count = Counts::of(sides, outcomes);
    let total = (outcomes.len() + sides.rejected_catalog.len()) as u64;
    let mut report = ReportRows::default();
    report.of("totals", "Total catalog products", total, None);
    report.of("totals", "Successfully linked", count.linked, Some(total));
    report.of("totals", "High confidence (≥95%)", count.high, Some(total));
    report.of("totals", "Medium confidence (85-95%)", count.linked - count.high, Some(total));
    report.of("totals", "Not linked (low confidence)", total - count.linked, Some(total));
    report.ranked("by method", count.methods.into_iter().map(|(name, n)| (name.name().to_owned(), n)), count.linked);
    report.ranked(
        "by retailer",
        count.retailers.into_iter().map(|(retailer, n)| (retailer_name(sides, retailer), n)),
        count.linked,
    );
    if !rules.original {
        let not_linked = total - count.linked;
        report.ranked("not linked, by reason", count.reasons.into_iter(), not_linked);
        report.ranked(
            "not linked, by retailer",
            count.unlinked_retailers.into_iter().map(|(retailer, n)| (retailer_name(sides, retailer), n)),
            not_linked,
        );
        report.ranked(
            "near misses, of those not linked",
            count.near_misses.into_iter().map(|(retailer, n)| (retailer_name(sides, retailer), n)),
            not_linked,
        );
        let compared = count.similarities.values().sum();
        for (bin, n) in count.similarities {
            report.of("similarity of the best title", &bin_name(bin), n, Some(compared));
        }
        what_was_learned(sides, learned, &mut report);
    }
    report.into_frame()
}

/// Addresses and codes that are not one product's own, and what was made of them.
fn what_was_learned(sides: &Sides<'_>, learned: &Learned<'_>, report: &mut ReportRows) {
    for (retailer, (products, telling)) in &learned.shared_addresses {
        let name = retailer_name(sides, *retailer);
        let told =
            if telling.is_empty() { "nothing tells them apart".to_owned() } else { format!("told apart by {telling}") };
        report.of("products that share an address", &format!("{name}: {told}"), *products, None);
    }
    for (retailer, products) in &learned.shared_codes {
        report.of("unlike products that share a code", &retailer_name(sides, *retailer), *products, None);
    }
    let mut silent = sides.catalog.silent_codes.clone();
    for (retailer, codes) in &sides.products.silent_codes {
        *silent.entry(*retailer).or_default() += codes;
    }
    for (retailer, codes) in silent {
        report.of("codes that say nothing", &retailer_name(sides, retailer), codes, None);
    }
}

/// Rounding errors of a bin's own border do not move it into the bin before.
fn bin(similarity: f64) -> u32 {
    (similarity * BINS + 1e-9).floor() as u32
}

fn bin_name(bin: u32) -> String {
    let border = |bin: u32| f64::from(bin) / BINS;
    if border(bin) >= 1.0 { "1.00".to_owned() } else { format!("{:.2} to {:.2}", border(bin), border(bin + 1)) }
}

fn retailer_name(sides: &Sides<'_>, retailer: u32) -> String {
    sides.retailers.get(retailer as usize).map_or_else(|| "(none)".to_owned(), |name| (*name).to_owned())
}

/// Counts in order of first appearance, which breaks ties.
#[derive(Default)]
struct Counts {
    linked: u64,
    high: u64,
    methods: Vec<(Method, u64)>,
    retailers: Vec<(u32, u64)>,
    unlinked_retailers: Vec<(u32, u64)>,
    reasons: Vec<(String, u64)>,
    /// Rows whose best product is similar enough to be shown, but not to be linked.
    near_misses: Vec<(u32, u64)>,
    /// Rows whose best title was compared, by bin.
    similarities: BTreeMap<u32, u64>,
}

impl Counts {
    fn of(sides: &Sides<'_>, outcomes: &[Outcome]) -> Self {
        let mut counts = Self::default();
        let mut reasons: BTreeMap<Reason, u64> = BTreeMap::new();
        let mut linked = FirstSeen::new(sides.retailers.len());
        let mut unlinked = FirstSeen::new(sides.retailers.len());
        let mut near_misses = FirstSeen::new(sides.retailers.len());
        for (outcome, retailer) in outcomes.iter().zip(&sides.catalog.retailers) {
            if let Some(similarity) = outcome.candidate.and_then(|candidate| candidate.similarity) {
                *counts.similarities.entry(bin(similarity)).or_default() += 1;
            }
            if outcome.candidate.is_some_and(|candidate| candidate.method.is_none()) {
                near_misses.add(*retailer);
            }
            match (outcome.reason, outcome.candidate) {
                (None, Some(candidate)) => {
                    counts.linked += 1;
                    counts.high += u64::from(candidate.confidence >= HIGH);
                    if let Some(method) = candidate.method {
                        add(&mut counts.methods, method);
                    }
                    linked.add(*retailer);
                }
                (reason, _) => {
                    *reasons.entry(reason.unwrap_or(Reason::BelowSimilarity)).or_default() += 1;
                    unlinked.add(*retailer);
                }
            }
        }
        counts.retailers = linked.into_counts();
        counts.unlinked_retailers = unlinked.into_counts();
        counts.near_misses = near_misses.into_counts();
        counts.reasons = reasons.into_iter().map(|(reason, n)| (reason.name().to_owned(), n)).collect();
        counts.reasons.extend(rejections(&sides.rejected_catalog));
        counts
    }
}

fn rejections(rejected: &[Rejected]) -> impl Iterator<Item = (String, u64)> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for (_, reason) in rejected {
        *counts.entry(reason).or_default() += 1;
    }
    counts.into_iter().map(|(reason, n)| (format!("rejected: {reason}"), n))
}

fn add(counts: &mut Vec<(Method, u64)>, method: Method) {
    match counts.iter_mut().find(|(known, _)| *known == method) {
        Some((_, count)) => *count += 1,
        None => counts.push((method, 1)),
    }
}

/// Counts per retailer number, listed as first seen; the last place is for rows without a retailer.
struct FirstSeen {
    counts: Vec<u64>,
    order: Vec<u32>,
}

impl FirstSeen {
    fn new(retailers: usize) -> Self {
        Self { counts: vec![0; retailers + 1], order: Vec::new() }
    }

    fn add(&mut self, retailer: u32) {
        let place = (retailer as usize).min(self.counts.len() - 1);
        if self.counts[place] == 0 {
            self.order.push(retailer);
        }
        self.counts[place] += 1;
    }

    fn into_counts(self) -> Vec<(u32, u64)> {
        let Self { counts, order } = self;
        let of = |retailer: u32| if retailer == NO_RETAILER { counts.last() } else { counts.get(retailer as usize) };
        order.into_iter().map(|retailer| (retailer, of(retailer).copied().unwrap_or_default())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_similarity_lies_in_the_bin_that_begins_with_it() {
        for hundredths in (0..=100).step_by(2) {
            let similarity = f64::from(hundredths) / 100.0;
            assert!(bin_name(bin(similarity)).starts_with(&format!("{similarity:.2}")));
        }
        assert_eq!(bin_name(bin(0.8999)), "0.88 to 0.90");
        assert_eq!(bin_name(bin(0.9999)), "0.98 to 1.00");
        assert_eq!(bin_name(bin(1.0)), "1.00");
    }
}
