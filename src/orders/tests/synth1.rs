//! The facts of the shared sample shop; skipped where it is absent.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    sync::Arc,
};

use polars::prelude::*;

use super::super::{enrich::EnrichOrders, testing::*};
use crate::operator::{Frames, Operator};

fn shop() -> Option<Outputs> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/shop");
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        files.push((name, fs::read(entry.path()).unwrap()));
    }
    if files.is_empty() {
        eprintln!("skipped: there is no {}", folder.display());
        return None;
    }
    files.sort();
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    Some(try_ingest(&operator(), &files, 1, 1 << 20).unwrap())
}

fn sum(frame: &DataFrame, column: &str) -> i64 {
    frame.column(column).unwrap().i64().unwrap().sum().unwrap()
}

/// How many rows have each value.
fn counts(frame: &DataFrame, column: &str) -> Vec<(i64, usize)> {
    let mut counts: BTreeMap<i64, usize> = BTreeMap::new();
    for value in frame.column(column).unwrap().i64().unwrap().iter().flatten() {
        *counts.entry(value).or_default() += 1;
    }
    counts.into_iter().collect()
}

/// Pairs of variants that are in an order together.
fn pairs(lines: &DataFrame) -> usize {
    let text = |name: &str| lines.column(name).unwrap().str().unwrap().iter().map(Option::unwrap);
    let mut orders: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (order, variant) in text("order_id").zip(text("variant_id")) {
        orders.entry(order).or_default().insert(variant);
    }
    let mut pairs = BTreeSet::new();
    for items in orders.values() {
        for (place, item) in items.iter().enumerate() {
            pairs.extend(items.iter().skip(place + 1).map(|other| (*item, *other)));
        }
    }
    pairs.len()
}

#[test]
fn the_sample_shop_is_read_whole() {
    let Some(outputs) = shop() else { return };
    let height = |port: &str| outputs.frame(port).height();
    let heights = ["orders", "order_lines", "variants", "inventory", "catalog", "rejected"].map(height);
    assert_eq!(heights, [450, 1_019, 45, 90, 45, 0]);
    let lines = outputs.frame("order_lines");
    assert_eq!(counts(lines, "quantity"), [(1, 750), (2, 269)]);
    assert_eq!(counts(outputs.frame("orders"), "basket_line_count"), [(2, 331), (3, 119)]);
    assert_eq!(outputs.frame("catalog").column("product_id").unwrap().n_unique().unwrap(), 12);
    assert_eq!(pairs(lines), 276);
    let contiguous = lines.column("order_id").unwrap().as_materialized_series().rle_count();
    assert_eq!(contiguous, 450, "the lines of an order are together");
    let compare = outputs.frame("variants").column("compare_at_price_cents").unwrap();
    assert_eq!(compare.len() - compare.null_count(), 14);
    assert_eq!(outputs.rows("files", &["kind"]), ["catalog_joined", "inventory_levels", "variants", "orders"]);
    let units = outputs.frame("orders").column("created_at").unwrap().unique().unwrap();
    assert_eq!(units.len(), 1);
}

/// Runs of equal neighbours.
trait Runs {
    fn rle_count(&self) -> usize;
}

impl Runs for Series {
    fn rle_count(&self) -> usize {
        let texts: Vec<_> = self.str().unwrap().iter().collect();
        texts.chunk_by(|a, b| a == b).count()
    }
}

#[test]
fn every_line_of_the_sample_shop_is_linked_and_stock_is_the_sum_of_two_locations() {
    let Some(outputs) = shop() else { return };
    let storage = Arc::new(Memory::default());
    let mut inputs = Frames::new();
    for port in ["order_lines", "variants", "inventory", "catalog"] {
        inputs = inputs.with(port, outputs.frame(port).clone());
    }
    let mut made = EnrichOrders::default().run(inputs, &context(storage.clone())).unwrap();
    let (snapshots, metrics) = (made.take("snapshots").unwrap(), made.take("metrics").unwrap());
    let metrics = metrics.collect().unwrap();
    assert_eq!(
        rows(
            &metrics,
            &[
                "shop_id",
                "as_of",
                "total_order_lines",
                "resolved_variants",
                "enriched_lines",
                "basket_lines",
                "catalog_coverage_ratio",
                "blocked_no_variants_or_catalog"
            ]
        ),
        ["s | 2025-01-01T00:00:00Z | 1019 | 1019 | 1019 | 1019 | 1.0 | false"]
    );
    let snapshots = snapshots.collect().unwrap();
    let stock = snapshots.column("available_total").unwrap().i64().unwrap();
    assert_eq!((stock.min(), stock.max(), snapshots.height()), (Some(37), Some(160), 45));
    let flags = |name: &str| snapshots.column(name).unwrap().bool().unwrap().sum().unwrap();
    assert_eq!([flags("is_seasonal"), flags("is_high_margin"), flags("is_new_launch")], [39, 45, 0]);
    assert_eq!(flags("is_slow_mover"), 0, "all sales fall on the day");
    assert_eq!(sum(&snapshots, "units_60_days"), 1_288);
    let written = Outputs::of(&storage);
    assert_eq!(written.frame("basket_lines").height(), 1_019);
    assert_eq!(written.frame("enriched_lines").height(), 1_019);
}
