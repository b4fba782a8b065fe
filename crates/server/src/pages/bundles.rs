//! Bundles to review: a list with filters, one with all that is known of it, and what is decided.

use std::{collections::BTreeMap, sync::Arc};

use minijinja::context;
use nightloom_review::{self as review, Action, Cursor, Edit, Order, Query, Status, listing};

use super::{
    templates::shown,
    view::{LogLine, View},
    visit::{Shown, Visit, html},
};
use crate::{
    api::{checked_note, cursor_of, decide, edit, encoded, take_back, visible},
    app::App,
    caller::Caller,
    failure::Failure,
};

/// Bundles of a page.
const PAGE: usize = 20;

/// What a list is ordered by, and what it is called.
const ORDERS: [(&str, &str, Order); 3] =
    [("rank", "rank", Order::Rank), ("margin", "what it earns", Order::Margin), ("score", "score", Order::Score)];

/// Types and objectives to choose from.
const KINDS: [&str; 5] = ["FBT", "VOLUME", "BOGO", "MIX_MATCH", "FIXED"];
const OBJECTIVES: [&str; 8] = [
    "category_bundle",
    "clear_slow_movers",
    "gift_box",
    "increase_aov",
    "margin_guard",
    "new_launch",
    "seasonal_promo",
    "subscription_push",
];

/// The list.
pub fn list(app: &Arc<App>, visit: &Visit) -> Result<Shown, Failure> {
    let shops = shops(app, visit.caller())?;
    let asked = visit.asked("shop").map(|shop| visit.caller().shop(Some(shop))).transpose()?;
    let Some(shop) = asked.or_else(|| shops.first().cloned()) else {
        return Ok(Shown::Page(
            "bundles.html",
            context! { here => "bundles", empty => "No run has made bundles yet." },
        ));
    };
    let status = Status::of_name(visit.asked("status").unwrap_or("pending")).unwrap_or(Status::Pending);
    let (sort, _, order) = ORDERS.into_iter().find(|(name, ..)| visit.asked("sort") == Some(name)).unwrap_or(ORDERS[0]);
    let query = Query {
        shop: Some(shop.clone()),
        status: vec![status],
        order,
        bundle_type: visit.asked("type").map(str::to_owned),
        objective: visit.asked("objective").map(str::to_owned),
        item: visit.asked("item").map(str::to_owned),
        after: visit.asked("after").map(|text| cursor_of(order, text)).transpose()?,
        limit: Some(PAGE + 1),
        ..Query::default()
    };
    let (mut found, counts) =
        app.results.read(|connection| Ok((review::list(connection, &query)?, listing::counts(connection, &shop)?)))?;
    let is_cut = found.len() > PAGE;
    found.truncate(PAGE);
    let next = found.last().filter(|_| is_cut).map(|last| address(visit, &shop, Some(&Cursor::of(order, last))));
    let cards: Vec<View> = found.iter().map(View::of).collect();
    let counts: Vec<(&str, u64)> = counts.iter().map(|(status, number)| (status.name(), *number)).collect();
    Ok(Shown::Page(
        "bundles.html",
        context! {
            here => "bundles", shop, shops, status => status.name(), sort, next, counts => shown(&counts), cards => shown(&cards),
            orders => shown(&ORDERS.map(|(name, words, _)| (name, words))), kinds => shown(&KINDS), objectives => shown(&OBJECTIVES),
            kind => visit.asked("type"), objective => visit.asked("objective"), item => visit.asked("item"),
            back => address(visit, &query.shop.clone().unwrap_or_default(), query.after.as_ref()),
        },
    ))
}

/// The shops that somebody sees bundles of.
fn shops(app: &App, caller: &Caller) -> Result<Vec<String>, Failure> {
    match app.results.read(|connection| Ok(listing::shops(connection)?)) {
        Ok(shops) => Ok(shops.into_iter().filter(|shop| caller.sees(shop)).collect()),
        Err(failure) if failure.status == axum::http::StatusCode::SERVICE_UNAVAILABLE => Ok(Vec::new()),
        Err(failure) => Err(failure),
    }
}

/// The address of a page of the list.
fn address(visit: &Visit, shop: &str, after: Option<&Cursor>) -> String {
    let mut asked: BTreeMap<&str, String> = BTreeMap::from([("shop", shop.to_owned())]);
    for name in ["status", "sort", "type", "objective", "item"] {
        if let Some(value) = visit.asked(name) {
            asked.insert(name, value.to_owned());
        }
    }
    if let Some(Cursor(values)) = after {
        asked.insert("after", serde_json::Value::from_iter(values.iter().map(as_json)).to_string());
    }
    let parts: Vec<String> = asked.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    format!("/bundles?{}", parts.join("&"))
}

fn as_json(value: &rusqlite::types::Value) -> serde_json::Value {
    use rusqlite::types::Value;
    match value {
        Value::Integer(number) => (*number).into(),
        Value::Real(number) => (*number).into(),
        Value::Text(text) => text.as_str().into(),
        Value::Null | Value::Blob(_) => serde_json::Value::Null,
    }
}

/// One bundle.
pub fn one(app: &Arc<App>, visit: &Visit) -> Result<Shown, Failure> {
    let (found, log) = app.results.read(|connection| {
        let found = visible(connection, visit.caller(), visit.part("id"))?;
        let log = review::entries(connection, Some(std::slice::from_ref(&found.shop_id)), Some(&found.id), None, 50)?;
        Ok((found, log))
    })?;
    let log: Vec<LogLine> = log.iter().map(LogLine::of).collect();
    let description = found.ai_copy.get("description").and_then(serde_json::Value::as_str).unwrap_or_default();
    Ok(Shown::Page(
        "bundle.html",
        context! {
            here => "bundles", card => shown(&View::of(&found)), whole_title => found.title(), whole_description => description, log => shown(&log),
            longest_title => review::LONGEST_TITLE, longest_description => review::LONGEST_DESCRIPTION,
            created => super::view::moment(&found.created_at), back => format!("/bundles/{}", encoded(&found.id)),
        },
    ))
}

/// Approves, rejects, offers, offers no more, or takes back what was done last.
pub fn act(app: &Arc<App>, visit: &Visit) -> Result<Shown, Failure> {
    let (caller, id, seen) = (visit.caller(), visit.part("id"), visit.number("seen")?);
    let note = checked_note(visit.field("note"))?;
    let decided = match visit.field("act") {
        Some("approve") => decide(app, caller, id, seen, Action::Approve, note)?,
        Some("reject") => decide(app, caller, id, seen, Action::Reject, note)?,
        Some("activate") => decide(app, caller, id, seen, Action::Activate, note)?,
        Some("deactivate") => decide(app, caller, id, seen, Action::Deactivate, note)?,
        Some("undo") => take_back(app, caller, id, seen)?,
        _ => return Err(Failure::invalid("body", "act", "is nothing that can be done", "value_error")),
    };
    if visit.wants_part {
        let page = context! { card => shown(&View::of(&decided)), back => visit.back("/bundles") };
        return Ok(Shown::Ready(html(axum::http::StatusCode::OK, visit.render("card.html", page)?)));
    }
    Ok(Shown::See(visit.back("/bundles")))
}

/// Changes price and texts.
pub fn change(app: &Arc<App>, visit: &Visit) -> Result<Shown, Failure> {
    let bundle_cents = visit.field("price").map(cents).transpose()?;
    let given = Edit { bundle_cents, title: visit.field("title"), description: visit.field("description") };
    edit(app, visit.caller(), visit.part("id"), visit.number("seen")?, &given)?;
    Ok(Shown::See(visit.back("/bundles")))
}

/// An amount as a person writes it, in cents.
fn cents(text: &str) -> Result<i64, Failure> {
    let refused = || Failure::invalid("body", "price", "is no amount such as 31.95", "value_error");
    let text = text.trim().replace(',', ".");
    let (units, cents) = text.split_once('.').unwrap_or((&text, ""));
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if units.is_empty() || units.len() > 10 || cents.len() > 2 || !is_digits(units) || !is_digits(cents) {
        return Err(refused());
    }
    let units: i64 = units.parse().map_err(|_| refused())?;
    let cents: i64 = format!("{cents:0<2}").parse().map_err(|_| refused())?;
    Ok(100 * units + cents)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_read_as_people_write_it() {
        assert_eq!(["31.95", " 31,9 ", "31", "0.05"].map(|text| cents(text).unwrap()), [3_195, 3_190, 3_100, 5]);
        assert!(["", ".5", "-1", "1.234", "1e3", "1.2.3", "99999999999"].iter().all(|text| cents(text).is_err()));
    }
}
