//! How many orders hold two items, for every two that are in one together. Works on slices.

use std::ops::Range;

use rayon::prelude::*;

/// Pairs of items with the number of orders that hold both: for each item those of a higher number, ascending. Only pairs that
/// are in an order together take memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pairs {
    starts: Vec<usize>,
    others: Vec<u32>,
    counts: Vec<u32>,
}

/// A pair of items, the lower number first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pair {
    /// The item of the lower number.
    pub one: u32,
    /// The item of the higher number.
    pub other: u32,
    /// The orders that hold both.
    pub count: u32,
}

/// Items that one thread counts at a time.
const SHARE: usize = 64;

/// Where the rest of an order lies behind one of its items.
#[derive(Clone, Copy, Default)]
struct Rest {
    start: u32,
    end: u32,
}

impl Pairs {
    /// Counts the pairs of these orders: order `t` has the items `items[offsets[t]..offsets[t + 1]]`, ascending, each once, below
    /// `item_count`. Of an order of more than `max_basket` items only the pairs of those that are in most orders count (ties by
    /// number), since the pairs of an order grow with its square. The same for any number of threads.
    pub fn count(offsets: &[u32], items: &[u32], item_count: usize, max_basket: usize) -> Self {
        let bounded = bounded(offsets, items, item_count, max_basket.max(2));
        let (offsets, items) = bounded.as_ref().map_or((offsets, items), |(offsets, items)| (offsets, items));
        let (starts, rests) = rests(offsets, items, item_count);
        let shares: Vec<Range<usize>> =
            (0..item_count.div_ceil(SHARE)).map(|share| share * SHARE..((share + 1) * SHARE).min(item_count)).collect();
        let parts: Vec<Self> = shares
            .into_par_iter()
            .map_init(
                || (vec![0_u32; item_count], Vec::new()),
                |(counts, met), share| {
                    let mut part = Self::default();
                    for item in share {
                        let rests = &rests[starts[item]..starts[item + 1]];
                        part.add_item(rests, items, counts, met);
                    }
                    part
                },
            )
            .collect();
        let mut all = Self { starts: vec![0], ..Self::default() };
        for part in parts {
            let before = all.others.len();
            all.starts.extend(part.starts.iter().map(|end| end + before));
            all.others.extend_from_slice(&part.others);
            all.counts.extend_from_slice(&part.counts);
        }
        all
    }

    /// Counts what comes behind an item in its orders; `counts` are zero before and after.
    fn add_item(&mut self, rests: &[Rest], items: &[u32], counts: &mut [u32], met: &mut Vec<u32>) {
        for rest in rests {
            for other in &items[rest.start as usize..rest.end as usize] {
                let count = &mut counts[*other as usize];
                if *count == 0 {
                    met.push(*other);
                }
                *count += 1;
            }
        }
        met.sort_unstable();
        for other in met.drain(..) {
            self.others.push(other);
            self.counts.push(std::mem::take(&mut counts[other as usize]));
        }
        self.starts.push(self.others.len());
    }

    /// How many pairs there are.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.others.len()
    }

    /// The pairs by their items.
    pub fn iter(&self) -> impl Iterator<Item = Pair> + '_ {
        (0_u32..).zip(self.starts.windows(2)).flat_map(|(one, ends)| {
            let range = ends[0]..ends[1];
            self.others[range.clone()].iter().zip(&self.counts[range]).map(move |(other, count)| Pair {
                one,
                other: *other,
                count: *count,
            })
        })
    }

    /// The orders that hold both of two different items.
    pub fn together(&self, one: u32, other: u32) -> u32 {
        let (low, high) = if one < other { (one, other) } else { (other, one) };
        let Some([start, end]) = self.starts.get(low as usize..low as usize + 2) else { return 0 };
        let others = &self.others[*start..*end];
        others.binary_search(&high).map_or(0, |place| self.counts[start + place])
    }
}

/// For each item the rests of its orders behind it.
fn rests(offsets: &[u32], items: &[u32], item_count: usize) -> (Vec<usize>, Vec<Rest>) {
    let mut starts = vec![0_usize; item_count + 1];
    for item in items {
        starts[*item as usize + 1] += 1;
    }
    for place in 1..starts.len() {
        starts[place] += starts[place - 1];
    }
    let mut next = starts.clone();
    let mut rests = vec![Rest::default(); items.len()];
    for ends in offsets.windows(2) {
        for place in ends[0]..ends[1] {
            let slot = &mut next[items[place as usize] as usize];
            rests[*slot] = Rest { start: place + 1, end: ends[1] };
            *slot += 1;
        }
    }
    (starts, rests)
}

/// The orders with what is too much of large ones left out; `None` if none is.
fn bounded(offsets: &[u32], items: &[u32], item_count: usize, max_basket: usize) -> Option<(Vec<u32>, Vec<u32>)> {
    if offsets.windows(2).all(|ends| (ends[1] - ends[0]) as usize <= max_basket) {
        return None;
    }
    let mut popular = vec![0_u32; item_count];
    items.iter().for_each(|item| popular[*item as usize] += 1);
    let (mut kept_offsets, mut kept) = (vec![0_u32], Vec::with_capacity(items.len()));
    for ends in offsets.windows(2) {
        let order = &items[ends[0] as usize..ends[1] as usize];
        if order.len() <= max_basket {
            kept.extend_from_slice(order);
        } else {
            let mut large = order.to_vec();
            large.select_nth_unstable_by_key(max_basket, |item| (std::cmp::Reverse(popular[*item as usize]), *item));
            large.truncate(max_basket);
            large.sort_unstable();
            kept.extend_from_slice(&large);
        }
        kept_offsets.push(kept.len() as u32);
    }
    Some((kept_offsets, kept))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn flat(orders: &[Vec<u32>]) -> (Vec<u32>, Vec<u32>) {
        let mut offsets = vec![0];
        let mut items = Vec::new();
        for order in orders {
            let mut order = order.clone();
            order.sort_unstable();
            order.dedup();
            items.extend(order);
            offsets.push(items.len() as u32);
        }
        (offsets, items)
    }

    proptest! {
        #[test]
        fn every_two_items_are_counted_as_by_looking_at_each_order(
            orders in prop::collection::vec(prop::collection::vec(0_u32..200, 0..12), 0..60),
        ) {
            let (offsets, items) = flat(&orders);
            let pairs = Pairs::count(&offsets, &items, 200, 500);
            let mut slow: BTreeMap<(u32, u32), u32> = BTreeMap::new();
            for ends in offsets.windows(2) {
                let order = &items[ends[0] as usize..ends[1] as usize];
                for (place, one) in order.iter().enumerate() {
                    order[place + 1..].iter().for_each(|other| *slow.entry((*one, *other)).or_default() += 1);
                }
            }
            let found: BTreeMap<(u32, u32), u32> =
                pairs.iter().map(|pair| ((pair.one, pair.other), pair.count)).collect();
            prop_assert_eq!(pairs.len(), slow.len());
            for ((one, other), count) in &slow {
                prop_assert_eq!(pairs.together(*one, *other), *count);
                prop_assert_eq!(pairs.together(*other, *one), *count);
            }
            prop_assert_eq!(found, slow);
        }
    }

    #[test]
    fn of_a_large_order_the_pairs_of_what_is_in_most_orders_count() {
        let (offsets, items) = flat(&[vec![0, 1, 2, 3], vec![2, 3], vec![1]]);
        let pairs = Pairs::count(&offsets, &items, 4, 3);
        let found: Vec<(u32, u32, u32)> = pairs.iter().map(|pair| (pair.one, pair.other, pair.count)).collect();
        assert_eq!(found, [(1, 2, 1), (1, 3, 1), (2, 3, 2)]);
        assert_eq!((pairs.together(0, 1), pairs.together(9, 12)), (0, 0));
    }
}
