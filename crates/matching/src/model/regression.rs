//! Logistic regression with an L2 penalty on weighted rows, by Newton's method.

use rayon::prelude::*;

use super::linear::solve;

/// Log-odds as a probability.
pub fn probability(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// A regression that was learned: log-odds are `bias + weights · values`, of values as they come.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Regression {
    pub bias: f64,
    pub weights: Vec<f64>,
}

impl Regression {
    /// Log-odds of one row of values; weights that are not there are 0.
    pub fn log_odds(&self, values: &[f64]) -> f64 {
        self.bias + self.weights.iter().zip(values).map(|(w, v)| w * v).sum::<f64>()
    }
}

/// What a row says: its weight, and the probability that it is a match.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target {
    pub weight: f64,
    pub probability: f64,
}

/// Rows of values brought to mean 0 and deviation 1, with a last column of ones.
pub struct Design {
    size: usize,
    rows: Vec<f64>,
    mean: Vec<f64>,
    scale: Vec<f64>,
}

/// Rows that one task sums up; sums are added in the order of the blocks, whatever the threads.
const BLOCK: usize = 2048;
/// A step in which no standardised weight moves by more than this is the last.
const STILL: f64 = 1e-4;
/// No standardised weight moves further in one step: a long first step overshoots where the classes hardly overlap.
const LONGEST_STEP: f64 = 2.0;

impl Design {
    /// Rows of `width` values each.
    pub fn new(mut values: Vec<f64>, width: usize) -> Self {
        let count = (values.len() / width.max(1)).max(1) as f64;
        let mut mean = vec![0.0; width];
        let mut scale = vec![0.0; width];
        for row in values.chunks_exact(width) {
            mean.iter_mut().zip(row).for_each(|(mean, value)| *mean += value / count);
        }
        for row in values.chunks_exact(width) {
            (0..width).for_each(|at| scale[at] += (row[at] - mean[at]).powi(2) / count);
        }
        scale.iter_mut().for_each(|spread| *spread = if *spread > 1e-12 { spread.sqrt().recip() } else { 0.0 });
        values.par_chunks_exact_mut(width).with_min_len(BLOCK).for_each(|row| {
            (0..width).for_each(|at| row[at] = (row[at] - mean[at]) * scale[at]);
        });
        Self { size: width + 1, rows: values, mean, scale }
    }

    /// A start: no value has a weight.
    pub fn nothing(&self) -> Vec<f64> {
        vec![0.0; self.size]
    }

    fn row_odds(&self, row: &[f64], beta: &[f64]) -> f64 {
        beta[self.size - 1] + row.iter().zip(beta).map(|(x, b)| x * b).sum::<f64>()
    }

    /// Log-odds of each row.
    pub fn log_odds(&self, beta: &[f64]) -> Vec<f64> {
        self.rows.par_chunks_exact(self.size - 1).with_min_len(BLOCK).map(|row| self.row_odds(row, beta)).collect()
    }

    /// Improves `beta` by at most `steps` steps; `penalty` is on half the squared weights.
    pub fn fit(&self, targets: &[Target], penalty: f64, steps: usize, beta: &mut [f64]) {
        let (size, width) = (self.size, self.size - 1);
        for _ in 0..steps {
            let sums: Vec<Vec<f64>> = self
                .rows
                .par_chunks(width * BLOCK)
                .zip(targets.par_chunks(BLOCK))
                .map(|(rows, targets)| self.sums(rows, targets, beta))
                .collect();
            let mut hessian = vec![0.0; size * size];
            let mut gradient = vec![0.0; size];
            for block in sums {
                hessian.iter_mut().zip(&block).for_each(|(sum, value)| *sum += value);
                gradient.iter_mut().zip(&block[size * size..]).for_each(|(sum, value)| *sum += value);
            }
            for at in 0..width {
                hessian[at * size + at] += penalty;
                gradient[at] -= penalty * beta[at];
            }
            hessian[width * size + width] += 1e-6;
            let step = solve(&mut hessian, &gradient);
            let longest = step.iter().fold(0.0f64, |most, step| most.max(step.abs()));
            let shorten = (LONGEST_STEP / longest.max(1e-300)).min(1.0);
            beta.iter_mut().zip(&step).for_each(|(beta, step)| *beta += shorten * step);
            if longest < STILL {
                break;
            }
        }
    }

    /// The lower half of the Hessian and, behind it, the gradient of the likelihood of a block of rows.
    fn sums(&self, rows: &[f64], targets: &[Target], beta: &[f64]) -> Vec<f64> {
        let (size, width) = (self.size, self.size - 1);
        let mut sums = vec![0.0; size * size + size];
        let mut x = vec![1.0; size];
        for (row, target) in rows.chunks_exact(width).zip(targets).filter(|(_, target)| target.weight > 0.0) {
            x[..width].copy_from_slice(row);
            let p = probability(self.row_odds(row, beta));
            let spread = target.weight * (p * (1.0 - p)).max(1e-9);
            let pull = target.weight * (target.probability - p);
            for i in 0..size {
                sums[size * size + i] += pull * x[i];
                let scaled = spread * x[i];
                sums[i * size..i * size + i + 1].iter_mut().zip(&x).for_each(|(sum, x)| *sum += scaled * x);
            }
        }
        sums
    }

    /// The regression on values as they came.
    pub fn regression(&self, beta: &[f64]) -> Regression {
        let weights: Vec<f64> = beta.iter().zip(&self.scale).map(|(b, scale)| b * scale).collect();
        let offset: f64 = weights.iter().zip(&self.mean).map(|(w, m)| w * m).sum();
        Regression { bias: beta[self.size - 1] - offset, weights }
    }
}

/// Learns from rows of `width` values.
pub fn learn(values: Vec<f64>, width: usize, targets: &[Target], penalty: f64) -> Regression {
    let design = Design::new(values, width);
    let mut beta = design.nothing();
    design.fit(targets, penalty, 25, &mut beta);
    design.regression(&beta)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certain(probability: f64) -> Target {
        Target { weight: 1.0, probability }
    }

    #[test]
    fn a_slope_is_found_and_a_penalty_flattens_it() {
        let values: Vec<f64> = (0..200).map(|at| f64::from(at) / 10.0 - 10.0).collect();
        let targets: Vec<Target> = values.iter().map(|v| certain(probability(2.0 * v + 1.0))).collect();
        let free = learn(values.clone(), 1, &targets, 1e-9);
        assert!((free.weights[0] - 2.0).abs() < 1e-3 && (free.bias - 1.0).abs() < 1e-3, "{free:?}");
        assert!(learn(values, 1, &targets, 100.0).weights[0] < 1.0);
    }

    #[test]
    fn a_constant_value_has_no_weight() {
        let learned = learn(vec![1.0; 4], 1, &[0.0, 1.0, 0.0, 1.0].map(certain), 1.0);
        assert_eq!(learned.weights, [0.0]);
        assert!(learned.bias.abs() < 1e-6);
    }

    #[test]
    fn a_row_of_weight_two_counts_as_two_rows() {
        let weighted = [Target { weight: 2.0, probability: 0.9 }, certain(0.2), certain(0.5)];
        let repeated = [certain(0.9), certain(0.2), certain(0.5), certain(0.9)];
        let fit = |rows: &[f64], targets: &[Target]| {
            // The same scale for both: the design alone differs by its mean.
            let learned = learn(rows.to_vec(), 1, targets, 1e-9);
            learned.log_odds(&[0.3])
        };
        assert!((fit(&[1.0, 0.0, 0.5], &weighted) - fit(&[1.0, 0.0, 0.5, 1.0], &repeated)).abs() < 1e-3);
    }
}
