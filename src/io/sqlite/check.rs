//! The checks of a SQLite sink that are made before any work.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, MAIN_DB};

use super::{
    super::{IoError, prepared_file::check_folder},
    ledger, open_to_read, open_to_write,
    sink::{Layout, SqliteSink},
    statements,
    table::TableInfo,
};
use crate::operator::PortSchema;

impl SqliteSink {
    /// Checks all that can be known before any work: the names, the columns, the keys, the table, its types and triggers,
    /// and that the database may be written. Nothing is changed. A dataset without columns is one whose columns are known
    /// only when it is made: they are compared when they are written.
    ///
    /// # Errors
    /// The first thing found wrong, with every column it concerns, and the mend.
    pub fn check(&self, database: &Path, dataset: &PortSchema, busy_timeout: Duration) -> Result<(), IoError> {
        self.check_table_name(database)?;
        if dataset.is_empty() {
            return check_writable(database, busy_timeout);
        }
        let layout = self.layout(database, dataset)?;
        check_writable(database, busy_timeout)?;
        let refused = |error| IoError::sqlite(database, "cannot read the schema", busy_timeout, error);
        let connection = match open_to_read(database, busy_timeout) {
            Err(IoError::Missing { .. }) => None,
            other => Some(other?),
        };
        let find = |connection: &Connection| TableInfo::load(connection, &self.table).map_err(refused);
        match (connection.as_ref().map(find).transpose()?.flatten(), connection) {
            (Some(table), Some(connection)) => {
                if self.missing_columns(database, &layout, Some(&table))?.is_empty() {
                    self.rehearse(database, &connection, &layout)?;
                }
                Ok(())
            }
            _ => {
                let empty = Connection::open_in_memory().map_err(refused)?;
                // What it refers to may be made by other sinks.
                empty.pragma_update(None, "foreign_keys", false).map_err(refused)?;
                self.prepare_table(database, &empty, &layout, |error| self.refused(database, &error))?;
                self.rehearse(database, &empty, &layout)
            }
        }
    }

    /// Has SQLite take the statements apart, with the triggers of the table, and runs none.
    fn rehearse(&self, database: &Path, connection: &Connection, layout: &Layout) -> Result<(), IoError> {
        let prepare = |sql: &String| connection.prepare(sql).map(drop);
        statements::of(self, layout).iter().try_for_each(prepare).map_err(|error| self.refused(database, &error))
    }

    fn refused(&self, database: &Path, error: &rusqlite::Error) -> IoError {
        self.wrong(database, format!("SQLite would refuse to write it: {error}"), "mend the table or its triggers")
    }

    fn check_table_name(&self, database: &Path) -> Result<(), IoError> {
        let lower = self.table.to_ascii_lowercase();
        if lower.starts_with("sqlite_") || lower == ledger::TABLE {
            let whose = if lower == ledger::TABLE { "nightloom" } else { "SQLite" };
            let problem = format!("is {whose}'s own, and not to be written");
            return Err(self.wrong(database, problem, "choose another name"));
        }
        self.check_name(database, &self.table)
    }
}

/// Refuses a database that may not be written, or could not be made. Journals are made in the database's folder.
fn check_writable(database: &Path, busy_timeout: Duration) -> Result<(), IoError> {
    check_folder(database.parent().unwrap_or(Path::new("")))?;
    if !database.exists() {
        return Ok(());
    }
    let connection = open_to_write(database, busy_timeout)?;
    match connection.is_readonly(MAIN_DB) {
        Ok(false) => Ok(()),
        Ok(true) => Err(IoError::ReadOnly { path: database.to_owned(), problem: "the file is read-only".to_owned() }),
        Err(error) => Err(IoError::sqlite(database, "cannot look at the database", busy_timeout, error)),
    }
}
