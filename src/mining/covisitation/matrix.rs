//! Orders by their items, and items by their orders.

/// Marks the last item of an order.
const LAST: u32 = 1 << 31;

/// An order of so many items, or of more.
const LONG: u8 = u8::MAX;

/// One shop's orders of two or more items, as they are counted: which items each holds, and which orders hold each item.
pub struct CoOrders {
    /// The items of all orders, the last of each marked with [`LAST`].
    items: Vec<u32>,
    /// Where each item's entries of `holders` start, and the end of the last.
    starts: Vec<u32>,
    /// By item, where the orders that hold it start in `items`.
    holders: Vec<u32>,
    /// By item and order as in `holders`, how many items the order has, at most [`LONG`]. Known before the order is looked
    /// at, so that the processor waits for many orders at a time.
    sizes: Vec<u8>,
    /// By item and order as in `holders`, what the order weighs; empty when all weigh 1.
    weights: Vec<f32>,
    /// What the orders of each item weigh together.
    item_weights: Vec<f64>,
    /// What all orders weigh together.
    all: f64,
    /// What was left out.
    pub bounded: Bounded,
}

/// What was left out of large orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounded {
    /// Orders that were too large.
    pub orders: u64,
    /// Items of theirs that were left out.
    pub items: u64,
    /// Pairs of items of one order that were left out.
    pub pairs: u64,
    /// The items of the largest order.
    pub largest: u64,
}

impl CoOrders {
    /// Takes orders as flat slices: those of order `t` are `items[offsets[t]..offsets[t + 1]]`, ascending, each once,
    /// below `item_count`, which is at most 2³¹. Of an order with more than `max_basket` items those that are in most orders count (ties by number).
    /// `weight` says what an order weighs; without it all weigh 1.
    pub fn new(
        offsets: Vec<u32>,
        items: Vec<u32>,
        item_count: usize,
        max_basket: usize,
        weight: Option<&dyn Fn(usize) -> f32>,
    ) -> Self {
        let mut orders = Self {
            items,
            starts: Vec::new(),
            holders: Vec::new(),
            sizes: Vec::new(),
            weights: Vec::new(),
            item_weights: vec![0.0; item_count],
            all: 0.0,
            bounded: Bounded::default(),
        };
        let starts = orders.bound_and_mark(offsets, item_count, max_basket.max(2));
        orders.invert(&starts, item_count, weight);
        orders
    }

    /// How many items there may be.
    pub fn item_count(&self) -> usize {
        self.item_weights.len()
    }

    /// What an item's orders weigh together.
    pub fn item_weight(&self, item: u32) -> f64 {
        self.item_weights.get(item as usize).copied().unwrap_or_default()
    }

    /// What all orders weigh together.
    pub fn all(&self) -> f64 {
        self.all
    }

    /// Whether orders weigh different amounts.
    pub fn is_weighted(&self) -> bool {
        !self.weights.is_empty()
    }

    /// Calls `take` with each item of each order of `item`, itself too, and with what the order weighs.
    #[inline]
    pub fn each_companion(&self, item: u32, mut take: impl FnMut(u32, f32)) {
        let range = self.range(item);
        let holders = self.holders.get(range.clone()).unwrap_or_default();
        let sizes = self.sizes.get(range.clone()).unwrap_or_default();
        let weights = self.weights.get(range).unwrap_or_default();
        for (number, (order, size)) in holders.iter().zip(sizes).enumerate() {
            let weight = weights.get(number).copied().unwrap_or(1.0);
            let (start, size) = (*order as usize, usize::from(*size));
            if size < usize::from(LONG) {
                let items = self.items.get(start..start + size).unwrap_or_default();
                items.iter().for_each(|marked| take(marked & !LAST, weight));
                continue;
            }
            for marked in self.items.get(start..).unwrap_or_default() {
                take(marked & !LAST, weight);
                if marked & LAST > 0 {
                    break;
                }
            }
        }
    }

    /// About how often [`CoOrders::each_companion`] calls, or less.
    pub fn companions(&self, item: u32) -> usize {
        self.sizes.get(self.range(item)).unwrap_or_default().iter().map(|size| usize::from(*size)).sum()
    }

    fn range(&self, item: u32) -> std::ops::Range<usize> {
        match self.starts.get(item as usize..).and_then(<[u32]>::first_chunk) {
            Some([start, end]) => *start as usize..*end as usize,
            None => 0..0,
        }
    }

    /// Leaves out what is too much, marks the last item of each order, and returns where the orders start.
    fn bound_and_mark(&mut self, mut offsets: Vec<u32>, item_count: usize, max_basket: usize) -> Vec<u32> {
        let sizes =
            || offsets.windows(2).map(|ends| ends.last().zip(ends.first()).map_or(0, |(end, start)| end - start));
        let largest = sizes().max().unwrap_or_default();
        self.bounded.largest = u64::from(largest);
        let mut popular = Vec::new();
        if largest as usize > max_basket {
            popular = vec![0_u32; item_count];
            self.items
                .iter()
                .for_each(|item| popular.get_mut(*item as usize).into_iter().for_each(|count| *count += 1));
        }
        let mut kept = 0;
        let mut from = 0;
        let mut large = Vec::new();
        for order in 1..offsets.len() {
            let to = offsets.get(order).map_or(from, |end| *end as usize);
            let start = kept;
            if to - from > max_basket {
                large.clear();
                large.extend_from_slice(self.items.get(from..to).unwrap_or_default());
                self.bounded.add(large.len() as u64, max_basket as u64);
                let key = |item: &u32| (std::cmp::Reverse(popular.get(*item as usize)), *item);
                large.select_nth_unstable_by_key(max_basket, key);
                large.truncate(max_basket);
                large.sort_unstable();
                if let Some(place) = self.items.get_mut(kept..kept + max_basket) {
                    place.copy_from_slice(&large);
                }
                kept += max_basket;
            } else {
                self.items.copy_within(from..to, kept);
                kept += to - from;
            }
            if let Some(last) = self.items.get_mut(start..kept).and_then(<[u32]>::last_mut) {
                *last |= LAST;
            }
            if let Some(offset) = offsets.get_mut(order - 1) {
                *offset = start as u32;
            }
            from = to;
        }
        self.items.truncate(kept);
        offsets.pop();
        offsets
    }

    /// Lists the orders of each item.
    fn invert(&mut self, orders: &[u32], item_count: usize, weight: Option<&dyn Fn(usize) -> f32>) {
        let mut starts = vec![0_u32; item_count + 1];
        for item in &self.items {
            if let Some(count) = starts.get_mut((item & !LAST) as usize + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut next = starts.clone();
        self.holders = vec![0; self.items.len()];
        self.weights = if weight.is_some() { vec![0.0; self.items.len()] } else { Vec::new() };
        self.sizes = vec![0; self.items.len()];
        let ends = orders.iter().skip(1).copied().chain([self.items.len() as u32]);
        for (number, (order, end)) in orders.iter().zip(ends).enumerate() {
            let share = weight.map_or(1.0, |weight| weight(number));
            let long = u8::try_from(end - order).unwrap_or(LONG);
            self.all += f64::from(share);
            for marked in self.items.get(*order as usize..end as usize).unwrap_or_default() {
                let item = (marked & !LAST) as usize;
                let (Some(place), Some(total)) = (next.get_mut(item), self.item_weights.get_mut(item)) else {
                    continue;
                };
                if let Some(holder) = self.holders.get_mut(*place as usize) {
                    *holder = *order;
                }
                if let Some(holder_weight) = self.weights.get_mut(*place as usize) {
                    *holder_weight = share;
                }
                if let Some(size) = self.sizes.get_mut(*place as usize) {
                    *size = long;
                }
                *total += f64::from(share);
                *place += 1;
            }
        }
        self.starts = starts;
    }
}

impl Bounded {
    fn add(&mut self, items: u64, kept: u64) {
        let pairs = |items: u64| items * (items - 1) / 2;
        self.orders += 1;
        self.items += items - kept;
        self.pairs += pairs(items) - pairs(kept);
    }
}
