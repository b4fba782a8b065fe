//! A table of a definitions file as a server makes it. SQLite takes the file apart: its INTEGER has 64 bits and its REAL is
//! a double, which a server calls otherwise.

use rusqlite::{Connection, Result};

use super::super::sqlite::{Definitions, kind_of_declared};
use crate::{
    operator::ColumnKind,
    postgres::{DefinedColumn, Definition},
};

/// The definition of a table; `None` if it is not among them.
pub(super) fn definition_of(definitions: &Definitions, table: &str) -> Result<Option<Definition>> {
    let database = definitions.database()?;
    let mut primary_key: Vec<(i64, String)> = Vec::new();
    let sql = "SELECT name, type, \"notnull\", dflt_value, pk FROM pragma_table_xinfo(?1) WHERE hidden = 0";
    let mut statement = database.prepare(sql)?;
    let rows = statement.query_map([table], |row| {
        let (name, declared): (String, String) = (row.get(0)?, row.get(1)?);
        let place: i64 = row.get(4)?;
        if place > 0 {
            primary_key.push((place, name.clone()));
        }
        Ok(DefinedColumn {
            name,
            declared: declared_for(&declared).map(ToOwned::to_owned),
            not_null: row.get(2)?,
            default: row.get(3)?,
        })
    })?;
    let columns: Vec<DefinedColumn> = rows.collect::<Result<_>>()?;
    if columns.is_empty() {
        return Ok(None);
    }
    primary_key.sort();
    let primary_key = primary_key.into_iter().map(|(_, name)| name).collect();
    Ok(Some(Definition { columns, primary_key, unique: unique(&database, table)? }))
}

/// The columns that are unique together, the primary key apart.
fn unique(database: &Connection, table: &str) -> Result<Vec<Vec<String>>> {
    let sql =
        "SELECT name FROM pragma_index_list(?1) WHERE \"unique\" AND NOT partial AND origin <> 'pk' ORDER BY name";
    let names: Vec<String> = database.prepare(sql)?.query_map([table], |row| row.get(0))?.collect::<Result<_>>()?;
    let mut statement = database.prepare("SELECT name FROM pragma_index_info(?1) ORDER BY seqno")?;
    let mut unique = Vec::new();
    for name in names {
        let columns: Vec<Option<String>> = statement.query_map([name], |row| row.get(0))?.collect::<Result<_>>()?;
        // An index over an expression has a column without a name.
        unique.extend(columns.into_iter().collect::<Option<Vec<String>>>());
    }
    Ok(unique)
}

/// The type of a column that SQLite was told so of; `None` where that leaves it open.
fn declared_for(declared: &str) -> Option<&'static str> {
    match kind_of_declared(declared) {
        ColumnKind::Int => Some("bigint"),
        ColumnKind::Float => Some("double precision"),
        ColumnKind::Text => Some("text"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_have_64_bits_reals_are_doubles_and_what_is_open_stays_so() {
        let text =
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a REAL DEFAULT 0.5, b TEXT NOT NULL, c TIMESTAMP, UNIQUE (a, b));";
        let definition = definition_of(&Definitions::new(text).unwrap(), "t").unwrap().unwrap();
        let types: Vec<_> = definition.columns.iter().map(|column| column.declared.as_deref()).collect();
        assert_eq!(types, [Some("bigint"), Some("double precision"), Some("text"), None]);
        assert_eq!(definition.primary_key, ["id"]);
        assert_eq!(definition.unique, [["a", "b"]]);
        assert_eq!(definition.columns[1].default.as_deref(), Some("0.5"));
        assert!(definition_of(&Definitions::new(text).unwrap(), "u").unwrap().is_none());
    }
}
