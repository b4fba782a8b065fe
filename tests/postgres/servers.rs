//! Databases of a server and of SQLite, side by side.

use std::{collections::BTreeMap, path::Path};

use nightloom_postgres_server::Server;
use rusqlite::{Connection, types::ValueRef};
use serde_json::{Map, Value, json};

use crate::support::Place;

/// The tables of a SQLite database that hold rows of the pipeline, with the ledger left out.
pub fn tables(database: &Path) -> Vec<String> {
    let connection = Connection::open(database).expect("a database");
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '\\_%' ESCAPE '\\' ORDER BY 1";
    let mut statement = connection.prepare(sql).expect("a schema");
    statement.query_map([], |row| row.get(0)).expect("names").collect::<Result<_, _>>().expect("names")
}

/// Copies all tables of a SQLite database into one of a server, with their primary keys and what is unique in them.
pub fn copy_to_server(place: &Place, sqlite: &str, server: &Server, database: &str) {
    let mut pipeline = "name = \"copy\"\n".to_owned();
    for table in tables(&place.path(sqlite)) {
        pipeline += &format!(
            "[sources.{table}_rows]\nsqlite = \"{sqlite}\"\ntable = \"{table}\"\n[sinks.{table}]\nfrom = \"{table}_rows\"\n\
             postgres = \"{}\"\ntable = \"{table}\"\n",
            server.url(database)
        );
    }
    let file = format!("copy-{database}.toml");
    std::fs::write(place.path(&file), pipeline).expect("a pipeline");
    place.nightloom(["run", &file, "--workspace", &format!("copy-{database}")]).expect_success();
    for table in tables(&place.path(sqlite)) {
        for (kind, columns) in unique_columns(&place.path(sqlite), &table) {
            server.sql(database, &format!("ALTER TABLE \"{table}\" ADD {kind} ({columns})"));
        }
    }
    server.sql(database, "DROP TABLE _nightloom_ledger");
}

/// The primary key of a table and its unique constraints: `PRIMARY KEY` or `UNIQUE`, and the columns.
fn unique_columns(database: &Path, table: &str) -> Vec<(String, String)> {
    let sql = "SELECT 'PRIMARY KEY', group_concat('\"' || name || '\"', ', ' ORDER BY pk) FROM pragma_table_info(?1) \
               WHERE pk > 0 HAVING count(*) > 0 \
               UNION ALL \
               SELECT 'UNIQUE', (SELECT group_concat('\"' || name || '\"', ', ' ORDER BY seqno) FROM pragma_index_info(i.name)) \
               FROM pragma_index_list(?1) AS i WHERE i.origin = 'u'";
    let connection = Connection::open(database).expect("a database");
    let mut statement = connection.prepare(sql).expect("a schema");
    let found = statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?))).expect("keys");
    found.collect::<Result<_, _>>().expect("keys")
}

/// All rows of a table, sorted, in a form in which both databases say the same.
pub fn rows_of_sqlite(database: &Path, table: &str) -> Vec<String> {
    let connection = Connection::open(database).expect("a database");
    let mut statement = connection.prepare(&format!("SELECT * FROM \"{table}\"")).expect(table);
    let names: Vec<String> = statement.column_names().map(ToOwned::to_owned).collect();
    let row = |row: &rusqlite::Row<'_>| {
        let mut object = Map::new();
        for (place, name) in names.iter().enumerate() {
            object.insert(
                name.clone(),
                match row.get_ref(place)? {
                    ValueRef::Null => Value::Null,
                    ValueRef::Integer(value) => json!(value),
                    // JSON has no such number: a server writes it as a text.
                    ValueRef::Real(value) if value.is_infinite() => {
                        json!(if value > 0.0 { "Infinity" } else { "-Infinity" })
                    }
                    ValueRef::Real(value) => json!(value),
                    ValueRef::Text(text) | ValueRef::Blob(text) => json!(String::from_utf8_lossy(text)),
                },
            );
        }
        Ok(plain(Value::Object(object)).to_string())
    };
    let mut rows: Vec<String> = statement.query_map([], row).expect(table).collect::<Result<_, _>>().expect(table);
    rows.sort();
    rows
}

/// What a number of a server's row begins with.
const NUMBER: &str = "number ";

/// The same of a server's table.
pub fn rows_of_server(server: &Server, database: &str, table: &str) -> Vec<String> {
    // Numbers go as texts: serde_json reads a float to within a unit in its last place only.
    let value = format!("CASE json_typeof(value) WHEN 'number' THEN to_json('{NUMBER}' || value::text) ELSE value END");
    let text = server.sql(
        database,
        &format!("SELECT (SELECT json_object_agg(key, {value}) FROM json_each(row_to_json(t))) FROM \"{table}\" AS t"),
    );
    let mut rows: Vec<String> =
        text.lines().map(|line| plain(serde_json::from_str(line).expect(line)).to_string()).collect();
    rows.sort();
    rows
}

/// A value in the one form: truth values as 0 and 1, numbers (also those that a server's row has as texts) as floats, lists
/// and records that are texts as such, instants with a Z.
fn plain(value: Value) -> Value {
    match value {
        Value::Bool(value) => json!(f64::from(u8::from(value))),
        // JSONB has no negative zero.
        Value::Number(number) => json!(number.as_f64().map(|number| number + 0.0)),
        Value::String(text) if text.starts_with(['[', '{']) => serde_json::from_str(&text).map_or(json!(text), plain),
        Value::String(text) => match (text.strip_prefix(NUMBER), text.strip_suffix("+00:00")) {
            (Some(number), _) => json!(number.parse::<f64>().expect("a number") + 0.0),
            (None, Some(instant)) => json!(format!("{instant}Z")),
            (None, None) => json!(text),
        },
        Value::Array(items) => Value::Array(items.into_iter().map(plain).collect()),
        // A server sorts the fields of a record.
        Value::Object(fields) => {
            let sorted: BTreeMap<_, _> = fields.into_iter().map(|(name, value)| (name, plain(value))).collect();
            Value::Object(sorted.into_iter().collect())
        }
        Value::Null => Value::Null,
    }
}
