//! The transactions that hold the chosen items, in the form that suits them, and their projection on one more item.

use super::{
    lattice::sum_supersets,
    rows::{LEFT, Rows},
    tree::{Reach, Tree},
    weight::Weight,
};

/// The frequent items that may be chosen next, and the transactions over their positions.
#[derive(Default)]
pub struct Base<W> {
    /// The items, from the most frequent of all transactions to the least, each with its weight in this base.
    pub items: Vec<(u32, W)>,
    form: Form,
    rows: Rows<W>,
    tree: Tree<W>,
}

/// Rows of sparse data hardly ever share a beginning: they stay rows. Those of dense data do: a tree merges them.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Form {
    #[default]
    Rows,
    Tree,
}

impl<W: Weight> Base<W> {
    /// A base of rows over the positions of `items`.
    pub fn new(items: Vec<(u32, W)>, rows: Rows<W>) -> Self {
        let mut base = Self { items, rows, ..Self::default() };
        base.settle(&mut Vec::new());
        base
    }

    /// The number of items.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether it has so little in common that its rows are not merged.
    pub fn is_sparse(&self) -> bool {
        self.form == Form::Rows
    }

    fn settle(&mut self, ends: &mut Vec<u32>) {
        if self.rows.are_dense(self.items.len()) {
            self.form = Form::Tree;
            self.tree.grow(&self.rows, self.items.len(), ends);
        } else {
            self.form = Form::Rows;
            self.rows.index(self.items.len());
        }
    }
}

/// The items of one item's transactions: those in all of them, and the other frequent ones.
#[derive(Default)]
pub struct Projection<W> {
    /// Items that every transaction of the projection holds.
    pub perfect: Vec<u32>,
    /// The other frequent items, and unless they are a lattice their transactions.
    pub base: Base<W>,
    /// Where the other items are few: by subset of them, as bits, the number of transactions that hold it. Else empty.
    pub lattice: Vec<u32>,
}

impl<W> Projection<W> {
    /// Makes it empty.
    pub fn clear(&mut self) {
        self.perfect.clear();
        self.lattice.clear();
        self.base.items.clear();
    }
}

/// What a projection makes.
#[derive(Clone, Copy)]
pub struct Cut {
    /// How many transactions must hold an item; at least 1.
    pub min_count: u32,
    /// Of up to so many other frequent items a lattice is made.
    pub lattice_items: usize,
    /// Whether only items are asked for, without their transactions.
    pub items_only: bool,
}

/// The working memory of projections.
#[derive(Default)]
pub struct Projector<W> {
    /// By position: the weight in the projection; zero between projections.
    weights: Vec<W>,
    touched: Vec<u32>,
    /// By position: what becomes of the item; read only for those touched.
    places: Vec<u32>,
    ends: Vec<u32>,
    reach: Reach<W>,
}

impl<W: Weight> Projector<W> {
    /// Projects a base on the item at `position`: what its transactions hold of the items before it.
    pub fn project(&mut self, base: &Base<W>, position: usize, cut: Cut, into: &mut Projection<W>) {
        into.clear();
        match base.form {
            Form::Rows => self.project_rows(base, position, cut, into),
            Form::Tree => {
                let weight = base.items[position].1;
                let Projection { perfect, base: new, lattice } = into;
                self.reach.find(&base.tree, position);
                self.reach.choose(&base.items, weight, cut.min_count, perfect, &mut new.items);
                if cut.items_only || new.items.len() < 2 {
                    // Nothing more is asked of it.
                } else if new.items.len() <= cut.lattice_items {
                    self.reach.lattice(&base.tree, position, new.items.len(), lattice);
                } else {
                    new.form = Form::Tree;
                    self.reach.tree(&base.tree, &mut new.tree);
                }
                self.reach.forget();
            }
        }
    }

    fn project_rows(&mut self, base: &Base<W>, position: usize, cut: Cut, into: &mut Projection<W>) {
        if self.weights.len() < base.len() {
            self.weights.resize(base.len(), W::default());
            self.places.resize(base.len(), LEFT);
        }
        let (weights, touched) = (&mut self.weights, &mut self.touched);
        touched.resize(base.len() + 1, 0);
        let mut end = 0;
        base.rows.each_before(position, |item, weight| {
            let sum = &mut weights[item as usize];
            touched[end] = item;
            end += usize::from(sum.count() == 0);
            sum.add(weight);
        });
        touched.truncate(end);
        self.choose_rows(base, base.items[position].1.count(), cut.min_count, into);
        let chosen = into.base.items.len();
        if cut.items_only || chosen < 2 {
            return;
        }
        if chosen <= cut.lattice_items {
            into.lattice.resize(1 << chosen, 0);
            for (head, weight) in base.rows.heads(position) {
                // Of what is left the bit is 1 << 31 << 1, none.
                let bits = head.iter().fold(0, |bits, item| bits | 1_u64 << self.places[*item as usize].min(63));
                into.lattice[bits as usize & ((1 << chosen) - 1)] += weight.count();
            }
            sum_supersets(&mut into.lattice);
        } else {
            let rows = &mut into.base.rows;
            rows.clear();
            for (head, weight) in base.rows.heads(position) {
                rows.add_kept(head, &self.places, weight);
            }
            into.base.settle(&mut self.ends);
        }
    }

    /// Sorts the touched items into perfect, frequent and left; clears their weights.
    fn choose_rows(&mut self, base: &Base<W>, full: u32, min_count: u32, into: &mut Projection<W>) {
        let frequent = |item: u32| self.weights[item as usize].count() >= min_count;
        let mut chosen = 0;
        for index in 0..self.touched.len() {
            let item = self.touched[index];
            if frequent(item) {
                self.touched.swap(chosen, index);
                chosen += 1;
            }
        }
        for &item in &self.touched[chosen..] {
            self.weights[item as usize] = W::default();
            self.places[item as usize] = LEFT;
        }
        self.touched.truncate(chosen);
        self.touched.sort_unstable();
        for item in self.touched.drain(..) {
            let weight = std::mem::take(&mut self.weights[item as usize]);
            let name = base.items[item as usize].0;
            self.places[item as usize] = if weight.count() == full {
                into.perfect.push(name);
                LEFT
            } else {
                into.base.items.push((name, weight));
                into.base.items.len() as u32 - 1
            };
        }
    }
}
