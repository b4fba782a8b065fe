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
        let times = |column: usize| -factor[column] * factor[row];
        // Beyond its diagonal a row has nothing.
        let mut fours = above.chunks_exact(4 * size);
        for (four, others) in fours.by_ref().enumerate() {
            let column = 4 * four;
            let rows = [0, 1, 2, 3].map(|row| &others[row * size..row * size + column + 4]);
            add_four(&mut own[..column + 4], [0, 1, 2, 3].map(|row| times(column + row)), rows);
        }
        for (column, other) in (row - row % 4..row).zip(fours.remainder().chunks_exact(size)) {
            add(&mut own[..=column], times(column), &other[..=column]);
        }
        own[row] = factor[row];
    }
    // And of the whole: the products of its columns.
    let mut inverse = vec![0.0; size * size];
    let mut fours = inverted.chunks_exact(4 * size.max(1));
    for (four, factors) in fours.by_ref().enumerate() {
        let row = 4 * four;
        for place in 0..row + 4 {
            let times = [0, 1, 2, 3].map(|other| factors[other * size + place]);
            let rows = [0, 1, 2, 3].map(|other| &factors[other * size..other * size + place + 1]);
            add_four(&mut inverse[place * size..=place * (size + 1)], times, rows);
        }
    }
    for (row, factor) in (size - size % 4..size).zip(fours.remainder().chunks_exact(size.max(1))) {
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

/// Adds multiples of four rows at once, so that what they are added to is read and written once.
#[inline]
fn add_four(to: &mut [f64], times: [f64; 4], of: [&[f64]; 4]) {
    let [one, two, three, four] = of;
    for ((((to, one), two), three), four) in to.iter_mut().zip(one).zip(two).zip(three).zip(four) {
        *to += (times[0] * one + times[1] * two) + (times[2] * three + times[3] * four);
    }
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
