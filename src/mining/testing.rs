//! What the tests of this room share.

use std::sync::Arc;

use polars::prelude::{Column, DataFrame};

use crate::operator::{NoStorage, StageContext};

/// A context that goes nowhere.
pub fn context() -> StageContext {
    StageContext {
        as_of: "2026-03-01T04:30:00Z".parse().expect("an instant"),
        seed: 1,
        ..StageContext::alone(Arc::new(NoStorage))
    }
}

/// The lists of a column `items` as JSON.
pub fn item_lists(frame: &DataFrame) -> Vec<String> {
    let items = frame.column("items").expect("a column of items");
    (0..items.len()).map(|row| lists_of(items, row)).collect()
}

fn lists_of(items: &Column, row: usize) -> String {
    let list = items.list().expect("lists").get_as_series(row).expect("a list");
    serde_json::to_string(&list.str().expect("texts").iter().collect::<Vec<_>>()).expect("JSON")
}

/// The items of a column of sides of rules as JSON, in the form of a table.
pub fn sides(frame: &DataFrame, name: &str) -> Vec<String> {
    let record = frame.column(name).expect("a side").struct_().expect("records");
    let items = Column::from(record.field_by_name("items").expect("items"));
    (0..items.len()).map(|row| format!("{{\"items\":{}}}", lists_of(&items, row))).collect()
}
