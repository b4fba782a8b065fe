//! Bulk operations of Shopify: an object a line, which may say by `__parentId` that it belongs to one before.

use std::collections::{HashMap, VecDeque};

use serde_json::Value;

use crate::orders::reading::{
    flat::{Row, cells},
    json_stream::Flow,
};

/// Objects that are held in case that others belong to them; these follow soon.
const HELD: usize = 4096;

/// The objects that wait for those that belong to them.
#[derive(Default)]
pub struct Bulk {
    held: HashMap<String, Held>,
    order: VecDeque<String>,
}

struct Held {
    cells: Row,
    /// Whether a row was made of it and one that belongs to it.
    is_given: bool,
}

impl Bulk {
    /// The key by which an object names the one that it belongs to.
    pub const PARENT: &'static str = "__parentId";

    /// The cells of an object that belongs to another, the other's left out but for its id; `None` of other objects. One
    /// of no use has none.
    pub fn own_cells(object: &Value) -> Option<Row> {
        object.get(Self::PARENT)?;
        Some(part_cells(object).unwrap_or_default())
    }

    /// Adds an object, and gives the rows that are known with it.
    ///
    /// # Errors
    /// What `give` says.
    pub fn add(&mut self, object: &Value, give: &mut impl FnMut(Row) -> Result<Flow, String>) -> Result<Flow, String> {
        let row = match object.get(Self::PARENT).and_then(Value::as_str) {
            None => cells("", object.clone()),
            Some(parent) => {
                let Some(own) = part_cells(object) else { return Ok(Flow::GoOn) };
                let above = match self.held.get_mut(parent) {
                    Some(held) => {
                        held.is_given = true;
                        held.cells.clone()
                    }
                    None => vec![("id".to_owned(), parent.to_owned())],
                };
                above.into_iter().chain(own).collect()
            }
        };
        let Some(id) = object.get("id").and_then(Value::as_str) else { return give(row) };
        self.order.push_back(id.to_owned());
        self.held.insert(id.to_owned(), Held { cells: row, is_given: false });
        if self.order.len() > HELD { self.give_first(give) } else { Ok(Flow::GoOn) }
    }

    /// Gives the rows that are left.
    ///
    /// # Errors
    /// What `give` says.
    pub fn finish(&mut self, give: &mut impl FnMut(Row) -> Result<Flow, String>) -> Result<Flow, String> {
        while !self.order.is_empty() {
            if self.give_first(give)? == Flow::Stop {
                return Ok(Flow::Stop);
            }
        }
        Ok(Flow::GoOn)
    }

    fn give_first(&mut self, give: &mut impl FnMut(Row) -> Result<Flow, String>) -> Result<Flow, String> {
        match self.order.pop_front().and_then(|id| self.held.remove(&id)) {
            Some(held) if !held.is_given => give(held.cells),
            _ => Ok(Flow::GoOn),
        }
    }
}

/// The cells of an object that is a part of another, under the name that such parts have; `None` of parts that are no rows.
fn part_cells(object: &Value) -> Option<Row> {
    let kind = object.get("id").and_then(Value::as_str)?.strip_prefix("gid://shopify/")?.split('/').next()?;
    let way = match kind {
        "LineItem" => "line_items",
        "ProductVariant" => "variants",
        "InventoryLevel" => "inventory_levels",
        _ => return None,
    };
    let mut object = object.clone();
    object.as_object_mut()?.remove(Bulk::PARENT);
    Some(cells(way, object))
}
