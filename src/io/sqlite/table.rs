//! What SQLite says of a table: its columns, its keys, its indexes.

use rusqlite::{Connection, OptionalExtension, Result};

use crate::operator::ColumnKind;

/// A table as it stands in the database.
#[derive(Debug)]
pub(super) struct TableInfo {
    /// Its name as declared.
    pub(super) name: String,
    /// Whether it is an ordinary table; views and virtual tables are not.
    pub(super) ordinary: bool,
    /// Whether its rows have a rowid.
    pub(super) has_rowid: bool,
    /// Whether it takes no values but those of its declared types.
    pub(super) strict: bool,
    /// Whether triggers or conflict clauses may leave rows out, or change more than is asked for.
    pub(super) has_own_rules: bool,
    /// Its columns in order.
    pub(super) columns: Vec<TableColumn>,
    /// The columns of its indexes and of its primary key.
    pub(super) indexes: Vec<Index>,
}

/// A column of a table.
#[derive(Debug)]
pub(super) struct TableColumn {
    pub(super) name: String,
    /// The declared type, perhaps empty.
    pub(super) declared: String,
    /// Whether a row cannot be inserted without a value for it.
    pub(super) needs_value: bool,
    /// Whether it is computed and cannot be written.
    pub(super) generated: bool,
    /// Its place in the primary key, from 1; 0 when it is not part of it.
    key_place: i64,
}

/// An index over whole rows (a partial one is not listed).
#[derive(Debug)]
pub(super) struct Index {
    pub(super) unique: bool,
    pub(super) columns: Vec<String>,
}

impl TableInfo {
    /// The table `name` of the main database, if it is there.
    pub(super) fn load(connection: &Connection, name: &str) -> Result<Option<Self>> {
        let sql =
            "SELECT name, type, wr, strict FROM pragma_table_list WHERE schema = 'main' AND name = ?1 COLLATE NOCASE";
        let found: Option<(String, String, bool, bool)> = connection
            .query_row(sql, [name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
            .optional()?;
        let Some((name, kind, without_rowid, strict)) = found else { return Ok(None) };
        let ordinary = kind == "table";
        let columns = columns(connection, &name)?;
        let mut indexes = indexes(connection, &name)?;
        let mut key: Vec<_> = columns.iter().filter(|column| column.key_place > 0).collect();
        key.sort_by_key(|column| column.key_place);
        if !key.is_empty() {
            indexes.push(Index { unique: true, columns: key.iter().map(|column| column.name.clone()).collect() });
        }
        let has_own_rules = ordinary && has_own_rules(connection, &name)?;
        let has_rowid = ordinary && !without_rowid;
        Ok(Some(Self { has_rowid, ordinary, strict, has_own_rules, columns, indexes, name }))
    }

    /// The names of all tables and views.
    pub(super) fn names(connection: &Connection) -> Result<Vec<String>> {
        let sql = "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' \
                   ESCAPE '\\' AND name <> '_nightloom_ledger' ORDER BY name";
        connection.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
    }

    /// The column of that name; SQLite's names have no case.
    pub(super) fn column(&self, name: &str) -> Option<&TableColumn> {
        self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
    }

    /// Whether a unique index or the primary key has just these columns.
    pub(super) fn is_unique(&self, names: &[&str]) -> bool {
        let holds = |column: &String| names.iter().any(|name| name.eq_ignore_ascii_case(column));
        self.indexes
            .iter()
            .any(|index| index.unique && index.columns.len() == names.len() && index.columns.iter().all(holds))
    }

    /// Whether a row can be found by these columns without a scan.
    pub(super) fn is_indexed(&self, names: &[&str]) -> bool {
        let leads = |index: &Index| {
            index.columns.first().is_some_and(|first| names.iter().any(|name| name.eq_ignore_ascii_case(first)))
        };
        self.indexes.iter().any(leads)
    }
}

fn has_own_rules(connection: &Connection, table: &str) -> Result<bool> {
    let sql = "SELECT 1 FROM sqlite_schema WHERE tbl_name = ?1 COLLATE NOCASE \
               AND (type = 'trigger' OR (type = 'table' AND sql LIKE '%conflict%'))";
    connection.prepare(sql)?.exists([table])
}

fn columns(connection: &Connection, table: &str) -> Result<Vec<TableColumn>> {
    let sql = "SELECT name, type, \"notnull\", dflt_value IS NOT NULL, pk, hidden FROM pragma_table_xinfo(?1)";
    connection
        .prepare(sql)?
        .query_map([table], |row| {
            let (not_null, has_default): (bool, bool) = (row.get(2)?, row.get(3)?);
            Ok(TableColumn {
                name: row.get(0)?,
                declared: row.get(1)?,
                needs_value: not_null && !has_default,
                generated: row.get::<_, i64>(5)? > 1,
                key_place: row.get(4)?,
            })
        })?
        .collect()
}

fn indexes(connection: &Connection, table: &str) -> Result<Vec<Index>> {
    let sql = "SELECT name, \"unique\" FROM pragma_index_list(?1) WHERE NOT partial ORDER BY name";
    let listed: Vec<(String, bool)> =
        connection.prepare(sql)?.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_>>()?;
    let mut statement = connection.prepare("SELECT name FROM pragma_index_info(?1) ORDER BY seqno")?;
    let mut indexes = Vec::new();
    for (name, unique) in listed {
        let columns: Vec<Option<String>> = statement.query_map([name], |row| row.get(0))?.collect::<Result<_>>()?;
        // An index over an expression has a column without a name.
        if let Some(columns) = columns.into_iter().collect() {
            indexes.push(Index { unique, columns });
        }
    }
    Ok(indexes)
}

/// What the values of a column with this declared type may be, by SQLite's affinity rules
/// (<https://www.sqlite.org/datatype3.html#determination_of_column_affinity>). NUMERIC and BLOB affinity leave it open.
pub(in super::super) fn kind_of_declared(declared: &str) -> ColumnKind {
    let upper = declared.to_ascii_uppercase();
    let has = |words: &[&str]| words.iter().any(|word| upper.contains(word));
    if has(&["INT"]) {
        ColumnKind::Int
    } else if has(&["CHAR", "CLOB", "TEXT"]) {
        ColumnKind::Text
    } else if has(&["BLOB"]) {
        ColumnKind::Any
    } else if has(&["REAL", "FLOA", "DOUB"]) {
        ColumnKind::Float
    } else {
        ColumnKind::Any
    }
}

/// The declared type of a column made for a dataset's column.
pub(super) fn declared_for(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Int | ColumnKind::Bool => "INTEGER",
        ColumnKind::Float => "REAL",
        ColumnKind::Text
        | ColumnKind::Date
        | ColumnKind::Timestamp
        | ColumnKind::Texts
        | ColumnKind::Ints
        | ColumnKind::Floats
        | ColumnKind::Record(_)
        | ColumnKind::Records(_) => "TEXT",
        ColumnKind::Any => "",
    }
}
