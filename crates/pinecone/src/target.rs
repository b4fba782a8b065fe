//! An index as one that batches of a journal go to.

use std::{collections::BTreeMap, time::Duration};

use nightloom_batch_journal::{Problem, Seen, Target};
use nightloom_http::HttpError;
use serde_json::Value;

use super::{index::Index, limits::checked, record::Record, transport::Transport};

/// The metadata that says what was written.
pub const MARK: &str = "index_hash";
/// The metadata that says which write it was.
pub const STAMP: &str = "written_by";

/// Which vectors an index holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Dense ones, with sparse ones beside them or without.
    Dense,
    /// Sparse ones alone.
    Sparse,
}

/// An index whose records have a mark.
pub struct Marked<T> {
    index: Index<T>,
    kind: Kind,
}

impl<T: Transport> Marked<T> {
    /// An index of this kind.
    pub fn new(index: Index<T>, kind: Kind) -> Self {
        Self { index, kind }
    }

    /// The index.
    pub fn index(&self) -> &Index<T> {
        &self.index
    }
}

fn problem(error: HttpError) -> Problem {
    match error {
        HttpError::Stopped => Problem::Stopped,
        error if error.is_of_content() => Problem::Content(error.to_string()),
        error => Problem::Service(error.to_string()),
    }
}

fn read(record: &Value) -> Result<Record, String> {
    serde_json::from_value(record.clone()).map_err(|error| format!("is no record: {error}"))
}

impl<T: Transport> Target for Marked<T> {
    fn name(&self) -> String {
        match self.kind {
            Kind::Dense => "the index".to_owned(),
            Kind::Sparse => "the sparse index".to_owned(),
        }
    }

    /// A record whose text the index has comes without its vector: it keeps the one that is there.
    fn complete(&self, draft: &Value, stamp: &str, there: Option<&Seen>) -> Result<Value, String> {
        let mut record = read(draft)?;
        record.metadata.insert(STAMP.to_owned(), Value::String(stamp.to_owned()));
        match (self.kind, there) {
            (Kind::Dense, Some(there)) if record.values.is_empty() => record.values = read(&there.record)?.values,
            (Kind::Sparse, _) => record.values = Vec::new(),
            _ => {}
        }
        if self.kind == Kind::Dense && record.values.is_empty() {
            return Err("the record has no vector, and the index has none of it".to_owned());
        }
        checked(&record).map_err(|limit| limit.to_string())?;
        serde_json::to_value(&record).map_err(|error| error.to_string())
    }

    fn fetch(&self, namespace: &str, ids: &[&str]) -> Result<BTreeMap<String, Seen>, Problem> {
        let found = self.index.fetch(namespace, ids).map_err(problem)?;
        let seen = |(id, record): (String, Record)| {
            let text = |key: &str| record.metadata.get(key).and_then(Value::as_str).map(ToOwned::to_owned);
            let (mark, stamp) = (text(MARK), text(STAMP));
            let record = serde_json::to_value(&record).map_err(|error| Problem::Service(error.to_string()))?;
            Ok((id, Seen { mark, stamp, record }))
        };
        found.into_iter().map(seen).collect()
    }

    fn upsert(&self, namespace: &str, records: &[Value]) -> Result<(), Problem> {
        let records: Result<Vec<Record>, String> = records.iter().map(read).collect();
        self.index.upsert(namespace, &records.map_err(Problem::Content)?).map_err(problem)
    }

    fn delete(&self, namespace: &str, ids: &[&str]) -> Result<(), Problem> {
        self.index.delete(namespace, ids).map_err(problem)
    }

    fn list(&self, namespace: &str) -> Result<Vec<String>, Problem> {
        self.index.list(namespace).map_err(problem)
    }

    fn wait(&self, wait: Duration) -> Result<(), Problem> {
        self.index.transport().wait(wait).map_err(problem)
    }
}
