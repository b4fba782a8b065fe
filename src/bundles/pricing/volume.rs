//! Which items are offered in quantities.

use crate::bundles::{items::Item, money::Cents, speed::Speed};

/// What is known of an item that may be offered in quantities.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VolumeItem {
    /// The item.
    pub item: Item,
    /// Its price.
    pub price: Cents,
    /// Pieces in stock; `None` when nobody counts them.
    pub stock: Option<i64>,
    /// Orders that hold it.
    pub orders: u32,
    /// Pieces sold.
    pub units: u64,
    /// Order lines of it.
    pub lines: u32,
    /// Order lines of two pieces or more.
    pub lines_of_two: u32,
    /// The most pieces of an order line.
    pub most_pieces: u32,
    /// How fast it sells.
    pub speed: Speed,
}

/// An item that is offered in quantities, with the figures that its candidate gets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VolumePick {
    /// The item.
    pub item: Item,
    /// What it was chosen by.
    pub score: f64,
    /// See [`super::super::candidate::Candidate`].
    pub confidence: f64,
    /// See [`super::super::candidate::Candidate`].
    pub lift: f64,
    /// See [`super::super::candidate::Candidate`].
    pub support: f64,
}

/// The lift of all offers of quantities.
const LIFT: f64 = 1.15;
/// A full run offers only items of which there are more.
const STOCK_ABOVE: i64 = 5;
/// A quick start offers only items of which there are so many.
const STOCK_LEAST: i64 = 3;

/// The items of a full run, best first (section 3.5): those that are in the most orders, or without any orders the dearest.
pub fn select_by_orders(items: &[VolumeItem], most: usize) -> Vec<VolumePick> {
    let greatest = items.iter().map(|item| item.orders).max().unwrap_or(0);
    let all: u64 = items.iter().map(|item| u64::from(item.orders)).sum();
    let pick = |item: &VolumeItem| {
        let stock = item.stock.unwrap_or(0) as f64;
        let (score, confidence, support) = if greatest > 0 {
            let orders = f64::from(item.orders);
            let confidence = (0.3 + 0.5 * orders / f64::from(greatest)).min(0.8);
            (10.0 * orders + 0.1 * stock, confidence, (10.0 * orders / all as f64).min(0.5))
        } else {
            let price = item.price.units();
            ((price / 10.0).min(100.0) + 0.01 * stock, (0.4 + (price / 1000.0).min(0.2)).min(0.6), 0.1)
        };
        VolumePick { item: item.item, score, confidence, lift: LIFT, support }
    };
    let offered =
        items.iter().filter(|item| item.price > Cents::ZERO && item.stock.is_none_or(|stock| stock > STOCK_ABOVE));
    best(offered.map(pick).collect(), most)
}

/// The items of a quick start, best first (section 8.5): those that sell fast and several at a time.
pub fn select_by_quantities(items: &[VolumeItem], most: usize) -> Vec<VolumePick> {
    let pick = |item: &VolumeItem| {
        let mut score = 0.0;
        if item.speed.is_fast {
            score += 0.4;
        }
        if item.most_pieces >= 3 {
            score += 0.3;
        }
        if 5 * u64::from(item.lines_of_two) > u64::from(item.lines) {
            score += 0.2;
        }
        score += (item.units as f64 / 100.0).min(0.1);
        VolumePick { item: item.item, score, confidence: 0.7, lift: LIFT, support: 0.5 }
    };
    let offered =
        items.iter().filter(|item| item.price > Cents::ZERO && item.stock.is_none_or(|stock| stock >= STOCK_LEAST));
    best(offered.map(pick).collect(), most)
}

fn best(mut picks: Vec<VolumePick>, most: usize) -> Vec<VolumePick> {
    picks.sort_by(|one, other| other.score.total_cmp(&one.score).then(one.item.cmp(&other.item)));
    picks.truncate(most);
    picks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(number: u32, orders: u32, stock: Option<i64>) -> VolumeItem {
        VolumeItem {
            item: Item(number),
            price: Cents(2_000),
            stock,
            orders,
            units: u64::from(orders),
            lines: orders,
            lines_of_two: 0,
            most_pieces: 1,
            speed: Speed::default(),
        }
    }

    #[test]
    fn items_in_many_orders_come_first_and_few_pieces_are_not_offered() {
        let items = [item(0, 5, None), item(1, 10, Some(5)), item(2, 5, Some(50)), item(3, 0, Some(6))];
        let picks = select_by_orders(&items, 10);
        assert_eq!(picks.iter().map(|pick| pick.item.0).collect::<Vec<_>>(), [2, 0, 3]);
        assert_eq!((picks[0].confidence, picks[0].support, picks[0].lift), (0.55, 0.5, 1.15));
        assert_eq!(picks[2].confidence, 0.3);
    }

    #[test]
    fn without_orders_the_price_decides() {
        let dear = VolumeItem { price: Cents(50_000), ..item(1, 0, None) };
        let picks = select_by_orders(&[item(0, 0, None), dear], 1);
        assert_eq!((picks[0].item, picks[0].confidence, picks[0].support), (Item(1), 0.6, 0.1));
    }

    #[test]
    fn a_quick_start_takes_what_sells_fast_and_several_at_a_time() {
        let fast = VolumeItem { speed: Speed { is_slow: false, is_fast: true }, ..item(0, 20, Some(3)) };
        let many = VolumeItem { lines_of_two: 5, most_pieces: 3, ..item(1, 20, None) };
        let picks = select_by_quantities(&[fast, many, item(2, 90, Some(2))], 10);
        assert_eq!(picks.iter().map(|pick| pick.item.0).collect::<Vec<_>>(), [1, 0]);
        assert!((picks[0].score - 0.6).abs() < 1e-12 && (picks[1].score - 0.5).abs() < 1e-12);
    }
}
