//! Taking a run back, trying failed items again, and looking whether all parts of an index agree.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use serde::Serialize;

use super::{
    super::{IoError, sqlite::quote},
    extension::{open_index, open_index_to_write},
    schema,
    words::{runs, scope_word},
};

const PATIENCE: Duration = Duration::from_secs(30);

/// How the parts of an index agree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Products.
    pub products: i64,
    /// Products whose words are missing.
    pub without_words: i64,
    /// Words of no product.
    pub orphaned_words: i64,
    /// Vectors of no product.
    pub orphaned_vectors: i64,
    /// What SQLite finds wrong; empty if nothing.
    pub damage: Vec<String>,
}

impl Verified {
    /// Whether all parts agree.
    pub fn is_whole(&self) -> bool {
        self.without_words == 0 && self.orphaned_words == 0 && self.orphaned_vectors == 0 && self.damage.is_empty()
    }
}

/// Looks whether all parts of an index agree.
///
/// # Errors
/// When it cannot be read.
pub fn verify(index: &Path) -> Result<Verified, IoError> {
    let connection = open_index(index, PATIENCE)?;
    looked_at(&connection).map_err(|error| IoError::sqlite(index, "cannot look at the index", PATIENCE, error))
}

fn looked_at(connection: &Connection) -> rusqlite::Result<Verified> {
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get(0));
    let mut damage: Vec<String> =
        connection.prepare("PRAGMA quick_check")?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    damage.retain(|line| line != "ok");
    let orphaned_vectors = match schema::setting(connection, "dimensions")? {
        Some(_) => count("SELECT count(*) FROM vectors_rowids WHERE rowid NOT IN (SELECT key FROM products)")?,
        None => 0,
    };
    Ok(Verified {
        products: count("SELECT count(*) FROM products")?,
        without_words: count("SELECT count(*) FROM products WHERE key NOT IN (SELECT id FROM words_docsize)")?,
        orphaned_words: count("SELECT count(*) FROM words_docsize WHERE id NOT IN (SELECT key FROM products)")?,
        orphaned_vectors,
        damage,
    })
}

/// Makes every failed item due now, those that were given up too. Returns how many there are.
///
/// # Errors
/// When the index cannot be written.
pub fn retry_failed(index: &Path) -> Result<u64, IoError> {
    let connection = open_index_to_write(index, PATIENCE)?;
    let refused = |error| IoError::sqlite(index, "cannot write", PATIENCE, error);
    let sql = "UPDATE failed_items SET next_retry_at = 0, attempts = 0";
    connection.execute(sql, []).map(|count| count as u64).map_err(refused)
}

/// Takes back what a run wrote, the last first. Returns how many products were put back; `None` if no image of the run
/// is kept.
///
/// # Errors
/// When the index cannot be written; nothing is changed then.
pub fn rollback(index: &Path, run_id: &str) -> Result<Option<u64>, IoError> {
    let mut connection = open_index_to_write(index, PATIENCE)?;
    let refused = |error| IoError::sqlite(index, "cannot take the run back", PATIENCE, error);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(refused)?;
    let restored = Undoing::new(&transaction).and_then(|undoing| undoing.run(run_id)).map_err(refused)?;
    transaction.commit().map_err(refused)?;
    Ok(restored)
}

struct Undoing<'a> {
    connection: &'a Connection,
    columns: String,
    generation: i64,
    has_vectors: bool,
}

/// What lies in an image beside the columns of the product.
struct Image {
    number: i64,
    was_there: bool,
    namespace: String,
    id: String,
}

impl<'a> Undoing<'a> {
    fn new(connection: &'a Connection) -> rusqlite::Result<Self> {
        let columns: Vec<String> = schema::columns(connection, "products")?.iter().map(|name| quote(name)).collect();
        let generation = schema::setting(connection, "generation")?.unwrap_or_default() + 1;
        let has_vectors = schema::setting(connection, "dimensions")?.is_some();
        Ok(Self { connection, columns: columns.join(", "), generation, has_vectors })
    }

    fn run(&self, run_id: &str) -> rusqlite::Result<Option<u64>> {
        let sql = "SELECT number, was_there, namespace, id FROM undo_images WHERE run_id = ?1 ORDER BY number DESC";
        let mut statement = self.connection.prepare(sql)?;
        let image = |row: &rusqlite::Row<'_>| {
            Ok(Image { number: row.get(0)?, was_there: row.get(1)?, namespace: row.get(2)?, id: row.get(3)? })
        };
        let images: Vec<Image> = statement.query_map([run_id], image)?.collect::<Result<_, _>>()?;
        if images.is_empty() {
            return Ok(None);
        }
        schema::set_setting(self.connection, "generation", self.generation)?;
        for image in &images {
            self.put_back(run_id, image)?;
        }
        self.connection.execute("DELETE FROM undo_images WHERE run_id = ?1", [run_id])?;
        self.connection.execute("UPDATE sync_runs SET status = 'rolled back' WHERE run_id = ?1", [run_id])?;
        // What the ledger says was written is no longer there.
        self.connection.execute("DELETE FROM _nightloom_ledger", [])?;
        Ok(Some(images.len() as u64))
    }

    fn put_back(&self, run_id: &str, image: &Image) -> rusqlite::Result<()> {
        let find = "SELECT key FROM products WHERE namespace = ?1 AND id = ?2";
        let key: Option<i64> = self
            .connection
            .prepare_cached(find)?
            .query_row([&image.namespace, &image.id], |row| row.get(0))
            .optional()?;
        if let Some(key) = key {
            self.take_out(key)?;
        }
        if !image.was_there {
            let gone =
                "INSERT INTO gone VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET generation = excluded.generation";
            let row = params![image.namespace, image.id, self.generation];
            return self.connection.prepare_cached(gone)?.execute(row).map(drop);
        }
        let columns = &self.columns;
        let sql = format!(
            "INSERT INTO products ({columns}) SELECT {columns} FROM undo_images WHERE run_id = ?1 AND number = ?2"
        );
        self.connection.prepare_cached(&sql)?.execute(params![run_id, image.number])?;
        let key = self.connection.last_insert_rowid();
        let mark = "UPDATE products SET generation = ?1 WHERE key = ?2";
        self.connection.prepare_cached(mark)?.execute([self.generation, key])?;
        let back = "DELETE FROM gone WHERE namespace = ?1 AND id = ?2";
        self.connection.prepare_cached(back)?.execute([&image.namespace, &image.id])?;
        self.write_parts(run_id, image, key)
    }

    fn take_out(&self, key: i64) -> rusqlite::Result<()> {
        self.connection.prepare_cached("DELETE FROM words WHERE rowid = ?1")?.execute([key])?;
        if self.has_vectors {
            self.connection.prepare_cached("DELETE FROM vectors WHERE key = ?1")?.execute([key])?;
        }
        self.connection.prepare_cached("DELETE FROM products WHERE key = ?1")?.execute([key]).map(drop)
    }

    fn write_parts(&self, run_id: &str, image: &Image, key: i64) -> rusqlite::Result<()> {
        let title: String = self
            .connection
            .prepare_cached("SELECT title FROM products WHERE key = ?1")?
            .query_row([key], |row| row.get(0))?;
        let words = "INSERT INTO words (rowid, title, text, codes, scope) \
                     SELECT key, title, text, ?2, ?3 FROM products WHERE key = ?1";
        let codes = runs(&format!("{title} {}", image.id));
        self.connection.prepare_cached(words)?.execute(params![key, codes, scope_word(&image.namespace)])?;
        if !self.has_vectors {
            return Ok(());
        }
        let vector = "INSERT INTO vectors (key, namespace, vector) SELECT ?1, ?2, vector FROM undo_images \
                      WHERE run_id = ?3 AND number = ?4 AND vector IS NOT NULL";
        let row = params![key, image.namespace, run_id, image.number];
        self.connection.prepare_cached(vector)?.execute(row).map(drop)
    }
}
