//! Standing orders: what a customer orders again and again is one decision.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    dictionary::hash,
    shop_orders::{NO_CUSTOMER, NO_TIME, ShopOrders},
};

/// How a customer's orders of the same items count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StandingOrders {
    /// Each of them.
    #[default]
    Each,
    /// Once, as the newest.
    Once,
}

/// From so many items on an order is a copy also of one that differs a little.
const LONG: usize = 5;

/// Kept orders of a customer that a further one is compared with.
const COMPARED: usize = 64;

impl ShopOrders {
    /// Leaves out all but the newest of the orders that one customer made of the same items, and says how many they were; those of
    /// [`LONG`] or more items are the same when they share four fifths of the items of both. A name that stands on most orders of the
    /// shop is a till's or a marketplace's, and nobody's.
    pub fn leave_out_copies(&mut self) -> usize {
        let nobody = self.majority_customer();
        let time = |order: usize| self.times.get(order).copied().filter(|time| *time != NO_TIME).unwrap_or_default();
        let mut orders: Vec<(u32, u64, usize)> = (0..self.len())
            .filter_map(|order| Some((*self.customers.get(order)?, order)))
            .filter(|(customer, _)| *customer != NO_CUSTOMER && Some(*customer) != nobody)
            .map(|(customer, order)| (customer, self.content(order), order))
            .collect();
        let newest_first = |order: usize| (std::cmp::Reverse(time(order)), order);
        orders.sort_unstable_by_key(|(customer, content, order)| (*customer, *content, newest_first(*order)));
        let mut is_copy = vec![false; self.len()];
        let mut mark = |order: usize| is_copy.get_mut(order).into_iter().for_each(|mark| *mark = true);
        for of_customer in orders.chunk_by(|one, next| one.0 == next.0) {
            let mut long = Vec::new();
            for alike in of_customer.chunk_by(|one, next| one.1 == next.1) {
                let Some(((.., kept), others)) = alike.split_first() else { continue };
                for (.., order) in others.iter().filter(|(.., order)| self.order(*order) == self.order(*kept)) {
                    mark(*order);
                }
                long.extend(Some(*kept).filter(|kept| self.order(*kept).len() >= LONG));
            }
            long.sort_unstable_by_key(|order| newest_first(*order));
            let mut kept: Vec<usize> = Vec::new();
            for order in long {
                if kept.iter().rev().take(COMPARED).any(|other| is_much_alike(self.order(order), self.order(*other))) {
                    mark(order);
                } else {
                    kept.push(order);
                }
            }
        }
        self.leave_out(&is_copy)
    }

    /// A hash of an order's items.
    fn content(&self, order: usize) -> u64 {
        self.order(order).iter().fold(0, |state, item| hash(state, &item.to_le_bytes()))
    }

    /// The customer of more than half of the orders (Boyer and Moore's vote).
    fn majority_customer(&self) -> Option<u32> {
        let (mut candidate, mut votes) = (NO_CUSTOMER, 0_u32);
        for customer in &self.customers {
            if votes == 0 {
                candidate = *customer;
            }
            votes = if *customer == candidate { votes + 1 } else { votes - 1 };
        }
        let orders = self.customers.iter().filter(|customer| **customer == candidate).count();
        (2 * orders > self.customers.len()).then_some(candidate)
    }
}

/// Whether two orders, items ascending, share four fifths of the items of both.
fn is_much_alike(one: &[u32], other: &[u32]) -> bool {
    let (mut rest, mut common) = (other, 0);
    for item in one {
        rest = rest.get(rest.partition_point(|there| there < item)..).unwrap_or_default();
        common += usize::from(rest.first() == Some(item));
    }
    5 * common >= 4 * (one.len() + other.len() - common)
}
