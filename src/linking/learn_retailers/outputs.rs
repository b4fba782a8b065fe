//! The datasets of `learn-retailers`.

use std::collections::BTreeMap;

use polars::prelude::DataFrame;

use super::{attempts::MethodStats, recent::RecentPatterns};
use crate::{
    linking::{
        columns::{column, floats, frame, integers, texts},
        report::{self, ReportRows},
    },
    operator::{ColumnKind, OutputPort, StageError},
};

/// The columns of `retailer_url_patterns` (section 2.3).
pub const PATTERNS: &[(&str, ColumnKind)] = &[
    ("retailer", ColumnKind::Text),
    ("url_stability_score", ColumnKind::Float),
    ("last_measured", ColumnKind::Text),
    ("sample_size", ColumnKind::Int),
    ("product_code_stable", ColumnKind::Int),
    ("path_stable", ColumnKind::Int),
    ("image_urls_consistent", ColumnKind::Int),
    ("best_dedup_method", ColumnKind::Text),
    ("dedup_confidence_threshold", ColumnKind::Float),
    ("url_changes_detected", ColumnKind::Int),
    ("code_changes_detected", ColumnKind::Int),
    ("image_url_changes_detected", ColumnKind::Int),
    ("notes", ColumnKind::Text),
];

/// A row of `retailer_url_patterns` but for its retailer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pattern {
    pub url_stability_score: Option<f64>,
    pub last_measured: Option<String>,
    pub sample_size: Option<i64>,
    pub product_code_stable: Option<i64>,
    pub path_stable: Option<i64>,
    pub image_urls_consistent: Option<i64>,
    pub best_dedup_method: Option<String>,
    pub dedup_confidence_threshold: Option<f64>,
    pub url_changes_detected: Option<i64>,
    pub code_changes_detected: Option<i64>,
    pub image_url_changes_detected: Option<i64>,
    pub notes: Option<String>,
}

/// Patterns by retailer.
pub type Patterns = BTreeMap<String, Pattern>;

/// What one way of learning gives.
#[derive(Debug, Default)]
pub struct Learned {
    pub patterns: Patterns,
    pub methods: Vec<MethodStats>,
    /// Only learned from all links.
    pub recent: RecentPatterns,
    /// By retailer: rows linked, and rows looked at.
    pub totals: BTreeMap<String, (u64, u64)>,
}

/// The ports with their columns.
pub fn ports() -> Vec<OutputPort> {
    use ColumnKind::{Bool, Float, Int, Text};
    vec![
        OutputPort::new("patterns", "One row per retailer of which something was learned.", PATTERNS),
        OutputPort::new(
            "method_stats",
            "How each method fared at each retailer; `last_used` is null when tonight did not use it.",
            &[
                ("retailer", Text),
                ("method", Text),
                ("attempts", Int),
                ("successes", Int),
                ("confidence_sum", Float),
                ("confidence_min", Float),
                ("last_used", Text),
            ],
        ),
        OutputPort::new(
            "recent_stability",
            "One row per retailer: its links by weight, which falls with their age; empty unless learned from all links.",
            &[
                ("retailer", Text),
                ("half_life_days", Float),
                ("recent_links", Float),
                ("recent_url_changes", Float),
                ("recent_stability", Float),
                ("also_compare", Bool),
                ("last_measured", Text),
            ],
        ),
        report::port("learning_report", "What was learned, retailer by retailer, as printed at the end of a run."),
    ]
}

/// The patterns of a frame; of several rows of a retailer the first counts.
pub fn read_patterns(frame: &DataFrame) -> Result<Patterns, StageError> {
    let text = |name| texts(frame, name);
    let integer = |name| integers(frame, name);
    let owned = |value: Option<&str>| value.map(str::to_owned);
    let (stability, threshold) = (floats(frame, "url_stability_score")?, floats(frame, "dedup_confidence_threshold")?);
    let (measured, method, notes) = (text("last_measured")?, text("best_dedup_method")?, text("notes")?);
    let (sample, codes, paths) = (integer("sample_size")?, integer("product_code_stable")?, integer("path_stable")?);
    let (images, url_changes) = (integer("image_urls_consistent")?, integer("url_changes_detected")?);
    let (code_changes, image_changes) = (integer("code_changes_detected")?, integer("image_url_changes_detected")?);
    let mut patterns = Patterns::new();
    for (row, retailer) in text("retailer")?.into_iter().enumerate() {
        let Some(retailer) = retailer else { continue };
        patterns.entry(retailer.to_owned()).or_insert_with(|| Pattern {
            url_stability_score: stability[row],
            last_measured: owned(measured[row]),
            sample_size: sample[row],
            product_code_stable: codes[row],
            path_stable: paths[row],
            image_urls_consistent: images[row],
            best_dedup_method: owned(method[row]),
            dedup_confidence_threshold: threshold[row],
            url_changes_detected: url_changes[row],
            code_changes_detected: code_changes[row],
            image_url_changes_detected: image_changes[row],
            notes: owned(notes[row]),
        });
    }
    Ok(patterns)
}

/// The patterns as a dataset, by retailer.
pub fn patterns(patterns: &Patterns) -> Result<DataFrame, StageError> {
    let rows = || patterns.values();
    frame(vec![
        column("retailer", patterns.keys().map(String::as_str)),
        column("url_stability_score", rows().map(|row| row.url_stability_score)),
        column("last_measured", rows().map(|row| row.last_measured.as_deref())),
        column("sample_size", rows().map(|row| row.sample_size)),
        column("product_code_stable", rows().map(|row| row.product_code_stable)),
        column("path_stable", rows().map(|row| row.path_stable)),
        column("image_urls_consistent", rows().map(|row| row.image_urls_consistent)),
        column("best_dedup_method", rows().map(|row| row.best_dedup_method.as_deref())),
        column("dedup_confidence_threshold", rows().map(|row| row.dedup_confidence_threshold)),
        column("url_changes_detected", rows().map(|row| row.url_changes_detected)),
        column("code_changes_detected", rows().map(|row| row.code_changes_detected)),
        column("image_url_changes_detected", rows().map(|row| row.image_url_changes_detected)),
        column("notes", rows().map(|row| row.notes.as_deref())),
    ])
}

/// The methods' figures as a dataset.
pub fn method_stats(stats: &[MethodStats]) -> Result<DataFrame, StageError> {
    let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    frame(vec![
        column("retailer", stats.iter().map(|row| row.retailer.as_str())),
        column("method", stats.iter().map(|row| row.method.as_str())),
        column("attempts", stats.iter().map(|row| count(row.attempts))),
        column("successes", stats.iter().map(|row| count(row.successes))),
        column("confidence_sum", stats.iter().map(|row| row.confidence_sum)),
        column("confidence_min", stats.iter().map(|row| row.confidence_min)),
        column("last_used", stats.iter().map(|row| row.last_used.as_deref())),
    ])
}

/// What was seen lately as a dataset, by retailer.
pub fn recent(recent: &RecentPatterns, half_life_days: f64, measured: &str) -> Result<DataFrame, StageError> {
    let rows = || recent.values();
    frame(vec![
        column("retailer", recent.keys().map(String::as_str)),
        column("half_life_days", rows().map(|_| half_life_days)),
        column("recent_links", rows().map(|row| row.counts.links)),
        column("recent_url_changes", rows().map(|row| row.counts.url_changes)),
        column("recent_stability", rows().map(|row| row.counts.stability())),
        column("also_compare", rows().map(|row| Some(row.also_compare))),
        column("last_measured", rows().map(|_| measured)),
    ])
}

/// The original's block per retailer: links, URL stability, URL changes, best method; retailers without a link are named.
pub fn report(patterns: &Patterns, totals: &BTreeMap<String, (u64, u64)>) -> Result<DataFrame, StageError> {
    let mut report = ReportRows::default();
    for (retailer, (linked, total)) in totals {
        let Some(pattern) = patterns.get(retailer).filter(|_| *linked > 0) else {
            report.of("retailers", &format!("{retailer}: no linked products, skipped"), 0, Some(*total));
            continue;
        };
        report.of("retailers", &format!("{retailer}: linked"), *linked, Some(*total));
        let changes = u64::try_from(pattern.url_changes_detected.unwrap_or_default()).unwrap_or_default();
        report.of("retailers", &format!("{retailer}: URL changes"), changes, Some(*linked));
        let method = pattern.best_dedup_method.as_deref().unwrap_or_default();
        report.of("retailers", &format!("{retailer}: best method {method}"), *linked, None);
    }
    report.into_frame()
}
