//! Reading a table or query: one read-only transaction, cells straight into column builders.

use std::{path::Path, time::Duration};

use polars::prelude::{DataFrame, IntoLazy};
use rusqlite::{Connection, Statement, types::ValueRef};

use super::{
    super::{
        IoError, ReadWatch, SourceRead,
        columns::{Cell, ColumnBuilder},
        error::nearest,
        reject::Rejects,
    },
    open_to_read, quote,
    table::{TableInfo, kind_of_declared},
};
use crate::operator::{Column, ColumnKind, PortSchema};

/// How often a long read looks whether it should stop, and reports rows.
const WATCH_EVERY: u64 = 65_536;

/// What is read of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SqliteRead {
    /// All columns of a table or view; a table's rows in the order of their rowid.
    Table(String),
    /// What a single SELECT gives.
    Query(String),
}

/// The columns, from the declared types: INTEGER, REAL and TEXT affinity are taken at their word; the type of other
/// columns and of expressions is only known from their values.
pub(in super::super) fn schema(path: &Path, read: &SqliteRead, busy_timeout: Duration) -> Result<PortSchema, IoError> {
    let connection = open_to_read(path, busy_timeout)?;
    let source = Source { path, busy_timeout };
    let sql = source.select(&connection, read)?;
    let statement = source.prepare(&connection, &sql)?;
    source.columns(&statement)
}

/// Counts the rows of a table or query.
pub(in super::super) fn count_rows(path: &Path, read: &SqliteRead, busy_timeout: Duration) -> Result<u64, IoError> {
    let connection = open_to_read(path, busy_timeout)?;
    let source = Source { path, busy_timeout };
    let sql = source.select(&connection, read)?;
    source.prepare(&connection, &sql)?;
    let count = format!("SELECT COUNT(*) FROM ({})", sql.trim().trim_end_matches(';'));
    let rows: i64 = connection
        .query_row(&count, [], |row| row.get(0))
        .map_err(|error| source.refused("cannot count rows", error))?;
    Ok(u64::try_from(rows).unwrap_or_default())
}

/// Reads all rows as they stand at one moment.
pub(in super::super) fn read(
    path: &Path,
    read: &SqliteRead,
    busy_timeout: Duration,
    watch: &ReadWatch<'_>,
) -> Result<SourceRead, IoError> {
    let connection = open_to_read(path, busy_timeout)?;
    let source = Source { path, busy_timeout };
    connection.execute_batch("BEGIN").map_err(|error| source.refused("cannot begin to read", error))?;
    let sql = source.select(&connection, read)?;
    let mut statement = source.prepare(&connection, &sql)?;
    let columns = source.columns(&statement)?;
    source.rows(&mut statement, &columns, watch)
}

struct Source<'a> {
    path: &'a Path,
    busy_timeout: Duration,
}

impl Source<'_> {
    fn refused(&self, doing: &str, error: rusqlite::Error) -> IoError {
        IoError::sqlite(self.path, doing, self.busy_timeout, error)
    }

    fn select(&self, connection: &Connection, read: &SqliteRead) -> Result<String, IoError> {
        let name = match read {
            SqliteRead::Query(sql) => return Ok(sql.clone()),
            SqliteRead::Table(name) => name,
        };
        let refused = |error| self.refused("cannot read the schema", error);
        if let Some(table) = TableInfo::load(connection, name).map_err(refused)? {
            let order = if table.has_rowid { " ORDER BY rowid" } else { "" };
            return Ok(format!("SELECT * FROM {}{order}", quote(&table.name)));
        }
        let tables = TableInfo::names(connection).map_err(refused)?;
        Err(IoError::Table {
            path: self.path.to_owned(),
            table: name.clone(),
            problem: "no such table".to_owned(),
            mend: nearest(name, tables.iter().map(String::as_str)),
        })
    }

    fn prepare<'c>(&self, connection: &'c Connection, sql: &str) -> Result<Statement<'c>, IoError> {
        let doing = "the query is refused; try it in the sqlite3 shell";
        let statement = connection.prepare(sql).map_err(|error| self.refused(doing, error))?;
        if statement.readonly() && statement.column_count() > 0 {
            return Ok(statement);
        }
        Err(IoError::Malformed {
            path: self.path.to_owned(),
            place: String::new(),
            problem: "the query is no SELECT".to_owned(),
            mend: "a source's query must be one statement that reads rows and changes nothing".to_owned(),
        })
    }

    fn columns(&self, statement: &Statement<'_>) -> Result<PortSchema, IoError> {
        let mut columns = PortSchema::new();
        for column in statement.columns() {
            if columns.iter().any(|other| other.name == column.name()) {
                return Err(IoError::Malformed {
                    path: self.path.to_owned(),
                    place: String::new(),
                    problem: format!("the query gives the column '{}' twice", column.name()),
                    mend: "rename one with AS".to_owned(),
                });
            }
            let kind = column.decl_type().map_or(ColumnKind::Any, kind_of_declared);
            columns.push(Column::new(column.name(), kind));
        }
        Ok(columns)
    }

    fn rows(
        &self,
        statement: &mut Statement<'_>,
        columns: &PortSchema,
        watch: &ReadWatch<'_>,
    ) -> Result<SourceRead, IoError> {
        let refused = |error| self.refused("cannot read the rows", error);
        let mut builders: Vec<_> =
            columns.iter().map(|column| ColumnBuilder::new(&column.name, column.kind, 0)).collect();
        let mut rejects = Rejects::default();
        let mut count = 0_u64;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(refused)? {
            count += 1;
            for (place, builder) in builders.iter_mut().enumerate() {
                let value = row.get_ref(place).map_err(refused)?;
                if let Err(reason) = push(builder, value) {
                    let name = columns.get(place).map_or("", |column| column.name.as_str());
                    rejects.add(count, name, &shown(value), reason);
                }
            }
            if count.is_multiple_of(WATCH_EVERY) {
                watch.progress.advance(WATCH_EVERY);
                watch.check()?;
            }
        }
        self.finish(builders, rejects, count)
    }

    fn finish(&self, builders: Vec<ColumnBuilder>, rejects: Rejects, count: u64) -> Result<SourceRead, IoError> {
        let refused = |error| IoError::frame(self.path, error);
        let height = usize::try_from(count).unwrap_or(usize::MAX);
        let columns = builders.into_iter().map(ColumnBuilder::finish).collect::<Result<_, _>>().map_err(refused)?;
        let frame = DataFrame::new(height, columns).and_then(|frame| rejects.drop_from(frame)).map_err(refused)?;
        Ok(SourceRead { frame: frame.lazy(), rejected: rejects.into_frame().map_err(refused)? })
    }
}

#[inline]
fn push(builder: &mut ColumnBuilder, value: ValueRef<'_>) -> Result<(), &'static str> {
    let problem = match value {
        ValueRef::Null => return builder.push(Cell::Null),
        ValueRef::Integer(value) => return builder.push(Cell::Int(value)),
        ValueRef::Real(value) => return builder.push(Cell::Float(value)),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => return builder.push(Cell::Text(text)),
            Err(_) => "not valid UTF-8",
        },
        ValueRef::Blob(_) => "a blob where text or a number is expected",
    };
    builder.push_null();
    Err(problem)
}

fn shown(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(value) => value.to_string(),
        ValueRef::Real(value) => format!("{value:?}"),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            String::from_utf8_lossy(bytes.get(..400).unwrap_or(bytes)).into_owned()
        }
    }
}
