//! Maximal frequent itemsets: a search that knows, for the chosen items, which found sets contain them.

use std::ops::Range;

use super::{
    base::{Base, Cut, Projection, Projector},
    found::Found,
    limits::Stopped,
    waves::{self, Branches, Part},
};

/// Finds the maximal itemsets of a base.
///
/// The rarest item's branch goes first, so that a longer set is found before the sets within it. Of the found sets only
/// those that contain the chosen items are looked at (Gouda and Zaki: GenMax, progressive focusing, 2005).
///
/// Of sparse data threads search branches side by side: they find some sets that are within one of another branch.
pub fn search<F: Found>(base: &Base<u32>, min_count: u32, found: &mut F) -> Result<(), Stopped> {
    let mut known = Known { base, min_count, sets: Sets::new(base.len()) };
    let mut left = base.len();
    if base.is_sparse() && rayon::current_num_threads() > 1 {
        left = waves::search(&mut known, left, found)?;
    }
    let mut part = Part::unmarked(found.part());
    Search::new(min_count, &Sets::new(0), known.sets).grow(base, 0..left, &mut Vec::new(), &mut part)?;
    part.found.end()?;
    found.append(part.found);
    Ok(())
}

/// The items of a set, in order.
type Set = Box<[u32]>;

/// Found sets.
struct Sets {
    sets: Vec<Set>,
    /// By set, a bit for each item, which another item may have as well.
    bits: Vec<u64>,
    /// By item, the sets that hold it, in order.
    holders: Vec<Vec<u32>>,
}

/// Items that a set may hold, with their bits.
#[derive(Clone, Copy)]
struct Sought<I> {
    bits: u64,
    items: I,
}

impl<I: Iterator<Item = u32> + Clone> Sought<I> {
    fn new(items: I) -> Self {
        Self { bits: items.clone().fold(0, |bits, item| bits | 1 << (item % u64::BITS)), items }
    }
}

impl Sets {
    /// None of so many items.
    fn new(items: usize) -> Self {
        Self { sets: Vec::new(), bits: Vec::new(), holders: vec![Vec::new(); items] }
    }

    fn push(&mut self, set: Set) {
        for item in &set {
            self.holders[*item as usize].push(self.sets.len() as u32);
        }
        self.bits.push(Sought::new(set.iter().copied()).bits);
        self.sets.push(set);
    }

    fn holders(&self, item: u32) -> &[u32] {
        self.holders.get(item as usize).map_or(&[], Vec::as_slice)
    }

    /// Whether a set holds all that is sought. Most that do not lack a bit.
    #[inline]
    fn holds<I: Iterator<Item = u32> + Clone>(&self, set: usize, sought: &Sought<I>) -> bool {
        let bits = self.bits[set] & sought.bits;
        bits == sought.bits
            && (self.holders.len() <= u64::BITS as usize
                || sought.items.clone().all(|item| self.sets[set].binary_search(&item).is_ok()))
    }
}

/// The sets that earlier branches found.
struct Known<'a> {
    base: &'a Base<u32>,
    min_count: u32,
    sets: Sets,
}

impl Branches for Known<'_> {
    type Mark = Set;

    fn search<F: Found>(&self, positions: Range<usize>, part: &mut Part<F, Set>) -> Result<(), Stopped> {
        let own = Sets::new(self.base.len());
        Search::new(self.min_count, &self.sets, own).grow(self.base, positions, &mut Vec::new(), part)
    }

    fn learn(&mut self, set: Set, unknown: Range<usize>) -> bool {
        let rarest = set.iter().map(|item| self.sets.holders(*item)).min_by_key(|holders| holders.len());
        let holders = rarest.unwrap_or_default();
        let place = |set: usize| holders.partition_point(|holder| (*holder as usize) < set);
        let sought = Sought::new(set.iter().copied());
        let candidates = &holders[place(unknown.start)..place(unknown.end)];
        let within = candidates.iter().any(|id| self.sets.holds(*id as usize, &sought));
        if !within {
            self.sets.push(set);
        }
        !within
    }

    fn known(&self) -> usize {
        self.sets.sets.len()
    }
}

struct Search<'a> {
    cut: Cut,
    chosen: Vec<u32>,
    /// Sets that were known before.
    known: &'a Sets,
    /// Those found since; their numbers go on from those known before.
    own: Sets,
    projector: Projector<u32>,
    spare: Vec<Projection<u32>>,
}

impl<'a> Search<'a> {
    fn new(min_count: u32, known: &'a Sets, own: Sets) -> Self {
        Self {
            cut: Cut { min_count, lattice_items: 0, items_only: false },
            chosen: Vec::new(),
            known,
            own,
            projector: Projector::default(),
            spare: Vec::new(),
        }
    }

    /// The branches of some positions. `within`: the found sets that contain the chosen items, those of this call added.
    /// It is not kept while nothing is chosen.
    fn grow<F: Found>(
        &mut self,
        base: &Base<u32>,
        positions: Range<usize>,
        within: &mut Vec<u32>,
        part: &mut Part<F, Set>,
    ) -> Result<(), Stopped> {
        for position in positions.rev() {
            part.found.check()?;
            let (item, count) = base.items[position];
            let mut projection = self.spare.pop().unwrap_or_default();
            let size = self.chosen.len();
            self.chosen.push(item);
            if position == 0 {
                projection.clear();
            } else {
                self.projector.project(base, position, self.cut, &mut projection);
            }
            self.chosen.extend_from_slice(&projection.perfect);
            let first = self.found();
            let mut inside = self.with_chosen(size, within);
            let tail = &projection.base.items;
            let sought = Sought::new(tail.iter().map(|(item, _)| *item));
            if !inside.iter().any(|id| self.holds(*id, &sought)) {
                if tail.is_empty() {
                    self.take(count, part)?;
                } else {
                    self.grow(&projection.base, 0..projection.base.len(), &mut inside, part)?;
                }
            }
            if size > 0 {
                within.extend(first..self.found());
            }
            self.chosen.truncate(size);
            self.spare.push(projection);
        }
        Ok(())
    }

    /// The found sets that contain the chosen items; those before `size` are in all of `within`.
    fn with_chosen(&self, size: usize, within: &[u32]) -> Vec<u32> {
        let news = Sought::new(self.chosen[size..].iter().copied());
        let holds_news = |id: &u32| self.holds(*id, &news);
        if size > 0 {
            return within.iter().copied().filter(holds_news).collect();
        }
        let item = self.chosen[0];
        let own = self.own.holders(item).iter().map(|id| id + self.known.sets.len() as u32);
        self.known.holders(item).iter().copied().chain(own).filter(holds_news).collect()
    }

    /// The number of the set that is found next.
    fn found(&self) -> u32 {
        (self.known.sets.len() + self.own.sets.len()) as u32
    }

    #[inline]
    fn holds<I: Iterator<Item = u32> + Clone>(&self, id: u32, sought: &Sought<I>) -> bool {
        let (id, known) = (id as usize, self.known.sets.len());
        if id < known { self.known.holds(id, sought) } else { self.own.holds(id - known, sought) }
    }

    /// The chosen items are a maximal set.
    fn take<F: Found>(&mut self, count: u32, part: &mut Part<F, Set>) -> Result<(), Stopped> {
        let mut set: Set = self.chosen.as_slice().into();
        set.sort_unstable();
        part.whole(&self.chosen, count, || set.clone())?;
        self.own.push(set);
        Ok(())
    }
}
