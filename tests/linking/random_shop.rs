//! Random small shops that try every corner the original linking scripts can pass without aborting.

use std::{cell::RefCell, path::Path};

use rand::{Rng, SeedableRng, seq::IndexedRandom};
use rand_pcg::Pcg64Mcg;
use rusqlite::{Connection, params};

/// The tables as the scrapers leave them.
const TABLES: &str =
    concat!(include_str!("../../src/sample/tables.sql"), include_str!("../../pipelines/tables/linking.sql"));

const WORDS: &[&str] = &[
    "satin",
    "Slip",
    "DRESS",
    "midi",
    "Mini",
    "maxi",
    "floral",
    "Lace",
    "in",
    "Black",
    "Zebra",
    "é",
    "ZOË",
    "Straße",
    "ΟΔΟΣ",
    "İstanbul",
    "夏",
    "ワンピース",
    "👗",
    "ﬁne",
    "the",
    "II",
    "-",
    "wrap",
    "pleated",
    "marais",
    "Crème",
    "ǅ",
];
const BLANKS: &[&str] = &[" ", "\t", "\u{a0}", "\u{1c}", "\u{2003}", "\u{3000}", "\u{85}"];
const RETAILERS: &[&str] = &["revolve", "anthropologie", "Revolve", "mañana", ""];

#[derive(Clone)]
struct Product {
    url: String,
    retailer: Option<&'static str>,
    title: Option<String>,
    price: Option<f64>,
    code: Option<String>,
}

/// A shop with its own stream of random draws.
struct Shop {
    random: RefCell<Pcg64Mcg>,
    products: Vec<Product>,
    /// Prices lie between 1 and this; the more rows, the higher, so that the original's windows stay small.
    highest_price: f64,
}

/// Writes shop number `number`: up to 3,500 catalog rows and as many products, or none for the first two numbers.
pub fn write(path: &Path, number: u64) {
    let mut random = Pcg64Mcg::seed_from_u64(number);
    let rows = if number < 2 { 0 } else { random.random_range(1_000..3_500) };
    let products = if number == 0 { 0 } else { random.random_range(1_000..3_500) };
    let mut shop =
        Shop { random: RefCell::new(random), products: Vec::new(), highest_price: products as f64 / 18.0 + 2.0 };
    for serial in 0..products {
        let product = shop.product(serial);
        shop.products.push(product);
    }
    let mut database = Connection::open(path).expect("a database");
    let transaction = database.transaction().expect("a transaction");
    transaction.execute_batch(TABLES).expect("the tables");
    shop.write_products(&transaction);
    shop.write_catalog(&transaction, rows);
    shop.write_patterns(&transaction);
    transaction.commit().expect("a commit");
}

impl Shop {
    fn chance(&self, percent: u32) -> bool {
        self.random.borrow_mut().random_range(0..1000) < percent * 10
    }

    fn below(&self, bound: i64) -> i64 {
        self.random.borrow_mut().random_range(0..bound)
    }

    fn pick<T: Copy>(&self, items: &[T]) -> T {
        *items.choose(&mut *self.random.borrow_mut()).expect("items are never empty")
    }

    fn title(&self) -> String {
        let words = if self.chance(1) { 45 } else { 3 + self.below(5) };
        let mut title = (0..words).map(|_| self.pick(WORDS)).collect::<Vec<_>>().join(" ");
        if self.chance(3) {
            title = format!("{}{title}{}", self.pick(BLANKS), self.pick(BLANKS));
        }
        if self.chance(1) { self.pick(&["", " ", "\t", "x"]).to_owned() } else { title }
    }

    fn price(&self) -> f64 {
        let cents = self.below((self.highest_price * 100.0) as i64) as f64;
        match self.below(4) {
            0 => (cents / 100.0).floor() + 0.99,
            1 => (cents / 100.0).round(),
            _ => cents / 100.0,
        }
    }

    fn code(&self, serial: i64) -> Option<String> {
        match self.below(10) {
            0..5 => Some(format!("WD{serial}")),
            5 => Some(format!("wd{}", serial / 10)),
            6 => Some(String::new()),
            _ => None,
        }
    }

    fn product(&self, serial: i64) -> Product {
        let mut product = Product {
            url: self.url(serial),
            retailer: if self.chance(1) { None } else { Some(self.pick(RETAILERS)) },
            title: Some(self.title()),
            price: Some(self.price()),
            code: self.code(serial),
        };
        // Ties and near ties: another product's title, price or code again.
        if let Some(other) = (!self.products.is_empty() && self.chance(25)).then(|| self.any_product()) {
            product.retailer = other.retailer;
            product.title = if self.chance(60) { other.title } else { other.title.map(|title| self.edited(&title)) };
            if self.chance(80) {
                product.price = other.price;
            }
            if self.chance(20) {
                product.code = other.code;
            }
        }
        match self.below(100) {
            0..2 => product.price = None,
            2..4 => product.price = Some(0.0),
            4..6 => product.title = None,
            _ => {}
        }
        // A null title in reach of a price window would abort the original.
        if product.title.is_none() {
            product.price = None;
        }
        product
    }

    fn any_product(&self) -> Product {
        self.products[self.below(self.products.len() as i64) as usize].clone()
    }

    fn url(&self, serial: i64) -> String {
        let tail = self.pick(&["", "/", "//", "?color=7", "?a=1?b=2", "/?x", "#part", "#part?x=1", "%C3%A9", "é", " "]);
        match self.below(50) {
            0 => format!("?only={serial}"),
            1 => format!("{serial}"),
            2 => format!("/?{serial}"),
            _ => format!("https://www.shop.example/p/{serial}{tail}"),
        }
    }

    fn edited(&self, title: &str) -> String {
        let mut letters: Vec<char> = title.chars().collect();
        for _ in 0..=self.below(3) {
            let at = self.below(letters.len() as i64 + 1) as usize;
            match self.below(4) {
                0 if at < letters.len() => drop(letters.remove(at)),
                1 => letters.insert(at, self.pick(&['x', 'e', ' ', 'Σ', 'é'])),
                2 if at + 1 < letters.len() => letters.swap(at, at + 1),
                _ => letters = letters.iter().collect::<String>().to_uppercase().chars().collect(),
            }
        }
        letters.into_iter().collect()
    }

    /// A catalog row that looks at a product, more or less changed, or at nothing known.
    fn sighting(&self, serial: i64) -> Product {
        if self.products.is_empty() || self.chance(12) {
            return Product { url: self.url(1_000_000 + serial), ..self.product(1_000_000 + serial) };
        }
        let mut row = self.any_product();
        match self.below(10) {
            0..2 => {}
            2..4 => row.url = format!("{}{}", row.url, self.pick(&["/", "?utm=1", "//?x=/", "&y"])),
            4 => row.url = row.url.split('?').next().unwrap_or_default().to_owned(),
            _ => row.url = self.url(2_000_000 + serial),
        }
        match self.below(10) {
            0..3 => {}
            3 => row.code = self.code(serial),
            4 => row.code = Some(String::new()),
            _ => row.code = None,
        }
        row.title = match self.below(10) {
            0..4 => row.title,
            4..8 => row.title.map(|title| self.edited(&title)),
            8 => row.title.map(|title| format!(" {}\u{a0}", title.to_lowercase())),
            _ => Some(self.title()),
        };
        let drift = self.pick(&[0.0, 0.0, 0.0, 0.5, 0.99, -0.99, 1.0, -1.0, 7.0]);
        row.price = row.price.map(|price| ((price + drift) * 100.0).round() / 100.0);
        match self.below(200) {
            0..4 => row.title = None,
            4..8 => row.price = None,
            8..10 => row.price = Some(0.0),
            10..12 => row.title = Some(String::new()),
            12 => row.retailer = None,
            13 => row.retailer = Some("nobody"),
            14 => row.url = String::new(),
            15 => row.price = row.price.map(|price| -price),
            _ => {}
        }
        row
    }

    fn write_products(&self, database: &Connection) {
        let mut insert = database
            .prepare(
                "INSERT OR IGNORE INTO products (id, url, retailer, title, price, product_code, source, shopify_status,
                 modesty_status, assessment_status, lifecycle_stage, data_completeness)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            )
            .expect("a statement");
        let mut id = 0;
        for product in &self.products {
            id += 1 + self.below(3);
            let status = |words: &[&'static str]| match self.below(8) {
                0 => None,
                1 => Some(""),
                _ => Some(self.pick(words)),
            };
            insert
                .execute(params![
                    id,
                    product.url,
                    product.retailer,
                    product.title,
                    product.price,
                    product.code,
                    status(&["new_product_import", "monitor", "baseline_scan", "web_assessment_backfill"]),
                    status(&["published", "draft", "not_uploaded", "rejected", "Published"]),
                    status(&["modest", "not_modest", "pending_review", "not_assessed"]),
                    status(&["queued", "pending_modesty_review", "assessed", "not_assessed"]),
                    self.chance(10).then_some("assessed_approved"),
                    self.chance(20).then_some("partial"),
                ])
                .expect("a product");
        }
    }

    fn write_catalog(&self, database: &Connection, rows: i64) {
        let mut insert = database
            .prepare(
                "INSERT INTO catalog_products (id, catalog_url, retailer, title, price, product_code, image_urls,
                 linked_product_url, link_confidence, link_method) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )
            .expect("a statement");
        let (mut id, mut last): (i64, Option<Product>) = (0, None);
        for serial in 0..rows {
            id += 1 + self.below(2);
            // The same URL again: scans append.
            let row = match last.take() {
                Some(again) if self.chance(6) => again,
                _ => self.sighting(serial),
            };
            let linked = self.chance(8);
            insert
                .execute(params![
                    id,
                    row.url,
                    row.retailer,
                    row.title,
                    row.price,
                    row.code,
                    self.pick(&[None, Some("[]"), Some("[\"https://img.example/1.jpg\"]")]),
                    linked.then_some("https://www.shop.example/earlier"),
                    linked.then_some(0.95),
                    linked.then_some("normalized_url"),
                ])
                .expect("a catalog row");
            last = Some(row);
        }
    }

    /// What earlier nights learned: nothing, a retailer to be matched by title first, or one that is stable.
    fn write_patterns(&self, database: &Connection) {
        for retailer in RETAILERS.iter().copied().chain(["nobody", "elsewhere"]) {
            if self.chance(45) {
                continue;
            }
            let stability = self.pick(&[0.0, 0.3, 0.49999999, 0.5, 0.6, 1.0, 1.0]);
            let method = self.pick(&["exact_url", "normalized_url", "url", "fuzzy_title_price", "exact_title_price"]);
            database
                .execute(
                    "INSERT INTO retailer_url_patterns (retailer, url_stability_score, last_measured, sample_size,
                     best_dedup_method, dedup_confidence_threshold, url_changes_detected, code_changes_detected, notes)
                     VALUES (?1, ?2, '2026-01-01T00:00:00', ?3, ?4, 0.9, 3, 2, 'learned earlier')",
                    params![retailer, stability, self.below(90), method],
                )
                .expect("a pattern");
        }
    }
}
