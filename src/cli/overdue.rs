//! Whether a pipeline that runs again and again has not run for longer than usual.

use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;
use serde::Serialize;

use crate::report::table::count;

/// How many of the newest runs tell what is usual.
pub const RUNS: u32 = 20;

/// Fewer runs tell nothing.
const FEWEST_GAPS: usize = 3;

/// Gaps of so many more, the largest is taken for a night that was left out.
const GAPS_WITH_AN_OUTLIER: usize = 6;

/// Scopes that are told by name.
const MOST_TOLD: usize = 5;

/// What is added to the usual: a start is not to the second.
const SLACK_SECONDS: i64 = 900;

/// A pipeline, or one of its scopes, of which no run began for longer than usual.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Overdue {
    /// The pipeline with its scope.
    pipeline: String,
    /// When its last run began.
    last_start: String,
    /// Seconds since then.
    seconds: i64,
    /// Usually there are at most so many seconds between two runs.
    usual_seconds: i64,
}

impl fmt::Display for Overdue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (since, usual) = (in_words(self.seconds), in_words(self.usual_seconds));
        write!(formatter, "No run of '{}' for {since}; usually there is one within {usual}.", self.pipeline)
    }
}

/// The pipelines that are overdue. `starts` holds when their runs began, ISO 8601, newest first.
pub fn all(starts: &BTreeMap<String, Vec<String>>, now: Timestamp) -> Vec<Overdue> {
    let late = starts.iter().filter_map(|(pipeline, starts)| {
        let times: Vec<i64> =
            starts.iter().filter_map(|start| Some(start.parse::<Timestamp>().ok()?.as_second())).collect();
        let (last, usual) = (*times.first()?, usual_gap(&times)?);
        let seconds = now.as_second() - last;
        (seconds > usual + usual / 10 + SLACK_SECONDS).then(|| Overdue {
            pipeline: pipeline.clone(),
            last_start: starts.first().cloned().unwrap_or_default(),
            seconds,
            usual_seconds: usual,
        })
    });
    late.collect()
}

/// Lines about those that are overdue: a few by name, the rest counted.
pub fn in_lines(late: &[Overdue]) -> Vec<String> {
    let mut lines: Vec<String> = late.iter().take(MOST_TOLD).map(ToString::to_string).collect();
    if let Some(more) = late.len().checked_sub(MOST_TOLD).filter(|more| *more > 0) {
        lines.push(format!("And none of {} scopes or pipelines more for longer than usual.", count(more as u64)));
    }
    lines
}

/// The longest usual time between two runs, in seconds; runs by hand in between make it no shorter. `times` are the
/// starts, newest first.
fn usual_gap(times: &[i64]) -> Option<i64> {
    let mut gaps: Vec<i64> = times.windows(2).filter_map(|pair| Some(pair.first()? - pair.last()?)).collect();
    if gaps.len() < FEWEST_GAPS {
        return None;
    }
    gaps.sort_unstable();
    if gaps.len() >= GAPS_WITH_AN_OUTLIER {
        gaps.pop();
    }
    gaps.last().copied()
}

/// 93784 → 1 d 2 h; 4000 → 1 h 6 min.
fn in_words(seconds: i64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours) {
        (0, 0) => format!("{minutes} min"),
        (0, hours) => format!("{hours} h {minutes} min"),
        (days, 0) => format!("{days} d"),
        (days, hours) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether runs that began at these hours, newest last, are overdue at an hour, and what is usual.
    fn usual(hours: &[i64], now: i64) -> Option<i64> {
        let at = |hour: i64| Timestamp::from_second(1_772_000_000 + hour * 3_600).unwrap();
        let starts = hours.iter().rev().map(|hour| at(*hour).to_string()).collect();
        let late = all(&BTreeMap::from([("p".to_owned(), starts)]), at(now));
        late.first().map(|late| late.usual_seconds / 3_600)
    }

    #[test]
    fn a_night_that_was_left_out_is_noticed_in_the_morning() {
        let nights = [0, 24, 48, 72, 96];
        assert_eq!(usual(&nights, 96 + 25), None);
        assert_eq!(usual(&nights, 96 + 27), Some(24));
        assert_eq!(usual(&nights[..3], 500), None, "too few to tell");
    }

    #[test]
    fn runs_by_hand_and_one_night_left_out_change_nothing() {
        let by_hand = [0, 24, 30, 31, 48, 49, 72, 96, 97, 98];
        assert_eq!(usual(&by_hand, 98 + 23), None);
        assert!(usual(&by_hand, 98 + 30).is_some());
        let left_out = [0, 24, 48, 96, 120, 144, 168];
        assert_eq!(usual(&left_out, 168 + 27), Some(24));
    }

    #[test]
    fn it_is_told_in_days_and_hours_and_of_many_scopes_briefly() {
        let late = Overdue {
            pipeline: "nightly".to_owned(),
            last_start: "2026-03-01T04:30:00.123Z".to_owned(),
            seconds: 99_999,
            usual_seconds: 86_400,
        };
        let expected = "No run of 'nightly' for 1 d 3 h; usually there is one within 1 d.";
        assert_eq!(late.to_string(), expected);
        let many: Vec<_> = (0..1_200)
            .map(|_| Overdue { pipeline: String::new(), last_start: String::new(), seconds: 1, usual_seconds: 1 })
            .collect();
        assert_eq!(in_lines(&many).len(), 6);
        assert!(in_lines(&many)[5].contains("1,195"));
    }
}
