//! A prefix tree of transactions as arrays, its nodes in the order of their items, and its projection on one item.

/// The parent of every path's first node.
const ROOT: u32 = 0;
/// A node that the projection in hand has not reached; also "no child yet".
const NONE: u32 = u32::MAX;

/// What is summed over the transactions through a node.
pub trait Weight: Copy + Default + Send + Sync {
    /// The weight of one transaction; `number` tells it from all others.
    fn of_transaction(number: u32) -> Self;
    /// Takes another weight in.
    fn add(&mut self, other: Self);
    /// The number of transactions.
    fn count(self) -> u32;
}

impl Weight for u32 {
    fn of_transaction(_: u32) -> Self {
        1
    }

    fn add(&mut self, other: Self) {
        *self += other;
    }

    fn count(self) -> u32 {
        self
    }
}

#[derive(Clone, Copy)]
struct Node {
    parent: u32,
    /// Position in [`Tree::items`].
    item: u32,
}

/// A prefix tree. Nodes of an item are neighbours, a node's parent has a smaller item and so a smaller index: counts
/// go up in one pass backwards, paths come down in one pass forwards, and equal paths meet without a search.
#[derive(Default)]
pub struct Tree<W> {
    /// The items, from the most frequent of all transactions to the least, each with its weight in this tree.
    items: Vec<(u32, W)>,
    /// The first node of each item, and the end.
    starts: Vec<u32>,
    nodes: Vec<Node>,
    weights: Vec<W>,
    /// The youngest child of each node while the tree grows.
    youngest: Vec<u32>,
}

impl<W: Weight> Tree<W> {
    /// A tree of `transactions` transactions, from the numbers of those that hold each item.
    pub fn grow(occurrences: &[Vec<u32>], transactions: usize) -> Self {
        let mut tree = Self::default();
        tree.clear();
        let mut ends = vec![ROOT; transactions];
        for (item, holders) in occurrences.iter().enumerate() {
            let start = tree.begin_item();
            let mut total = W::default();
            for &number in holders {
                let Some(end) = ends.get_mut(number as usize) else { continue };
                let weight = W::of_transaction(number);
                *end = tree.add_child(*end, item as u32, start, weight);
                total.add(weight);
            }
            tree.items.push((item as u32, total));
        }
        tree.begin_item();
        tree
    }

    /// The number of items.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// An item and its weight.
    pub fn item(&self, position: usize) -> (u32, W) {
        self.items[position]
    }

    /// All items with their weights.
    pub fn items(&self) -> &[(u32, W)] {
        &self.items
    }

    /// Whether the tree is a single path.
    pub fn is_chain(&self) -> bool {
        self.nodes.len() == self.items.len() + 1
            && self.nodes.iter().enumerate().skip(1).all(|(index, node)| node.parent as usize + 1 == index)
    }

    fn clear(&mut self) {
        self.items.clear();
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

/// The items of one item's transactions: those in all of them, and a tree of the other frequent ones.
#[derive(Default)]
pub struct Projection<W> {
    /// Items that every transaction of the projection holds.
    pub perfect: Vec<u32>,
    /// The other frequent items. With a single item the tree has no nodes: nothing is asked of it but its items.
    pub tree: Tree<W>,
}

/// The working memory of projections.
#[derive(Default)]
pub struct Projector<W> {
    /// By node of the projected tree: the node of the new tree that its path ends in; [`NONE`] between projections.
    places: Vec<u32>,
    /// By node of the projected tree: the weight of the projected transactions; zero between projections.
    sums: Vec<W>,
    reached: Vec<u32>,
    runs: Vec<Run<W>>,
}

/// The reached nodes of one item.
struct Run<W> {
    item: u32,
    start: u32,
    end: u32,
    weight: W,
}

impl<W: Weight> Projector<W> {
    /// Projects a tree on the item at `position`: what its transactions hold of the items before it. Nothing comes
    /// before the first item.
    pub fn project(&mut self, tree: &Tree<W>, position: usize, min_count: u32, into: &mut Projection<W>) {
        into.perfect.clear();
        into.tree.clear();
        if position == 0 {
            return;
        }
        self.reach(tree, position);
        self.sum(tree);
        let full = tree.items[position].1.count();
        let frequent = |run: &&Run<W>| run.weight.count() >= min_count && run.weight.count() < full;
        let others = self.runs.iter().rev().filter(frequent).count();
        let mut item = 0;
        for run in self.runs.iter().rev() {
            let count = run.weight.count();
            let name = tree.items[run.item as usize].0;
            let nodes = &self.reached[run.start as usize..run.end as usize];
            if count == full {
                into.perfect.push(name);
            } else if count >= min_count {
                into.tree.items.push((name, run.weight));
            }
            if others < 2 {
                continue;
            }
            if count == full || count < min_count {
                for &node in nodes {
                    self.places[node as usize] = self.places[tree.nodes[node as usize].parent as usize];
                }
                continue;
            }
            let start = into.tree.begin_item();
            for &node in nodes {
                let parent = self.places[tree.nodes[node as usize].parent as usize];
                self.places[node as usize] = into.tree.add_child(parent, item, start, self.sums[node as usize]);
            }
            item += 1;
        }
        into.tree.begin_item();
        for &node in &self.reached {
            self.places[node as usize] = NONE;
            self.sums[node as usize] = W::default();
        }
    }

    /// Marks all nodes above the item's nodes and puts them in order.
    fn reach(&mut self, tree: &Tree<W>, position: usize) {
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
    }

    /// Carries the sums up, and finds the items' runs, the last item's first.
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
                _ => self.runs.push(Run { item, start: index as u32, end: index as u32 + 1, weight }),
            }
        }
    }
}
