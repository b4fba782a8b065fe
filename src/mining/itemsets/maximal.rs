//! Maximal frequent itemsets: a search that knows, for the chosen items, which found sets contain them.

use super::{
    base::{Base, Cut, Projection, Projector},
    found::Found,
    limits::Stopped,
};

/// Finds the maximal itemsets of a base.
///
/// The rarest item's branch goes first, so that a longer set is found before the sets within it. Of the found sets only
/// those that contain the chosen items are looked at (Gouda and Zaki: GenMax, progressive focusing, 2005).
pub fn search<F: Found>(base: &Base<u32>, min_count: u32, found: &mut F) -> Result<(), Stopped> {
    let mut search = Search {
        cut: Cut { min_count, lattice_items: 0, items_only: false },
        chosen: Vec::new(),
        sets: Vec::new(),
        holders: vec![Vec::new(); base.len()],
        projector: Projector::default(),
        spare: Vec::new(),
    };
    search.grow(base, &mut Vec::new(), found)?;
    found.end()
}

struct Search {
    cut: Cut,
    chosen: Vec<u32>,
    /// The items of each found set, in order.
    sets: Vec<Box<[u32]>>,
    /// The found sets of each item.
    holders: Vec<Vec<u32>>,
    projector: Projector<u32>,
    spare: Vec<Projection<u32>>,
}

impl Search {
    /// `within`: the found sets that contain the chosen items, those of this call added. It is not kept while nothing
    /// is chosen.
    fn grow<F: Found>(&mut self, base: &Base<u32>, within: &mut Vec<u32>, found: &mut F) -> Result<(), Stopped> {
        for position in (0..base.len()).rev() {
            found.check()?;
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
            let first = self.sets.len();
            let news = &self.chosen[size..];
            let candidates = if size == 0 { &self.holders[item as usize] } else { &*within };
            let mut inside: Vec<u32> =
                candidates.iter().copied().filter(|id| self.holds(*id, news.iter().copied())).collect();
            let tail = &projection.base.items;
            if !inside.iter().any(|id| self.holds(*id, tail.iter().map(|(item, _)| *item))) {
                if tail.is_empty() {
                    self.take(count, found)?;
                } else {
                    self.grow(&projection.base, &mut inside, found)?;
                }
            }
            if size > 0 {
                within.extend(first as u32..self.sets.len() as u32);
            }
            self.chosen.truncate(size);
            self.spare.push(projection);
        }
        Ok(())
    }

    /// The chosen items are a maximal set.
    fn take<F: Found>(&mut self, count: u32, found: &mut F) -> Result<(), Stopped> {
        found.whole(&self.chosen, count)?;
        let mut set: Box<[u32]> = self.chosen.as_slice().into();
        set.sort_unstable();
        for item in &set {
            self.holders[*item as usize].push(self.sets.len() as u32);
        }
        self.sets.push(set);
        Ok(())
    }

    fn holds(&self, id: u32, mut items: impl Iterator<Item = u32>) -> bool {
        let set = &self.sets[id as usize];
        items.all(|item| set.binary_search(&item).is_ok())
    }
}
