//! `mine-itemsets`: what is often bought together, for every shop with its own support.

use std::collections::BTreeMap;

use polars::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    baskets::{Baskets, count_of_share},
    itemsets::{Itemsets, Search, Target},
};
use crate::operator::{
    Column as PortColumn, ColumnKind, Frames, InputPort, Inputs, Operator, OutputPort, ParamError, PortSchema,
    StageContext, StageError,
};

/// Mines itemsets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MineItemsets {
    /// The share of a shop's transactions that must hold a set. From 0 to 1.
    pub support: f64,
    /// The number of transactions that must hold a set, whatever the share. At least 1.
    pub min_count: u32,
    /// A transaction with fewer different items does not count, neither for a set nor for the share.
    pub min_items: usize,
    /// The most items of a set; null for no limit.
    pub max_size: Option<usize>,
    /// Which sets.
    pub target: Target,
}

impl Default for MineItemsets {
    fn default() -> Self {
        Self { support: 0.02, min_count: 2, min_items: 2, max_size: Some(4), target: Target::All }
    }
}

const LINES: [&str; 3] = ["shop", "transaction", "item"];

impl Operator for MineItemsets {
    const NAME: &'static str = "mine-itemsets";
    const SUMMARY: &'static str =
        "Finds the items that are often bought together, for every shop with its own support.";
    const VERSION: u32 = 1;

    fn inputs() -> Inputs {
        let column = |name: &str, kind, optional| PortColumn { optional, ..PortColumn::new(name, kind) };
        Inputs::Ports(vec![InputPort {
            name: "lines",
            required: true,
            columns: vec![
                column("shop", ColumnKind::Any, true),
                column("transaction", ColumnKind::Any, false),
                column("item", ColumnKind::Any, false),
            ],
            about: "A row an item of a transaction, in any order; an item that comes twice counts once.",
        }])
    }

    fn outputs(&self, _: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError> {
        use ColumnKind::{Float, Int, Text};
        Ok(vec![
            OutputPort::new(
                "itemsets",
                "The sets, a JSON array of the items' texts in order each, by shop, falling count, size and items.",
                &[("shop", Text), ("items", Text), ("size", Int), ("support_count", Int), ("support", Float)],
            ),
            OutputPort::new(
                "rejected",
                "Rows without a transaction or without an item.",
                &[("shop", Text), ("transaction", Text), ("item", Text), ("reason", Text)],
            ),
        ])
    }

    fn validate(&self) -> Result<(), ParamError> {
        ParamError::unless_between("support", self.support, 0.0, 1.0)?;
        ParamError::unless_between("min_count", f64::from(self.min_count), 1.0, f64::from(u32::MAX))
    }

    fn run(&self, mut inputs: Frames, context: &StageContext) -> Result<Frames, StageError> {
        let lines = inputs.take("lines")?.select(LINES.map(|name| col(name).cast(DataType::String)));
        let complete = col("transaction").is_not_null().and(col("item").is_not_null());
        let usable = lines.clone().filter(complete.clone());
        let reason = when(col("transaction").is_null()).then(lit("no transaction")).otherwise(lit("no item"));
        let rejected = lines.filter(complete.not()).with_column(reason.alias("reason"));
        let usable = usable.unique(None, UniqueKeepStrategy::Any).sort(LINES, SortMultipleOptions::default());
        let usable = usable.collect_with_engine(Engine::Streaming)?.unwrap_single();
        context.check_cancelled()?;
        let mut found: Option<DataFrame> = None;
        let mut take = |shop: Option<&str>, baskets: &Baskets| -> Result<(), StageError> {
            context.check_cancelled()?;
            let sets = baskets.mine(self.search(baskets.len()));
            let frame = sets_frame(shop, baskets, &sets)?;
            match &mut found {
                Some(found) => found.vstack_mut_owned(frame).map(drop)?,
                None => found = Some(frame),
            }
            Ok(())
        };
        each_shop(&usable, self.min_items, &mut take)?;
        let found = match found {
            Some(found) => found,
            None => sets_frame(None, &Baskets::default(), &Itemsets::default())?,
        };
        Ok(Frames::new().with("itemsets", found).with("rejected", rejected))
    }
}

impl MineItemsets {
    fn search(&self, transactions: usize) -> Search {
        let min_count = count_of_share(self.support, transactions).max(self.min_count);
        Search { target: self.target, min_count, max_size: self.max_size }
    }
}

/// Calls `take` with each shop's transactions, from rows that are sorted by shop, transaction and item.
fn each_shop(
    lines: &DataFrame,
    min_items: usize,
    take: &mut impl FnMut(Option<&str>, &Baskets) -> Result<(), StageError>,
) -> Result<(), StageError> {
    let [shops, transactions, items] = LINES.map(|name| lines.column(name).and_then(|column| column.str().cloned()));
    let (shops, transactions, items) = (shops?, transactions?, items?);
    let mut baskets = Baskets::default();
    let mut before: Option<(Option<&str>, &str)> = None;
    for ((shop, transaction), item) in shops.iter().zip(transactions.iter()).zip(items.iter()) {
        let (Some(transaction), Some(item)) = (transaction, item) else { continue };
        if let Some((last_shop, last_transaction)) = before
            && (last_shop, last_transaction) != (shop, transaction)
        {
            end_transaction(&mut baskets, min_items)?;
            if last_shop != shop {
                take(last_shop, &baskets)?;
                baskets = Baskets::default();
            }
        }
        baskets.add_item(item);
        before = Some((shop, transaction));
    }
    if let Some((shop, _)) = before {
        end_transaction(&mut baskets, min_items)?;
        take(shop, &baskets)?;
    }
    Ok(())
}

fn end_transaction(baskets: &mut Baskets, min_items: usize) -> Result<(), StageError> {
    baskets.end_transaction(min_items).map_err(|error| StageError::Input {
        port: "lines".to_owned(),
        problem: error.to_string(),
        mend: "mine fewer shops or a shorter time in one stage".to_owned(),
    })
}

/// One shop's transactions from rows of `transaction` and `item`, and how many rows were left out because they lack one.
///
/// # Errors
/// When the rows cannot be read, or are too many.
pub fn read_baskets(lines: LazyFrame) -> Result<(Baskets, usize), StageError> {
    let names = ["transaction", "item"];
    let lines = lines.select(names.map(|name| col(name).cast(DataType::String)));
    let lines = lines.collect_with_engine(Engine::Streaming)?.unwrap_single();
    let complete = lines.drop_nulls::<String>(None)?;
    let left_out = lines.height() - complete.height();
    let lines = complete.lazy().unique(None, UniqueKeepStrategy::Any).sort(names, SortMultipleOptions::default());
    let lines = lines.collect_with_engine(Engine::Streaming)?.unwrap_single();
    let mut baskets = Baskets::default();
    let mut last = None;
    for (transaction, item) in lines.column("transaction")?.str()?.iter().zip(lines.column("item")?.str()?.iter()) {
        if last.is_some() && last != transaction {
            end_transaction(&mut baskets, 1)?;
        }
        baskets.add_item(item.unwrap_or_default());
        last = transaction;
    }
    end_transaction(&mut baskets, 1)?;
    Ok((baskets, left_out))
}

/// Itemsets as the rows of the output `itemsets`.
///
/// # Errors
/// When the frame cannot be made.
pub fn sets_frame(shop: Option<&str>, baskets: &Baskets, sets: &Itemsets) -> Result<DataFrame, StageError> {
    let mut rows: Vec<(String, i64, u32)> = sets
        .iter()
        .map(|(items, count)| {
            let names: Vec<&str> = items.iter().map(|item| baskets.name(*item)).collect();
            (serde_json::Value::from(names).to_string(), items.len() as i64, count)
        })
        .collect();
    rows.sort_unstable_by(|a, b| (b.2, a.1, &a.0).cmp(&(a.2, b.1, &b.0)));
    let all = baskets.len() as f64;
    let columns = vec![
        Series::new("shop".into(), vec![shop; rows.len()]).into_column(),
        Series::new("items".into(), rows.iter().map(|row| row.0.as_str()).collect::<Vec<_>>()).into_column(),
        Series::new("size".into(), rows.iter().map(|row| row.1).collect::<Vec<_>>()).into_column(),
        Series::new("support_count".into(), rows.iter().map(|row| i64::from(row.2)).collect::<Vec<_>>()).into_column(),
        Series::new("support".into(), rows.iter().map(|row| f64::from(row.2) / all).collect::<Vec<_>>()).into_column(),
    ];
    Ok(DataFrame::new(rows.len(), columns)?)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, atomic::AtomicBool};

    use super::*;
    use crate::operator::{NoStorage, Silent};

    fn mine(operator: &MineItemsets, lines: DataFrame) -> (DataFrame, DataFrame) {
        let context = StageContext {
            as_of: "2026-03-01T04:30:00Z".parse().unwrap(),
            seed: 1,
            memory_bytes: 1 << 30,
            progress: Arc::new(Silent),
            cancelled: Arc::new(AtomicBool::new(false)),
            storage: Arc::new(NoStorage),
        };
        let mut frames = operator.run(Frames::new().with("lines", lines), &context).unwrap();
        let mut take = |port| frames.take(port).unwrap().collect().unwrap();
        (take("itemsets"), take("rejected"))
    }

    #[test]
    fn each_shop_has_its_own_support_and_small_transactions_do_not_count() {
        let lines = df!(
            "shop" => ["b", "b", "b", "b", "b", "a", "a", "a", "a"],
            "transaction" => [1_i64, 1, 2, 2, 3, 1, 1, 2, 2],
            "item" => ["y", "x", "x", "y", "x", "x", "z", "z", "z"],
        )
        .unwrap();
        let operator = MineItemsets { support: 0.5, min_count: 1, ..MineItemsets::default() };
        let (sets, rejected) = mine(&operator, lines);
        let expected = df!(
            "shop" => ["a", "a", "a", "b", "b", "b"],
            "items" => ["[\"x\"]", "[\"z\"]", "[\"x\",\"z\"]", "[\"x\"]", "[\"y\"]", "[\"x\",\"y\"]"],
            "size" => [1_i64, 1, 2, 1, 1, 2],
            "support_count" => [1_i64, 1, 1, 2, 2, 2],
            "support" => [1.0; 6],
        )
        .unwrap();
        assert_eq!(sets, expected);
        assert_eq!(rejected.height(), 0);
    }

    #[test]
    fn rows_without_transaction_or_item_are_rejected_and_a_shop_may_be_missing() {
        let lines = df!(
            "shop" => [None::<&str>, None, None, None],
            "transaction" => [Some("t"), Some("t"), None, Some("t")],
            "item" => [Some(7_i64), Some(8), Some(7), None],
        )
        .unwrap();
        let operator = MineItemsets { min_count: 1, target: Target::Maximal, ..MineItemsets::default() };
        let (sets, rejected) = mine(&operator, lines);
        assert_eq!(sets.column("items").unwrap().str().unwrap().get(0), Some("[\"7\",\"8\"]"));
        assert_eq!(sets.height(), 1);
        let reasons: Vec<_> = rejected.column("reason").unwrap().str().unwrap().iter().flatten().collect();
        assert_eq!(reasons, ["no transaction", "no item"]);
    }

    #[test]
    fn no_lines_are_no_sets() {
        let none = df!("shop" => [""; 0], "transaction" => [""; 0], "item" => [""; 0]).unwrap();
        let (sets, rejected) = mine(&MineItemsets::default(), none);
        assert_eq!((sets.height(), rejected.height()), (0, 0));
        assert_eq!(sets.column("shop").unwrap().dtype(), &DataType::String);
    }
}
