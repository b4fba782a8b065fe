//! A prefix tree of transactions as arrays, its nodes in the order of their items, and what lies above one item.

use super::{lattice::sum_supersets, rows::Rows, weight::Weight};

/// The parent of every path's first node.
const ROOT: u32 = 0;
/// A node that has not been reached; also "no child yet".
const NONE: u32 = u32::MAX;

#[derive(Clone, Copy)]
struct Node {
    parent: u32,
    /// Its position among the items.
    item: u32,
}

/// A prefix tree. Nodes of an item are neighbours, a node's parent has a smaller item and so a smaller index: counts
/// go up in one pass backwards, paths come down in one pass forwards, and equal paths meet without a search.
#[derive(Default)]
pub struct Tree<W> {
    /// The first node of each item, and the end.
    starts: Vec<u32>,
    nodes: Vec<Node>,
    weights: Vec<W>,
    /// The youngest child of each node while the tree grows.
    youngest: Vec<u32>,
}

impl<W: Weight> Tree<W> {
    /// Grows anew from rows over `items` items. `ends` is working memory.
    pub fn grow(&mut self, rows: &Rows<W>, items: usize, ends: &mut Vec<u32>) {
        self.clear();
        // The rows by item: first how many of them, then which.
        let mut starts = vec![0_u32; items + 2];
        for (row, _) in rows.iter() {
            for &item in row {
                starts[item as usize + 2] += 1;
            }
        }
        let mut end = 0;
        for start in &mut starts {
            end += *start;
            *start = end;
        }
        let mut holders = vec![(0, W::default()); end as usize];
        ends.clear();
        for (number, (row, weight)) in rows.iter().enumerate() {
            ends.push(ROOT);
            for &item in row {
                let slot = &mut starts[item as usize + 1];
                holders[*slot as usize] = (number as u32, weight);
                *slot += 1;
            }
        }
        for item in 0..items {
            let first = self.begin_item();
            for &(number, weight) in &holders[starts[item] as usize..starts[item + 1] as usize] {
                let end = &mut ends[number as usize];
                *end = self.add_child(*end, item as u32, first, weight);
            }
        }
        self.begin_item();
    }

    fn clear(&mut self) {
        self.starts.clear();
        self.nodes.clear();
        self.weights.clear();
        self.youngest.clear();
        self.push_node(Node { parent: ROOT, item: NONE }, W::default());
    }

    fn begin_item(&mut self) -> u32 {
        let start = self.nodes.len() as u32;
        self.starts.push(start);
        start
    }

    fn push_node(&mut self, node: Node, weight: W) {
        self.nodes.push(node);
        self.weights.push(weight);
        self.youngest.push(NONE);
    }

    /// The child of `parent` for the item that began at `start`: the youngest, if it is of that item, or a new one.
    #[inline]
    fn add_child(&mut self, parent: u32, item: u32, start: u32, weight: W) -> u32 {
        let youngest = self.youngest[parent as usize];
        if youngest != NONE && youngest >= start {
            self.weights[youngest as usize].add(weight);
            return youngest;
        }
        let child = self.nodes.len() as u32;
        self.youngest[parent as usize] = child;
        self.push_node(Node { parent, item }, weight);
        child
    }
}

/// The nodes above those of one item.
#[derive(Default)]
pub struct Reach<W> {
    /// By node: the node of the new tree that its path ends in, or the bits of its path; [`NONE`] between projections.
    places: Vec<u32>,
    /// By node: the weight of the projected transactions; zero between projections.
    sums: Vec<W>,
    reached: Vec<u32>,
    /// The last item's first.
    runs: Vec<Run<W>>,
}

/// The reached nodes of one item.
struct Run<W> {
    item: u32,
    start: u32,
    end: u32,
    weight: W,
    /// Whether it is one of the new items.
    kept: bool,
}

impl<W: Weight> Reach<W> {
    /// Finds all nodes above the item's nodes, in order, and their sums.
    pub fn find(&mut self, tree: &Tree<W>, position: usize) {
        if self.places.len() < tree.nodes.len() {
            self.places.resize(tree.nodes.len(), NONE);
            self.sums.resize(tree.nodes.len(), W::default());
        }
        self.places[ROOT as usize] = ROOT;
        self.reached.clear();
        let own = tree.starts[position]..tree.starts[position + 1];
        for index in own.clone() {
            let mut node = tree.nodes[index as usize].parent;
            self.sums[node as usize].add(tree.weights[index as usize]);
            while self.places[node as usize] == NONE {
                self.places[node as usize] = ROOT;
                self.reached.push(node);
                node = tree.nodes[node as usize].parent;
            }
        }
        self.sums[ROOT as usize] = W::default();
        if self.reached.len() * 8 > own.start as usize {
            self.reached.clear();
            let places = &self.places;
            self.reached.extend((1..own.start).filter(|node| places[*node as usize] != NONE));
        } else {
            self.reached.sort_unstable();
        }
        self.sum(tree);
    }

    /// Carries the sums up, and finds the items' runs.
    fn sum(&mut self, tree: &Tree<W>) {
        self.runs.clear();
        for (index, &node) in self.reached.iter().enumerate().rev() {
            let Node { parent, item } = tree.nodes[node as usize];
            let weight = self.sums[node as usize];
            if parent != ROOT {
                self.sums[parent as usize].add(weight);
            }
            match self.runs.last_mut() {
                Some(run) if run.item == item => {
                    run.start = index as u32;
                    run.weight.add(weight);
                }
                _ => self.runs.push(Run { item, start: index as u32, end: index as u32 + 1, weight, kept: false }),
            }
        }
    }

    /// Sorts the reached items into perfect, frequent and left. `full`: the weight of all transactions.
    pub fn choose(
        &mut self,
        items: &[(u32, W)],
        full: W,
        min_count: u32,
        perfect: &mut Vec<u32>,
        chosen: &mut Vec<(u32, W)>,
    ) {
        for run in self.runs.iter_mut().rev() {
            let count = run.weight.count();
            let name = items[run.item as usize].0;
            run.kept = count >= min_count && count < full.count();
            if run.kept {
                chosen.push((name, run.weight));
            } else if count == full.count() {
                perfect.push(name);
            }
        }
    }

    /// Makes the lattice of `items` chosen items.
    pub fn lattice(&mut self, tree: &Tree<W>, position: usize, items: usize, lattice: &mut Vec<u32>) {
        lattice.resize(1 << items, 0);
        let mut bit = 1;
        for run in self.runs.iter().rev() {
            let own = if run.kept { bit } else { 0 };
            for &node in &self.reached[run.start as usize..run.end as usize] {
                self.places[node as usize] = self.places[tree.nodes[node as usize].parent as usize] | own;
            }
            bit <<= u32::from(run.kept);
        }
        for index in tree.starts[position] as usize..tree.starts[position + 1] as usize {
            let bits = self.places[tree.nodes[index].parent as usize];
            lattice[bits as usize] += tree.weights[index].count();
        }
        sum_supersets(lattice);
    }

    /// Grows the tree of the chosen items.
    pub fn tree(&mut self, tree: &Tree<W>, into: &mut Tree<W>) {
        into.clear();
        let mut item = 0;
        for run in self.runs.iter().rev() {
            let nodes = &self.reached[run.start as usize..run.end as usize];
            if !run.kept {
                for &node in nodes {
                    self.places[node as usize] = self.places[tree.nodes[node as usize].parent as usize];
                }
                continue;
            }
            let start = into.begin_item();
            for &node in nodes {
                let parent = self.places[tree.nodes[node as usize].parent as usize];
                self.places[node as usize] = into.add_child(parent, item, start, self.sums[node as usize]);
            }
            item += 1;
        }
        into.begin_item();
    }

    /// Ends a projection.
    pub fn forget(&mut self) {
        for &node in &self.reached {
            self.places[node as usize] = NONE;
            self.sums[node as usize] = W::default();
        }
    }
}
