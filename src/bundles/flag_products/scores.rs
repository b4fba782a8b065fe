//! How much each objective promises a shop, and how sure that is (section 3.2): a report, which chooses nothing.

use crate::bundles::objective::Objective;

/// What of a shop the scores are made of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Signals {
    /// Its products.
    pub products: usize,
    /// What they earn of their price, 0 to 1, of those whose cost is known.
    pub margins: Vec<f64>,
    /// Those that earn much.
    pub high_margin: usize,
    /// Those that hardly sell.
    pub slow: usize,
    /// Those that are new.
    pub new: usize,
    /// Their categories.
    pub categories: usize,
    /// The units of each product that was sold.
    pub units: Vec<i64>,
    /// Orders, and the sums of their different items and of the squares of these.
    pub orders: i64,
    /// See `orders`.
    pub items: i64,
    /// See `orders`.
    pub squares: i64,
    /// Orders of two or more items.
    pub multi_item_orders: i64,
}

/// What an objective promises.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Promise {
    /// 0 to 1.
    pub benefit: f64,
    /// 0 to 1.
    pub confidence: f64,
}

impl Promise {
    /// What it comes to.
    pub fn score(self) -> f64 {
        self.benefit * self.confidence
    }
}

/// A margin is high from here on.
const HIGH: f64 = 0.4;

/// Objectives that promise no more are not worth a run, and no more than so many are: 12 seconds at half as much again as the 3
/// that one takes.
const LEAST: f64 = 0.1;
const MOST: usize = 2;

/// The promise of each objective, in the order of [`Objective::ALL`].
pub fn promises(signals: &Signals) -> [Promise; Objective::ALL.len()] {
    let products = signals.products as f64;
    let share = |count: f64| if products > 0.0 { count / products } else { 0.0 };
    let orders = signals.multi_item_orders as f64;
    Objective::ALL.map(|objective| match objective {
        Objective::MarginGuard => {
            let high = signals.margins.iter().filter(|margin| **margin > HIGH).count();
            let share = ratio(high as f64, signals.margins.len() as f64);
            let benefit = 0.6 * (quartile_range(&signals.margins) / 0.3).min(1.0) + 0.4 * share;
            Promise { benefit, confidence: wilson(signals.high_margin, signals.products) }
        }
        Objective::ClearSlowMovers => {
            Promise { benefit: hardly_sold(&signals.units), confidence: wilson(signals.slow, signals.products) }
        }
        Objective::IncreaseAov => {
            let (mean, deviation) = signals.items_of_order();
            let benefit = 0.7 * ((3.0 - mean) / 3.0).max(0.0) + 0.3 * (deviation / 2.0).min(1.0);
            Promise { benefit, confidence: (orders / 100.0).min(1.0) }
        }
        Objective::NewLaunch => {
            let benefit = (5.0 * share(signals.new as f64)).min(1.0);
            Promise { benefit, confidence: wilson(signals.new, signals.new.max(10)) }
        }
        Objective::SeasonalPromo => Promise { benefit: 0.4, confidence: (orders / 50.0).min(0.8) },
        Objective::CategoryBundle => {
            let categories = signals.categories as f64;
            let benefit = 0.5 * (2.0 * share(categories)).min(1.0);
            Promise { benefit, confidence: (categories / 5.0).min(1.0) }
        }
        Objective::GiftBox => Promise { benefit: 0.3, confidence: (products / 20.0).min(0.7) },
        Objective::SubscriptionPush => Promise { benefit: 0.2, confidence: 0.5 },
    })
}

/// The place of each objective among those that are worth a run, from 1; ties by name.
pub fn places(promises: &[Promise; Objective::ALL.len()]) -> [Option<i64>; Objective::ALL.len()] {
    let mut order: Vec<usize> = (0..promises.len()).filter(|place| promises[*place].score() > LEAST).collect();
    order.sort_by(|one, other| promises[*other].score().total_cmp(&promises[*one].score()).then(one.cmp(other)));
    order.truncate(MOST);
    std::array::from_fn(|place| order.iter().position(|chosen| *chosen == place).map(|at| at as i64 + 1))
}

impl Signals {
    /// The mean number of items of an order, and its standard deviation.
    fn items_of_order(&self) -> (f64, f64) {
        let orders = self.orders as f64;
        let mean = ratio(self.items as f64, orders);
        let variance = ratio(self.squares as f64, orders) - mean * mean;
        (mean, variance.max(0.0).sqrt())
    }
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// The range between the quartiles, linear between values.
fn quartile_range(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    let at = |share: f64| {
        let place = share * last as f64;
        let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
        below + (above - below) * place.fract()
    };
    at(0.75) - at(0.25)
}

/// The share of products that sold less than half of what the middle one did.
fn hardly_sold(units: &[i64]) -> f64 {
    let mut sorted = units.to_vec();
    sorted.sort_unstable();
    let middle = sorted.len() / 2;
    // Twice the median.
    let twice = match sorted.len() {
        0 => return 0.0,
        number if number % 2 == 1 => 2 * sorted[middle],
        _ => sorted[middle - 1] + sorted[middle],
    };
    ratio(sorted.iter().filter(|units| 4 * **units < twice).count() as f64, sorted.len() as f64)
}

/// How sure a share is: 1 less the width of its 95 % Wilson interval; 0 of nothing.
fn wilson(successes: usize, trials: usize) -> f64 {
    const Z: f64 = 1.96;
    if trials == 0 {
        return 0.0;
    }
    let (number, share) = (trials as f64, (successes as f64 / trials as f64).min(1.0));
    let spread = (share * (1.0 - share) / number + Z * Z / (4.0 * number * number)).sqrt();
    (1.0 - 2.0 * Z * spread / (1.0 + Z * Z / number)).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(promises: &[Promise; 8], objective: Objective) -> Promise {
        promises[Objective::ALL.iter().position(|known| *known == objective).unwrap()]
    }

    fn near(promise: Promise, benefit: f64, confidence: f64) {
        assert!(
            (promise.benefit - benefit).abs() < 1e-6 && (promise.confidence - confidence).abs() < 1e-6,
            "{promise:?}"
        );
    }

    #[test]
    fn each_promise_is_as_its_formula_says() {
        let signals = Signals {
            products: 10,
            margins: vec![0.1, 0.2, 0.3, 0.4, 0.5],
            high_margin: 2,
            slow: 5,
            new: 1,
            categories: 3,
            units: vec![1, 4, 4, 9],
            orders: 4,
            items: 8,
            squares: 20,
            multi_item_orders: 25,
        };
        let found = promises(&signals);
        // Of ten trials: two successes lie between 0.0567 and 0.5098, five between 0.2366 and 0.7634, one between 0.0179 and 0.4042.
        near(of(&found, Objective::MarginGuard), 0.6 * (0.2 / 0.3) + 0.4 * 0.2, 1.0 - 0.453_162);
        near(of(&found, Objective::ClearSlowMovers), 0.25, 1.0 - 0.526_821);
        near(of(&found, Objective::IncreaseAov), 0.7 / 3.0 + 0.15, 0.25);
        near(of(&found, Objective::NewLaunch), 0.5, 1.0 - 0.386_281);
        near(of(&found, Objective::SeasonalPromo), 0.4, 0.5);
        near(of(&found, Objective::CategoryBundle), 0.3, 0.6);
        near(of(&found, Objective::GiftBox), 0.3, 0.5);
        near(of(&found, Objective::SubscriptionPush), 0.2, 0.5);
    }

    #[test]
    fn the_two_that_promise_most_have_places() {
        let mut promises = [Promise::default(); 8];
        promises[1] = Promise { benefit: 0.5, confidence: 0.5 };
        promises[3] = Promise { benefit: 0.5, confidence: 1.0 };
        promises[4] = Promise { benefit: 1.0, confidence: 0.25 };
        promises[6] = Promise { benefit: 0.1, confidence: 1.0 };
        assert_eq!(places(&promises), [None, Some(2), None, Some(1), None, None, None, None]);
    }

    #[test]
    fn a_shop_with_nothing_promises_nothing_but_what_is_always_so() {
        let found = promises(&Signals::default());
        assert_eq!(found.map(|promise| promise.confidence), [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5]);
        assert!(found.iter().all(|promise| (0.0..=1.0).contains(&promise.benefit)));
    }
}
