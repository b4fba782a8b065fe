//! Who asked for which change, and what came of it.

use rusqlite::params;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Store, now};
use crate::caller::Caller;

/// A change that was asked for.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AuditEntry {
    /// Its number.
    pub id: i64,
    /// The request.
    pub request_id: String,
    /// When.
    pub at: String,
    /// The token.
    pub token: String,
    /// The token's name.
    pub who: String,
    /// The method.
    pub method: String,
    /// What was asked.
    pub path: String,
    /// The shop that it was about.
    pub shop_id: Option<String>,
    /// What was asked for in detail.
    pub detail: Option<String>,
    /// The code of the answer; none of a request that never came to its end.
    pub status: Option<i64>,
}

impl Store {
    /// Notes that a change is asked for, before anything is done. Gives the entry's number.
    ///
    /// # Errors
    /// When the database refuses: then nothing may be done.
    pub fn begin_audit(&self, request_id: &str, caller: &Caller, method: &str, path: &str) -> rusqlite::Result<i64> {
        let writer = self.writer();
        writer
            .prepare_cached(
                "INSERT INTO audit (request_id, at, token, who, method, path) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![request_id, now(), caller.token, caller.name, method, path])?;
        Ok(writer.last_insert_rowid())
    }

    /// Notes what came of it.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn end_audit(&self, id: i64, status: u16, shop: Option<&str>, detail: Option<&str>) -> rusqlite::Result<()> {
        let writer = self.writer();
        let mut statement =
            writer.prepare_cached("UPDATE audit SET status = ?2, shop_id = ?3, detail = ?4 WHERE id = ?1")?;
        statement.execute(params![id, status, shop, detail])?;
        Ok(())
    }

    /// The newest entries before one, of some shops or of all.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn audit(
        &self,
        shops: Option<&[String]>,
        before: Option<i64>,
        limit: usize,
    ) -> rusqlite::Result<Vec<AuditEntry>> {
        let shops = shops.map(|shops| serde_json::json!(shops).to_string());
        let reader = self.reader();
        let mut statement = reader.prepare_cached(
            "SELECT id, request_id, at, token, who, method, path, shop_id, detail, status FROM audit \
             WHERE (?1 IS NULL OR shop_id IN (SELECT value FROM json_each(?1))) AND (?2 IS NULL OR id < ?2) \
             ORDER BY id DESC LIMIT ?3",
        )?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let entries = statement.query_map(params![shops, before, limit], |row| {
            Ok(AuditEntry {
                id: row.get(0)?,
                request_id: row.get(1)?,
                at: row.get(2)?,
                token: row.get(3)?,
                who: row.get(4)?,
                method: row.get(5)?,
                path: row.get(6)?,
                shop_id: row.get(7)?,
                detail: row.get(8)?,
                status: row.get(9)?,
            })
        })?;
        entries.collect()
    }
}
