//! A discount by a bandit: mostly the arm that promises most, now and then another.

use crate::{
    bundles::{
        money::{Cents, Percent},
        objective::{Caps, Objective},
    },
    dice::Dice,
};

/// How often another arm than the best is tried.
pub const EPSILON: f64 = 0.10;

/// Similarity of a bundle whose items were not compared.
const UNKNOWN_SIMILARITY: f64 = 0.5;

/// Discounts in whole percent, ascending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arms(Vec<u32>);

impl Arms {
    /// The multiples of five that a similarity suggests and the caps allow; without any, the nearest that they allow (D06).
    pub fn of(similarity: f64, caps: Caps) -> Self {
        let (least, most) = match similarity {
            alike if alike > 0.7 => (5, 15),
            alike if alike >= 0.4 => (10, 20),
            _ => (15, 25),
        };
        let allowed: Vec<u32> = (5..=100).step_by(5).filter(|arm| caps.clamp(percent(*arm)) == percent(*arm)).collect();
        let distance = |arm: u32| if arm < least { least - arm } else { arm.saturating_sub(most) };
        let nearest = allowed.iter().map(|arm| distance(*arm)).min().unwrap_or(0);
        Self(allowed.into_iter().filter(|arm| distance(*arm) == nearest).collect())
    }

    /// The discounts.
    pub fn percents(&self) -> &[u32] {
        &self.0
    }
}

fn percent(arm: u32) -> Percent {
    Percent::whole(i64::from(arm))
}

/// What a discount is chosen by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Deal {
    /// What the bundle is for.
    pub objective: Objective,
    /// How alike the items are; of more than two items, their coherence. `None` when it is not known.
    pub similarity: Option<f64>,
    /// The mean price of the items.
    pub mean_price: Cents,
}

/// How an arm was chosen (`selection_method`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// By a draw.
    Exploration,
    /// As the best.
    Exploitation,
}

impl Method {
    /// The name, as the pricing record has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exploration => "bandit_exploration",
            Self::Exploitation => "bandit_exploitation",
        }
    }
}

/// A chosen discount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// In percent: `selected_discount`.
    pub percent: Percent,
    /// How it was chosen.
    pub method: Method,
    /// What it was chosen among: `candidate_discounts`.
    pub arms: Arms,
}

impl Deal {
    /// The arms for this deal.
    pub fn arms(&self) -> Arms {
        Arms::of(self.similarity(), self.objective.caps())
    }

    /// Chooses an arm (section 8.6): with the chance `epsilon` any, else the one with the best score, the lowest on ties.
    /// The dice are the bundle's own: [`Dice::of_text`] of `run|hash`. `None` without arms.
    pub fn choose(&self, arms: Arms, epsilon: f64, dice: &mut Dice) -> Option<Chosen> {
        let number = u32::try_from(arms.0.len()).ok().filter(|number| *number > 0)?;
        let explores = f64::from(dice.below(1 << 24)) < epsilon * f64::from(1 << 24);
        let (arm, method) = if explores {
            (arms.0[dice.below(number) as usize], Method::Exploration)
        } else {
            let best =
                arms.0.iter().copied().reduce(|best, arm| if self.score(arm) > self.score(best) { arm } else { best });
            (best?, Method::Exploitation)
        };
        Some(Chosen { percent: percent(arm), method, arms })
    }

    /// What an arm promises, 0 to 1.
    fn score(&self, arm: u32) -> f64 {
        let d = f64::from(arm);
        let base = match self.objective {
            Objective::ClearSlowMovers => d / 40.0,
            Objective::IncreaseAov => 1.0 - (d - 15.0).abs() / 15.0,
            Objective::MarginGuard => 1.0 - d / 20.0,
            _ => 1.0 - (d - 12.0).abs() / 12.0,
        };
        let by_similarity = if arm < 15 { 1.0 + 0.5 * self.similarity() } else { 1.0 - 0.2 * self.similarity() };
        let by_price = match self.mean_price {
            cheap if cheap < Cents(2_000) => 1.0 + d / 100.0,
            dear if dear > Cents(10_000) => 1.0 - d / 200.0,
            _ => 1.0,
        };
        (base * by_similarity * by_price).clamp(0.0, 1.0)
    }

    fn similarity(&self) -> f64 {
        self.similarity.unwrap_or(UNKNOWN_SIMILARITY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deal(objective: Objective, similarity: f64, mean_price: i64) -> Deal {
        Deal { objective, similarity: Some(similarity), mean_price: Cents(mean_price) }
    }

    /// The arms of the original: multiples of five from the least discount, at least 5, to the most.
    fn arms_of_the_original(objective: Objective) -> Arms {
        let (least, most) = match objective {
            Objective::ClearSlowMovers => (5, 40),
            other => (other.caps().least.value().max(5.0) as u32, other.caps().most.value() as u32),
        };
        Arms((least..=most).step_by(5).collect())
    }

    fn best(deal: Deal) -> f64 {
        let arms = arms_of_the_original(deal.objective);
        deal.choose(arms, 0.0, &mut Dice::of_text("run|hash")).unwrap().percent.value()
    }

    #[test]
    fn golden_choices_with_the_arms_of_the_original() {
        use Objective::{ClearSlowMovers, IncreaseAov, MarginGuard, NewLaunch, SeasonalPromo};
        assert_eq!(best(deal(IncreaseAov, 0.0, 4_500)), 15.0);
        assert_eq!(best(deal(IncreaseAov, 0.5, 4_500)), 15.0);
        assert_eq!(best(deal(IncreaseAov, 0.85, 4_500)), 10.0);
        assert_eq!(best(deal(MarginGuard, 0.5, 4_500)), 5.0);
        assert_eq!(best(deal(ClearSlowMovers, 0.0, 4_500)), 40.0);
        assert_eq!(best(deal(ClearSlowMovers, 0.0, 1_000)), 35.0);
        assert_eq!(best(deal(SeasonalPromo, 0.5, 4_500)), 10.0);
        assert_eq!(best(deal(NewLaunch, 0.5, 4_500)), 10.0);
    }

    #[test]
    fn golden_scores_of_the_original() {
        for (similarity, expected) in [
            (0.0, [0.3333, 0.6667, 1.0, 0.6667]),
            (0.5, [0.4167, 0.8333, 0.9, 0.6]),
            (0.85, [0.475, 0.95, 0.83, 0.5533]),
        ] {
            let deal = deal(Objective::IncreaseAov, similarity, 4_500);
            for (arm, expected) in [5, 10, 15, 20].into_iter().zip(expected) {
                assert!((deal.score(arm) - expected).abs() < 5e-5, "{similarity} {arm}: {}", deal.score(arm));
            }
        }
    }

    #[test]
    fn arms_lie_in_the_range_of_the_similarity_and_in_the_caps() {
        let arms = |similarity, objective: Objective| Arms::of(similarity, objective.caps()).0;
        assert_eq!(arms(0.71, Objective::IncreaseAov), [5, 10, 15]);
        assert_eq!(arms(0.7, Objective::IncreaseAov), [10, 15, 20]);
        assert_eq!(arms(0.4, Objective::IncreaseAov), [10, 15, 20]);
        assert_eq!(arms(0.0, Objective::IncreaseAov), [15, 20]);
        assert_eq!(arms(0.0, Objective::MarginGuard), [10]);
        assert_eq!(arms(0.9, Objective::GiftBox), [15]);
        assert_eq!(Arms::of(0.9, Caps::whole(16, 19)).0, [0; 0]);
    }

    #[test]
    fn the_golden_pairs_have_fifteen_percent() {
        let deal = deal(Objective::IncreaseAov, 0.0, 4_500);
        let chosen = deal.choose(deal.arms(), 0.0, &mut Dice::of_text("run|hash")).unwrap();
        assert_eq!((chosen.percent, chosen.method), (Percent::whole(15), Method::Exploitation));
        assert_eq!(chosen.arms.percents(), [15, 20]);
    }

    #[test]
    fn one_in_ten_choices_explores_and_the_same_bundle_of_the_same_run_chooses_the_same() {
        let deal = deal(Objective::IncreaseAov, 0.5, 4_500);
        let choose = |bundle: u32| deal.choose(deal.arms(), EPSILON, &mut Dice::of_text(&format!("run|{bundle}")));
        let explored = (0..2_000).filter(|bundle| choose(*bundle).unwrap().method == Method::Exploration).count();
        assert!((150..250).contains(&explored), "{explored}");
        assert_eq!(choose(7), choose(7));
        assert!(deal.choose(Arms(Vec::new()), 0.5, &mut Dice::of_text("x")).is_none());
    }
}
