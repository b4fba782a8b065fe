//! The items that a quick start looks at: those that sell most.

use crate::bundles::items::Item;

/// The items that sell most, by rising number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Top {
    items: Vec<Item>,
}

impl Top {
    /// The items.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The place of an item among them.
    pub fn place(&self, item: Item) -> Option<usize> {
        self.items.binary_search(&item).ok()
    }
}

/// The items of which most pieces are sold, ties by number; `units` has an entry an item. What was not sold is left out.
pub fn top(units: &[u64], most: usize) -> Top {
    let mut items: Vec<Item> = (0..units.len() as u32).map(Item).filter(|item| units[item.index()] > 0).collect();
    items.sort_by(|one, other| units[other.index()].cmp(&units[one.index()]).then(one.cmp(other)));
    items.truncate(most);
    items.sort_unstable();
    Top { items }
}
