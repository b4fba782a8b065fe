//! The requests of an index.

use std::collections::BTreeMap;

use nightloom_http::{Auth, HttpError, Key, Settings, batches};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    limits::{BATCH_BYTES, MOST_DELETES, MOST_UPSERTS},
    record::Record,
    transport::Transport,
};

/// The version of the interface that is asked for.
const VERSION: &str = "2025-04";
/// Ids of a page of the list.
const PAGE: &str = "100";
/// Bytes of ids in an address: servers refuse long ones.
const MOST_QUERY: usize = 6_000;

/// How an index is asked: its host, with or without `https://`, and the key.
pub fn settings(host: &str, key: Key) -> Settings {
    let base_url = if host.contains("://") { host.to_owned() } else { format!("https://{host}") };
    let mut settings = Settings::new(&base_url, Auth::Header("api-key", key));
    settings.headers = vec![("x-pinecone-api-version", VERSION.to_owned())];
    settings
}

/// An index.
pub struct Index<T> {
    transport: T,
}

/// What an index says of itself. It is told late: what was written last may not be counted.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    /// The length of its dense vectors; `None` in an index of sparse ones.
    #[serde(default)]
    pub dimension: Option<usize>,
    /// Records in all namespaces.
    #[serde(default)]
    pub total_vector_count: u64,
    /// Records by namespace.
    #[serde(default)]
    pub namespaces: BTreeMap<String, NamespaceStats>,
}

/// What a namespace holds.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NamespaceStats {
    /// Its records.
    #[serde(default)]
    pub vector_count: u64,
}

#[derive(Deserialize)]
struct Fetched {
    #[serde(default)]
    vectors: BTreeMap<String, Record>,
}

#[derive(Deserialize)]
struct Listed {
    #[serde(default)]
    vectors: Vec<ListedId>,
    pagination: Option<Pagination>,
}

#[derive(Deserialize)]
struct ListedId {
    id: String,
}

#[derive(Deserialize)]
struct Pagination {
    #[serde(default)]
    next: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Upserted {
    upserted_count: usize,
}

impl<T: Transport> Index<T> {
    /// An index that is reached so.
    pub fn new(transport: T) -> Self {
        Self { transport }
    }

    /// How it is reached.
    pub fn transport(&self) -> &T {
        &self.transport
    }

    fn read<A: DeserializeOwned>(&self, answer: Value) -> Result<A, HttpError> {
        serde_json::from_value(answer).map_err(|error| self.broken(error.to_string()))
    }

    fn broken(&self, problem: String) -> HttpError {
        HttpError::Broken { whom: self.transport.whom().to_owned(), problem }
    }

    /// Writes records over those of the same ids, in as few requests as the limits allow.
    ///
    /// # Errors
    /// [`HttpError`]; requests before the one that failed are done.
    pub fn upsert(&self, namespace: &str, records: &[Record]) -> Result<(), HttpError> {
        let sizes: Vec<usize> = records.iter().map(Record::bytes).collect();
        for range in batches(&sizes, MOST_UPSERTS, BATCH_BYTES) {
            let part = records.get(range).unwrap_or_default();
            let body = json!({ "vectors": part, "namespace": namespace });
            let answer: Upserted = self.read(self.transport.post("vectors/upsert", &body)?)?;
            if answer.upserted_count != part.len() {
                let problem = format!("{} of {} records were taken", answer.upserted_count, part.len());
                return Err(self.broken(problem));
            }
        }
        Ok(())
    }

    /// Takes records out; ids that are not there are no error.
    ///
    /// # Errors
    /// [`HttpError`]; requests before the one that failed are done.
    pub fn delete(&self, namespace: &str, ids: &[&str]) -> Result<(), HttpError> {
        for part in ids.chunks(MOST_DELETES) {
            let body = json!({ "ids": part, "namespace": namespace });
            match self.transport.post("vectors/delete", &body) {
                // A namespace without records is not there.
                Ok(_) | Err(HttpError::Refused { status: 404, .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The records of ids that are there and seen yet.
    ///
    /// # Errors
    /// [`HttpError`].
    pub fn fetch(&self, namespace: &str, ids: &[&str]) -> Result<BTreeMap<String, Record>, HttpError> {
        // An id of any letters is three times as long in an address.
        let sizes: Vec<usize> = ids.iter().map(|id| 3 * id.len() + 5).collect();
        let mut found = BTreeMap::new();
        for range in batches(&sizes, MOST_DELETES, MOST_QUERY) {
            let part = ids.get(range).unwrap_or_default();
            let mut query: Vec<(&str, &str)> = part.iter().map(|id| ("ids", *id)).collect();
            query.push(("namespace", namespace));
            match self.transport.get("vectors/fetch", &query) {
                Ok(answer) => found.append(&mut self.read::<Fetched>(answer)?.vectors),
                Err(HttpError::Refused { status: 404, .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// The ids of all records of a namespace, sorted.
    ///
    /// # Errors
    /// [`HttpError`].
    pub fn list(&self, namespace: &str) -> Result<Vec<String>, HttpError> {
        let mut ids = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let mut query = vec![("namespace", namespace), ("limit", PAGE)];
            query.extend(token.as_deref().map(|token| ("paginationToken", token)));
            let listed: Listed = match self.transport.get("vectors/list", &query) {
                Ok(answer) => self.read(answer)?,
                Err(HttpError::Refused { status: 404, .. }) => break,
                Err(error) => return Err(error),
            };
            ids.extend(listed.vectors.into_iter().map(|listed| listed.id));
            let next = listed.pagination.and_then(|pagination| pagination.next).filter(|next| !next.is_empty());
            if next.is_some() && next == token {
                return Err(self.broken("its list does not end".to_owned()));
            }
            token = next;
            if token.is_none() {
                break;
            }
        }
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    /// What the index says of itself.
    ///
    /// # Errors
    /// [`HttpError`].
    pub fn stats(&self) -> Result<Stats, HttpError> {
        self.read(self.transport.post("describe_index_stats", &json!({}))?)
    }
}
