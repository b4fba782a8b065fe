//! A catalog in step with an index in PostgreSQL with the extension vector.

use std::{fs, path::PathBuf};

use nightloom_postgres_server::Server;

use crate::support::{Place, project};

const FIRST: &str = r#"{"products": [
  {"id": "a", "name": "Red leather belt AB-1234/56", "price": "$30.00", "in_stock": true},
  {"id": "b", "name": "Blue USB-C cable", "price": 9.5},
  {"id": "c", "name": "Green t-shirt 24\"", "price": 15, "description": "Soft cotton"}]}"#;

/// A server that has the extension; `PGVECTOR_BIN` names the folder of one's programs.
fn server() -> Option<Server> {
    let server = match std::env::var_os("PGVECTOR_BIN").map(PathBuf::from) {
        Some(programs) => Server::start_from(&programs, &[]),
        None => Server::start(&[])?,
    };
    let sql = "SELECT count(*) FROM pg_available_extensions WHERE name = 'vector'";
    if server.sql("postgres", sql) == "0" {
        eprintln!("skipped: the server has no extension vector; name one that has it in PGVECTOR_BIN");
        return None;
    }
    Some(server)
}

fn sync(place: &Place, server: &Server) -> String {
    let pipeline = project().join("pipelines/catalog-pgvector.toml");
    let mut command = place.command(["run".as_ref(), pipeline.as_os_str()]);
    command.args(["--workspace", ".", "--set", "vars.catalog=catalog.json", "--set", "vars.namespace=shop.example"]);
    let run =
        command.args(["--set", &format!("vars.database_url={}", server.url("postgres"))]).output().expect("a run");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    server.sql("postgres", "SELECT id, price FROM products ORDER BY id").replace('\n', " ")
}

#[test]
fn an_index_in_postgresql_follows_its_catalog_and_finds_what_is_near() {
    let Some(server) = server() else { return };
    let place = Place::new();
    fs::write(place.path("catalog.json"), FIRST).expect("a catalog");
    assert_eq!(sync(&place, &server), "a|30 b|9.5 c|15");
    let vectors = "SELECT count(*), count(DISTINCT vector_dims(vector)) FROM products WHERE vector IS NOT NULL";
    assert_eq!(server.sql("postgres", vectors), "3|1");
    let versions = || server.sql("postgres", "SELECT string_agg(xmin::text, ' ' ORDER BY id) FROM products");
    let before = versions();
    assert_eq!(sync(&place, &server), "a|30 b|9.5 c|15");
    assert_eq!(versions(), before, "what is the same was written");
    fs::write(place.path("catalog.json"), FIRST.replace("$30.00", "$25.00").replace("\"id\": \"b\"", "\"id\": \"d\""))
        .expect("a catalog");
    assert_eq!(sync(&place, &server), "a|25 c|15 d|9.5");
    let nearest =
        "SELECT n.id FROM products AS p, products AS n WHERE p.id = 'd' ORDER BY p.vector <=> n.vector LIMIT 1";
    assert_eq!(server.sql("postgres", nearest), "d");
}
