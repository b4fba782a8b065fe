//! Random nights against a model: whatever is added, changed, deleted, refused, spoilt or killed in between, the index
//! comes to hold the catalog, and nothing is written that need not be.

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Arc, LazyLock, atomic::AtomicBool},
};

use polars::prelude::*;
use proptest::prelude::*;
use rusqlite::Connection;
use serde_json::json;

use crate::{
    io::{
        Applied, Applying, IoError, KINDS, ReadWatch, SettingPlaces, SinkTable, SinkTarget, SinkWrite, Writing, index,
    },
    operator::{Frames, NoStorage, Scratch, Silent, StageContext, StageError, Storage},
    pipeline::registry::Registry,
};

/// What a night does to the catalog and to the run.
#[derive(Clone, Debug)]
enum Step {
    /// A product is there with this price and stock.
    Put(u8, u8, bool),
    /// A product is gone.
    Drop(u8),
    /// A sync, killed where the point is passed for so often.
    Sync(Option<(&'static str, usize)>),
    /// A full sync.
    Full,
    /// From now on a product cannot be written, or can again.
    Spoil(u8),
    Mend,
    /// The catalog is empty for a night.
    Emptied,
    /// Sixty products more for this night, and a sync; the next night they are gone, which the guard stops.
    Flooded,
    /// A run is taken back.
    Rollback,
    /// Two runs that saw the same state: the one that read the catalog first, before a product changed, writes last.
    Overlap(u8, u8, Option<&'static str>),
}

/// The first of the products that come sixty at a time.
const FLOOD: u8 = 100;

const POINTS: [&str; 4] = ["index-begun", "index-group", "index-before-commit", "index-after-commit"];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let id = 0..9_u8;
    let step = prop_oneof![
        6 => (id.clone(), 0..4_u8, any::<bool>()).prop_map(|(id, price, stock)| Step::Put(id, price, stock)),
        3 => id.clone().prop_map(Step::Drop),
        5 => Just(Step::Sync(None)),
        3 => (0..POINTS.len()).prop_map(|point| Step::Sync(Some((POINTS[point], 0)))),
        1 => Just(Step::Full),
        1 => id.prop_map(Step::Spoil),
        1 => Just(Step::Mend),
        1 => Just(Step::Emptied),
        1 => Just(Step::Flooded),
        1 => Just(Step::Rollback),
        1 => (0..9_u8, 0..4_u8, proptest::option::of((0..POINTS.len()).prop_map(|point| POINTS[point])))
            .prop_map(|(id, price, kill)| Step::Overlap(id, price, kill)),
    ];
    proptest::collection::vec(step, 1..24)
}

static REGISTRY: LazyLock<Registry> = LazyLock::new(Registry::standard);

type Catalog = BTreeMap<u8, (u8, bool)>;

struct Outputs(std::sync::Mutex<BTreeMap<String, DataFrame>>);

impl Storage for Outputs {
    fn open(&self, path: &str) -> Result<Box<dyn std::io::Read + Send>, StageError> {
        NoStorage.open(path)
    }
    fn parquet(&self, path: &str) -> Result<LazyFrame, StageError> {
        NoStorage.parquet(path)
    }
    fn scratch(&self) -> Result<Box<dyn Scratch>, StageError> {
        NoStorage.scratch()
    }
    fn write(&self, port: &str, rows: DataFrame) -> Result<(), StageError> {
        self.0.lock().unwrap().insert(port.to_owned(), rows);
        Ok(())
    }
}

/// Runs an operator on frames.
fn run(name: &str, params: serde_json::Value, inputs: Frames) -> BTreeMap<String, DataFrame> {
    let bound = (REGISTRY.get(name).unwrap().bind)(params).unwrap();
    let storage = Arc::new(Outputs(std::sync::Mutex::default()));
    let as_of = "2026-03-01T00:00:00Z".parse().unwrap();
    let context = StageContext { as_of, ..StageContext::alone(storage.clone()) };
    let made = bound.run(inputs, &context).unwrap();
    let mut made: BTreeMap<String, DataFrame> =
        made.into_iter().map(|(port, frame)| (port, frame.collect().unwrap())).collect();
    made.append(&mut storage.0.lock().unwrap());
    made
}

struct World {
    _folder: tempfile::TempDir,
    index: PathBuf,
    catalog: Catalog,
    spoilt: Option<u8>,
    runs: usize,
    last_run: String,
}

struct Nowhere;

impl SettingPlaces for Nowhere {
    fn path(&self, _: &str, written: &str) -> PathBuf {
        written.into()
    }
}

fn target(index: &Path) -> Arc<dyn SinkTarget> {
    let table: SinkTable =
        serde_json::from_value(json!({ "from": "operations", "index": "x", "metadata": ["price", "available"] }))
            .unwrap();
    let kind = KINDS.iter().find(|kind| kind.key == "index").unwrap();
    (kind.open)(&table, &Nowhere, index.to_owned()).unwrap()
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let index = folder.path().join("search.db");
        Self { _folder: folder, index, catalog: Catalog::new(), spoilt: None, runs: 0, last_run: String::new() }
    }

    fn sql(&self, sql: &str) -> Vec<Vec<rusqlite::types::Value>> {
        let connection = Connection::open(&self.index).unwrap();
        let mut statement = connection.prepare(sql).unwrap();
        let width = statement.column_count();
        let rows = statement.query_map([], |row| (0..width).map(|place| row.get(place)).collect()).unwrap();
        rows.collect::<rusqlite::Result<_>>().unwrap()
    }

    /// The state as the pipelines read it: what is kept in the index.
    fn state(&self, view: &str) -> Option<DataFrame> {
        if !self.index.exists() || index::status(&self.index, 1).unwrap().is_none() {
            return None;
        }
        let rows = self.sql(&format!(
            "SELECT namespace, id, digest_a, digest_b, hash_version, content_hash, index_hash, text_hash, fields, digests{} FROM {view}",
            if view == "state" { ", 0" } else { ", deleted" }
        ));
        let names = [
            "namespace",
            "id",
            "digest_a",
            "digest_b",
            "hash_version",
            "content_hash",
            "index_hash",
            "text_hash",
            "fields",
            "digests",
            "deleted",
        ];
        let columns = names.iter().enumerate().map(|(place, name)| {
            let integer = |row: &Vec<rusqlite::types::Value>| match row[place] {
                rusqlite::types::Value::Integer(value) => value,
                _ => 0,
            };
            let text = |row: &Vec<rusqlite::types::Value>| match &row[place] {
                rusqlite::types::Value::Text(text) => text.clone(),
                _ => String::new(),
            };
            if name.starts_with("digest_") || ["hash_version", "deleted"].contains(name) {
                polars::prelude::Column::new((*name).into(), rows.iter().map(integer).collect::<Vec<_>>())
            } else {
                polars::prelude::Column::new((*name).into(), rows.iter().map(text).collect::<Vec<_>>())
            }
        });
        Some(DataFrame::new(rows.len(), columns.collect()).unwrap())
    }

    fn products(catalog: &Catalog) -> DataFrame {
        df!(
            "id" => catalog.keys().map(u8::to_string).collect::<Vec<_>>(),
            "name" => catalog.keys().map(|id| format!("product {id}")).collect::<Vec<_>>(),
            "price" => catalog.values().map(|(price, _)| f64::from(*price)).collect::<Vec<_>>(),
            "in_stock" => catalog.values().map(|(_, stock)| *stock).collect::<Vec<_>>(),
        )
        .unwrap()
    }

    /// The operations that bring the index to a catalog; `None` where they are refused.
    fn operations(&self, catalog: &Catalog, emit: &str) -> Option<DataFrame> {
        self.operations_with(catalog, json!({ "emit": emit }))
    }

    fn operations_with(&self, catalog: &Catalog, params: serde_json::Value) -> Option<DataFrame> {
        let emit = params["emit"].as_str().unwrap().to_owned();
        let mut inputs = Frames::new().with("catalog", Self::products(catalog));
        if let Some(state) = self.state(if emit == "all" { "state" } else { "state_since" }) {
            inputs = inputs.with(if emit == "all" { "state" } else { "since" }, state);
        }
        let diff = run("diff-catalog", params, inputs);
        if diff["refusals"].height() > 0 {
            return None;
        }
        let items =
            run("embed-products", json!({ "dimensions": 8 }), Frames::new().with("products", diff["products"].clone()));
        let inputs = Frames::new().with("changes", diff["changes"].clone()).with("items", items["items"].clone());
        Some(run("sync-index", json!({}), inputs).remove("operations").unwrap())
    }

    fn apply(&mut self, operations: &DataFrame, kill: Option<&str>) -> Option<Result<Applied, IoError>> {
        self.runs += 1;
        self.last_run = format!("run-{}", self.runs);
        let (run_id, target) = (self.last_run.clone(), target(&self.index));
        let Writing::Transaction(place) = target.writing() else { panic!("an index has transactions") };
        let frame = operations.clone().lazy();
        let write = SinkWrite {
            target: target.as_ref(),
            owner: "p.s",
            batch: &run_id,
            run_id: &run_id,
            frame,
            json: crate::operator::JsonStyle::Compact,
            again: false,
        };
        let never = AtomicBool::new(false);
        let watch = ReadWatch { progress: &Silent, cancelled: &never };
        let fail = |point: &str| {
            if Some(point) == kill {
                std::panic::resume_unwind(Box::new("killed"));
            }
        };
        let applying = Applying { ready: &|| Ok(()), fail: &fail, watch: &watch };
        catch_unwind(AssertUnwindSafe(|| place.apply(&[write], &applying))).ok()
    }

    fn sync(&mut self, emit: &str, kill: Option<&str>) {
        let before = self.indexed();
        let Some(operations) = self.operations(&self.catalog.clone(), emit) else {
            assert_eq!(self.indexed(), before, "what is refused changes nothing");
            return;
        };
        if let Some(applied) = self.apply(&operations, kill) {
            applied.unwrap();
            self.check_writes(&before);
        }
    }

    /// Each write of the last run changed what the index shows, and each change was one write.
    fn check_writes(&self, before: &Catalog) {
        let after = self.indexed();
        let ids: BTreeSet<&u8> = before.keys().chain(after.keys()).collect();
        let changed = ids.iter().filter(|id| before.get(id) != after.get(id)).count() as i64;
        let runs = index::status(&self.index, 1).unwrap().map(|status| status.runs).unwrap_or_default();
        let of_run = runs.first().filter(|run| run.run_id == self.last_run);
        let written = of_run.map_or(0, |run| run.added + run.updated + run.deleted);
        assert_eq!(written, changed, "{of_run:?}");
    }

    /// Sixty products come in one night and are gone the next: that night is refused, and the index keeps them.
    fn flood(&mut self) {
        let before = self.catalog.clone();
        self.catalog.extend((FLOOD..FLOOD + 60).map(|id| (id, (1, true))));
        self.sync("changed", None);
        self.catalog = before;
        let indexed = self.indexed();
        if indexed.keys().filter(|id| **id >= FLOOD).count() == 60 {
            assert!(self.operations(&self.catalog, "changed").is_none(), "the guard stops it");
            assert_eq!(self.indexed(), indexed);
        }
    }

    /// A run reads the catalog, another one reads a newer one and writes, then the first one writes what it has.
    fn overlap(&mut self, id: u8, price: u8, kill: Option<&str>) {
        let earlier = self.operations(&self.catalog.clone(), "changed");
        self.catalog.insert(id, (price, false));
        self.sync("changed", kill);
        let before = self.indexed();
        if let Some(applied) = earlier.and_then(|operations| self.apply(&operations, None)) {
            applied.unwrap();
            self.check_writes(&before);
        }
    }

    fn spoil(&mut self, id: Option<u8>) {
        self.spoilt = id;
        if index::status(&self.index, 1).unwrap_or_default().is_none() {
            return;
        }
        let connection = Connection::open(&self.index).unwrap();
        connection.execute_batch("DROP TRIGGER IF EXISTS spoilt_a; DROP TRIGGER IF EXISTS spoilt_b").unwrap();
        if let Some(id) = id {
            for (name, event) in [("a", "INSERT"), ("b", "UPDATE")] {
                let sql = format!(
                    "CREATE TRIGGER spoilt_{name} BEFORE {event} ON products WHEN new.id = '{id}' BEGIN SELECT RAISE(ABORT, 'spoilt'); END"
                );
                connection.execute_batch(&sql).unwrap();
            }
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Put(id, price, stock) => drop(self.catalog.insert(*id, (*price, *stock))),
            Step::Drop(id) => drop(self.catalog.remove(id)),
            Step::Sync(kill) => self.sync("changed", kill.map(|(point, _)| point)),
            Step::Full => self.sync("all", None),
            Step::Spoil(id) => self.spoil(Some(*id)),
            Step::Mend => self.spoil(None),
            Step::Emptied => {
                let operations = self.operations(&Catalog::new(), "changed");
                let known = self.state("state").map_or(0, |state| state.height());
                assert!(operations.is_none_or(|operations| operations.height() == 0 && known == 0));
            }
            Step::Flooded => self.flood(),
            Step::Overlap(id, price, kill) => self.overlap(*id, *price, *kill),
            Step::Rollback => {
                if self.index.exists() && index::status(&self.index, 1).unwrap().is_some() {
                    let taken = index::rollback(&self.index, &self.last_run);
                    assert!(taken.is_ok() || self.spoilt.is_some(), "{taken:?}");
                }
            }
        }
    }

    /// What the index holds: id, price, stock.
    fn indexed(&self) -> Catalog {
        if !self.index.exists() || index::status(&self.index, 1).unwrap().is_none() {
            return Catalog::new();
        }
        let rows = self.sql("SELECT id, price, available FROM products");
        let of = |row: Vec<rusqlite::types::Value>| match row.as_slice() {
            [
                rusqlite::types::Value::Text(id),
                rusqlite::types::Value::Real(price),
                rusqlite::types::Value::Integer(stock),
            ] =>
            {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small whole prices")]
                (id.parse().unwrap(), (*price as u8, *stock == 1))
            }
            other => panic!("{other:?}"),
        };
        rows.into_iter().map(of).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 200, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn after_any_nights_the_index_comes_to_hold_the_catalog_and_no_more_is_written(steps in steps()) {
        let mut world = World::new();
        for step in &steps {
            world.step(step);
        }
        world.catalog.insert(0, (1, true));
        world.spoil(None);
        if world.index.exists() && index::status(&world.index, 1).unwrap().is_some() {
            index::retry_failed(&world.index).unwrap();
        }
        let owed = world.operations_with(&world.catalog, json!({ "emit": "changed", "allow_mass_delete": true })).unwrap();
        world.apply(&owed, None).unwrap().unwrap();
        prop_assert_eq!(&world.indexed(), &world.catalog);
        let verified = index::verify(&world.index).unwrap();
        prop_assert!(verified.is_whole(), "{:?}", verified);
        prop_assert!(index::status(&world.index, 1).unwrap().unwrap().failed.is_empty());
        prop_assert_eq!(world.operations(&world.catalog, "changed").unwrap().height(), 0);
        world.sync("all", None);
        let run = index::status(&world.index, 1).unwrap().unwrap().runs.remove(0);
        prop_assert_eq!((run.added, run.updated, run.deleted), (0, 0, 0), "a full sync of the same writes nothing");
    }
}

/// Ten thousand were shown; fewer are tried each time: NIGHTLOOM_CONVERGENCE_CASES=10000 TMPDIR=/dev/shm for all.
fn cases() -> u32 {
    std::env::var("NIGHTLOOM_CONVERGENCE_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(48)
}
