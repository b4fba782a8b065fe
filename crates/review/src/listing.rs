//! The SQL that recommendations are read by: with edits, decisions, bundles, and as far as an index goes.

use rusqlite::{Connection, Row, Statement, params_from_iter, types::Value};

use super::{
    error::ReviewError,
    recommendation::{Order, Query, Status},
};

/// Columns of recommendations, as rows give them: first those of the table, then what was decided.
pub const COLUMNS: [&str; 25] = [
    "id",
    "csv_upload_id",
    "shop_id",
    "bundle_type",
    "objective",
    "products",
    "pricing",
    "ai_copy",
    "confidence",
    "predicted_lift",
    "support",
    "lift",
    "ranking_score",
    "discount_reference",
    "is_used",
    "rank_position",
    "created_at",
    "dedupe_hash",
    "explanation",
    "ranking_components",
    "sources",
    "expected_margin_cents",
    "expected_margin_low_cents",
    "expected_margin_high_cents",
    "added_chance",
];

/// The last column of the table, and where the status stands.
const LAST: &str = "trigger_share";

/// The place of the status in a row.
pub const STATUS_PLACE: usize = COLUMNS.len() + 1;

/// The status of a row, in the words of [`Status::name`].
const STATUS: &str = "CASE WHEN d.decision = 'rejected' THEN 'rejected' WHEN b.is_active = 1 THEN 'active' \
     WHEN b.id IS NOT NULL THEN 'inactive' WHEN d.decision = 'approved' OR r.is_approved = 1 THEN 'approved' ELSE 'pending' END";

/// What was decided and changed of a recommendation.
const JOINED: &str = "LEFT JOIN bundle_decisions d ON d.shop_id = COALESCE(r.shop_id, '') AND d.dedupe_hash = r.dedupe_hash \
     LEFT JOIN bundles b ON b.shop_id = COALESCE(r.shop_id, '') AND b.dedupe_hash = r.dedupe_hash \
     LEFT JOIN bundle_edits e ON e.shop_id = COALESCE(r.shop_id, '') AND e.dedupe_hash = r.dedupe_hash";

/// Recommendations that a run left unfinished are none.
const WHOLE: &str = "COALESCE(substr(r.discount_reference, 1, 11), '') <> '__partial__'";

/// The price that was set counts while the items cost what they cost then.
const PRICING: &str = "CASE WHEN e.pricing IS NOT NULL AND json_extract(e.pricing, '$.original_total') IS \
     json_extract(r.pricing, '$.original_total') THEN e.pricing ELSE r.pricing END";

/// Goes through the recommendations that are asked for. Rows have [`COLUMNS`], `trigger_share`, and then `review_status`
/// (at [`STATUS_PLACE`]), `decided_by`, `decided_at`, `note`, `bundle_id`, `edited_by`, `log_id`; columns that an older
/// table lacks are null.
///
/// # Errors
/// What `visit` gives, or when the database refuses.
pub fn each(
    connection: &Connection,
    query: &Query,
    mut visit: impl FnMut(&Row) -> Result<(), ReviewError>,
) -> Result<(), ReviewError> {
    let mut asked = Asked::default();
    asked.conditions(query);
    let (statuses, order) = (of_statuses(&query.status), keys(query.order));
    asked.after(query, &order);
    let by: Vec<String> = order.iter().map(|(key, way)| format!("{key} {way}")).collect();
    let by_shop = if query.shop.is_none() && query.upload.is_none() { "r.shop_id, " } else { "" };
    let limit = query.limit.and_then(|limit| i64::try_from(limit).ok()).unwrap_or(-1);
    let limit = asked.value(Value::Integer(limit));
    let rest = format!(
        "{} {JOINED} WHERE {WHOLE} {statuses} {} ORDER BY {by_shop}{} LIMIT {limit}",
        table_of(query),
        asked.sql,
        by.join(", ")
    );
    let mut statement = prepare(connection, &rest)?;
    let mut rows = statement.query(params_from_iter(asked.values))?;
    while let Some(row) = rows.next()? {
        visit(row)?;
    }
    Ok(())
}

/// Goes through at most two recommendations whose id or bundle is the one that is given, or begins with it; that itself first.
///
/// # Errors
/// What `visit` gives, or when the database refuses.
pub fn each_of_id(
    connection: &Connection,
    id: &str,
    shop: Option<&str>,
    mut visit: impl FnMut(&Row) -> Result<(), ReviewError>,
) -> Result<(), ReviewError> {
    // Texts that begin so lie between it and it with the last letter behind; a bundle is found by its hash.
    let rest = format!(
        "bundle_recommendations r {JOINED} WHERE {WHOLE} AND (?2 IS NULL OR COALESCE(r.shop_id, '') = ?2) AND r.rowid IN ( \
           SELECT rowid FROM bundle_recommendations WHERE id >= ?1 AND id < ?1 || char(1114111) \
           UNION SELECT f.rowid FROM bundles o JOIN bundle_recommendations f \
             ON COALESCE(f.shop_id, '') = o.shop_id AND f.dedupe_hash = o.dedupe_hash WHERE o.id = ?1) \
         ORDER BY r.id <> ?1 AND COALESCE(b.id, '') <> ?1, r.id LIMIT 2"
    );
    let mut statement = prepare(connection, &rest)?;
    let mut rows = statement.query(rusqlite::params![id, shop])?;
    while let Some(row) = rows.next()? {
        visit(row)?;
    }
    Ok(())
}

/// How many recommendations of a shop have each status.
///
/// # Errors
/// When the database refuses.
pub fn counts(connection: &Connection, shop: &str) -> Result<Vec<(Status, u64)>, ReviewError> {
    // Few are decided: the others are what is left.
    let decided = format!(
        "SELECT {STATUS}, COUNT(*) FROM {DECIDED} {JOINED} WHERE {WHOLE} AND COALESCE(r.shop_id, '') = ?1 GROUP BY 1"
    );
    let mut counts: Vec<(Status, u64)> = Status::ALL.into_iter().map(|status| (status, 0)).collect();
    let mut statement = connection.prepare_cached(&decided)?;
    let mut rows = statement.query([shop])?;
    while let Some(row) = rows.next()? {
        let (name, number): (String, i64) = (row.get(0)?, row.get(1)?);
        for count in counts.iter_mut().filter(|(status, _)| status.name() == name) {
            count.1 = u64::try_from(number).unwrap_or_default();
        }
    }
    let sql = format!("SELECT COUNT(*) FROM bundle_recommendations r WHERE COALESCE(shop_id, '') = ?1 AND {WHOLE}");
    let all: i64 = connection.prepare_cached(&sql)?.query_row([shop], |row| row.get(0))?;
    let decided: u64 = counts.iter().filter(|(status, _)| *status != Status::Pending).map(|(_, number)| number).sum();
    for count in counts.iter_mut().filter(|(status, _)| *status == Status::Pending) {
        count.1 = u64::try_from(all).unwrap_or_default().saturating_sub(decided);
    }
    Ok(counts)
}

/// The shops that have recommendations, by name; each costs one step in an index.
///
/// # Errors
/// When the database refuses.
pub fn shops(connection: &Connection) -> Result<Vec<String>, ReviewError> {
    let sql = "WITH RECURSIVE shops (shop) AS (
                 SELECT MIN(COALESCE(shop_id, '')) FROM bundle_recommendations
                 UNION ALL
                 SELECT (SELECT MIN(COALESCE(shop_id, '')) FROM bundle_recommendations WHERE COALESCE(shop_id, '') > shop)
                 FROM shops WHERE shop IS NOT NULL)
               SELECT shop FROM shops WHERE shop IS NOT NULL";
    let mut statement = connection.prepare_cached(sql)?;
    let names = statement.query_map([], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

/// Recommendations that somebody decided of, or that are marked as approved: what indexes give without looking at the others.
const DECIDED: &str = "(SELECT f.rowid AS place FROM bundle_decisions c JOIN bundle_recommendations f \
       ON COALESCE(f.shop_id, '') = c.shop_id AND f.dedupe_hash = c.dedupe_hash WHERE c.shop_id = ?1 \
     UNION SELECT rowid FROM bundle_recommendations WHERE COALESCE(shop_id, '') = ?1 AND is_approved = 1 \
     UNION SELECT f.rowid FROM bundles c JOIN bundle_recommendations f \
       ON COALESCE(f.shop_id, '') = c.shop_id AND f.dedupe_hash = c.dedupe_hash WHERE c.shop_id = ?1) \
     CROSS JOIN bundle_recommendations r ON r.rowid = place";

fn table_of(query: &Query) -> &'static str {
    let is_decided = !query.status.is_empty() && !query.status.contains(&Status::Pending);
    // The shop is the first of the values.
    if is_decided && query.shop.is_some() { DECIDED } else { "bundle_recommendations r" }
}

fn of_statuses(statuses: &[Status]) -> String {
    if statuses.is_empty() {
        return String::new();
    }
    let names: Vec<String> = statuses.iter().map(|status| format!("'{}'", status.name())).collect();
    format!("AND {STATUS} IN ({})", names.join(", "))
}

/// The keys of an order, each with its way.
fn keys(order: Order) -> Vec<(&'static str, &'static str)> {
    match order {
        Order::Rank => vec![("COALESCE(r.rank_position, 9223372036854775807)", "ASC"), ("r.id", "ASC")],
        Order::Score => {
            vec![("r.ranking_score", "DESC"), ("r.confidence", "DESC"), ("r.created_at", "DESC"), ("r.id", "ASC")]
        }
        Order::Margin => vec![("COALESCE(r.expected_margin_cents, -9223372036854775807)", "DESC"), ("r.id", "ASC")],
    }
}

/// Conditions and what is bound to them.
#[derive(Default)]
struct Asked {
    sql: String,
    values: Vec<Value>,
}

impl Asked {
    fn value(&mut self, value: Value) -> String {
        self.values.push(value);
        format!("?{}", self.values.len())
    }

    fn condition(&mut self, condition: &str, value: Option<Value>) {
        if let Some(value) = value {
            let place = self.value(value);
            self.sql += &format!(" AND {}", condition.replace("{}", &place));
        }
    }

    fn conditions(&mut self, query: &Query) {
        let text = |text: &Option<String>| text.clone().map(Value::Text);
        self.condition("COALESCE(r.shop_id, '') = {}", text(&query.shop));
        self.condition("r.csv_upload_id = {}", text(&query.upload));
        self.condition("r.bundle_type = {}", text(&query.bundle_type));
        self.condition("r.objective = {}", text(&query.objective));
        self.condition("r.ranking_score >= {}", query.min_score.map(Value::Real));
        self.condition("r.confidence >= {}", query.min_confidence.map(Value::Real));
        self.condition("instr(lower(r.products), lower({})) > 0", text(&query.item));
    }

    /// Only rows behind the cursor: `a <= x AND (a < x OR b < y OR …)`, of which the first part is where an index begins.
    fn after(&mut self, query: &Query, keys: &[(&str, &str)]) {
        let Some(cursor) = &query.after else { return };
        let places: Vec<String> = cursor.0.iter().map(|value| self.value(value.clone())).collect();
        let mut behind = String::from("0");
        for ((key, way), place) in keys.iter().zip(&places).rev() {
            let sign = if *way == "DESC" { '<' } else { '>' };
            behind = format!("{key} {sign} {place} OR ({key} = {place} AND ({behind}))");
        }
        if let (Some((key, way)), Some(place)) = (keys.first(), places.first()) {
            let sign = if *way == "DESC" { "<=" } else { ">=" };
            self.sql += &format!(" AND {key} {sign} {place} AND ({behind})");
        }
    }
}

/// Prepares a query of all columns; a table that lacks some is asked for those that it has.
fn prepare<'a>(connection: &'a Connection, rest: &str) -> Result<rusqlite::CachedStatement<'a>, ReviewError> {
    let sql = |has: &dyn Fn(&str) -> bool| {
        let column = |name: &str| match name {
            "pricing" => format!("{PRICING} AS pricing"),
            "ai_copy" => "COALESCE(e.ai_copy, r.ai_copy) AS ai_copy".to_owned(),
            name if has(name) => format!("r.{name}"),
            name => format!("NULL AS {name}"),
        };
        let columns: Vec<String> = COLUMNS.into_iter().chain([LAST]).map(column).collect();
        format!(
            "SELECT {}, {STATUS} AS review_status, d.decided_by, d.decided_at, d.note, b.id AS bundle_id, e.edited_by, \
             COALESCE((SELECT MAX(l.id) FROM bundle_decision_log l WHERE l.shop_id = COALESCE(r.shop_id, '') \
             AND l.dedupe_hash = r.dedupe_hash), 0) AS log_id FROM {rest}",
            columns.join(", ")
        )
    };
    if let Ok(statement) = connection.prepare_cached(&sql(&|_| true)) {
        return Ok(statement);
    }
    let mut names: Statement = connection.prepare("SELECT name FROM pragma_table_info('bundle_recommendations')")?;
    let names: Vec<String> = names.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(connection.prepare_cached(&sql(&|name| names.iter().any(|other| other == name)))?)
}
