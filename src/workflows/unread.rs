//! Rows that a source could not read: an operator that says which rows it did not use says these too.

use polars::prelude::*;

use super::columns::{self, column};
use crate::operator::{ColumnKind, InputPort, StageError};

/// Rows that a source could not read, in order: their numbers among all rows, from 1, and the reasons.
#[derive(Default)]
pub struct Unread(Vec<(u64, String)>);

impl Unread {
    /// The port of a source's dataset of rejected rows.
    pub const PORT: InputPort = InputPort::optional(
        "unread",
        &[("row", ColumnKind::Int), ("column", ColumnKind::Text), ("reason", ColumnKind::Text)],
        "The rows that the source could not read, its dataset `….rejected`: they are rejected here too.",
    );

    /// The rows of that port.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn read(frame: Option<LazyFrame>) -> Result<Self, StageError> {
        let Some(frame) = frame else { return Ok(Self::default()) };
        let frame = columns::collect(frame)?;
        let texts = columns::texts(&frame, "column")?.iter().zip(columns::texts(&frame, "reason")?.iter());
        let rows = columns::integers(&frame, "row")?.iter().zip(texts);
        let mut unread: Vec<(u64, String)> = rows
            .map(|(row, (column, reason))| {
                let (column, reason) = (column.unwrap_or_default(), reason.unwrap_or_default());
                let words = if column.is_empty() { reason.to_owned() } else { format!("{column}: {reason}") };
                (row.and_then(|row| u64::try_from(row).ok()).unwrap_or_default(), words)
            })
            .collect();
        unread.sort();
        Ok(Self(unread))
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.len() as u64
    }

    /// A frame of them and of others that were read and not used: the row's number among all from 1, its id in a column of
    /// that name, the reason. `others` are in order, with their places among the rows that were read, from 0.
    ///
    /// # Errors
    /// When the frame cannot be made.
    pub fn rejected<'a>(
        &'a self,
        id: &str,
        others: impl Iterator<Item = (u64, Option<&'a str>, String)>,
    ) -> Result<DataFrame, StageError> {
        let unread = self.0.iter().map(|(number, reason)| (*number, None, reason.clone()));
        let mut rows: Vec<(u64, Option<&str>, String)> = unread.collect();
        let mut before = 0;
        for (place, id, reason) in others {
            let mut number = place + 1 + before as u64;
            while self.0.get(before).is_some_and(|(unread, _)| *unread <= number) {
                before += 1;
                number += 1;
            }
            rows.push((number, id, reason));
        }
        rows.sort_by_key(|(number, ..)| *number);
        columns::frame(vec![
            column("row", rows.iter().map(|(number, ..)| i64::try_from(*number).unwrap_or(i64::MAX))),
            column(id, rows.iter().map(|(_, id, _)| *id)),
            column("reason", rows.iter().map(|(.., reason)| reason.as_str())),
        ])
    }
}
