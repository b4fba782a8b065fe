//! Cholesky's factors of small symmetric matrices, row after row.

/// A pivot is at least this share of what stood on the diagonal: rounded sums may lack what makes the matrix definite.
const LEAST_PIVOT: f64 = 1e-9;

/// Solves `matrix` · x = `right`, and leaves x in `right`. Of the symmetric matrix the rows up to the diagonal are read; it becomes its factor.
pub fn solve(matrix: &mut [f64], right: &mut [f64]) {
    let size = right.len();
    factorise(matrix, size);
    for row in 0..size {
        let factor = &matrix[row * size..];
        right[row] = (right[row] - dot(&factor[..row], &right[..row])) * factor[row];
    }
    for row in (0..size).rev() {
        let factor = &matrix[row * size..];
        right[row] *= factor[row];
        let value = right[row];
        right[..row].iter_mut().zip(&factor[..row]).for_each(|(to, factor)| *to -= factor * value);
    }
}

/// The inverse of a symmetric matrix, its rows up to the diagonal; of `matrix` those rows are read, and it becomes its factor.
pub fn inverse(matrix: &mut [f64], size: usize) -> Vec<f64> {
    factorise(matrix, size);
    // The inverse of the factor, row by row: each is made of those above.
    let mut inverted = vec![0.0; size * size];
    for row in 0..size {
        let (above, rest) = inverted.split_at_mut(row * size);
        let (own, factor) = (&mut rest[..size], &matrix[row * size..]);
        for (column, other) in above.chunks_exact(size).enumerate() {
            add(&mut own[..=column], -factor[column] * factor[row], &other[..=column]);
        }
        own[row] = factor[row];
    }
    let mut inverse = vec![0.0; size * size];
    for (row, factor) in inverted.chunks_exact(size.max(1)).enumerate() {
        for place in 0..=row {
            add(&mut inverse[place * size..=place * (size + 1)], factor[place], &factor[..=place]);
        }
    }
    inverse
}

/// Adds a multiple.
#[inline]
fn add(to: &mut [f64], times: f64, of: &[f64]) {
    to.iter_mut().zip(of).for_each(|(to, of)| *to += times * of);
}

/// Makes a matrix its lower factor, with the inverse of the diagonal.
fn factorise(matrix: &mut [f64], size: usize) {
    for row in 0..size {
        let (above, rest) = matrix.split_at_mut(row * size);
        let own = &mut rest[..size];
        for column in 0..row {
            let other = &above[column * size..(column + 1) * size];
            own[column] = (own[column] - dot(&own[..column], &other[..column])) * other[column];
        }
        let least = (own[row] * LEAST_PIVOT).max(f64::MIN_POSITIVE);
        own[row] = 1.0 / (own[row] - dot(&own[..row], &own[..row])).max(least).sqrt();
    }
}

/// The sum of products, in four sums side by side: their order is fixed.
#[inline]
fn dot(one: &[f64], other: &[f64]) -> f64 {
    let (ones, one_rest) = one.as_chunks::<4>();
    let (others, other_rest) = other.as_chunks::<4>();
    let mut sums = [0.0; 4];
    for (one, other) in ones.iter().zip(others) {
        for ((sum, one), other) in sums.iter_mut().zip(one).zip(other) {
            *sum += one * other;
        }
    }
    let rest: f64 = one_rest.iter().zip(other_rest).map(|(one, other)| one * other).sum();
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest
}
