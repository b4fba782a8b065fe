//! Items by their company: where the items are that share an order with each.

use std::{
    ops::Range,
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
};

use rayon::prelude::*;

/// The others of an order of up to so many items are written out for each of its items, so that they are read one after
/// another. Of a longer order each item knows the place: finding it is soon paid for by what is there.
const SHORT: usize = 6;

/// A thread is worth so many lines.
const LINES_A_THREAD: usize = 1 << 16;

/// For each item, the items of its orders.
pub struct Company {
    /// The items of all orders; none if there is no long one.
    items: Vec<u32>,
    /// Where each item's entries of `others` and `places` start, and the end of the last.
    starts: Vec<Count>,
    /// By item, the other items of its short orders.
    others: Vec<u32>,
    /// By item, where its long orders are in `items`: the start above, the end in the lower 32 bits.
    places: Vec<u64>,
    /// By item and order as in `places`, what the order weighs; empty when all weigh 1.
    weights: Vec<f32>,
}

/// Entries of an item, and how many orders they are of.
#[derive(Clone, Copy, Default)]
struct Count {
    others: u32,
    places: u32,
    orders: u32,
}

impl Company {
    /// Lists the company of `item_count` items. If orders have weights, all count as long. Second: the number of orders
    /// of each item, or what they weigh together.
    pub fn new(
        offsets: &[u32],
        items: Vec<u32>,
        item_count: usize,
        weight: Option<&(dyn Fn(usize) -> f32 + Sync)>,
    ) -> (Self, Vec<f64>) {
        let fits = items.len().checked_mul(SHORT).is_some_and(|entries| u32::try_from(entries).is_ok());
        let short = if weight.is_none() && fits { SHORT } else { 0 };
        let orders = Orders { offsets, items: &items, short };
        let pieces = orders.pieces(rayon::current_num_threads(), item_count);
        let mut counts: Vec<Vec<Count>> =
            pieces.par_iter().map(|piece| orders.count(piece.clone(), item_count)).collect();
        let (starts, item_orders) = take_places(&mut counts, item_count);
        let end = starts.last().copied().unwrap_or_default();
        let entries = Entries {
            others: vec![0; end.others as usize].into_iter().map(AtomicU32::new).collect(),
            places: vec![0; end.places as usize].into_iter().map(AtomicU64::new).collect(),
            weights: vec![0; weight.map_or(0, |_| end.places as usize)].into_iter().map(AtomicU32::new).collect(),
        };
        pieces.into_par_iter().zip(counts).for_each(|(piece, next)| orders.enter(piece, next, weight, &entries));
        let company = Self {
            starts,
            others: entries.others.into_iter().map(AtomicU32::into_inner).collect(),
            places: entries.places.into_iter().map(AtomicU64::into_inner).collect(),
            weights: entries.weights.into_iter().map(|bits| f32::from_bits(bits.into_inner())).collect(),
            items: if end.places > 0 { items } else { Vec::new() },
        };
        let item_weights = if weight.is_none() {
            item_orders
        } else {
            let sum = |item| company.weights[company.range(item).1].iter().copied().map(f64::from).sum();
            (0..item_count as u32).map(sum).collect()
        };
        (company, item_weights)
    }

    /// Whether orders weigh different amounts.
    pub fn is_weighted(&self) -> bool {
        !self.weights.is_empty()
    }

    /// The other items of an item's short orders, those of all one after another.
    #[inline]
    pub fn others(&self, item: u32) -> &[u32] {
        &self.others[self.range(item).0]
    }

    /// An item's long orders, it too; all its orders if they have weights.
    #[inline]
    pub fn long_orders(&self, item: u32) -> impl Iterator<Item = &[u32]> {
        self.places[self.range(item).1].iter().map(|place| &self.items[range_at(*place)])
    }

    /// What the long orders weigh; nothing when all weigh 1.
    pub fn weights(&self, item: u32) -> &[f32] {
        self.weights.get(self.range(item).1).unwrap_or_default()
    }

    /// About how many others the item's orders hold.
    pub fn len(&self, item: u32) -> usize {
        let (others, places) = self.range(item);
        others.len() + self.places[places].iter().map(|place| range_at(*place).len()).sum::<usize>()
    }

    fn range(&self, item: u32) -> (Range<usize>, Range<usize>) {
        match self.starts.get(item as usize..).and_then(<[Count]>::first_chunk) {
            Some([start, end]) => {
                (start.others as usize..end.others as usize, start.places as usize..end.places as usize)
            }
            None => (0..0, 0..0),
        }
    }
}

fn range_at(place: u64) -> Range<usize> {
    (place >> 32) as usize..(place & u64::from(u32::MAX)) as usize
}

/// Where each item's entries start, and how many orders it is in. The counts become the place of the first entry that a
/// piece makes of an item: those of one item are in the order of the pieces, whatever their number.
fn take_places(counts: &mut [Vec<Count>], item_count: usize) -> (Vec<Count>, Vec<f64>) {
    let mut starts = Vec::with_capacity(item_count + 1);
    let mut item_orders = Vec::with_capacity(item_count);
    let mut end = Count::default();
    for item in 0..item_count {
        starts.push(end);
        let mut orders = 0_u32;
        for piece in counts.iter_mut() {
            let own = std::mem::replace(&mut piece[item], end);
            end.others += own.others;
            end.places += own.places;
            orders += own.orders;
        }
        item_orders.push(f64::from(orders));
    }
    starts.push(end);
    (starts, item_orders)
}

/// What the threads write. Each place is written by one of them, once: a relaxed store is a plain one.
struct Entries {
    others: Vec<AtomicU32>,
    places: Vec<AtomicU64>,
    weights: Vec<AtomicU32>,
}

/// Orders as flat slices.
struct Orders<'a> {
    offsets: &'a [u32],
    items: &'a [u32],
    /// The most items of a short order.
    short: usize,
}

impl Orders<'_> {
    /// Ranges of orders, of about as many lines each.
    fn pieces(&self, threads: usize, item_count: usize) -> Vec<Range<usize>> {
        let orders = self.offsets.len().saturating_sub(1);
        let lines = self.items.len();
        // The counts of a piece should take less memory than its lines.
        let pieces = threads.min(lines / LINES_A_THREAD.max(4 * item_count)).max(1);
        let start = |piece: usize| self.offsets.partition_point(|offset| (*offset as usize) < lines / pieces * piece);
        let bounds: Vec<usize> = (0..pieces).map(start).chain([orders]).collect();
        bounds.windows(2).map(|ends| ends[0]..ends[1]).collect()
    }

    fn each(&self, piece: Range<usize>, mut take: impl FnMut(usize, u32, &[u32])) {
        let mut start = self.offsets.get(piece.start).copied().unwrap_or_default();
        for order in piece {
            let end = self.offsets[order + 1];
            take(order, start, &self.items[start as usize..end as usize]);
            start = end;
        }
    }

    fn count(&self, piece: Range<usize>, item_count: usize) -> Vec<Count> {
        let mut counts = vec![Count::default(); item_count];
        self.each(piece, |_, _, items| {
            let (others, places) =
                if items.len() <= self.short { ((items.len() as u32).saturating_sub(1), 0) } else { (0, 1) };
            for item in items {
                let count = &mut counts[*item as usize];
                count.others += others;
                count.places += places;
                count.orders += 1;
            }
        });
        counts
    }

    /// Writes the entries of a piece, those of each item from its place in `next` on.
    fn enter(
        &self,
        piece: Range<usize>,
        mut next: Vec<Count>,
        weight: Option<&(dyn Fn(usize) -> f32 + Sync)>,
        entries: &Entries,
    ) {
        self.each(piece, |order, start, items| match *items {
            _ if items.len() > self.short => {
                let place = u64::from(start) << 32 | (u64::from(start) + items.len() as u64);
                let share = weight.map(|weight| weight(order));
                for item in items {
                    let at = &mut next[*item as usize].places;
                    entries.places[*at as usize].store(place, Ordering::Relaxed);
                    if let Some(share) = share {
                        entries.weights[*at as usize].store(share.to_bits(), Ordering::Relaxed);
                    }
                    *at += 1;
                }
            }
            [a, b] => {
                entries.write_out(&mut next, a, [b]);
                entries.write_out(&mut next, b, [a]);
            }
            [a, b, c] => {
                entries.write_out(&mut next, a, [b, c]);
                entries.write_out(&mut next, b, [a, c]);
                entries.write_out(&mut next, c, [a, b]);
            }
            [a, b, c, d] => {
                entries.write_out(&mut next, a, [b, c, d]);
                entries.write_out(&mut next, b, [a, c, d]);
                entries.write_out(&mut next, c, [a, b, d]);
                entries.write_out(&mut next, d, [a, b, c]);
            }
            _ => {
                for (number, item) in items.iter().enumerate() {
                    let at = &mut next[*item as usize].others;
                    for other in items[..number].iter().chain(&items[number + 1..]) {
                        entries.others[*at as usize].store(*other, Ordering::Relaxed);
                        *at += 1;
                    }
                }
            }
        });
    }
}

impl Entries {
    #[inline]
    fn write_out<const N: usize>(&self, next: &mut [Count], item: u32, others: [u32; N]) {
        let at = &mut next[item as usize].others;
        if let Some(places) = self.others.get(*at as usize..).and_then(<[AtomicU32]>::first_chunk::<N>) {
            places.iter().zip(others).for_each(|(place, other)| place.store(other, Ordering::Relaxed));
        }
        *at += N as u32;
    }
}
