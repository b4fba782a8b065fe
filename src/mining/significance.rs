//! How likely something is luck: Fisher's exact test, and Benjamini and Hochberg's correction for many tests.

use std::f64::consts::TAU;

/// The chance of `both` or more orders with both sides, if each of two groups of `with_one` and `with_other` among `all`
/// orders were drawn at random: the one-sided p-value of Fisher's exact test, the upper tail of the hypergeometric
/// distribution. What is below the smallest float is 0.
pub fn fisher_p_value(all: u32, with_one: u32, with_other: u32, both: u32) -> f64 {
    // The groups may change places; rounding shall not tell a rule from its reverse.
    let (one, other) = (with_one.min(with_other), with_one.max(with_other));
    let [all, one, other, both] = [all, one, other, both].map(f64::from);
    let least = (one + other - all).max(0.0);
    let most = one.min(other);
    if both <= least {
        return 1.0;
    }
    if both > most {
        return 0.0;
    }
    // The neighbours of a term follow by a factor; the sum starts at the larger end of the tail that is shorter.
    if both > one * other / all {
        let next = |x: f64| (one - x) * (other - x) / ((x + 1.0) * (all - one - other + x + 1.0));
        let tail = series((both as u64)..(most as u64), |x| next(x as f64));
        return (log_probability(all, one, other, both).exp() * tail).min(1.0);
    }
    let before = |x: f64| x * (all - one - other + x) / ((one - x + 1.0) * (other - x + 1.0));
    let below = series(((least as u64 + 1)..both as u64).rev(), |x| before(x as f64));
    (1.0 - log_probability(all, one, other, both - 1.0).exp() * below).clamp(0.0, 1.0)
}

/// 1 + f₁ + f₁f₂ + …, until a term no longer changes the sum.
fn series(places: impl Iterator<Item = u64>, factor: impl Fn(u64) -> f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for place in places {
        term *= factor(place);
        if term < sum * 1e-18 {
            break;
        }
        sum += term;
    }
    sum
}

/// The logarithm of the hypergeometric probability, from three binomial ones: differences of logarithms of factorials
/// would lose all digits among many millions of orders.
fn log_probability(all: f64, one: f64, other: f64, both: f64) -> f64 {
    let (p, q) = (other / all, (all - other) / all);
    log_binomial(both, one, p, q) + log_binomial(other - both, all - one, p, q) - log_binomial(other, all, p, q)
}

/// The logarithm of the binomial probability of `x` among `n`, by the saddle-point expansion of Catherine Loader, "Fast
/// and Accurate Computation of Binomial Probabilities" (2000).
fn log_binomial(x: f64, n: f64, p: f64, q: f64) -> f64 {
    if x == 0.0 {
        return if n == 0.0 { 0.0 } else { n * (-p).ln_1p() };
    }
    if x == n {
        return n * p.ln();
    }
    let errors = stirling_error(n) - stirling_error(x) - stirling_error(n - x);
    errors - deviance(x, n * p) - deviance(n - x, n * q) - 0.5 * (TAU * x * (n - x) / n).ln()
}

/// ln n! less Stirling's formula for it.
fn stirling_error(n: f64) -> f64 {
    if n <= 15.0 {
        let factorial: f64 = (1..=n as u32).map(f64::from).product();
        return factorial.ln() - ((n + 0.5) * n.ln() - n + 0.5 * TAU.ln());
    }
    let s = n * n;
    (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / 1188.0 / s) / s) / s) / s) / n
}

/// x ln(x / mean) + mean − x, without loss of digits where both are near each other.
fn deviance(x: f64, mean: f64) -> f64 {
    let difference = x - mean;
    if difference.abs() >= 0.1 * (x + mean) {
        return x * (x / mean).ln() - difference;
    }
    let ratio = difference / (x + mean);
    let square = ratio * ratio;
    let mut power = 2.0 * x * ratio;
    let mut sum = difference * ratio;
    for odd in (3..200).step_by(2) {
        power *= square;
        let next = sum + power / f64::from(odd);
        if next.to_bits() == sum.to_bits() {
            break;
        }
        sum = next;
    }
    sum
}

/// Benjamini and Hochberg's q-values: the share of false finds to be expected among those with a p-value up to this one's
/// ("Controlling the False Discovery Rate", 1995). `tests` is the number of all tests: those that are not among `p_values`
/// count as tests that found nothing.
pub fn q_values(p_values: &[f64], tests: f64) -> Vec<f64> {
    let tests = tests.max(p_values.len() as f64);
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    let p_value = |place: usize| p_values.get(place).copied().unwrap_or(1.0);
    order.sort_unstable_by(|one, other| p_value(*one).total_cmp(&p_value(*other)));
    let mut q_values = vec![1.0; p_values.len()];
    let mut least: f64 = 1.0;
    for (before, place) in order.iter().enumerate().rev() {
        least = least.min(p_value(*place) * tests / (before + 1) as f64);
        if let Some(q_value) = q_values.get_mut(*place) {
            *q_value = least;
        }
    }
    q_values
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn binomial(n: u32, k: u32) -> f64 {
        (0..k.min(n - k)).fold(1.0, |product, i| product * f64::from(n - i) / f64::from(i + 1)).round()
    }

    proptest! {
        #[test]
        fn the_tail_equals_the_sum_of_its_probabilities(all in 1_u32..40, a in 0_u32..40, b in 0_u32..40, k in 0_u32..40) {
            let (a, b) = (a.min(all), b.min(all));
            let k = k.min(a.min(b));
            let terms = (k..=a.min(b)).filter(|x| b - x <= all - a);
            let exact: f64 = terms.map(|x| binomial(a, x) * binomial(all - a, b - x)).sum::<f64>() / binomial(all, b);
            let found = fisher_p_value(all, a, b, k);
            prop_assert!((found - exact).abs() <= 1e-12 * exact.max(1e-3), "{found} {exact}");
        }
    }

    /// Sums of exact fractions, made with Python's `fractions`.
    #[test]
    fn known_values_hold_from_small_to_large() {
        for (all, one, other, both, exact) in KNOWN {
            let found = fisher_p_value(*all, *one, *other, *both);
            assert!((found / exact - 1.0).abs() < 1e-10, "{all} {one} {other} {both}: {found} for {exact}");
        }
        assert_eq!(fisher_p_value(0, 0, 0, 0), 1.0);
        assert_eq!(fisher_p_value(10, 3, 3, 4), 0.0);
        assert_eq!(fisher_p_value(1_000_000, 500_000, 500_000, 500_000), 0.0, "too small for a float");
    }

    const KNOWN: &[(u32, u32, u32, u32, f64)] = &[
        (20, 15, 13, 8, 1.0),
        (20, 7, 7, 3, 0.4742647058823529),
        (450, 21, 45, 12, 3.542994574697588e-8),
        (450, 30, 46, 17, 3.366169529248604e-11),
        (450, 42, 57, 14, 0.0001956874693254732),
        (20_000, 400, 300, 30, 4.625006976951297e-13),
        (20_000, 400, 300, 3, 0.9411346888954586),
        (1_000_000, 2_000, 1_500, 9, 0.003732504967961495),
    ];

    #[test]
    fn q_values_rise_with_p_values_and_reach_the_largest() {
        let close = |one: Vec<f64>, other: &[f64]| {
            assert_eq!(one.len(), other.len());
            one.iter().zip(other).for_each(|(a, b)| assert!((a - b).abs() < 1e-12, "{one:?}"));
        };
        close(q_values(&[0.01, 0.04, 0.03, 0.005], 4.0), &[0.02, 0.04, 0.04, 0.02]);
        close(q_values(&[0.9, 0.9], 0.0), &[0.9, 0.9]);
        close(q_values(&[0.01, 0.04], 8.0), &[0.08, 0.16]);
        close(q_values(&[0.9], 5.0), &[1.0]);
        close(q_values(&[], 3.0), &[]);
    }
}
