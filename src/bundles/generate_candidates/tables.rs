//! The tables of mining that candidates are made of: rules, and what is similar; by shop, with items as numbers.

use std::{collections::HashMap, ops::Range};

use polars::prelude::*;
use serde::Deserialize;

use crate::{
    bundles::{
        items::Item,
        list_column::texts_of,
        products::{ShopProducts, rows_of_shops},
    },
    operator::StageError,
};

/// A rule of a shop.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// The antecedent's items, then the consequent's.
    pub items: Vec<Item>,
    /// See `mine-rules`.
    pub confidence: f64,
    /// See `mine-rules`.
    pub lift: f64,
    /// See `mine-rules`.
    pub support: f64,
}

/// The rows of each shop.
type OfShops = HashMap<Option<String>, Vec<Range<usize>>>;

fn by_shop(frame: &DataFrame) -> Result<OfShops, StageError> {
    let mut shops = OfShops::new();
    for shop in rows_of_shops(frame)? {
        shops.entry(shop.shop).or_default().push(shop.rows);
    }
    Ok(shops)
}

/// Rules of all shops.
pub struct Rules {
    shops: OfShops,
    sides: [(Vec<usize>, StringChunked); 2],
    figures: [Float64Chunked; 3],
}

/// A side of a rule, as JSON has it.
#[derive(Deserialize)]
struct Side {
    items: Vec<String>,
}

impl Rules {
    /// Reads them.
    ///
    /// # Errors
    /// When they cannot be read, or a side is no list of items.
    pub fn read(rules: LazyFrame) -> Result<Self, StageError> {
        let frame = rules.collect_with_engine(Engine::Streaming)?.unwrap_single();
        let side = |name: &str| sides(frame.column(name)?);
        let figure = |name: &str| PolarsResult::Ok(frame.column(name)?.f64()?.rechunk().into_owned());
        Ok(Self {
            shops: by_shop(&frame)?,
            sides: [side("antecedent")?, side("consequent")?],
            figures: [figure("confidence")?, figure("lift")?, figure("support")?],
        })
    }

    /// The rules of a shop in the order of the table, by falling lift, without those that name what is no product.
    pub fn of(&self, shop: Option<&str>, products: ShopProducts<'_>) -> Vec<Rule> {
        let rows = self.shops.get(&shop.map(str::to_owned)).into_iter().flatten().cloned().flatten();
        rows.filter_map(|row| {
            let mut items = Vec::new();
            for (offsets, texts) in &self.sides {
                for place in offsets[row]..offsets[row + 1] {
                    items.push(products.find(texts.get(place)?)?);
                }
            }
            let figure = |place: usize| self.figures[place].get(row).unwrap_or_default();
            Some(Rule { items, confidence: figure(0), lift: figure(1), support: figure(2) })
        })
        .collect()
    }
}

/// The items of each row's side: a record with a list `items`, or the same as JSON.
fn sides(column: &Column) -> Result<(Vec<usize>, StringChunked), StageError> {
    if let Ok(records) = column.struct_() {
        return Ok(texts_of(&records.field_by_name("items")?.into_column())?);
    }
    let (mut offsets, mut texts) = (vec![0], StringChunkedBuilder::new("items".into(), column.len()));
    let mut end = 0;
    for text in column.str()?.iter() {
        let refused = |error: serde_json::Error| StageError::Input {
            port: "rules".to_owned(),
            problem: format!("'{}' is no side of a rule: {error}", text.unwrap_or_default()),
            mend: "give the output `rules` of mine-rules".to_owned(),
        };
        let side: Side = serde_json::from_str(text.unwrap_or("{\"items\":[]}")).map_err(refused)?;
        end += side.items.len();
        side.items.iter().for_each(|item| texts.append_value(item));
        offsets.push(end);
    }
    Ok((offsets, texts.finish()))
}

/// Similar items of all shops.
pub struct SimilarItems {
    shops: OfShops,
    items: StringChunked,
    others: StringChunked,
}

impl SimilarItems {
    /// Reads the first `most` of each item.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn read(similar: LazyFrame, most: usize) -> Result<Self, StageError> {
        let kept = similar.filter(col("rank").lt_eq(lit(most as i64)));
        let frame = kept
            .select([col("shop_id"), col("item_id"), col("similar_item")])
            .collect_with_engine(Engine::Streaming)?
            .unwrap_single();
        let text = |name: &str| PolarsResult::Ok(frame.column(name)?.str()?.rechunk().into_owned());
        Ok(Self { shops: by_shop(&frame)?, items: text("item_id")?, others: text("similar_item")? })
    }

    /// Items with a similar one each, in the order of the table.
    pub fn of(&self, shop: Option<&str>, products: ShopProducts<'_>) -> Vec<[Item; 2]> {
        let rows = self.shops.get(&shop.map(str::to_owned)).into_iter().flatten().cloned().flatten();
        rows.filter_map(|row| Some([products.find(self.items.get(row)?)?, products.find(self.others.get(row)?)?]))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundles::products::{
        Products,
        testing::{Row, table},
    };

    #[test]
    fn rules_are_read_from_json_and_those_of_strangers_are_left_out() {
        let rules = df!(
            "shop_id" => ["s", "s", "t"],
            "antecedent" => ["{\"items\":[\"b\"]}", "{\"items\":[\"gone\"]}", "{\"items\":[\"a\"]}"],
            "consequent" => ["{\"items\":[\"a\",\"c\"]}", "{\"items\":[\"a\"]}", "{\"items\":[\"b\"]}"],
            "confidence" => [0.5, 0.6, 0.7],
            "lift" => [3.0, 2.0, 1.0],
            "support" => [0.02, 0.03, 0.04],
        );
        let rules = Rules::read(rules.unwrap().lazy()).unwrap();
        let rows = [Row::new("s", "a", 1), Row::new("s", "b", 1), Row::new("s", "c", 1)];
        let products = Products::read(table(&rows).lazy()).unwrap();
        let found = rules.of(Some("s"), products.shop(Some("s")).unwrap());
        assert_eq!(found, [Rule { items: vec![Item(1), Item(0), Item(2)], confidence: 0.5, lift: 3.0, support: 0.02 }]);
        let broken = df!(
            "shop_id" => ["s"], "antecedent" => ["b"], "consequent" => ["{}"],
            "confidence" => [0.5], "lift" => [1.0], "support" => [0.1],
        );
        let error = Rules::read(broken.unwrap().lazy()).err().unwrap().to_string();
        assert!(error.contains("'b' is no side of a rule") && error.contains("mine-rules"), "{error}");
    }

    #[test]
    fn similar_items_are_read_up_to_a_rank() {
        let similar = df!(
            "shop_id" => ["s"; 3],
            "item_id" => ["a", "a", "b"],
            "similar_item" => ["b", "c", "gone"],
            "rank" => [1_i64, 2, 1],
        );
        let products =
            Products::read(table(&[Row::new("s", "a", 1), Row::new("s", "b", 1), Row::new("s", "c", 1)]).lazy());
        let products = products.unwrap();
        let of = |most| {
            let similar = SimilarItems::read(similar.as_ref().unwrap().clone().lazy(), most).unwrap();
            similar.of(Some("s"), products.shop(Some("s")).unwrap())
        };
        assert_eq!(of(1), [[Item(0), Item(1)]]);
        assert_eq!(of(2), [[Item(0), Item(1)], [Item(0), Item(2)]]);
    }
}
