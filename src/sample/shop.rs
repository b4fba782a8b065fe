//! The shop world: one SQLite database with products, catalog rows and the true links between them.

use std::{path::Path, sync::atomic::AtomicBool};

use super::{
    database::{SampleError, write_database},
    shop_options::{ShopOptions, ShopSummary},
    writing,
};
use crate::operator::Progress;

/// Writes a world into the new SQLite database `path`: the tables `products`, `catalog_products`,
/// `retailer_url_patterns` (empty) and `true_links` (catalog_id, product_id). Rows are made one after another in
/// constant memory, under a temporary name that becomes `path` when all is written.
///
/// The distribution does not depend on the number of rows: with ten times the rows every price window holds ten times
/// the products. Styles, and with them titles, are drawn anew for about every 2.5 products out of some ten million.
///
/// # Errors
/// When `path` exists, cannot be written, or `cancelled` was set.
pub fn write_shop(
    path: &Path,
    options: &ShopOptions,
    progress: &dyn Progress,
    cancelled: &AtomicBool,
) -> Result<ShopSummary, SampleError> {
    progress.total(options.rows.saturating_mul(2));
    write_database(path, |unfinished| writing::fill(unfinished, options, progress, cancelled))
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{super::dirt::Dirt, *};
    use crate::operator::Silent;

    fn write(path: &Path, options: &ShopOptions) -> Result<ShopSummary, SampleError> {
        write_shop(path, options, &Silent, &AtomicBool::new(false))
    }

    fn bytes_of(options: &ShopOptions) -> Vec<u8> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("shop.db");
        write(&path, options).expect("a world");
        std::fs::read(path).expect("a file")
    }

    /// The first column of the first row that `query` gives for a world.
    fn number(path: &Path, query: &str) -> f64 {
        let database = Connection::open(path).expect("a database");
        database.query_row(query, [], |row| row.get(0)).expect(query)
    }

    #[test]
    fn the_same_options_make_the_same_bytes_and_another_seed_does_not() {
        let options = ShopOptions { rows: 333, ..ShopOptions::default() };
        assert_eq!(bytes_of(&options), bytes_of(&options));
        assert_ne!(bytes_of(&options), bytes_of(&ShopOptions { seed: 2, ..options.clone() }));
    }

    #[test]
    fn a_third_of_the_rows_are_one_retailers_and_a_tenth_have_no_product() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("shop.db");
        let summary = write(&path, &ShopOptions { rows: 8_000, ..ShopOptions::default() }).expect("a world");
        assert_eq!(summary, ShopSummary { products: 8_000, catalog_rows: 8_000, true_links: 7_200 });
        let share = number(&path, "SELECT AVG(retailer = 'revolve') FROM products");
        assert!((0.28..0.39).contains(&share), "{share}");
        assert!((number(&path, "SELECT COUNT(DISTINCT retailer) FROM catalog_products") - 10.0).abs() < 0.1);
        let stray = "SELECT COUNT(*) * 1.0 FROM true_links t LEFT JOIN products p ON p.id = t.product_id
                     LEFT JOIN catalog_products c ON c.id = t.catalog_id AND c.retailer = p.retailer WHERE c.id IS NULL";
        assert!(number(&path, stray) < 0.5);
    }

    #[test]
    fn a_price_window_holds_the_same_share_of_the_products_in_a_small_world_and_in_a_large_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let share = |rows: u64| {
            let path = folder.path().join(rows.to_string());
            write(&path, &ShopOptions { rows, ..ShopOptions::default() }).expect("a world");
            number(&path, "SELECT AVG(price > 97.0 AND price < 101.0) FROM products WHERE retailer = 'revolve'")
        };
        let (small, large) = (share(3_000), share(15_000));
        assert!((small - large).abs() < 0.03, "{small} {large}");
    }

    #[test]
    fn only_a_harsh_world_has_products_without_title_and_catalog_rows_without_url() {
        let folder = tempfile::tempdir().expect("a folder");
        let missing = |dirt: Dirt| {
            let path = folder.path().join(format!("{dirt:?}"));
            write(&path, &ShopOptions { rows: 4_000, dirt, ..ShopOptions::default() }).expect("a world");
            number(
                &path,
                "SELECT 1.0 * (SELECT COUNT(*) FROM products WHERE title IS NULL)
                     + (SELECT COUNT(*) FROM catalog_products WHERE catalog_url IS NULL)",
            )
        };
        assert!(missing(Dirt::Mild) < 0.5);
        assert!(missing(Dirt::Harsh) > 1.5);
    }

    #[test]
    fn an_existing_file_is_refused_and_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("shop.db");
        std::fs::write(&path, "mine").expect("a file");
        assert!(matches!(write(&path, &ShopOptions::default()), Err(SampleError::Exists { .. })));
        assert_eq!(std::fs::read_to_string(&path).expect("a file"), "mine");
    }

    #[test]
    fn an_interrupted_writing_leaves_nothing_behind() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("shop.db");
        let result = write_shop(&path, &ShopOptions::default(), &Silent, &AtomicBool::new(true));
        assert!(matches!(result, Err(SampleError::Interrupted)));
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
    }
}
