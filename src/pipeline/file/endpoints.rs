//! Source and sink tables into what `io` reads and writes.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use super::{
    diagnostic::Diagnostic,
    document::Node,
    model::{ChangedName, EncodingName, MissingName, SourceTable, TypeName, VerifyTable},
};
use crate::{
    io::{
        self, CsvOptions, Definitions, Encoding, KINDS, MissingFiles, PostgresSource, RefusedSetting, SettingPlaces,
        SinkTable, SinkTarget, SourceSpec, SqliteRead, SqliteSource, definitions_in,
    },
    operator::ColumnKind,
    postgres::{self, Changed, Read, Server},
};

/// A table of the file being turned into an endpoint: where it stands, for messages.
pub struct Place<'a> {
    /// The whole file.
    pub root: &'a Node,
    /// `sources` or `sinks`.
    pub section: &'a str,
    /// The entry's name.
    pub name: &'a str,
}

impl Place<'_> {
    fn fail(&self, key: &str, problem: impl Into<String>, label: &str) -> Diagnostic {
        Diagnostic::new(problem, &self.root.locate_key(&[self.section, self.name, key]), label)
    }

    fn seconds(&self, key: &'static str, seconds: Option<f64>) -> Result<Duration, Diagnostic> {
        io::seconds(key, seconds).map_err(|refused| self.refused(refused))
    }

    fn definitions(&self, written: Option<&str>) -> Result<Option<Definitions>, Diagnostic> {
        let of = |written| definitions_in(&self.path("definitions", written));
        written.map(of).transpose().map_err(|refused| self.refused(refused))
    }

    fn refused(&self, refused: RefusedSetting) -> Diagnostic {
        self.fail(refused.key, refused.problem, &refused.label).mend(refused.mend)
    }

    /// Exactly one of `choices` must be given; its key and value.
    fn one_of<'v>(&self, choices: &[(&'static str, Option<&'v str>)]) -> Result<(&'static str, &'v str), Diagnostic> {
        let given: Vec<_> = choices.iter().filter_map(|(key, value)| value.map(|value| (*key, value))).collect();
        match given.as_slice() {
            [(key, written)] if written.contains('\0') => {
                Err(self.fail(key, "a path cannot have a NUL", "cannot be a path").mend("take it out"))
            }
            [one] => Ok(*one),
            [] => {
                let names: Vec<_> = choices.iter().map(|(key, _)| *key).collect();
                Err(self
                    .fail("", format!("{}.{} says no place", self.section, self.name), "in this table")
                    .mend(format!("add one of: {}", names.join(", "))))
            }
            [first, second, ..] => Err(self
                .fail(second.0, format!("'{}' and '{}' are both given", first.0, second.0), "one place too many")
                .mend("keep one of them")),
        }
    }

    fn refuse(&self, keys: &[(&str, bool)], because: &str) -> Result<(), Diagnostic> {
        match keys.iter().find(|(_, given)| *given) {
            None => Ok(()),
            Some((key, _)) => Err(self.fail(key, format!("'{key}' means nothing here"), because).mend("take it out")),
        }
    }
}

impl SettingPlaces for Place<'_> {
    /// Resolves a path against the folder of the text that it was written in. The URL of a server stays as it is.
    fn path(&self, key: &str, written: &str) -> PathBuf {
        if postgres::is_url(written) {
            return PathBuf::from(written);
        }
        let way: Vec<&str> = [self.section, self.name].into_iter().chain(key.split('.')).collect();
        let at = self.root.locate(&way);
        normalise(&at.origin.folder.join(written))
    }
}

/// Takes `.` and `..` out of a path without asking the file system, so that messages read well.
pub(super) fn normalise(path: &std::path::Path) -> PathBuf {
    use std::path::Component;
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}

/// Turns a source's table into what `io` reads.
///
/// # Errors
/// No place or two, keys that do not belong to the kind of place, a bad delimiter or time.
pub fn source(place: &Place<'_>, table: &SourceTable) -> Result<SourceSpec, Diagnostic> {
    let (kind, written) = place.one_of(&[
        ("database", table.database.as_deref()),
        ("sqlite", table.sqlite.as_deref()),
        ("postgres", table.postgres.as_deref()),
        ("csv", table.csv.as_deref()),
        ("ndjson", table.ndjson.as_deref()),
        ("json", table.json.as_deref()),
        ("parquet", table.parquet.as_deref()),
        ("files", table.files.as_deref()),
    ])?;
    let is_server = kind == "postgres" || (kind == "database" && postgres::is_url(written));
    let is_database = is_server || matches!(kind, "database" | "sqlite");
    if !is_database {
        place.refuse(
            &[
                ("table", table.table.is_some()),
                ("query", table.query.is_some()),
                ("busy_timeout", table.busy_timeout.is_some()),
                ("own_writes", table.own_writes.is_some()),
                ("definitions", table.definitions.is_some()),
            ],
            "only sources of databases have it",
        )?;
    }
    // A variable may name either kind of database: what only a server has is passed over by the other.
    if kind != "database" && !is_server {
        let keys = [("changed", table.changed.is_some()), ("cents", !table.cents.is_empty())];
        place.refuse(&keys, "only PostgreSQL sources have it")?;
    }
    if kind != "files" {
        place.refuse(&[("missing", table.missing.is_some())], "only sources of files have it")?;
    }
    if kind != "csv" {
        place.refuse(
            &[
                ("delimiter", table.delimiter.is_some()),
                ("encoding", table.encoding.is_some()),
                ("header", table.header.is_some()),
                ("types", !table.types.is_empty()),
                ("null_values", !table.null_values.is_empty()),
            ],
            "only CSV sources have it",
        )?;
    }
    let path = place.path(kind, written);
    let glob = path.display().to_string();
    Ok(match kind {
        "postgres" | "database" if is_server => SourceSpec::Postgres(Box::new(server(place, kind, written, table)?)),
        "sqlite" | "database" => SourceSpec::Sqlite(SqliteSource {
            path,
            read: sqlite_read(place, table)?,
            busy_timeout: place.seconds("busy_timeout", table.busy_timeout)?,
            definitions: place.definitions(table.definitions.as_deref())?,
        }),
        "csv" => SourceSpec::Csv { glob, options: csv_options(place, table)? },
        "ndjson" => SourceSpec::Ndjson { glob },
        "json" => SourceSpec::Json { glob },
        "files" => SourceSpec::Files {
            glob,
            missing: match table.missing {
                Some(MissingName::Empty) => MissingFiles::Empty,
                Some(MissingName::Refused) | None => MissingFiles::Refused,
            },
        },
        _ => SourceSpec::Parquet { glob },
    })
}

/// What a verification query asks.
///
/// # Errors
/// No database or two, a connection string that cannot be taken apart.
pub fn asked(place: &Place<'_>, table: &VerifyTable) -> Result<SourceSpec, Diagnostic> {
    let (kind, written) = place.one_of(&[
        ("database", table.database.as_deref()),
        ("sqlite", table.sqlite.as_deref()),
        ("postgres", table.postgres.as_deref()),
    ])?;
    if kind == "postgres" || (kind == "database" && postgres::is_url(written)) {
        let source = postgres::Source { read: Read::Query(table.query.clone()), cents: BTreeSet::new(), changed: None };
        let server = server_of(place, kind, written)?;
        return Ok(SourceSpec::Postgres(Box::new(PostgresSource { server, source, definitions: None })));
    }
    Ok(SourceSpec::Sqlite(SqliteSource {
        path: place.path(kind, written),
        read: SqliteRead::Query(table.query.clone()),
        busy_timeout: place.seconds("busy_timeout", None)?,
        definitions: None,
    }))
}

fn server_of(place: &Place<'_>, key: &str, written: &str) -> Result<Server, Diagnostic> {
    Server::new(written).map_err(|error| {
        place.fail(key, error.to_string(), "cannot be used").mend("see docs/postgres.md for what can be written here")
    })
}

/// What is read of a server.
fn server(place: &Place<'_>, key: &str, written: &str, table: &SourceTable) -> Result<PostgresSource, Diagnostic> {
    let server = server_of(place, key, written)?;
    let read = match sqlite_read(place, table)? {
        SqliteRead::Table(name) => Read::Table(name),
        SqliteRead::Query(sql) => Read::Query(sql),
    };
    let changed = table.changed.as_ref().map(|changed| match changed {
        ChangedName::Column(name) => Changed::Column(name.clone()),
        ChangedName::Query { query } => Changed::Query(query.clone()),
    });
    Ok(PostgresSource {
        server,
        source: postgres::Source { read, cents: table.cents.iter().cloned().collect(), changed },
        definitions: place.definitions(table.definitions.as_deref())?,
    })
}

fn sqlite_read(place: &Place<'_>, table: &SourceTable) -> Result<SqliteRead, Diagnostic> {
    match (&table.table, &table.query) {
        (Some(name), None) => Ok(SqliteRead::Table(name.clone())),
        (None, Some(query)) => Ok(SqliteRead::Query(query.clone())),
        (Some(_), Some(_)) => {
            Err(place.fail("query", "'table' and 'query' are both given", "one too many").mend("keep one of them"))
        }
        (None, None) => Err(place
            .fail("sqlite", "a SQLite source needs 'table' or 'query'", "which rows?")
            .mend("add table = \"…\"")),
    }
}

fn csv_options(place: &Place<'_>, table: &SourceTable) -> Result<CsvOptions, Diagnostic> {
    let delimiter = match table.delimiter.as_deref().map(str::as_bytes) {
        None => b',',
        Some([byte]) if byte.is_ascii() && !b"\"\n\r".contains(byte) => *byte,
        Some(_) => {
            return Err(place
                .fail("delimiter", "a delimiter is one ASCII character", "cannot be used")
                .mend("for example delimiter = \";\" or \"\\t\""));
        }
    };
    Ok(CsvOptions {
        delimiter,
        encoding: match table.encoding {
            Some(EncodingName::Latin1) => Encoding::Latin1,
            Some(EncodingName::Utf8) | None => Encoding::Utf8,
        },
        header: table.header.unwrap_or(true),
        types: table.types.iter().map(|(name, kind)| (name.clone(), column_kind(*kind))).collect::<BTreeMap<_, _>>(),
        null_values: table.null_values.clone(),
    })
}

fn column_kind(name: TypeName) -> ColumnKind {
    match name {
        TypeName::Int => ColumnKind::Int,
        TypeName::Float => ColumnKind::Float,
        TypeName::Text => ColumnKind::Text,
        TypeName::Bool => ColumnKind::Bool,
        TypeName::Date => ColumnKind::Date,
        TypeName::Timestamp => ColumnKind::Timestamp,
    }
}

/// Turns a sink's table into what `io` writes.
///
/// # Errors
/// No place or two, settings that its kind refuses.
pub fn sink(place: &Place<'_>, table: &SinkTable) -> Result<Arc<dyn SinkTarget>, Diagnostic> {
    let choices: Vec<_> = KINDS.iter().map(|kind| (kind.key, (kind.written)(table))).collect();
    let (key, written) = place.one_of(&choices)?;
    let kind = KINDS.iter().find(|kind| kind.key == key);
    let kind = kind.ok_or_else(|| place.fail(key, "this kind is not known", "this kind"))?;
    (kind.open)(table, place, place.path(key, written)).map_err(|refused| place.refused(refused))
}
