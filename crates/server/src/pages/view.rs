//! A recommendation as people see it: amounts and shares in words.

use nightloom_review::{Entry, Recommendation, Status};
use serde::Serialize;
use serde_json::Value as Json;

/// Letters of a text that stand on a card.
const SHORT: usize = 240;

/// A recommendation as people see it.
#[derive(Serialize)]
pub struct View {
    id: String,
    shop: String,
    title: String,
    description: String,
    kind: String,
    objective: String,
    status: &'static str,
    is_pending: bool,
    is_rejected: bool,
    is_approved: bool,
    is_active: bool,
    can_edit_price: bool,
    rank: Option<i64>,
    score: String,
    confidence: String,
    lift: String,
    items: Vec<Item>,
    picture: Option<String>,
    currency: String,
    before: String,
    after: String,
    off: String,
    terms: Vec<String>,
    cheapest: String,
    dearest: String,
    earns: Option<String>,
    earns_between: Option<String>,
    loses: bool,
    why: String,
    reasons: Vec<String>,
    parts: Vec<(String, String)>,
    sources: Vec<String>,
    decided: Option<String>,
    note: Option<String>,
    edited_by: Option<String>,
    log_id: i64,
}

/// A product of a bundle.
#[derive(Serialize)]
struct Item {
    name: String,
    sku: String,
    price: String,
    picture: Option<String>,
}

impl View {
    /// How a recommendation looks.
    pub fn of(of: &Recommendation) -> Self {
        let (pricing, status) = (&of.pricing, of.status);
        let currency = text(pricing, "currency");
        let items: Vec<Item> = of.items().iter().take(20).map(item).collect();
        let original = number(pricing, "original_total");
        let cap = |name: &str| pricing.get("objective_caps").map_or(0.0, |caps| number(caps, name));
        Self {
            title: short(of.title()),
            description: short(&text(&of.ai_copy, "description")),
            kind: of.bundle_type.clone(),
            objective: of.objective.replace('_', " "),
            status: status.name(),
            is_pending: status == Status::Pending,
            is_rejected: status == Status::Rejected,
            is_approved: status == Status::Approved || status == Status::Inactive,
            is_active: status == Status::Active,
            can_edit_price: text(pricing, "discount_type") == "percentage",
            rank: of.rank_position,
            score: format!("{:.3}", of.ranking_score),
            confidence: format!("{:.0} %", 100.0 * of.confidence),
            lift: of.lift.map(|lift| format!("{lift:.1}\u{a0}×")).unwrap_or_default(),
            picture: items.iter().find_map(|item| item.picture.clone()),
            items,
            before: amount(original),
            after: amount(number(pricing, "bundle_price")),
            off: format!("{:.1} %", number(pricing, "total_discount_pct")),
            terms: terms(pricing),
            cheapest: amount((original * (100.0 - cap("max"))).ceil() / 100.0),
            dearest: amount((original * (100.0 - cap("min"))).floor() / 100.0),
            earns: of.expected_margin_cents.map(cents),
            earns_between: of
                .expected_margin_low_cents
                .zip(of.expected_margin_high_cents)
                .map(|(low, high)| format!("{} to {}", cents(low), cents(high))),
            loses: of.expected_margin_cents.is_some_and(|cents| cents < 0),
            why: short(&text(&of.explanation, "summary")),
            reasons: reasons(&of.explanation),
            parts: parts(&of.ranking_components),
            sources: of.sources.as_array().into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect(),
            decided: of.decided_by.as_ref().zip(of.decided_at.as_ref()).map(|(by, at)| format!("{by}, {}", moment(at))),
            note: of.note.clone(),
            edited_by: of.edited_by.clone(),
            log_id: of.log_id,
            id: of.id.clone(),
            shop: of.shop_id.clone(),
            currency,
        }
    }
}

/// An entry of the log as people see it.
#[derive(Serialize)]
pub struct LogLine {
    action: String,
    by: String,
    at: String,
    note: Option<String>,
}

impl LogLine {
    /// How an entry looks.
    pub fn of(of: &Entry) -> Self {
        Self { action: of.action.clone(), by: of.decided_by.clone(), at: moment(&of.decided_at), note: of.note.clone() }
    }
}

fn item(item: &Json) -> Item {
    Item {
        name: short(&text(item, "name")),
        sku: short(&text(item, "sku")),
        price: amount(number(item, "price")),
        // What is no address of a picture is none.
        picture: Some(text(item, "image_url")).filter(|url| url.starts_with("https://") && url.len() < 2_000),
    }
}

/// What a customer must do, where it is more than to take all items.
fn terms(pricing: &Json) -> Vec<String> {
    if let Some(tiers) = pricing.get("volume_tiers").and_then(Json::as_array) {
        let tier = |tier: &Json| format!("from {} pieces {} % off", number(tier, "min_qty"), number(tier, "value"));
        return tiers.iter().filter(|tier| number(tier, "value") > 0.0).map(tier).collect();
    }
    let Some(bogo) = pricing.get("bogo_config") else { return Vec::new() };
    let percent = number(bogo, "discount_percent");
    let how = if percent >= 100.0 { "free".to_owned() } else { format!("at {percent} % off") };
    vec![format!("buy {}, get {} {how}", number(bogo, "buy_qty"), number(bogo, "get_qty"))]
}

/// Sentences of an explanation, beside its summary.
fn reasons(explanation: &Json) -> Vec<String> {
    let lists = explanation.as_object().into_iter().flatten().filter_map(|(_, value)| value.as_array());
    lists.flatten().filter_map(Json::as_str).filter(|text| text.contains(' ')).take(12).map(short).collect()
}

/// What a score is made of.
fn parts(components: &Json) -> Vec<(String, String)> {
    let named = components.as_object().into_iter().flatten();
    named
        .filter_map(|(name, value)| Some((name.replace('_', " "), format!("{:.3}", value.as_f64()?))))
        .take(20)
        .collect()
}

fn text(json: &Json, key: &str) -> String {
    json.get(key).and_then(Json::as_str).unwrap_or_default().to_owned()
}

fn number(json: &Json, key: &str) -> f64 {
    json.get(key).and_then(Json::as_f64).unwrap_or_default()
}

/// A text that is cut where it is longer than a card takes.
fn short(text: &str) -> String {
    let cut: String = text.chars().take(SHORT).collect();
    if cut.len() < text.len() { cut + "…" } else { cut }
}

fn amount(units: f64) -> String {
    format!("{units:.2}")
}

fn cents(cents: i64) -> String {
    format!("{}{}.{:02}", if cents < 0 { "−" } else { "" }, cents.unsigned_abs() / 100, cents.unsigned_abs() % 100)
}

/// An instant as people read it.
pub fn moment(instant: &str) -> String {
    instant.get(..16).unwrap_or(instant).replace('T', " ")
}
