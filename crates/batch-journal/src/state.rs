//! What an index confirmed of a product.

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::error::Held;

/// What an index confirmed of a product: enough to find changes without asking it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmed {
    /// The hash of the product.
    pub content_hash: String,
    /// The hash of what was written.
    pub index_hash: String,
    /// The hash of the text whose vector was written.
    pub text_hash: String,
    /// What the product is compared by.
    pub digest: (i64, i64),
    /// How that was made.
    pub hash_version: i64,
    /// The names of its fields.
    pub fields: String,
    /// The digests of its fields.
    pub digests: Vec<u8>,
}

/// What is confirmed of a product.
pub(crate) fn get(connection: &Connection, namespace: &str, id: &str) -> Held<Option<Confirmed>> {
    let sql = "SELECT content_hash, index_hash, text_hash, digest_a, digest_b, hash_version, fields, digests \
               FROM products JOIN field_layouts USING (layout) WHERE namespace = ?1 AND id = ?2";
    let row = |row: &rusqlite::Row<'_>| {
        Ok(Confirmed {
            content_hash: row.get(0)?,
            index_hash: row.get(1)?,
            text_hash: row.get(2)?,
            digest: (row.get(3)?, row.get(4)?),
            hash_version: row.get(5)?,
            fields: row.get(6)?,
            digests: row.get(7)?,
        })
    };
    Ok(connection.prepare_cached(sql)?.query_row([namespace, id], row).optional()?)
}

/// Sets what is confirmed of a product; `None` takes it out.
pub(crate) fn set(connection: &Connection, namespace: &str, id: &str, state: Option<&Confirmed>) -> Held<()> {
    let Some(state) = state else {
        let sql = "DELETE FROM products WHERE namespace = ?1 AND id = ?2";
        connection.prepare_cached(sql)?.execute([namespace, id])?;
        return Ok(());
    };
    let sql = "INSERT OR REPLACE INTO products VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    connection.prepare_cached(sql)?.execute(params![
        namespace,
        id,
        state.content_hash,
        state.index_hash,
        state.text_hash,
        state.digest.0,
        state.digest.1,
        state.hash_version,
        layout(connection, &state.fields)?,
        state.digests,
    ])?;
    Ok(())
}

/// The number of a list of fields.
fn layout(connection: &Connection, fields: &str) -> Held<i64> {
    let find = "SELECT layout FROM field_layouts WHERE fields = ?1";
    let found = connection.prepare_cached(find)?.query_row([fields], |row| row.get(0)).optional()?;
    if let Some(layout) = found {
        return Ok(layout);
    }
    connection.prepare_cached("INSERT INTO field_layouts (fields) VALUES (?1)")?.execute([fields])?;
    Ok(connection.last_insert_rowid())
}
