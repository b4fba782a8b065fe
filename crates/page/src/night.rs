//! What counts as unusual: a figure of tonight against those of earlier nights, by median and median absolute deviation.
//!
//! A night is unusual when the figure lies further from the median than [`Rule::score`] times the spread. The spread is 1.4826
//! times the median absolute deviation, which is the standard deviation where figures are normal; 3.5 is the bound of Iglewicz and
//! Hoaglin, *How to Detect and Handle Outliers* (1993). Both stay what they are when a few of the nights were odd themselves.
//! Where most nights are alike the deviation is nothing, and each change would be unusual: the spread has a floor, see [`Scale`].

/// How a figure scatters of itself, which is the least that its spread is taken for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// A number of things: the square root of the median, as of a Poisson variable; at least 1 and a hundredth of it.
    Count,
    /// A sum or a mean: a hundredth of the median.
    Amount,
    /// A share of `of` things: as of a binomial variable, at least half a percentage point.
    Share {
        /// Of how many things tonight.
        of: f64,
    },
    /// Seconds: a fifth of the median and at least half a second. Machines have other things to do.
    Time,
    /// Bytes of memory: a tenth of the median and at least 32 MiB.
    Memory,
}

/// What counts as unusual.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// How many earlier nights are looked at.
    pub nights: usize,
    /// With fewer earlier nights than this, a figure is compared with the newest of them alone.
    pub least_nights: usize,
    /// How many times the spread a figure may lie from the median.
    pub score: f64,
    /// By which share a figure may differ from the newest night, where there are too few.
    pub change: f64,
}

impl Default for Rule {
    fn default() -> Self {
        Self { nights: 30, least_nights: 5, score: 3.5, change: 0.2 }
    }
}

/// How a figure of tonight stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Judgement {
    /// There is no earlier night.
    First,
    /// As on other nights.
    AsUsual,
    /// Unusual.
    Unusual(Direction, Against),
}

/// To which side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// More than usual.
    Above,
    /// Less than usual.
    Below,
}

/// What a figure was compared with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Against {
    /// So many nights.
    Nights {
        /// How many.
        nights: usize,
        /// Their median.
        median: f64,
        /// How many times the spread the figure lies from it.
        score: f64,
    },
    /// The newest night alone.
    Last(f64),
}

/// Scales a median absolute deviation to a standard deviation: 1 / Φ⁻¹(3/4).
const DEVIATION: f64 = 1.4826;

/// Judges a figure by those of earlier nights, the newest first; what is no finite number is left out.
pub fn judge(tonight: f64, earlier: &[f64], scale: Scale, rule: &Rule) -> Judgement {
    let known: Vec<f64> = earlier.iter().copied().filter(|value| value.is_finite()).take(rule.nights).collect();
    let Some(newest) = known.first().copied() else { return Judgement::First };
    if !tonight.is_finite() {
        return Judgement::First;
    }
    if known.len() < rule.least_nights.max(2) {
        let step = (tonight - newest).abs();
        let is_far = step > rule.change * newest.abs() && step > rule.score * floor(scale, newest);
        return verdict(is_far, tonight, newest, Against::Last(newest));
    }
    let middle = median(&known).unwrap_or(newest);
    let off: Vec<f64> = known.iter().map(|value| (value - middle).abs()).collect();
    let spread = (DEVIATION * median(&off).unwrap_or(0.0)).max(floor(scale, middle));
    let score = (tonight - middle).abs() / spread;
    verdict(score > rule.score, tonight, middle, Against::Nights { nights: known.len(), median: middle, score })
}

fn verdict(is_far: bool, tonight: f64, usual: f64, against: Against) -> Judgement {
    let direction = if tonight > usual { Direction::Above } else { Direction::Below };
    if is_far { Judgement::Unusual(direction, against) } else { Judgement::AsUsual }
}

/// The least spread of a figure whose usual value is `usual`; never nothing.
fn floor(scale: Scale, usual: f64) -> f64 {
    let size = usual.abs();
    match scale {
        Scale::Count => size.sqrt().max(size / 100.0).max(1.0),
        Scale::Amount => (size / 100.0).max(f64::MIN_POSITIVE),
        Scale::Share { of } => {
            let share = usual.clamp(0.0, 1.0);
            (share * (1.0 - share) / of.max(1.0)).sqrt().max(0.005)
        }
        Scale::Time => (size / 5.0).max(0.5),
        Scale::Memory => (size / 10.0).max(f64::from(32 << 20)),
    }
}

/// The middle value, or the mean of the two in the middle.
fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *sorted.get((sorted.len() / 2).checked_sub(1)?)?;
    Some(f64::midpoint(lower, upper))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn nights(of: &[f64]) -> Vec<f64> {
        of.to_vec()
    }

    #[test]
    fn the_median_is_the_middle_value_or_between_two() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }

    #[test]
    fn a_drop_of_a_third_is_unusual_and_its_score_is_by_hand() {
        // Median 1760, absolute deviations 10 5 0 5 15: median 5, spread 7.4, below the floor √1760 = 41.95.
        let earlier = nights(&[1770.0, 1765.0, 1760.0, 1755.0, 1745.0]);
        let Judgement::Unusual(Direction::Below, Against::Nights { nights: 5, median, score }) =
            judge(1177.0, &earlier, Scale::Count, &Rule::default())
        else {
            panic!("a drop that is not seen")
        };
        assert!((median - 1760.0).abs() < 1e-9 && (score - 583.0 / 1760f64.sqrt()).abs() < 1e-9);
        assert_eq!(judge(1700.0, &earlier, Scale::Count, &Rule::default()), Judgement::AsUsual);
    }

    #[test]
    fn one_odd_night_among_the_earlier_does_not_hide_the_next() {
        let earlier = nights(&[5.0, 900.0, 905.0, 910.0, 895.0, 902.0]);
        let judged = judge(5.0, &earlier, Scale::Count, &Rule::default());
        assert!(matches!(judged, Judgement::Unusual(Direction::Below, _)), "{judged:?}");
    }

    #[test]
    fn nights_that_are_all_alike_leave_room_for_small_changes() {
        let alike = vec![100.0; 30];
        let rule = Rule::default();
        assert_eq!(judge(103.0, &alike, Scale::Count, &rule), Judgement::AsUsual);
        assert!(matches!(judge(140.0, &alike, Scale::Count, &rule), Judgement::Unusual(Direction::Above, _)));
        assert_eq!(judge(1.0, &[0.0; 30], Scale::Count, &rule), Judgement::AsUsual);
        assert!(matches!(judge(9.0, &[0.0; 30], Scale::Count, &rule), Judgement::Unusual(Direction::Above, _)));
        assert_eq!(judge(0.89, &[0.88; 9], Scale::Share { of: 2000.0 }, &rule), Judgement::AsUsual);
        assert!(matches!(judge(0.59, &[0.88; 9], Scale::Share { of: 2000.0 }, &rule), Judgement::Unusual(..)));
        assert_eq!(judge(3.9, &[3.0; 9], Scale::Time, &rule), Judgement::AsUsual);
    }

    #[test]
    fn few_nights_are_compared_with_the_newest_alone() {
        let rule = Rule::default();
        assert_eq!(judge(1.0, &[], Scale::Count, &rule), Judgement::First);
        let judged = judge(1177.0, &[1765.0], Scale::Count, &rule);
        assert_eq!(judged, Judgement::Unusual(Direction::Below, Against::Last(1765.0)));
        assert_eq!(judge(1600.0, &[1765.0], Scale::Count, &rule), Judgement::AsUsual);
        // A third more, and yet only one more.
        assert_eq!(judge(4.0, &[3.0, 3.0], Scale::Count, &rule), Judgement::AsUsual);
    }

    #[test]
    fn what_is_no_number_is_left_out() {
        assert_eq!(judge(7.0, &[f64::NAN, f64::INFINITY], Scale::Amount, &Rule::default()), Judgement::First);
        assert_eq!(judge(f64::NAN, &[1.0; 9], Scale::Amount, &Rule::default()), Judgement::First);
    }

    proptest! {
        #[test]
        fn the_usual_value_itself_is_never_unusual_and_units_do_not_matter(
            earlier in prop::collection::vec(1.0f64..1e6, 5..40),
            tonight in 0.0f64..2e6,
            factor in 0.01f64..100.0,
        ) {
            let rule = Rule::default();
            let newest: Vec<f64> = earlier.iter().copied().take(rule.nights).collect();
            prop_assert_eq!(judge(median(&newest).unwrap(), &earlier, Scale::Amount, &rule), Judgement::AsUsual);
            let scaled: Vec<f64> = earlier.iter().map(|value| value * factor).collect();
            let side = |judged| match judged { Judgement::Unusual(direction, _) => Some(direction), _ => None };
            let (one, two) = (judge(tonight, &earlier, Scale::Amount, &rule), judge(tonight * factor, &scaled, Scale::Amount, &rule));
            if let Judgement::Unusual(_, Against::Nights { score, .. }) = one && score > rule.score * 1.000_001 {
                prop_assert_eq!(side(one), side(two));
            }
        }
    }
}
