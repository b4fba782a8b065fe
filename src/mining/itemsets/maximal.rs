//! Maximal frequent itemsets: a search that knows, for the chosen items, which found sets contain them.

use super::{
    closed::Cover,
    found::Found,
    tree::{Projection, Projector, Tree, Weight},
};

/// Finds the maximal itemsets of a tree.
///
/// The rarest item's branch goes first, so that a longer set is found before the sets within it. Of the found sets only
/// those that contain the chosen items are looked at (Gouda and Zaki: GenMax, progressive focusing, 2005).
pub fn search<F: Found>(tree: &Tree<Cover>, min_count: u32, found: &mut F) {
    let mut search = Search { min_count, ..Search::default() };
    search.grow(tree, &mut Vec::new(), found);
}

#[derive(Default)]
struct Search {
    min_count: u32,
    chosen: Vec<u32>,
    /// The items of each found set, in order.
    sets: Vec<Box<[u32]>>,
    projector: Projector<Cover>,
    spare: Vec<Projection<Cover>>,
}

impl Search {
    /// `within`: the found sets that contain the chosen items, those of this call added.
    fn grow<F: Found>(&mut self, tree: &Tree<Cover>, within: &mut Vec<u32>, found: &mut F) {
        for position in (0..tree.len()).rev() {
            let (item, cover) = tree.item(position);
            let mut projection = self.spare.pop().unwrap_or_default();
            let size = self.chosen.len();
            self.chosen.push(item);
            self.projector.project(tree, position, self.min_count, &mut projection);
            self.chosen.extend_from_slice(&projection.perfect);
            let first = self.sets.len();
            let news = self.chosen.get(size..).unwrap_or_default();
            let mut inside: Vec<u32> =
                within.iter().copied().filter(|id| self.holds(*id, news.iter().copied())).collect();
            let tail = projection.tree.items();
            if !inside.iter().any(|id| self.holds(*id, tail.iter().map(|(item, _)| *item))) {
                if tail.is_empty() {
                    found.whole(&self.chosen, cover.count());
                    let mut set: Box<[u32]> = self.chosen.as_slice().into();
                    set.sort_unstable();
                    self.sets.push(set);
                } else {
                    self.grow(&projection.tree, &mut inside, found);
                }
            }
            within.extend(first as u32..self.sets.len() as u32);
            self.chosen.truncate(size);
            self.spare.push(projection);
        }
    }

    fn holds(&self, id: u32, mut items: impl Iterator<Item = u32>) -> bool {
        self.sets.get(id as usize).is_some_and(|set| items.all(|item| set.binary_search(&item).is_ok()))
    }
}
