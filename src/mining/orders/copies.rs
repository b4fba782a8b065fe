//! Standing orders: what a customer orders again and again is one decision.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    dictionary::hash,
    shop_orders::{NO_CUSTOMER, NO_TIME, ShopOrders},
};

/// How a customer's orders of the very same items count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StandingOrders {
    /// Each of them.
    #[default]
    Each,
    /// Once, as the newest.
    Once,
}

impl ShopOrders {
    /// Leaves out all but the newest of the orders that one customer made of the same items, and says how many they were. A name that
    /// stands on most orders of the shop is a till's or a marketplace's, and nobody's.
    pub fn leave_out_copies(&mut self) -> usize {
        let nobody = self.majority_customer();
        let is_named = |customer: u32| customer != NO_CUSTOMER && Some(customer) != nobody;
        let time = |order: usize| self.times.get(order).copied().filter(|time| *time != NO_TIME).unwrap_or_default();
        let mut orders: Vec<(u64, usize)> = (0..self.len())
            .filter_map(|order| Some((order, *self.customers.get(order)?)))
            .filter(|(_, customer)| is_named(*customer))
            .map(|(order, customer)| (self.content(order, customer), order))
            .collect();
        orders.sort_unstable_by_key(|(content, order)| (*content, std::cmp::Reverse(time(*order)), *order));
        let mut is_copy = vec![false; self.len()];
        for alike in orders.chunk_by(|one, next| one.0 == next.0) {
            let Some(((_, kept), others)) = alike.split_first() else { continue };
            for (_, order) in others.iter().filter(|(_, order)| self.order(*order) == self.order(*kept)) {
                is_copy.get_mut(*order).into_iter().for_each(|mark| *mark = true);
            }
        }
        self.leave_out(&is_copy)
    }

    /// A hash of an order's customer and items.
    fn content(&self, order: usize, customer: u32) -> u64 {
        self.order(order).iter().fold(u64::from(customer), |state, item| hash(state, &item.to_le_bytes()))
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
