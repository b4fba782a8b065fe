//! The tables that recommendations are read from: similar items, a model, rules.

use std::collections::BTreeMap;

use polars::prelude::*;
use serde::Deserialize;

use super::super::model_table::ShopModels;
use crate::operator::{ColumnKind, Columns, Frames, StageError, for_each_batch};

/// The columns of `similar_items` that are read.
pub const SIMILAR: Columns = &[
    ("shop_id", ColumnKind::Text),
    ("item_id", ColumnKind::Text),
    ("similar_item", ColumnKind::Text),
    ("score", ColumnKind::Float),
];

/// The columns of rules that are read.
pub const RULES: Columns = &[
    ("shop_id", ColumnKind::Text),
    ("antecedent", ColumnKind::Text),
    ("consequent", ColumnKind::Text),
    ("confidence", ColumnKind::Float),
];

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

#[derive(Deserialize)]
struct Side {
    items: Vec<String>,
}

impl Tables {
    /// Takes them from the inputs.
    ///
    /// # Errors
    /// When they cannot be read, or a side of a rule is no list of items.
    pub fn read(inputs: &mut Frames) -> Result<Self, StageError> {
        let one = |text: &str| Ok(vec![text.to_owned()]);
        Ok(Self {
            similar: inputs.take_optional("similar_items").map(|rows| read(rows, SIMILAR, one)).transpose()?,
            model: inputs.take_optional("model").map(ShopModels::read).transpose()?,
            rules: inputs.take_optional("rules").map(|rows| read(rows, RULES, side)).transpose()?,
        })
    }
}

fn side(text: &str) -> Result<Vec<String>, StageError> {
    let side: Side = serde_json::from_str(text).map_err(|_| StageError::Input {
        port: "rules".to_owned(),
        problem: format!("the side {text} is no object with a list of items"),
        mend: "connect the output `rules` of mine-rules".to_owned(),
    })?;
    Ok(side.items)
}

/// Reads rows of shop, items, items and a number; heads of more than one item are passed over.
fn read(
    rows: LazyFrame,
    columns: Columns,
    side: impl Fn(&str) -> Result<Vec<String>, StageError>,
) -> Result<Rules, StageError> {
    let mut rules = Rules::new();
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let [shop, body, head, figure] = names[..] else { return Ok(rules) };
    let wanted: Vec<Expr> = names.iter().map(|name| col(*name)).collect();
    for_each_batch(rows.select(wanted), StageError::from, |batch| {
        let text = |name: &str| batch.column(name).and_then(|column| column.str());
        let (shops, bodies, heads, figures) = (text(shop)?, text(body)?, text(head)?, batch.column(figure)?.f64()?);
        for (((shop, body), head), figure) in shops.iter().zip(bodies.iter()).zip(heads.iter()).zip(figures.iter()) {
            let (Some(body), Some(head), Some(figure)) = (body, head, figure) else { continue };
            let mut head = side(head)?;
            if let (Some(head), true) = (head.pop(), head.is_empty()) {
                rules.entry(shop.map(str::to_owned)).or_default().push((side(body)?, head, figure));
            }
        }
        Ok(())
    })?;
    Ok(rules)
}
