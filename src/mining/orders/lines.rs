//! Order lines on their way to orders: texts become numbers as they come, and orders are put together at the end.

use std::collections::HashMap;

use rayon::prelude::*;

use super::{
    dictionary::{Dictionary, TooMany, hash},
    shop_orders::{NO_CUSTOMER, NO_TIME, Names, ShopOrders},
};

/// Lines of orders as they come, in 4 bytes a line, 24 bytes a run of lines of one order, and the dictionaries.
///
/// Lines of an order are mostly neighbours. So no table of orders is kept: each run of neighbours is noted, and in the
/// end the runs are sorted, which brings those of one order together.
#[derive(Default)]
pub struct OrderLines {
    shops: Vec<Option<String>>,
    shop_lines: Vec<u32>,
    shop_numbers: HashMap<Option<String>, u32>,
    dictionary: Dictionary,
    /// The item of each line, with [`LAST_OF_RUN`].
    items: Vec<u32>,
    with_times: bool,
    with_customers: bool,
    runs: Vec<Run>,
    shop: u32,
    order: String,
}

/// Marks the last line of a run.
const LAST_OF_RUN: u32 = 1 << 31;

/// Neighbouring lines of one order, up to the one that is marked as the last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Run {
    shop: u32,
    /// The upper and the lower half of the order's key.
    order: [u32; 2],
    start: u32,
    /// The hash of the customer that is named first.
    customer: u32,
    /// The earliest time of its lines.
    time: u32,
}

/// What is read of lines beside their items.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// When their orders were made.
    pub times: bool,
    /// Who made them.
    pub customers: bool,
}

/// A line of an order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Line<'a> {
    /// The shop.
    pub shop: Option<&'a str>,
    /// The order's id.
    pub order: &'a str,
    /// The item.
    pub item: &'a str,
    /// When the order was made, in microseconds since 1970.
    pub at: Option<i64>,
    /// Who made it.
    pub customer: Option<&'a str>,
}

impl OrderLines {
    /// No lines yet; memory for `rows` of them is set aside, and used as they come.
    pub fn with_capacity(rows: usize, wanted: Wanted) -> Self {
        Self {
            items: Vec::with_capacity(rows),
            runs: Vec::with_capacity(rows),
            with_times: wanted.times,
            with_customers: wanted.customers,
            ..Self::default()
        }
    }

    /// Adds a line.
    ///
    /// # Errors
    /// [`TooMany`].
    pub fn push(&mut self, line: Line<'_>) -> Result<(), TooMany> {
        let Line { shop, order, item, at, customer } = line;
        let start = u32::try_from(self.items.len())
            .ok()
            .filter(|line| *line < u32::MAX)
            .ok_or(TooMany("4,294,967,295 lines"))?;
        let same_shop = self.shops.get(self.shop as usize).is_some_and(|last| last.as_deref() == shop);
        if !same_shop || self.order != order || start == 0 {
            if !same_shop {
                self.shop = self.shop_number(shop);
            }
            order.clone_into(&mut self.order);
            if let Some(last) = self.items.last_mut() {
                *last |= LAST_OF_RUN;
            }
            let key = order_key(order);
            let order = [(key >> 32) as u32, key as u32];
            self.runs.push(Run { shop: self.shop, order, start, customer: NO_CUSTOMER, time: NO_TIME });
        }
        if let Some(customer) = customer.filter(|_| self.with_customers)
            && let Some(run) = self.runs.last_mut()
            && run.customer == NO_CUSTOMER
        {
            run.customer = customer_key(customer);
        }
        if let Some(at) = at.filter(|_| self.with_times)
            && let Some(run) = self.runs.last_mut()
        {
            run.time = run.time.min(seconds(at));
        }
        let item = self.dictionary.number(self.shop, item)?;
        if item & LAST_OF_RUN > 0 {
            return Err(TooMany("2,147,483,648 items"));
        }
        self.items.push(item);
        if let Some(lines) = self.shop_lines.get_mut(self.shop as usize) {
            *lines += 1;
        }
        Ok(())
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    fn shop_number(&mut self, shop: Option<&str>) -> u32 {
        let shop = shop.map(str::to_owned);
        *self.shop_numbers.entry(shop).or_insert_with_key(|shop| {
            self.shops.push(shop.clone());
            self.shop_lines.push(0);
            self.shops.len() as u32 - 1
        })
    }

    /// The orders of each shop, by shop. An order of fewer than `min_items` different items is counted and left out.
    pub fn into_orders(mut self, min_items: usize) -> Vec<ShopOrders> {
        self.runs.par_sort_unstable();
        let (ranks, names) = self.ranked_items();
        let runs: Vec<&[Run]> = self.runs.chunk_by(|one, next| one.shop == next.shop).collect();
        let mut orders: Vec<ShopOrders> =
            runs.into_par_iter().map(|runs| self.shop_orders(runs, &ranks, min_items)).collect();
        let mut names: Vec<Option<Names>> = names.into_iter().map(Some).collect();
        for shop in &mut orders {
            let place = self.shop_numbers.get(&shop.shop).map_or(0, |number| *number as usize);
            shop.names = names.get_mut(place).and_then(Option::take).unwrap_or_default();
        }
        orders.sort_by(|one, other| one.shop.cmp(&other.shop));
        orders
    }

    /// The place of each item among its shop's items by text, and each shop's texts in that order.
    fn ranked_items(&self) -> (Vec<u32>, Vec<Names>) {
        let dictionary = &self.dictionary;
        let mut numbers: Vec<u32> = (0..dictionary.len() as u32).collect();
        numbers.par_sort_unstable_by_key(|number| (dictionary.scope(*number), dictionary.text(*number)));
        let mut ranks = vec![0; numbers.len()];
        let mut names = vec![Names::default(); self.shops.len()];
        for number in numbers {
            let Some(shop) = names.get_mut(dictionary.scope(number) as usize) else { continue };
            if let Some(rank) = ranks.get_mut(number as usize) {
                *rank = shop.len() as u32;
            }
            shop.push(dictionary.text(number));
        }
        (ranks, names)
    }

    /// The orders of one shop, of its runs in order.
    fn shop_orders(&self, runs: &[Run], ranks: &[u32], min_items: usize) -> ShopOrders {
        let shop = runs.first().map_or(0, |run| run.shop) as usize;
        let lines = self.shop_lines.get(shop).map_or(0, |lines| *lines as usize);
        let mut orders = ShopOrders {
            shop: self.shops.get(shop).cloned().flatten(),
            offsets: Vec::with_capacity(runs.len() + 1),
            items: Vec::with_capacity(lines),
            ..ShopOrders::default()
        };
        orders.offsets.push(0);
        let mut order = Vec::new();
        for runs in runs.chunk_by(|one, next| one.order == next.order) {
            order.clear();
            let (mut time, mut customer) = (NO_TIME, NO_CUSTOMER);
            for run in runs {
                self.take_run(*run, ranks, &mut order);
                time = time.min(run.time);
                customer = customer.max(run.customer);
            }
            order.sort_unstable();
            order.dedup();
            orders.all_orders += 1;
            if order.len() >= min_items {
                orders.items.extend_from_slice(&order);
                orders.offsets.push(orders.items.len() as u32);
                if self.with_times {
                    orders.times.push(time);
                }
                if self.with_customers {
                    orders.customers.push(customer);
                }
            }
        }
        orders
    }

    /// Adds a run's items to `order`.
    fn take_run(&self, run: Run, ranks: &[u32], order: &mut Vec<u32>) {
        for item in self.items.get(run.start as usize..).unwrap_or_default() {
            order.extend(ranks.get((item & !LAST_OF_RUN) as usize));
            if item & LAST_OF_RUN > 0 {
                break;
            }
        }
    }
}

/// An order's id as a number: of a whole number below 10¹⁸ itself, of any other text 63 bits of its hash with the highest
/// bit set. So numbers are told apart exactly, and other ids but for a chance of n² / 2⁶⁴ among n of a shop.
fn order_key(order: &str) -> u64 {
    let bytes = order.as_bytes();
    let plain = match bytes {
        [b'0'] => true,
        [b'1'..=b'9', rest @ ..] => rest.len() < 18 && rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if plain {
        return bytes.iter().fold(0, |value, digit| value * 10 + u64::from(digit - b'0'));
    }
    hash(0, bytes) | 1 << 63
}

/// A customer as a number. Two that are confused, one pair in 2³², matter only where they bought the same items.
fn customer_key(customer: &str) -> u32 {
    ((hash(1, customer.as_bytes()) >> 32) as u32).max(NO_CUSTOMER + 1)
}

fn seconds(microseconds: i64) -> u32 {
    u32::try_from(microseconds.div_euclid(1_000_000).max(0)).unwrap_or(NO_TIME - 1)
}
