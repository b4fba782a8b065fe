//! Searching an index by words and by a vector, with a filter that narrows before the best are chosen.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, params, types::Value};
use serde_json::{Map, Value as Json};

use super::{
    super::{IoError, sqlite::quote},
    extension::open_index,
    items::{bytes, unit},
    mend::Mending,
    query::{Fused, candidates, fused, scaled, vector_weight},
    schema,
    words::{Needed, match_words},
};

pub use super::query::SearchMode;

const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of an index that a search maps at most.
const MAPPED: i64 = 1 << 31;

/// A search.
pub struct Search<'a> {
    /// The words.
    pub query: &'a str,
    /// The vector of the words, if there is one.
    pub vector: Option<&'a [f32]>,
    /// Only products of this namespace.
    pub namespace: Option<&'a str>,
    /// An SQL condition on the columns of products.
    pub filter: Option<&'a str>,
    /// How many are wanted.
    pub top: usize,
    /// Which sources are asked.
    pub mode: SearchMode,
}

/// A product that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Its namespace.
    pub namespace: String,
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// From 0 to 1.
    pub score: f64,
    /// What words gave, scaled; `None` if they did not find it.
    pub words: Option<f64>,
    /// What vectors gave, scaled.
    pub vectors: Option<f64>,
    /// Its typed columns.
    pub metadata: Map<String, Json>,
}

/// The best products for a search, the best first.
///
/// # Errors
/// When the index is not there or is none, or the filter is no condition on its columns.
pub fn search(index: &Path, search: &Search<'_>) -> Result<Vec<Found>, IoError> {
    let connection = open_index(index, PATIENCE)?;
    let refused = |error| IoError::sqlite(index, "cannot search", PATIENCE, error);
    // All vectors of a namespace are looked at: mapped, they are not read page by page.
    connection.pragma_update(None, "mmap_size", MAPPED).map_err(refused)?;
    if !schema::is_index(&connection).map_err(refused)? {
        return Err(IoError::Table {
            path: index.to_owned(),
            table: "products".to_owned(),
            problem: "the database is no index".to_owned(),
            mend: "name the file of an index sink that has been written".to_owned(),
        });
    }
    check_filter(index, &connection, search.filter)?;
    let asked = Asked { connection: &connection, search, count: candidates(search.top, search.filter.is_some()) };
    let words = if search.mode == SearchMode::Vectors { Vec::new() } else { asked.words().map_err(refused)? };
    let vectors = if search.mode == SearchMode::Words { Vec::new() } else { asked.vectors().map_err(refused)? };
    let best = fused(&scaled(&words), &scaled(&vectors), vector_weight(search.query));
    let best = best.into_iter().take(search.top);
    best.map(|found| asked.product(found)).collect::<rusqlite::Result<_>>().map_err(refused)
}

/// How many numbers the vectors of an index have; `None` where there are none.
///
/// # Errors
/// When the index is not there or is none.
pub fn dimensions(index: &Path) -> Result<Option<usize>, IoError> {
    let connection = open_index(index, PATIENCE)?;
    let refused = |error| IoError::sqlite(index, "cannot search", PATIENCE, error);
    if !schema::is_index(&connection).map_err(refused)? {
        return Ok(None);
    }
    let dimensions = schema::setting(&connection, "dimensions").map_err(refused)?;
    Ok(dimensions.and_then(|dimensions| usize::try_from(dimensions).ok()))
}

/// Refuses a filter that is no condition on the columns of products.
fn check_filter(index: &Path, connection: &Connection, filter: Option<&str>) -> Result<(), IoError> {
    let Some(filter) = filter else { return Ok(()) };
    let wrong = |problem: String| {
        let columns = schema::columns(connection, "products").unwrap_or_default();
        let shown: Vec<_> = columns.into_iter().filter(|name| !HIDDEN.contains(&name.as_str())).collect();
        IoError::Table {
            path: index.to_owned(),
            table: "products".to_owned(),
            problem: format!("the condition {filter:?} cannot be used: {problem}"),
            mend: format!("compare columns, for example price < 100; there are: {}", shown.join(", ")),
        }
    };
    // In two places: what closes a bracket of its own is a condition in neither.
    let sql = format!("SELECT CASE WHEN {filter}\n THEN 1 END FROM products WHERE ({filter}\n) LIMIT 0");
    let prepared = connection.prepare(&sql).map_err(|error| wrong(error.to_string()))?;
    match prepared.parameter_count() {
        0 => Ok(()),
        _ => Err(wrong("it has a parameter".to_owned())),
    }
}

/// Columns of products that say nothing to a person.
const HIDDEN: [&str; 12] = [
    "key",
    "namespace",
    "id",
    "title",
    "text",
    "content_hash",
    "index_hash",
    "text_hash",
    "digest_a",
    "digest_b",
    "hash_version",
    "layout",
];
const HIDDEN_LATER: [&str; 2] = ["digests", "generation"];

struct Asked<'a> {
    connection: &'a Connection,
    search: &'a Search<'a>,
    count: usize,
}

impl Asked<'_> {
    /// A condition on the keys of products, for the namespace and the filter. The namespace is the parameter `:namespace`.
    fn keys(&self) -> Option<String> {
        let filter = self.search.filter?;
        let namespace = if self.search.namespace.is_some() { "namespace = :namespace AND " } else { "" };
        Some(format!("SELECT key FROM products WHERE {namespace}({filter}\n)"))
    }

    /// The best by words: those that have all of them, and where these are too few, those that have any.
    fn words(&self) -> rusqlite::Result<Vec<(i64, f64)>> {
        let Search { query, namespace, .. } = *self.search;
        let mends = Mending { connection: self.connection, namespace }.query(query)?;
        let mut found = Vec::new();
        for needed in [Needed::All, Needed::Any] {
            let Some(query) = match_words(query, namespace, needed, |part| mends.of(part)) else { break };
            let others = self.by_words(&query)?;
            // Those with all the words stand before the others, whatever the others' scores are.
            let lowest = found.iter().map(|(_, score)| *score).fold(f64::INFINITY, f64::min);
            let highest = others.iter().map(|(_, score)| *score).fold(f64::NEG_INFINITY, f64::max);
            let shift = if found.is_empty() || highest < lowest { 0.0 } else { highest - lowest };
            let known: Vec<i64> = found.iter().map(|(key, _)| *key).collect();
            let new = others.into_iter().filter(|(key, _)| !known.contains(key));
            found.extend(new.map(|(key, score)| (key, score - shift)));
            found.truncate(self.count);
            if found.len() >= self.count {
                break;
            }
        }
        Ok(found)
    }

    fn by_words(&self, query: &str) -> rusqlite::Result<Vec<(i64, f64)>> {
        // With the plus the words are looked for once; without it, once for each key.
        let filter = self.keys().map_or_else(String::new, |keys| format!("AND +rowid IN ({keys})"));
        // Words of the title count most; the word of the namespace counts nothing.
        let sql = format!(
            "SELECT rowid, -bm25(words, 4.0, 1.0, 2.0, 0.0) FROM words WHERE words MATCH :query {filter} \
             ORDER BY bm25(words, 4.0, 1.0, 2.0, 0.0), rowid LIMIT :count"
        );
        let mut statement = self.connection.prepare(&sql)?;
        let mut bound: Vec<(&str, Value)> = vec![
            (":query", Value::Text(query.to_owned())),
            (":count", Value::Integer(i64::try_from(self.count).unwrap_or(i64::MAX))),
        ];
        if let (true, Some(namespace)) = (self.search.filter.is_some(), self.search.namespace) {
            bound.push((":namespace", Value::Text(namespace.to_owned())));
        }
        let bound: Vec<(&str, &dyn rusqlite::ToSql)> =
            bound.iter().map(|(name, value)| (*name, value as &dyn rusqlite::ToSql)).collect();
        let rows = statement.query_map(bound.as_slice(), |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect()
    }

    /// The nearest by vector, by the cosine. More are fetched than are wanted, so that equal ones are cut by key.
    fn vectors(&self) -> rusqlite::Result<Vec<(i64, f64)>> {
        let dimensions = schema::setting(self.connection, "dimensions")?;
        let fits = |vector: &&[f32]| dimensions == i64::try_from(vector.len()).ok();
        let Some(vector) = self.search.vector.filter(fits).and_then(unit) else { return Ok(Vec::new()) };
        let namespace = if self.search.namespace.is_some() { "AND namespace = :namespace" } else { "" };
        let keys = self.keys().map_or_else(String::new, |keys| format!("AND key IN ({keys})"));
        let sql = format!(
            "WITH nearest AS MATERIALIZED (SELECT key, distance FROM vectors WHERE vector MATCH :vector AND k = :count \
             AND distance >= 0 {namespace} {keys}) SELECT key, distance FROM nearest ORDER BY distance, key"
        );
        let count = i64::try_from(self.count + 16).unwrap_or(4_096).min(4_096);
        let mut bound: Vec<(&str, Value)> =
            vec![(":vector", Value::Blob(bytes(&vector))), (":count", Value::Integer(count))];
        if let Some(namespace) = self.search.namespace {
            bound.push((":namespace", Value::Text(namespace.to_owned())));
        }
        let bound: Vec<(&str, &dyn rusqlite::ToSql)> =
            bound.iter().map(|(name, value)| (*name, value as &dyn rusqlite::ToSql)).collect();
        let mut statement = self.connection.prepare(&sql)?;
        let rows = statement.query_map(bound.as_slice(), |row| Ok((row.get(0)?, row.get::<_, f64>(1)?)))?;
        let mut found: Vec<(i64, f64)> = rows.collect::<rusqlite::Result<_>>()?;
        found.truncate(self.count);
        // Of vectors of length one the square of the distance is two less twice the cosine.
        Ok(found.into_iter().map(|(key, distance)| (key, 1.0 - distance * distance / 2.0)).collect())
    }

    fn product(&self, fused: Fused) -> rusqlite::Result<Found> {
        let columns = schema::columns(self.connection, "products")?;
        let shown: Vec<&String> = columns
            .iter()
            .filter(|name| !HIDDEN.contains(&name.as_str()) && !HIDDEN_LATER.contains(&name.as_str()))
            .collect();
        let more: String = shown.iter().map(|name| format!(", {}", quote(name))).collect();
        let sql = format!("SELECT namespace, id, title{more} FROM products WHERE key = ?1");
        self.connection.prepare_cached(&sql)?.query_row(params![fused.key], |row| {
            let mut metadata = Map::new();
            for (place, name) in shown.iter().enumerate() {
                metadata.insert((*name).clone(), json_of(row.get(place + 3)?));
            }
            let Fused { score, words, vectors, .. } = fused;
            Ok(Found { namespace: row.get(0)?, id: row.get(1)?, title: row.get(2)?, score, words, vectors, metadata })
        })
    }
}

fn json_of(value: Value) -> Json {
    match value {
        Value::Integer(number) => Json::from(number),
        Value::Real(number) => Json::from(number),
        Value::Text(text) => Json::from(text),
        Value::Null | Value::Blob(_) => Json::Null,
    }
}
