//! Any moment may be the last: a run on a server that was killed is finished by the next.

use std::{
    fs,
    process::Stdio,
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use nightloom_postgres_server::Server;
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64;

use crate::support::Place;

/// Orders that are read and set done in the same database, sinks of every mode, and a file.
const PIPELINE: &str = r#"
name = "night"

[vars]
db = { default = "x" }

[sources.orders]
database = "${vars.db}"
query = "SELECT id, customer, cents FROM orders ORDER BY id"
changed = { query = "SELECT count(*), sum(cents) FROM orders" }

[sources.customers]
database = "${vars.db}"
table = "customers"

[stages.sums]
operator = "sql"
inputs = { o = "orders" }
params = { query = "SELECT customer, SUM(cents) AS cents, COUNT(*) AS n FROM o GROUP BY customer ORDER BY customer" }

[stages.totals]
operator = "sql"
inputs = { t = "sums", c = "customers" }
params = { query = "SELECT t.customer, c.name, t.cents, t.n FROM t JOIN c ON t.customer = c.customer ORDER BY t.customer" }

[stages.marks]
operator = "sql"
inputs = { o = "orders" }
params = { query = "SELECT id, 1 AS done FROM o ORDER BY id" }

[sinks.marks]
from = "marks"
database = "${vars.db}"
table = "orders"
mode = "update"
keys = ["id"]

[sinks.history]
from = "totals"
database = "${vars.db}"
table = "history"
mode = "append"

[sinks.totals]
from = "totals"
database = "${vars.db}"
table = "totals"

[sinks.latest]
from = "totals"
database = "${vars.db}"
table = "latest"
mode = "upsert"
keys = ["customer"]

[sinks.parquet]
from = "totals"
parquet = "out/totals.parquet"
"#;

/// A shop after a whole night and a day of new orders; copies of it are made by the number.
struct Shops {
    server: Server,
    made: AtomicU32,
    base: Place,
}

impl Shops {
    fn new(server: Server) -> Self {
        server.database("base");
        server.sql(
            "base",
            "CREATE TABLE orders (id int PRIMARY KEY, customer text, cents int, done bigint);
             CREATE TABLE customers (customer text PRIMARY KEY, name text);
             INSERT INTO customers VALUES ('a', 'Ada'), ('b', 'Bo'), ('c', 'Cy');
             INSERT INTO orders VALUES (1, 'a', 100), (2, 'b', 250), (3, 'a', 1);",
        );
        let base = Place::new();
        fs::write(base.path("p.toml"), PIPELINE).expect("a pipeline");
        let shops = Self { server, made: AtomicU32::new(0), base };
        shops.run(&shops.base, "base");
        shops.server.sql("base", "INSERT INTO orders VALUES (4, 'b', 7), (5, 'c', 70)");
        shops
    }

    fn command(&self, place: &Place, database: &str) -> std::process::Command {
        let mut command = place.command(["run", "p.toml", "--as-of", "2026-03-01"]);
        command.args(["--workspace", ".", "--set", &format!("vars.db={}", self.server.url(database))]);
        command
    }

    #[track_caller]
    fn run(&self, place: &Place, database: &str) {
        let run = self.command(place, database).output().expect("a run");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    }

    fn copy(&self) -> (Place, String) {
        let database = format!("shop{}", self.made.fetch_add(1, Ordering::SeqCst));
        self.server.sql("postgres", &format!("CREATE DATABASE {database} TEMPLATE base"));
        let place = Place::new();
        copy_folder(&self.base.path(""), &place.path(""));
        (place, database)
    }

    /// All tables, the ledger's runs apart.
    fn state(&self, database: &str) -> String {
        let tables = ["orders", "history", "totals", "latest"]
            .map(|table| self.server.sql(database, &format!("SELECT * FROM {table} ORDER BY {table}")));
        tables.join("\n--\n")
            + &self.server.sql(database, "SELECT owner, mode, rows FROM _nightloom_ledger ORDER BY 1, 2, 3")
    }

    fn undisturbed(&self) -> String {
        let (place, database) = self.copy();
        self.run(&place, &database);
        self.state(&database)
    }
}

fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy_folder(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).expect("a copy")),
        }
    }
}

#[test]
fn a_run_on_a_server_killed_at_any_failpoint_is_finished_by_the_next() {
    let Some(server) = Server::start(&[]) else { return };
    let shops = Shops::new(server);
    let expected = shops.undisturbed();
    let points = [
        "step-begin",
        "step-end",
        "commit-before-intents",
        "commit-after-intents",
        "postgres-begun",
        "postgres-batch",
        "postgres-staged",
        "postgres-before-commit",
        "postgres-after-commit",
        "commit-database-done",
        "commit-own-write-noted",
        "commit-file-renamed",
        "commit-before-end",
    ];
    for name in points {
        for pass in 1.. {
            let at = format!("{name}:{pass}");
            let (place, database) = shops.copy();
            let killed = shops.command(&place, &database).env("NIGHTLOOM_FAILPOINT", &at).output().expect("a run");
            if killed.status.code() == Some(0) {
                assert!(pass > 1, "'{name}' is never passed");
                break;
            }
            assert_eq!(killed.status.code(), None, "{at}: {}", String::from_utf8_lossy(&killed.stderr));
            shops.run(&place, &database);
            assert_eq!(shops.state(&database), expected, "{at}");
        }
    }
}

#[test]
fn runs_on_a_server_killed_after_random_times_are_finished_by_the_next() {
    let Some(server) = Server::start(&[]) else { return };
    let shops = Shops::new(server);
    let expected = shops.undisturbed();
    let started = Instant::now();
    let (place, database) = shops.copy();
    shops.run(&place, &database);
    let whole = started.elapsed();
    let mut dice = Pcg64::seed_from_u64(11);
    for round in 0..12 {
        let (place, database) = shops.copy();
        let mut command = shops.command(&place, &database);
        let mut run = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a run");
        thread::sleep(Duration::from_secs_f64(whole.as_secs_f64() * dice.random_range(0.1..1.0)));
        run.kill().expect("a kill");
        run.wait().expect("an end");
        shops.run(&place, &database);
        assert_eq!(shops.state(&database), expected, "round {round}");
    }
}

#[test]
fn two_workspaces_at_once_write_a_night_once() {
    let Some(server) = Server::start(&[]) else { return };
    let shops = Shops::new(server);
    let expected = shops.undisturbed();
    let (one, database) = shops.copy();
    let (other, _) = shops.copy();
    thread::scope(|scope| {
        let runs = [scope.spawn(|| shops.run(&one, &database)), scope.spawn(|| shops.run(&other, &database))];
        runs.into_iter().for_each(|run| run.join().expect("a run"));
    });
    assert_eq!(shops.state(&database), expected);
}
