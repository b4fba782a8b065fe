//! The rows of `operation_patterns`.

use polars::prelude::DataFrame;

use crate::{
    operator::{ColumnKind, StageError},
    workflows::columns,
};

/// The columns of `operation_patterns`.
pub const PATTERNS: &[(&str, ColumnKind)] = &[
    ("id", ColumnKind::Int),
    ("pattern_signature", ColumnKind::Text),
    ("pattern_type", ColumnKind::Text),
    ("occurrence_count", ColumnKind::Int),
    ("avg_tokens_with_llm", ColumnKind::Int),
    ("avg_cost_with_llm", ColumnKind::Float),
    ("avg_tokens_with_tool", ColumnKind::Int),
    ("avg_cost_with_tool", ColumnKind::Float),
    ("typical_input_pattern", ColumnKind::Text),
    ("automation_status", ColumnKind::Text),
    ("confidence_score", ColumnKind::Float),
    ("potential_monthly_savings", ColumnKind::Float),
    ("created_at", ColumnKind::Text),
    ("last_seen", ColumnKind::Text),
];

/// A row of `operation_patterns`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pattern {
    /// See [`crate::workflows::identity::pattern`].
    pub id: i64,
    /// `category:subcategory:target`.
    pub signature: String,
    /// Linked workflows.
    pub occurrence_count: i64,
    /// Mean tokens of a workflow, truncated.
    pub tokens: i64,
    /// Mean cost of a workflow, US$.
    pub cost: f64,
    /// Mean tokens that a tool would take, truncated.
    pub tool_tokens: i64,
    /// Mean cost that a tool would have, US$.
    pub tool_cost: f64,
    /// The first workflow's characteristics as JSON.
    pub typical_input: Option<String>,
    /// `detected`, or what a person set.
    pub status: String,
    /// 0 to 100.
    pub confidence: f64,
    /// US$.
    pub monthly_savings: f64,
    /// ISO 8601.
    pub created_at: String,
    /// ISO 8601.
    pub last_seen: String,
}

/// The rows of `operation_patterns`.
///
/// # Errors
/// Never for columns of one length.
pub fn frame(patterns: &[Pattern]) -> Result<DataFrame, StageError> {
    use columns::column;
    let rows = || patterns.iter();
    let category = |row: &Pattern| row.signature.split(':').next().unwrap_or_default().to_owned();
    columns::frame(vec![
        column("id", rows().map(|row| row.id)),
        column("pattern_signature", rows().map(|row| row.signature.as_str())),
        column("pattern_type", rows().map(category)),
        column("occurrence_count", rows().map(|row| row.occurrence_count)),
        column("avg_tokens_with_llm", rows().map(|row| row.tokens)),
        column("avg_cost_with_llm", rows().map(|row| row.cost)),
        column("avg_tokens_with_tool", rows().map(|row| row.tool_tokens)),
        column("avg_cost_with_tool", rows().map(|row| row.tool_cost)),
        column("typical_input_pattern", rows().map(|row| row.typical_input.as_deref())),
        column("automation_status", rows().map(|row| row.status.as_str())),
        column("confidence_score", rows().map(|row| row.confidence)),
        column("potential_monthly_savings", rows().map(|row| row.monthly_savings)),
        column("created_at", rows().map(|row| row.created_at.as_str())),
        column("last_seen", rows().map(|row| row.last_seen.as_str())),
    ])
}
