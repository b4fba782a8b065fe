//! A main figure of a run: how it reads, how it changed, and whether it is unusual.

use crate::{
    night::{Against, Direction, Judgement, Rule, Scale, judge},
    number::{bytes, count, seconds, spelled},
};

/// What a figure is a number of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Things, in whole numbers.
    Count,
    /// A sum or a mean.
    Amount,
    /// Seconds.
    Seconds,
    /// Bytes of memory.
    Bytes,
}

/// What a figure was in an earlier night.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Past {
    /// The number.
    pub value: f64,
    /// Of how many.
    pub of: Option<f64>,
}

/// A figure of tonight and of the nights before.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// The part of the pipeline it is of.
    pub part: String,
    /// Its name, in words: "linked".
    pub name: String,
    /// What it is a number of.
    pub unit: Unit,
    /// The number.
    pub value: f64,
    /// Of how many, where a share is what matters.
    pub of: Option<f64>,
    /// What it was in the run before, of the same night or another.
    pub before: Option<Past>,
    /// What it was in earlier nights, the newest first.
    pub earlier: Vec<Past>,
}

fn share(value: f64, of: Option<f64>) -> Option<f64> {
    of.filter(|of| *of > 0.0).map(|of| value / of)
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

impl Figure {
    /// The number alone: `1,765 of 2,000 (88.2 %)`.
    pub fn shown(&self) -> String {
        self.worded(None)
    }

    /// The number with its change since the run before: `1,765 of 2,000 (88.2 %, +0.4)`, where a share changes by percentage
    /// points; `212 (+4)`; `212 (=)` where nothing changed.
    pub fn changed(&self) -> String {
        self.worded(self.change())
    }

    fn worded(&self, change: Option<String>) -> String {
        let value = self.spell(self.value);
        let inside = |part: Option<String>| {
            let parts: Vec<String> = part.into_iter().chain(change.clone()).collect();
            if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
        };
        match (self.of, share(self.value, self.of)) {
            (Some(of), Some(share)) => format!("{value} of {}{}", self.spell(of), inside(Some(percent(share)))),
            (Some(of), None) => format!("{value} of {}", self.spell(of)),
            (None, _) => format!("{value}{}", inside(None)),
        }
    }

    fn change(&self) -> Option<String> {
        let before = self.before?;
        let signed = |difference: f64, text: String| {
            if difference > 0.0 { format!("+{text}") } else { format!("−{text}") }
        };
        if let Some(now) = share(self.value, self.of) {
            let points = (now - share(before.value, before.of)?) * 100.0;
            return Some(if points.abs() < 0.05 {
                "=".to_owned()
            } else {
                signed(points, format!("{:.1}", points.abs()))
            });
        }
        let difference = self.value - before.value;
        let text = self.spell(difference.abs());
        Some(if difference == 0.0 || text == self.spell(0.0) { "=".to_owned() } else { signed(difference, text) })
    }

    fn spell(&self, number: f64) -> String {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let whole = number.round().max(0.0) as u64;
        match self.unit {
            Unit::Count if number >= 0.0 => count(whole),
            Unit::Count | Unit::Amount => spelled(number),
            Unit::Seconds => seconds(number.max(0.0)),
            Unit::Bytes => bytes(whole),
        }
    }

    /// How the figure stands: its share if it has one, and the number where the share is as usual.
    pub fn judged(&self, rule: &Rule) -> Judgement {
        let numbers: Vec<f64> = self.earlier.iter().map(|past| past.value).collect();
        let scale = match self.unit {
            Unit::Count => Scale::Count,
            Unit::Amount => Scale::Amount,
            Unit::Seconds => Scale::Time,
            Unit::Bytes => Scale::Memory,
        };
        match self.judged_share(rule) {
            Some(unusual @ Judgement::Unusual(..)) => unusual,
            _ => judge(self.value, &numbers, scale, rule),
        }
    }

    fn judged_share(&self, rule: &Rule) -> Option<Judgement> {
        let now = share(self.value, self.of)?;
        let shares: Vec<f64> = self.earlier.iter().filter_map(|past| share(past.value, past.of)).collect();
        Some(judge(now, &shares, Scale::Share { of: self.of.unwrap_or(1.0) }, rule))
    }

    /// A sentence where the figure is unusual, for people.
    pub fn unusual(&self, rule: &Rule) -> Option<String> {
        let by_share = matches!(self.judged_share(rule), Some(Judgement::Unusual(..)));
        let Judgement::Unusual(direction, against) = self.judged(rule) else { return None };
        let spell = |number: f64| if by_share { percent(number) } else { self.spell(number) };
        let side = if direction == Direction::Above { "more" } else { "less" };
        let (part, name, shown) = (&self.part, &self.name, self.shown());
        Some(match against {
            Against::Nights { nights, median, .. } => {
                format!("{part}: {name} {shown}, {side} than usual: {} in {nights} nights", spell(median))
            }
            Against::Last(value) => format!("{part}: {name} {shown}, {side} than last night: {}", spell(value)),
        })
    }

    /// What is drawn: the shares, or the numbers, the oldest night first and tonight last.
    pub(crate) fn drawn(&self) -> Vec<f64> {
        let point = |value: f64, of: Option<f64>| share(value, of).unwrap_or(value);
        let earlier = self.earlier.iter().rev().map(|past| point(past.value, past.of));
        earlier.chain([point(self.value, self.of)]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linked(value: f64, of: f64, earlier: &[(f64, f64)]) -> Figure {
        let earlier: Vec<Past> = earlier.iter().map(|(value, of)| Past { value: *value, of: Some(*of) }).collect();
        Figure {
            part: "linking".into(),
            name: "linked".into(),
            unit: Unit::Count,
            value,
            of: Some(of),
            before: earlier.first().copied(),
            earlier,
        }
    }

    #[test]
    fn a_share_changes_by_percentage_points() {
        assert_eq!(linked(1765.0, 2000.0, &[(1757.0, 2000.0)]).changed(), "1,765 of 2,000 (88.2 %, +0.4)");
        assert_eq!(linked(1765.0, 2000.0, &[(1765.0, 2000.0)]).changed(), "1,765 of 2,000 (88.2 %, =)");
        assert_eq!(linked(1765.0, 2000.0, &[]).changed(), "1,765 of 2,000 (88.2 %)");
        assert_eq!(linked(0.0, 0.0, &[(1.0, 2.0)]).changed(), "0 of 0");
    }

    #[test]
    fn a_number_changes_by_itself() {
        let plain = |value: f64, before: f64| Figure { of: None, ..linked(value, 1.0, &[(before, 1.0)]) };
        assert_eq!(plain(212.0, 208.0).changed(), "212 (+4)");
        assert_eq!(plain(208.0, 1212.0).changed(), "208 (−1,004)");
        assert_eq!(plain(208.0, 208.0).changed(), "208 (=)");
    }

    #[test]
    fn a_drop_of_a_third_is_a_sentence_and_a_usual_night_is_none() {
        let nights: Vec<(f64, f64)> = (0..30).map(|night| (1760.0 + f64::from(night % 9), 2000.0)).collect();
        let rule = Rule::default();
        let text = linked(1177.0, 2000.0, &nights).unusual(&rule).unwrap();
        assert_eq!(text, "linking: linked 1,177 of 2,000 (58.9 %), less than usual: 88.2 % in 30 nights");
        assert_eq!(linked(1765.0, 2000.0, &nights).unusual(&rule), None);
        let first = linked(1177.0, 2000.0, &nights[..1]).unusual(&rule).unwrap();
        assert!(first.ends_with("less than last night: 88.0 %"), "{first}");
    }

    #[test]
    fn fewer_rows_with_the_same_share_are_unusual_too() {
        let nights: Vec<(f64, f64)> = (0..30).map(|night| (1760.0 + f64::from(night % 9), 2000.0)).collect();
        let text = linked(880.0, 1000.0, &nights).unusual(&Rule::default()).unwrap();
        assert_eq!(text, "linking: linked 880 of 1,000 (88.0 %), less than usual: 1,764 in 30 nights");
    }
}
