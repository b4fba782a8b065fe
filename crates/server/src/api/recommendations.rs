//! Recommendations: lists, one, what is decided of them, and changes of price and texts.

use std::sync::Arc;

use axum::{
    body::Bytes,
    http::{Method, header},
};
use nightloom_review::{
    self as review, Action, Cursor, Decision, Edit, Order, Query, Recommendation, ReviewError, Status, listing,
};
use rusqlite::{Connection, OptionalExtension, Row, types::Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, value::RawValue};

use super::done::Done;
use crate::{
    app::App,
    caller::{Caller, Role},
    endpoint::{Access, Asked, Endpoint, Nothing, endpoint},
    failure::Failure,
    reply::Reply,
    store::now,
};

/// Rows of a list, at most (section 13).
pub const LIST: usize = 50;

/// A recommendation. Ratios that customers' programs show are texts, as they always were.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Record<'a> {
    /// What it is known by.
    id: &'a str,
    /// The upload that it was made from.
    csv_upload_id: Option<&'a str>,
    /// The shop.
    shop_id: &'a str,
    /// FBT, VOLUME, BOGO, MIX_MATCH, FIXED.
    bundle_type: &'a str,
    /// What it is for.
    objective: &'a str,
    /// The items and what they are in it.
    #[schemars(with = "Json")]
    products: Option<&'a RawValue>,
    /// What it costs.
    #[schemars(with = "Json")]
    pricing: Option<&'a RawValue>,
    /// What the shop says of it.
    #[schemars(with = "Json")]
    ai_copy: Option<&'a RawValue>,
    /// 0 to 1, with six decimals.
    confidence: String,
    /// The lift that is announced, with six decimals.
    predicted_lift: String,
    /// The share of orders that hold all items.
    support: Option<f64>,
    /// How many times as often as by chance.
    lift: Option<f64>,
    /// 0 to 1.
    ranking_score: f64,
    /// What kind of run made it.
    discount_reference: Option<&'a str>,
    /// Whether a person said yes.
    is_approved: bool,
    /// Whether it was offered.
    is_used: bool,
    /// From 1, in the shop.
    rank_position: Option<i64>,
    /// When it was made.
    created_at: &'a str,
}

impl<'a> Record<'a> {
    /// The record of a row of [`listing::each`]. A part that is no JSON is null.
    fn of(row: &'a Row<'_>) -> Result<Self, ReviewError> {
        let text = |place: usize| row.get_ref(place).ok().and_then(|value| value.as_str().ok());
        let json = |place: usize| text(place).and_then(|text| serde_json::from_str::<&RawValue>(text).ok());
        let number = |place: usize| row.get::<_, Option<f64>>(place);
        let status = text(listing::STATUS_PLACE).and_then(Status::of_name).unwrap_or(Status::Pending);
        Ok(Self {
            id: text(0).unwrap_or_default(),
            csv_upload_id: text(1),
            shop_id: text(2).unwrap_or_default(),
            bundle_type: text(3).unwrap_or_default(),
            objective: text(4).unwrap_or_default(),
            products: json(5),
            pricing: json(6),
            ai_copy: json(7),
            confidence: format!("{:.6}", number(8)?.unwrap_or_default()),
            predicted_lift: format!("{:.6}", number(9)?.unwrap_or_default()),
            support: number(10)?,
            lift: number(11)?,
            ranking_score: number(12)?.unwrap_or_default(),
            discount_reference: text(13),
            is_approved: status.is_approved(),
            is_used: row.get::<_, Option<bool>>(14)?.unwrap_or_default(),
            rank_position: row.get(15)?,
            created_at: text(16).unwrap_or_default(),
        })
    }
}

/// Which recommendations.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ListQuery {
    /// The shop.
    pub shop_id: Option<String>,
    /// Only those of an upload, by rank.
    pub upload_id: Option<String>,
    /// Only those of a status: pending, approved, rejected, active, inactive.
    pub status: Option<String>,
    /// The place to go on from, as the header `Link` gave it.
    pub after: Option<String>,
    /// So many.
    #[schemars(range(min = 1, max = 50))]
    pub limit: Option<usize>,
}

/// The endpoints of recommendations.
pub fn endpoints() -> Vec<Endpoint> {
    let (viewer, reviewer) = (Access::Role(Role::Viewer), Access::Role(Role::Reviewer));
    vec![
        endpoint::<ListQuery, Nothing, Vec<Record>>(
            (Method::GET, "/api/bundle-recommendations"),
            viewer,
            "The recommendations of a shop, the best first.",
            |app, asked| list(app, asked.caller()?, &asked.query, None),
        ),
        endpoint::<ListQuery, Nothing, OneOrMany>(
            (Method::GET, "/api/bundle-recommendations/{id}"),
            viewer,
            "A recommendation; or, of a shop's name, its recommendations.",
            one_or_list,
        ),
        endpoint::<Nothing, Nothing, Vec<Partial>>(
            (Method::GET, "/api/bundle-recommendations/{id}/partial"),
            viewer,
            "What an unfinished run of an upload has so far.",
            partial,
        ),
        endpoint::<Nothing, Approval, Done>(
            (Method::PATCH, "/api/bundle-recommendations/{id}/approve"),
            reviewer,
            "Approves a recommendation, or rejects it.",
            approve,
        ),
        endpoint::<Nothing, Change, Decided>(
            (Method::PATCH, "/api/bundle-recommendations/{id}"),
            reviewer,
            "Changes price and texts of a recommendation, within the caps of its objective.",
            change,
        ),
        endpoint::<Nothing, Seen, Decided>(
            (Method::POST, "/api/bundle-recommendations/{id}/undo"),
            reviewer,
            "Takes back what was done last to a recommendation.",
            undo,
        ),
    ]
}

/// One recommendation, or several.
#[derive(JsonSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "it is the schema of two answers")]
enum OneOrMany {
    One(Box<Record<'static>>),
    Many(Vec<Record<'static>>),
}

/// A recommendation that a run has not finished.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Partial {
    #[serde(flatten)]
    of: Json,
    /// Always true.
    is_partial: bool,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Approval {
    /// Yes, or no.
    is_approved: bool,
    /// What is said of it.
    #[schemars(length(max = 1000))]
    note: Option<String>,
    /// The `logId` of the recommendation when it was looked at: if something was done since, nothing is done now.
    seen: Option<i64>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Change {
    /// What it costs, in units of the currency.
    bundle_price: Option<f64>,
    /// The title that customers read.
    #[schemars(length(min = 1, max = 60))]
    title: Option<String>,
    /// The description that customers read.
    #[schemars(length(min = 1, max = 220))]
    description: Option<String>,
    /// See `seen` of an approval.
    seen: Option<i64>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Seen {
    /// See `seen` of an approval.
    seen: Option<i64>,
}

/// A recommendation and what was decided of it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Decided {
    success: bool,
    id: String,
    shop_id: String,
    /// pending, approved, rejected, active, inactive.
    status: String,
    decided_by: Option<String>,
    decided_at: Option<String>,
    /// Give it as `seen` with the next change.
    log_id: i64,
    pricing: Json,
    ai_copy: Json,
}

impl Decided {
    /// What a recommendation is now.
    pub fn of(of: Recommendation) -> Self {
        Self {
            success: true,
            status: of.status.name().to_owned(),
            id: of.id,
            shop_id: of.shop_id,
            decided_by: of.decided_by,
            decided_at: of.decided_at,
            log_id: of.log_id,
            pricing: of.pricing,
            ai_copy: of.ai_copy,
        }
    }
}

/// A list of recommendations as JSON, kept while the database does not change.
pub fn list<R>(
    app: &Arc<App>,
    caller: &Caller,
    asked: &ListQuery,
    path_shop: Option<&str>,
) -> Result<Reply<R>, Failure> {
    let shop = caller.shop(path_shop.or(asked.shop_id.as_deref()))?;
    let query = query_of(app, &shop, asked)?;
    let key = format!(
        "{shop}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}",
        query.upload, query.status, query.order, query.after, query.limit
    );
    let version = app.results.version();
    let kept = version.and_then(|version| app.kept.get(&key, version));
    let (body, link) = match kept {
        Some(kept) => kept,
        None => {
            let (body, link) = app.results.read(|connection| written(connection, &query, asked))?;
            if let Some(version) = version {
                app.kept.put(key, version, body.clone(), link.clone());
            }
            (body, link)
        }
    };
    let reply = Reply::json_bytes(body);
    Ok(match link {
        Some(link) => reply.with_header(header::LINK, &link),
        None => reply,
    })
}

fn query_of(app: &App, shop: &str, asked: &ListQuery) -> Result<Query, Failure> {
    let limit = asked.limit.unwrap_or(LIST);
    if limit == 0 || limit > LIST {
        return Err(Failure::invalid("query", "limit", format!("give 1 to {LIST}"), "value_error"));
    }
    let upload = asked.upload_id.as_deref().map(|upload| super::uploads::file_of(app, upload, shop)).transpose()?;
    let order = if upload.is_some() { Order::Rank } else { Order::Score };
    let status = asked.status.as_deref().map(|name| {
        Status::of_name(name).ok_or_else(|| Failure::invalid("query", "status", "is no status", "value_error"))
    });
    Ok(Query {
        shop: Some(shop.to_owned()),
        upload,
        order,
        status: status.transpose()?.into_iter().collect(),
        after: asked.after.as_deref().map(|text| cursor_of(order, text)).transpose()?,
        limit: Some(limit),
        ..Query::default()
    })
}

/// The rows as JSON, and where the next are.
fn written(connection: &Connection, query: &Query, asked: &ListQuery) -> Result<(Bytes, Option<String>), Failure> {
    let limit = query.limit.unwrap_or(LIST);
    let mut body = Vec::with_capacity(64 * 1024);
    let (mut rows, mut last) = (0, None);
    let more = Query { limit: Some(limit + 1), ..query.clone() };
    listing::each(connection, &more, |row| {
        rows += 1;
        if rows > limit {
            return Ok(());
        }
        body.push(if rows == 1 { b'[' } else { b',' });
        let cell = |error: serde_json::Error| ReviewError::Cell {
            id: row.get(0).unwrap_or_default(),
            column: "record",
            problem: error.to_string(),
        };
        serde_json::to_writer(&mut body, &Record::of(row)?).map_err(cell)?;
        if rows == limit {
            last = Some(cursor_text(query.order, row)?);
        }
        Ok(())
    })?;
    body.extend_from_slice(if rows == 0 { b"[]" } else { b"]" });
    let link = last.filter(|_| rows > limit).map(|after| {
        let shop = query.shop.as_deref().unwrap_or_default();
        let mut link =
            format!("/api/bundle-recommendations?shopId={}&after={}&limit={limit}", encoded(shop), encoded(&after));
        for (name, value) in [("uploadId", &asked.upload_id), ("status", &asked.status)] {
            if let Some(value) = value {
                link += &format!("&{name}={}", encoded(value));
            }
        }
        format!("<{link}>; rel=\"next\"")
    });
    Ok((Bytes::from(body), link))
}

/// A place in an order as a text: its values as JSON.
fn cursor_text(order: Order, row: &Row) -> rusqlite::Result<String> {
    let id: String = row.get(0)?;
    Ok(match order {
        Order::Score => {
            let (score, confidence): (f64, f64) = (row.get(12)?, row.get(8)?);
            serde_json::json!([score, confidence, row.get::<_, String>(16)?, id]).to_string()
        }
        Order::Rank => serde_json::json!([row.get::<_, Option<i64>>(15)?.unwrap_or(i64::MAX), id]).to_string(),
        Order::Margin => serde_json::json!([row.get::<_, Option<i64>>(21)?.unwrap_or(-i64::MAX), id]).to_string(),
    })
}

/// A place in an order of a text.
pub fn cursor_of(order: Order, text: &str) -> Result<Cursor, Failure> {
    let refused = || Failure::invalid("query", "after", "is no place that a list gave", "value_error");
    let values: Vec<Json> = serde_json::from_str(text).map_err(|_| refused())?;
    let kinds: &[char] = match order {
        Order::Score => &['f', 'f', 't', 't'],
        Order::Rank | Order::Margin => &['i', 't'],
    };
    if values.len() != kinds.len() {
        return Err(refused());
    }
    let value = |(kind, value): (&char, &Json)| match kind {
        'f' => value.as_f64().map(Value::Real),
        'i' => value.as_i64().map(Value::Integer),
        _ => value.as_str().map(|text| Value::Text(text.to_owned())),
    };
    kinds.iter().zip(&values).map(value).collect::<Option<Vec<_>>>().map(Cursor).ok_or_else(refused)
}

/// A text as a part of a query.
pub fn encoded(text: &str) -> String {
    let letter = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(letter).collect()
}

fn one_or_list(app: &Arc<App>, asked: &Asked<ListQuery, Nothing>) -> Result<Reply<OneOrMany>, Failure> {
    let (caller, id) = (asked.caller()?, asked.part("id"));
    let found = app.results.read(|connection| {
        let mut found = None;
        listing::each_of_id(connection, id, None, |row| {
            let record = Record::of(row)?;
            if record.id == id && caller.sees(record.shop_id) {
                found = serde_json::to_vec(&record).ok();
            }
            Ok(())
        })?;
        Ok(found)
    })?;
    if let Some(body) = found {
        return Ok(Reply::json_bytes(Bytes::from(body)));
    }
    let shop = crate::caller::normalised(id);
    let is_shop = caller.sees(&shop) && app.results.read(|connection| has_shop(connection, &shop))?;
    if is_shop { list(app, caller, &asked.query, Some(&shop)) } else { Err(Failure::not_found("recommendation")) }
}

/// Whether a shop has recommendations.
pub fn has_shop(connection: &Connection, shop: &str) -> Result<bool, Failure> {
    let sql = "SELECT 1 FROM bundle_recommendations WHERE COALESCE(shop_id, '') = ?1 LIMIT 1";
    Ok(connection.prepare_cached(sql)?.query_row([shop], |_| Ok(())).optional()?.is_some())
}

fn partial(app: &Arc<App>, asked: &Asked<Nothing, Nothing>) -> Result<Reply<Vec<Partial>>, Failure> {
    let caller = asked.caller()?;
    let id = asked.part("id");
    let upload = app.store.upload(id)?;
    if upload.as_ref().is_some_and(|upload| !caller.sees(&upload.shop_id)) {
        return Err(Failure::not_found("upload"));
    }
    let rows = app.results.read(|connection| {
        let sql = "SELECT id, csv_upload_id, COALESCE(shop_id, ''), bundle_type, objective, products, pricing, ai_copy, ranking_score, rank_position \
                   FROM bundle_recommendations WHERE csv_upload_id = ?1 AND substr(discount_reference, 1, 11) = '__partial__' \
                   ORDER BY COALESCE(rank_position, 9223372036854775807), id LIMIT 50";
        let mut statement = connection.prepare_cached(sql)?;
        let mut found = statement.query([id])?;
        let mut rows = Vec::new();
        while let Some(row) = found.next()? {
            let shop: String = row.get(2)?;
            if !caller.sees(&shop) {
                continue;
            }
            let json = |place: usize| -> rusqlite::Result<Json> {
                Ok(row.get::<_, Option<String>>(place)?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
            };
            let of = serde_json::json!({
                "id": row.get::<_, String>(0)?, "csvUploadId": row.get::<_, Option<String>>(1)?, "shopId": shop,
                "bundleType": row.get::<_, String>(3)?, "objective": row.get::<_, String>(4)?, "products": json(5)?,
                "pricing": json(6)?, "aiCopy": json(7)?, "rankingScore": row.get::<_, Option<f64>>(8)?,
                "rankPosition": row.get::<_, Option<i64>>(9)?,
            });
            rows.push(Partial { of, is_partial: true });
        }
        Ok(rows)
    })?;
    if rows.is_empty() && upload.is_none() && !super::uploads::is_known(app, caller, id)? {
        return Err(Failure::not_found("upload"));
    }
    Reply::json(&rows)
}

/// A recommendation that the caller sees, by its whole id or that of its bundle.
pub fn visible(connection: &Connection, caller: &Caller, id: &str) -> Result<Recommendation, Failure> {
    let found = review::of_ids(connection, &[id.to_owned()], None)?.into_iter().next();
    let is_whole = |found: &Recommendation| found.id == id || found.bundle_id.as_deref() == Some(id);
    found
        .filter(|found| is_whole(found) && caller.sees(&found.shop_id))
        .ok_or_else(|| Failure::not_found("recommendation"))
}

/// Decides of a recommendation that the caller sees.
pub fn decide(
    app: &App,
    caller: &Caller,
    id: &str,
    seen: Option<i64>,
    action: Action,
    note: Option<&str>,
) -> Result<Recommendation, Failure> {
    let (by, at) = (caller.name.as_str(), now());
    let decision = Decision { action, by, at: &at, note };
    app.results.write(|connection| {
        let of = visible(connection, caller, id)?;
        let shop = Some(of.shop_id.as_str());
        match seen {
            Some(seen) => Ok(review::decide_seen(connection, &of.id, seen, shop, &decision)?),
            None => {
                let decided = review::decide(connection, std::slice::from_ref(&of.id), shop, &decision)?;
                decided.into_iter().next().ok_or_else(|| Failure::not_found("recommendation"))
            }
        }
    })
}

fn approve(app: &Arc<App>, asked: &Asked<Nothing, Approval>) -> Result<Reply<Done>, Failure> {
    let Approval { is_approved, note, seen } = &asked.body;
    let action = if *is_approved { Action::Approve } else { Action::Reject };
    let decided = decide(app, asked.caller()?, asked.part("id"), *seen, action, checked_note(note.as_deref())?)?;
    asked.note(&decided.shop_id, decided.status.name());
    Reply::json(&Done::of(format!("{} is {}", decided.id, decided.status.name())))
}

/// A note that is not too long.
pub fn checked_note(note: Option<&str>) -> Result<Option<&str>, Failure> {
    match note {
        Some(note) if note.chars().count() > 1_000 => {
            Err(Failure::invalid("body", "note", "give at most 1000 letters", "value_error"))
        }
        note => Ok(note.map(str::trim).filter(|note| !note.is_empty())),
    }
}

/// Changes price and texts of a recommendation that the caller sees.
pub fn edit(app: &App, caller: &Caller, id: &str, seen: Option<i64>, edit: &Edit) -> Result<Recommendation, Failure> {
    let at = now();
    app.results.write(|connection| {
        let of = visible(connection, caller, id)?;
        Ok(review::edit(connection, &of.id, seen, Some(&of.shop_id), edit, (&caller.name, &at))?)
    })
}

fn change(app: &Arc<App>, asked: &Asked<Nothing, Change>) -> Result<Reply<Decided>, Failure> {
    let Change { bundle_price, title, description, seen } = &asked.body;
    if bundle_price.is_none() && title.is_none() && description.is_none() {
        return Err(Failure::invalid("body", "bundlePrice", "give a price, a title or a description", "missing"));
    }
    let bundle_cents = bundle_price.map(cents).transpose()?;
    let given = Edit { bundle_cents, title: title.as_deref(), description: description.as_deref() };
    let edited = edit(app, asked.caller()?, asked.part("id"), *seen, &given)?;
    asked.note(&edited.shop_id, "edited");
    Reply::json(&Decided::of(edited))
}

/// An amount in cents, if it is one.
fn cents(amount: f64) -> Result<i64, Failure> {
    let cents = (amount * 100.0).round();
    if !(0.0..=1e13).contains(&cents) || (amount * 100.0 - cents).abs() > 1e-4 {
        return Err(Failure::invalid("body", "bundlePrice", "give an amount with at most two decimals", "value_error"));
    }
    Ok(cents as i64)
}

/// Takes back what was done last to a recommendation that the caller sees.
pub fn take_back(app: &App, caller: &Caller, id: &str, seen: Option<i64>) -> Result<Recommendation, Failure> {
    let at = now();
    app.results.write(|connection| {
        let of = visible(connection, caller, id)?;
        Ok(review::undo(connection, &of.id, seen, Some(&of.shop_id), &caller.name, &at)?)
    })
}

fn undo(app: &Arc<App>, asked: &Asked<Nothing, Seen>) -> Result<Reply<Decided>, Failure> {
    let undone = take_back(app, asked.caller()?, asked.part("id"), asked.body.seen)?;
    asked.note(&undone.shop_id, "undone");
    Reply::json(&Decided::of(undone))
}
