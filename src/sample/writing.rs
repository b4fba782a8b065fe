//! Writing a shop world into SQLite: the tables as the scrapers left them, filled drop by drop.

use std::{
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use rusqlite::{Connection, Statement, params};

use super::{
    database::Stop,
    dirt,
    drops::{DROP_SIZE, Drop, drop_at, scan_order},
    images,
    listing::Listing,
    observation::Observation,
    prices,
    shop_options::{ShopOptions, ShopSummary},
    status,
};
use crate::{dice::Dice, operator::Progress};

const TABLES: &str = concat!(include_str!("tables.sql"), include_str!("../../pipelines/tables/linking.sql"));

/// Streams of dice beside those of the drops.
const PRODUCT_STREAM: u64 = 1 << 62;
const ROW_STREAM: u64 = 2 << 62;

/// Fills the empty file `path`.
pub fn fill(
    path: &Path,
    options: &ShopOptions,
    progress: &dyn Progress,
    cancelled: &AtomicBool,
) -> Result<ShopSummary, Stop> {
    let mut database = Connection::open(path)?;
    // The file is not yet anybody's: it needs no journal, and its owner syncs it once at the end.
    database.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -131072;")?;
    let transaction = database.transaction()?;
    transaction.execute_batch(TABLES)?;
    let drops = options.rows.div_ceil(DROP_SIZE);

    let mut insert = transaction.prepare(INSERT_PRODUCT)?;
    for number in 0..drops {
        if cancelled.load(Ordering::Relaxed) {
            return Err(Stop::Cancelled);
        }
        let drop = drop_of(options, number);
        insert_products(&mut insert, &drop, number, options)?;
        progress.advance(drop.products.len() as u64);
    }
    std::mem::drop(insert);

    let mut summary = ShopSummary { products: options.rows, catalog_rows: 0, true_links: 0 };
    let mut insert = transaction.prepare(INSERT_ROW)?;
    let mut insert_link = transaction.prepare("INSERT INTO true_links VALUES (?1, ?2)")?;
    for number in scan_order(options.seed, drops) {
        if cancelled.load(Ordering::Relaxed) {
            return Err(Stop::Cancelled);
        }
        let drop = drop_of(options, number);
        let mut dice = Dice::new(options.seed, ROW_STREAM | number);
        progress.advance(drop.rows.len() as u64);
        for (mut row, product) in drop.rows {
            summary.catalog_rows += 1;
            dirt::soil_row(&mut row, options.dirt, &mut dice);
            insert_row(&mut insert, summary.catalog_rows, &row, options, &mut dice)?;
            if let Some(product) = product {
                summary.true_links += 1;
                insert_link.execute([summary.catalog_rows, product_id(number, product)].map(u64::cast_signed))?;
            }
        }
    }
    std::mem::drop((insert, insert_link));
    transaction.commit()?;
    Ok(summary)
}

/// The id of the product at `index` of a drop.
fn product_id(number: u64, index: usize) -> u64 {
    number * DROP_SIZE + index as u64 + 1
}

fn drop_of(options: &ShopOptions, number: u64) -> Drop {
    let size = DROP_SIZE.min(options.rows - number * DROP_SIZE);
    drop_at(options.seed, number, size as usize, options.prices)
}

const INSERT_PRODUCT: &str = "INSERT INTO products (id, url, retailer, title, brand, description, category, \
     clothing_type, price, original_price, product_code, image_urls, image_count, images_uploaded, sale_status, \
     stock_status, modesty_status, assessment_status, shopify_id, shopify_status, source, first_seen, last_updated) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23)";

fn insert_products(insert: &mut Statement<'_>, drop: &Drop, number: u64, options: &ShopOptions) -> Result<(), Stop> {
    let mut dice = Dice::new(options.seed, PRODUCT_STREAM | number);
    for (index, (listing, url)) in drop.products.iter().zip(&drop.urls).enumerate() {
        let id = product_id(number, index).cast_signed();
        let status = status::draw(options.as_of, &mut dice);
        let image_count = if dice.permille(950) { dice.between(1, 4) } else { 0 };
        let image_urls = (image_count > 0).then(|| images::urls(listing, 0, image_count, &mut dice));
        let code = dice.permille(listing.retailer.coded).then_some(listing.code.as_str());
        let price = prices::units(listing.cents);
        let (title, price, code) = dirt::soil_product(&listing.title, price, code, options.dirt, &mut dice);
        insert.execute(params![
            id,
            url,
            listing.retailer.key,
            title,
            listing.brand,
            description(listing, &mut dice),
            category(listing),
            clothing_type(listing),
            price,
            listing.list_cents.map(prices::units),
            code,
            image_urls,
            image_count,
            if status.shopify_id.is_some() { image_count } else { 0 },
            if listing.list_cents.is_some() { "on_sale" } else { "regular" },
            status.stock_status,
            status.modesty_status,
            status.assessment_status,
            status.shopify_id,
            status.shopify_status,
            status.source,
            status.first_seen,
            status.last_updated,
        ])?;
    }
    Ok(())
}

const INSERT_ROW: &str = "INSERT INTO catalog_products (id, catalog_url, retailer, category, title, price, \
     original_price, product_code, image_urls, discovered_date, review_status, scan_type) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";

fn insert_row(
    insert: &mut Statement<'_>,
    id: u64,
    row: &Observation,
    options: &ShopOptions,
    dice: &mut Dice,
) -> Result<(), Stop> {
    let monitor = row.days_ago < 7;
    let review_status = match dice.below(100) {
        0..80 => "baseline",
        80..90 => "pending",
        90..96 => "flagged_new",
        _ => "pending_modesty_review",
    };
    insert.execute(params![
        id.cast_signed(),
        row.url,
        row.retailer,
        row.title.as_deref().map(category_of_title),
        row.title,
        row.price,
        row.original_price,
        row.code,
        row.image_urls,
        status::instant_before(options.as_of, row.days_ago, dice),
        review_status,
        if monitor { "monitor" } else { "baseline" },
    ])?;
    Ok(())
}

/// A sentence, for five products in six.
fn description(listing: &Listing, dice: &mut Dice) -> Option<String> {
    let cut =
        dice.pick(&["Relaxed fit", "Fitted through the bodice", "Falls below the knee", "Lined, with a back zip"]);
    let care = dice.pick(&["Machine wash cold.", "Dry clean only.", "Hand wash."]);
    dice.permille(850).then(|| format!("{}. {cut}, in {}. {care}", listing.title, listing.colour.to_lowercase()))
}

fn category(listing: &Listing) -> &'static str {
    category_of_title(&listing.title)
}

fn category_of_title(title: &str) -> &'static str {
    if title.contains("Dress") || title.contains("Gown") || title.contains("Kaftan") { "dresses" } else { "tops" }
}

fn clothing_type(listing: &Listing) -> &'static str {
    if category(listing) == "dresses" { "dress" } else { "separate" }
}
