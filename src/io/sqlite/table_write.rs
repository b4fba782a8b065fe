//! A write of rows into a table under way, in a transaction that somebody else commits.

use std::{path::Path, time::Duration};

use polars::prelude::{LazyFrame, PolarsError, SortMultipleOptions};
use rusqlite::{Connection, ErrorCode};

use super::{
    super::{IoError, ReadWatch},
    bind::Batch,
    sink::{Layout, SqliteSink},
};
use crate::operator::for_each_batch;

/// Rows given to a table, and keys it did not have.
#[derive(Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) rows: u64,
    pub(super) unmatched: u64,
}

/// A write under way.
pub(super) struct TableWrite<'a> {
    pub(super) database: &'a Path,
    pub(super) connection: &'a Connection,
    pub(super) sink: &'a SqliteSink,
    pub(super) busy_timeout: Duration,
    pub(super) fail: &'a dyn Fn(&str),
    pub(super) watch: &'a ReadWatch<'a>,
}

impl TableWrite<'_> {
    pub(super) fn refused(&self, error: rusqlite::Error) -> IoError {
        let doing = format!("cannot write table '{}'", self.sink.table);
        IoError::sqlite(self.database, doing, self.busy_timeout, error)
    }

    pub(super) fn frame_refused(&self, source: PolarsError) -> IoError {
        IoError::Frame { what: format!("the rows for table '{}'", self.sink.table), source }
    }

    /// A row that the table's own rules refuse is told by its 1-based place.
    pub(super) fn row_refused(&self, rows_before: u64, error: rusqlite::Error) -> IoError {
        if error.sqlite_error_code() != Some(ErrorCode::ConstraintViolation) {
            return self.refused(error);
        }
        IoError::Table {
            path: self.database.to_owned(),
            table: self.sink.table.clone(),
            problem: format!("row {} is refused: {error}", rows_before + 1),
            mend: "let the stage's expectations say the same (unique, not_null), and mend the stage".to_owned(),
        }
    }

    pub(super) fn batch_done(&self, rows: usize) -> Result<(), IoError> {
        self.watch.progress.advance(rows as u64);
        (self.fail)("sqlite-batch");
        self.watch.check()
    }

    /// Runs `sql` with each row's values; the first `keys` columns must not be null.
    pub(super) fn insert_rows(&self, sql: &str, keys: usize, frame: LazyFrame) -> Result<u64, IoError> {
        let mut insert = self.connection.prepare(sql).map_err(|error| self.refused(error))?;
        let mut rows = 0;
        for_each_batch(
            frame,
            |error| self.frame_refused(error),
            |batch| {
                let batch = Batch::new(self.database, &self.sink.table, &batch)?;
                if batch.null_in_first(keys).is_some() {
                    return Err(IoError::Table {
                        path: self.database.to_owned(),
                        table: self.sink.table.clone(),
                        problem: "a row's key is null, so that it would be added again every night".to_owned(),
                        mend: "filter such rows in the stage, or expect not_null on the key".to_owned(),
                    });
                }
                for row in 0..batch.height() {
                    batch.bind(&mut insert, row).map_err(|error| self.refused(error))?;
                    insert.raw_execute().map_err(|error| self.row_refused(rows, error))?;
                    rows += 1;
                }
                self.batch_done(batch.height())
            },
        )?;
        Ok(rows)
    }
}

/// Sorted by the key when it is a single column; of rows with the same key the last still comes last.
pub(super) fn in_key_order(layout: &Layout, frame: LazyFrame) -> LazyFrame {
    match layout.keys.as_slice() {
        [key] => frame.sort([key.table.as_str()], SortMultipleOptions::default().with_maintain_order(true)),
        _ => frame,
    }
}
