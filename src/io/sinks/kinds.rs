//! The list of kinds of sinks.

use std::{path::PathBuf, sync::Arc};

use super::{
    super::{index, pgvector, pinecone, postgres, sqlite},
    file,
    settings::{RefusedSetting, SettingPlaces, SinkTable},
    target::SinkTarget,
};

/// A sink whose settings were read.
type Opened = Result<Arc<dyn SinkTarget>, RefusedSetting>;

/// A kind of sink: the key that says where it writes, and how its settings are read.
pub struct SinkKind {
    /// The key.
    pub key: &'static str,
    /// What stands under it.
    pub written: fn(&SinkTable) -> Option<&str>,
    /// Settings in, a sink out.
    pub open: fn(&SinkTable, &dyn SettingPlaces, PathBuf) -> Opened,
}

/// All kinds, in the order in which messages name them.
pub const KINDS: &[SinkKind] = &[
    SinkKind { key: "database", written: |table| table.database.as_deref(), open: open_database },
    SinkKind { key: "sqlite", written: |table| table.sqlite.as_deref(), open: sqlite::open_sink },
    SinkKind { key: "postgres", written: |table| table.postgres.as_deref(), open: postgres::open_sink },
    SinkKind { key: "parquet", written: |table| table.parquet.as_deref(), open: file::open_parquet },
    SinkKind { key: "csv", written: |table| table.csv.as_deref(), open: file::open_csv },
    SinkKind { key: "ndjson", written: |table| table.ndjson.as_deref(), open: file::open_ndjson },
    SinkKind { key: "index", written: |table| table.index.as_deref(), open: index::open_sink },
    SinkKind { key: "pgvector", written: |table| table.pgvector.as_deref(), open: pgvector::open_sink },
    SinkKind {
        key: "pinecone",
        written: |table| table.pinecone.as_ref().map(|index| index.host.as_str()),
        open: pinecone::open_sink,
    },
];

/// A database is a file of SQLite, or the URL of a server.
fn open_database(table: &SinkTable, places: &dyn SettingPlaces, path: PathBuf) -> Opened {
    match table.database.as_deref().is_some_and(crate::postgres::is_url) {
        true => postgres::open_sink(table, places, path),
        false => sqlite::open_sink(table, places, path),
    }
}
