//! The rows of the published tables.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write,
};

use polars::prelude::*;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{
    product_texts::ProductTexts,
    records::{BundleRecords, Offer, PRICING, PRODUCTS, Selections},
};
use crate::{
    bundles::{
        explanation::BundleCopy,
        explanation_rows::{COPY, EXPLANATION, copy_column},
        list_column::record_column,
        waves::Wave,
    },
    operator::{ColumnKind, Columns, Field, StageError},
};

use ColumnKind::{Bool, Float, Int, Record, Text, Texts, Timestamp};

/// The columns of `recommendations`. Money is cents.
pub const RECOMMENDATIONS: Columns = &[
    ("id", Text),
    ("csv_upload_id", Text),
    ("shop_id", Text),
    ("bundle_type", Text),
    ("objective", Text),
    ("products", Record(PRODUCTS)),
    ("pricing", Record(PRICING)),
    ("ai_copy", Record(COPY)),
    ("confidence", Float),
    ("predicted_lift", Float),
    ("support", Float),
    ("lift", Float),
    ("ranking_score", Float),
    ("discount_reference", Text),
    ("is_approved", Bool),
    ("is_used", Bool),
    ("rank_position", Int),
    ("created_at", Timestamp),
    ("dedupe_hash", Text),
    ("publish_wave", Int),
    ("publish_offset_seconds", Int),
    ("explanation", Record(EXPLANATION)),
    ("ranking_components", Record(COMPONENTS)),
    ("sources", Texts),
    ("coherence", Float),
    ("shared_customers", Int),
    ("items", Texts),
    ("summary", Text),
    ("original_cents", Int),
    ("bundle_cents", Int),
    ("discount_cents", Int),
    ("discount_pct", Float),
    ("expected_margin_cents", Int),
    ("expected_margin_low_cents", Int),
    ("expected_margin_high_cents", Int),
    ("added_chance", Float),
    ("trigger_share", Float),
];

/// What a score is made of.
const COMPONENTS: &[Field] = &[
    Field::new("ranking", Float),
    Field::new("portfolio", Float),
    Field::new("confidence", Float),
    Field::new("covis_similarity", Float),
    Field::new("lift", Float),
    Field::new("inventory_term", Float),
    Field::new("price_sanity", Float),
    Field::new("novelty", Float),
    Field::new("raw_inventory_term", Float),
    Field::new("raw_price_sanity", Float),
    Field::new("hybrid_score", Float),
    Field::new("objective_fit", Float),
];

/// The columns that they are.
const COMPONENT_COLUMNS: [&str; 11] = [
    "ranking_score",
    "portfolio_score",
    "confidence_part",
    "covis_part",
    "lift_part",
    "inventory_part",
    "price_part",
    "novelty",
    "inventory_term",
    "price_sanity",
    "hybrid_score",
];

/// The columns of `shops`.
pub const PUBLISHED_SHOPS: Columns = &[
    ("shop_id", Text),
    ("as_of", Timestamp),
    ("bundles", Int),
    ("waves", Int),
    ("dropped", Int),
    ("drop_reasons", Text),
    ("why", Text),
];

/// The columns of `progress`.
pub const PROGRESS: Columns = &[
    ("upload_id", Text),
    ("shop_domain", Text),
    ("step", Text),
    ("legacy_step", Text),
    ("progress", Int),
    ("status", Text),
    ("message", Text),
    ("metadata", Text),
    ("updated_at", Timestamp),
];

/// Where candidates begin to be made.
const LATE_PERCENT: i64 = 10;

/// A bundle that is published.
pub struct Published {
    /// Its row in the input.
    pub row: usize,
    /// Its items and its price.
    pub offer: Offer,
    /// What customers read.
    pub copy: BundleCopy,
    /// When it is published.
    pub wave: Wave,
}

/// What is published of a shop.
#[derive(Clone, Debug, Default)]
pub struct ShopReport {
    /// Bundles.
    pub published: i64,
    /// Waves.
    pub waves: i64,
    /// Those that are not, by reason.
    pub dropped: BTreeMap<&'static str, i64>,
}

/// What is known of a shop.
pub struct AboutShop {
    /// When it stood as the orders say, in microseconds.
    pub as_of: Option<i64>,
    /// Its currency.
    pub currency: String,
    /// Why it may have no bundles.
    pub why: Option<String>,
    /// Whether the time was up before its turn.
    pub is_late: bool,
}

/// Shops by name, in order.
pub type AboutShops = BTreeMap<Option<String>, AboutShop>;

/// The uploads of shops.
pub type Uploads = HashMap<Option<String>, String>;

/// What is known of the shops.
///
/// # Errors
/// When a table cannot be read.
pub fn read_shops(shops: LazyFrame, candidates: Option<LazyFrame>) -> Result<AboutShops, StageError> {
    let frame = shops.with_column(col("as_of").cast(DataType::Int64)).collect()?;
    let text = |frame: &DataFrame, name: &str| PolarsResult::Ok(frame.column(name)?.str()?.clone());
    let (names, currencies, problems) = (text(&frame, "shop_id")?, text(&frame, "currency")?, text(&frame, "problem")?);
    let times = frame.column("as_of")?.i64()?;
    let about = |row: usize| AboutShop {
        as_of: times.get(row),
        currency: currencies.get(row).unwrap_or("USD").to_owned(),
        why: problems.get(row).map(str::to_owned),
        is_late: false,
    };
    let mut shops: AboutShops =
        (0..frame.height()).map(|row| (names.get(row).map(str::to_owned), about(row))).collect();
    if let Some(candidates) = candidates {
        let frame = candidates.collect()?;
        let late = frame.column("is_late")?.bool()?;
        let (names, reasons) = (text(&frame, "shop_id")?, text(&frame, "why")?);
        for ((name, why), is_late) in names.iter().zip(reasons.iter()).zip(late.iter()) {
            let Some(shop) = shops.get_mut(&name.map(str::to_owned)) else { continue };
            shop.is_late = is_late == Some(true);
            if let Some(why) = why {
                shop.why.get_or_insert_with(|| why.to_owned());
            }
        }
    }
    Ok(shops)
}

/// The upload of each shop.
///
/// # Errors
/// When the table cannot be read.
pub fn read_uploads(uploads: LazyFrame) -> Result<Uploads, StageError> {
    let frame = uploads.collect()?;
    let shops = frame.column("shop_id")?.str()?.iter().map(|shop| shop.map(str::to_owned));
    let ids = frame.column("csv_upload_id")?.str()?.iter();
    Ok(shops.zip(ids).filter_map(|(shop, id)| Some((shop, id?.to_owned()))).collect())
}

/// The id of a shop's bundle: the first half of the SHA-256 of both.
fn id(shop: Option<&str>, hash: &str) -> String {
    let digest = Sha256::digest(format!("{}|{hash}", shop.unwrap_or_default()).as_bytes());
    digest.iter().take(16).fold(String::with_capacity(32), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn instants(name: &str, micros: Vec<Option<i64>>) -> PolarsResult<Column> {
    Column::new(name.into(), micros).cast(&DataType::Datetime(TimeUnit::Microseconds, None))
}

/// The table of recommendations: rows of the input with what was made of them.
///
/// # Errors
/// When a column is missing.
pub fn recommendations(
    frame: &DataFrame,
    published: &[&Published],
    texts: &ProductTexts,
    about: &AboutShops,
    uploads: &Uploads,
    reference: Option<&str>,
) -> Result<DataFrame, StageError> {
    let rows: IdxCa = published.iter().map(|published| Some(published.row as IdxSize)).collect();
    let kept = frame.take(&rows)?;
    let shops: Vec<Option<String>> =
        kept.column("shop_id")?.str()?.iter().map(|shop| shop.map(str::to_owned)).collect();
    let hashes = kept.column("dedupe_hash")?.str()?;
    let count = published.len();
    let ids = shops.iter().zip(hashes.iter()).map(|(shop, hash)| id(shop.as_deref(), hash.unwrap_or_default()));
    let ids: Vec<String> = ids.collect();
    let mut ranks: Vec<i64> = Vec::with_capacity(count);
    for (place, shop) in shops.iter().enumerate() {
        let is_same = place > 0 && shops.get(place - 1) == Some(shop);
        ranks.push(if is_same { ranks.last().copied().unwrap_or_default() + 1 } else { 1 });
    }
    let as_of = shops.iter().map(|shop| about.get(shop).and_then(|about| about.as_of)).collect::<Vec<_>>();
    let offers: Vec<&Offer> = published.iter().map(|row| &row.offer).collect();
    let copies: Vec<&BundleCopy> = published.iter().map(|row| &row.copy).collect();
    let records = BundleRecords::new(&offers, texts);
    let columns = RECOMMENDATIONS.iter().map(|(name, _)| {
        let column = match *name {
            "id" => Column::new("".into(), &ids),
            "csv_upload_id" => Column::new(
                "".into(),
                shops.iter().map(|shop| uploads.get(shop).map(String::as_str)).collect::<Vec<_>>(),
            ),
            "products" => records.products()?,
            "pricing" => records.pricing(currencies(&shops, about), selections(&kept)?)?,
            "ai_copy" => copy_column(&copies)?,
            "ranking_score" => kept.column("final_score")?.clone(),
            "discount_reference" => Column::new("".into(), vec![reference; count]),
            "is_approved" | "is_used" => Column::new("".into(), vec![false; count]),
            "rank_position" => Column::new("".into(), &ranks),
            "created_at" => instants("", as_of.clone())?,
            "publish_wave" => numbers(published, |row| row.wave.number),
            "publish_offset_seconds" => numbers(published, |row| row.wave.offset_seconds),
            "ranking_components" => components(&kept)?,
            other => kept.column(other)?.clone(),
        };
        Ok(column.with_name((*name).into()))
    });
    Ok(DataFrame::new(count, columns.collect::<PolarsResult<_>>()?)?)
}

fn numbers(published: &[&Published], of: fn(&Published) -> u32) -> Column {
    Column::new("".into(), published.iter().map(|row| i64::from(of(row))).collect::<Vec<_>>())
}

/// The currency of each bundle's shop.
fn currencies<'a>(shops: &[Option<String>], about: &'a AboutShops) -> Vec<&'a str> {
    let currency = |shop: &Option<String>| about.get(shop).map_or("USD", |about| about.currency.as_str());
    shops.iter().map(currency).collect()
}

/// What the bandit chose of each bundle.
fn selections(kept: &DataFrame) -> PolarsResult<Selections> {
    let column = |name: &str| kept.column(name).cloned();
    Ok(Selections {
        percent: column("selected_pct")?,
        method: column("selection_method")?,
        among: column("candidate_pct")?,
    })
}

/// What each score is made of.
fn components(kept: &DataFrame) -> PolarsResult<Column> {
    let mut columns =
        COMPONENT_COLUMNS.iter().map(|name| kept.column(name).cloned()).collect::<PolarsResult<Vec<_>>>()?;
    // Always 0: a key that readers know.
    columns.push(Column::new("".into(), vec![0.0; kept.height()]));
    record_column(COMPONENTS, columns)
}

/// A row a shop.
///
/// # Errors
/// When the frame cannot be made.
pub fn shop_rows(about: &AboutShops, reports: &HashMap<Option<String>, ShopReport>) -> Result<DataFrame, StageError> {
    let none = ShopReport::default();
    let report = |shop: &Option<String>| reports.get(shop).unwrap_or(&none);
    let number = |of: fn(&ShopReport) -> i64| about.keys().map(|shop| of(report(shop))).collect::<Vec<_>>();
    let reasons = |report: &ShopReport| {
        let told = report.dropped.iter().map(|(reason, count)| format!("{reason} {count}")).collect::<Vec<_>>();
        if told.is_empty() { None } else { Some(told.join(", ")) }
    };
    let why = about.iter().map(|(shop, about)| why(about, report(shop))).collect::<Vec<_>>();
    let mut frame = df!(
        "shop_id" => about.keys().map(Option::as_deref).collect::<Vec<_>>(),
        "bundles" => number(|report| report.published),
        "waves" => number(|report| report.waves),
        "dropped" => number(|report| report.dropped.values().sum()),
        "drop_reasons" => about.keys().map(|shop| reasons(report(shop))).collect::<Vec<_>>(),
        "why" => why,
    )?;
    let as_of = instants("as_of", about.values().map(|about| about.as_of).collect())?;
    frame.insert_column(1, as_of)?;
    Ok(frame)
}

/// Why a shop has no bundles, or only such as need few orders.
fn why(about: &AboutShop, report: &ShopReport) -> Option<String> {
    let most = report.dropped.iter().max_by_key(|(reason, count)| (**count, std::cmp::Reverse(**reason)));
    match (report.published, most) {
        (0, Some((reason, count))) if about.why.is_none() => {
            Some(format!("{count} were dropped, most of all: {reason}"))
        }
        (0, _) => Some(about.why.clone().unwrap_or_else(|| "no candidate had a price".to_owned())),
        _ => about.why.clone(),
    }
}

/// The progress of each shop: done, or left where the time was up. `reference` is that of a quick start, if it is one.
///
/// # Errors
/// When the frame cannot be made.
pub fn progress(
    about: &AboutShops,
    reports: &HashMap<Option<String>, ShopReport>,
    uploads: &Uploads,
    reference: Option<&str>,
) -> Result<DataFrame, StageError> {
    let count = |shop: &Option<String>| reports.get(shop).map_or(0, |report| report.published);
    let message = |(shop, about): (&Option<String>, &AboutShop)| match (count(shop), &about.why) {
        (_, Some(why)) if about.is_late => why.clone(),
        (1, _) => "1 bundle".to_owned(),
        (many, _) => format!("{many} bundles"),
    };
    let metadata = |(shop, about): (&Option<String>, &AboutShop)| {
        let waves = reports.get(shop).map_or(0, |report| report.waves);
        json!({
            "bundle_count": count(shop), "waves": waves, "partial": about.is_late,
            "quick_start_mode": reference.is_some(), "full_generation_queued": false,
        })
        .to_string()
    };
    let by_state = |done: &'static str, late: &'static str| {
        about.values().map(|about| if about.is_late { late } else { done }).collect::<Vec<_>>()
    };
    let percent = about.values().map(|about| if about.is_late { LATE_PERCENT } else { 100 });
    let mut frame = df!(
        "upload_id" => about.keys().map(|shop| uploads.get(shop).map(String::as_str)).collect::<Vec<_>>(),
        "shop_domain" => about.keys().map(Option::as_deref).collect::<Vec<_>>(),
        "step" => by_state("finalization", "candidate_generation"),
        "legacy_step" => by_state("finalization", "ml_generation"),
        "progress" => percent.collect::<Vec<i64>>(),
        "status" => by_state("completed", "failed"),
        "message" => about.iter().map(message).collect::<Vec<_>>(),
        "metadata" => about.iter().map(metadata).collect::<Vec<_>>(),
    )?;
    frame.with_column(instants("updated_at", about.values().map(|about| about.as_of).collect())?)?;
    Ok(frame)
}
