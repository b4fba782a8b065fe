//! A write of rows into a table under way, in a transaction that somebody else commits.

use std::{path::Path, time::Duration};

use polars::prelude::{LazyFrame, PolarsError, SortMultipleOptions};
use rusqlite::{Connection, ErrorCode, Statement};

use super::{
    super::{IoError, ReadWatch},
    bind::Batch,
    sink::{Layout, SqliteSink},
    statements,
};
use crate::operator::for_each_batch;

/// What became of the rows given to a table.
#[derive(Clone, Copy, Default)]
pub(super) struct Counts {
    /// How many were given.
    pub(super) rows: u64,
    /// Those whose keys an update did not find.
    pub(super) unmatched: u64,
    /// Those that triggers or constraints of the table left out.
    pub(super) left_out: u64,
    /// Rows added, changed and deleted by statements of ours.
    pub(super) changed: u64,
    /// Rows that triggers changed beside.
    pub(super) by_triggers: u64,
}

/// Looks whether a row that was given with its key is in the table: a trigger or constraint may have left it out.
pub(super) struct Landed<'c> {
    by_key: Statement<'c>,
    equal: Statement<'c>,
}

impl<'c> Landed<'c> {
    pub(super) fn new(write: &TableWrite<'c>, layout: &Layout) -> rusqlite::Result<Self> {
        Ok(Self {
            by_key: write.connection.prepare(&statements::find(write.sink, layout))?,
            equal: write.connection.prepare(&statements::find_equal(write.sink, layout))?,
        })
    }

    /// After a statement that changed `changed` rows: a row that was not changed must have the values already.
    pub(super) fn holds(&mut self, batch: &Batch, row: usize, changed: usize) -> rusqlite::Result<bool> {
        let statement = if changed == 0 { &mut self.equal } else { &mut self.by_key };
        is_found(statement, batch, row)
    }
}

/// Whether a query with the values of a row as its parameters gives a row.
pub(super) fn is_found(statement: &mut Statement<'_>, batch: &Batch, row: usize) -> rusqlite::Result<bool> {
    batch.bind_first(statement.parameter_count(), statement, row)?;
    let mut rows = statement.raw_query();
    rows.next().map(|row| row.is_some())
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
    pub(super) fn insert_rows(
        &self,
        sql: &str,
        keys: usize,
        frame: LazyFrame,
        mut look: Option<Landed<'_>>,
    ) -> Result<Counts, IoError> {
        let refused = |error| self.refused(error);
        let mut insert = self.connection.prepare(sql).map_err(refused)?;
        let mut counts = Counts::default();
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
                    batch.bind(&mut insert, row).map_err(refused)?;
                    let changed = insert.raw_execute().map_err(|error| self.row_refused(counts.rows, error))?;
                    counts.rows += 1;
                    counts.changed += changed as u64;
                    if let Some(look) = &mut look {
                        counts.left_out += u64::from(!look.holds(&batch, row, changed).map_err(refused)?);
                    }
                }
                self.batch_done(batch.height())
            },
        )?;
        Ok(counts)
    }
}

/// Sorted by the key when it is a single column; of rows with the same key the last still comes last.
pub(super) fn in_key_order(layout: &Layout, frame: LazyFrame) -> LazyFrame {
    match layout.keys.as_slice() {
        [key] => frame.sort([key.table.as_str()], SortMultipleOptions::default().with_maintain_order(true)),
        _ => frame,
    }
}
