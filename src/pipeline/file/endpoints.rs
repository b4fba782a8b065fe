//! Source and sink tables into what `io` reads and writes.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use super::{
    diagnostic::Diagnostic,
    document::Node,
    model::{ColumnNames, EncodingName, ModeName, NestedName, SinkTable, SourceTable, TypeName},
    steps::SinkTarget,
};
use crate::{
    io::{
        ColumnPair, CsvOptions, Definitions, Encoding, FileFormat, Nested, SinkMode, SourceSpec, SqliteRead,
        SqliteSink, SqliteSource,
    },
    operator::ColumnKind,
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

    /// Resolves a path against the folder of the text that it was written in.
    pub fn path(&self, key: &str, written: &str) -> PathBuf {
        let at = self.root.locate(&[self.section, self.name, key]);
        normalise(&at.origin.folder.join(written))
    }

    fn seconds(&self, key: &str, seconds: Option<f64>) -> Result<Duration, Diagnostic> {
        Duration::try_from_secs_f64(seconds.unwrap_or(30.0)).map_err(|_| {
            self.fail(key, "a time to wait cannot be negative or endless", "in seconds").mend("for example 30")
        })
    }

    /// The definitions in a file.
    fn definitions(&self, written: Option<&str>) -> Result<Option<Definitions>, Diagnostic> {
        const KEY: &str = "definitions";
        let Some(written) = written else { return Ok(None) };
        let path = self.path(KEY, written);
        let refused = |problem: String, mend: &str| {
            self.fail(KEY, format!("{}: {problem}", path.display()), "cannot be used").mend(mend)
        };
        let text = std::fs::read_to_string(&path)
            .map_err(|error| refused(error.to_string(), "name a file of CREATE TABLE statements"))?;
        let definitions = Definitions::new(text);
        definitions.map(Some).map_err(|error| refused(error.to_string(), "try the file in the sqlite3 shell"))
    }

    /// Exactly one of `choices` must be given; its key and value.
    fn one_of<'v>(
        &self,
        choices: &[(&'static str, &'v Option<String>)],
    ) -> Result<(&'static str, &'v str), Diagnostic> {
        let given: Vec<_> =
            choices.iter().filter_map(|(key, value)| value.as_deref().map(|value| (*key, value))).collect();
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

/// Takes `.` and `..` out of a path without asking the file system, so that messages read well.
fn normalise(path: &std::path::Path) -> PathBuf {
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
        ("sqlite", &table.sqlite),
        ("csv", &table.csv),
        ("ndjson", &table.ndjson),
        ("json", &table.json),
        ("parquet", &table.parquet),
        ("files", &table.files),
    ])?;
    if kind != "sqlite" {
        place.refuse(
            &[
                ("table", table.table.is_some()),
                ("query", table.query.is_some()),
                ("busy_timeout", table.busy_timeout.is_some()),
                ("own_writes", table.own_writes.is_some()),
                ("definitions", table.definitions.is_some()),
            ],
            "only SQLite sources have it",
        )?;
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
        "sqlite" => SourceSpec::Sqlite(SqliteSource {
            path,
            read: sqlite_read(place, table)?,
            busy_timeout: place.seconds("busy_timeout", table.busy_timeout)?,
            definitions: place.definitions(table.definitions.as_deref())?,
        }),
        "csv" => SourceSpec::Csv { glob, options: csv_options(place, table)? },
        "ndjson" => SourceSpec::Ndjson { glob },
        "json" => SourceSpec::Json { glob },
        "files" => SourceSpec::Files { glob },
        _ => SourceSpec::Parquet { glob },
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
/// No place or two, keys that do not belong to the kind of place, a mode without its keys.
pub fn sink(place: &Place<'_>, table: &SinkTable) -> Result<SinkTarget, Diagnostic> {
    let (kind, written) = place.one_of(&[
        ("sqlite", &table.sqlite),
        ("parquet", &table.parquet),
        ("csv", &table.csv),
        ("ndjson", &table.ndjson),
    ])?;
    let path = place.path(kind, written);
    if matches!(kind, "sqlite" | "csv") {
        let why = "there are no lists and records here: they are JSON texts";
        place.refuse(&[("nested", table.nested.is_some())], why)?;
    }
    let format = match kind {
        "parquet" => FileFormat::Parquet,
        "csv" => FileFormat::Csv,
        "ndjson" => FileFormat::Ndjson,
        _ => return sqlite_sink(place, table, path),
    };
    place.refuse(
        &[
            ("table", table.table.is_some()),
            ("mode", table.mode.is_some_and(|mode| mode != ModeName::Replace)),
            ("keys", table.keys.is_some()),
            ("columns", table.columns.is_some()),
            ("add_columns", table.add_columns),
            ("insert_only", !table.insert_only.is_empty()),
            ("definitions", table.definitions.is_some()),
        ],
        "a file is always replaced as a whole",
    )?;
    let nested = match table.nested {
        Some(NestedName::Json) => Nested::Json,
        Some(NestedName::Native) | None => Nested::Native,
    };
    Ok(SinkTarget::File { path, format, nested, busy_timeout: place.seconds("busy_timeout", table.busy_timeout)? })
}

fn sqlite_sink(place: &Place<'_>, table: &SinkTable, path: PathBuf) -> Result<SinkTarget, Diagnostic> {
    let Some(name) = table.table.clone() else {
        return Err(place.fail("sqlite", "a SQLite sink needs 'table'", "which table?").mend("add table = \"…\""));
    };
    let mode = match table.mode.unwrap_or_default() {
        ModeName::Replace => SinkMode::Replace,
        ModeName::Append => SinkMode::Append,
        ModeName::Upsert => SinkMode::Upsert,
        ModeName::Update => SinkMode::Update,
    };
    let keys = table.keys.as_ref().map(pairs).unwrap_or_default();
    let needs_keys = matches!(mode, SinkMode::Upsert | SinkMode::Update);
    if needs_keys && keys.is_empty() {
        return Err(place
            .fail("mode", "this mode needs 'keys'", "rows are matched by keys")
            .mend("add keys = [\"id\"]"));
    }
    if !needs_keys && !keys.is_empty() && matches!(mode, SinkMode::Append) {
        place.refuse(&[("keys", true)], "only replace, upsert and update have keys")?;
    }
    if mode != SinkMode::Upsert {
        place.refuse(
            &[("insert_only", !table.insert_only.is_empty())],
            "only upsert adds rows beside those it changes",
        )?;
    }
    Ok(SinkTarget::Sqlite {
        path,
        sink: SqliteSink {
            table: name,
            mode,
            keys,
            columns: table.columns.as_ref().map(pairs),
            add_columns: table.add_columns,
            insert_only: table.insert_only.clone(),
            definitions: place.definitions(table.definitions.as_deref())?,
        },
        busy_timeout: place.seconds("busy_timeout", table.busy_timeout)?,
    })
}

fn pairs(names: &ColumnNames) -> Vec<ColumnPair> {
    match names {
        ColumnNames::Same(names) => {
            names.iter().map(|name| ColumnPair { table: name.clone(), dataset: name.clone() }).collect()
        }
        ColumnNames::Pairs(names) => {
            names.iter().map(|(table, dataset)| ColumnPair { table: table.clone(), dataset: dataset.clone() }).collect()
        }
    }
}
