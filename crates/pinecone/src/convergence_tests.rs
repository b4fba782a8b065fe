//! The journal against an index that shows late, fails, loses and refuses: whatever happens, the index comes to hold the
//! catalog, and nothing is written that need not be.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    time::Duration,
};

use nightloom_batch_journal::{Confirmed, Doing, Journal, JournalError, Operation, Run, Session, Tally, Target};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    Index, Kind, Marked, Record, sparse_of,
    testing::{self, FakeIndex, Mishap},
};

const SHOP: &str = "shop.example";
const POINTS: [&str; 7] = [
    "batch-planned",
    "batch-sent",
    "batch-applied",
    "batch-seen",
    "batch-verified",
    "batch-taken-back",
    "batch-recovered",
];

/// id → content.
type Catalog = BTreeMap<String, u8>;

struct World {
    folder: tempfile::TempDir,
    dense: FakeIndex,
    sparse: Option<FakeIndex>,
    catalog: Catalog,
    now: i64,
    runs: usize,
}

impl World {
    fn new(delay: usize, has_sparse: bool) -> Self {
        let fake = |dimension| FakeIndex::new(testing::Kind { dimension, delay });
        Self {
            folder: tempfile::tempdir().unwrap(),
            dense: fake(Some(2)),
            sparse: has_sparse.then(|| fake(None)),
            catalog: Catalog::new(),
            now: 1_000_000,
            runs: 0,
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("pinecone.db")
    }

    fn journal(&self) -> Journal {
        Journal::open(&self.path(), Duration::from_secs(5)).unwrap()
    }

    fn marked(&self) -> Vec<Marked<FakeIndex>> {
        let dense = Marked::new(Index::new(self.dense.clone()), Kind::Dense);
        let sparse = self.sparse.iter().map(|sparse| Marked::new(Index::new(sparse.clone()), Kind::Sparse));
        std::iter::once(dense).chain(sparse).collect()
    }

    /// What is confirmed: id → hash.
    fn confirmed(&self) -> BTreeMap<String, String> {
        drop(self.journal());
        let connection = rusqlite(&self.path());
        let mut statement = connection.prepare("SELECT id, index_hash FROM state").unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    fn failed(&self) -> Vec<(String, i64, Option<i64>)> {
        drop(self.journal());
        let connection = rusqlite(&self.path());
        let mut statement =
            connection.prepare("SELECT id, attempts, next_retry_at FROM failed_items ORDER BY id").unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    /// What brings the confirmed state to the catalog.
    fn operations(&self) -> Vec<Operation> {
        let confirmed = self.confirmed();
        let gone = confirmed.keys().filter(|id| !self.catalog.contains_key(*id)).map(|id| operation(id, None));
        let there = self.catalog.iter().filter(|(_, content)| **content < 200);
        let new = there.filter(|(id, content)| confirmed.get(*id) != Some(&hash(**content)));
        gone.chain(new.map(|(id, content)| operation(id, Some(*content)))).collect()
    }

    /// A run; `None` if it was killed at the point.
    fn sync(&mut self, kill: Option<&str>) -> Option<Result<Tally, JournalError>> {
        let operations = self.operations();
        self.runs += 1;
        self.now += 60;
        let run_id = format!("run-{}", self.runs);
        let run = Run { run_id: &run_id, owner: "o", now: self.now, again: false, patience: Duration::from_secs(30) };
        let fail = |point: &str| {
            if Some(point) == kill {
                std::panic::resume_unwind(Box::new("killed"));
            }
        };
        let work = || {
            let marked = self.marked();
            let targets: Vec<&dyn Target> = marked.iter().map(|index| index as &dyn Target).collect();
            let mut journal = self.journal();
            let mut session = Session::begin(&mut journal, &targets, run, &fail)?;
            session.apply(&operations)?;
            session.end(&run_id)
        };
        catch_unwind(AssertUnwindSafe(work)).ok()
    }

    fn done(&mut self) -> Tally {
        self.sync(None).unwrap().unwrap()
    }

    fn with_targets<T>(&self, work: impl FnOnce(&mut Journal, &[&dyn Target]) -> T) -> T {
        let marked = self.marked();
        let targets: Vec<&dyn Target> = marked.iter().map(|index| index as &dyn Target).collect();
        work(&mut self.journal(), &targets)
    }

    fn reconcile(&self) {
        self.with_targets(|journal, targets| journal.reconcile(SHOP, targets, Duration::from_secs(30))).unwrap();
    }

    fn put(&mut self, ids: impl IntoIterator<Item = usize>, content: u8) {
        self.catalog.extend(ids.into_iter().map(|id| (name(id), content)));
    }

    /// What an index holds: id → hash.
    fn held(index: &FakeIndex) -> BTreeMap<String, String> {
        let hash = |record: &Record| {
            record.metadata.get("index_hash").and_then(Value::as_str).unwrap_or("of somebody else").to_owned()
        };
        index.records(SHOP).iter().map(|(id, record)| (id.clone(), hash(record))).collect()
    }

    fn wanted(&self) -> BTreeMap<String, String> {
        self.catalog.iter().map(|(id, content)| (id.clone(), hash(*content))).collect()
    }

    fn all_hold_the_catalog(&self) -> bool {
        let indexes = std::iter::once(&self.dense).chain(&self.sparse);
        self.confirmed() == self.wanted() && indexes.into_iter().all(|index| Self::held(index) == self.wanted())
    }
}

fn rusqlite(path: &std::path::Path) -> rusqlite::Connection {
    rusqlite::Connection::open(path).unwrap()
}

fn name(id: usize) -> String {
    format!("id-{id:03}")
}

fn hash(content: u8) -> String {
    format!("hash-{content}")
}

fn draft(id: &str, content: u8, kind: Kind) -> Value {
    let metadata = json!({ "index_hash": hash(content), "price": content });
    let values = if kind == Kind::Dense { vec![1.0, f32::from(content)] } else { Vec::new() };
    let sparse_values = if kind == Kind::Sparse { sparse_of(id, &content.to_string()) } else { None };
    let record = Record { id: id.to_owned(), values, sparse_values, metadata: metadata.as_object().unwrap().clone() };
    serde_json::to_value(record).unwrap()
}

fn operation(id: &str, content: Option<u8>) -> Operation {
    let index_hash = content.map(hash).unwrap_or_default();
    Operation {
        namespace: SHOP.to_owned(),
        id: id.to_owned(),
        doing: if content.is_some() { Doing::Upsert } else { Doing::Delete },
        after: Confirmed { index_hash, fields: "a,b".to_owned(), digests: vec![1, 2], ..Confirmed::default() },
        drafts: content
            .map_or_else(Vec::new, |content| [Kind::Dense, Kind::Sparse].map(|kind| draft(id, content, kind)).to_vec()),
    }
}

#[test]
fn a_run_writes_what_differs_waits_until_it_is_seen_and_the_same_again_writes_nothing() {
    let mut world = World::new(5, true);
    world.put(0..1_000, 1);
    assert_eq!(world.done(), Tally { added: 1_000, ..Tally::default() });
    assert!(world.all_hold_the_catalog());
    world.dense.take_writes();
    world.put(3..5, 2);
    world.catalog.remove(&name(7));
    assert_eq!(world.done(), Tally { updated: 2, deleted: 1, ..Tally::default() });
    assert!(world.all_hold_the_catalog());
    assert_eq!(world.dense.take_writes(), ["id-007", "id-003", "id-004"]);
    assert_eq!(world.done(), Tally::default());
    assert!(world.dense.take_writes().is_empty());
}

#[test]
fn one_of_92_that_is_refused_takes_no_other_with_it_and_is_tried_again_later() {
    let mut world = World::new(0, false);
    world.put(0..92, 1);
    world.dense.poison(Some("id-006"));
    assert_eq!(world.done(), Tally { added: 91, failed: 1, ..Tally::default() });
    assert_eq!(world.failed(), [("id-006".to_owned(), 1, Some(world.now + 60))]);
    assert_eq!(World::held(&world.dense).len(), 91);
    world.now -= 30;
    assert_eq!(world.done(), Tally { deferred: 1, ..Tally::default() });
    assert_eq!(world.done(), Tally { failed: 1, ..Tally::default() });
    assert_eq!(world.failed(), [("id-006".to_owned(), 2, Some(world.now + 120))]);
    world.dense.poison(None);
    world.now += 60;
    assert_eq!(world.done(), Tally { added: 1, ..Tally::default() });
    assert!(world.all_hold_the_catalog() && world.failed().is_empty());
}

#[test]
fn what_cannot_be_sent_is_told_without_sending_it() {
    let mut world = World::new(0, false);
    world.put(0..2, 1);
    world.catalog.insert("x".repeat(600), 1);
    assert_eq!(world.done(), Tally { added: 2, failed: 1, ..Tally::default() });
    assert!(World::held(&world.dense).len() == 2 && world.failed().len() == 1);
}

#[test]
fn where_the_sparse_index_fails_after_the_dense_one_took_it_both_are_as_before() {
    let mut world = World::new(0, true);
    world.put(0..3, 1);
    world.done();
    world.put(0..4, 2);
    world.sparse.as_ref().unwrap().plan([Mishap::Fails]);
    let error = world.sync(None).unwrap().unwrap_err().to_string();
    assert!(error.starts_with("the sparse index: "), "{error}");
    let before: BTreeMap<String, String> = (0..3).map(|id| (name(id), hash(1))).collect();
    assert_eq!(
        (World::held(&world.dense), World::held(world.sparse.as_ref().unwrap())),
        (before.clone(), before.clone())
    );
    // None of the four counts as confirmed, and none is lost.
    assert!(world.confirmed().values().all(String::is_empty));
    assert_eq!((world.confirmed().len(), world.failed().len(), world.operations().len()), (4, 4, 4));
    world.now += 3_600;
    world.done();
    assert!(world.all_hold_the_catalog());
}

#[test]
fn a_delete_that_is_lost_stays_owed_until_it_is_confirmed() {
    let mut world = World::new(0, false);
    world.put(0..2, 1);
    world.done();
    world.catalog.remove(&name(0));
    world.dense.plan([Mishap::Lost]);
    assert_eq!(world.done(), Tally { failed: 1, ..Tally::default() });
    assert!(world.confirmed().contains_key(&name(0)));
    assert_eq!(world.operations().len(), 1);
    world.now += 60;
    assert_eq!(world.done(), Tally { deleted: 1, ..Tally::default() });
    assert!(world.all_hold_the_catalog());
}

#[test]
fn a_service_that_fails_ends_the_run_and_nothing_is_lost() {
    let mut world = World::new(0, false);
    world.put(0..300, 1);
    world.dense.plan([Mishap::Fails]);
    assert!(world.sync(None).unwrap().is_err());
    world.dense.poison(None);
    assert!(world.confirmed().values().all(String::is_empty) && world.failed().is_empty());
    let left = world.operations().len();
    assert_eq!((left, world.done().all()), (300, 300));
    assert!(world.all_hold_the_catalog());
}

#[test]
fn a_run_is_taken_back_and_the_next_one_writes_it_again() {
    let mut world = World::new(3, true);
    world.put(0..4, 1);
    world.done();
    let before = (World::held(&world.dense), world.dense.records(SHOP), world.confirmed());
    world.put(2..6, 2);
    world.catalog.remove(&name(0));
    world.done();
    let taken = |world: &World, run: &str| {
        world.with_targets(|journal, targets| journal.rollback(run, targets, Duration::from_secs(30))).unwrap()
    };
    assert_eq!(taken(&world, "run-2"), Some(5));
    assert_eq!((World::held(&world.dense), world.dense.records(SHOP), world.confirmed()), before);
    assert_eq!(taken(&world, "run-2"), None);
    assert_eq!(taken(&world, "never"), None);
    world.done();
    assert!(world.all_hold_the_catalog());
}

#[test]
fn a_record_whose_text_is_known_keeps_its_vector() {
    let mut world = World::new(0, false);
    world.put([1], 7);
    world.done();
    let mut known = operation(&name(1), Some(9));
    known.drafts[0].as_object_mut().unwrap().remove("values");
    let mut unknown = operation("other", Some(9));
    unknown.drafts = known.drafts.clone();
    let run = Run { run_id: "r", owner: "o", now: 1, again: false, patience: Duration::ZERO };
    let tally = world.with_targets(|journal, targets| {
        let mut session = Session::begin(journal, targets, run, &|_| ()).unwrap();
        session.apply(&[known, unknown]).unwrap();
        session.end("b").unwrap()
    });
    assert_eq!((tally.updated, tally.failed), (1, 1));
    let record = world.dense.records(SHOP).remove(&name(1)).unwrap();
    assert_eq!((record.values, &record.metadata["index_hash"]), (vec![1.0, 7.0], &json!("hash-9")));
}

#[test]
fn two_runs_do_not_write_at_once() {
    let world = World::new(0, false);
    let first = world.journal();
    let second = Journal::open(&world.path(), Duration::from_millis(50));
    assert!(matches!(second, Err(JournalError::Locked { .. })));
    drop(first);
    world.journal();
}

#[derive(Clone, Debug)]
enum Step {
    Put(usize, u8),
    Drop(usize),
    /// A run, killed where the point is passed, with these mishaps.
    Sync(Option<&'static str>, Vec<(bool, Mishap)>),
    Poison(usize),
    Mend,
    /// Somebody else writes or takes out a record.
    Foreign(usize, bool),
    Reconcile,
    Rollback,
    Later,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let id = 0..9_usize;
    let mishap = prop_oneof![Just(Mishap::Fails), Just(Mishap::DoneButFails), Just(Mishap::Lost)];
    let mishaps = proptest::collection::vec((any::<bool>(), mishap), 0..3);
    let step = prop_oneof![
        6 => (id.clone(), 0..5_u8).prop_map(|(id, content)| Step::Put(id, content)),
        3 => id.clone().prop_map(Step::Drop),
        4 => Just(Step::Sync(None, Vec::new())),
        3 => mishaps.clone().prop_map(|mishaps| Step::Sync(None, mishaps)),
        4 => (0..POINTS.len(), mishaps).prop_map(|(point, mishaps)| Step::Sync(Some(POINTS[point]), mishaps)),
        1 => id.clone().prop_map(Step::Poison),
        1 => Just(Step::Mend),
        1 => (id, any::<bool>()).prop_map(|(id, writes)| Step::Foreign(id, writes)),
        1 => Just(Step::Reconcile),
        1 => Just(Step::Rollback),
        1 => Just(Step::Later),
    ];
    proptest::collection::vec(step, 1..24)
}

impl World {
    fn step(&mut self, step: &Step) {
        match step {
            Step::Put(id, content) => self.put([*id], *content),
            Step::Drop(id) => drop(self.catalog.remove(&name(*id))),
            Step::Sync(kill, mishaps) => {
                for (of_sparse, mishap) in mishaps {
                    let index = if *of_sparse { self.sparse.as_ref() } else { None };
                    index.unwrap_or(&self.dense).plan([*mishap]);
                }
                drop(self.sync(*kill));
            }
            Step::Poison(id) => self.dense.poison(Some(&name(*id))),
            Step::Mend => self.mend(),
            Step::Foreign(id, true) => {
                let record = Record { id: name(*id), values: vec![9.0, 9.0], ..Record::default() };
                self.dense.put(SHOP, record);
            }
            Step::Foreign(id, false) => self.dense.take(SHOP, &name(*id)),
            Step::Reconcile => {
                // It may fail with the index; it is tried again at the end.
                let patience = Duration::from_secs(30);
                drop(self.with_targets(|journal, targets| journal.reconcile(SHOP, targets, patience)));
            }
            Step::Rollback => {
                let run = format!("run-{}", self.runs);
                let patience = Duration::from_secs(30);
                drop(self.with_targets(|journal, targets| journal.rollback(&run, targets, patience)));
            }
            Step::Later => self.now += 3_600,
        }
    }

    fn mend(&self) {
        self.dense.poison(None);
        self.sparse.iter().for_each(|sparse| sparse.poison(None));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 300, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn after_anything_the_index_comes_to_hold_the_catalog_and_no_more_is_written(
        steps in steps(), delay in 0..7_usize, has_sparse: bool
    ) {
        let mut world = World::new(delay, has_sparse);
        for step in &steps {
            world.step(step);
        }
        world.mend();
        world.now += 7_200;
        world.journal().retry_failed().unwrap();
        let foreign = steps.iter().any(|step| matches!(step, Step::Foreign(..)));
        if foreign {
            world.reconcile();
        }
        // What a killed run left is ended first, so that changes are found against what is so.
        world.with_targets(|journal, targets| journal.recover(targets, Duration::from_secs(30), &|_| ())).unwrap();
        world.done();
        prop_assert_eq!(world.confirmed(), world.wanted());
        prop_assert_eq!(World::held(&world.dense), world.wanted());
        if let Some(sparse) = &world.sparse {
            prop_assert_eq!(World::held(sparse), world.wanted());
        }
        prop_assert!(world.failed().is_empty());
        world.dense.take_writes();
        prop_assert_eq!(world.done(), Tally::default());
        // What was put back is not waited for: the index comes to rest.
        for index in std::iter::once(&world.dense).chain(&world.sparse) {
            (0..10).for_each(|_| drop(Index::new(index.clone()).stats().unwrap()));
        }
        world.reconcile();
        prop_assert_eq!(world.done(), Tally::default());
        prop_assert!(world.dense.take_writes().is_empty(), "what is the same is not written");
    }
}

/// Ten thousand were shown; fewer are tried each time.
fn cases() -> u32 {
    std::env::var("NIGHTLOOM_CONVERGENCE_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(64)
}
