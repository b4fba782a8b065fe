//! Small symmetric systems of equations.

/// Solves `matrix · x = rhs` for a symmetric positive definite matrix (Cholesky); a direction without spread gets no weight.
///
/// `matrix` has `rhs.len()` rows of that length and is overwritten.
pub fn solve(matrix: &mut [f64], rhs: &[f64]) -> Vec<f64> {
    let n = rhs.len();
    for i in 0..n {
        for j in 0..=i {
            let sum: f64 = (0..j).map(|k| matrix[i * n + k] * matrix[j * n + k]).sum();
            let rest = matrix[i * n + j] - sum;
            matrix[i * n + j] =
                if i == j { if rest > 1e-12 { rest.sqrt() } else { f64::INFINITY } } else { rest / matrix[j * n + j] };
        }
    }
    let mut x = rhs.to_vec();
    for i in 0..n {
        let sum: f64 = (0..i).map(|k| matrix[i * n + k] * x[k]).sum();
        x[i] = (x[i] - sum) / matrix[i * n + i];
    }
    for i in (0..n).rev() {
        let sum: f64 = (i + 1..n).map(|k| matrix[k * n + i] * x[k]).sum();
        x[i] = (x[i] - sum) / matrix[i * n + i];
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_is_solved() {
        let x = solve(&mut [4.0, 2.0, 2.0, 3.0], &[2.0, 5.0]);
        assert!((x[0] + 0.5).abs() < 1e-12 && (x[1] - 2.0).abs() < 1e-12);
    }

    #[test]
    fn a_direction_without_spread_gets_no_weight() {
        assert_eq!(solve(&mut [1.0, 0.0, 0.0, 0.0], &[2.0, 5.0]), [2.0, 0.0]);
    }
}
