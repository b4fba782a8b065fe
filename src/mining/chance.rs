//! What chance alone brings together, and from how many orders on a pair can be told from it.

use super::{itemsets::Transactions, significance::fisher_p_value};

/// The chance that is allowed of taking luck for more, among all pairs of a shop together.
const ALPHA: f64 = 0.05;

/// As many orders as would bring items together by chance as often as a shop's do, if they were all alike.
///
/// A long order holds many pairs: of s items each is with s − 1 others. If it is popularity alone that fills orders of these sizes,
/// items of n(a) and n(b) orders meet in about n(a) n(b) / M of them, where M follows from the number of all such meetings:
/// Σ n(a) n(b) over all pairs of different items is (Σ s)² − Σ n(a)², and they meet Σ s(s − 1) times. That is fewer than the
/// orders there are where some are long. A pair and a third item meet in n(ab) n(c) / M, with M the same way from
/// Σ s · Σ s(s − 1) − 2 Σ (s − 1) (Σ n(a) over the order's items) and Σ s(s − 1)(s − 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChanceOrders {
    /// For two items.
    pub pairs: u32,
    /// For a pair and a third item, and for larger sets.
    pub triples: u32,
}

impl ChanceOrders {
    /// Of these orders, whose items are in so many of them; an order has an item once.
    pub fn of(orders: Transactions<'_>, item_counts: &[u32]) -> Self {
        let (mut number, mut sums, mut overlaps) = (0_u32, [0_u128; 3], 0_u128);
        for items in orders.iter() {
            let size = items.len() as u128;
            let falling = [size, size * size.saturating_sub(1), size * size.saturating_sub(1) * size.saturating_sub(2)];
            sums.iter_mut().zip(falling).for_each(|(sum, ways)| *sum += ways);
            let held = |item: &u32| item_counts.get(*item as usize).map_or(0, |count| u128::from(*count));
            overlaps += size.saturating_sub(1) * items.iter().map(held).sum::<u128>();
            number += 1;
        }
        let squares = item_counts.iter().map(|count| u128::from(*count).pow(2)).sum::<u128>() as f64;
        let ([one, two, three], overlaps) = (sums.map(|sum| sum as f64), overlaps as f64);
        let among = |ways: f64, meetings: f64| {
            if meetings > 0.0 { ((ways / meetings).max(1.0) as u32).min(number) } else { number }
        };
        Self { pairs: among(one * one - squares, two), triples: among(one * two - 2.0 * overlaps, three) }
    }

    /// Orders that are all alike.
    #[cfg(test)]
    pub fn alike(orders: u32) -> Self {
        Self { pairs: orders, triples: orders }
    }

    /// Among how many orders a rule of a set of this size is tested.
    pub fn of_size(self, size: usize) -> u32 {
        if size > 2 { self.triples } else { self.pairs }
    }
}

/// The lowest count up to `most` at which a pair can be told from luck when all pairs that could have it are counted, and at
/// which luck alone is to be expected to bring no more pairs together than there are items to be in one.
///
/// The first is the bound of Tarone, "A Modified Bonferroni Method for Discrete Data" (1990): a pair in k orders is surest when its
/// items are in no other; if even that, times the number of pairs of items in k or more orders, is above 5 %, none can be told.
/// The second is the expectation of Kirsch and others, "An Efficient Rigorous Approach for Identifying Statistically Significant
/// Frequent Itemsets" (2012), and bounds what a search finds. `item_counts` are the orders of each item.
pub fn least_telling_count(item_counts: &[u32], orders: ChanceOrders, most: u32) -> u32 {
    let spread = Spread::of(item_counts);
    let (mut least, mut above) = (1, most.max(1));
    while least < above {
        let middle = least + (above - least) / 2;
        if spread.can_tell(middle, orders.pairs) {
            above = middle;
        } else {
            least = middle + 1;
        }
    }
    above
}

/// Counts above this are taken together with those up to a sixteenth below.
const EXACT: u32 = 64;

/// Items by the orders that they are in: the count and how many items have it, falling. Neighbouring large counts are one, the
/// larger, so that there are some hundred of them at most.
struct Spread(Vec<(u32, f64)>);

impl Spread {
    fn of(item_counts: &[u32]) -> Self {
        let mut counts: Vec<u32> = item_counts.iter().copied().filter(|count| *count > 0).collect();
        counts.sort_unstable_by(|one, other| other.cmp(one));
        let mut groups: Vec<(u32, f64)> = Vec::new();
        for count in counts {
            match groups.last_mut() {
                Some((top, items)) if count == *top || count > EXACT && count > *top - *top / 16 => *items += 1.0,
                _ => groups.push((count, 1.0)),
            }
        }
        Self(groups)
    }

    /// Whether a pair in `count` orders can be told from luck, and luck brings few of them.
    fn can_tell(&self, count: u32, orders: u32) -> bool {
        let groups = self.0.iter().take_while(|(held, _)| *held >= count);
        let items: f64 = groups.map(|(_, items)| items).sum();
        let pairs = items * (items - 1.0) / 2.0;
        pairs * fisher_p_value(orders.max(count), count, count, count) <= ALPHA
            && self.pairs_by_luck(count, orders, items)
    }

    /// Whether luck alone is to be expected to bring no more than `most` pairs of items into `count` or more orders together.
    fn pairs_by_luck(&self, count: u32, orders: u32, most: f64) -> bool {
        let mut expected = 0.0;
        for (place, (one, items)) in self.0.iter().enumerate().take_while(|(_, (one, _))| *one >= count) {
            for (other, others) in self.0.iter().skip(place).take_while(|(other, _)| *other >= count) {
                let pairs = if one == other { items * (items - 1.0) / 2.0 } else { items * others };
                let chance = fisher_p_value(orders.max(*one), *one, *other, count);
                expected += pairs * chance;
                if expected > most {
                    return false;
                }
                if chance < NEVER {
                    break;
                }
            }
        }
        true
    }
}

/// A chance that rarer items need not be asked about: theirs is less.
const NEVER: f64 = 1e-15;

#[cfg(test)]
mod tests {
    use super::*;

    fn chance_of(orders: &[Vec<u32>]) -> ChanceOrders {
        let items = orders.concat();
        let ends = orders.iter().scan(0, |end, order| {
            *end += order.len() as u32;
            Some(*end)
        });
        let offsets: Vec<u32> = std::iter::once(0).chain(ends).collect();
        let mut counts = vec![0; items.iter().max().map_or(0, |item| *item as usize + 1)];
        items.iter().for_each(|item| counts[*item as usize] += 1);
        ChanceOrders::of(Transactions { offsets: &offsets, items: &items }, &counts)
    }

    #[test]
    fn long_orders_count_as_fewer_that_are_alike() {
        // Of 500 items, two an order: 200 items less each item's own, of two in pairs.
        let pairs: Vec<Vec<u32>> = (0..100).map(|order| vec![2 * order, 2 * order + 1]).collect();
        assert_eq!(chance_of(&pairs), ChanceOrders::alike(100), "(200² − 200) / 200 by the formula");
        let mut uneven = pairs[..90].to_vec();
        uneven.extend((0..10).map(|order| (180 + 20 * order..200 + 20 * order).collect::<Vec<u32>>()));
        // ((180 + 200)² − 380) / (180 + 3,800), and (380 · 3,980 − 2 (90 · 2 + 10 · 19 · 20)) / (10 · 20 · 19 · 18).
        assert_eq!(chance_of(&uneven), ChanceOrders { pairs: 36, triples: 21 });
        assert_eq!(chance_of(&[]), ChanceOrders::alike(0));
        assert_eq!((chance_of(&uneven).of_size(2), chance_of(&uneven).of_size(4)), (36, 21));
    }

    #[test]
    fn where_each_order_holds_so_many_of_all_items_the_meetings_are_those_of_the_formula() {
        // All orders of two of four items: each item is in 3 of 6, and meets each other once.
        let orders = [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]].map(Vec::from);
        assert_eq!(chance_of(&orders), ChanceOrders::alike(6), "3 · 3 / 9 by the formula, and no more than there are");
        let three = [[0, 1, 2], [0, 1, 3], [0, 2, 3], [1, 2, 3]].map(Vec::from);
        assert_eq!(chance_of(&[&three[..], &three[..], &[vec![0, 1, 2, 3]]].concat()).pairs, 9);
    }

    #[test]
    fn the_count_is_the_lowest_at_which_no_pair_is_to_be_expected_by_luck_alone() {
        let orders = ChanceOrders::alike(1_000);
        // 2 of 1,000 orders: one in 499,500; of 400 items 79,800 pairs could be there.
        assert_eq!(least_telling_count(&[2; 200], orders, 20), 2);
        assert_eq!(least_telling_count(&[2; 250], orders, 20), 3, "no pair: no item is in three orders");
        assert_eq!(least_telling_count(&[3; 250], orders, 20), 3);
        // 40 items of 100 orders meet 10 times by chance.
        let crowded = least_telling_count(&[100; 40], orders, 60);
        assert!((14..=17).contains(&crowded), "{crowded}");
        assert_eq!(least_telling_count(&[100; 40], orders, 12), 12, "never more than asked for");
        assert_eq!(least_telling_count(&[], orders, 20), 1);
    }

    #[test]
    fn neighbouring_counts_are_taken_together() {
        let counts: Vec<u32> = (1..=1_000_000).rev().step_by(7).collect();
        assert!(Spread::of(&counts).0.len() < 250);
        let exact: Vec<u32> = (1..=EXACT).collect();
        assert_eq!(Spread::of(&exact).0.len(), EXACT as usize);
    }
}
