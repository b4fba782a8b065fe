//! Another price for a bundle: within its caps, its lines adding up to it (sections 8.3 and 8.4).

use serde_json::{Value as Json, json};

use super::error::ReviewError;

/// The record of a price with another `bundle_price`, in cents. The discount is shared among the lines as it was.
///
/// # Errors
/// [`ReviewError::Refused`] when the discount is outside of the caps of the objective, or the price is one of tiers or
/// rewards, which no single number says.
pub fn repriced(pricing: &Json, bundle: i64) -> Result<Json, ReviewError> {
    let refused = |problem: String, mend: &str| ReviewError::Refused { problem, mend: mend.to_owned() };
    if pricing.get("discount_type").and_then(Json::as_str) != Some("percentage") {
        let problem = "the price is one of tiers or rewards".to_owned();
        return Err(refused(problem, "only that of items sold together can be changed"));
    }
    let lines = pricing.get("product_details").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    let originals: Vec<i64> = lines.iter().map(|line| cents(line, "original_price")).collect();
    let original: i64 = originals.iter().sum();
    let (least, most) = caps(pricing, original);
    if originals.is_empty() || !(least..=most).contains(&bundle) || bundle <= 0 {
        let problem = format!("{} is outside of what the objective allows", amount(bundle));
        return Err(refused(problem, &format!("give {} to {}", amount(least.max(1)), amount(most))));
    }
    let old: Vec<i64> = lines.iter().map(|line| cents(line, "discount_amount")).collect();
    let discounts = shared(original - bundle, &originals, &old);
    let mut record = pricing.clone();
    let percent = |discount: i64, of: i64| if of == 0 { 0.0 } else { 100.0 * discount as f64 / of as f64 };
    let greatest = discounts.iter().zip(&originals).map(|(discount, of)| percent(*discount, *of)).fold(0.0, f64::max);
    let total = rounded(percent(original - bundle, original), 1e6);
    if let Some(details) = record.get_mut("product_details").and_then(Json::as_array_mut) {
        for ((line, discount), of) in details.iter_mut().zip(&discounts).zip(&originals) {
            line["discount_pct"] = json!(rounded(percent(*discount, *of), 1e4));
            line["discount_amount"] = json!(units(*discount));
            line["discounted_price"] = json!(units(of - discount));
        }
    }
    record["bundle_price"] = json!(units(bundle));
    record["discount_amount"] = json!(units(original - bundle));
    record["total_discount_pct"] = json!(total);
    record["discount_percentage"] = json!(total);
    record["discount_pct"] = json!(format!("{}%", greatest.round()));
    record["individual_discounts"] = discounts.iter().map(|discount| json!(units(*discount))).collect();
    record["methodology"] = json!("set_by_reviewer");
    Ok(record)
}

/// The least and the most that a bundle may cost, in cents.
fn caps(pricing: &Json, original: i64) -> (i64, i64) {
    let cap = |name: &str, default: f64| {
        pricing.get("objective_caps").and_then(|caps| caps.get(name)).and_then(Json::as_f64).unwrap_or(default)
    };
    // Millionths of a percent, as prices are reckoned in.
    let parts = |percent: f64| (percent.clamp(0.0, 100.0) * 1e6).round() as i128;
    let whole = 100_000_000_i128;
    let (least, most) = (parts(cap("min", 0.0)), parts(cap("max", 100.0)));
    let rest = |part: i128| i128::from(original) * (whole - part);
    // Rounded towards the inside of the caps.
    let dearest = rest(least).div_euclid(whole);
    let cheapest = -(-rest(most)).div_euclid(whole);
    (i64::try_from(cheapest).unwrap_or(i64::MAX), i64::try_from(dearest).unwrap_or(0))
}

/// A discount shared among lines as an older one was, or by their prices where there was none; half a cent goes up, and what
/// is left over goes to the last line that can take it.
fn shared(discount: i64, originals: &[i64], old: &[i64]) -> Vec<i64> {
    let weights = if old.iter().sum::<i64>() > 0 { old } else { originals };
    let sum = i128::from(weights.iter().sum::<i64>().max(1));
    let part = |(weight, original): (&i64, &i64)| {
        let scaled = (2 * i128::from(discount) * i128::from(*weight) + sum).div_euclid(2 * sum);
        i64::try_from(scaled).unwrap_or_default().clamp(0, *original)
    };
    let mut parts: Vec<i64> = weights.iter().zip(originals).map(part).collect();
    let mut left = discount - parts.iter().sum::<i64>();
    for (part, original) in parts.iter_mut().zip(originals).rev() {
        let taken = (*part + left).clamp(0, *original) - *part;
        *part += taken;
        left -= taken;
    }
    parts
}

fn cents(line: &Json, key: &str) -> i64 {
    (line.get(key).and_then(Json::as_f64).unwrap_or_default() * 100.0).round() as i64
}

fn units(cents: i64) -> f64 {
    cents as f64 / 100.0
}

fn amount(cents: i64) -> String {
    format!("{}{}.{:02}", if cents < 0 { "-" } else { "" }, cents.abs() / 100, cents.abs() % 100)
}

fn rounded(value: f64, scale: f64) -> f64 {
    (value * scale).round() / scale
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pricing() -> Json {
        json!({
            "discount_type": "percentage", "original_total": 35.83, "bundle_price": 31.95, "objective_caps": { "min": 5.0, "max": 25.0 },
            "product_details": [
                { "original_price": 22.21, "discount_amount": 2.41, "discounted_price": 19.80, "discount_pct": 10.851 },
                { "original_price": 13.62, "discount_amount": 1.47, "discounted_price": 12.15, "discount_pct": 10.793 },
            ],
        })
    }

    #[test]
    fn lines_add_up_to_every_price_within_the_caps_and_no_other_is_taken() {
        for bundle in 0..4_000 {
            let Ok(record) = repriced(&pricing(), bundle) else {
                assert!(!(2_688..=3_403).contains(&bundle), "{bundle}");
                continue;
            };
            assert!((2_688..=3_403).contains(&bundle), "{bundle}");
            let lines = record["product_details"].as_array().unwrap();
            assert_eq!(lines.iter().map(|line| cents(line, "discounted_price")).sum::<i64>(), bundle);
            assert!(lines.iter().all(|line| cents(line, "discount_amount") >= 0));
        }
        let record = repriced(&pricing(), 3_195).unwrap();
        assert_eq!(record["product_details"][0]["discount_amount"], 2.41);
        assert_eq!(record["total_discount_pct"], 10.828914);
    }

    #[test]
    fn a_price_of_tiers_is_not_one_number() {
        let error = repriced(&json!({ "discount_type": "tiered" }), 100).unwrap_err().to_string();
        assert!(error.contains("tiers"), "{error}");
    }
}
