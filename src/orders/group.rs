//! The order lines of a partition: by order, each order from its last file, without duplicates.

use std::{borrow::Cow, collections::HashMap};

use super::{
    fields::{Order, Reason},
    intake::BlockPlace,
    parse::{Reject, resolved_time, shown},
    partitions::Rows,
    rows::{Row, Values, hash},
    settle::Settled,
};

/// An order: its shop and its rows, in the order of the files.
pub struct Group {
    /// The shop's number.
    pub shop: u32,
    start: u32,
    end: u32,
}

/// The rows of a partition by order; orders in the order in which they first appear.
pub struct Groups {
    /// The orders.
    pub orders: Vec<Group>,
    members: Vec<u32>,
    /// Rows that belong to no order.
    pub rejects: Vec<Reject>,
}

impl Groups {
    /// The rows of an order, by number.
    pub fn members(&self, order: &Group) -> &[u32] {
        self.members.get(order.start as usize..order.end as usize).unwrap_or_default()
    }
}

/// What grouping needs to know beside the rows.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// What all files together tell.
    pub settled: &'a Settled,
    /// Where the blocks were.
    pub blocks: &'a [BlockPlace],
}

impl Known<'_> {
    /// The file of a row.
    pub fn file(&self, row: Row<'_>) -> u32 {
        self.blocks.get(row.head().block as usize).map_or(0, |place| place.file)
    }

    /// The shop of a row that counts, or why it does not.
    fn shop(&self, row: Row<'_>) -> Result<u32, Option<Reject>> {
        let file = self.file(row);
        let Some(known) = self.settled.files.get(file as usize).filter(|known| known.problem.is_none()) else {
            return Err(None);
        };
        let refuse = |reason, field, value| Err(Some(reject(row, reason, field, value)));
        let Some(shop) = self.settled.shop(file, row.head().shop) else {
            return refuse(Reason::MissingShop, "shop", String::new());
        };
        let is_day_first = known.day_first >> Order::CreatedAt.place() & 1 == 1;
        let is_mixed = !self.settled.mixed.is_empty() && self.settled.mixed.contains(&shop);
        if is_day_first || is_mixed {
            let values = row.decode(Order::FIELDS);
            let created = values.number(Order::CreatedAt.place()).unwrap_or_default();
            if resolved_time(created, is_day_first).is_none() {
                return refuse(Reason::BadDate, "created_at", "a month over 12 where the day comes first".to_owned());
            }
            let currency = values.text(Order::Currency.place());
            if let Some(currency) = currency
                && is_mixed
                && self.settled.currency.get(&shop).is_none_or(|most| most != currency)
            {
                return refuse(Reason::OtherCurrency, "currency", shown(currency));
            }
        }
        Ok(shop)
    }
}

/// A row that is not used.
pub fn reject(row: Row<'_>, reason: Reason, field: &'static str, value: String) -> Reject {
    let head = row.head();
    Reject { block: head.block, line: head.line, reason, field, value }
}

/// Groups the rows of a partition.
pub fn group(rows: &Rows, known: Known<'_>) -> Groups {
    let mut table = Groupings::new(rows.len());
    let mut rejects = Vec::new();
    let mut group_of = Vec::with_capacity(rows.len());
    for number in 0..rows.len() {
        let group = rows.get(number).and_then(|row| match known.shop(row) {
            Ok(shop) => Some(table.group(rows, number as u32, row, shop)),
            Err(reject) => {
                rejects.extend(reject);
                None
            }
        });
        group_of.push(group.unwrap_or(NO_GROUP));
    }
    let mut orders: Vec<Group> = Vec::with_capacity(table.groups.len());
    let mut start = 0;
    for group in &table.groups {
        orders.push(Group { shop: group.shop, start, end: start });
        start += group.rows;
    }
    let mut members = vec![0; start as usize];
    for (number, group) in (0_u32..).zip(&group_of) {
        if let Some(order) = orders.get_mut(*group as usize) {
            if let Some(slot) = members.get_mut(order.end as usize) {
                *slot = number;
            }
            order.end += 1;
        }
    }
    Groups { orders, members, rejects }
}

const NO_GROUP: u32 = u32::MAX;

struct Grouping {
    hash: u64,
    first: u32,
    shop: u32,
    rows: u32,
}

/// Orders by shop and id: open addressing over numbers of groups.
struct Groupings {
    slots: Vec<u32>,
    groups: Vec<Grouping>,
}

impl Groupings {
    fn new(rows: usize) -> Self {
        Self { slots: vec![NO_GROUP; (rows * 2).next_power_of_two().max(16)], groups: Vec::new() }
    }

    fn group(&mut self, rows: &Rows, number: u32, row: Row<'_>, shop: u32) -> u32 {
        let hash = row.head().hash ^ u64::from(shop).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        let mask = self.slots.len() - 1;
        let mut slot = (hash ^ hash >> 29) as usize & mask;
        loop {
            let found = self.slots.get(slot).copied().unwrap_or(NO_GROUP);
            let Some(group) = self.groups.get_mut(found as usize) else {
                let new = self.groups.len() as u32;
                self.groups.push(Grouping { hash, first: number, shop, rows: 1 });
                if let Some(place) = self.slots.get_mut(slot) {
                    *place = new;
                }
                return new;
            };
            if group.hash == hash && group.shop == shop {
                let first = rows.get(group.first as usize).map(Row::first_text);
                if first == Some(row.first_text()) {
                    group.rows += 1;
                    return found;
                }
            }
            slot = (slot + 1) & mask;
        }
    }
}

/// A line of an order after its duplicates were put into it.
pub struct Line<'a> {
    /// Its values.
    pub values: Values<'a>,
    /// Its SKU, or the one made of its variant's id.
    pub sku: Cow<'a, [u8]>,
    /// How many.
    pub quantity: i64,
    /// Cents each.
    pub unit_price: i64,
    /// Cents of the line.
    pub total: i64,
    /// Cents taken off.
    pub discount: i64,
    row: Row<'a>,
    line_number: u32,
}

/// The lines of an order, from its last file; what was left out goes to `rejects`.
pub fn lines<'a>(
    rows: &'a Rows,
    members: &[u32],
    shop: u32,
    known: Known<'_>,
    rejects: &mut Vec<Reject>,
) -> Vec<Line<'a>> {
    let last = members.iter().filter_map(|member| rows.get(*member as usize)).map(|row| known.file(row)).max();
    let mut lines: Vec<Line<'a>> = Vec::with_capacity(members.len());
    let mut seen = Seen::default();
    for row in members.iter().filter_map(|member| rows.get(*member as usize)) {
        if Some(known.file(row)) != last {
            rejects.push(reject(row, Reason::Duplicate, "order_id", shown(row.first_text())));
            continue;
        }
        let line = Line::new(row, shop, known);
        if members.len() == 1 {
            lines.push(line);
            continue;
        }
        let key = line.key();
        match seen.place(key).and_then(|place| lines.get_mut(place)).filter(|other| other.is_same(&line)) {
            Some(other) => rejects.push(other.take_in(line)),
            None => {
                seen.add(key);
                lines.push(line);
            }
        }
    }
    lines
}

/// The keys of an order's lines and their places: most orders have few.
#[derive(Default)]
struct Seen {
    keys: Vec<u64>,
    places: HashMap<u64, usize>,
}

/// So many keys are looked through one by one.
const FEW: usize = 16;

impl Seen {
    fn place(&self, key: u64) -> Option<usize> {
        if self.keys.len() <= FEW {
            return self.keys.iter().position(|known| *known == key);
        }
        self.places.get(&key).copied()
    }

    fn add(&mut self, key: u64) {
        self.keys.push(key);
        if self.keys.len() == FEW + 1 {
            self.places = self.keys.iter().enumerate().map(|(place, key)| (*key, place)).collect();
        } else if self.keys.len() > FEW {
            self.places.insert(key, self.keys.len() - 1);
        }
    }
}

impl<'a> Line<'a> {
    fn new(row: Row<'a>, shop: u32, known: Known<'_>) -> Self {
        let values = row.decode(Order::FIELDS);
        let quantity = values.number(Order::Quantity.place()).unwrap_or(1);
        let unit_price = values.number(Order::UnitPrice.place()).unwrap_or(0);
        let total = values.number(Order::LineTotal.place());
        let sku = match values.text(Order::Sku.place()) {
            Some(sku) => Cow::Borrowed(sku),
            None => {
                let variant = values.text(Order::VariantId.place()).unwrap_or_default();
                Cow::Owned(placeholder(variant, shop, known.settled))
            }
        };
        Self {
            sku,
            quantity,
            unit_price,
            total: total.unwrap_or_else(|| unit_price.saturating_mul(quantity)),
            discount: values.number(Order::LineDiscount.place()).unwrap_or(0),
            line_number: row.head().line,
            values,
            row,
        }
    }

    fn line_item(&self) -> Option<&'a [u8]> {
        self.values.text(Order::LineItemId.place())
    }

    /// Lines of an order with other keys are not the same.
    fn key(&self) -> u64 {
        match self.line_item() {
            Some(id) => hash(id),
            None => hash(&self.sku) ^ (self.unit_price as u64).wrapping_mul(0xA24B_AED4_963E_E407),
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        match (self.line_item(), other.line_item()) {
            (Some(id), Some(other)) => id == other,
            (None, None) => self.sku == other.sku && self.unit_price == other.unit_price,
            _ => false,
        }
    }

    /// Takes in a later line of the same key: with a line item id it takes this one's place, else it is added.
    fn take_in(&mut self, later: Self) -> Reject {
        if let Some(id) = self.line_item() {
            let id = shown(id);
            let earlier = std::mem::replace(self, later);
            return reject(earlier.row, Reason::Duplicate, "line_item_id", id);
        }
        self.quantity = self.quantity.saturating_add(later.quantity);
        self.total = self.total.saturating_add(later.total);
        self.discount = self.discount.saturating_add(later.discount);
        let value = format!("{}: added to the line before", shown(&later.sku));
        Reject { line: later.line_number, ..reject(later.row, Reason::Duplicate, "sku", value) }
    }
}

/// The SKU of a variant without one: the end of its id, or all of it where several end alike.
fn placeholder(variant: &[u8], shop: u32, settled: &Settled) -> Vec<u8> {
    let end = match variant.last_chunk::<10>() {
        Some(end) if !settled.alike.contains(&(shop, *end)) => end.as_slice(),
        _ => variant,
    };
    let mut sku = b"no-sku-".to_vec();
    sku.extend_from_slice(end);
    sku.truncate(100);
    sku
}
