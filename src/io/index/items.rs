//! Writing one product into an index: its row, its words, its vector, and the image of what was there.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension, Result, params, params_from_iter, types::Value};

use super::{
    super::sqlite::quote,
    operation::{Doing, Operation},
    schema::{self, MetadataColumn},
    words::{plain_words, runs, scope_word},
};

/// What an operation came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The product is new.
    Added,
    /// It was there and is written anew.
    Updated,
    /// It is gone.
    Deleted,
    /// The index had it so already.
    Skipped,
}

/// Whether what is there already is written all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rewrite {
    /// Only what differs.
    No,
    /// Everything.
    Yes,
}

/// Writes products in a transaction that somebody else ends.
pub struct Writer<'a> {
    /// The index.
    pub connection: &'a Connection,
    /// The columns by which products are filtered.
    pub metadata: &'a [MetadataColumn],
    /// The run.
    pub run_id: &'a str,
    /// The number of this transaction among those that changed the index.
    pub generation: i64,
    /// Whether what is there already is written all the same.
    pub rewrite: Rewrite,
    /// The length of the vectors; `None` before the first.
    pub dimensions: Option<usize>,
    /// Words of titles that this run knows to be noted.
    pub noted: HashSet<String>,
}

/// More words than that are not remembered; they are noted again, which changes nothing.
const MOST_NOTED: usize = 1 << 20;

/// What is there of a product.
struct There {
    key: i64,
    index_hash: String,
    text_hash: String,
    digest: (i64, i64),
    hash_version: i64,
}

impl Writer<'_> {
    /// Carries out one operation; `number` counts the run's images of what was there.
    ///
    /// # Errors
    /// When SQLite refuses it. Part of it may be done then: the caller goes back to a savepoint.
    pub fn apply(&mut self, operation: &Operation<'_>, number: i64) -> Result<Outcome> {
        let there = self.there(operation)?;
        match (operation.doing, there) {
            (Doing::Delete, None) => {
                self.note_gone(operation)?;
                Ok(Outcome::Skipped)
            }
            (Doing::Delete, Some(there)) => {
                self.keep_image(operation, Some(there.key), number)?;
                self.delete(there.key)?;
                self.note_gone(operation)?;
                Ok(Outcome::Deleted)
            }
            (Doing::Upsert, None) => {
                self.keep_image(operation, None, number)?;
                let key = self.insert(operation)?;
                self.write_words(operation, key)?;
                self.write_vector(operation, key)?;
                Ok(Outcome::Added)
            }
            (Doing::Upsert, Some(there)) => self.upsert(operation, &there, number),
        }
    }

    fn upsert(&mut self, operation: &Operation<'_>, there: &There, number: i64) -> Result<Outcome> {
        let is_same = there.index_hash == operation.index_hash && self.rewrite == Rewrite::No;
        if is_same {
            // The same to everybody who searches, though the product has changed: only that is noted.
            if (there.digest, there.hash_version) != (operation.digest, operation.hash_version) {
                self.keep_image(operation, Some(there.key), number)?;
                self.update(operation, there.key)?;
            }
            return Ok(Outcome::Skipped);
        }
        self.keep_image(operation, Some(there.key), number)?;
        self.update(operation, there.key)?;
        self.connection.prepare_cached("DELETE FROM words WHERE rowid = ?1")?.execute([there.key])?;
        self.write_words(operation, there.key)?;
        if operation.vector.is_some() || there.text_hash != operation.text_hash {
            self.delete_vector(there.key)?;
            self.write_vector(operation, there.key)?;
        }
        Ok(Outcome::Updated)
    }

    fn there(&self, operation: &Operation<'_>) -> Result<Option<There>> {
        let sql = "SELECT key, index_hash, text_hash, digest_a, digest_b, hash_version FROM products \
                   WHERE namespace = ?1 AND id = ?2";
        let row = |row: &rusqlite::Row<'_>| {
            Ok(There {
                key: row.get(0)?,
                index_hash: row.get(1)?,
                text_hash: row.get(2)?,
                digest: (row.get(3)?, row.get(4)?),
                hash_version: row.get(5)?,
            })
        };
        self.connection.prepare_cached(sql)?.query_row([operation.namespace, operation.id], row).optional()
    }

    /// Keeps what is there, so that the run can be taken back.
    fn keep_image(&self, operation: &Operation<'_>, key: Option<i64>, number: i64) -> Result<()> {
        let Some(key) = key else {
            let sql = "INSERT INTO undo_images (run_id, number, was_there, namespace, id) VALUES (?1, ?2, 0, ?3, ?4)";
            let row = params![self.run_id, number, operation.namespace, operation.id];
            return self.connection.prepare_cached(sql)?.execute(row).map(drop);
        };
        let columns: Vec<String> = self.columns().map(quote).collect();
        let columns = columns.join(", ");
        let vector = if self.dimensions.is_some() { "(SELECT vector FROM vectors WHERE key = ?3)" } else { "NULL" };
        let sql = format!(
            "INSERT INTO undo_images (run_id, number, was_there, {columns}, vector) \
             SELECT ?1, ?2, 1, {columns}, {vector} FROM products WHERE key = ?3"
        );
        self.connection.prepare_cached(&sql)?.execute(params![self.run_id, number, key]).map(drop)
    }

    fn columns(&self) -> impl Iterator<Item = &str> + Clone {
        schema::FIXED.into_iter().chain(self.metadata.iter().map(|column| column.name.as_str()))
    }

    /// The values of a product in the order of the columns, without the key.
    fn values(&self, operation: &Operation<'_>) -> Result<Vec<Value>> {
        let text = |text: &str| Value::Text(text.to_owned());
        let mut values = vec![
            text(operation.namespace),
            text(operation.id),
            text(operation.title),
            text(operation.text),
            text(operation.content_hash),
            text(operation.index_hash),
            text(operation.text_hash),
            Value::Integer(operation.digest.0),
            Value::Integer(operation.digest.1),
            Value::Integer(operation.hash_version),
            Value::Integer(self.layout(operation.fields)?),
            Value::Blob(operation.digests.to_vec()),
            Value::Integer(self.generation),
        ];
        values.extend(operation.metadata.iter().cloned());
        Ok(values)
    }

    /// The number of a list of fields.
    fn layout(&self, fields: &str) -> Result<i64> {
        let find = "SELECT layout FROM field_layouts WHERE fields = ?1";
        let found = self.connection.prepare_cached(find)?.query_row([fields], |row| row.get(0)).optional()?;
        if let Some(layout) = found {
            return Ok(layout);
        }
        self.connection.prepare_cached("INSERT INTO field_layouts (fields) VALUES (?1)")?.execute([fields])?;
        Ok(self.connection.last_insert_rowid())
    }

    fn insert(&self, operation: &Operation<'_>) -> Result<i64> {
        let columns: Vec<String> = self.columns().skip(1).map(quote).collect();
        let marks = vec!["?"; columns.len()].join(", ");
        let sql = format!("INSERT INTO products ({}) VALUES ({marks})", columns.join(", "));
        self.connection.prepare_cached(&sql)?.execute(params_from_iter(self.values(operation)?))?;
        let key = self.connection.last_insert_rowid();
        let back = "DELETE FROM gone WHERE namespace = ?1 AND id = ?2";
        self.connection.prepare_cached(back)?.execute([operation.namespace, operation.id])?;
        Ok(key)
    }

    fn update(&self, operation: &Operation<'_>, key: i64) -> Result<()> {
        let sets: Vec<String> = self.columns().skip(1).map(|name| format!("{} = ?", quote(name))).collect();
        let sql = format!("UPDATE products SET {} WHERE key = ?", sets.join(", "));
        let mut values = self.values(operation)?;
        values.push(Value::Integer(key));
        self.connection.prepare_cached(&sql)?.execute(params_from_iter(values)).map(drop)
    }

    /// Notes the words of a title, by which a person's are mended. They stay when the product goes.
    fn note_title_words(&mut self, title: &str) -> Result<()> {
        let is_word = |word: &String| word.chars().count() >= 3 && word.chars().all(char::is_alphabetic);
        for word in plain_words(title).into_iter().filter(is_word) {
            if self.noted.contains(&word) {
                continue;
            }
            self.connection.prepare_cached("INSERT OR IGNORE INTO title_words VALUES (?1)")?.execute([&word])?;
            if self.noted.len() >= MOST_NOTED {
                self.noted.clear();
            }
            self.noted.insert(word);
        }
        Ok(())
    }

    fn write_words(&mut self, operation: &Operation<'_>, key: i64) -> Result<()> {
        self.note_title_words(operation.title)?;
        let sql = "INSERT INTO words (rowid, title, text, codes, scope) VALUES (?1, ?2, ?3, ?4, ?5)";
        let codes = runs(&format!("{} {}", operation.title, operation.id));
        let scope = scope_word(operation.namespace);
        self.connection
            .prepare_cached(sql)?
            .execute(params![key, operation.title, operation.text, codes, scope])
            .map(drop)
    }

    /// Writes the vector, of length one. One that has no direction, or is not of the others' length, is refused.
    fn write_vector(&mut self, operation: &Operation<'_>, key: i64) -> Result<()> {
        let Some(vector) = &operation.vector else { return Ok(()) };
        let Some(unit) = unit(vector) else { return Err(refused("a vector is zero or has no finite length")) };
        match self.dimensions {
            Some(dimensions) if dimensions == vector.len() => {}
            Some(dimensions) => {
                return Err(refused(&format!(
                    "a vector has {} numbers, those of the index {dimensions}",
                    vector.len()
                )));
            }
            None => {
                schema::create_vectors(self.connection, vector.len())?;
                self.dimensions = Some(vector.len());
            }
        }
        let sql = "INSERT INTO vectors (key, namespace, vector) VALUES (?1, ?2, ?3)";
        self.connection.prepare_cached(sql)?.execute(params![key, operation.namespace, bytes(&unit)]).map(drop)
    }

    fn delete_vector(&self, key: i64) -> Result<()> {
        if self.dimensions.is_none() {
            return Ok(());
        }
        self.connection.prepare_cached("DELETE FROM vectors WHERE key = ?1")?.execute([key]).map(drop)
    }

    fn delete(&self, key: i64) -> Result<()> {
        self.connection.prepare_cached("DELETE FROM words WHERE rowid = ?1")?.execute([key])?;
        self.delete_vector(key)?;
        self.connection.prepare_cached("DELETE FROM products WHERE key = ?1")?.execute([key]).map(drop)
    }

    fn note_gone(&self, operation: &Operation<'_>) -> Result<()> {
        let sql = "INSERT INTO gone VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET generation = excluded.generation";
        let row = params![operation.namespace, operation.id, self.generation];
        self.connection.prepare_cached(sql)?.execute(row).map(drop)
    }
}

/// An error of our own among those of SQLite.
fn refused(problem: &str) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(problem.into())
}

/// The vector at length one; `None` if it has no direction.
pub fn unit(vector: &[f32]) -> Option<Vec<f32>> {
    let square: f64 = vector.iter().map(|value| f64::from(*value) * f64::from(*value)).sum();
    let length = square.sqrt();
    #[expect(clippy::cast_possible_truncation, reason = "lies within ±1")]
    (length.is_finite() && length > 0.0)
        .then(|| vector.iter().map(|value| (f64::from(*value) / length) as f32).collect())
}

/// 32-bit floats as sqlite-vec takes them.
pub fn bytes(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|value| value.to_le_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_vectors_with_a_direction_have_a_unit() {
        assert_eq!(unit(&[3.0, 4.0]), Some(vec![0.6, 0.8]));
        for none in [vec![0.0, 0.0], vec![f32::NAN, 1.0], vec![f32::INFINITY, 1.0], vec![]] {
            assert_eq!(unit(&none), None, "{none:?}");
        }
    }
}
