//! A tree over a block's candidates, for windows so crowded that looking at each candidate would take too long.
//!
//! Inner nodes split by price while the prices reach further than a window, then by how often a class of code points occurs.
//! A node knows between which counts all its titles lie; what a query's counts lie outside of that is a distance that none
//! of them can be nearer than (a bounding box in the space of counts, as in an R-tree).

use std::ops::Range;

use super::{
    PriceRule, Queries, Settings, TitleTable,
    bounds::{Allowance, LAST_LENGTH},
    index::Index,
    signature::Signature,
};
use crate::linking::similarity::{Points, Symbol};

/// A leaf has no more entries, unless their counts are all equal.
const LEAF: usize = 128;

/// How many classes of code points are counted.
const CLASSES: usize = 48;

/// How often each class of code points occurs in a title, up to 255 times. As [`super::signature::Signature`], with classes
/// that also tell digits apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counts([u8; CLASSES]);

/// A letter each, a digit each, the blank, the rest by hash.
fn class(point: u32) -> usize {
    match u8::try_from(point) {
        Ok(letter @ b'a'..=b'z') => usize::from(letter - b'a'),
        Ok(digit @ b'0'..=b'9') => usize::from(digit - b'0') + 26,
        Ok(b' ') => 36,
        _ => 37 + (point % 11) as usize,
    }
}

impl Counts {
    /// The counts of a title.
    pub fn of(title: Points<'_>) -> Self {
        match title {
            Points::Latin(points) => Self::count(points),
            Points::Wide(points) => Self::count(points),
        }
    }

    fn count<S: Symbol>(points: &[S]) -> Self {
        let mut counts = [0u8; CLASSES];
        for symbol in points {
            let count = &mut counts[class(symbol.point())];
            *count = count.saturating_add(1);
        }
        Self(counts)
    }

    /// The sum of the absolute differences: never more than the insertions and deletions between the titles.
    #[inline]
    fn distance(&self, other: &Self) -> u16 {
        apart(&self.0, &other.0)
    }

    /// The sum of what lies below `low` or above `high`.
    #[inline]
    fn distance_to(&self, low: &[u8; CLASSES], high: &[u8; CLASSES]) -> u16 {
        outside(&self.0, low, high)
    }
}

/// The sum of the absolute differences.
#[cfg(target_arch = "x86_64")]
#[inline]
fn apart(own: &[u8; CLASSES], other: &[u8; CLASSES]) -> u16 {
    use std::arch::x86_64::{_mm_loadu_si128, _mm_sad_epu8};
    let (own, other) = (own.as_chunks::<16>().0, other.as_chunks::<16>().0);
    // SAFETY: SSE2 belongs to every x86-64 processor, and each load is of 16 bytes that are there.
    unsafe {
        let sums = |at: usize| {
            _mm_sad_epu8(_mm_loadu_si128(own[at].as_ptr().cast()), _mm_loadu_si128(other[at].as_ptr().cast()))
        };
        sum_of([sums(0), sums(1), sums(2)])
    }
}

/// The sum of what lies below `low` or above `high`.
#[cfg(target_arch = "x86_64")]
#[inline]
fn outside(own: &[u8; CLASSES], low: &[u8; CLASSES], high: &[u8; CLASSES]) -> u16 {
    use std::arch::x86_64::{_mm_loadu_si128, _mm_or_si128, _mm_sad_epu8, _mm_setzero_si128, _mm_subs_epu8};
    let (own, low, high) = (own.as_chunks::<16>().0, low.as_chunks::<16>().0, high.as_chunks::<16>().0);
    // SAFETY: SSE2 belongs to every x86-64 processor, and each load is of 16 bytes that are there.
    unsafe {
        let load = |bytes: &[u8; 16]| _mm_loadu_si128(bytes.as_ptr().cast());
        let sums = |at: usize| {
            let (own, low, high) = (load(&own[at]), load(&low[at]), load(&high[at]));
            // At most one of the two is not zero.
            _mm_sad_epu8(_mm_or_si128(_mm_subs_epu8(low, own), _mm_subs_epu8(own, high)), _mm_setzero_si128())
        };
        sum_of([sums(0), sums(1), sums(2)])
    }
}

/// # Safety
/// The processor must have SSE2.
#[cfg(target_arch = "x86_64")]
#[inline]
unsafe fn sum_of([a, b, c]: [std::arch::x86_64::__m128i; 3]) -> u16 {
    use std::arch::x86_64::{_mm_add_epi64, _mm_cvtsi128_si32, _mm_unpackhi_epi64};
    // SAFETY: as the caller says.
    unsafe {
        let all = _mm_add_epi64(_mm_add_epi64(a, b), c);
        _mm_cvtsi128_si32(_mm_add_epi64(all, _mm_unpackhi_epi64(all, all))) as u16
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn apart(own: &[u8; CLASSES], other: &[u8; CLASSES]) -> u16 {
    outside_by_counter(own, other, other)
}

#[cfg(not(target_arch = "x86_64"))]
fn outside(own: &[u8; CLASSES], low: &[u8; CLASSES], high: &[u8; CLASSES]) -> u16 {
    outside_by_counter(own, low, high)
}

#[cfg(any(test, not(target_arch = "x86_64")))]
fn outside_by_counter(own: &[u8; CLASSES], low: &[u8; CLASSES], high: &[u8; CLASSES]) -> u16 {
    own.iter()
        .zip(low.iter().zip(high))
        .map(|(own, (low, high))| u16::from(low.saturating_sub(*own)) + u16::from(own.saturating_sub(*high)))
        .sum()
}

/// A subtree: what its entries have in common.
struct Node {
    low: [u8; CLASSES],
    high: [u8; CLASSES],
    /// The first and the last of its entries, which are in the order of price.
    first: u32,
    last: u32,
    /// The shortest and the longest title, cut off at [`LAST_LENGTH`].
    shortest: u8,
    longest: u8,
    /// The node after the subtree.
    skip: u32,
    /// Of a leaf: its entries; else empty.
    items: Range<u32>,
}

/// The tree of a block. Nodes are in preorder.
pub(super) struct Crowd {
    nodes: Vec<Node>,
    /// In the order of the leaves: the entries, the lengths of their titles, their counts.
    entries: Vec<u32>,
    lengths: Vec<u8>,
    counts: Vec<Counts>,
}

/// A leaf in reach of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Leaf {
    /// No title in it is nearer, in insertions and deletions.
    pub distance: u16,
    /// Its node.
    node: u32,
}

/// How far apart the prices of a subtree may lie that is split no more by price.
pub(super) fn widest(rule: PriceRule, queries: &Queries<'_>) -> f64 {
    2.0 * match rule {
        PriceRule::Any => f64::INFINITY,
        PriceRule::AtMost(reach) | PriceRule::Below(reach) => reach,
        PriceRule::AtMostEach => queries.reach.iter().copied().fold(0.0, f64::max),
    }
}

impl Crowd {
    /// Builds the tree of a block's entries.
    pub fn new(titles: &TitleTable, index: &Index, block: Range<usize>, widest: f64) -> Self {
        let from = block.start;
        let counts: Vec<Counts> =
            index.title[block.clone()].iter().map(|&title| Counts::of(titles.points(title))).collect();
        let mut order: Vec<u32> = (0..counts.len() as u32).collect();
        let mut nodes: Vec<Node> = Vec::new();
        let mut tasks = vec![Task::Build(0..order.len())];
        while let Some(task) = tasks.pop() {
            match task {
                Task::Close(node) => nodes[node].skip = nodes.len() as u32,
                Task::Build(range) => {
                    let items = &mut order[range.clone()];
                    let node = Node::over(items, &counts, index, from, range.start as u32);
                    let middle = split(items, &node, &counts, index, widest);
                    tasks.push(Task::Close(nodes.len()));
                    nodes.push(node);
                    if let Some(middle) = middle {
                        if let Some(node) = nodes.last_mut() {
                            node.items = 0..0;
                        }
                        tasks.push(Task::Build(range.start + middle..range.end));
                        tasks.push(Task::Build(range.start..range.start + middle));
                    }
                }
            }
        }
        let counts = order.iter().map(|&item| counts[item as usize]).collect();
        let lengths = order.iter().map(|&item| index.length[item as usize + from]).collect();
        Self { nodes, entries: order.into_iter().map(|item| item + from as u32).collect(), lengths, counts }
    }

    /// The leaf that the nearest boxes lead to: most likely that of the best match.
    pub fn nearest(&self, query: &Counts, window: &Range<usize>) -> Option<Leaf> {
        let mut at = 0;
        loop {
            let node = self.nodes.get(at)?;
            if !node.items.is_empty() {
                let distance = query.distance_to(&node.low, &node.high);
                return Some(Leaf { distance, node: at as u32 }).filter(|_| node.is_reached(window));
            }
            let (left, right) = (at + 1, self.nodes.get(at + 1)?.skip as usize);
            let distance = |at: usize| {
                let node = self.nodes.get(at).filter(|node| node.is_reached(window))?;
                Some(query.distance_to(&node.low, &node.high))
            };
            at = match (distance(left), distance(right)) {
                (None, _) => right,
                (Some(nearer), Some(further)) if further < nearer => right,
                _ => left,
            };
        }
    }

    /// The leaves that may hold an entry of `window` of which `may_win` holds, given a length and a distance that is no
    /// greater than theirs; the nearest first.
    pub fn leaves(
        &self,
        query: &Counts,
        window: &Range<usize>,
        may_win: impl Fn(usize, u16) -> bool,
        leaves: &mut Vec<Leaf>,
    ) {
        leaves.clear();
        let mut at = 0;
        while let Some(node) = self.nodes.get(at) {
            let distance = query.distance_to(&node.low, &node.high);
            // The longer a title, the more differences are allowed; but an empty one is only like another.
            let may_win = || may_win(node.longest.into(), distance) || may_win(node.shortest.into(), distance);
            if !node.is_reached(window) || !may_win() {
                at = node.skip as usize;
                continue;
            }
            if !node.items.is_empty() {
                leaves.push(Leaf { distance, node: at as u32 });
            }
            at += 1;
        }
        leaves.sort_unstable();
    }

    /// Whether the walk through the tree is likely to be quicker than a scan: tried with some of the block's own titles, by what
    /// would have to be looked at and compared. Where boxes overlap it is not.
    pub fn is_quicker(
        &self,
        titles: &TitleTable,
        index: &Index,
        block: &Range<usize>,
        settings: &Settings,
        tried: usize,
    ) -> bool {
        // What looking at an entry in a leaf, looking at one in a scan, and comparing one take, in nanoseconds.
        const WALKED: u64 = 4;
        const SCANNED: u64 = 2;
        const COMPARED: u64 = 60;
        let (mut walk, mut scan) = (0, 0);
        let (mut leaves, mut near) = (Vec::new(), Vec::new());
        for entry in block.clone().step_by(block.len().checked_div(tried).unwrap_or(usize::MAX).max(1)).take(tried) {
            let points = titles.points(index.title[entry]);
            let allowance = Allowance::new(settings.measure, points.len(), settings.cutoff);
            let (counts, signature) = (Counts::of(points), Signature::of(points));
            let may_win = |length: usize, distance| allowance.distance[length] >= distance;
            self.leaves(&counts, block, may_win, &mut leaves);
            for leaf in &leaves {
                walk += WALKED * self.near(*leaf, &counts, block, &allowance.distance, &mut near);
                walk += COMPARED * near.len() as u64;
            }
            let is_open = |entry: &usize| {
                signature.distance(&index.signature[*entry]) <= allowance.distance[usize::from(index.length[*entry])]
            };
            scan += SCANNED * block.len() as u64 + COMPARED * block.clone().filter(is_open).count() as u64;
        }
        walk <= scan
    }

    /// The lengths of the shortest and the longest title of a leaf, cut off at [`LAST_LENGTH`].
    pub fn lengths(&self, leaf: Leaf) -> [usize; 2] {
        let node = &self.nodes[leaf.node as usize];
        [usize::from(node.shortest), usize::from(node.longest)]
    }

    /// Writes the entries of a leaf that lie in the window and are no further away than `allowed` says for their length, each
    /// behind its distance; gives the number of entries of the window that were looked at.
    pub fn near(
        &self,
        leaf: Leaf,
        query: &Counts,
        window: &Range<usize>,
        allowed: &[u16; LAST_LENGTH + 1],
        near: &mut Vec<u64>,
    ) -> u64 {
        let items = &self.nodes[leaf.node as usize].items;
        let range = items.start as usize..items.end as usize;
        let (entries, lengths) = (&self.entries[range.clone()], &self.lengths[range.clone()]);
        near.clear();
        near.resize(range.len() + 1, 0);
        let (mut kept, mut seen) = (0, 0);
        for ((counts, &entry), &length) in self.counts[range].iter().zip(entries).zip(lengths) {
            let distance = query.distance(counts);
            let is_inside = window.contains(&(entry as usize));
            // Written in any case and kept by counting on, as where windows are scanned.
            near[kept] = u64::from(distance) << 32 | u64::from(entry);
            kept += usize::from((distance <= allowed[usize::from(length)]) & is_inside);
            seen += u64::from(is_inside);
        }
        near.truncate(kept);
        seen
    }
}

enum Task {
    Build(Range<usize>),
    Close(usize),
}

impl Node {
    fn is_reached(&self, window: &Range<usize>) -> bool {
        (self.last as usize) >= window.start && (self.first as usize) < window.end
    }

    fn over(items: &[u32], counts: &[Counts], index: &Index, from: usize, start: u32) -> Self {
        let mut node = Self {
            low: [u8::MAX; CLASSES],
            high: [0; CLASSES],
            first: u32::MAX,
            last: 0,
            shortest: u8::MAX,
            longest: 0,
            skip: 0,
            items: start..start + items.len() as u32,
        };
        for &item in items {
            let own = &counts[item as usize].0;
            for ((low, high), own) in node.low.iter_mut().zip(&mut node.high).zip(own) {
                *low = (*low).min(*own);
                *high = (*high).max(*own);
            }
            let entry = item as usize + from;
            node.first = node.first.min(entry as u32);
            node.last = node.last.max(entry as u32);
            node.shortest = node.shortest.min(index.length[entry]);
            node.longest = node.longest.max(index.length[entry]);
        }
        node
    }
}

/// Parts the items in two, in place; where the second part begins, or nothing if they are one leaf.
fn split(items: &mut [u32], node: &Node, counts: &[Counts], index: &Index, widest: f64) -> Option<usize> {
    if items.len() <= LEAF {
        return None;
    }
    if index.price[node.last as usize] - index.price[node.first as usize] > widest {
        let middle = items.len() / 2;
        items.select_nth_unstable(middle);
        return Some(middle);
    }
    let class = most_spread(items, counts).filter(|class| node.low[*class] < node.high[*class])?;
    let count = |item: &u32| counts[*item as usize].0[class];
    let middle = items.len() / 2;
    let (_, median, _) = items.select_nth_unstable_by_key(middle, |item| (count(item), *item));
    // Equal counts stay together.
    let border = count(median).max(node.low[class] + 1);
    items.sort_unstable_by_key(|item| (count(item) >= border, *item));
    Some(items.partition_point(|item| count(item) < border))
}

/// The class whose counts have the largest variance.
fn most_spread(items: &[u32], counts: &[Counts]) -> Option<usize> {
    let (mut sums, mut squares) = ([0u64; CLASSES], [0u64; CLASSES]);
    for &item in items {
        for ((sum, square), own) in sums.iter_mut().zip(&mut squares).zip(&counts[item as usize].0) {
            *sum += u64::from(*own);
            *square += u64::from(*own) * u64::from(*own);
        }
    }
    let rows = items.len() as u128;
    let spread =
        |class: &usize| u128::from(squares[*class]) * rows - u128::from(sums[*class]) * u128::from(sums[*class]);
    (0..CLASSES).max_by_key(|class| (spread(class), std::cmp::Reverse(*class)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::linking::similarity::Pattern;

    proptest! {
        #[test]
        fn the_distance_to_a_box_is_that_of_its_counters_and_never_above_the_edits(
            a in proptest::collection::vec(30u32..400, 0..80),
            b in proptest::collection::vec(30u32..130, 0..300),
            c in proptest::collection::vec(30u32..130, 0..300),
        ) {
            let [x, y, z] = [&a, &b, &c].map(|points| Counts::of(Points::Wide(points)));
            let (mut low, mut high) = (y.0, y.0);
            for ((low, high), other) in low.iter_mut().zip(&mut high).zip(&z.0) {
                (*low, *high) = ((*low).min(*other), (*high).max(*other));
            }
            prop_assert_eq!(x.distance_to(&low, &high), outside_by_counter(&x.0, &low, &high));
            prop_assert_eq!(x.distance(&y), outside_by_counter(&x.0, &y.0, &y.0));
            prop_assert!(x.distance_to(&low, &high) <= x.distance(&y).min(x.distance(&z)));
            let mut pattern = Pattern::default();
            pattern.prepare(Points::Wide(&a));
            let edits = a.len() + b.len() - 2 * pattern.longest_common_subsequence(Points::Wide(&b));
            prop_assert!(usize::from(x.distance(&y)) <= edits);
        }
    }
}
