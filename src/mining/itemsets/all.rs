//! All frequent itemsets: FP-growth with perfect extensions.

use rayon::prelude::*;

use super::{
    found::Found,
    tree::{Projection, Projector, Tree},
};

/// Finds all frequent itemsets of a tree, over several trees at a time where rayon has several threads. What is found,
/// and its order, do not depend on their number.
pub fn search<F: Found + Sync>(tree: &Tree<u32>, min_count: u32, max_size: usize, found: &mut F) {
    if max_size == 0 {
        return;
    }
    if rayon::current_num_threads() == 1 {
        let mut search = Search::new(min_count, max_size);
        for position in 0..tree.len() {
            search.branch(tree, position, found);
        }
        return;
    }
    let empty = found.part();
    let branches = (0..tree.len()).into_par_iter().with_max_len(1).map_init(
        || Search::new(min_count, max_size),
        |search, position| {
            let mut part = empty.part();
            search.branch(tree, position, &mut part);
            part
        },
    );
    for part in branches.collect::<Vec<F>>() {
        found.append(part);
    }
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
    fn branch<F: Found>(&mut self, tree: &Tree<u32>, position: usize, found: &mut F) {
        let (item, count) = tree.item(position);
        self.chosen.push(item);
        if position == 0 || self.chosen.len() >= self.max_size {
            found.subsets(&self.chosen, &self.free, count);
        } else {
            let mut projection = self.spare.pop().unwrap_or_default();
            self.projector.project(tree, position, self.min_count, &mut projection);
            let free = self.free.len();
            self.free.extend_from_slice(&projection.perfect);
            found.subsets(&self.chosen, &self.free, count);
            self.grow(&projection.tree, found);
            self.free.truncate(free);
            self.spare.push(projection);
        }
        self.chosen.pop();
    }

    fn grow<F: Found>(&mut self, tree: &Tree<u32>, found: &mut F) {
        if tree.len() > 1 && tree.is_chain() {
            let free = self.free.len();
            for &(item, count) in tree.items() {
                self.chosen.push(item);
                found.subsets(&self.chosen, &self.free, count);
                self.chosen.pop();
                self.free.push(item);
            }
            self.free.truncate(free);
            return;
        }
        for position in 0..tree.len() {
            self.branch(tree, position, found);
        }
    }
}
