//! The columns of the ports.

use crate::operator::ColumnKind;

/// The columns of a history, of which any may be missing. Their types are those of the source: what does not convert is found row by row.
pub const HISTORY: &[(&str, ColumnKind)] = &[
    ("workflow_id", ColumnKind::Any),
    ("id", ColumnKind::Any),
    ("adw_id", ColumnKind::Any),
    ("nl_input", ColumnKind::Any),
    ("workflow_template", ColumnKind::Any),
    ("error_message", ColumnKind::Any),
    ("error_count", ColumnKind::Any),
    ("duration_seconds", ColumnKind::Any),
    ("retry_count", ColumnKind::Any),
    ("total_tokens", ColumnKind::Any),
    ("actual_cost_total", ColumnKind::Any),
    ("start_time", ColumnKind::Any),
    ("created_at", ColumnKind::Any),
];

/// One row per workflow and pattern.
pub const DETECTIONS: &[(&str, ColumnKind)] = &[
    ("workflow_id", ColumnKind::Text),
    ("pattern_signature", ColumnKind::Text),
    ("input_length", ColumnKind::Int),
    ("word_count", ColumnKind::Int),
    ("keywords", ColumnKind::Texts),
    ("files_mentioned", ColumnKind::Texts),
    ("total_tokens", ColumnKind::Int),
    ("actual_cost_total", ColumnKind::Float),
    ("duration_seconds", ColumnKind::Int),
    ("error_count", ColumnKind::Int),
    ("retry_count", ColumnKind::Int),
    ("seen_at", ColumnKind::Int),
];

/// How many rows there were: name and count.
pub const COUNTS: &[(&str, ColumnKind)] = &[("name", ColumnKind::Text), ("count", ColumnKind::Int)];
