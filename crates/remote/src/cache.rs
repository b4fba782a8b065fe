//! Vectors that were paid for, in a table of SQLite until their time is up. What failed is not in it.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use sha2::{Digest, Sha256};

use super::error::RemoteError;

const TABLE: &str = "
CREATE TABLE IF NOT EXISTS embedding_cache (key TEXT PRIMARY KEY, payload TEXT NOT NULL, expires_at INTEGER,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL) WITHOUT ROWID;
";

/// How long to wait for another process that writes the cache.
const PATIENCE: Duration = Duration::from_secs(30);

/// The cache. Times are seconds since 1970 and handed in: the cache reads no clock.
pub struct EmbeddingCache {
    connection: Connection,
    place: String,
    ttl: Duration,
}

/// What a text is looked up by: the model and all that decides its vectors, and the text.
#[derive(Clone, Copy, Debug)]
pub struct Lookup<'a> {
    /// Who makes the vectors.
    pub identity: &'a str,
    /// Now.
    pub now: i64,
}

impl EmbeddingCache {
    /// Opens the cache in a file, and makes it if it is not there. Vectors are kept for `ttl`.
    ///
    /// # Errors
    /// [`RemoteError::Cache`].
    pub fn open(path: &Path, ttl: Duration) -> Result<Self, RemoteError> {
        let place = path.display().to_string();
        let opened = Connection::open(path).and_then(|connection| {
            connection.busy_timeout(PATIENCE)?;
            connection.execute_batch(TABLE)?;
            Ok(connection)
        });
        match opened {
            Ok(connection) => Ok(Self { connection, place, ttl }),
            Err(error) => Err(RemoteError::Cache { place, problem: error.to_string() }),
        }
    }

    fn refused(&self, error: rusqlite::Error) -> RemoteError {
        RemoteError::Cache { place: self.place.clone(), problem: error.to_string() }
    }

    /// The vector of each text that is kept and whose time is not up.
    ///
    /// # Errors
    /// [`RemoteError::Cache`].
    pub fn get(&self, lookup: Lookup<'_>, texts: &[&str]) -> Result<Vec<Option<Vec<f32>>>, RemoteError> {
        let sql = "SELECT payload FROM embedding_cache WHERE key = ?1 AND (expires_at IS NULL OR expires_at > ?2)";
        let find = || {
            let mut statement = self.connection.prepare_cached(sql)?;
            let row = |text: &&str| {
                let row = params![key(lookup.identity, text), lookup.now];
                statement.query_row(row, |row| row.get::<_, String>(0)).optional()
            };
            texts.iter().map(row).collect::<rusqlite::Result<Vec<_>>>()
        };
        let found = find().map_err(|error| self.refused(error))?;
        // What is no vector any more is as if it were not there.
        Ok(found.into_iter().map(|payload| serde_json::from_str(&payload?).ok()).collect())
    }

    /// Keeps vectors, and lets go of those whose time is up.
    ///
    /// # Errors
    /// [`RemoteError::Cache`]; none is kept then.
    pub fn put<'a>(
        &mut self,
        lookup: Lookup<'_>,
        vectors: impl IntoIterator<Item = (&'a str, &'a [f32])>,
    ) -> Result<(), RemoteError> {
        let expires = lookup.now.saturating_add(i64::try_from(self.ttl.as_secs()).unwrap_or(i64::MAX));
        let keep = || {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute("DELETE FROM embedding_cache WHERE expires_at <= ?1", [lookup.now])?;
            let sql = "INSERT INTO embedding_cache VALUES (?1, ?2, ?3, ?4, ?4) ON CONFLICT (key) DO UPDATE SET \
                       payload = excluded.payload, expires_at = excluded.expires_at, updated_at = excluded.updated_at";
            for (text, vector) in vectors {
                let payload = serde_json::to_string(vector).unwrap_or_default();
                let row = params![key(lookup.identity, text), payload, expires, lookup.now];
                transaction.prepare_cached(sql)?.execute(row)?;
            }
            transaction.commit()
        };
        let kept = keep();
        kept.map_err(|error| self.refused(error))
    }

    /// How many vectors there are.
    ///
    /// # Errors
    /// [`RemoteError::Cache`].
    pub fn len(&self) -> Result<u64, RemoteError> {
        let count = self.connection.query_row("SELECT count(*) FROM embedding_cache", [], |row| row.get::<_, i64>(0));
        count.map(i64::unsigned_abs).map_err(|error| self.refused(error))
    }

    /// Whether there is none.
    ///
    /// # Errors
    /// [`RemoteError::Cache`].
    pub fn is_empty(&self) -> Result<bool, RemoteError> {
        Ok(self.len()? == 0)
    }
}

/// The name space of the table, and the hash of who makes the vector and of what.
fn key(identity: &str, text: &str) -> String {
    let hash = Sha256::new().chain_update(identity).chain_update([0xff]).chain_update(text).finalize();
    let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("embeddings:v1:{digits}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    fn at(now: i64) -> Lookup<'static> {
        Lookup { identity: "m", now }
    }

    #[test]
    fn a_vector_is_kept_until_its_time_is_up_and_for_its_model_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache.db");
        let mut cache = EmbeddingCache::open(&path, DAY).unwrap();
        cache.put(at(100), [("a", [0.6_f32, 0.8].as_slice()), ("b", &[1.0, 0.0])]).unwrap();
        drop(cache);
        let mut cache = EmbeddingCache::open(&path, DAY).unwrap();
        assert_eq!(
            cache.get(at(86_499), &["b", "none", "a"]).unwrap(),
            [Some(vec![1.0, 0.0]), None, Some(vec![0.6, 0.8])]
        );
        assert_eq!(cache.get(at(86_500), &["a"]).unwrap(), [None], "the time is up");
        assert_eq!(cache.get(Lookup { identity: "other", now: 100 }, &["a"]).unwrap(), [None]);
        cache.put(at(86_600), [("c", [1.0_f32].as_slice())]).unwrap();
        assert_eq!(cache.len().unwrap(), 1, "those whose time is up are gone");
    }

    #[test]
    fn a_file_that_is_no_cache_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache.db");
        std::fs::write(&path, "this is no database, and long enough to be told from one".repeat(20)).unwrap();
        let error = EmbeddingCache::open(&path, DAY).err().unwrap().to_string();
        assert!(error.contains("cache.db") && error.contains("remove the file"), "{error}");
    }
}
