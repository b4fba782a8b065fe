//! Inventory levels: how many of an item lie at a location, the newest row of each.

use std::{borrow::Cow, collections::HashMap};

use crate::orders::{
    reading::{job::Reject, refusing::shown},
    recognising::fields::{Inventory, Kind, Reason},
    rows::{partitions::Rows, row::Row},
    settling::group::{Known, MONTH_OVER_12, reject},
    tables::{
        listed::{Listed, OfShop},
        meaning::{Meaning, of_shop},
        products::made_id,
    },
};

/// A level.
pub struct Level<'a> {
    /// The number of its shop.
    pub shop: u32,
    /// The inventory item: given, else that of the variant with this handle and these options, else with this SKU.
    pub item: Cow<'a, [u8]>,
    /// Where it is; without a column for it, all are at one location.
    pub location: &'a [u8],
    /// How many.
    pub available: i64,
    /// Microseconds; `None` if the file has no dates.
    pub updated_at: Option<i64>,
    row: Row<'a>,
}

/// The levels that count, in the order in which their items and locations first appear.
pub fn levels<'a>(rows: &'a Rows, known: Known<'_>, listed: &Listed<'a>, rejects: &mut Vec<Reject>) -> Vec<Level<'a>> {
    let mut levels: Vec<Level<'a>> = Vec::with_capacity(rows.len());
    let mut places: HashMap<(OfShop<'a>, &'a [u8]), usize> = HashMap::with_capacity(rows.len());
    for row in (0..rows.len()).filter_map(|number| rows.get(number)) {
        let Some(shop) = of_shop(row, known, rejects) else { continue };
        let values = Meaning::of(Kind::InventoryLevels, row, known);
        let text = |field: Inventory| values.text(field.place());
        let number = |field: Inventory| values.number(field.place());
        if number(Inventory::LeftOut).is_some() {
            continue;
        }
        let updated_at = number(Inventory::UpdatedAt);
        if updated_at.is_none() && values.has(Inventory::UpdatedAt.place()) {
            rejects.push(reject(row, Reason::BadDate, "updated_at", MONTH_OVER_12.to_owned()));
            continue;
        }
        let options = [Inventory::Option1, Inventory::Option2, Inventory::Option3].map(text);
        let made = || text(Inventory::Handle).map(|handle| made_id(handle, options));
        let item = match text(Inventory::InventoryItemId) {
            Some(id) => Cow::Borrowed(id),
            None => listed.item(shop, made(), text(Inventory::Sku)),
        };
        let location = text(Inventory::LocationId).unwrap_or(b"default");
        let available = number(Inventory::Available).unwrap_or(0);
        let new = Level { shop, item, location, available, updated_at, row };
        match places.get(&((shop, new.item.clone()), location)).and_then(|place| levels.get_mut(*place)) {
            None => {
                places.insert(((shop, new.item.clone()), location), levels.len());
                levels.push(new);
            }
            Some(old) => {
                let left_out = if new.updated_at < old.updated_at { new } else { std::mem::replace(old, new) };
                let value = shown(&left_out.item);
                rejects.push(reject(left_out.row, Reason::Duplicate, "inventory_item_id", value));
            }
        }
    }
    levels
}
