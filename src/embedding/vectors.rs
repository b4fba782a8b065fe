//! Vectors of length 1, one after the other, sparse or dense.

/// Vectors in rows. Every row has length 1, or is zero.
#[derive(Clone, Debug, PartialEq)]
pub struct Vectors {
    dimensions: usize,
    rows: Rows,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Rows {
    /// Row `r` has `values[offsets[r]..offsets[r + 1]]` in the ascending dimensions at the same places.
    Sparse { offsets: Vec<usize>, dimensions: Vec<u32>, values: Vec<f32> },
    /// Row `r` begins at `r` times the dimensions.
    Dense { values: Vec<f32> },
}

impl Vectors {
    /// Dense rows of so many dimensions, at least one, one after the other; they get length 1. A row with a value that is
    /// no finite number becomes zero. What is left of an unfinished row is dropped.
    pub fn dense(dimensions: usize, mut values: Vec<f32>) -> Self {
        let dimensions = dimensions.max(1);
        values.truncate(values.len() / dimensions * dimensions);
        values.chunks_mut(dimensions).for_each(normalise);
        Self { dimensions, rows: Rows::Dense { values } }
    }

    /// Dense rows that have length 1 or are zero already, one after the other, as they are.
    pub fn units(dimensions: usize, values: Vec<f32>) -> Self {
        Self { dimensions: dimensions.max(1), rows: Rows::Dense { values } }
    }

    /// How many numbers a vector has.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// How many vectors there are.
    pub fn len(&self) -> usize {
        match &self.rows {
            Rows::Sparse { offsets, .. } => offsets.len() - 1,
            Rows::Dense { values } => values.len() / self.dimensions,
        }
    }

    /// A vector in full.
    pub fn row(&self, row: usize) -> Vec<f32> {
        match &self.rows {
            Rows::Sparse { offsets, dimensions, values } => {
                let mut full = vec![0.0; self.dimensions];
                for at in offsets[row]..offsets[row + 1] {
                    full[dimensions[at] as usize] = values[at];
                }
                full
            }
            Rows::Dense { values } => values[row * self.dimensions..][..self.dimensions].to_vec(),
        }
    }

    /// The cosine of two vectors; 0 when one is zero.
    #[cfg(test)]
    pub fn cosine(&self, one: usize, other: usize) -> f32 {
        match &self.rows {
            Rows::Sparse { offsets, dimensions, values } => {
                let (mut a, mut b) = (offsets[one], offsets[other]);
                let mut sum = 0.0;
                while a < offsets[one + 1] && b < offsets[other + 1] {
                    let (x, y) = (dimensions[a], dimensions[b]);
                    if x == y {
                        sum += values[a] * values[b];
                    }
                    a += usize::from(x <= y);
                    b += usize::from(y <= x);
                }
                sum
            }
            Rows::Dense { values } => {
                let row = |row: usize| &values[row * self.dimensions..][..self.dimensions];
                dot(row(one), row(other))
            }
        }
    }

    pub(super) fn rows(&self) -> &Rows {
        &self.rows
    }
}

/// Sparse vectors, row by row.
#[derive(Clone, Debug)]
pub struct VectorsBuilder {
    width: usize,
    offsets: Vec<usize>,
    dimensions: Vec<u32>,
    values: Vec<f32>,
}

impl VectorsBuilder {
    /// No rows yet, of so many dimensions.
    pub fn new(dimensions: usize) -> Self {
        Self { width: dimensions, offsets: vec![0], dimensions: Vec::new(), values: Vec::new() }
    }

    /// Adds a row of values in ascending dimensions, each once; it gets length 1. Zeros are left out.
    pub fn push(&mut self, row: impl IntoIterator<Item = (u32, f32)>) {
        let start = self.values.len();
        for (dimension, value) in row.into_iter().filter(|(_, value)| *value != 0.0) {
            self.dimensions.push(dimension);
            self.values.push(value);
        }
        normalise(&mut self.values[start..]);
        self.offsets.push(self.values.len());
    }

    /// The rows.
    pub fn build(self) -> Vectors {
        let Self { width, offsets, dimensions, values } = self;
        Vectors { dimensions: width, rows: Rows::Sparse { offsets, dimensions, values } }
    }
}

/// Gives values length 1; values without a length become zero.
fn normalise(values: &mut [f32]) {
    let square: f64 = values.iter().map(|value| f64::from(*value) * f64::from(*value)).sum();
    let length = square.sqrt();
    let scale = if length.is_finite() && length > 0.0 { 1.0 / length } else { 0.0 };
    for value in values {
        *value = if scale > 0.0 { (f64::from(*value) * scale) as f32 } else { 0.0 };
    }
}

/// Sums that run side by side.
const LANES: usize = 16;

/// The dot product of two slices of one length, summed in a fixed order.
pub(super) fn dot(one: &[f32], other: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    let (ones, others) = (one.chunks_exact(LANES), other.chunks_exact(LANES));
    let rest: f32 = ones.remainder().iter().zip(others.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in ones.zip(others) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_get_length_one_and_what_has_none_is_zero() {
        let vectors = Vectors::dense(2, vec![3.0, 4.0, 0.0, 0.0, f32::NAN, 1.0, 9.0]);
        assert_eq!((vectors.len(), vectors.dimensions()), (3, 2));
        assert_eq!(vectors.row(0), [0.6, 0.8]);
        assert_eq!([vectors.row(1), vectors.row(2)], [[0.0; 2]; 2]);

        let mut sparse = VectorsBuilder::new(5);
        sparse.push([(1, 3.0), (2, 0.0), (4, -4.0)]);
        sparse.push([]);
        let sparse = sparse.build();
        assert_eq!((sparse.row(0), sparse.row(1)), (vec![0.0, 0.6, 0.0, 0.0, -0.8], vec![0.0; 5]));
        assert!((sparse.cosine(0, 0) - 1.0).abs() < 1e-6 && sparse.cosine(0, 1) == 0.0);
    }

    #[test]
    fn sparse_and_dense_cosines_are_the_same() {
        let mut sparse = VectorsBuilder::new(40);
        sparse.push((0..40).step_by(3).map(|dimension| (dimension, dimension as f32 - 9.0)));
        sparse.push((0..40).step_by(2).map(|dimension| (dimension, 20.0 - dimension as f32)));
        let sparse = sparse.build();
        let dense = Vectors::dense(40, [sparse.row(0), sparse.row(1)].concat());
        assert!((sparse.cosine(0, 1) - dense.cosine(0, 1)).abs() < 1e-6);
    }
}
