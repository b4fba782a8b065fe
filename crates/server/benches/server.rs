//! Lists of 50 recommendations out of a million, asked by 32 clients at once (wrk), beside FastAPI and SQLAlchemy on the same
//! table.
//!
//!   cargo bench -p nightloom-server --bench server -- [--rows 1000000] [--seconds 10] [--python PATH]
//!
//! `--python` names a Python with fastapi, uvicorn, orjson and sqlalchemy. Without wrk (Debian's package) there is nothing to ask with.
//! The clients work on the same cores as the server. `--serve PORT` makes a small table and serves it until it is ended; the token of
//! an administrator stands on standard output.

use std::{
    fs,
    io::Write,
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use nightloom_flags::{FlagError, Overrides};
use nightloom_server::{
    FlagStore, Lent, NewToken, Role, RunCommand, SearchHit, SearchIndex, SearchRequest, Settings, Store, serve,
};
use rusqlite::{Connection, params};
use serde_json::json;

/// Shops that share the rows.
const SHOPS: u32 = 200;

const TABLE: &str = "CREATE TABLE bundle_recommendations (id TEXT, csv_upload_id TEXT, shop_id TEXT, bundle_type TEXT, objective TEXT, \
    products TEXT, pricing TEXT, ai_copy TEXT, confidence REAL, predicted_lift REAL, support REAL, lift REAL, ranking_score REAL, \
    discount_reference TEXT, is_approved INTEGER, is_used INTEGER, rank_position INTEGER, created_at TEXT, dedupe_hash TEXT, \
    explanation TEXT, ranking_components TEXT, sources TEXT, expected_margin_cents INTEGER, expected_margin_low_cents INTEGER, \
    expected_margin_high_cents INTEGER, added_chance REAL, trigger_share REAL)";

struct NoFlags;

impl FlagStore for NoFlags {
    fn read(&self) -> Result<Overrides, String> {
        Ok(Overrides::default())
    }

    fn change(
        &self,
        _by: &str,
        change: &mut dyn FnMut(&mut Overrides) -> Result<(), FlagError>,
    ) -> Result<(), FlagError> {
        change(&mut Overrides::default())
    }
}

struct NoIndex;

impl SearchIndex for NoIndex {
    fn search(&self, _: &SearchRequest) -> Result<Vec<SearchHit>, String> {
        Ok(Vec::new())
    }
}

/// The value behind an option.
fn option(name: &str) -> Option<String> {
    let arguments: Vec<String> = std::env::args().collect();
    arguments.iter().position(|argument| argument == name).and_then(|place| arguments.get(place + 1)).cloned()
}

fn main() {
    let seconds = option("--seconds").and_then(|text| text.parse().ok()).unwrap_or(10);
    let folder = tempfile::tempdir().expect("a folder");
    let database = folder.path().join("results.db");
    if let Some(port) = option("--serve") {
        fill(&database, 2_000);
        let server = Server::start(folder.path(), &database, 16 << 20, port.parse().expect("a port"));
        println!("{}", server.token);
        std::io::stdout().flush().expect("a pipe");
        loop {
            thread::sleep(Duration::from_secs(1));
        }
    }
    let rows = option("--rows").and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    fill(&database, rows);
    println!("| {rows} rows, 32 clients, {seconds} s each | requests/s | p50 ms | p99 ms | KiB an answer |");
    println!("|---|---:|---:|---:|---:|");
    for (name, kept, shops) in [
        ("nightloom, one shop", 64 << 20, 1),
        ("nightloom, 200 shops at random", 64 << 20, SHOPS),
        ("nightloom, 200 shops, nothing kept", 0, SHOPS),
    ] {
        let server = Server::start(folder.path(), &database, kept, 0);
        report(name, server.address, &format!("Bearer {}", server.token), shops, seconds);
    }
    if let Some(python) = option("--python") {
        let peer = Peer::start(&python, &database);
        report("FastAPI + SQLAlchemy, a worker a core", peer.address, "none", SHOPS, seconds);
    }
}

/// A server that ends with the measurement.
struct Server {
    address: SocketAddr,
    token: String,
    stop: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Server {
    fn start(folder: &Path, database: &Path, kept_bytes: usize, port: u16) -> Self {
        let state_folder = folder.join(".nightloom");
        let store = Store::open(&state_folder).expect("a store");
        let token = NewToken { name: "bench".to_owned(), role: Role::Admin, shops: None, expires_at: None };
        let token = store.make_token(&token).expect("a token");
        let settings = Settings {
            listen: SocketAddr::from(([127, 0, 0, 1], port)),
            hosts: Vec::new(),
            database: database.to_owned(),
            state_folder,
            shop_data: folder.join("shops"),
            report: folder.join("report.html"),
            runs: RunCommand {
                program: PathBuf::from("/bin/false"),
                pipeline: PathBuf::from("p.toml"),
                arguments: Vec::new(),
                environment: Vec::new(),
            },
            requests_per_minute: 0,
            secure_cookies: false,
            kept_bytes,
        };
        let (told, ready) = mpsc::channel();
        let stop = Arc::new(AtomicBool::new(false));
        let stopping = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let lent = Lent { flags: Box::new(NoFlags), search: Box::new(NoIndex) };
            let log = Box::new(|line: &str| eprintln!("{line}"));
            serve(settings, lent, log, &stopping, |address| told.send(address).expect("a listener")).expect("a server");
        });
        Self { address: ready.recv().expect("an address"), token, stop, thread: Some(thread) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(thread::JoinHandle::join);
    }
}

/// FastAPI on the same table; its workers end with it.
struct Peer {
    process: Child,
    address: SocketAddr,
}

impl Peer {
    fn start(python: &str, database: &Path) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], 17_171));
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../benches/peers/server_fastapi.py");
        let process = Command::new(python)
            .arg(script)
            .arg(database)
            .arg(address.port().to_string())
            .stdout(Stdio::null())
            .spawn()
            .expect("a Python");
        while TcpStream::connect(address).is_err() {
            thread::sleep(Duration::from_millis(200));
        }
        thread::sleep(Duration::from_secs(2));
        Self { process, address }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Its workers end when it is asked to, not when it is killed.
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}

fn report(name: &str, address: SocketAddr, authorization: &str, shops: u32, seconds: u32) {
    let script = std::env::temp_dir().join(format!("nightloom-bench-{}.lua", std::process::id()));
    let lua = format!(
        "function setup(thread) thread:set('seed', math.random(1000000)) end\n\
         function init() math.randomseed(seed) wrk.headers['Authorization'] = '{authorization}' end\n\
         function request() return wrk.format('GET', '/api/bundle-recommendations?shopId=shop-' .. math.random({shops})) end\n\
         function done(summary, latency) io.write(string.format('%d %d %d %d %d %d\\n', summary.requests, summary.duration, \
         latency:percentile(50), latency:percentile(99), summary.bytes, summary.errors.status)) end\n"
    );
    fs::write(&script, lua).expect("a script");
    let ask = |seconds: u32| {
        Command::new("wrk")
            .args(["-t1", "-c32", &format!("-d{seconds}s"), "--timeout", "30s", "-s"])
            .arg(&script)
            .arg(format!("http://{address}"))
            .output()
            .expect("wrk (apt install wrk)")
    };
    ask(3);
    let output = String::from_utf8_lossy(&ask(seconds).stdout).into_owned();
    let _ = fs::remove_file(&script);
    let last = output.lines().last().unwrap_or_default();
    let numbers: Vec<f64> = last.split(' ').filter_map(|text| text.parse().ok()).collect();
    let [requests, duration, p50, p99, bytes, errors] = numbers[..] else { panic!("wrk says {output}") };
    assert!(errors == 0.0, "{name}: {errors} answers were failures");
    println!(
        "| {name} | {:.0} | {:.2} | {:.2} | {:.0} |",
        requests * 1e6 / duration,
        p50 / 1e3,
        p99 / 1e3,
        bytes / requests / 1024.0
    );
}

/// Rows as pipelines/bundles.toml makes them: two items, texts and figures of their size.
fn fill(path: &Path, rows: u32) {
    let connection = Connection::open(path).expect("a database");
    connection.execute_batch("PRAGMA journal_mode = off; PRAGMA synchronous = off").expect("a pragma");
    connection.execute(TABLE, []).expect("a table");
    connection.execute_batch("BEGIN").expect("a transaction");
    let sql = "INSERT INTO bundle_recommendations VALUES (?1, 'orders.csv', ?2, 'FBT', 'increase_aov', ?3, ?4, ?5, ?6, 1.15, 0.02, 2.5, ?7, \
               NULL, 0, 0, ?8, '2026-03-01T00:00:00Z', ?9, ?10, '{\"confidence\":0.2,\"lift\":0.1}', '[\"apriori\"]', 1250, 300, 2400, 0.1, 1.0)";
    let mut insert = connection.prepare(sql).expect("a statement");
    let of_shop = rows.div_ceil(SHOPS);
    for row in 0..rows {
        let (shop, rank) = (row / of_shop + 1, row % of_shop + 1);
        let item = |number: u32, price: f64| {
            json!({
                "product_gid": format!("gid://shopify/Product/{number}"), "variant_gid": format!("gid://shopify/ProductVariant/{number}"),
                "variant_id": number.to_string(), "product_id": number.to_string(), "name": format!("Enamel mug, {number} ml"),
                "title": format!("Enamel mug, {number} ml"), "price": price, "sku": format!("MUG-{number}"), "category": "Kitchen", "brand": "Acme",
            })
        };
        let (one, other) = (item(row + 1, 22.21), item(row + 2, 13.62));
        let products = json!({ "items": [one, other], "trigger_product": one, "addon_products": [other] });
        let detail = |number: u32| {
            json!({
                "variant_id": number.to_string(), "sku": format!("MUG-{number}"), "name": format!("Enamel mug, {number} ml"), "original_price": 22.21,
                "discount_pct": 10.851, "discount_amount": 2.41, "discounted_price": 19.8,
            })
        };
        let pricing = json!({
            "currency": "EUR", "original_total": 35.83, "bundle_price": 31.95, "discount_amount": 3.88, "total_discount_pct": 10.828914,
            "discount_percentage": 10.828914, "discount_pct": "11%", "discount_type": "percentage", "product_details": [detail(row + 1), detail(row + 2)],
            "methodology": "bayesian_shrinkage", "individual_discounts": [2.41, 1.47], "shrunk_baselines": [12.5, 12.5],
            "objective_caps": { "min": 5.0, "max": 20.0 },
        });
        let copy = json!({
            "badge": "BOUGHT TOGETHER", "title": format!("Mug {row} + tray"), "description": "Customers who take the mug take the tray too.",
            "valueProposition": "Save 3.88", "explanation": "Bought together in 9 of 40 orders.", "features": ["two items", "one price"],
            "benefits": ["cheaper together"], "tagline": "Better together", "cta_text": "Add both",
        });
        insert
            .execute(params![
                format!("{row:032x}"),
                format!("shop-{shop}"),
                products.to_string(),
                pricing.to_string(),
                copy.to_string(),
                f64::from(rank % 97) / 97.0,
                1.0 / f64::from(rank),
                rank,
                format!("{row:064x}"),
                "{\"summary\":\"Bought together in 9 of 40 orders, 2.5 times as often as by chance.\"}",
            ])
            .expect("a row");
    }
    drop(insert);
    connection.execute_batch("COMMIT").expect("a commit");
}
