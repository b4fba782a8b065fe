//! One variable decides where a pipeline's rows lie; they are the same.

use nightloom_postgres_server::Server;

use super::servers::{copy_to_server, rows_of_server, rows_of_sqlite, tables};
use crate::support::{Place, project};

/// Runs a shipped pipeline twice on each database, and compares all tables after each run.
fn assert_same(place: &Place, server: &Server, pipeline: &str, database: &str, settings: &[&str]) {
    let file = project().join("pipelines").join(pipeline);
    let sqlite = format!("{database}.db");
    for night in 1..=2 {
        for (workspace, target) in [("on-sqlite", sqlite.clone()), ("on-server", server.url(database))] {
            let mut command = place.command(["run".as_ref(), file.as_os_str()]);
            command.args(["--workspace", workspace, "--as-of", "2026-03-01", "--set", &format!("vars.db={target}")]);
            command.args(["--set", &format!("vars.out={workspace}-out")]);
            // What a pipeline wrote itself is followed in SQLite and not on a server: there the second night reads anew.
            command.args((night == 2).then_some("--full-refresh"));
            settings.iter().for_each(|setting| {
                command.args(["--set", setting]);
            });
            let run = command.output().expect("a run");
            let said = String::from_utf8_lossy(&run.stderr);
            assert!(run.status.success(), "{pipeline} {workspace}, night {night}: {said}");
        }
        let names = tables(&place.path(&sqlite));
        assert!(!names.is_empty());
        for table in names {
            let (expected, found) =
                (rows_of_sqlite(&place.path(&sqlite), &table), rows_of_server(server, database, &table));
            let other = expected.iter().zip(&found).find(|(a, b)| a != b);
            assert!(
                expected == found,
                "{pipeline}, night {night}, {table}: {} and {} rows: {other:?}",
                expected.len(),
                found.len()
            );
        }
    }
}

#[test]
fn baskets_and_bundles_write_the_same_rows_to_a_server() {
    let Some(server) = Server::start(&[]) else { return };
    let place = Place::new();
    place.nightloom(["sample", "orders", "--lines", "3000", "--out", "shops"]).expect_success();
    for (pipeline, database) in [("baskets.toml", "baskets"), ("bundles.toml", "bundles")] {
        server.database(database);
        assert_same(&place, &server, pipeline, database, &["vars.shop_data=shops"]);
    }
}

#[test]
fn linking_and_prices_read_and_write_the_same_rows_on_a_server() {
    let Some(server) = Server::start(&[]) else { return };
    let place = Place::new();
    place.nightloom(["sample", "shop", "--rows", "400", "--out", "linking.db"]).expect_success();
    server.database("linking");
    copy_to_server(&place, "linking.db", &server, "linking");
    assert_same(&place, &server, "linking.toml", "linking", &[]);
    assert_same(&place, &server, "prices.toml", "linking", &[]);
}

#[test]
fn workflows_read_and_write_the_same_rows_on_a_server() {
    let Some(server) = Server::start(&[]) else { return };
    let place = Place::new();
    place.nightloom(["sample", "workflows", "--rows", "400", "--out", "workflows.db"]).expect_success();
    server.database("workflows");
    copy_to_server(&place, "workflows.db", &server, "workflows");
    assert_same(&place, &server, "workflows.toml", "workflows", &[]);
}
