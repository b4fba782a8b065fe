//! Co-visitation as rows. Items stay numbers until the rows are written: their texts are put in batch by batch.

use std::sync::Arc;

use polars::prelude::*;

use super::{
    super::{
        covisitation::{CoOrders, SimilarItems, Vectors},
        orders::Names,
        recommending::Learned,
    },
    learned_rows::{LearnedRows, append},
};
use crate::operator::{ColumnKind, Frames, StageError};

/// The columns of `covisitation`.
pub const COVISITATION: [(&str, ColumnKind); 7] = [
    ("shop_id", ColumnKind::Text),
    ("item_id", ColumnKind::Text),
    ("neighbour", ColumnKind::Text),
    ("rank", ColumnKind::Int),
    ("orders_together", ColumnKind::Int),
    ("weight", ColumnKind::Float),
    ("normalised_weight", ColumnKind::Float),
];

/// The columns of `similar_items`.
pub const SIMILAR_ITEMS: [(&str, ColumnKind); 8] = [
    ("shop_id", ColumnKind::Text),
    ("item_id", ColumnKind::Text),
    ("similar_item", ColumnKind::Text),
    ("rank", ColumnKind::Int),
    ("score", ColumnKind::Float),
    ("cosine", ColumnKind::Float),
    ("orders_together", ColumnKind::Int),
    ("blend", ColumnKind::Float),
];

/// The columns of `shops`.
pub const SHOPS: [(&str, ColumnKind); 11] = [
    ("shop_id", ColumnKind::Text),
    ("orders", ColumnKind::Int),
    ("all_orders", ColumnKind::Int),
    ("items", ColumnKind::Int),
    ("pairs", ColumnKind::Int),
    ("largest_order", ColumnKind::Int),
    ("bounded_orders", ColumnKind::Int),
    ("bounded_items", ColumnKind::Int),
    ("bounded_pairs", ColumnKind::Int),
    ("copied_orders", ColumnKind::Int),
    ("withheld_items", ColumnKind::Int),
];

/// Decimals of a stored ratio.
const DECIMALS: u32 = 6;

/// Rows of the outputs. An item's number is that of its shop after all items of the shops before.
#[derive(Default)]
pub struct Rows {
    shops: Vec<Option<String>>,
    counts: [Vec<i64>; 10],
    /// By item: its text, its shop's number, the length of its vector.
    items: Vec<String>,
    shop_of_item: Vec<u32>,
    lengths: Vec<f64>,
    /// The number of the first item of the shop in hand.
    first: u32,
    vectors: Option<DataFrame>,
    similar: Option<DataFrame>,
    learned: LearnedRows,
}

impl Rows {
    /// Takes the items of the next shop.
    pub fn begin_shop(&mut self, shop: Option<String>, names: &Names) {
        self.first = self.items.len() as u32;
        let number = self.shops.len() as u32;
        self.items.extend((0..names.len() as u32).map(|item| names.get(item).to_owned()));
        self.shop_of_item.resize(self.items.len(), number);
        self.shops.push(shop);
    }

    /// Adds the shop's counts: its orders of two or more items, and all; its pairs; copies of orders that do not count, and items
    /// that are not to be named.
    pub fn add_counts(&mut self, orders: [u64; 2], co_orders: &CoOrders, pairs: u64, left_out: [usize; 2]) {
        let bounded = co_orders.bounded;
        let [counted, all] = orders;
        let [copies, withheld] = left_out.map(|count| count as u64);
        let items = co_orders.item_count() as u64;
        let bounds = [bounded.largest, bounded.orders, bounded.items, bounded.pairs];
        let numbers = [counted, all, items, pairs].into_iter().chain(bounds).chain([copies, withheld]);
        self.counts.iter_mut().zip(numbers).for_each(|(column, number)| column.push(number as i64));
    }

    /// Adds the shop's vectors.
    ///
    /// # Errors
    /// When the rows cannot be made.
    pub fn add_vectors(&mut self, vectors: &Vectors) -> Result<(), StageError> {
        self.lengths.extend_from_slice(&vectors.lengths);
        let (items, ranks) = self.items_and_ranks(&vectors.offsets);
        let rows = df!(
            "item" => items,
            "other" => self.global(&vectors.neighbours),
            "rank" => ranks,
            "together" => &vectors.together,
            "weight" => &vectors.weights,
        )?;
        append(&mut self.vectors, rows)
    }

    /// Adds the shop's similar items.
    ///
    /// # Errors
    /// When the rows cannot be made.
    pub fn add_similar(&mut self, similar: Option<&SimilarItems>) -> Result<(), StageError> {
        let none = SimilarItems::default();
        let similar = similar.unwrap_or(&none);
        let (items, ranks) = self.items_and_ranks(&similar.offsets);
        let rows = df!(
            "item" => items,
            "other" => self.global(&similar.items),
            "rank" => ranks,
            "score" => &similar.scores,
            "cosine" => &similar.cosines,
            "together" => &similar.together,
            "blend" => &similar.blends,
        )?;
        append(&mut self.similar, rows)
    }

    /// Adds what was learnt of the shop.
    ///
    /// # Errors
    /// When the rows cannot be made.
    pub fn add_learned(&mut self, learned: &Learned, is_offered: &[bool]) -> Result<(), StageError> {
        let shop = self.shops.last().cloned().flatten();
        self.learned.add(shop, self.first, learned, is_offered)
    }

    fn global(&self, items: &[u32]) -> Vec<u32> {
        items.iter().map(|item| self.first + item).collect()
    }

    /// The item of each row, and the row's number among the item's, from 1.
    fn items_and_ranks(&self, offsets: &[usize]) -> (Vec<u32>, Vec<u32>) {
        let rows = offsets.last().copied().unwrap_or_default();
        let (mut items, mut ranks) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
        for (item, ends) in (self.first..).zip(offsets.windows(2)) {
            let length = ends.last().zip(ends.first()).map_or(0, |(end, start)| end - start);
            items.extend(std::iter::repeat_n(item, length));
            ranks.extend(1..=length as u32);
        }
        (items, ranks)
    }

    /// The outputs, beside the lines that were rejected.
    ///
    /// # Errors
    /// When they cannot be made.
    pub fn finish(mut self, rejected: LazyFrame) -> Result<Frames, StageError> {
        if self.shops.is_empty() {
            self.add_vectors(&Vectors::default())?;
            self.add_similar(None)?;
        }
        let texts = Texts {
            items: StringChunked::from_iter(self.items.iter().map(String::as_str)),
            shops: StringChunked::from_iter(self.shops.iter().map(Option::as_deref)),
            shop_of_item: Arc::new(self.shop_of_item),
        };
        let lengths = self.lengths;
        let length = col("item").map(
            move |items| {
                let length = |item: Option<u32>| lengths.get(item? as usize).copied().filter(|length| *length > 0.0);
                let lengths: Float64Chunked = items.u32()?.iter().map(length).collect();
                Ok(lengths.with_name(items.name().clone()).into_column())
            },
            |_, field| Ok(Field::new(field.name().clone(), DataType::Float64)),
        );
        let integer = |name: &str| col(name).cast(DataType::Int64);
        let vectors = self.vectors.unwrap_or_default().lazy().select([
            texts.shop("item").alias("shop_id"),
            texts.item("item").alias("item_id"),
            texts.item("other").alias("neighbour"),
            integer("rank"),
            integer("together").alias("orders_together"),
            col("weight").round(DECIMALS, RoundMode::HalfAwayFromZero),
            (col("weight") / length)
                .fill_null(lit(0.0))
                .round(DECIMALS, RoundMode::HalfAwayFromZero)
                .alias("normalised_weight"),
        ]);
        let rounded = |name: &str| col(name).round(DECIMALS, RoundMode::HalfAwayFromZero);
        let similar = self.similar.unwrap_or_default().lazy().select([
            texts.shop("item").alias("shop_id"),
            texts.item("item").alias("item_id"),
            texts.item("other").alias("similar_item"),
            integer("rank"),
            rounded("score"),
            rounded("cosine"),
            integer("together").alias("orders_together"),
            rounded("blend"),
        ]);
        let (model, quality) = self.learned.finish()?;
        let model = model.lazy().select([
            texts.shop("other").alias("shop_id"),
            texts.item("item").alias("item_id"),
            texts.item("other").alias("recommended"),
            col("weight").cast(DataType::Float64).round(DECIMALS, RoundMode::HalfAwayFromZero),
        ]);
        let shops = std::iter::once(Column::new("shop_id".into(), self.shops));
        let counts = self.counts.into_iter().zip(SHOPS.iter().skip(1));
        let columns = shops.chain(counts.map(|(numbers, (name, _))| Column::new((*name).into(), numbers)));
        let columns: Vec<Column> = columns.collect();
        let shops = DataFrame::new(columns.first().map_or(0, Column::len), columns)?;
        Ok(Frames::new()
            .with("covisitation", vectors)
            .with("similar_items", similar)
            .with("recommendation_model", model)
            .with("recommendation_quality", quality)
            .with("shops", shops)
            .with("rejected", rejected))
    }
}

/// The texts of items and of their shops.
struct Texts {
    items: StringChunked,
    shops: StringChunked,
    shop_of_item: Arc<Vec<u32>>,
}

impl Texts {
    fn item(&self, column: &str) -> Expr {
        let texts = self.items.clone();
        text(column, move |items| texts.take(items))
    }

    fn shop(&self, column: &str) -> Expr {
        let (texts, shop_of_item) = (self.shops.clone(), Arc::clone(&self.shop_of_item));
        text(column, move |items| {
            let shop = |item: Option<u32>| shop_of_item.get(item? as usize).copied();
            texts.take(&items.iter().map(shop).collect::<UInt32Chunked>())
        })
    }
}

/// A column of texts from one of numbers.
fn text(column: &str, texts: impl Fn(&UInt32Chunked) -> PolarsResult<StringChunked> + Send + Sync + 'static) -> Expr {
    col(column).map(
        move |numbers| Ok(texts(numbers.u32()?)?.with_name(numbers.name().clone()).into_column()),
        |_, field| Ok(Field::new(field.name().clone(), DataType::String)),
    )
}
