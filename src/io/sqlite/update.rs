//! Updating a table's rows by key: row by row where an index finds them, else as one set.

use std::fmt::Write;

use polars::prelude::LazyFrame;
use rusqlite::Statement;

use super::{
    super::IoError,
    bind::Batch,
    quote,
    sink::Layout,
    table::{TableInfo, declared_for, kind_of_declared},
    table_write::{Counts, TableWrite, in_key_order},
};
use crate::operator::for_each_batch;

/// The temporary table of an update by columns without an index.
const STAGING: &str = "temp._nightloom_update";

impl TableWrite<'_> {
    /// Changes the rows whose keys are in the frame; a row that already has the values is left alone, so that a
    /// second night writes only what changed.
    pub(super) fn update(&self, layout: &Layout, frame: LazyFrame) -> Result<Counts, IoError> {
        let table = TableInfo::load(self.connection, &self.sink.table).map_err(|error| self.refused(error))?;
        match table {
            Some(table) if !table.is_indexed(&layout.key_names()) => self.update_as_set(layout, frame, &table),
            _ => self.update_by_row(layout, frame),
        }
    }

    /// The frame is visited in the order of its key, so that neighbouring rows share pages.
    fn update_by_row(&self, layout: &Layout, frame: LazyFrame) -> Result<Counts, IoError> {
        let refused = |error| self.refused(error);
        let table = quote(&self.sink.table);
        let keys = layout.keys.len();
        let found = numbered(&layout.keys, 1, " AND ", |column, place| format!("{column} = ?{place}"));
        let set = numbered(&layout.values, keys + 1, ", ", |column, place| format!("{column} = ?{place}"));
        let differs = numbered(&layout.values, keys + 1, " OR ", |column, place| format!("{column} IS NOT ?{place}"));
        let update = format!("UPDATE {table} SET {set} WHERE {found} AND ({differs})");
        let mut update = self.connection.prepare(&update).map_err(refused)?;
        let mut exists = self.connection.prepare(&format!("SELECT 1 FROM {table} WHERE {found}")).map_err(refused)?;
        let mut counts = Counts::default();
        for_each_batch(
            in_key_order(layout, frame),
            |error| self.frame_refused(error),
            |batch| {
                let batch = Batch::new(self.database, &self.sink.table, &batch)?;
                for row in 0..batch.height() {
                    batch.bind(&mut update, row).map_err(refused)?;
                    let changed = update.raw_execute().map_err(|error| self.row_refused(counts.rows, error))?;
                    counts.rows += 1;
                    if changed == 0 && !is_there(&mut exists, &batch, keys, row).map_err(refused)? {
                        counts.unmatched += 1;
                    }
                }
                self.batch_done(batch.height())
            },
        )?;
        Ok(counts)
    }

    /// The frame goes to a temporary table that is joined with the table once.
    fn update_as_set(&self, layout: &Layout, frame: LazyFrame, table: &TableInfo) -> Result<Counts, IoError> {
        let refused = |error| self.refused(error);
        let declared = |name: &str, kind| match table.column(name) {
            Some(column) => declared_for(kind_of_declared(&column.declared)),
            None => declared_for(kind),
        };
        let mut definition: String = (0..)
            .zip(layout.all())
            .map(|(place, target): (usize, _)| format!("c{place} {}, ", declared(&target.table, target.kind)))
            .collect();
        let keys = (0..layout.keys.len()).map(|place| format!("c{place}")).collect::<Vec<_>>().join(", ");
        let _ = write!(definition, "PRIMARY KEY ({keys})");
        self.connection.execute_batch(&format!("CREATE TABLE {STAGING} ({definition})")).map_err(refused)?;
        let places = vec!["?"; layout.all().count()].join(", ");
        let rows = self.insert_rows(&format!("INSERT OR REPLACE INTO {STAGING} VALUES ({places})"), 0, frame)?;

        let name = quote(&self.sink.table);
        let found = staged(&layout.keys, 0, " AND ", |column, staged| format!("{name}.{column} = u.{staged}"));
        let first = layout.keys.len();
        let set = staged(&layout.values, first, ", ", |column, staged| format!("{column} = u.{staged}"));
        let differs =
            staged(&layout.values, first, " OR ", |column, staged| format!("{name}.{column} IS NOT u.{staged}"));
        let unmatched = format!(
            "SELECT (SELECT count(*) FROM {STAGING}) - (SELECT count(*) FROM \
             (SELECT DISTINCT {keys} FROM {name} CROSS JOIN {STAGING} AS u ON {found}))"
        );
        let unmatched: i64 = self.connection.query_row(&unmatched, [], |row| row.get(0)).map_err(refused)?;
        let update = format!("UPDATE {name} SET {set} FROM {STAGING} AS u WHERE {found} AND ({differs})");
        self.connection.execute(&update, []).map_err(refused)?;
        self.connection.execute_batch(&format!("DROP TABLE {STAGING}")).map_err(refused)?;
        Ok(Counts { rows, unmatched: u64::try_from(unmatched).unwrap_or_default() })
    }
}

fn is_there(exists: &mut Statement<'_>, batch: &Batch, keys: usize, row: usize) -> rusqlite::Result<bool> {
    batch.bind_first(keys, exists, row)?;
    let mut rows = exists.raw_query();
    rows.next().map(|row| row.is_some())
}

fn numbered(
    targets: &[super::sink::Target],
    first: usize,
    between: &str,
    part: impl Fn(&str, usize) -> String,
) -> String {
    let parts: Vec<_> =
        targets.iter().enumerate().map(|(index, target)| part(&quote(&target.table), first + index)).collect();
    parts.join(between)
}

fn staged(targets: &[super::sink::Target], first: usize, between: &str, part: impl Fn(&str, &str) -> String) -> String {
    numbered(targets, first, between, |column, place| part(column, &format!("c{place}")))
}
