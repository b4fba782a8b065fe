//! What is read of shops, and what is said of each after its candidates were made.

use std::collections::HashMap;

use polars::prelude::*;

use super::flow::Counts;
use crate::{
    bundles::{list_column::texts_of, objective::Objective, products::ShopRows},
    operator::{ColumnKind, Columns, StageError},
};

use ColumnKind::{Bool, Int, Text, Texts};

/// What is read of shops.
pub const SHOPS_READ: Columns = &[
    ("shop_id", Text),
    ("orders", Int),
    ("multi_item_orders", Int),
    ("order_lines", Int),
    ("objectives", Texts),
    ("problem", Text),
];

/// The columns of `shops`.
pub const CANDIDATE_SHOPS: Columns = &[
    ("shop_id", Text),
    ("orders", Int),
    ("multi_item_orders", Int),
    ("proposed", Int),
    ("unusable", Int),
    ("below_thresholds", Int),
    ("sets", Int),
    ("from_ladder", Int),
    ("from_coverage", Int),
    ("forced", Int),
    ("candidates", Int),
    ("is_late", Bool),
    ("why", Text),
];

/// A shop.
pub struct ShopFacts {
    /// What its bundles are for.
    pub objectives: Vec<Objective>,
    /// Its orders.
    pub orders: i64,
    /// Those of two or more items.
    pub multi_item_orders: i64,
    /// Its order lines.
    pub lines: u64,
    /// What leaves it without bundles.
    pub problem: Option<String>,
}

/// The shops by name.
///
/// # Errors
/// When they cannot be read, or an objective is unknown.
pub fn read_shops(shops: LazyFrame) -> Result<HashMap<Option<String>, ShopFacts>, StageError> {
    let frame = shops.collect()?;
    let (names, problems) = (frame.column("shop_id")?.str()?, frame.column("problem")?.str()?);
    let int = |name: &str| PolarsResult::Ok(frame.column(name)?.i64()?.clone());
    let (orders, multi, lines) = (int("orders")?, int("multi_item_orders")?, int("order_lines")?);
    let (offsets, texts) = texts_of(frame.column("objectives")?)?;
    let mut read = HashMap::new();
    for row in 0..frame.height() {
        let mut objectives = Vec::new();
        for text in (offsets[row]..offsets[row + 1]).filter_map(|place| texts.get(place)) {
            objectives.push(Objective::of_name(text).ok_or_else(|| StageError::Input {
                port: "shops".to_owned(),
                problem: format!("row {}: '{text}' is no objective", row + 1),
                mend: "give the output `shops` of flag-products".to_owned(),
            })?);
        }
        let facts = ShopFacts {
            objectives,
            orders: orders.get(row).unwrap_or_default(),
            multi_item_orders: multi.get(row).unwrap_or_default(),
            lines: lines.get(row).unwrap_or_default().unsigned_abs(),
            problem: problems.get(row).map(str::to_owned),
        };
        read.insert(names.get(row).map(str::to_owned), facts);
    }
    Ok(read)
}

/// A row a shop.
///
/// # Errors
/// When the frame cannot be made.
pub fn report(
    shops: &[ShopRows],
    facts: &HashMap<Option<String>, ShopFacts>,
    counts: &[Counts],
) -> Result<DataFrame, StageError> {
    let of_counts = |of: fn(&Counts) -> usize| counts.iter().map(|counts| of(counts) as i64).collect::<Vec<_>>();
    let of_facts = |of: fn(&ShopFacts) -> i64| {
        shops.iter().map(|shop| facts.get(&shop.shop).map(of).unwrap_or_default()).collect::<Vec<_>>()
    };
    let why = shops.iter().zip(counts).map(|(shop, counts)| why(facts.get(&shop.shop), counts)).collect::<Vec<_>>();
    Ok(df!(
        "shop_id" => shops.iter().map(|shop| shop.shop.as_deref()).collect::<Vec<_>>(),
        "orders" => of_facts(|facts| facts.orders),
        "multi_item_orders" => of_facts(|facts| facts.multi_item_orders),
        "proposed" => of_counts(|counts| counts.proposed),
        "unusable" => of_counts(|counts| counts.unusable),
        "below_thresholds" => of_counts(|counts| counts.below_thresholds),
        "sets" => of_counts(|counts| counts.sets),
        "from_ladder" => of_counts(|counts| counts.ladder),
        "from_coverage" => of_counts(|counts| counts.covered),
        "forced" => of_counts(|counts| counts.forced),
        "candidates" => of_counts(|counts| counts.candidates),
        "is_late" => counts.iter().map(|counts| counts.is_late).collect::<Vec<_>>(),
        "why" => why,
    )?)
}

/// Why a shop has no candidates, or only such as need no orders; null for the others.
fn why(facts: Option<&ShopFacts>, counts: &Counts) -> Option<String> {
    let Some(facts) = facts else { return Some("the shop is not in the table of shops".to_owned()) };
    if counts.is_late {
        return Some("the time was up before its turn".to_owned());
    }
    if counts.is_off {
        return Some("the flag phase.candidate_generation is off".to_owned());
    }
    if counts.candidates == 0 {
        let otherwise = || "nothing is there to be bundled".to_owned();
        return Some(facts.problem.clone().unwrap_or_else(otherwise));
    }
    match (facts.orders, facts.multi_item_orders, counts.sets) {
        (0, ..) => Some("no orders: only what the catalog says".to_owned()),
        (_, 0, _) => Some("no order has two items: quantities and guesses alone".to_owned()),
        (.., 0) => Some("no items meet in enough orders: fallbacks alone".to_owned()),
        _ => None,
    }
}
