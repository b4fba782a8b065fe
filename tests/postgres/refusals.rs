//! What cannot be done on a server is told before any work, and no password is told at all.

use std::{fs, path::Path};

use nightloom_postgres_server::Server;

use crate::support::Place;

const PIPELINE: &str = r#"
name = "p"
[vars]
db = { default = "x" }
[sources.t]
database = "${vars.db}"
table = "t"
[sinks.copy]
from = "t"
database = "${vars.db}"
table = "copy"
mode = "upsert"
keys = ["id"]
[verify.count]
database = "${vars.db}"
query = "SELECT count(*) AS n FROM copy"
expect = { between = { n = [1, 1] } }
"#;

fn with_pipeline() -> Place {
    let place = Place::new();
    fs::write(place.path("p.toml"), PIPELINE).expect("a pipeline");
    place
}

fn run(place: &Place, command: &str, url: &str) -> crate::support::Finished {
    place.nightloom([command, "p.toml", "--set", &format!("vars.db={url}")])
}

/// The plan as JSON.
fn planned(place: &Place, url: &str) -> String {
    place.nightloom(["plan", "p.toml", "--json", "--set", &format!("vars.db={url}")]).expect_success().stdout
}

/// Whether a file under a folder holds a text.
fn holds(folder: &Path, text: &str) -> bool {
    fs::read_dir(folder).expect("a folder").flatten().any(|entry| match entry.path().is_dir() {
        true => holds(&entry.path(), text),
        false => {
            let bytes = fs::read(entry.path()).expect("a file");
            bytes.windows(text.len()).any(|window| window == text.as_bytes())
        }
    })
}

#[test]
fn a_password_is_in_no_file_of_the_workspace_and_in_no_words() {
    let Some(server) = Server::start(&[]) else { return };
    server.sql("postgres", "CREATE TABLE t (id int PRIMARY KEY, x text); INSERT INTO t VALUES (1, 'a')");
    let place = with_pipeline();
    let url = server.url("postgres").replace("nightloom@", "nightloom:s3cr3t-word@");
    for (command, url, succeeds) in [
        ("run", url.clone(), true),
        ("plan", url.clone(), true),
        ("verify", url.clone(), true),
        ("run", url.replace("/postgres", "/nowhere"), false),
        ("run", url.clone() + "?sslmod=x", false),
    ] {
        let done = run(&place, command, &url);
        assert_eq!(done.code == Some(0), succeeds, "{command}: {:?} {}", done.code, done.stderr);
        assert!(
            !done.stdout.contains("s3cr3t-word") && !done.stderr.contains("s3cr3t-word"),
            "{}{}",
            done.stdout,
            done.stderr
        );
    }
    assert_eq!(server.sql("postgres", "SELECT * FROM copy"), "1|a");
    assert!(holds(&place.path(".nightloom"), "nightloom"));
    assert!(!holds(&place.path(".nightloom"), "s3cr3t-word"));
}

#[test]
fn a_source_without_a_sign_is_read_in_each_run_and_one_with_a_sign_only_when_it_changed() {
    let Some(server) = Server::start(&[]) else { return };
    server.sql("postgres", "CREATE TABLE t (id int PRIMARY KEY, x text); INSERT INTO t VALUES (1, 'a')");
    let place = with_pipeline();
    let url = server.url("postgres");
    run(&place, "run", &url).expect_success();
    let plan = planned(&place, &url);
    assert!(plan.contains("gives no sign of a change"), "{plan}");
    fs::write(place.path("p.toml"), PIPELINE.replace("table = \"t\"\n", "table = \"t\"\nchanged = \"id\"\n"))
        .expect("a pipeline");
    run(&place, "run", &url).expect_success();
    let plan = planned(&place, &url);
    assert!(plan.contains("by its server's sign"), "{plan}");
    server.sql("postgres", "INSERT INTO t VALUES (2, 'b')");
    run(&place, "run", &url).expect_success();
    assert_eq!(server.sql("postgres", "SELECT count(*) FROM copy"), "2");
}

#[test]
fn a_role_that_may_not_write_and_a_column_of_another_type_are_told_before_any_work() {
    let Some(server) = Server::start(&[]) else { return };
    server.sql(
        "postgres",
        "CREATE TABLE t (id int PRIMARY KEY, x text); INSERT INTO t VALUES (1, 'a'); CREATE ROLE reader LOGIN;
         GRANT SELECT ON t TO reader;",
    );
    let place = with_pipeline();
    let refused = run(&place, "run", &server.url_of("reader", "postgres"));
    assert!(refused.code != Some(0) && refused.stderr.contains("may not make"), "{}", refused.stderr);
    server.sql("postgres", "CREATE TABLE copy (id int PRIMARY KEY, x date)");
    let refused = run(&place, "run", &server.url("postgres"));
    assert_eq!(server.sql("postgres", "SELECT count(*) FROM copy"), "0");
    assert!(
        refused.code != Some(0) && refused.stderr.contains("invalid input syntax for type date"),
        "{}",
        refused.stderr
    );
    server.sql("postgres", "DROP TABLE copy; CREATE TABLE copy (id int PRIMARY KEY, x int)");
    let refused = run(&place, "run", &server.url("postgres"));
    assert!(
        refused.stderr.contains("its column 'x' is integer, but the dataset's column 'x' is text"),
        "{}",
        refused.stderr
    );
}
