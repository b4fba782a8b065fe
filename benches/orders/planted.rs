//! Whether the bundles that were planted in the orders are found: recall, and their places by lift.

use std::{
    collections::{HashMap, HashSet},
    fs::File,
    path::Path,
};

use polars::prelude::{DataFrame, ParquetReader, SerReader};
use serde_json::Value;

use crate::report::Figure;

/// Items of a bundle or of a rule, in order.
type Items = Vec<String>;

/// The planted bundles of `world` against the itemsets and rules in `out`.
pub fn figures(world: &Path, out: &Path) -> Result<Vec<Figure>, String> {
    let planted = planted(&world.join("true_bundles.ndjson"))?;
    let itemsets = itemsets(&out.join("itemsets.parquet"))?;
    let frequent: HashMap<&str, &HashSet<Items>> = itemsets.iter().map(|(shop, sets)| (shop.as_str(), sets)).collect();
    let all: usize = planted.values().map(Vec::len).sum();
    let found: usize = planted
        .iter()
        .map(|(shop, bundles)| {
            bundles
                .iter()
                .filter(|bundle| frequent.get(shop.as_str()).is_some_and(|sets| sets.contains(*bundle)))
                .count()
        })
        .sum();
    let recall = found as f64 / all.max(1) as f64;
    let rules = rules(&out.join("association_rules.parquet"))?;
    let (mut first, mut places) = (0, Vec::new());
    for (shop, bundles) in &planted {
        let ranked = rules.get(shop).map_or(&[][..], Vec::as_slice);
        // What is a part of a planted bundle, or holds one, is there because of it and takes no place.
        let kin = |items: &Items| {
            bundles.iter().any(|bundle| {
                bundle != items
                    && (items.iter().all(|i| bundle.contains(i)) || bundle.iter().all(|i| items.contains(i)))
            })
        };
        for (place, items) in ranked.iter().filter(|items| bundles.contains(items) || !kin(items)).enumerate() {
            if bundles.contains(items) {
                first += usize::from(place < bundles.len());
                places.push(place + 1);
            }
        }
    }
    places.sort_unstable();
    let median = places.get(places.len() / 2).map_or("none".to_owned(), usize::to_string);
    let precision = first as f64 / all.max(1) as f64;
    Ok(vec![
        Figure::plain("planted bundles", all.to_string()),
        Figure::plain("of them found among the itemsets", format!("{:.1} %", 100.0 * recall)),
        Figure::plain("of them among as many rules of their shop by lift", format!("{:.1} %", 100.0 * precision)),
        Figure::plain("their median place among their shop's rules by lift", median),
    ])
}

/// Bundles by shop.
fn planted(path: &Path) -> Result<HashMap<String, Vec<Items>>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut bundles: HashMap<String, Vec<Items>> = HashMap::new();
    for line in text.lines() {
        let value: Value = serde_json::from_str(line).map_err(|error| format!("{}: {error}", path.display()))?;
        let shop = value["shop_id"].as_str().unwrap_or_default().to_owned();
        bundles.entry(shop).or_default().push(texts(&value["items"]));
    }
    Ok(bundles)
}

fn texts(value: &Value) -> Items {
    let mut items: Items =
        value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    items.sort_unstable();
    items
}

fn itemsets(path: &Path) -> Result<HashMap<String, HashSet<Items>>, String> {
    let frame = read(path)?;
    let mut sets: HashMap<String, HashSet<Items>> = HashMap::new();
    let lists = frame.column("items").and_then(|column| column.list()).map_err(|error| error.to_string())?;
    let shops = frame.column("shop_id").and_then(|column| column.str()).map_err(|error| error.to_string())?;
    for row in 0..frame.height() {
        let list = lists.get_as_series(row);
        let items = list.iter().flat_map(|list| list.str().into_iter().flat_map(|texts| texts.iter().flatten()));
        let mut items: Items = items.map(str::to_owned).collect();
        items.sort_unstable();
        sets.entry(shops.get(row).unwrap_or_default().to_owned()).or_default().insert(items);
    }
    Ok(sets)
}

/// The sets of each shop's rules, each once, where their first rule stands: the rules are in the order of lift.
fn rules(path: &Path) -> Result<HashMap<String, Vec<Items>>, String> {
    let frame = read(path)?;
    let mut seen = HashSet::new();
    let mut ranked: HashMap<String, Vec<Items>> = HashMap::new();
    for_each_row(&frame, ["shop_id", "antecedent", "consequent"], |shop, sides: [&str; 2]| {
        let side = |text: &str| texts(&serde_json::from_str::<Value>(text).unwrap_or_default()["items"]);
        let mut items: Items = sides.into_iter().flat_map(side).collect();
        items.sort_unstable();
        if seen.insert((shop.to_owned(), items.clone())) {
            ranked.entry(shop.to_owned()).or_default().push(items);
        }
    })?;
    Ok(ranked)
}

fn read(path: &Path) -> Result<DataFrame, String> {
    let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    ParquetReader::new(file).finish().map_err(|error| format!("{}: {error}", path.display()))
}

/// Calls `visit` with the shop and the other columns of each row; all are texts.
fn for_each_row<const N: usize, const M: usize>(
    frame: &DataFrame,
    names: [&str; N],
    mut visit: impl FnMut(&str, [&str; M]),
) -> Result<(), String> {
    let texts = names
        .iter()
        .map(|name| frame.column(name).and_then(|column| column.str()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| error.to_string())?;
    for row in 0..frame.height() {
        let shop = texts[0].get(row).unwrap_or_default();
        visit(shop, std::array::from_fn(|at| texts[at + 1].get(row).unwrap_or_default()));
    }
    Ok(())
}
