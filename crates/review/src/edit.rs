//! A person's own price and texts for a recommendation: kept beside it, so that later runs leave them.

use rusqlite::{Connection, TransactionBehavior, params};
use serde_json::{Value as Json, json};

use super::{
    error::ReviewError,
    log::{self, Act, State},
    reading::of_ids,
    recommendation::{Recommendation, Status},
    repricing::repriced,
    tables::prepare,
};

/// Letters that a title may have (section 10.4).
pub const LONGEST_TITLE: usize = 60;

/// Letters that a description may have.
pub const LONGEST_DESCRIPTION: usize = 220;

/// What is changed; `None` leaves what is there.
#[derive(Clone, Copy, Debug, Default)]
pub struct Edit<'a> {
    /// What the bundle costs, in cents.
    pub bundle_cents: Option<i64>,
    /// The title that customers read.
    pub title: Option<&'a str>,
    /// The description that customers read.
    pub description: Option<&'a str>,
}

/// Changes price and texts of a recommendation that is not offered: the price within the caps of its objective, its lines
/// adding up to it. Gives it as it is then. `seen` is its `log_id` when somebody looked at it.
///
/// # Errors
/// [`ReviewError::Refused`] for a price outside of the caps or a text that is empty or too long, [`ReviewError::Changed`],
/// an unknown id, a status that stands against it, or what the database refuses.
pub fn edit(
    connection: &mut Connection,
    id: &str,
    seen: Option<i64>,
    shop: Option<&str>,
    edit: &Edit,
    (by, at): (&str, &str),
) -> Result<Recommendation, ReviewError> {
    let unknown = || ReviewError::UnknownId { id: id.to_owned(), found: 0 };
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    prepare(&transaction)?;
    let of = of_ids(&transaction, &[id.to_owned()], shop)?.into_iter().next().ok_or_else(unknown)?;
    if let Some(seen) = seen {
        log::check_seen(&transaction, &of, seen)?;
    }
    if of.status == Status::Active {
        let (id, status) = (of.id, of.status.name());
        return Err(ReviewError::Stands { id, status, mend: "deactivate it first" });
    }
    let before = State::of(&transaction, &of)?;
    let (old_price, old_copy) = before.edit.as_ref().map_or((None, None), |edit| (edit.0.clone(), edit.1.clone()));
    let price = edit.bundle_cents.map(|cents| repriced(&of.pricing, cents)).transpose()?;
    let price = price.map_or(old_price, |price| Some(price.to_string()));
    let copy = rewritten(&of.ai_copy, edit)?.map_or(old_copy, |copy| Some(copy.to_string()));
    transaction.execute(
        "INSERT INTO bundle_edits (shop_id, dedupe_hash, pricing, ai_copy, edited_by, edited_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
         ON CONFLICT (shop_id, dedupe_hash) DO UPDATE SET pricing = excluded.pricing, ai_copy = excluded.ai_copy, \
         edited_by = excluded.edited_by, edited_at = excluded.edited_at",
        params![of.shop_id, of.dedupe_hash, price, copy, by, at],
    )?;
    log::add(&transaction, &of, &Act { action: "edit", by, at, note: None }, &before)?;
    let edited = of_ids(&transaction, &[of.id], shop)?.into_iter().next().ok_or_else(unknown)?;
    transaction.commit()?;
    Ok(edited)
}

/// The texts with those that are given; `None` where none is.
fn rewritten(copy: &Json, edit: &Edit) -> Result<Option<Json>, ReviewError> {
    let mut rewritten = copy.as_object().cloned().unwrap_or_default();
    let given = [("title", edit.title, LONGEST_TITLE), ("description", edit.description, LONGEST_DESCRIPTION)];
    for (name, text, longest) in given {
        let Some(text) = text.map(str::trim) else { continue };
        let letters = text.chars().count();
        if letters == 0 || letters > longest || text.chars().any(|letter| letter.is_control() && letter != '\n') {
            return Err(ReviewError::Refused {
                problem: format!("the {name} has {letters} letters"),
                mend: format!("give 1 to {longest}, without control characters"),
            });
        }
        rewritten.insert(name.to_owned(), json!(text));
    }
    let is_given = edit.title.is_some() || edit.description.is_some();
    Ok(is_given.then_some(Json::Object(rewritten)))
}
