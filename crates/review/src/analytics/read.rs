//! A shop's orders, lines, recommendations and rules, as the pipelines write them.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rusqlite::Connection;
use serde::Serialize;
use serde_json::Value as Json;

use super::{
    super::{
        error::ReviewError,
        reading::list,
        recommendation::{Query, Recommendation, Status},
        tables::exists,
    },
    facts::{BundleFact, LineFact, OrderFact, ShopFacts},
};

/// Items that are bought together.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CoPurchase {
    /// The names of the first three items.
    pub items: Vec<String>,
    /// The confidence in whole percent, rounded down.
    pub percent: i64,
    /// How many times as often as by chance.
    pub lift: f64,
}

/// Rules that are told.
const RULES: usize = 5;
/// Items of a rule that are told.
const RULE_ITEMS: usize = 3;

/// A shop, and the rules with the greatest lift.
///
/// # Errors
/// When a table has not what it promises, or the database refuses.
pub fn read(connection: &Connection, shop: &str) -> Result<(ShopFacts, Vec<CoPurchase>), ReviewError> {
    let mut items = Items::default();
    let mut facts = ShopFacts { offsets: vec![0], ..ShopFacts::default() };
    if exists(connection, "orders")? && exists(connection, "order_lines")? {
        read_orders(connection, shop, &mut items, &mut facts)?;
        facts.customers = customers(connection, shop)?;
    }
    let recommendations = list(connection, &Query { shop: Some(shop.to_owned()), ..Query::default() })?;
    facts.bundles = recommendations.iter().map(|of| bundle(of, &items)).collect();
    let mut names = BTreeMap::new();
    if exists(connection, "item_snapshots")? {
        let sql = "SELECT variant_id, product_id, product_title FROM item_snapshots WHERE COALESCE(shop_id, '') = ?1";
        let mut statement = connection.prepare(sql)?;
        let mut rows = statement.query([shop])?;
        let mut products = std::collections::BTreeSet::new();
        while let Some(row) = rows.next()? {
            let (variant, product): (String, Option<String>) = (row.get(0)?, row.get(1)?);
            let title = row.get::<_, Option<String>>(2)?.unwrap_or_else(|| variant.clone());
            if let Some(product) = &product {
                names.insert(product.clone(), title.clone());
            }
            products.insert(product.unwrap_or_else(|| variant.clone()));
            names.insert(variant, title);
        }
        facts.products = products.len() as u64;
    }
    let rules = if exists(connection, "association_rules")? { rules(connection, shop, &names)? } else { Vec::new() };
    Ok((facts, rules))
}

/// Numbers for the ids of items that were bought.
#[derive(Default)]
struct Items(BTreeMap<String, u32>);

impl Items {
    fn number(&mut self, id: String) -> u32 {
        let next = self.0.len() as u32;
        *self.0.entry(id).or_insert(next)
    }
}

fn read_orders(
    connection: &Connection,
    shop: &str,
    items: &mut Items,
    facts: &mut ShopFacts,
) -> Result<(), ReviewError> {
    let mut statement = connection.prepare(
        "SELECT o.order_id, o.created_at, COALESCE(o.total_cents, o.basket_value_cents, 0), l.variant_id, l.quantity, \
         COALESCE(l.line_total_cents, 0) \
         FROM orders o LEFT JOIN order_lines l ON l.order_id = o.order_id AND l.shop_id IS o.shop_id \
         WHERE COALESCE(o.shop_id, '') = ?1 ORDER BY o.created_at, o.order_id, l.rowid",
    )?;
    let mut rows = statement.query([shop])?;
    let mut before: Option<String> = None;
    while let Some(row) = rows.next()? {
        let order: String = row.get(0)?;
        if before.as_ref() != Some(&order) {
            let created: Option<String> = row.get(1)?;
            let Some(day) = created.as_deref().and_then(day) else { continue };
            facts.orders.push(OrderFact { day, total: row.get(2)? });
            facts.offsets.push(facts.lines.len());
            before = Some(order);
        }
        if let Some(variant) = row.get::<_, Option<String>>(3)? {
            let quantity = row.get::<_, Option<i64>>(4)?.unwrap_or(1);
            facts.lines.push(LineFact { item: items.number(variant), quantity, total: row.get(5)? });
            if let Some(end) = facts.offsets.last_mut() {
                *end = facts.lines.len();
            }
        }
    }
    Ok(())
}

/// Customers of a shop by id, or else e-mail; 0 where orders tell neither.
fn customers(connection: &Connection, shop: &str) -> Result<u64, ReviewError> {
    let sql = "SELECT COUNT(*) FROM pragma_table_info('orders') WHERE name IN ('customer_id', 'customer_email')";
    let columns: i64 = connection.query_row(sql, [], |row| row.get(0))?;
    if columns < 2 {
        return Ok(0);
    }
    let sql =
        "SELECT COUNT(DISTINCT COALESCE(customer_id, customer_email)) FROM orders WHERE COALESCE(shop_id, '') = ?1";
    let customers: i64 = connection.query_row(sql, [shop], |row| row.get(0))?;
    Ok(u64::try_from(customers).unwrap_or_default())
}

/// The day of an instant, counted from 1970-01-01.
fn day(instant: &str) -> Option<i32> {
    let date: Date = instant.get(..10)?.parse().ok()?;
    date.since(Date::constant(1970, 1, 1)).ok().map(|span| span.get_days())
}

fn bundle(of: &Recommendation, numbers: &Items) -> BundleFact {
    let ids: Vec<&str> = of.items().iter().filter_map(|item| item.get("variant_id").and_then(Json::as_str)).collect();
    let items: Option<Vec<u32>> = ids.iter().map(|id| numbers.0.get(*id).copied()).collect();
    let items = items.filter(|items| !items.is_empty()).map(|mut items| {
        items.sort_unstable();
        items.dedup();
        items
    });
    let price = of.pricing.get("bundle_price").and_then(Json::as_f64).unwrap_or_default();
    BundleFact {
        id: of.id.clone(),
        title: of.title().to_owned(),
        bundle_type: of.bundle_type.clone(),
        items,
        least_quantity: least_quantity(&of.pricing),
        is_approved: of.status.is_approved(),
        is_active: of.status == Status::Active,
        size: ids.len(),
        price: (price * 100.0).round() as i64,
        confidence: of.confidence,
        lift: of.lift.unwrap_or(1.0),
        score: of.ranking_score,
    }
}

/// The quantity of the first tier with a discount; 1 without tiers.
fn least_quantity(pricing: &Json) -> i64 {
    let number = |tier: &Json, key: &str| tier.get(key).and_then(Json::as_f64).unwrap_or_default();
    let tiers = pricing.get("volume_tiers").and_then(Json::as_array).into_iter().flatten();
    let given = tiers.filter(|tier| number(tier, "value") > 0.0).map(|tier| number(tier, "min_qty") as i64);
    given.min().unwrap_or(1)
}

fn rules(
    connection: &Connection,
    shop: &str,
    names: &BTreeMap<String, String>,
) -> Result<Vec<CoPurchase>, ReviewError> {
    let sql = "SELECT antecedent, consequent, confidence, lift FROM association_rules WHERE COALESCE(shop_id, '') = ?1 \
               ORDER BY lift DESC, confidence DESC, id LIMIT ?2";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query(rusqlite::params![shop, RULES as i64])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let sides = [row.get::<_, String>(0)?, row.get::<_, String>(1)?];
        let ids = sides.iter().flat_map(|side| {
            let json: Json = serde_json::from_str(side).unwrap_or_default();
            let list = json.get("items").and_then(Json::as_array).cloned().or_else(|| json.as_array().cloned());
            list.unwrap_or_default()
        });
        let ids: Vec<Json> = ids.take(RULE_ITEMS).collect();
        let items =
            ids.iter().filter_map(Json::as_str).map(|id| names.get(id).cloned().unwrap_or_else(|| id.to_owned()));
        let confidence: f64 = row.get(2)?;
        found.push(CoPurchase {
            items: items.collect(),
            percent: (100.0 * confidence).floor() as i64,
            lift: row.get(3)?,
        });
    }
    Ok(found)
}
