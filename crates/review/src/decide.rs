//! What people decide of recommendations, with who and when.

use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use sha2::{Digest, Sha256};

use super::{
    error::ReviewError,
    log::{self, Act, State},
    reading::of_ids,
    recommendation::{Recommendation, Status},
    tables::prepare,
};

/// What is done with recommendations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// They may be offered. Later runs leave them as they are.
    Approve,
    /// They must not be offered. Later runs never bring them back.
    Reject,
    /// They are offered: an active bundle is made of each, which approves it too.
    Activate,
    /// They are offered no more.
    Deactivate,
}

impl Action {
    const fn name(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Activate => "activate",
            Self::Deactivate => "deactivate",
        }
    }

    /// Whether it changes nothing of what has the status.
    fn is_done(self, status: Status) -> bool {
        match self {
            Self::Approve => status.is_approved(),
            Self::Reject => status == Status::Rejected,
            Self::Activate => status == Status::Active,
            Self::Deactivate => status == Status::Inactive,
        }
    }

    /// What has to be done first, where the status stands against it.
    fn hindrance(self, status: Status) -> Option<&'static str> {
        match (self, status) {
            (Self::Reject, Status::Active) => Some("deactivate it first"),
            (Self::Activate, Status::Rejected) => Some("approve it first"),
            (Self::Deactivate, Status::Pending | Status::Approved | Status::Rejected) => {
                Some("only what is active can be")
            }
            _ => None,
        }
    }
}

/// Who decides, when and why.
#[derive(Clone, Copy, Debug)]
pub struct Decision<'a> {
    /// What is done.
    pub action: Action,
    /// Who does it.
    pub by: &'a str,
    /// When, as an ISO 8601 instant.
    pub at: &'a str,
    /// What is said of it.
    pub note: Option<&'a str>,
}

/// Decides of recommendations, by their ids or what the ids begin with: of all, or where one cannot be, of none. What is
/// so already stays as it is, with who decided first. Gives them as they are then.
///
/// # Errors
/// An unknown id, a status that stands against it, or what the database refuses.
pub fn decide(
    connection: &mut Connection,
    ids: &[String],
    shop: Option<&str>,
    decision: &Decision,
) -> Result<Vec<Recommendation>, ReviewError> {
    decide_where(connection, ids, shop, decision, |_, _| Ok(()))
}

/// Decides of one recommendation that somebody looked at, if nobody decided anything of it since: `seen` is its `log_id`
/// then. What is so already stays as it is, whoever made it so.
///
/// # Errors
/// [`ReviewError::Changed`] when somebody did, and what [`decide`] gives.
pub fn decide_seen(
    connection: &mut Connection,
    id: &str,
    seen: i64,
    shop: Option<&str>,
    decision: &Decision,
) -> Result<Recommendation, ReviewError> {
    let decided = decide_where(connection, &[id.to_owned()], shop, decision, |connection, of| {
        if decision.action.is_done(of.status) { Ok(()) } else { log::check_seen(connection, of, seen) }
    })?;
    decided.into_iter().next().ok_or_else(|| ReviewError::UnknownId { id: id.to_owned(), found: 0 })
}

fn decide_where(
    connection: &mut Connection,
    ids: &[String],
    shop: Option<&str>,
    decision: &Decision,
    check: impl Fn(&Connection, &Recommendation) -> Result<(), ReviewError>,
) -> Result<Vec<Recommendation>, ReviewError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    prepare(&transaction)?;
    let given = of_ids(&transaction, ids, shop)?;
    for recommendation in &given {
        check(&transaction, recommendation)?;
        if let Some(mend) = decision.action.hindrance(recommendation.status) {
            return Err(ReviewError::Stands {
                id: recommendation.id.clone(),
                status: recommendation.status.name(),
                mend,
            });
        }
    }
    for recommendation in given.iter().filter(|given| !decision.action.is_done(given.status)) {
        apply(&transaction, recommendation, decision)?;
    }
    let given: Vec<String> = given.into_iter().map(|recommendation| recommendation.id).collect();
    let decided = of_ids(&transaction, &given, shop)?;
    transaction.commit()?;
    Ok(decided)
}

fn apply(transaction: &Transaction, of: &Recommendation, decision: &Decision) -> Result<(), ReviewError> {
    let before = State::of(transaction, of)?;
    match decision.action {
        Action::Approve => keep(transaction, of, decision, "approved")?,
        Action::Reject => keep(transaction, of, decision, "rejected")?,
        Action::Activate => {
            if !of.status.is_approved() {
                keep(transaction, of, decision, "approved")?;
            }
            activate(transaction, of, decision)?;
        }
        Action::Deactivate => {
            let sql = "UPDATE bundles SET is_active = 0, updated_at = ?3 WHERE shop_id = ?1 AND dedupe_hash = ?2";
            transaction.execute(sql, params![of.shop_id, of.dedupe_hash, decision.at])?;
        }
    }
    let act = Act { action: decision.action.name(), by: decision.by, at: decision.at, note: decision.note };
    log::add(transaction, of, &act, &before)
}

/// Keeps a decision, and marks the row.
fn keep(transaction: &Transaction, of: &Recommendation, decision: &Decision, word: &str) -> Result<(), ReviewError> {
    transaction.execute(
        "INSERT INTO bundle_decisions (shop_id, dedupe_hash, recommendation_id, decision, decided_by, decided_at, note) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (shop_id, dedupe_hash) DO UPDATE SET \
         recommendation_id = excluded.recommendation_id, decision = excluded.decision, decided_by = excluded.decided_by, \
         decided_at = excluded.decided_at, note = excluded.note",
        params![of.shop_id, of.dedupe_hash, of.id, word, decision.by, decision.at, decision.note],
    )?;
    transaction.execute(
        "UPDATE bundle_recommendations SET is_approved = ?3 WHERE COALESCE(shop_id, '') = ?1 AND dedupe_hash = ?2",
        params![of.shop_id, of.dedupe_hash, word == "approved"],
    )?;
    Ok(())
}

/// Makes an active bundle of a recommendation, or makes the one that was made of it active again (section 12.6).
fn activate(transaction: &Transaction, of: &Recommendation, decision: &Decision) -> Result<(), ReviewError> {
    let description = of.ai_copy.get("description").and_then(serde_json::Value::as_str);
    transaction.execute(
        "INSERT INTO bundles (id, name, description, bundle_type, products, pricing, is_active, shop_id, created_at, \
         updated_at, recommendation_id, dedupe_hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?7, ?8, ?8, ?9, ?10) \
         ON CONFLICT (shop_id, dedupe_hash) DO UPDATE SET is_active = 1, updated_at = excluded.updated_at, name = excluded.name, \
         description = excluded.description, products = excluded.products, pricing = excluded.pricing",
        params![
            bundle_id(&of.shop_id, &of.dedupe_hash),
            of.title(),
            description,
            of.bundle_type,
            of.products.to_string(),
            of.pricing.to_string(),
            of.shop_id,
            decision.at,
            of.id,
            of.dedupe_hash,
        ],
    )?;
    transaction.execute(
        "UPDATE bundle_recommendations SET is_used = 1 WHERE COALESCE(shop_id, '') = ?1 AND dedupe_hash = ?2",
        params![of.shop_id, of.dedupe_hash],
    )?;
    Ok(())
}

/// The id of the bundle that is made of a recommendation: always the same.
fn bundle_id(shop: &str, hash: &str) -> String {
    let digest = Sha256::digest(format!("bundle|{shop}|{hash}").as_bytes());
    digest[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}
