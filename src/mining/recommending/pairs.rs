//! Weights of pairs of items, as flat slices.

/// Weights of pairs: those of item `a` with others are from `starts[a]` to `starts[a + 1]`, the others ascending.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pairs {
    /// Where each item's others start, and the end of the last; empty for no items.
    pub starts: Vec<usize>,
    /// The others.
    pub others: Vec<u32>,
    /// The weight of each.
    pub weights: Vec<f32>,
}

/// The rows of some neighbouring items, to be put together.
#[derive(Default)]
pub struct Part {
    /// The end of each row among the part's entries.
    pub ends: Vec<usize>,
    /// Others and weights of all rows.
    pub found: Vec<(u32, f32)>,
}

impl Pairs {
    /// Puts parts together that follow one another from item 0 on.
    pub fn of_parts<'a>(parts: impl Iterator<Item = &'a Part> + Clone) -> Self {
        let entries = parts.clone().map(|part| part.found.len()).sum();
        let rows: usize = parts.clone().map(|part| part.ends.len()).sum();
        let mut pairs = Self {
            starts: Vec::with_capacity(rows + 1),
            others: Vec::with_capacity(entries),
            weights: Vec::with_capacity(entries),
        };
        pairs.starts.push(0);
        for part in parts {
            let before = pairs.others.len();
            pairs.starts.extend(part.ends.iter().map(|end| before + end));
            pairs.others.extend(part.found.iter().map(|(other, _)| other));
            pairs.weights.extend(part.found.iter().map(|(_, weight)| weight));
        }
        pairs
    }

    /// How many items have a row.
    pub fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// The others of an item and their weights; nothing for an item without a row.
    #[inline]
    pub fn row(&self, item: u32) -> (&[u32], &[f32]) {
        let range = match self.starts.get(item as usize..).and_then(<[usize]>::first_chunk) {
            Some([start, end]) => *start..*end,
            None => 0..0,
        };
        (self.others.get(range.clone()).unwrap_or_default(), self.weights.get(range).unwrap_or_default())
    }

    /// The others of an item with their weights.
    #[inline]
    pub fn each(&self, item: u32) -> impl Iterator<Item = (u32, f32)> + '_ {
        let (others, weights) = self.row(item);
        others.iter().copied().zip(weights.iter().copied())
    }

    /// The weight of `a` with `b` as that of `b` with `a`. Others are below the number of items.
    pub fn turned(&self) -> Self {
        let items = self.len();
        let mut starts = vec![0; items + 1];
        for other in &self.others {
            starts[*other as usize + 1] += 1;
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut next = starts.clone();
        let (mut others, mut weights) = (vec![0; self.others.len()], vec![0.0; self.weights.len()]);
        for item in 0..items as u32 {
            for (other, weight) in self.each(item) {
                let place = &mut next[other as usize];
                (others[*place], weights[*place]) = (item, weight);
                *place += 1;
            }
        }
        Self { starts, others, weights }
    }
}
