//! Parquet: the files that are written are the tables, and a history in such a file gives the same tables.

use std::path::Path;

use rusqlite::types::Value;

use super::{TABLES, empty, history, run};
use crate::support::{Place, rows};

/// Reads a Parquet file back into a table of a database of its own.
pub fn read_back(place: &Place, file: &Path, table: &str) -> std::path::PathBuf {
    let database = file.with_extension("db");
    let pipeline = format!(
        "name = \"{table}\"\n[sources.file]\nparquet = '{}'\n[sinks.rows]\nfrom = \"file\"\nsqlite = '{}'\ntable = \"{table}\"\n",
        file.display(),
        database.display()
    );
    std::fs::write(place.path("read.toml"), pipeline).expect("a pipeline");
    let workspace = format!("{}-read", file.display());
    place.nightloom(["run", "read.toml", "--workspace", &workspace]).expect_success();
    database
}

/// What [`super::tables`] gives, from the Parquet files of the last run on a database.
pub fn tables(place: &Place, database: &Path) -> Vec<Vec<Vec<Value>>> {
    let name = database.file_stem().expect("a name").to_string_lossy();
    let read = |table: &str, query: &str| {
        rows(&read_back(place, &place.path(&format!("{name}-out/{table}.parquet")), table), query)
    };
    ["operation_patterns", "pattern_occurrences"].iter().zip(TABLES).map(|(table, query)| read(table, query)).collect()
}

#[test]
fn histories_in_parquet_give_the_same_patterns() {
    let place = Place::new();
    let database = history(&place, "columns.db", 400);
    run(&place, &database, &[]).expect_success();
    let pipeline = format!(
        "name = \"copy\"\n[sources.history]\nsqlite = '{}'\ntable = \"workflow_history\"\n[sinks.file]\nfrom = \"history\"\nparquet = 'history.parquet'\n",
        database.display()
    );
    std::fs::write(place.path("copy.toml"), pipeline).expect("a pipeline");
    place.nightloom(["run", "copy.toml"]).expect_success();
    let other = empty(&place, "other.db");
    let source = format!("sources.workflow_history={{ parquet = '{}' }}", place.path("history.parquet").display());
    run(&place, &other, &["--set", &source]).expect_success();
    assert!(super::tables(&other) == super::tables(&database), "the tables differ");
}

#[test]
fn rows_that_cannot_be_used_are_in_a_file_with_row_id_and_reason() {
    let place = Place::new();
    let lines = "workflow_id,id,nl_input,total_tokens,actual_cost_total,created_at\n\
                 w1,,run tests,5,,2026-01-01\n\
                 ,,run tests,5,,2026-01-01\n\
                 ,7,run tests,many,,2026-01-01\n\
                 w2,,run tests,5,inf,2026-01-01\n\
                 w1,,build it,7,,2026-01-02\n\
                 ,8,run tests,5,0.5,2026-01-01\n";
    std::fs::write(place.path("odd.csv"), lines).expect("lines");
    let database = empty(&place, "odd.db");
    let source = format!("sources.workflow_history={{ csv = '{}' }}", place.path("odd.csv").display());
    run(&place, &database, &["--set", &source]).expect_success();
    let file = place.path("odd-out/workflows_rejected.parquet");
    let found = rows(&read_back(&place, &file, "rejected"), "SELECT * FROM rejected ORDER BY \"row\"");
    let wanted = [
        (1, Some("w1"), "another row has the same id and is newer"),
        (2, None, "no workflow_id, id or adw_id"),
        (3, Some("7"), "total_tokens is not a number"),
        (4, Some("w2"), "actual_cost_total is not a finite number"),
    ];
    let text = |text: &str| Value::Text(text.to_owned());
    let wanted = wanted.map(|(row, id, reason)| vec![Value::Integer(row), id.map_or(Value::Null, text), text(reason)]);
    assert_eq!(found, wanted);
    let linked = rows(&database, "SELECT workflow_id FROM pattern_occurrences ORDER BY 1");
    assert_eq!(linked, [[text("8")], [text("w1")]]);
}
