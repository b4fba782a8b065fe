//! Drops: the world is made in small pieces, each from the seed and its own number alone, so that memory stays constant.

use super::{
    listing::{self, Listing},
    observation::{Observation, observe},
    prices::PriceSpread,
    urls,
};
use crate::dice::Dice;

/// Products in a full drop.
pub const DROP_SIZE: u64 = 40;

/// A piece of the world: `n` products and `n` catalog rows, a tenth of which have no product.
pub struct Drop {
    /// The products.
    pub products: Vec<Listing>,
    /// Their URLs.
    pub urls: Vec<String>,
    /// The catalog rows, each with the index of its product.
    pub rows: Vec<(Observation, Option<usize>)>,
}

/// Drop number `number` of the world with this seed, with `size` products and `size` catalog rows.
pub fn drop_at(seed: u64, number: u64, size: usize, spread: PriceSpread) -> Drop {
    let mut dice = Dice::new(seed, number);
    let absent = size / 10;
    let mut products = listings(number, size + absent, spread, &mut dice);
    // The absent ones come from among the others, so that their styles often have other variants in our products.
    let ghosts: Vec<Listing> =
        (0..absent).map(|_| products.remove(dice.below(products.len() as u32) as usize)).collect();
    let urls: Vec<String> = products.iter().map(|product| urls::stored(product, &mut dice)).collect();

    let mut rows = Vec::with_capacity(size);
    for ghost in &ghosts {
        let url = urls::stored(ghost, &mut dice);
        rows.push((observe(ghost, &url, spread, &mut dice), None));
    }
    // Most products are seen once; one row in twenty is an older look at a product already seen, often at the same URL.
    let again = size / 20;
    for index in 0..size - absent {
        let second_look = index >= size - absent - again;
        let of = if second_look { dice.below((size - absent - again) as u32) as usize } else { index };
        let mut row = observe(&products[of], &urls[of], spread, &mut dice);
        if second_look {
            row.days_ago += 60 + dice.below(300);
            if dice.permille(500) {
                row.url.clone_from(&rows[absent + of].0.url);
            }
        }
        rows.push((row, Some(of)));
    }
    dice.shuffle(&mut rows);
    Drop { products, urls, rows }
}

fn listings(number: u64, count: usize, spread: PriceSpread, dice: &mut Dice) -> Vec<Listing> {
    let first = number * 2 * DROP_SIZE + 1296;
    let mut listings: Vec<Listing> = Vec::with_capacity(count);
    while listings.len() < count {
        let (serial, room) = (first + listings.len() as u64, count - listings.len());
        listing::add_style(&mut listings, serial, room, spread, dice);
    }
    listings
}

/// The order in which the drops' catalog rows are written: each drop once, in an order unlike that of the products.
pub fn scan_order(seed: u64, drops: u64) -> impl Iterator<Item = u64> {
    let mut dice = Dice::new(seed, u64::MAX);
    let modulus = drops.max(1);
    let start = dice.bits() % modulus;
    let mut step = (dice.bits() % modulus).max(1);
    while gcd(step, modulus) != 1 {
        step = step % modulus + 1;
    }
    (0..drops).map(move |turn| ((u128::from(start) + u128::from(turn) * u128::from(step)) % u128::from(modulus)) as u64)
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scan_visits_every_drop_once() {
        for drops in [0, 1, 2, 7, 100, 1000] {
            let mut order: Vec<u64> = scan_order(11, drops).collect();
            order.sort_unstable();
            assert_eq!(order, (0..drops).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_drop_has_as_many_rows_as_products_and_a_tenth_has_no_product() {
        for size in [0, 1, 9, 10, 39, 40] {
            let drop = drop_at(2, 5, size, PriceSpread::Crowded);
            assert_eq!((drop.products.len(), drop.rows.len()), (size, size));
            assert_eq!(drop.rows.iter().filter(|(_, product)| product.is_none()).count(), size / 10);
        }
    }
}
