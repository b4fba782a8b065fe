//! What the table of patterns holds already.

use std::collections::BTreeMap;

use polars::prelude::*;

use super::{super::columns, pattern::Pattern};
use crate::operator::StageError;

/// A pattern of the table.
pub struct KnownPattern {
    /// Its row, nulls as zero or empty.
    pub row: Pattern,
    /// Whether its `created_at` is not null.
    pub has_created_at: bool,
}

/// The patterns of the table, by signature.
#[derive(Default)]
pub struct Known {
    /// By signature.
    pub patterns: BTreeMap<String, KnownPattern>,
}

impl Known {
    /// Reads the table; rows without id or signature are none.
    ///
    /// # Errors
    /// When a column is missing.
    pub fn read(patterns: Option<&DataFrame>) -> Result<Self, StageError> {
        let mut known = Self::default();
        let Some(frame) = patterns else { return Ok(known) };
        let text = |name| columns::texts(frame, name);
        let integer = |name| columns::integers(frame, name);
        let float = |name| columns::floats(frame, name);
        let (ids, signatures, counts) = (integer("id")?, text("pattern_signature")?, integer("occurrence_count")?);
        let (tokens, tool_tokens) = (integer("avg_tokens_with_llm")?, integer("avg_tokens_with_tool")?);
        let (cost, tool_cost) = (float("avg_cost_with_llm")?, float("avg_cost_with_tool")?);
        let (confidence, savings) = (float("confidence_score")?, float("potential_monthly_savings")?);
        let (input, status) = (text("typical_input_pattern")?, text("automation_status")?);
        let (created_at, last_seen) = (text("created_at")?, text("last_seen")?);
        let owned = |column: &StringChunked, row| column.get(row).map(str::to_owned);
        for row in 0..frame.height() {
            let (Some(id), Some(signature)) = (ids.get(row), owned(signatures, row)) else { continue };
            let pattern = Pattern {
                id,
                signature: signature.clone(),
                occurrence_count: counts.get(row).unwrap_or_default(),
                tokens: tokens.get(row).unwrap_or_default(),
                cost: cost.get(row).unwrap_or_default(),
                tool_tokens: tool_tokens.get(row).unwrap_or_default(),
                tool_cost: tool_cost.get(row).unwrap_or_default(),
                typical_input: owned(input, row),
                status: owned(status, row).unwrap_or_else(|| "detected".to_owned()),
                confidence: confidence.get(row).unwrap_or_default(),
                monthly_savings: savings.get(row).unwrap_or_default(),
                created_at: owned(created_at, row).unwrap_or_default(),
                last_seen: owned(last_seen, row).unwrap_or_default(),
            };
            let has_created_at = created_at.get(row).is_some();
            known.patterns.insert(signature, KnownPattern { row: pattern, has_created_at });
        }
        Ok(known)
    }
}
