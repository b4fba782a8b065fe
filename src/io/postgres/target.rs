//! A table of a server as a kind of sink.

use std::{
    any::Any,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use super::{
    super::{
        IoError,
        sinks::{
            Applied, Applying, ModeName, RefusedSetting, SettingPlaces, SinkTable, SinkTarget, SinkWrite,
            TransactionSink, Writing, definitions_in, landed, refuse, seconds, table_settings,
        },
    },
    cells::{FrameRows, dataset_columns},
    definition::definition_of,
};
use crate::{
    operator::PortSchema,
    postgres::{self, Control, Mode, Pair, Rows, Server, Session, TableSink, Work, Write, holds, of_caller},
};

/// A table of a server, and how it is written.
struct PostgresTarget {
    server: Server,
    place: PathBuf,
    sink: TableSink,
    patience: Duration,
}

/// Reads the settings of a PostgreSQL sink; `path` is the connection string.
///
/// # Errors
/// A string that cannot be taken apart, a mode without its keys, keys without their mode, definitions that cannot be read.
pub(in super::super) fn open_sink(
    table: &SinkTable,
    places: &dyn SettingPlaces,
    path: PathBuf,
) -> Result<Arc<dyn SinkTarget>, RefusedSetting> {
    let key = if table.postgres.is_some() { "postgres" } else { "database" };
    let written = table.postgres.clone().unwrap_or_else(|| path.display().to_string());
    let server = server_of(key, &written)?;
    let settings = table_settings(table, key)?;
    refuse(&[("nested", table.nested.is_some())], "lists and records are JSONB here")?;
    let pairs = |pairs: Vec<super::super::ColumnPair>| -> Vec<Pair> {
        pairs.into_iter().map(|pair| Pair { table: pair.table, dataset: pair.dataset }).collect()
    };
    let definition = match table.definitions.as_deref() {
        None => None,
        Some(written) => {
            let definitions = definitions_in(&places.path("definitions", written))?;
            definition_of(&definitions, &settings.table).map_err(|error| {
                RefusedSetting::new(
                    "definitions",
                    error.to_string(),
                    "cannot be used",
                    "try the file in the sqlite3 shell",
                )
            })?
        }
    };
    let sink = TableSink {
        table: settings.table,
        mode: match settings.mode {
            ModeName::Replace => Mode::Replace,
            ModeName::Append => Mode::Append,
            ModeName::Upsert => Mode::Upsert,
            ModeName::Update => Mode::Update,
        },
        keys: pairs(settings.keys),
        columns: table.columns.as_ref().map(|columns| pairs(columns.pairs())),
        add_columns: table.add_columns,
        insert_only: table.insert_only.clone(),
        definition,
    };
    let place = PathBuf::from(server.place());
    Ok(Arc::new(PostgresTarget { server, place, sink, patience: seconds("busy_timeout", table.busy_timeout)? }))
}

/// A sink as one of this kind, if it is.
fn as_postgres(target: &dyn SinkTarget) -> Option<&PostgresTarget> {
    let target: &dyn Any = target;
    target.downcast_ref()
}

impl SinkTarget for PostgresTarget {
    fn place(&self) -> &Path {
        &self.place
    }

    fn check(&self, dataset: &PortSchema) -> Result<(), IoError> {
        let session = Session::open(&self.server)?;
        Ok(self.sink.check(&session, &dataset_columns(dataset))?)
    }

    fn named_columns(&self) -> Vec<&str> {
        let named = self.sink.keys.iter().chain(self.sink.columns.iter().flatten());
        named.map(|pair| pair.dataset.as_str()).collect()
    }

    fn adds_rows(&self) -> bool {
        self.sink.mode == Mode::Append
    }

    fn takes_from(&self, other: &dyn SinkTarget) -> Option<(&'static str, &'static str)> {
        let table = ("table", "let one sink write the table, or use a mode that keeps its rows");
        let Some(other) = as_postgres(other) else {
            // What goes to one place is written together, by sinks of one kind.
            let place = ("postgres", "give the index a database of its own");
            return (self.place == other.place()).then_some(place);
        };
        let replaces = [&self.sink, &other.sink].iter().any(|sink| sink.mode == Mode::Replace);
        let is_one = self.server.is_same_database(&other.server) && self.sink.table == other.sink.table;
        (is_one && replaces).then_some(table)
    }

    fn writing(&self) -> Writing<'_> {
        Writing::Transaction(self)
    }
}

impl TransactionSink for PostgresTarget {
    fn holds(&self, owner: &str, batch: &str) -> Result<bool, IoError> {
        Ok(holds(&Session::open(&self.server)?, &self.sink, owner, batch)?)
    }

    fn apply(&self, writes: &[SinkWrite<'_>], applying: &Applying<'_>) -> Result<Applied, IoError> {
        let targets: Vec<(&SinkWrite<'_>, &PostgresTarget)> =
            writes.iter().filter_map(|write| Some((write, as_postgres(write.target)?))).collect();
        let rows: Vec<FrameRows<'_>> = targets
            .iter()
            .map(|(write, target)| FrameRows {
                frame: write.frame.clone(),
                json: write.json,
                what: format!("the rows for table '{}'", target.sink.table),
                watch: applying.watch,
            })
            .collect();
        let tables = targets.iter().zip(&rows).map(|((write, target), rows)| write_of(write, &target.sink, rows));
        let patience = targets.iter().map(|(_, target)| target.patience).max().unwrap_or(self.patience);
        let applied = apply_writes(&self.server, &tables.collect::<Vec<_>>(), patience, applying)?;
        let landed = applied.landed.iter().map(|one| landed(one.rows, one.seconds, (one.unmatched, one.left_out, 0)));
        Ok(Applied { landed: landed.collect(), commit_seconds: applied.commit_seconds, own_write: None })
    }
}

/// A write as a server takes it.
pub(in super::super) fn write_of<'a>(write: &SinkWrite<'a>, work: &'a dyn Work, rows: &'a dyn Rows) -> Write<'a> {
    Write { work, owner: write.owner, batch: write.batch, run_id: write.run_id, rows, again: write.again }
}

/// Applies all writes to a server in one transaction.
///
/// # Errors
/// When something is refused or the caller is not ready; nothing is changed then.
pub(in super::super) fn apply_writes(
    server: &Server,
    writes: &[Write<'_>],
    patience: Duration,
    applying: &Applying<'_>,
) -> Result<postgres::Applied, IoError> {
    let shops: Vec<String> = writes.iter().map(|write| shop_of(write.owner).to_owned()).collect();
    let control = Control {
        ready: &|| (applying.ready)().map_err(of_caller),
        fail: applying.fail,
        step: &|_| applying.watch.check().map_err(of_caller),
        patience,
        shops: &shops,
    };
    Ok(postgres::apply(server, writes, &control)?)
}

/// The server that stands under `key`.
///
/// # Errors
/// When the connection string cannot be taken apart.
pub(in super::super) fn server_of(key: &'static str, written: &str) -> Result<Server, RefusedSetting> {
    Server::new(written).map_err(|error| {
        let mend = "see docs/postgres.md for what can be written here";
        RefusedSetting::new(key, error.to_string(), "cannot be used", mend)
    })
}

/// The scope of an owner, `pipeline@scope.sink`; the pipeline where it has none.
fn shop_of(owner: &str) -> &str {
    let state = owner.rsplit_once('.').map_or(owner, |(state, _)| state);
    state.split_once('@').map_or(state, |(_, scope)| scope)
}
