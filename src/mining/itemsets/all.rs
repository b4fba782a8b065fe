//! All frequent itemsets: FP-growth with perfect extensions, and with lattices where few items are left.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use super::{
    base::{Base, Cut, Projection, Projector},
    found::{Found, Lattice},
    limits::Stopped,
};

/// With so few items the counts of all their subsets are cheaper than a search among them.
const LATTICE_ITEMS: usize = 8;

/// Finds all frequent itemsets of a base, with as many threads as rayon has here. What is found, and its order, do not
/// depend on their number.
///
/// A thread holds one projection for each item chosen, whatever the number of branches.
pub fn search<F: Found>(base: &Base<u32>, min_count: u32, max_size: usize, found: &mut F) -> Result<(), Stopped> {
    let threads = rayon::current_num_threads().min(base.len());
    if max_size == 0 {
        return Ok(());
    }
    if threads < 2 {
        let mut search = Search::new(min_count, max_size);
        for position in 0..base.len() {
            search.branch(base, position, found)?;
        }
        return found.end();
    }
    // The longest transactions come first: the branches of the rarest items.
    let step = (base.len() / (threads * 64)).max(1);
    let starts: Vec<usize> = (0..base.len()).step_by(step).rev().collect();
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(starts.len()));
    let empty = found.part();
    let work = || {
        let mut search = Search::new(min_count, max_size);
        while let Some(&start) = starts.get(next.fetch_add(1, Ordering::Relaxed)) {
            let mut part = empty.part();
            let outcome = (start..base.len().min(start + step))
                .try_for_each(|position| search.branch(base, position, &mut part))
                .and_then(|()| part.end());
            done.lock().unwrap_or_else(PoisonError::into_inner).push((start, outcome.map(|()| part)));
        }
    };
    rayon::scope(|scope| (0..threads).for_each(|_| scope.spawn(|_| work())));
    let mut parts = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    parts.sort_unstable_by_key(|(start, _)| *start);
    found.append_all(parts.into_iter().map(|(_, part)| part).collect::<Result<_, _>>()?);
    Ok(())
}

/// One thread's state.
struct Search {
    min_count: u32,
    max_size: usize,
    chosen: Vec<u32>,
    /// Items in every transaction that holds the chosen ones: each subset of them goes with the chosen.
    free: Vec<u32>,
    projector: Projector<u32>,
    spare: Vec<Projection<u32>>,
}

impl Search {
    fn new(min_count: u32, max_size: usize) -> Self {
        Self {
            min_count,
            max_size,
            chosen: Vec::new(),
            free: Vec::new(),
            projector: Projector::default(),
            spare: Vec::new(),
        }
    }

    /// The sets of the chosen items, the item at `position` and items before it.
    fn branch<F: Found>(&mut self, base: &Base<u32>, position: usize, found: &mut F) -> Result<(), Stopped> {
        found.check()?;
        let (item, count) = base.items[position];
        self.chosen.push(item);
        if position == 0 || self.chosen.len() >= self.max_size {
            found.subsets(&self.chosen, &self.free, count)?;
        } else {
            let mut projection = self.spare.pop().unwrap_or_default();
            let cut = Cut {
                min_count: self.min_count,
                lattice_items: LATTICE_ITEMS,
                items_only: self.chosen.len() + 1 == self.max_size,
            };
            self.projector.project(base, position, cut, &mut projection);
            let free = self.free.len();
            self.free.extend_from_slice(&projection.perfect);
            found.subsets(&self.chosen, &self.free, count)?;
            self.grow(&projection, found)?;
            self.free.truncate(free);
            self.spare.push(projection);
        }
        self.chosen.pop();
        Ok(())
    }

    fn grow<F: Found>(&mut self, projection: &Projection<u32>, found: &mut F) -> Result<(), Stopped> {
        if !projection.lattice.is_empty() {
            let (items, counts) = (&projection.base.items, &projection.lattice);
            let lattice = Lattice { items, counts, min_count: self.min_count };
            return found.lattice(&self.chosen, lattice, &self.free);
        }
        (0..projection.base.len()).try_for_each(|position| self.branch(&projection.base, position, found))
    }
}
