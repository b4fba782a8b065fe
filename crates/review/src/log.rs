//! The log of what people did to recommendations, each entry with the state before it.

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::{error::ReviewError, recommendation::Recommendation};

/// An act, as it is logged.
pub struct Act<'a> {
    /// approve, reject, activate, deactivate, edit, undo.
    pub action: &'a str,
    /// Who did it.
    pub by: &'a str,
    /// When.
    pub at: &'a str,
    /// What was said of it.
    pub note: Option<&'a str>,
}

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its number: a later one has a greater.
    pub id: i64,
    /// The shop.
    pub shop_id: String,
    /// The recommendation.
    pub recommendation_id: String,
    /// What was done.
    pub action: String,
    /// Who did it.
    pub decided_by: String,
    /// When.
    pub decided_at: String,
    /// What was said of it.
    pub note: Option<String>,
}

/// What people made of a recommendation: all that an undo brings back.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct State {
    /// The recommendation, the decision, who, when, and the note.
    pub decision: Option<(String, String, String, String, Option<String>)>,
    /// Price, texts, who and when.
    pub edit: Option<(Option<String>, Option<String>, String, String)>,
    /// Whether there is a bundle, and it is active.
    pub bundle: Option<bool>,
    /// Whether the row is marked as approved.
    pub is_approved: bool,
}

impl State {
    /// The state of a recommendation.
    pub fn of(connection: &Connection, of: &Recommendation) -> Result<Self, ReviewError> {
        let key = params![of.shop_id, of.dedupe_hash];
        let decision = connection
            .query_row(
                "SELECT recommendation_id, decision, decided_by, decided_at, note FROM bundle_decisions \
                 WHERE shop_id = ?1 AND dedupe_hash = ?2",
                key,
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)),
            )
            .optional()?;
        let edit = connection
            .query_row(
                "SELECT pricing, ai_copy, edited_by, edited_at FROM bundle_edits WHERE shop_id = ?1 AND dedupe_hash = ?2",
                key,
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
            )
            .optional()?;
        let bundle = connection
            .query_row("SELECT is_active FROM bundles WHERE shop_id = ?1 AND dedupe_hash = ?2", key, |row| row.get(0))
            .optional()?;
        let is_approved = connection
            .query_row(
                "SELECT is_approved FROM bundle_recommendations WHERE COALESCE(shop_id, '') = ?1 AND dedupe_hash = ?2",
                key,
                |row| row.get::<_, Option<bool>>(0),
            )
            .optional()?;
        Ok(Self { decision, edit, bundle, is_approved: is_approved.flatten().unwrap_or_default() })
    }
}

/// Adds an entry.
pub fn add(connection: &Connection, of: &Recommendation, act: &Act, before: &State) -> Result<(), ReviewError> {
    let before = serde_json::to_string(before).map_err(|error| ReviewError::Cell {
        id: of.id.clone(),
        column: "before",
        problem: error.to_string(),
    })?;
    connection.execute(
        "INSERT INTO bundle_decision_log (shop_id, dedupe_hash, recommendation_id, action, decided_by, decided_at, note, before) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![of.shop_id, of.dedupe_hash, of.id, act.action, act.by, act.at, act.note, before],
    )?;
    Ok(())
}

/// Refuses when the newest entry about a recommendation is not the one that was seen.
pub fn check_seen(connection: &Connection, of: &Recommendation, seen: i64) -> Result<(), ReviewError> {
    if of.log_id == seen {
        return Ok(());
    }
    let sql = "SELECT action, decided_by, decided_at FROM bundle_decision_log WHERE id = ?1";
    let (action, by, at) = connection
        .query_row(sql, [of.log_id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?
        .unwrap_or_default();
    Err(ReviewError::Changed { id: of.id.clone(), action, by, at })
}

/// The entries of some shops (of all for `None`), of one recommendation if it is given, the newest first, those before the
/// entry `before`.
///
/// # Errors
/// When the database refuses.
pub fn entries(
    connection: &Connection,
    shops: Option<&[String]>,
    recommendation: Option<&str>,
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<Entry>, ReviewError> {
    let shops = shops.map(|shops| serde_json::json!(shops).to_string());
    let mut statement = connection.prepare_cached(
        "SELECT id, shop_id, recommendation_id, action, decided_by, decided_at, note FROM bundle_decision_log \
         WHERE (?1 IS NULL OR shop_id IN (SELECT value FROM json_each(?1))) AND (?2 IS NULL OR recommendation_id = ?2) \
         AND (?3 IS NULL OR id < ?3) ORDER BY id DESC LIMIT ?4",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let entries = statement.query_map(params![shops, recommendation, before, limit], |row| {
        Ok(Entry {
            id: row.get(0)?,
            shop_id: row.get(1)?,
            recommendation_id: row.get(2)?,
            action: row.get(3)?,
            decided_by: row.get(4)?,
            decided_at: row.get(5)?,
            note: row.get(6)?,
        })
    })?;
    Ok(entries.collect::<Result<_, _>>()?)
}
