//! Rules and their counts as rows.

use polars::prelude::*;

use super::{
    super::{
        decimal::rounded,
        rules::{Found, Rule},
    },
    sets::ShopSets,
};
use crate::operator::{ColumnKind, Field as RecordField, StageError};

/// A side of a rule.
const SIDE: ColumnKind = ColumnKind::Record(&[RecordField::new("items", ColumnKind::Texts)]);

/// The columns of the output `rules`.
pub const RULES: [(&str, ColumnKind); 18] = [
    ("id", ColumnKind::Int),
    ("shop_id", ColumnKind::Text),
    ("antecedent", SIDE),
    ("consequent", SIDE),
    ("antecedent_size", ColumnKind::Int),
    ("consequent_size", ColumnKind::Int),
    ("antecedent_count", ColumnKind::Int),
    ("consequent_count", ColumnKind::Int),
    ("support_count", ColumnKind::Int),
    ("support", ColumnKind::Float),
    ("confidence", ColumnKind::Float),
    ("lift", ColumnKind::Float),
    ("leverage", ColumnKind::Float),
    ("conviction", ColumnKind::Float),
    ("support_all_orders", ColumnKind::Float),
    ("p_value", ColumnKind::Float),
    ("q_value", ColumnKind::Float),
    ("created_at", ColumnKind::Timestamp),
];

/// The columns of the output `shops`.
pub const RULE_COUNTS: [(&str, ColumnKind); 13] = [
    ("shop_id", ColumnKind::Text),
    ("orders", ColumnKind::Int),
    ("all_orders", ColumnKind::Int),
    ("itemsets", ColumnKind::Int),
    ("considered", ColumnKind::Int),
    ("rules", ColumnKind::Int),
    ("weak", ColumnKind::Int),
    ("low_lift", ColumnKind::Int),
    ("redundant", ColumnKind::Int),
    ("insignificant", ColumnKind::Int),
    ("withheld", ColumnKind::Int),
    ("tests", ColumnKind::Float),
    ("least_q_value", ColumnKind::Float),
];

/// Rows of the output `rules`.
pub struct RuleRows {
    shops: Vec<Option<String>>,
    sides: [ListStringChunkedBuilder; 2],
    numbers: [Vec<i64>; 5],
    figures: [Vec<f64>; 8],
    created_at: Vec<Option<i64>>,
}

impl Default for RuleRows {
    fn default() -> Self {
        Self {
            shops: Vec::new(),
            sides: std::array::from_fn(|_| ListStringChunkedBuilder::new("items".into(), 0, 0)),
            numbers: Default::default(),
            figures: Default::default(),
            created_at: Vec::new(),
        }
    }
}

impl RuleRows {
    /// Adds a shop's rules; they were made at `created_at`, in microseconds.
    pub fn add(&mut self, shop: &ShopSets, found: &Found, created_at: Option<i64>) {
        for rule in &found.rules {
            self.shops.push(shop.shop.clone());
            self.created_at.push(created_at);
            self.add_rule(shop, rule);
        }
    }

    fn add_rule(&mut self, shop: &ShopSets, rule: &Rule) {
        for (column, items) in self.sides.iter_mut().zip([&rule.antecedent, &rule.consequent]) {
            column.append_values_iter(items.iter().map(|item| shop.name(*item)));
        }
        let counts = rule.counts;
        let numbers = [
            rule.antecedent.len() as i64,
            rule.consequent.len() as i64,
            i64::from(counts.antecedent),
            i64::from(counts.consequent),
            i64::from(counts.both),
        ];
        self.numbers.iter_mut().zip(numbers).for_each(|(column, number)| column.push(number));
        let both = f64::from(counts.both);
        let figures = [
            rounded(both / f64::from(shop.orders)),
            rounded(rule.confidence()),
            rounded(rule.lift(shop.orders)),
            rounded(rule.leverage(shop.orders)),
            rounded(rule.conviction(shop.orders)),
            rounded(both / f64::from(shop.all_orders.max(1))),
            rule.p_value,
            rule.q_value,
        ];
        self.figures.iter_mut().zip(figures).for_each(|(column, figure)| column.push(figure));
    }

    /// The frame; a rule's id is its row's number.
    ///
    /// # Errors
    /// When the frame cannot be made.
    pub fn finish(self) -> Result<DataFrame, StageError> {
        let instant = DataType::Datetime(TimeUnit::Microseconds, None);
        let created_at = Column::new("".into(), self.created_at).cast(&instant)?;
        let ids: Vec<i64> = (1..).take(self.shops.len()).collect();
        let columns = [Column::new("id".into(), ids), Column::new("shop_id".into(), self.shops)];
        let [antecedents, consequents] = self.sides;
        let columns = columns
            .into_iter()
            .chain([side(antecedents)?, side(consequents)?])
            .chain(self.numbers.into_iter().map(|numbers| Column::new("".into(), numbers)))
            .chain(self.figures.into_iter().map(|figures| Column::new("".into(), figures)))
            .chain([created_at]);
        named(columns, &RULES)
    }
}

/// The records of a side.
fn side(mut items: ListStringChunkedBuilder) -> PolarsResult<Column> {
    let items = items.finish().into_series();
    Ok(StructChunked::from_series("".into(), items.len(), [items].iter())?.into_column())
}

/// Rows of the output `shops`.
#[derive(Default)]
pub struct CountRows {
    shops: Vec<Option<String>>,
    numbers: [Vec<i64>; 10],
    tests: Vec<f64>,
    least_q_values: Vec<Option<f64>>,
}

impl CountRows {
    /// Adds a shop's counts.
    pub fn add(&mut self, shop: &ShopSets, found: &Found) {
        self.shops.push(shop.shop.clone());
        let numbers = [
            u64::from(shop.orders),
            u64::from(shop.all_orders),
            shop.sets.counts.len() as u64,
            found.considered,
            found.rules.len() as u64,
            found.weak,
            found.low_lift,
            found.redundant,
            found.insignificant,
            found.withheld,
        ];
        self.tests.push(found.tests);
        self.least_q_values.push(found.least_q_value);
        self.numbers.iter_mut().zip(numbers).for_each(|(column, number)| column.push(number as i64));
    }

    /// The frame.
    ///
    /// # Errors
    /// When the frame cannot be made.
    pub fn finish(self) -> Result<DataFrame, StageError> {
        let shops = std::iter::once(Column::new("shop_id".into(), self.shops));
        let numbers = self.numbers.into_iter().map(|numbers| Column::new("".into(), numbers));
        let figures = [Column::new("".into(), self.tests), Column::new("".into(), self.least_q_values)];
        named(shops.chain(numbers).chain(figures), &RULE_COUNTS)
    }
}

/// A frame of columns with the names of a port.
fn named(columns: impl Iterator<Item = Column>, port: &[(&str, ColumnKind)]) -> Result<DataFrame, StageError> {
    let columns: Vec<Column> = columns.zip(port).map(|(column, (name, _))| column.with_name((*name).into())).collect();
    Ok(DataFrame::new(columns.first().map_or(0, Column::len), columns)?)
}
