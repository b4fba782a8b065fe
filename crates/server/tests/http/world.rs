//! Two shops with results, a journal and a running server. What is of a shop bears its name: `north-…`, `south-…`.

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
};

use nightloom_flags::{FlagError, Overrides};
use nightloom_server::{
    FlagStore, Lent, NewToken, Role, RunCommand, SearchHit, SearchIndex, SearchRequest, Settings, Store, serve,
};
use rusqlite::{Connection, params};
use serde_json::{Map, Value as Json, json};
use tempfile::TempDir;

use crate::client::{Answer, send};

/// The tables as the pipelines write them.
const TABLES: &str = "
CREATE TABLE bundle_recommendations (id TEXT, csv_upload_id TEXT, shop_id TEXT, bundle_type TEXT, objective TEXT, products TEXT,
    pricing TEXT, ai_copy TEXT, confidence REAL, predicted_lift REAL, support REAL, lift REAL, ranking_score REAL,
    discount_reference TEXT, is_approved INTEGER, is_used INTEGER, rank_position INTEGER, created_at TEXT, dedupe_hash TEXT,
    publish_wave INTEGER, publish_offset_seconds INTEGER, explanation TEXT, ranking_components TEXT, sources TEXT, coherence REAL,
    shared_customers INTEGER, items TEXT, summary TEXT, original_cents INTEGER, bundle_cents INTEGER, discount_cents INTEGER,
    discount_pct REAL, expected_margin_cents INTEGER, expected_margin_low_cents INTEGER, expected_margin_high_cents INTEGER,
    added_chance REAL, trigger_share REAL);
CREATE TABLE orders (shop_id TEXT, order_id TEXT, created_at TEXT, total_cents INTEGER, basket_value_cents INTEGER, customer_id TEXT,
    customer_email TEXT);
CREATE TABLE order_lines (shop_id TEXT, order_id TEXT, variant_id TEXT, quantity INTEGER, line_total_cents INTEGER);
CREATE TABLE item_snapshots (shop_id TEXT, variant_id TEXT, product_id TEXT, product_title TEXT);
CREATE TABLE association_rules (id INTEGER, shop_id TEXT, csv_upload_id TEXT, antecedent TEXT, consequent TEXT, support REAL,
    confidence REAL, lift REAL, created_at TEXT);
CREATE TABLE csv_uploads (id TEXT, shop_id TEXT, filename TEXT, csv_type TEXT, total_rows INTEGER, processed_rows INTEGER, status TEXT,
    error_message TEXT, currency TEXT, schema_version TEXT, time_window_end TEXT, created_at TEXT, updated_at TEXT);
CREATE TABLE bundle_shops (shop_id TEXT, as_of TEXT, bundles INTEGER, waves INTEGER, dropped INTEGER, drop_reasons TEXT, why TEXT);
";

const JOURNAL: &str = "
CREATE TABLE runs (run_id TEXT PRIMARY KEY, pipeline TEXT NOT NULL, status TEXT NOT NULL, as_of TEXT NOT NULL, seed INTEGER NOT NULL,
    started_at TEXT NOT NULL, ended_at TEXT, pid INTEGER NOT NULL, problem TEXT);
CREATE TABLE steps (run_id TEXT NOT NULL, kind TEXT NOT NULL, step TEXT NOT NULL, status TEXT NOT NULL, reason TEXT, fingerprint TEXT,
    rows_in INTEGER NOT NULL, rows_out INTEGER NOT NULL, rejected INTEGER NOT NULL, seconds REAL NOT NULL,
    peak_memory_bytes INTEGER NOT NULL, warnings TEXT NOT NULL, PRIMARY KEY (run_id, kind, step));
CREATE TABLE progress (run_id TEXT NOT NULL, step TEXT NOT NULL, rows_done INTEGER NOT NULL, rows_total INTEGER, updated_at TEXT NOT NULL,
    PRIMARY KEY (run_id, step));
CREATE TABLE generation_progress (upload_id TEXT PRIMARY KEY, shop_domain TEXT NOT NULL, step TEXT NOT NULL, legacy_step TEXT NOT NULL,
    progress INTEGER NOT NULL, status TEXT NOT NULL, message TEXT, metadata TEXT, updated_at TEXT NOT NULL);
";

/// What stands for the program: it says of a file whose first line is `of SHOP` that its rows are of that shop, and runs make a run
/// in the journal. The program itself is tested in the tests of the whole.
const PROGRAM: &str = r#"#!/bin/sh
if [ "$1" = exports ]; then
  for file; do :; done
  shop=$(head -n 1 "$file" | sed -n 's/^of //p')
  case "$(head -n 1 "$file")" in
    broken*) echo '{"files":[{"status":"failed","problem":"no header","rows":0,"accepted":0}]}' ;;
    *) echo "{\"files\":[{\"status\":\"completed\",\"kind\":\"orders\",\"rows\":3,\"accepted\":2,\"reasons\":\"1 no_line\",\"shops\":\"$shop\"}]}" ;;
  esac
  exit 0
fi
sleep 1
"#;

/// A running server with two shops; it ends with the test.
pub struct World {
    pub folder: TempDir,
    pub address: SocketAddr,
    pub store: Store,
    pub log: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

struct Flags(Mutex<Overrides>);

impl FlagStore for Flags {
    fn read(&self) -> Result<Overrides, String> {
        Ok(self.0.lock().unwrap().clone())
    }

    fn change(
        &self,
        _by: &str,
        change: &mut dyn FnMut(&mut Overrides) -> Result<(), FlagError>,
    ) -> Result<(), FlagError> {
        let mut kept = self.0.lock().unwrap();
        let mut changed = kept.clone();
        change(&mut changed)?;
        *kept = changed;
        Ok(())
    }
}

/// An index that minds no shop.
struct Careless;

impl SearchIndex for Careless {
    fn search(&self, _: &SearchRequest) -> Result<Vec<SearchHit>, String> {
        let hit = |shop: &str| SearchHit {
            shop_id: shop.to_owned(),
            id: format!("{shop}-product"),
            title: format!("{shop}-lamp <b>"),
            score: 0.5,
            metadata: Map::from_iter([("price".to_owned(), json!(9.5))]),
        };
        Ok(vec![hit("north"), hit("south")])
    }
}

/// A recommendation to be put into the table.
pub struct Row<'a> {
    pub shop: &'a str,
    pub id: &'a str,
    pub rank: i64,
    pub title: &'a str,
    pub item: &'a str,
}

impl World {
    /// A world with three recommendations a shop.
    pub fn new() -> Self {
        Self::with(|_| (), |_| ())
    }

    /// A world with more in its database, or other settings.
    pub fn with(fill: impl FnOnce(&Connection), set: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let results = Connection::open(folder.path().join("results.db")).unwrap();
        results.execute_batch(TABLES).unwrap();
        for shop in ["north", "south"] {
            of_shop(&results, shop);
        }
        fill(&results);
        drop(results);
        let state = folder.path().join(".nightloom");
        fs::create_dir_all(&state).unwrap();
        journal(&state);
        let program = folder.path().join("program.sh");
        fs::write(&program, PROGRAM).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let mut settings = Settings {
            listen: "127.0.0.1:0".parse().unwrap(),
            hosts: Vec::new(),
            database: folder.path().join("results.db"),
            state_folder: state.clone(),
            shop_data: folder.path().join("shops"),
            report: folder.path().join("report.html"),
            runs: RunCommand {
                program,
                pipeline: PathBuf::from("p.toml"),
                arguments: Vec::new(),
                environment: Vec::new(),
            },
            requests_per_minute: 0,
            secure_cookies: false,
            kept_bytes: 1 << 20,
        };
        set(&mut settings);
        let store = Store::open(&state).unwrap();
        let (stop, log) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let (told, ready) = mpsc::channel();
        let (stopping, logged) = (Arc::clone(&stop), Arc::clone(&log));
        let thread = thread::spawn(move || {
            let lent = Lent { flags: Box::new(Flags(Mutex::default())), search: Box::new(Careless) };
            let log = Box::new(move |line: &str| logged.lock().unwrap().push(line.to_owned()));
            serve(settings, lent, log, &stopping, |address| told.send(address).unwrap()).unwrap();
        });
        let address = ready.recv().unwrap();
        Self { folder, address, store, log, stop, thread: Some(thread) }
    }

    /// A token.
    pub fn token(&self, name: &str, role: Role, shops: Option<&[&str]>) -> String {
        let shops = shops.map(|shops| shops.iter().map(|shop| (*shop).to_owned()).collect());
        self.store.make_token(&NewToken { name: name.to_owned(), role, shops, expires_at: None }).unwrap()
    }

    /// A request without a body.
    pub fn get(&self, token: &str, target: &str) -> Answer {
        send(self.address, "GET", target, &[("Authorization", &format!("Bearer {token}"))], b"")
    }

    /// A request with a body of JSON.
    pub fn json(&self, token: &str, method: &str, target: &str, body: &Json) -> Answer {
        let headers = [("Authorization", &*format!("Bearer {token}")), ("Content-Type", "application/json")];
        send(self.address, method, target, &headers, body.to_string().as_bytes())
    }

    /// The results, to look at.
    pub fn results(&self) -> Connection {
        Connection::open(self.folder.path().join("results.db")).unwrap()
    }

    /// One text out of the results.
    pub fn text(&self, sql: &str) -> String {
        self.results().query_row(sql, [], |row| row.get::<_, Option<String>>(0)).unwrap().unwrap_or_default()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || thread::panicking(), "the server panicked");
        }
    }
}

/// Puts a recommendation into the table.
pub fn insert(results: &Connection, row: &Row) {
    let item = |id: &str, name: &str, price: f64| json!({ "variant_id": id, "product_id": id, "product_gid": "", "variant_gid": "", "name": name, "title": name, "price": price, "sku": format!("{}-sku", row.shop) });
    let products = json!({ "items": [item("1", row.item, 22.21), item("2", "Tray", 13.62)] });
    let pricing = json!({
        "currency": "EUR", "original_total": 35.83, "bundle_price": 31.95, "discount_amount": 3.88, "total_discount_pct": 10.828914,
        "discount_percentage": 10.828914, "discount_pct": "11%", "discount_type": "percentage", "methodology": "bayesian_shrinkage",
        "objective_caps": { "min": 5.0, "max": 25.0 },
        "product_details": [
            { "variant_id": "1", "original_price": 22.21, "discount_amount": 2.41, "discounted_price": 19.8, "discount_pct": 10.851 },
            { "variant_id": "2", "original_price": 13.62, "discount_amount": 1.47, "discounted_price": 12.15, "discount_pct": 10.793 },
        ],
    });
    let copy = json!({ "title": row.title, "description": format!("{} description", row.shop) });
    let why =
        json!({ "summary": format!("{} customers buy both", row.shop), "evidence": ["bought together in 9 orders"] });
    results
        .execute(
            "INSERT INTO bundle_recommendations (id, csv_upload_id, shop_id, bundle_type, objective, products, pricing, ai_copy, confidence, \
             predicted_lift, support, lift, ranking_score, is_approved, is_used, rank_position, created_at, dedupe_hash, explanation, \
             ranking_components, sources, expected_margin_cents, expected_margin_low_cents, expected_margin_high_cents, added_chance, trigger_share) \
             VALUES (?1, ?2, ?3, 'FBT', 'increase_aov', ?4, ?5, ?6, 0.5, 1.15, 0.02, 2.5, ?7, 0, 0, ?8, '2026-03-01T00:00:00Z', ?9, ?10, \
             '{\"confidence\":0.2}', '[\"apriori\"]', 1250, 300, 2400, 0.1, 1.0)",
            params![
                row.id,
                format!("{}/orders.csv", row.shop),
                row.shop,
                products.to_string(),
                pricing.to_string(),
                copy.to_string(),
                1.0 / (1.0 + row.rank as f64),
                row.rank,
                format!("hash-{}", row.id),
                why.to_string(),
            ],
        )
        .unwrap();
}

fn of_shop(results: &Connection, shop: &str) {
    for rank in 1..=3 {
        let (id, title) = (format!("{shop}-{rank}"), format!("{shop} title {rank}"));
        insert(results, &Row { shop, id: &id, rank, title: &title, item: &format!("{shop} mug") });
    }
    for sql in [
        "INSERT INTO orders VALUES (?1, ?1 || '-o1', '2026-03-01T10:00:00Z', 1500, 1500, ?1 || '-c', NULL), (?1, ?1 || '-o2', '2026-03-02T10:00:00Z', 700, 700, ?1 || '-c', NULL)",
        "INSERT INTO order_lines VALUES (?1, ?1 || '-o1', '1', 1, 1000), (?1, ?1 || '-o1', '2', 1, 500), (?1, ?1 || '-o2', '1', 1, 700)",
        "INSERT INTO item_snapshots VALUES (?1, '1', 'p1', ?1 || ' mug'), (?1, '2', 'p2', 'Tray')",
        "INSERT INTO association_rules VALUES (CASE ?1 WHEN 'north' THEN 7100000017 ELSE 7200000029 END, ?1, ?1 || '/orders.csv', '{\"items\":[\"1\"]}', '{\"items\":[\"2\"]}', 0.1, 0.579, 5.0, '2026-03-01T00:00:00Z')",
        "INSERT INTO csv_uploads VALUES (?1 || '/orders.csv', ?1, ?1 || '/orders.csv', 'orders', 3, 3, 'completed', NULL, 'EUR', 'v2.0', NULL, '2026-03-01T00:00:00Z', '2026-03-01T00:00:00Z')",
        "INSERT INTO bundle_shops VALUES (?1, '2026-03-01T00:00:00Z', 3, 1, 1, '{\"OUT_OF_STOCK\":1}', ?1 || ' why')",
    ] {
        results.execute(sql, [shop]).unwrap();
    }
}

fn journal(state: &std::path::Path) {
    let journal = Connection::open(state.join("journal.db")).unwrap();
    journal.execute_batch(JOURNAL).unwrap();
    let now = jiff::Timestamp::now().to_string();
    for (id, pipeline) in [("run-north", "bundles@north"), ("run-south", "bundles@south"), ("run-all", "nightly")] {
        journal
            .execute(
                "INSERT INTO runs VALUES (?1, ?2, 'failed', ?3, 0, ?3, ?3, 1, ?1 || '-problem')",
                params![id, pipeline, now],
            )
            .unwrap();
        journal
            .execute("INSERT INTO steps VALUES (?1, 'stage', ?1 || '-step', 'failed', NULL, NULL, 1, 2, 3, 0.5, 1048576, '[\"look\"]')", [id])
            .unwrap();
        journal
            .execute(
                "INSERT INTO generation_progress VALUES (?1, ?2, 'ranking', 'optimization', 60, 'in_progress', ?1 || '-problem', '{}', ?3)",
                params![id, pipeline, now],
            )
            .unwrap();
    }
}
