//! An index for tests: it keeps the documented limits, shows what was written late, and fails on demand. It can be asked
//! directly, and over HTTP.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use nightloom_http::{
    HttpError,
    testing::{Answer, Asked, Stub},
};
use serde_json::{Value, json};

use super::{
    limits::{MOST_DELETES, MOST_REQUEST_BYTES, MOST_UPSERTS, checked},
    record::Record,
    transport::Transport,
};

/// The key that the index takes.
pub const KEY: &str = "pc-test-key";

/// How the next write goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// It fails and did nothing.
    Fails,
    /// It fails, and was done all the same.
    DoneButFails,
    /// It answers that it was done, and was not.
    Lost,
}

/// What an index is.
#[derive(Clone, Debug)]
pub struct Kind {
    /// The length of its dense vectors; `None` for an index of sparse ones.
    pub dimension: Option<usize>,
    /// Requests that pass before a write is seen.
    pub delay: usize,
}

#[derive(Default)]
struct State {
    /// Written, seen or not: namespace → id → record.
    written: BTreeMap<String, BTreeMap<String, Record>>,
    /// What is seen.
    seen: BTreeMap<String, BTreeMap<String, Record>>,
    /// What will be seen once the clock of requests is there: namespace, id, the record or nothing.
    coming: VecDeque<(usize, String, String, Option<Record>)>,
    clock: usize,
    mishaps: VecDeque<Mishap>,
    poisoned: BTreeSet<String>,
    /// Ids that were written or taken out, in order.
    writes: Vec<String>,
}

/// An index.
#[derive(Clone)]
pub struct FakeIndex {
    kind: Kind,
    state: Arc<Mutex<State>>,
}

impl FakeIndex {
    /// An empty index.
    pub fn new(kind: Kind) -> Self {
        Self { kind, state: Arc::default() }
    }

    /// The index on a port of this machine.
    pub fn serve(&self) -> Stub {
        let index = self.clone();
        Stub::start(move |asked: &Asked| match asked.header("api-key") {
            Some(KEY) => {
                let (status, body) =
                    index.answer(&asked.method, &asked.path, &pairs(&asked.query), &asked.body, asked.bytes);
                Answer::of(status, body)
            }
            _ => Answer::of(
                401,
                json!({ "error": { "code": "UNAUTHENTICATED", "message": "Invalid API Key" }, "status": 401 }),
            ),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Plans how the next writes go wrong.
    pub fn plan(&self, mishaps: impl IntoIterator<Item = Mishap>) {
        self.state().mishaps.extend(mishaps);
    }

    /// From now on no upsert with this id is taken; `None` mends all.
    pub fn poison(&self, id: Option<&str>) {
        let mut state = self.state();
        match id {
            Some(id) => drop(state.poisoned.insert(id.to_owned())),
            None => {
                state.poisoned.clear();
                state.mishaps.clear();
            }
        }
    }

    /// All that is written, seen or not.
    pub fn records(&self, namespace: &str) -> BTreeMap<String, Record> {
        self.state().written.get(namespace).cloned().unwrap_or_default()
    }

    /// Puts a record there, behind everybody's back; it is seen at once.
    pub fn put(&self, namespace: &str, record: Record) {
        self.meddle(namespace, &record.id.clone(), Some(record));
    }

    /// Takes a record out, behind everybody's back; that is seen at once.
    pub fn take(&self, namespace: &str, id: &str) {
        self.meddle(namespace, id, None);
    }

    fn meddle(&self, namespace: &str, id: &str, record: Option<Record>) {
        let mut state = self.state();
        let State { written, seen, coming, .. } = &mut *state;
        coming.retain(|(_, of, other, _)| of != namespace || other != id);
        for records in [written, seen] {
            apply(records.entry(namespace.to_owned()).or_default(), id, record.clone());
        }
    }

    /// The ids that were written or taken out since the last time this was asked.
    pub fn take_writes(&self) -> Vec<String> {
        std::mem::take(&mut self.state().writes)
    }

    /// What the index answers.
    fn answer(&self, method: &str, path: &str, query: &[(String, String)], body: &Value, bytes: usize) -> (u16, Value) {
        let mut state = self.state();
        state.pass();
        let namespace = match method {
            "GET" => query.iter().find(|(key, _)| key == "namespace").map_or("", |(_, value)| value),
            _ => body["namespace"].as_str().unwrap_or_default(),
        };
        match (method, path.trim_start_matches('/')) {
            _ if bytes > MOST_REQUEST_BYTES => refused("Request size exceeds the maximum of 2097152 bytes"),
            ("POST", "vectors/upsert") => self.upsert(&mut state, namespace, body),
            ("POST", "vectors/delete") => self.delete(&mut state, namespace, body),
            ("GET", "vectors/fetch") => {
                let ids: Vec<&str> =
                    query.iter().filter(|(key, _)| key == "ids").map(|(_, value)| value.as_str()).collect();
                if ids.is_empty() || ids.len() > MOST_DELETES {
                    return refused("ids must have 1 to 1000 items");
                }
                let seen = state.seen.get(namespace);
                let found: BTreeMap<&str, &Record> = ids.iter().filter_map(|id| Some((*id, seen?.get(*id)?))).collect();
                (200, json!({ "vectors": found, "namespace": namespace, "usage": { "readUnits": 1 } }))
            }
            ("GET", "vectors/list") => list(&state, namespace, query),
            ("POST", "describe_index_stats") => {
                let counts: BTreeMap<&String, Value> = state
                    .seen
                    .iter()
                    .filter(|(_, records)| !records.is_empty())
                    .map(|(name, records)| (name, json!({ "vectorCount": records.len() })))
                    .collect();
                let total: usize = state.seen.values().map(BTreeMap::len).sum();
                (200, json!({ "namespaces": counts, "dimension": self.kind.dimension, "totalVectorCount": total }))
            }
            _ => (404, json!({ "code": 5, "message": "Not found", "details": [] })),
        }
    }

    fn upsert(&self, state: &mut State, namespace: &str, body: &Value) -> (u16, Value) {
        let records: Vec<Record> = match serde_json::from_value(body["vectors"].clone()) {
            Ok(records) => records,
            Err(error) => return refused(&error.to_string()),
        };
        if records.is_empty() || records.len() > MOST_UPSERTS {
            return refused("vectors must have 1 to 1000 items");
        }
        for record in &records {
            if let Err(limit) = checked(record) {
                return refused(&limit.to_string());
            }
            let length = record.values.len();
            match self.kind.dimension {
                Some(dimension) if length != dimension => {
                    let problem =
                        format!("Vector dimension {length} does not match the dimension of the index {dimension}");
                    return refused(&problem);
                }
                None if length > 0 || record.sparse_values.is_none() => {
                    return refused("Index type sparse takes sparse values alone");
                }
                _ => {}
            }
            if state.poisoned.contains(&record.id) {
                return refused("a vector cannot be taken");
            }
        }
        let count = records.len();
        let changes = records.into_iter().map(|record| (record.id.clone(), Some(record))).collect();
        self.write(state, namespace, changes, json!({ "upsertedCount": count }))
    }

    fn delete(&self, state: &mut State, namespace: &str, body: &Value) -> (u16, Value) {
        let ids: Vec<String> = serde_json::from_value(body["ids"].clone()).unwrap_or_default();
        if ids.is_empty() || ids.len() > MOST_DELETES {
            return refused("ids must have 1 to 1000 items");
        }
        if !state.written.contains_key(namespace) {
            return (404, json!({ "code": 5, "message": "Namespace not found", "details": [] }));
        }
        self.write(state, namespace, ids.into_iter().map(|id| (id, None)).collect(), json!({}))
    }

    fn write(
        &self,
        state: &mut State,
        namespace: &str,
        changes: Vec<(String, Option<Record>)>,
        done: Value,
    ) -> (u16, Value) {
        let mishap = state.mishaps.pop_front();
        if !matches!(mishap, Some(Mishap::Fails | Mishap::Lost)) {
            for (id, record) in changes {
                state.writes.push(id.clone());
                apply(state.written.entry(namespace.to_owned()).or_default(), &id, record.clone());
                let at = state.clock + self.kind.delay;
                state.coming.push_back((at, namespace.to_owned(), id, record));
            }
            state.show();
        }
        match mishap {
            Some(Mishap::Fails | Mishap::DoneButFails) => (500, json!({ "code": 13, "message": "internal error" })),
            Some(Mishap::Lost) | None => (200, done),
        }
    }
}

impl State {
    /// A request passes.
    fn pass(&mut self) {
        self.clock += 1;
        self.show();
    }

    fn show(&mut self) {
        while self.coming.front().is_some_and(|(at, ..)| *at <= self.clock) {
            let Some((_, namespace, id, record)) = self.coming.pop_front() else { return };
            apply(self.seen.entry(namespace).or_default(), &id, record);
        }
    }
}

fn apply(records: &mut BTreeMap<String, Record>, id: &str, record: Option<Record>) {
    match record {
        Some(record) => drop(records.insert(id.to_owned(), record)),
        None => drop(records.remove(id)),
    }
}

fn list(state: &State, namespace: &str, query: &[(String, String)]) -> (u16, Value) {
    let of = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let limit: usize = of("limit").and_then(|limit| limit.parse().ok()).unwrap_or(100);
    if limit == 0 || limit > 100 {
        return refused("limit must be from 1 to 100");
    }
    let after = of("paginationToken");
    let seen = state.seen.get(namespace).into_iter().flat_map(BTreeMap::keys);
    let mut rest = seen.filter(|id| after.is_none_or(|after| id.as_str() > after));
    let page: Vec<&String> = rest.by_ref().take(limit).collect();
    let mut answer = json!({
        "vectors": page.iter().map(|id| json!({ "id": id })).collect::<Vec<_>>(),
        "namespace": namespace, "usage": { "readUnits": 1 },
    });
    if let (Some(last), true) = (page.last(), rest.next().is_some()) {
        answer["pagination"] = json!({ "next": last });
    }
    (200, answer)
}

fn refused(message: &str) -> (u16, Value) {
    (400, json!({ "code": 3, "message": message, "details": [] }))
}

/// The pairs of a query.
fn pairs(query: &str) -> Vec<(String, String)> {
    let text = |part: &str| {
        let mut bytes = Vec::with_capacity(part.len());
        let mut rest = part.as_bytes();
        while let [first, more @ ..] = rest {
            let digits = more.get(..2).filter(|_| *first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
            match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
                Some(byte) => {
                    bytes.push(byte);
                    rest = more.get(2..).unwrap_or_default();
                }
                None => {
                    bytes.push(if *first == b'+' { b' ' } else { *first });
                    rest = more;
                }
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    };
    query.split('&').filter_map(|pair| pair.split_once('=')).map(|(key, value)| (text(key), text(value))).collect()
}

/// The index without a network between: a request that fails is not tried again, and waits pass at once.
impl Transport for FakeIndex {
    fn whom(&self) -> &str {
        "the index"
    }

    fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, HttpError> {
        let query: Vec<(String, String)> =
            query.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        given(self.answer("GET", path, &query, &Value::Null, 0))
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value, HttpError> {
        given(self.answer("POST", path, &[], body, body.to_string().len()))
    }

    fn wait(&self, _: Duration) -> Result<(), HttpError> {
        Ok(())
    }
}

fn given((status, body): (u16, Value)) -> Result<Value, HttpError> {
    let (whom, said) = ("the index".to_owned(), body["message"].as_str().unwrap_or_default().to_owned());
    match status {
        200 => Ok(body),
        500 => Err(HttpError::Server { whom, status, tries: 1, said }),
        _ => Err(HttpError::Refused { whom, status, said }),
    }
}
