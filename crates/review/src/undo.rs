//! Taking back what was done last.

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::{
    error::ReviewError,
    log::{self, Act, State},
    reading::of_ids,
    recommendation::Recommendation,
    tables::prepare,
};

/// Takes back the newest act on a recommendation, which must be the one that was seen; `None` for whatever it is. Gives the
/// recommendation as it is then. To take back an undo is to do again what it took back.
///
/// # Errors
/// [`ReviewError::Changed`] when something was done since, [`ReviewError::NothingToUndo`], an unknown id, or what the
/// database refuses.
pub fn undo(
    connection: &mut Connection,
    id: &str,
    seen: Option<i64>,
    shop: Option<&str>,
    by: &str,
    at: &str,
) -> Result<Recommendation, ReviewError> {
    let ids = [id.to_owned()];
    let unknown = || ReviewError::UnknownId { id: id.to_owned(), found: 0 };
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    prepare(&transaction)?;
    let of = of_ids(&transaction, &ids, shop)?.into_iter().next().ok_or_else(unknown)?;
    if let Some(seen) = seen {
        log::check_seen(&transaction, &of, seen)?;
    }
    let wanted = before_the_last(&transaction, &of)?;
    let now = State::of(&transaction, &of)?;
    restore(&transaction, &of, &wanted, at)?;
    log::add(&transaction, &of, &Act { action: "undo", by, at, note: None }, &now)?;
    let undone = of_ids(&transaction, &[of.id], shop)?.into_iter().next().ok_or_else(unknown)?;
    transaction.commit()?;
    Ok(undone)
}

/// The state before the newest entry.
fn before_the_last(transaction: &Transaction, of: &Recommendation) -> Result<State, ReviewError> {
    let sql = "SELECT before FROM bundle_decision_log WHERE id = ?1";
    let before: Option<Option<String>> = transaction.query_row(sql, [of.log_id], |row| row.get(0)).optional()?;
    let before = before.flatten().ok_or_else(|| ReviewError::NothingToUndo { id: of.id.clone() })?;
    serde_json::from_str(&before).map_err(|error| ReviewError::Cell {
        id: of.id.clone(),
        column: "before",
        problem: error.to_string(),
    })
}

fn restore(transaction: &Transaction, of: &Recommendation, state: &State, at: &str) -> Result<(), ReviewError> {
    let key = params![of.shop_id, of.dedupe_hash];
    transaction.execute("DELETE FROM bundle_decisions WHERE shop_id = ?1 AND dedupe_hash = ?2", key)?;
    transaction.execute(
        "UPDATE bundle_recommendations SET is_approved = ?3, is_used = ?4 WHERE COALESCE(shop_id, '') = ?1 AND dedupe_hash = ?2",
        params![of.shop_id, of.dedupe_hash, state.is_approved, state.bundle.is_some()],
    )?;
    if let Some((id, decision, decided_by, decided_at, note)) = &state.decision {
        transaction.execute(
            "INSERT INTO bundle_decisions (shop_id, dedupe_hash, recommendation_id, decision, decided_by, decided_at, note) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![of.shop_id, of.dedupe_hash, id, decision, decided_by, decided_at, note],
        )?;
    }
    transaction.execute("DELETE FROM bundle_edits WHERE shop_id = ?1 AND dedupe_hash = ?2", key)?;
    if let Some((pricing, copy, edited_by, edited_at)) = &state.edit {
        transaction.execute(
            "INSERT INTO bundle_edits (shop_id, dedupe_hash, pricing, ai_copy, edited_by, edited_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![of.shop_id, of.dedupe_hash, pricing, copy, edited_by, edited_at],
        )?;
    }
    match state.bundle {
        None => transaction.execute("DELETE FROM bundles WHERE shop_id = ?1 AND dedupe_hash = ?2", key)?,
        Some(is_active) => transaction.execute(
            "UPDATE bundles SET is_active = ?3, updated_at = ?4 WHERE shop_id = ?1 AND dedupe_hash = ?2",
            params![of.shop_id, of.dedupe_hash, is_active, at],
        )?,
    };
    Ok(())
}
