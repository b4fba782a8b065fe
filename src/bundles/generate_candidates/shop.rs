//! What is known of one shop when its candidates are made.

use crate::bundles::{
    bundle_type::BundleType,
    candidate_rows::Bought,
    company::{Buyers, Neighbourhood},
    items::Item,
    pairs::Pairs,
    pricing::VolumeItem,
    products::ShopProducts,
    speed::Speed,
};
use crate::mining::{NO_CUSTOMER, ShopOrders, Weight};

/// An order of more items than this counts with those that are in most orders.
pub const MAX_BASKET: usize = 500;

/// A shop's orders, with the items by their numbers among its products.
pub struct Baskets {
    /// All orders that hold an item that is a product.
    pub all: ShopOrders,
    /// Those of two or more different items.
    pub multi: ShopOrders,
    /// Orders of two or more different items, in which some may be no products: what shares are of.
    pub multi_orders: usize,
    /// The places in `multi` of the orders of each item, from `starts[item]` to `starts[item + 1]`.
    starts: Vec<usize>,
    holders: Vec<u32>,
    /// Orders with each item.
    pub in_orders: Vec<u32>,
    /// Those of two or more items.
    pub in_multi: Vec<u32>,
}

impl Baskets {
    /// The orders of a shop; what is no product is left out of them.
    pub fn of(mut all: ShopOrders, products: ShopProducts<'_>) -> Self {
        let numbers: Vec<Option<u32>> =
            (0..all.item_count() as u32).map(|item| products.find(all.name(item)).map(|item| item.0)).collect();
        let is_single: Vec<bool> = all.transactions().iter().map(|order| order.len() < 2).collect();
        let multi_orders = is_single.iter().filter(|is_single| !**is_single).count();
        all.renumber(&numbers);
        let mut multi = all.clone();
        let is_single: Vec<bool> = all.transactions().iter().map(|order| order.len() < 2).collect();
        multi.leave_out(&is_single);
        let counts = |orders: &ShopOrders| {
            let mut counts = vec![0; products.len()];
            orders.items.iter().for_each(|item| counts[*item as usize] += 1);
            counts
        };
        let (in_orders, in_multi) = (counts(&all), counts(&multi));
        let (starts, holders) = holders(&multi, products.len());
        Self { all, multi, multi_orders, starts, holders, in_orders, in_multi }
    }

    /// How many orders hold all of two or more different items.
    fn together(&self, items: &[Item]) -> u32 {
        let of = |item: &Item| &self.holders[self.starts[item.index()]..self.starts[item.index() + 1]];
        let Some(rarest) = items.iter().min_by_key(|item| of(item).len()) else { return 0 };
        let holds_all = |order: &&u32| {
            let order = self.multi.order(**order as usize);
            items.iter().all(|item| order.binary_search(&item.0).is_ok())
        };
        of(rarest).iter().filter(holds_all).count() as u32
    }

    /// All orders, those of items that are no products as well.
    pub fn all_orders(&self) -> u32 {
        self.all.all_orders
    }
}

/// The orders of each item, ascending.
fn holders(orders: &ShopOrders, items: usize) -> (Vec<usize>, Vec<u32>) {
    let mut starts = vec![0; items + 1];
    orders.items.iter().for_each(|item| starts[*item as usize + 1] += 1);
    (1..starts.len()).for_each(|place| starts[place] += starts[place - 1]);
    let mut next = starts.clone();
    let mut holders = vec![0; orders.items.len()];
    for (order, items) in (0..).zip(orders.transactions().iter()) {
        for item in items {
            holders[next[*item as usize]] = order;
            next[*item as usize] += 1;
        }
    }
    (starts, holders)
}

/// A shop, ready for its candidates.
pub struct Shop<'a> {
    /// Its products.
    pub products: ShopProducts<'a>,
    /// Whether an item may be in a bundle.
    pub is_usable: Vec<bool>,
    /// Its orders.
    pub baskets: Baskets,
    /// How often two items are in an order.
    pub pairs: Pairs,
    /// Which company items keep.
    pub around: Neighbourhood,
    /// Who bought what.
    pub buyers: Buyers,
    /// How each item sells.
    pub sales: ShopSales,
}

/// How the items of a shop sell, an entry an item.
#[derive(Clone, Debug, Default)]
pub struct ShopSales {
    /// Order lines.
    pub lines: Vec<u32>,
    /// Of these, those of two pieces or more.
    pub lines_of_two: Vec<u32>,
    /// Of these, those of three or more.
    pub lines_of_three: Vec<u32>,
    /// The most pieces of a line.
    pub most_pieces: Vec<u32>,
    /// Pieces.
    pub units: Vec<u64>,
    /// How fast.
    pub speeds: Vec<Speed>,
}

impl<'a> Shop<'a> {
    /// Counts what the candidates need.
    pub fn new(products: ShopProducts<'a>, is_usable: Vec<bool>, orders: ShopOrders, sales: ShopSales) -> Self {
        let baskets = Baskets::of(orders, products);
        let items = products.len();
        let (offsets, lines) = (&baskets.multi.offsets, &baskets.multi.items);
        let pairs = Pairs::count(offsets, lines, items, MAX_BASKET);
        let around = Neighbourhood::of(offsets, lines, items, Weight::Raw, MAX_BASKET);
        let all = &baskets.all;
        let buyers = Buyers::of(&all.offsets, &all.items, &all.customers, NO_CUSTOMER, items);
        Self { products, is_usable, baskets, pairs, around, buyers, sales }
    }

    /// Whether all of these may be in a bundle.
    pub fn may_use(&self, items: &[Item]) -> bool {
        items.iter().all(|item| self.is_usable[item.index()])
    }

    /// The items that may be in a bundle.
    pub fn usable(&self) -> impl Iterator<Item = Item> + '_ {
        self.products.items().filter(|item| self.is_usable[item.index()])
    }

    /// The items in the order of a bundle: as trigger the one that is in the fewest orders, which the others follow most surely;
    /// then the others ascending.
    pub fn with_trigger(&self, items: &[Item]) -> Vec<Item> {
        let mut sorted = items.to_vec();
        sorted.sort_unstable();
        let rarest = (0..sorted.len()).min_by_key(|place| (self.baskets.in_multi[sorted[*place].index()], *place));
        if let Some(place) = rarest {
            let trigger = sorted.remove(place);
            sorted.insert(0, trigger);
        }
        sorted
    }

    /// How often a bundle's items were bought: of one item by its lines, and those of so many pieces as the offer asks for.
    pub fn bought(&self, items: &[Item], bundle_type: BundleType) -> Bought {
        match items {
            [] => Bought::default(),
            [only] => {
                let sales = &self.sales;
                let pieces = if bundle_type == BundleType::Bogo { &sales.lines_of_three } else { &sales.lines_of_two };
                Bought { trigger: sales.lines[only.index()], rest: 0, both: pieces[only.index()] }
            }
            [trigger, rest @ ..] => {
                let trigger = self.baskets.in_orders[trigger.index()];
                Bought { trigger, rest: self.together(rest), both: self.together(items) }
            }
        }
    }

    /// How many orders hold all of these.
    pub fn together(&self, items: &[Item]) -> u32 {
        match items {
            [] => 0,
            [only] => self.baskets.in_orders[only.index()],
            [one, other] => self.pairs.together(one.0, other.0),
            _ => self.baskets.together(items),
        }
    }

    /// What is known of an item that may be offered in quantities.
    pub fn volume_item(&self, item: Item) -> VolumeItem {
        let (fact, place) = (self.products.fact(item), item.index());
        VolumeItem {
            item,
            price: fact.price,
            stock: fact.stock,
            orders: self.baskets.in_orders[place],
            units: self.sales.units[place],
            lines: self.sales.lines[place],
            lines_of_two: self.sales.lines_of_two[place],
            most_pieces: self.sales.most_pieces[place],
            speed: self.sales.speeds[place],
        }
    }
}
