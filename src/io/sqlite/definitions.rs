//! Tables as a file of definitions has them: what a table is that a database lacks.

use rusqlite::{Connection, Result};

/// `CREATE TABLE` and `CREATE INDEX` statements. A source reads a table that is missing as the empty one they make, and a
/// sink makes the table it misses as they do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definitions(String);

impl Definitions {
    /// Takes the statements.
    ///
    /// # Errors
    /// When SQLite refuses one.
    pub fn new(statements: impl Into<String>) -> Result<Self> {
        let definitions = Self(statements.into());
        definitions.database().map(|_| definitions)
    }

    /// A database in memory with the tables, empty.
    pub(in super::super) fn database(&self) -> Result<Connection> {
        let connection = Connection::open_in_memory()?;
        connection.execute_batch(&self.0)?;
        Ok(connection)
    }

    /// The statements that make one table and its indexes; none if it is not among them.
    pub(super) fn of_table(&self, table: &str) -> Result<Vec<String>> {
        let connection = self.database()?;
        let sql = "SELECT sql FROM sqlite_schema WHERE tbl_name = ?1 COLLATE NOCASE AND sql IS NOT NULL \
                   AND type IN ('table', 'index') ORDER BY type DESC, rowid";
        connection.prepare(sql)?.query_map([table], |row| row.get(0))?.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_comes_with_its_indexes_and_without_the_other_tables() {
        let definitions = Definitions::new(
            "CREATE TABLE a (x UNIQUE); CREATE TABLE IF NOT EXISTS b (y); CREATE INDEX i ON a (x); CREATE VIEW v AS SELECT 1;",
        );
        let definitions = definitions.unwrap();
        assert_eq!(definitions.of_table("A").unwrap(), ["CREATE TABLE a (x UNIQUE)", "CREATE INDEX i ON a (x)"]);
        assert_eq!(definitions.of_table("b").unwrap(), ["CREATE TABLE b (y)"]);
        assert!(definitions.of_table("c").unwrap().is_empty());
        assert!(Definitions::new("CREATE TALBE a (x)").is_err());
    }
}
