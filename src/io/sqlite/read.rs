//! Reading a table or query: one read-only transaction, cells straight into column builders.
//!
//! A few rows are held as a frame. More are written to a file, a row group at a time, while the next are read.

use std::{path::PathBuf, time::Duration};

use polars::prelude::{DataFrame, IntoLazy};
use rusqlite::{Connection, Rows, Statement};

use super::{
    super::{
        FileState, IoError, ReadWatch, SourceRows, SourceState, checkpoint_file::ROW_GROUP_ROWS, error::nearest,
        row_groups::RowGroups, source_rows::Spill,
    },
    definitions::Definitions,
    filling::{Filling, Pushed},
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

/// A database and what is read of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqliteSource {
    /// The database.
    pub path: PathBuf,
    /// What of it.
    pub read: SqliteRead,
    /// How long to wait for a writer that keeps readers out.
    pub busy_timeout: Duration,
    /// What tables are that the database lacks.
    pub definitions: Option<Definitions>,
}

/// The columns, from the declared types: INTEGER, REAL and TEXT affinity are taken at their word; the type of other
/// columns and of expressions is only known from their values.
pub(in super::super) fn schema(source: &SqliteSource) -> Result<PortSchema, IoError> {
    let connection = source.connect()?;
    let sql = source.select(&connection)?;
    let statement = source.prepare(&connection, &sql)?;
    source.columns(&statement)
}

/// Counts the rows of a table or query.
pub(in super::super) fn count_rows(source: &SqliteSource) -> Result<u64, IoError> {
    let connection = source.connect()?;
    let sql = source.select(&connection)?;
    source.prepare(&connection, &sql)?;
    let count = format!("SELECT COUNT(*) FROM ({})", sql.trim().trim_end_matches(';'));
    let rows: i64 = connection
        .query_row(&count, [], |row| row.get(0))
        .map_err(|error| source.refused("cannot count rows", error))?;
    Ok(u64::try_from(rows).unwrap_or_default())
}

/// Reads all rows as they stand at one moment; the rejected rows come second. Without a file to spill to, all rows are
/// held in memory.
pub(in super::super) fn read(
    source: &SqliteSource,
    spill: Option<Spill<'_>>,
    watch: &ReadWatch<'_>,
) -> Result<(SourceRows, DataFrame), IoError> {
    let connection = source.connect()?;
    connection.execute_batch("BEGIN").map_err(|error| source.refused("cannot begin to read", error))?;
    let sql = source.select(&connection)?;
    let mut statement = source.prepare(&connection, &sql)?;
    let columns = source.columns(&statement)?;
    if let Some(spill) = spill
        && let Some(done) = source.rows(&mut statement, &columns, Some(spill), watch)?
    {
        return Ok(done);
    }
    let whole = source.rows(&mut statement, &columns, None, watch)?;
    whole.ok_or(IoError::Interrupted)
}

impl SqliteSource {
    /// The state of the database. One that is not there is no file, where the tables that it would lack are defined.
    ///
    /// # Errors
    /// When it is not there.
    pub(in super::super) fn state(&self) -> Result<SourceState, IoError> {
        match FileState::of_sqlite(&self.path) {
            Ok(state) => Ok(SourceState::of_file(state)),
            Err(IoError::Missing { .. }) if self.definitions.is_some() => Ok(SourceState::default()),
            Err(error) => Err(error),
        }
    }

    /// The database, or where it lacks a table that is defined, one with the empty tables of the definitions.
    fn connect(&self) -> Result<Connection, IoError> {
        let refused = |error| self.refused("cannot read the schema", error);
        let connection = match (open_to_read(&self.path, self.busy_timeout), &self.definitions) {
            (Err(IoError::Missing { .. }), Some(definitions)) => return definitions.database().map_err(refused),
            (connection, _) => connection?,
        };
        let Some(definitions) = &self.definitions else { return Ok(connection) };
        let is_missing = match &self.read {
            SqliteRead::Table(name) => TableInfo::load(&connection, name).map_err(refused)?.is_none(),
            SqliteRead::Query(sql) => {
                connection.prepare(sql).is_err_and(|error| error.to_string().contains("no such table"))
            }
        };
        if is_missing { definitions.database().map_err(refused) } else { Ok(connection) }
    }

    fn refused(&self, doing: &str, error: rusqlite::Error) -> IoError {
        IoError::sqlite(&self.path, doing, self.busy_timeout, error)
    }

    fn select(&self, connection: &Connection) -> Result<String, IoError> {
        let name = match &self.read {
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
            path: self.path.clone(),
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
            path: self.path.clone(),
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
                    path: self.path.clone(),
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

    /// Reads the rows; `None` when a column's type, which was taken from the first rows, is not that of later ones, so
    /// that all of them must be held before it is known.
    fn rows(
        &self,
        statement: &mut Statement<'_>,
        columns: &PortSchema,
        spill: Option<Spill<'_>>,
        watch: &ReadWatch<'_>,
    ) -> Result<Option<(SourceRows, DataFrame)>, IoError> {
        let refused = |error| IoError::frame(&self.path, error);
        let held = spill.map_or(usize::MAX, |_| ROW_GROUP_ROWS);
        let mut filling = Filling::new(columns);
        let mut rows = statement.raw_query();
        if self.fill(&mut filling, &mut rows, held, watch)? == Filled::ToTheEnd {
            let frame = filling.take_frame().map_err(refused)?;
            return Ok(Some((SourceRows::Held(Box::new(frame.lazy())), filling.rejected().map_err(refused)?)));
        }
        let Some(spill) = spill else { return Ok(None) };
        let first = filling.take_frame().map_err(refused)?;
        filling.take_types_of(&first);
        let mut usable = first.height() as u64;
        let mut file = RowGroups::begin(spill.path, first.schema(), spill.footer)?.write(first)?;
        loop {
            let filled = self.fill(&mut filling, &mut rows, ROW_GROUP_ROWS, watch)?;
            if filled == Filled::OtherType {
                // The file is ended all the same, so that nobody writes to it any more.
                file.finish()?;
                return Ok(None);
            }
            let frame = filling.take_frame().map_err(refused)?;
            usable += frame.height() as u64;
            if frame.height() > 0 {
                file = file.write(frame)?;
            }
            if filled == Filled::ToTheEnd {
                file.finish()?;
                return Ok(Some((SourceRows::Spilled { rows: usable }, filling.rejected().map_err(refused)?)));
            }
        }
    }

    /// Reads until `usable` rows are held or there are no more.
    fn fill(
        &self,
        filling: &mut Filling<'_>,
        rows: &mut Rows<'_>,
        usable: usize,
        watch: &ReadWatch<'_>,
    ) -> Result<Filled, IoError> {
        let refused = |error| self.refused("cannot read the rows", error);
        while filling.usable() < usable {
            let Some(row) = rows.next().map_err(refused)? else { return Ok(Filled::ToTheEnd) };
            if filling.push(row).map_err(refused)? == Pushed::OtherType {
                return Ok(Filled::OtherType);
            }
            if filling.rows_seen().is_multiple_of(WATCH_EVERY) {
                watch.progress.advance(WATCH_EVERY);
                watch.check()?;
            }
        }
        Ok(Filled::Full)
    }
}

/// How far a batch was filled.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Filled {
    /// There are no more rows.
    ToTheEnd,
    /// There may be more.
    Full,
    /// A value does not fit the type that its column had so far.
    OtherType,
}
