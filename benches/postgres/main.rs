//! Reading order lines of a PostgreSQL server into a checkpoint and writing them back, as a whole process, beside the usual
//! ways: connectorx, psycopg, SQLAlchemy, psql.
//!
//! ```text
//! cargo bench --bench postgres -- [--read 5000000] [--write 1000000] [--runs 5] [--python PYTHON] [--only-memory ROWS]
//! ```
//! The server is the test's own, in a temporary folder on a unix socket; peers are asked through Python, if it has them.

#[path = "../linking/process.rs"]
#[allow(dead_code, reason = "medians are taken here")]
mod process;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    time::Instant,
};

use nightloom_postgres_server::Server;
use process::measure;
use serde_json::Value;

/// What is read, but for the order: rows as they lie.
const QUERY: &str = "SELECT order_id, line, sku, title, quantity, price_cents, placed_at FROM read_lines";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn number(name: &str, usual: u64) -> u64 {
    argument(name).and_then(|text| text.parse().ok()).unwrap_or(usual)
}

fn argument(name: &str) -> Option<String> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    arguments.nth(1)
}

/// Order lines of made-up orders, five an order.
fn lines(table: &str, rows: u64) -> String {
    format!(
        "CREATE TABLE {table} AS SELECT g / 5 AS order_id, (g % 5)::int AS line, 'SKU-' || (g * 7919 % 20000) AS sku,
           'Title of product ' || (g * 7919 % 20000) AS title, (g % 3 + 1)::int AS quantity, (g * 31 % 9900 + 100) AS price_cents,
           timestamptz '2025-01-01 00:00:00Z' + g * interval '3 seconds' AS placed_at
         FROM generate_series(0::bigint, {rows} - 1) AS g"
    )
}

struct Bench {
    server: Server,
    folder: PathBuf,
    python: String,
    runs: usize,
}

fn run() -> Result<(), String> {
    let (read, write) = (number("--read", 5_000_000), number("--write", 1_000_000));
    let settings = ["shared_buffers=512MB", "max_wal_size=4GB", "work_mem=64MB"];
    let server = Server::start(&settings).ok_or("no PostgreSQL is installed")?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let bench = Bench {
        server,
        folder: folder.path().to_owned(),
        python: argument("--python").unwrap_or_else(|| "python3".to_owned()),
        runs: usize::try_from(number("--runs", 5)).unwrap_or(5),
    };
    println!("server: {}", bench.server.sql("postgres", "SELECT version()"));
    println!("peers: {}", bench.peer_output(&["version", "", ""]).unwrap_or_else(|problem| format!("none: {problem}")));
    if let Some(rows) = argument("--only-memory").and_then(|rows| rows.parse().ok()) {
        return bench.memory(rows);
    }
    bench.reading(read)?;
    bench.writing(write)
}

impl Bench {
    fn peer_output(&self, arguments: &[&str]) -> Result<String, String> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/postgres_peer.py");
        let ran = Command::new(&self.python).arg(script).args(arguments).output().map_err(|error| error.to_string())?;
        match ran.status.success() {
            true => Ok(String::from_utf8_lossy(&ran.stdout).trim().to_owned()),
            false => Err(String::from_utf8_lossy(&ran.stderr).lines().last().unwrap_or_default().to_owned()),
        }
    }

    fn peer(&self, what: &str, query: &str) -> Result<f64, String> {
        let printed = self.peer_output(&[what, &self.server.url("postgres"), query])?;
        let told: Value = serde_json::from_str(&printed).map_err(|error| error.to_string())?;
        told["seconds"].as_f64().ok_or_else(|| "no seconds were told".to_owned())
    }

    /// The median of some runs.
    fn median(&self, mut one: impl FnMut() -> Result<f64, String>) -> Result<f64, String> {
        let mut seconds = (0..self.runs).map(|_| one()).collect::<Result<Vec<_>, _>>()?;
        seconds.sort_by(f64::total_cmp);
        seconds.get(seconds.len() / 2).copied().ok_or_else(|| "no runs".to_owned())
    }

    fn compare(&self, ours: f64, name: &str, peer: Result<f64, String>) {
        match peer {
            Ok(peer) => println!("  {name:<34} {peer:>8.2} s   {:>5.2} times ours", peer / ours),
            Err(problem) => println!("  {name:<34} not asked: {problem}"),
        }
    }

    /// Runs a pipeline in a new workspace; wall seconds and peak bytes.
    fn nightloom(&self, pipeline: &str) -> Result<(f64, u64), String> {
        let (file, workspace) = (self.folder.join("p.toml"), self.folder.join("workspace"));
        let _ = fs::remove_dir_all(&workspace);
        fs::write(&file, pipeline).map_err(|error| error.to_string())?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_nightloom"));
        command.arg("run").arg(&file).arg("--workspace").arg(&workspace);
        let ran = measure(&mut command, &self.folder.join("log"))?;
        Ok((ran.wall.as_secs_f64(), ran.peak))
    }

    fn source(&self) -> String {
        format!("name = \"b\"\n[sources.lines]\npostgres = \"{}\"\nquery = \"{QUERY}\"\n", self.server.url("postgres"))
    }

    fn reading(&self, rows: u64) -> Result<(), String> {
        self.server.sql("postgres", &(lines("read_lines", rows) + "; VACUUM ANALYZE read_lines"));
        println!("reading {rows} order lines, medians of {}:", self.runs);
        let mut peak = 0;
        let ours = self.median(|| {
            let (wall, most) = self.nightloom(&self.source())?;
            peak = peak.max(most);
            Ok(wall)
        })?;
        println!("  {:<34} {ours:>8.2} s   {:.2} GiB", "nightloom, into a checkpoint", gibibytes(peak));
        self.compare(ours, "connectorx, into Arrow", self.median(|| self.peer("connectorx", QUERY)));
        self.compare(ours, "psycopg fetchall, into Polars", self.median(|| self.peer("psycopg", QUERY)));
        Ok(())
    }

    /// The table before each write: half of the rows are there, with other prices.
    fn reset(&self) {
        self.server.sql(
            "postgres",
            "DROP TABLE IF EXISTS lines, _nightloom_ledger;
             CREATE TABLE lines (order_id bigint, line bigint, sku text, title text, quantity bigint, price_cents bigint, placed_at timestamptz, PRIMARY KEY (order_id, line));
             INSERT INTO lines SELECT order_id, line, sku, title, quantity, price_cents + 1, placed_at FROM write_lines WHERE order_id % 2 = 0;
             VACUUM ANALYZE lines; CHECKPOINT;",
        );
    }

    fn writing(&self, rows: u64) -> Result<(), String> {
        self.server.sql("postgres", &(lines("write_lines", rows) + "; ANALYZE write_lines"));
        let parquet = self.folder.join("lines.parquet");
        let read = QUERY.replace("read_lines", "write_lines");
        let export = format!(
            "name = \"e\"\n[sources.lines]\npostgres = \"{}\"\nquery = \"{read}\"\n[sinks.file]\nfrom = \"lines\"\nparquet = \"{}\"\n",
            self.server.url("postgres"),
            parquet.display()
        );
        self.nightloom(&export)?;
        let upsert = format!(
            "name = \"w\"\n[sources.lines]\nparquet = \"{}\"\n[sinks.lines]\nfrom = \"lines\"\npostgres = \"{}\"\ntable = \"lines\"\n\
             mode = \"upsert\"\nkeys = [\"order_id\", \"line\"]\n",
            parquet.display(),
            self.server.url("postgres")
        );
        println!("upserting {rows} order lines, half of them there, medians of {}:", self.runs);
        let ours = self.median(|| {
            self.reset();
            self.nightloom(&upsert)?;
            self.sink_seconds()
        })?;
        println!("  {:<34} {ours:>8.2} s", "nightloom, sink and commit");
        self.compare(ours, "psql \\copy and the same statement", self.median(|| Ok(self.psql(rows))));
        let peer = || {
            self.reset();
            self.peer("sqlalchemy", &parquet.display().to_string())
        };
        self.compare(ours, "SQLAlchemy insert … on conflict", self.median(peer));
        Ok(())
    }

    /// What the sink and its commit took in the last run.
    fn sink_seconds(&self) -> Result<f64, String> {
        let runs = self.folder.join("workspace/.nightloom/runs");
        let mut found = fs::read_dir(&runs).map_err(|error| error.to_string())?.flatten();
        let run = found.next().ok_or("no run")?.path().join("run_results.json");
        let text = fs::read_to_string(&run).map_err(|error| format!("{}: {error}", run.display()))?;
        let told: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        let steps = told["steps"].as_array().ok_or("no steps")?;
        let of = |step: &&Value| matches!(step["kind"].as_str(), Some("sink" | "commit"));
        Ok(steps.iter().filter(of).filter_map(|step| step["seconds"].as_f64()).sum())
    }

    /// The rows from a file by \copy into a staging table, and one statement.
    fn psql(&self, rows: u64) -> f64 {
        let file = self.server.room("copied").join("lines.csv");
        if !file.exists() {
            self.server.sql("postgres", &format!("COPY write_lines TO '{}' (FORMAT csv)", file.display()));
        }
        self.reset();
        let begun = Instant::now();
        self.server.sql(
            "postgres",
            &format!(
                "BEGIN; CREATE TEMPORARY TABLE staged (n bigserial, order_id bigint, line bigint, sku text, title text, quantity bigint, price_cents bigint, placed_at timestamptz) ON COMMIT DROP;
                 \\copy staged (order_id, line, sku, title, quantity, price_cents, placed_at) FROM '{}' (FORMAT csv)
                 INSERT INTO lines AS t (order_id, line, sku, title, quantity, price_cents, placed_at)
                 SELECT order_id, line, sku, title, quantity, price_cents, placed_at FROM (SELECT DISTINCT ON (order_id, line) * FROM staged ORDER BY order_id, line, n DESC) AS u
                 ON CONFLICT (order_id, line) DO UPDATE SET sku = excluded.sku, title = excluded.title, quantity = excluded.quantity, price_cents = excluded.price_cents, placed_at = excluded.placed_at
                 WHERE t.sku IS DISTINCT FROM excluded.sku OR t.title IS DISTINCT FROM excluded.title OR t.quantity IS DISTINCT FROM excluded.quantity OR t.price_cents IS DISTINCT FROM excluded.price_cents OR t.placed_at IS DISTINCT FROM excluded.placed_at;
                 COMMIT;",
                file.display()
            ),
        );
        let seconds = begun.elapsed().as_secs_f64();
        assert_eq!(self.server.sql("postgres", "SELECT count(*) FROM lines"), rows.to_string());
        seconds
    }

    /// Reads many rows, which the server makes as it sends them, and tells the peak.
    fn memory(&self, rows: u64) -> Result<(), String> {
        let made = lines("x", rows).replacen("CREATE TABLE x AS ", "CREATE VIEW read_lines AS ", 1);
        self.server.sql("postgres", &made);
        let (wall, peak) = self.nightloom(&self.source())?;
        println!("reading {rows} order lines into a checkpoint: {wall:.1} s, peak {:.2} GiB", gibibytes(peak));
        Ok(())
    }
}

fn gibibytes(bytes: u64) -> f64 {
    bytes as f64 / (1_u64 << 30) as f64
}
