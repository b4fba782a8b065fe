//! Recommendations read whole, with what was decided of them.

use rusqlite::{Connection, Row, types::FromSql};
use serde_json::Value as Json;

use super::{
    error::ReviewError,
    listing,
    recommendation::{Query, Recommendation, Status},
};

/// The recommendations that are asked for, in the order that is asked for.
///
/// # Errors
/// When a row is not what its table promises, or the database refuses.
pub fn list(connection: &Connection, query: &Query) -> Result<Vec<Recommendation>, ReviewError> {
    let mut found = Vec::new();
    listing::each(connection, query, |row| {
        found.push(read(row)?);
        Ok(())
    })?;
    Ok(found)
}

/// The recommendations of ids, or of what only one id begins with, in their order.
///
/// # Errors
/// [`ReviewError::UnknownId`] for the first that is not one.
pub fn of_ids(connection: &Connection, ids: &[String], shop: Option<&str>) -> Result<Vec<Recommendation>, ReviewError> {
    let mut found = Vec::new();
    for id in ids {
        let mut matching = Vec::new();
        if !id.is_empty() {
            listing::each_of_id(connection, id, shop, |row| {
                matching.push(read(row)?);
                Ok(())
            })?;
        }
        let is_whole = |found: &Recommendation| found.id == *id || found.bundle_id.as_deref() == Some(id);
        match matching.len() {
            1 => found.extend(matching),
            2 if is_whole(&matching[0]) => found.extend(matching.into_iter().take(1)),
            number => return Err(ReviewError::UnknownId { id: id.clone(), found: number }),
        }
    }
    Ok(found)
}

fn read(row: &Row) -> Result<Recommendation, ReviewError> {
    let id: String = row.get("id")?;
    let json = |column: &'static str| -> Result<Json, ReviewError> {
        let Some(text) = optional::<String>(row, column)? else { return Ok(Json::Null) };
        serde_json::from_str(&text).map_err(|error| ReviewError::Cell {
            id: id.clone(),
            column,
            problem: error.to_string(),
        })
    };
    let status: String = row.get("review_status")?;
    Ok(Recommendation {
        shop_id: optional(row, "shop_id")?.unwrap_or_default(),
        csv_upload_id: optional(row, "csv_upload_id")?,
        bundle_type: row.get("bundle_type")?,
        objective: row.get("objective")?,
        products: json("products")?,
        pricing: json("pricing")?,
        ai_copy: json("ai_copy")?,
        confidence: row.get("confidence")?,
        predicted_lift: row.get("predicted_lift")?,
        support: optional(row, "support")?,
        lift: optional(row, "lift")?,
        ranking_score: row.get("ranking_score")?,
        rank_position: optional(row, "rank_position")?,
        created_at: row.get("created_at")?,
        dedupe_hash: row.get("dedupe_hash")?,
        explanation: json("explanation")?,
        ranking_components: json("ranking_components")?,
        sources: json("sources")?,
        expected_margin_cents: optional(row, "expected_margin_cents")?,
        expected_margin_low_cents: optional(row, "expected_margin_low_cents")?,
        expected_margin_high_cents: optional(row, "expected_margin_high_cents")?,
        added_chance: optional(row, "added_chance")?,
        trigger_share: optional(row, "trigger_share")?,
        status: Status::of_name(&status).unwrap_or(Status::Pending),
        decided_by: row.get("decided_by")?,
        decided_at: row.get("decided_at")?,
        note: row.get("note")?,
        bundle_id: row.get("bundle_id")?,
        edited_by: row.get("edited_by")?,
        log_id: row.get("log_id")?,
        id,
    })
}

/// A cell of a column that an older table may lack.
fn optional<T: FromSql>(row: &Row, column: &str) -> rusqlite::Result<Option<T>> {
    match row.get::<_, Option<T>>(column) {
        Err(rusqlite::Error::InvalidColumnName(_)) => Ok(None),
        cell => cell,
    }
}
