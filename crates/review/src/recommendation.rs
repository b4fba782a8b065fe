//! Recommendations with what was decided of them.

use rusqlite::{Connection, Row, types::FromSql};
use serde::Serialize;
use serde_json::Value as Json;

use super::error::ReviewError;

/// What became of a recommendation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nobody has decided.
    Pending,
    /// It may be offered.
    Approved,
    /// It must not be offered, and never comes back.
    Rejected,
    /// It is offered.
    Active,
    /// It was offered.
    Inactive,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 5] = [Self::Pending, Self::Approved, Self::Rejected, Self::Active, Self::Inactive];

    /// The word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Active => "active",
            Self::Inactive => "inactive",
        }
    }

    /// The status of a word.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// Whether a person said yes to it.
    pub const fn is_approved(self) -> bool {
        matches!(self, Self::Approved | Self::Active | Self::Inactive)
    }
}

/// A recommendation, the best first by its rank in the shop.
#[derive(Clone, Debug, Serialize)]
pub struct Recommendation {
    /// What it is known by.
    pub id: String,
    /// The shop; empty for one without a name.
    pub shop_id: String,
    /// The upload that it was made from.
    pub csv_upload_id: Option<String>,
    /// The type, by its canonical name.
    pub bundle_type: String,
    /// What it is for.
    pub objective: String,
    /// The items and what they are in it.
    pub products: Json,
    /// What it costs.
    pub pricing: Json,
    /// What the shop says of it.
    pub ai_copy: Json,
    /// 0 to 1.
    pub confidence: f64,
    /// The lift that is announced.
    pub predicted_lift: f64,
    /// The share of orders that hold all items.
    pub support: Option<f64>,
    /// How many times as often as by chance.
    pub lift: Option<f64>,
    /// 0 to 1.
    pub ranking_score: f64,
    /// From 1, in the shop.
    pub rank_position: Option<i64>,
    /// When it was made.
    pub created_at: String,
    /// What makes it the same bundle in another run.
    pub dedupe_hash: String,
    /// Why it was chosen.
    pub explanation: Json,
    /// What its score is made of.
    pub ranking_components: Json,
    /// What proposed it.
    pub sources: Json,
    /// Cents that it is expected to earn more a month.
    pub expected_margin_cents: Option<i64>,
    /// It earns less than this with a chance of 5 %.
    pub expected_margin_low_cents: Option<i64>,
    /// It earns more than this with a chance of 5 %.
    pub expected_margin_high_cents: Option<i64>,
    /// The chance that the offer adds.
    pub added_chance: Option<f64>,
    /// The share of its trigger's buyers that it is credited with.
    pub trigger_share: Option<f64>,
    /// What became of it.
    pub status: Status,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When it was decided.
    pub decided_at: Option<String>,
    /// What was said of the decision.
    pub note: Option<String>,
    /// The bundle that was made of it.
    pub bundle_id: Option<String>,
}

impl Recommendation {
    /// The title that customers read, or else the type.
    pub fn title(&self) -> &str {
        self.ai_copy.get("title").and_then(Json::as_str).filter(|title| !title.is_empty()).unwrap_or(&self.bundle_type)
    }

    /// The items, as `products.items` has them.
    pub fn items(&self) -> &[Json] {
        self.products.get("items").and_then(Json::as_array).map_or(&[], Vec::as_slice)
    }

    /// The names of the items.
    pub fn item_names(&self) -> Vec<&str> {
        self.items().iter().filter_map(|item| item.get("name").and_then(Json::as_str)).collect()
    }
}

/// Which recommendations are asked for.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Of one shop.
    pub shop: Option<String>,
    /// Of some statuses; empty for all.
    pub status: Vec<Status>,
    /// Of one type, by its canonical name.
    pub bundle_type: Option<String>,
    /// For one objective.
    pub objective: Option<String>,
    /// With an item whose id, SKU, name or title holds this.
    pub item: Option<String>,
    /// With at least this score.
    pub min_score: Option<f64>,
    /// With at least this confidence.
    pub min_confidence: Option<f64>,
    /// At most so many.
    pub limit: Option<usize>,
}

/// The status of a row, in the words of [`Status::name`].
const STATUS: &str = "CASE WHEN d.decision = 'rejected' THEN 'rejected' WHEN b.is_active = 1 THEN 'active' \
     WHEN b.id IS NOT NULL THEN 'inactive' WHEN d.decision = 'approved' OR r.is_approved = 1 THEN 'approved' ELSE 'pending' END";

/// Recommendations with what was decided of them; those that a run left unfinished are none.
const FROM: &str = "FROM bundle_recommendations r \
     LEFT JOIN bundle_decisions d ON d.shop_id = COALESCE(r.shop_id, '') AND d.dedupe_hash = r.dedupe_hash \
     LEFT JOIN bundles b ON b.shop_id = COALESCE(r.shop_id, '') AND b.dedupe_hash = r.dedupe_hash \
     WHERE COALESCE(substr(r.discount_reference, 1, 11), '') <> '__partial__'";

/// The recommendations that are asked for, by shop and rank.
///
/// # Errors
/// When a row is not what its table promises, or the database refuses.
pub fn list(connection: &Connection, query: &Query) -> Result<Vec<Recommendation>, ReviewError> {
    let statuses: Vec<String> = query.status.iter().map(|status| format!("'{}'", status.name())).collect();
    let of_status =
        if statuses.is_empty() { String::new() } else { format!("AND {STATUS} IN ({})", statuses.join(", ")) };
    let sql = format!(
        "SELECT r.*, {STATUS} AS review_status, d.decided_by, d.decided_at, d.note, b.id AS bundle_id {FROM} {of_status} \
         AND (?1 IS NULL OR COALESCE(r.shop_id, '') = ?1) AND (?2 IS NULL OR r.bundle_type = ?2) AND (?3 IS NULL OR r.objective = ?3) \
         AND (?4 IS NULL OR r.ranking_score >= ?4) AND (?5 IS NULL OR r.confidence >= ?5) \
         AND (?6 IS NULL OR instr(lower(r.products), lower(?6)) > 0) \
         ORDER BY r.shop_id, r.rank_position IS NULL, r.rank_position, r.id LIMIT ?7"
    );
    let limit = query.limit.and_then(|limit| i64::try_from(limit).ok()).unwrap_or(-1);
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query(rusqlite::params![
        query.shop,
        query.bundle_type,
        query.objective,
        query.min_score,
        query.min_confidence,
        query.item,
        limit
    ])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// The recommendations of ids, or of what only one id begins with, in their order.
///
/// # Errors
/// [`ReviewError::UnknownId`] for the first that is not one.
pub fn of_ids(connection: &Connection, ids: &[String], shop: Option<&str>) -> Result<Vec<Recommendation>, ReviewError> {
    let sql = format!(
        "SELECT r.*, {STATUS} AS review_status, d.decided_by, d.decided_at, d.note, b.id AS bundle_id {FROM} \
         AND (?2 IS NULL OR COALESCE(r.shop_id, '') = ?2) AND (r.id = ?1 OR b.id = ?1 OR substr(r.id, 1, length(?1)) = ?1) \
         ORDER BY r.id <> ?1 AND COALESCE(b.id, '') <> ?1, r.id LIMIT 2"
    );
    let mut statement = connection.prepare(&sql)?;
    let mut found = Vec::new();
    for id in ids {
        let mut rows = statement.query(rusqlite::params![id, shop])?;
        let mut matching = Vec::new();
        while let Some(row) = rows.next()? {
            matching.push(read(row)?);
        }
        let is_whole = |found: &Recommendation| found.id == *id || found.bundle_id.as_deref() == Some(id);
        match (id.is_empty(), matching.len()) {
            (false, 1) => found.extend(matching),
            (false, 2) if is_whole(&matching[0]) => found.extend(matching.into_iter().take(1)),
            (_, number) => return Err(ReviewError::UnknownId { id: id.clone(), found: number }),
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
