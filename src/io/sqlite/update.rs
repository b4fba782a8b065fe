//! Updating a table's rows by key: row by row where an index finds them, else as one set.

use std::fmt::Write;

use super::{
    super::IoError,
    bind::Batch,
    quote,
    sink::{Layout, Target},
    statements::{self, numbered},
    table::{TableInfo, declared_for, kind_of_declared},
    table_write::{Counts, Landed, TableWrite, in_key_order, is_found},
};
use crate::operator::for_each_batch;
use polars::prelude::LazyFrame;

/// The temporary table of an update by columns without an index.
const STAGING: &str = "temp._nightloom_update";

impl TableWrite<'_> {
    /// Changes the rows whose keys are in the frame; a row that already has the values is left alone, so that a
    /// second night writes only what changed.
    pub(super) fn update(
        &self,
        layout: &Layout,
        frame: LazyFrame,
        table: Option<&TableInfo>,
    ) -> Result<Counts, IoError> {
        match table {
            Some(table) if !table.is_indexed(&layout.key_names()) => self.update_as_set(layout, frame, table),
            _ => self.update_by_row(layout, frame, table.is_some_and(|table| table.has_own_rules)),
        }
    }

    /// The frame is visited in the order of its key, so that neighbouring rows share pages.
    fn update_by_row(&self, layout: &Layout, frame: LazyFrame, ruled: bool) -> Result<Counts, IoError> {
        let refused = |error| self.refused(error);
        let mut update = self.connection.prepare(&statements::update(self.sink, layout)).map_err(refused)?;
        let mut exists = self.connection.prepare(&statements::find(self.sink, layout)).map_err(refused)?;
        let mut look = ruled.then(|| Landed::new(self, layout)).transpose().map_err(refused)?;
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
                    counts.changed += changed as u64;
                    if changed == 0 && !is_found(&mut exists, &batch, row).map_err(refused)? {
                        counts.unmatched += 1;
                    } else if let Some(look) = &mut look {
                        counts.left_out += u64::from(!look.holds(&batch, row, changed).map_err(refused)?);
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
        let mut counts =
            self.insert_rows(&format!("INSERT OR REPLACE INTO {STAGING} VALUES ({places})"), 0, frame, None)?;

        let name = quote(&self.sink.table);
        let found = staged(&layout.keys, 0, " AND ", |column, staged| format!("{name}.{column} = u.{staged}"));
        let first = layout.keys.len();
        let set = staged(&layout.values, first, ", ", |column, staged| format!("{column} = u.{staged}"));
        let differs =
            staged(&layout.values, first, " OR ", |column, staged| format!("{name}.{column} IS NOT u.{staged}"));
        let count = |sql: &str| {
            let rows = self.connection.query_row(sql, [], |row| row.get::<_, i64>(0));
            rows.map(|rows| u64::try_from(rows).unwrap_or_default()).map_err(refused)
        };
        counts.unmatched = count(&format!(
            "SELECT (SELECT count(*) FROM {STAGING}) - (SELECT count(*) FROM \
             (SELECT DISTINCT {keys} FROM {name} CROSS JOIN {STAGING} AS u ON {found}))"
        ))?;
        let update = format!("UPDATE {name} SET {set} FROM {STAGING} AS u WHERE {found} AND ({differs})");
        counts.changed += self.connection.execute(&update, []).map_err(refused)? as u64;
        if table.has_own_rules {
            let sql = format!("SELECT count(*) FROM {name} CROSS JOIN {STAGING} AS u ON {found} AND ({differs})");
            counts.left_out = count(&sql)?;
        }
        self.connection.execute_batch(&format!("DROP TABLE {STAGING}")).map_err(refused)?;
        Ok(counts)
    }
}

fn staged(targets: &[Target], first: usize, between: &str, part: impl Fn(&str, &str) -> String) -> String {
    numbered(targets, first, between, |column, place| part(column, &format!("c{place}")))
}
