//! How strong a figure is, in a word.

/// How strong a figure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Band {
    /// Beyond doubt.
    VeryStrong,
    /// Clear.
    Strong,
    /// There.
    Moderate,
    /// Hardly there.
    Weak,
}

impl Band {
    /// The word, as explanations and their records have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::VeryStrong => "very strong",
            Self::Strong => "strong",
            Self::Moderate => "moderate",
            Self::Weak => "weak",
        }
    }
}

/// What was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// The chance of the rest with the trigger.
    Confidence,
    /// How much more often than by chance.
    Lift,
    /// The share of orders.
    Support,
}

impl Figure {
    /// The name, as records have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Confidence => "confidence",
            Self::Lift => "lift",
            Self::Support => "support",
        }
    }

    /// How strong a value is.
    pub fn band(self, value: f64) -> Band {
        let bounds = match self {
            Self::Confidence => [0.7, 0.5, 0.3],
            Self::Lift => [3.0, 2.0, 1.5],
            Self::Support => [0.1, 0.05, 0.02],
        };
        match bounds.iter().position(|bound| value >= *bound) {
            Some(0) => Band::VeryStrong,
            Some(1) => Band::Strong,
            Some(_) => Band::Moderate,
            None => Band::Weak,
        }
    }
}

/// The figure that speaks most for a bundle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Statistic {
    /// Which figure.
    pub figure: Figure,
    /// Its value.
    pub value: f64,
    /// How strong it is.
    pub band: Band,
}

impl Statistic {
    /// Of three figures the one to name (section 10.3); `None` when none says anything.
    pub fn of(confidence: f64, lift: f64, support: f64) -> Option<Self> {
        let figures = [
            (Figure::Confidence, confidence, 0.6),
            (Figure::Lift, lift, 3.0),
            (Figure::Confidence, confidence, 0.4),
            (Figure::Lift, lift, 2.0),
            (Figure::Support, support, 0.05),
        ];
        let named = figures.into_iter().find(|(_, value, least)| value >= least);
        let named = named.or((confidence > 0.2).then_some((Figure::Confidence, confidence, 0.2)));
        named.map(|(figure, value, _)| Self { figure, value, band: figure.band(value) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_figure_is_named() {
        let named = |confidence, lift, support| {
            Statistic::of(confidence, lift, support).map(|found| (found.figure.name(), found.band.name()))
        };
        assert_eq!(named(0.7, 9.0, 0.2), Some(("confidence", "very strong")));
        assert_eq!(named(0.5, 3.0, 0.2), Some(("lift", "very strong")));
        assert_eq!(named(0.4, 2.5, 0.2), Some(("confidence", "moderate")));
        assert_eq!(named(0.3, 2.0, 0.2), Some(("lift", "strong")));
        assert_eq!(named(0.3, 1.0, 0.05), Some(("support", "strong")));
        assert_eq!(named(0.21, 1.0, 0.01), Some(("confidence", "weak")));
        assert_eq!(named(0.2, 1.0, 0.01), None);
    }
}
