//! Rows that a source could not use, with the reason for each.

use polars::prelude::{BooleanChunked, Column, DataFrame, NamedFrom, NewChunkedArray, PolarsResult, Series};

use crate::operator::{self, ColumnKind, PortSchema};

/// The longest part of a refused value that is kept, in characters.
const VALUE_LENGTH: usize = 200;

/// Collects rejected rows; a row is rejected once, for the first thing found wrong with it.
#[derive(Default)]
pub(super) struct Rejects {
    row: Vec<i64>,
    column: Vec<String>,
    value: Vec<String>,
    reason: Vec<String>,
}

impl Rejects {
    /// Rejects the row at the 1-based position `row`, unless it is already.
    pub(super) fn add(&mut self, row: u64, column: &str, value: &str, reason: impl Into<String>) {
        let row = i64::try_from(row).unwrap_or(i64::MAX);
        if self.row.last() == Some(&row) {
            return;
        }
        self.row.push(row);
        self.column.push(column.to_owned());
        self.value.push(value.chars().take(VALUE_LENGTH).collect());
        self.reason.push(reason.into());
    }

    /// Takes the rejected rows out of a frame in which the row at position `p` (1-based) is row `p - 1`.
    pub(super) fn drop_from(&self, frame: DataFrame) -> PolarsResult<DataFrame> {
        if self.row.is_empty() {
            return Ok(frame);
        }
        let mut keep = vec![true; frame.height()];
        for row in &self.row {
            let index = usize::try_from(row.saturating_sub(1)).unwrap_or(usize::MAX);
            if let Some(flag) = keep.get_mut(index) {
                *flag = false;
            }
        }
        frame.filter(&BooleanChunked::from_slice("keep".into(), &keep))
    }

    /// The `rejected` dataset: row, column, value, reason.
    pub(super) fn into_frame(self) -> PolarsResult<DataFrame> {
        let height = self.row.len();
        let text = |name: &str, values: &[String]| -> Column { Series::new(name.into(), values).into() };
        DataFrame::new(
            height,
            vec![
                Series::new("row".into(), &self.row).into(),
                text("column", &self.column),
                text("value", &self.value),
                text("reason", &self.reason),
            ],
        )
    }
}

/// The columns of every source's `rejected` dataset.
pub fn rejected_schema() -> PortSchema {
    let column = operator::Column::new;
    vec![
        column("row", ColumnKind::Int),
        column("column", ColumnKind::Text),
        column("value", ColumnKind::Text),
        column("reason", ColumnKind::Text),
    ]
}
