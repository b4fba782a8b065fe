//! Golden figures of the shared sample shop; skipped where it is absent.

use std::{collections::BTreeMap, fs, path::Path};

use super::*;
use crate::bundles::{baskets::testing::Orders, items::Item, speed::Speeds};

/// The orders, the pieces sold of each item, and the end of each item's SKU.
fn shop() -> Option<(Orders, Vec<u64>, Vec<String>)> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/shop/store_SET_SYNTH1_orders.csv");
    let Ok(text) = fs::read_to_string(&file) else {
        eprintln!("skipped: there is no {}", file.display());
        return None;
    };
    let cells: Vec<Vec<&str>> = text.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let mut skus: BTreeMap<&str, &str> = BTreeMap::new();
    for row in &cells {
        skus.insert(row[2], &row[3][row[3].len() - 4..]);
    }
    let items: BTreeMap<&str, u32> = skus.keys().copied().zip(0..).collect();
    let mut orders: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    let mut units = vec![0; items.len()];
    for row in &cells {
        orders.entry(row[0]).or_default().push(items[row[2]]);
        units[items[row[2]] as usize] += row[5].parse::<u64>().unwrap();
    }
    let orders: Vec<Vec<u32>> = orders.into_values().collect();
    Some((Orders::of(&orders), units, skus.into_values().map(str::to_owned).collect()))
}

#[test]
fn golden_pairs_of_the_sample_shop() {
    let Some((orders, units, skus)) = shop() else { return };
    let found = pairs(orders.baskets(), &top(&units, 50));
    assert_eq!((found.len(), found.iter().filter(|pair| pair.is_kept).count()), (276, 208));
    let sku = |item: Item| skus[item.index()].as_str();
    for (pair, (first, second, together, cosine, blend)) in found.iter().zip([
        ("0028", "0059", 16, 0.617_697, 0.770_618),
        ("0030", "0047", 4, 0.843_402, 0.666_041),
        ("0026", "0061", 12, 0.229_979, 0.537_987),
        ("0028", "0057", 14, 0.210_374, 0.526_224),
        ("0028", "0058", 12, 0.210_373, 0.526_224),
    ]) {
        let mut named = pair.items.map(sku);
        named.sort_unstable();
        assert_eq!((named, pair.together), ([first, second], together));
        assert!((pair.cosine - cosine).abs() < 1e-6 && (pair.blend - blend).abs() < 1e-6, "{pair:?}");
    }
}

#[test]
fn golden_speeds_of_the_sample_shop() {
    let Some((_, units, _)) = shop() else { return };
    let speeds = Speeds::of(&units);
    assert_eq!((speeds.quartiles, speeds.slow(), speeds.fast()), ([18, 26, 33], 11, 13));
    assert_eq!(
        allocated(total(45), Some((speeds.slow(), speeds.fast())), 450),
        Allocation { fbt: 4, bogo: 2, volume: 4 }
    );
}
