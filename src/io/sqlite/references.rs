//! Foreign keys: a sink changes its own table and nothing else, and breaks no reference.
//!
//! SQLite would act on the references to a row that is deleted: with ON DELETE CASCADE a table that is replaced empties
//! those that refer to it, though the same rows come back a moment later, and a plain reference makes it impossible. So
//! keys are not enforced while rows are written, and looked at before the commit.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, Result};

use super::super::IoError;

/// A reference that leads nowhere: the row's table and number, the table it refers to, the key's number in its table. Rows
/// of tables without numbers count together.
type Broken = (String, Option<i64>, String, i64);

/// The references that may be broken by a transaction, as they were before.
pub(super) struct References {
    /// The tables that refer to a written one, and the written ones that refer to others.
    tables: BTreeSet<String>,
    broken: BTreeMap<Broken, u64>,
}

impl References {
    /// Looks at the references to and from the tables that will be written.
    pub(super) fn before(connection: &Connection, written: &[&str]) -> Result<Self> {
        let is_written = |name: &str| written.iter().any(|table| table.eq_ignore_ascii_case(name));
        let sql = "SELECT m.name, f.\"table\" FROM sqlite_schema AS m, pragma_foreign_key_list(m.name) AS f \
                   WHERE m.type = 'table'";
        let mut statement = connection.prepare(sql)?;
        let keys = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
        let mut tables = BTreeSet::new();
        for key in keys {
            let (from, to) = key?;
            if is_written(&from) || is_written(&to) {
                tables.insert(from);
            }
        }
        let broken = broken(connection, &tables);
        Ok(Self { tables, broken })
    }

    /// Refuses a transaction that broke a reference. What was broken before may stay so.
    pub(super) fn check(
        &self,
        connection: &Connection,
        database: &std::path::Path,
    ) -> std::result::Result<(), IoError> {
        let now = broken(connection, &self.tables);
        let new = now.iter().filter(|(key, count)| **count > self.broken.get(key).copied().unwrap_or_default());
        let Some(((table, row, to, _), _)) = new.clone().next() else { return Ok(()) };
        let rows: u64 = new
            .filter(|((other, _, target, _), _)| (other, target) == (table, to))
            .map(|(key, count)| count - self.broken.get(key).copied().unwrap_or_default())
            .sum();
        let example = row.map_or(String::new(), |row| format!(", for example that with the rowid {row}"));
        let (rows, refer) = if rows == 1 { ("1 row".to_owned(), "refers") } else { (format!("{rows} rows"), "refer") };
        Err(IoError::Table {
            path: database.to_owned(),
            table: table.clone(),
            problem: format!("{rows} would {} to no row of '{to}'{example}", refer.trim_end_matches('s')),
            mend: format!("keep the rows of '{to}' that are referred to, or change the rows of '{table}' before"),
        })
    }
}

/// The references of some tables that lead nowhere. A table whose keys cannot be looked at, since they name no table or no
/// unique column, has none: they cannot be enforced either.
fn broken(connection: &Connection, tables: &BTreeSet<String>) -> BTreeMap<Broken, u64> {
    let mut found = BTreeMap::new();
    for table in tables {
        // A table that refuses to be looked at gives what it gave until then, before and after.
        let _ = broken_of(connection, table, &mut found);
    }
    found
}

fn broken_of(connection: &Connection, table: &str, found: &mut BTreeMap<Broken, u64>) -> Result<()> {
    let sql = "SELECT \"table\", rowid, parent, fkid FROM pragma_foreign_key_check(?1)";
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
    for row in rows {
        *found.entry(row?).or_default() += 1;
    }
    Ok(())
}
