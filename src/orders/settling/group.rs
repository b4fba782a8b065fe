//! The order lines of a partition by order.

use crate::orders::{
    reading::{entry::BlockPlace, job::Reject},
    recognising::fields::{Order, Reason},
    rows::{partitions::Rows, row::Row},
    settling::settle::Settled,
    values::{currencies::Digits, spelling::Columns},
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
    /// The fields that any row has, a bit each.
    pub fields: u64,
}

impl Groups {
    /// The rows of an order, by number.
    pub fn members(&self, order: &Group) -> &[u32] {
        self.members.get(order.start as usize..order.end as usize).unwrap_or_default()
    }
}

/// What is wrong with a date that only the month could begin.
pub const MONTH_OVER_12: &str = "a month over 12 where the day comes first";

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
        self.file_of(row.head().block)
    }

    /// The file of a block.
    #[inline]
    pub fn file_of(&self, block: u32) -> u32 {
        self.blocks.get(block as usize).map_or(0, |place| place.file)
    }

    /// How the columns of a row's file are read, and how many digits the money of its shop has.
    pub fn meaning(&self, row: Row<'_>) -> (Columns, Digits) {
        let file = self.file(row);
        let columns = self.settled.files.get(file as usize).map(|known| known.columns).unwrap_or_default();
        let shop = self.settled.shop(file, row.head().shop);
        (columns, self.settled.digits(shop))
    }

    /// The shop of a row that counts, or why it does not.
    fn shop(&self, row: Row<'_>) -> Result<u32, Option<Reject>> {
        let file = self.file(row);
        if self.settled.files.get(file as usize).is_none_or(|known| known.problem.is_some()) {
            return Err(None);
        }
        let shop = self.settled.shop(file, row.head().shop);
        let is_line = row.present() >> Order::IsRefused.place() & 1 == 0;
        shop.ok_or_else(|| is_line.then(|| reject(row, Reason::MissingShop, "shop", String::new())))
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
    let mut fields = 0;
    let mut group_of = Vec::with_capacity(rows.len());
    for number in 0..rows.len() {
        let group = rows.get(number).and_then(|row| match known.shop(row) {
            Ok(shop) => {
                fields |= row.present();
                Some(table.group(rows, number as u32, row, shop))
            }
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
    Groups { orders, members, rejects, fields }
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
    /// The group of the row before: the lines of an order mostly follow one another.
    last: u32,
}

impl Groupings {
    fn new(rows: usize) -> Self {
        Self { slots: vec![NO_GROUP; (rows * 2).next_power_of_two().max(16)], groups: Vec::new(), last: NO_GROUP }
    }

    fn group(&mut self, rows: &Rows, number: u32, row: Row<'_>, shop: u32) -> u32 {
        let hash = row.head().hash ^ u64::from(shop).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        let id = row.first_text();
        let mask = self.slots.len() - 1;
        let mut slot = (hash ^ hash >> 29) as usize & mask;
        let mut found = self.last;
        let mut is_guess = true;
        loop {
            match self.groups.get_mut(found as usize) {
                Some(group) if group.hash == hash && group.shop == shop && group.is(rows, id) => {
                    group.rows += 1;
                    self.last = found;
                    return found;
                }
                None if !is_guess => break,
                _ => {}
            }
            if !std::mem::take(&mut is_guess) {
                slot = (slot + 1) & mask;
            }
            found = self.slots.get(slot).copied().unwrap_or(NO_GROUP);
        }
        self.last = self.groups.len() as u32;
        self.groups.push(Grouping { hash, first: number, shop, rows: 1 });
        if let Some(place) = self.slots.get_mut(slot) {
            *place = self.last;
        }
        self.last
    }
}

impl Grouping {
    fn is(&self, rows: &Rows, id: &[u8]) -> bool {
        rows.get(self.first as usize).map(Row::first_text) == Some(id)
    }
}
