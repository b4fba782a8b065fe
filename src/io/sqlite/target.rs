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
            SinkWrite, TransactionSink, Writing, definitions_in, refuse, seconds,
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
    let Some(name) = table.table.clone() else {
        let mend = "add table = \"…\"";
        return Err(RefusedSetting::new("sqlite", "a SQLite sink needs 'table'", "which table?", mend));
    };
    refuse(&[("metadata", !table.metadata.is_empty())], "only an index has it; name columns in 'columns'")?;
    refuse(&[("nested", table.nested.is_some())], "there are no lists and records here: they are JSON texts")?;
    let mode = match table.mode.unwrap_or_default() {
        ModeName::Replace => SinkMode::Replace,
        ModeName::Append => SinkMode::Append,
        ModeName::Upsert => SinkMode::Upsert,
        ModeName::Update => SinkMode::Update,
    };
    let keys = table.keys.as_ref().map(|keys| keys.pairs()).unwrap_or_default();
    let needs_keys = matches!(mode, SinkMode::Upsert | SinkMode::Update);
    if needs_keys && keys.is_empty() {
        let mend = "add keys = [\"id\"]";
        return Err(RefusedSetting::new("mode", "this mode needs 'keys'", "rows are matched by keys", mend));
    }
    if !needs_keys && !keys.is_empty() && matches!(mode, SinkMode::Append) {
        refuse(&[("keys", true)], "only replace, upsert and update have keys")?;
    }
    if mode != SinkMode::Upsert {
        refuse(&[("insert_only", !table.insert_only.is_empty())], "only upsert adds rows beside those it changes")?;
    }
    let definitions = table.definitions.as_deref().map(|written| definitions_in(&places.path("definitions", written)));
    let sink = SqliteSink {
        table: name,
        mode,
        keys,
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
        let landed = (0..tables.len()).map(|place| landed(&applied, place)).collect();
        let SqliteApplied { commit_seconds, before, after, undisturbed, .. } = applied;
        Ok(Applied { landed, commit_seconds, own_write: OwnWrite { before, after, undisturbed } })
    }
}

/// What one write of a database came to.
fn landed(applied: &SqliteApplied, place: usize) -> Landed {
    let of = |counts: &[u64]| counts.get(place).copied().unwrap_or_default();
    let (unmatched, left_out) = (of(&applied.unmatched), of(&applied.left_out));
    Landed {
        rows: applied.rows.get(place).copied().flatten(),
        left_out: unmatched + left_out,
        seconds: applied.seconds.get(place).copied().unwrap_or_default(),
        warnings: warnings(unmatched, left_out, of(&applied.by_triggers)),
    }
}

fn warnings(unmatched: u64, left_out: u64, by_triggers: u64) -> Vec<String> {
    let plural = |count: u64, one: &str, more: &str| format!("{count} {}", if count == 1 { one } else { more });
    let told = [
        (
            unmatched,
            "row has a key that the table lacks; it",
            "rows have keys that the table lacks; they",
            " changed nothing",
        ),
        (left_out, "row was", "rows were", " left out by a trigger or constraint of the table"),
        (by_triggers, "row was", "rows were", " changed beside by triggers of the table"),
    ];
    told.iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, more, rest)| plural(*count, one, more) + rest)
        .collect()
}
