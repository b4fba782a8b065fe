//! The nearest vectors of each: exact, in parallel, the same with any number of threads.

use rayon::prelude::*;

use super::vectors::{Rows, Vectors, dot};

/// The nearest rows of each query as flat slices, nearest first, ties by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Neighbours {
    /// Where those of each query start, and the end of the last.
    pub offsets: Vec<usize>,
    /// The rows.
    pub rows: Vec<u32>,
    /// Their cosines.
    pub cosines: Vec<f32>,
}

impl Neighbours {
    /// The nearest rows of a query, with their cosines.
    pub fn of(&self, query: usize) -> impl Iterator<Item = (u32, f32)> {
        let range = self.offsets[query]..self.offsets[query + 1];
        self.rows[range.clone()].iter().copied().zip(self.cosines[range].iter().copied())
    }
}

/// For each of the rows `queries` the `most` other rows of the greatest cosine that is at least `floor` and above 0.
pub fn nearest(vectors: &Vectors, queries: &[u32], most: usize, floor: f32) -> Neighbours {
    let found: Vec<Vec<(f32, u32)>> = match vectors.rows() {
        Rows::Sparse { offsets, dimensions, values } => {
            let postings = Postings::of(vectors.dimensions(), offsets, dimensions, values);
            let space = || vec![0.0_f32; vectors.len()];
            let of_query = |sums: &mut Vec<f32>, query: &u32| {
                let row = offsets[*query as usize]..offsets[*query as usize + 1];
                sums.fill(0.0);
                for at in row {
                    postings.add(dimensions[at], values[at], sums);
                }
                best(sums, *query, most, floor)
            };
            queries.par_iter().map_init(space, of_query).collect()
        }
        Rows::Dense { values } => {
            let row = |row: usize| &values[row * vectors.dimensions()..][..vectors.dimensions()];
            let of_query = |query: &u32| {
                let own = row(*query as usize);
                let cosines: Vec<f32> = (0..vectors.len()).map(|other| dot(own, row(other))).collect();
                best(&cosines, *query, most, floor)
            };
            queries.par_iter().map(of_query).collect()
        }
    };
    let mut neighbours = Neighbours { offsets: vec![0], ..Neighbours::default() };
    for of_query in found {
        for (cosine, row) in of_query {
            neighbours.rows.push(row);
            neighbours.cosines.push(cosine);
        }
        neighbours.offsets.push(neighbours.rows.len());
    }
    neighbours
}

/// The rows that have each dimension.
struct Postings {
    offsets: Vec<usize>,
    rows: Vec<u32>,
    values: Vec<f32>,
}

impl Postings {
    fn of(width: usize, offsets: &[usize], dimensions: &[u32], values: &[f32]) -> Self {
        let mut starts = vec![0; width + 1];
        for dimension in dimensions {
            starts[*dimension as usize + 1] += 1;
        }
        for at in 0..width {
            starts[at + 1] += starts[at];
        }
        let mut free = starts.clone();
        let mut postings = Self { offsets: starts, rows: vec![0; values.len()], values: vec![0.0; values.len()] };
        for (row, bounds) in offsets.windows(2).enumerate() {
            for at in bounds[0]..bounds[1] {
                let place = &mut free[dimensions[at] as usize];
                postings.rows[*place] = row as u32;
                postings.values[*place] = values[at];
                *place += 1;
            }
        }
        postings
    }

    /// Adds `value` times the rows' values in a dimension to the sums of the rows.
    fn add(&self, dimension: u32, value: f32, sums: &mut [f32]) {
        let range = self.offsets[dimension as usize]..self.offsets[dimension as usize + 1];
        for (row, other) in self.rows[range.clone()].iter().zip(&self.values[range]) {
            sums[*row as usize] += value * other;
        }
    }
}

/// The greatest cosines, without the query's own.
fn best(cosines: &[f32], query: u32, most: usize, floor: f32) -> Vec<(f32, u32)> {
    let rows = cosines.iter().copied().zip(0..);
    let mut found: Vec<(f32, u32)> =
        rows.filter(|(cosine, row)| *cosine > 0.0 && *cosine >= floor && *row != query).collect();
    let order = |one: &(f32, u32), other: &(f32, u32)| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1));
    if most < found.len() {
        found.select_nth_unstable_by(most, order);
        found.truncate(most);
    }
    found.sort_unstable_by(order);
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::embedding::vectors::VectorsBuilder;

    proptest! {
        #[test]
        fn the_nearest_are_those_of_all_cosines_sorted(
            rows in prop::collection::vec(prop::collection::btree_map(0u32..12, -3i8..4, 0..6), 1..30),
            most in 0usize..6,
            floor in prop::sample::select(vec![0.0_f32, 0.3, 0.7]),
            threads in 1usize..4,
        ) {
            let mut sparse = VectorsBuilder::new(12);
            rows.iter().for_each(|row| sparse.push(row.iter().map(|(at, value)| (*at, f32::from(*value)))));
            let sparse = sparse.build();
            let queries: Vec<u32> = (0..rows.len() as u32).rev().step_by(2).collect();
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let found = pool.install(|| nearest(&sparse, &queries, most, floor));
            prop_assert_eq!(found.offsets.len(), queries.len() + 1);
            for (place, query) in queries.iter().enumerate() {
                let mut expected: Vec<(u32, f32)> = (0..rows.len() as u32)
                    .filter(|other| other != query)
                    .map(|other| (other, sparse.cosine(*query as usize, other as usize)))
                    .filter(|(_, cosine)| *cosine > 0.0 && *cosine >= floor)
                    .collect();
                expected.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
                expected.truncate(most);
                prop_assert_eq!(found.of(place).collect::<Vec<_>>(), expected);
            }
            let dense = Vectors::dense(12, (0..rows.len()).flat_map(|row| sparse.row(row)).collect());
            let by_dense = nearest(&dense, &queries, rows.len(), 0.0);
            let by_sparse = nearest(&sparse, &queries, rows.len(), 0.0);
            for place in 0..queries.len() {
                let (one, other): (f32, f32) =
                    (by_dense.of(place).map(|near| near.1).sum(), by_sparse.of(place).map(|near| near.1).sum());
                prop_assert!((one - other).abs() < 1e-4);
            }
        }
    }
}
