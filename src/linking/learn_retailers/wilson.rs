//! How good a share is at least, given how often it was seen.

/// The lower bound of the 95 % score interval of a share (E. B. Wilson, "Probable inference, the law of succession,
/// and statistical inference", 1927). 0 when nothing was tried.
pub fn lower_bound(successes: u64, attempts: u64) -> f64 {
    if attempts == 0 {
        return 0.0;
    }
    const Z: f64 = 1.959_963_984_540_054;
    let n = attempts as f64;
    let share = successes as f64 / n;
    let z2 = Z * Z;
    let spread = Z * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    (share + z2 / (2.0 * n) - spread) / (1.0 + z2 / n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_has_the_published_values() {
        // Newcombe, "Two-sided confidence intervals for the single proportion" (1998), table I.
        assert!((lower_bound(81, 263) - 0.2553).abs() < 5e-5);
        assert!((lower_bound(15, 148) - 0.0624).abs() < 5e-5);
        assert!(lower_bound(0, 20).abs() < 1e-12);
        assert!(lower_bound(0, 0).abs() < 1e-12);
    }
}
