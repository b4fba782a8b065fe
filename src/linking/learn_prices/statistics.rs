//! Mean, deviation and median of small samples, summed in the given order.

/// The mean; `None` of nothing.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The sample standard deviation by Welford's running update (B. P. Welford, "Note on a method for calculating corrected
/// sums of squares and products", 1962); `None` of fewer than `least` values or than two.
pub fn deviation(values: &[f64], least: usize) -> Option<f64> {
    if values.len() < least.max(2) {
        return None;
    }
    let (mut mean, mut squares) = (0.0, 0.0);
    for (count, value) in (1..).map(f64::from).zip(values) {
        let off = value - mean;
        mean += off / count;
        squares += off * (value - mean);
    }
    Some((squares / (values.len() - 1) as f64).sqrt())
}

/// 1.4826 times the median absolute deviation, which estimates the standard deviation whatever the outliers;
/// `None` of fewer than `least` values.
pub fn robust_deviation(values: &[f64], least: usize) -> Option<f64> {
    if values.len() < least {
        return None;
    }
    let middle = median(values.to_vec())?;
    Some(1.4826 * median(values.iter().map(|value| (value - middle).abs()).collect())?)
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    let upper = *values.get(half)?;
    if values.len() % 2 == 1 { Some(upper) } else { Some(f64::midpoint(*values.get(half.checked_sub(1)?)?, upper)) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn small_samples_have_the_known_figures() {
        let values = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0];
        assert!((deviation(&values, 5).unwrap() - (32.0f64 / 7.0).sqrt()).abs() < 1e-12);
        assert!((robust_deviation(&values, 5).unwrap() - 1.4826 * 0.5).abs() < 1e-12);
        assert_eq!(mean(&values), Some(5.0));
        assert_eq!(deviation(&values[..4], 5), None);
        assert_eq!(mean(&[]), None);
    }

    proptest! {
        #[test]
        fn the_running_update_agrees_with_the_two_pass_formula(values in prop::collection::vec(-3.0f64..3.0, 2..200)) {
            let middle = values.iter().sum::<f64>() / values.len() as f64;
            let squares: f64 = values.iter().map(|value| (value - middle).powi(2)).sum();
            let wanted = (squares / (values.len() - 1) as f64).sqrt();
            prop_assert!((deviation(&values, 2).unwrap() - wanted).abs() < 1e-9);
        }
    }
}
