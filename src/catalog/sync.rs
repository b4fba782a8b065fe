//! `sync-index`: changes and items into the operations that an index carries out, in their order.

use std::collections::BTreeMap;

use polars::prelude::{
    DataType, Expr, JoinArgs, JoinCoalesce, JoinType, LazyFrame, NULL, SortMultipleOptions, UnionArgs, col, concat, lit,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{embed::ITEM, fields::Class};
use crate::operator::{
    ColumnKind, Frames, InputPort, Inputs, Operator, OutputPort, PortSchema, StageContext, StageError,
};

/// Parameters of `sync-index`.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SyncIndex {}

const CHANGES: InputPort = InputPort::required(
    "changes",
    &[
        ("namespace", ColumnKind::Text),
        ("id", ColumnKind::Text),
        ("change", ColumnKind::Text),
        ("class", ColumnKind::Text),
        ("order", ColumnKind::Int),
    ],
    "The changes of diff-catalog.",
);

const ITEMS: InputPort = InputPort::required("items", &ITEM, "The items of embed-products.");

/// The columns of the operations: what is done, and the item's.
fn columns() -> Vec<(&'static str, ColumnKind)> {
    let mut columns = vec![("operation", ColumnKind::Text), ("class", ColumnKind::Text), ("order", ColumnKind::Int)];
    columns.extend(ITEM);
    columns
}

/// The operations: deletions first, then what is written by class and id. A product has one operation: one that is
/// deleted and there again is written.
fn operations(changes: LazyFrame, items: LazyFrame) -> Result<LazyFrame, StageError> {
    let key = || [col("namespace"), col("id")];
    let classes = changes.clone().filter(col("change").neq(lit("deleted"))).select([
        col("namespace"),
        col("id"),
        col("class"),
        col("order"),
    ]);
    let keeping = JoinArgs { coalesce: JoinCoalesce::CoalesceColumns, ..JoinArgs::new(JoinType::Left) };
    let last = Class::Normal;
    let mut chosen: Vec<Expr> = vec![
        lit("upsert").alias("operation"),
        col("class").fill_null(lit(last.word())),
        col("order").fill_null(lit(last.order())),
    ];
    chosen.extend(ITEM.iter().map(|(name, _)| col(*name)));
    let written = items.clone().join(classes, key(), key(), keeping).select(chosen);
    let there = items.clone().select(key());
    let gone = changes.filter(col("change").eq(lit("deleted")));
    let gone = gone.join(there, key(), key(), JoinArgs::new(JoinType::Anti)).select(deletion(items)?);
    let all = concat([gone, written], UnionArgs::default())?;
    Ok(all.sort(["order", "namespace", "id"], SortMultipleOptions::default()))
}

/// A deletion with the columns of an item, in their types.
fn deletion(mut items: LazyFrame) -> Result<Vec<Expr>, StageError> {
    let schema = items.collect_schema()?;
    let mut chosen = vec![lit("delete").alias("operation"), col("class"), col("order")];
    for (name, _) in ITEM {
        chosen.push(match name {
            "namespace" | "id" | "change" => col(name),
            name => lit(NULL).cast(schema.get(name).cloned().unwrap_or(DataType::String)).alias(name),
        });
    }
    Ok(chosen)
}

impl Operator for SyncIndex {
    const NAME: &'static str = "sync-index";
    const SUMMARY: &'static str =
        "Puts changes and items into the operations that an index sink carries out: deletions first, then by class.";
    const VERSION: u32 = 1;
    const INPUTS: Inputs = Inputs::Ports(&[CHANGES, ITEMS]);

    fn outputs(&self, _: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError> {
        Ok(vec![OutputPort::new(
            "operations",
            "One operation a product, in the order in which they are carried out.",
            &columns(),
        )])
    }

    fn run(&self, mut inputs: Frames, _: &StageContext) -> Result<Frames, StageError> {
        let (changes, items) = (inputs.take("changes")?, inputs.take("items")?);
        Ok(Frames::new().with("operations", operations(changes, items)?))
    }
}

#[cfg(test)]
mod tests {
    use polars::prelude::{IntoLazy, df};

    use super::*;

    #[test]
    fn deletions_come_first_then_the_most_urgent_and_each_product_has_one_operation() {
        let changes = df!(
            "namespace" => ["s", "s", "s", "s"], "id" => ["d", "b", "a", "b"],
            "change" => ["deleted", "modified", "added", "deleted"],
            "class" => ["P0 deletion", "P1 stock", "P3 launch", "P0 deletion"], "order" => [1_i64, 2, 4, 1]
        );
        let mut items = df!("namespace" => ["s", "s", "s"], "id" => ["a", "b", "c"], "change" => ["added", "modified", "unchanged"]).unwrap();
        for (name, kind) in ITEM.iter().skip(3) {
            let kind = kind.data_type().unwrap_or(DataType::Binary);
            items.with_column(polars::prelude::Column::full_null((*name).into(), 3, &kind)).unwrap();
        }
        let made = operations(changes.unwrap().lazy(), items.lazy()).unwrap().collect().unwrap();
        let text =
            |name: &str| made.column(name).unwrap().str().unwrap().iter().flatten().collect::<Vec<_>>().join(" ");
        assert_eq!(text("operation"), "delete upsert upsert upsert");
        assert_eq!(text("id"), "d b a c");
        assert_eq!(made.column("order").unwrap().i64().unwrap().iter().flatten().collect::<Vec<_>>(), [1, 2, 4, 5]);
    }
}
