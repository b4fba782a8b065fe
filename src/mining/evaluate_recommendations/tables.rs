//! The tables that recommendations are read from: similar items, a model, rules.

use std::collections::BTreeMap;

use polars::prelude::*;

use super::super::model_table::ShopModels;
use crate::operator::{ColumnKind, Columns, Field as RecordField, Frames, StageError, for_each_batch};

/// The columns of `similar_items` that are read.
pub const SIMILAR: Columns = &[
    ("shop_id", ColumnKind::Text),
    ("item_id", ColumnKind::Text),
    ("similar_item", ColumnKind::Text),
    ("score", ColumnKind::Float),
];

/// A side of a rule.
const SIDE: ColumnKind = ColumnKind::Record(&[RecordField::new("items", ColumnKind::Texts)]);

/// The columns of rules that are read.
pub const RULES: Columns =
    &[("shop_id", ColumnKind::Text), ("antecedent", SIDE), ("consequent", SIDE), ("confidence", ColumnKind::Float)];

/// Items of a side, the one at the head, and what the rule says; a similar item is a rule of one item.
pub type Rule = (Vec<String>, String, f64);

/// By shop.
pub type Rules = BTreeMap<Option<String>, Vec<Rule>>;

/// What is there.
pub struct Tables {
    pub similar: Option<Rules>,
    pub model: Option<ShopModels>,
    pub rules: Option<Rules>,
}

impl Tables {
    /// Takes them from the inputs.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn read(inputs: &mut Frames) -> Result<Self, StageError> {
        Ok(Self {
            similar: inputs.take_optional("similar_items").map(|rows| read(rows, SIMILAR, single_items)).transpose()?,
            model: inputs.take_optional("model").map(ShopModels::read).transpose()?,
            rules: inputs.take_optional("rules").map(|rows| read(rows, RULES, sides)).transpose()?,
        })
    }
}

/// The items of each row.
type Lists = Vec<Vec<String>>;

/// Each row has one item, or none.
fn single_items(column: &Column) -> PolarsResult<Lists> {
    Ok(column.str()?.iter().map(|item| item.map(str::to_owned).into_iter().collect()).collect())
}

/// Each row is a record of items.
fn sides(column: &Column) -> PolarsResult<Lists> {
    let items = column.struct_()?.field_by_name("items")?;
    let lists = items.list()?;
    (0..lists.len())
        .map(|row| match lists.get_as_series(row) {
            Some(items) => Ok(items.str()?.iter().flatten().map(str::to_owned).collect()),
            None => Ok(Vec::new()),
        })
        .collect()
}

/// Reads rows of shop, items, items and a number; heads of more than one item are passed over.
fn read(rows: LazyFrame, columns: Columns, lists: fn(&Column) -> PolarsResult<Lists>) -> Result<Rules, StageError> {
    let mut rules = Rules::new();
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let [shop, body, head, figure] = names[..] else { return Ok(rules) };
    let wanted: Vec<Expr> = names.iter().map(|name| col(*name)).collect();
    for_each_batch(rows.select(wanted), StageError::from, |batch| {
        let (shops, figures) = (batch.column(shop)?.str()?, batch.column(figure)?.f64()?);
        let (bodies, heads) = (lists(batch.column(body)?)?, lists(batch.column(head)?)?);
        for (((shop, body), mut head), figure) in shops.iter().zip(bodies).zip(heads).zip(figures.iter()) {
            if let (Some(figure), Some(item), true) = (figure, head.pop(), head.is_empty()) {
                rules.entry(shop.map(str::to_owned)).or_default().push((body, item, figure));
            }
        }
        Ok(())
    })?;
    Ok(rules)
}
