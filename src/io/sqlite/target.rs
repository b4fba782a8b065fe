//! A table of a SQLite database as a kind of sink.

use std::{
    any::Any,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use super::{
    super::{
        IoError,
        nested::with_json_texts,
        sinks::{
            Applied, Applying, Landed, ModeName, OwnWrite, RefusedSetting, SettingPlaces, SinkTable, SinkTarget,
            SinkWrite, TransactionSink, Writing, definitions_in, landed, refuse, seconds, table_settings,
        },
    },
    apply::{SqliteApplied, SqliteWrite, apply_sqlite},
    ledger::ledger_holds,
    sink::{SinkMode, SqliteSink},
};
use crate::operator::PortSchema;

/// A table of a database, and how it is written.
struct SqliteTarget {
    path: PathBuf,
    sink: SqliteSink,
    busy_timeout: Duration,
}

/// Reads the settings of a SQLite sink.
///
/// # Errors
/// A mode without its keys, keys without their mode, definitions that cannot be read.
pub(in super::super) fn open_sink(
    table: &SinkTable,
    places: &dyn SettingPlaces,
    path: PathBuf,
) -> Result<Arc<dyn SinkTarget>, RefusedSetting> {
    let settings = table_settings(table, "sqlite")?;
    refuse(&[("nested", table.nested.is_some())], "there are no lists and records here: they are JSON texts")?;
    let definitions = table.definitions.as_deref().map(|written| definitions_in(&places.path("definitions", written)));
    let sink = SqliteSink {
        table: settings.table,
        mode: match settings.mode {
            ModeName::Replace => SinkMode::Replace,
            ModeName::Append => SinkMode::Append,
            ModeName::Upsert => SinkMode::Upsert,
            ModeName::Update => SinkMode::Update,
        },
        keys: settings.keys,
        columns: table.columns.as_ref().map(|columns| columns.pairs()),
        add_columns: table.add_columns,
        insert_only: table.insert_only.clone(),
        definitions: definitions.transpose()?,
    };
    Ok(Arc::new(SqliteTarget { path, sink, busy_timeout: seconds("busy_timeout", table.busy_timeout)? }))
}

/// A sink as one of this kind, if it is.
fn as_sqlite(target: &dyn SinkTarget) -> Option<&SqliteTarget> {
    let target: &dyn Any = target;
    target.downcast_ref()
}

impl SinkTarget for SqliteTarget {
    fn place(&self) -> &Path {
        &self.path
    }

    fn check(&self, dataset: &PortSchema) -> Result<(), IoError> {
        self.sink.check(&self.path, dataset, self.busy_timeout)
    }

    fn named_columns(&self) -> Vec<&str> {
        let named = self.sink.keys.iter().chain(self.sink.columns.iter().flatten());
        named.map(|pair| pair.dataset.as_str()).collect()
    }

    fn adds_rows(&self) -> bool {
        self.sink.mode == SinkMode::Append
    }

    fn takes_from(&self, other: &dyn SinkTarget) -> Option<(&'static str, &'static str)> {
        let is_taken = self.path == other.place()
            && as_sqlite(other).is_none_or(|other| {
                let replaces = [&self.sink, &other.sink].iter().any(|sink| sink.mode == SinkMode::Replace);
                self.sink.table.eq_ignore_ascii_case(&other.sink.table) && replaces
            });
        is_taken.then_some(("table", "let one sink write the table, or use a mode that keeps its rows"))
    }

    fn writing(&self) -> Writing<'_> {
        Writing::Transaction(self)
    }
}

impl TransactionSink for SqliteTarget {
    fn holds(&self, owner: &str, batch: &str) -> Result<bool, IoError> {
        ledger_holds(&self.path, &self.sink, owner, batch)
    }

    fn apply(&self, writes: &[SinkWrite<'_>], applying: &Applying<'_>) -> Result<Applied, IoError> {
        let mut tables = Vec::with_capacity(writes.len());
        let mut busy_timeout = self.busy_timeout;
        for write in writes {
            // Sinks of two kinds never share a place: that is refused before any work.
            let Some(target) = as_sqlite(write.target) else { continue };
            busy_timeout = busy_timeout.max(target.busy_timeout);
            let frame = with_json_texts(write.frame.clone(), write.json);
            let frame = frame.map_err(|error| IoError::frame(&self.path, error))?;
            tables.push(SqliteWrite {
                sink: &target.sink,
                owner: write.owner,
                batch: write.batch,
                run_id: write.run_id,
                frame,
                again: write.again,
            });
        }
        let applied = apply_sqlite(&self.path, &tables, busy_timeout, applying)?;
        let landed = (0..tables.len()).map(|place| landed_of(&applied, place)).collect();
        let SqliteApplied { commit_seconds, before, after, undisturbed, .. } = applied;
        Ok(Applied { landed, commit_seconds, own_write: Some(OwnWrite { before, after, undisturbed }) })
    }
}

/// What one write of a database came to.
fn landed_of(applied: &SqliteApplied, place: usize) -> Landed {
    let of = |counts: &[u64]| counts.get(place).copied().unwrap_or_default();
    let counts = (of(&applied.unmatched), of(&applied.left_out), of(&applied.by_triggers));
    landed(applied.rows.get(place).copied().flatten(), applied.seconds.get(place).copied().unwrap_or_default(), counts)
}
