//! One line of a schedule: when it comes round, also on the nights when clocks change.
//!
//! A time of day that is named (`30 2 * * *`, `0 2,14 * * *`) comes once in every day that it is for: on the night when it is
//! skipped it comes at the first instant after the gap, on the night when it is there twice it comes the first time.
//! A line that comes round in ranges or steps (`*/30 * * * *`, `0 9-17 * * *`) goes by the clock on the wall: what is skipped
//! does not come, what is there twice comes twice.

use croner::{
    Cron,
    parser::{CronParser, Seconds, Year},
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use crate::error::ScheduleError;

/// When a job comes round.
#[derive(Clone, Debug)]
pub struct Line(When);

#[derive(Clone, Debug)]
enum When {
    /// At the times of any of these, on the clocks of a zone.
    Cron(Vec<Cron>, TimeZone),
    /// So long after the last start.
    Every(SignedDuration),
}

/// More slots than that are not counted.
const MOST_COUNTED: u64 = 1_000;

/// The shortest interval: nothing looks more often than once a minute.
const SHORTEST: SignedDuration = SignedDuration::from_mins(1);

impl Line {
    /// Reads a cron line of five fields on the clocks of a zone, or an interval such as `30m`, `2h`, `1d`.
    ///
    /// # Errors
    /// When it is neither, never comes round, or the zone is none of the IANA database.
    pub fn parse(text: &str, zone: &str) -> Result<Self, ScheduleError> {
        let zone = TimeZone::get(zone).map_err(|_| ScheduleError::Zone { zone: zone.to_owned() })?;
        let wrong = |problem: &str| ScheduleError::Line { line: text.to_owned(), problem: problem.to_owned() };
        let text = text.trim();
        if text.split_whitespace().nth(1).is_none() && !text.starts_with('@') {
            return interval(text).map(|every| Self(When::Every(every))).map_err(wrong);
        }
        let crons: Result<Vec<Cron>, _> = fixed_times(text).iter().map(|line| parser().parse(line)).collect();
        let crons = crons.map_err(|error| wrong(&error.to_string()))?;
        let line = Self(When::Cron(crons, zone));
        // A day that no month has would be looked for until the end of time, in every run.
        let far = Timestamp::from_second(1_750_000_000).map_err(|error| wrong(&error.to_string()))?;
        let comes = match &line.0 {
            When::Every(_) => true,
            When::Cron(crons, zone) => {
                crons.iter().all(|cron| cron.find_next_occurrence(&far.to_zoned(zone.clone()), false).is_ok())
            }
        };
        if comes { Ok(line) } else { Err(wrong("it never comes round")) }
    }

    /// When it comes round next after an instant, at which it began last. `None` beyond the calendar.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        match &self.0 {
            When::Every(every) => after.checked_add(*every).ok(),
            When::Cron(crons, zone) => {
                crons.iter().filter_map(|cron| next_slot(cron, zone, after)).filter(|slot| *slot > after).min()
            }
        }
    }

    /// The last time it came round since the job began last, and how many times in all; `None` if it did not. A job that
    /// never began missed its last slot.
    pub fn missed(&self, last: Option<Timestamp>, now: Timestamp) -> Option<(Timestamp, u64)> {
        match (&self.0, last) {
            (When::Every(_), None) => Some((now, 1)),
            (When::Every(every), Some(last)) => {
                let (passed, every) = (now.as_second() - last.as_second(), every.as_secs().max(1));
                let slots = u64::try_from(passed / every).unwrap_or_default();
                let slot = Timestamp::from_second(last.as_second() + passed / every * every).ok()?;
                (slots > 0).then_some((slot, slots.min(MOST_COUNTED)))
            }
            (When::Cron(crons, zone), None) => {
                let from = now.to_zoned(zone.clone());
                let before = |cron: &Cron| cron.find_previous_occurrence(&from, true).ok().map(|slot| slot.timestamp());
                crons.iter().filter_map(before).filter(|slot| *slot <= now).max().map(|slot| (slot, 1))
            }
            (When::Cron(..), Some(last)) => {
                let slots = std::iter::successors(self.next(last), |slot| self.next(*slot));
                let slots = slots.take_while(|slot| *slot <= now).take(usize::try_from(MOST_COUNTED).unwrap_or(1_000));
                slots.fold(None, |found: Option<(_, u64)>, slot| Some((slot, found.map_or(0, |(_, count)| count) + 1)))
            }
        }
    }
}

/// Croner gives up on a named time that falls into a gap of more than two hours, such as the day that Samoa left out: it is
/// looked for behind the gap then.
fn next_slot(cron: &Cron, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
    let from =
        |later: i64| after.checked_add(SignedDuration::from_hours(later)).ok().map(|at| at.to_zoned(zone.clone()));
    let next = |later: i64| cron.find_next_occurrence(&from(later)?, later > 0).ok().map(|slot| slot.timestamp());
    (0..=48).find_map(next)
}

fn parser() -> CronParser {
    CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build()
}

/// A line that names its times of day, as one line for each: only such a line is taken for one with a fixed time.
fn fixed_times(text: &str) -> Vec<String> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    let is_named =
        |field: &&str| field.split(',').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    let [minutes, hours, day, month, weekday] = fields.as_slice() else { return vec![text.to_owned()] };
    if !is_named(minutes) || !is_named(hours) {
        return vec![text.to_owned()];
    }
    let times = hours.split(',').flat_map(|hour| minutes.split(',').map(move |minute| (minute, hour)));
    times.map(|(minute, hour)| format!("{minute} {hour} {day} {month} {weekday}")).collect()
}

fn interval(text: &str) -> Result<SignedDuration, &'static str> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let minutes: i64 = match text.get(digits.len()..) {
        Some("m" | "min") => 1,
        Some("h") => 60,
        Some("d") => 24 * 60,
        _ => return Err("an interval ends in m, h or d"),
    };
    let count: i64 = digits.parse().map_err(|_| "an interval begins with a number")?;
    let every = count.checked_mul(minutes).filter(|minutes| *minutes <= 366 * 24 * 60).map(SignedDuration::from_mins);
    every.filter(|every| *every >= SHORTEST).ok_or("an interval lies between a minute and a year")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// All slots of a line from an instant up to another.
    fn slots(line: &str, zone: &str, from: &str, to: &str) -> Vec<String> {
        let line = Line::parse(line, zone).unwrap();
        let all = std::iter::successors(line.next(at(from)), |slot| line.next(*slot));
        all.take_while(|slot| *slot <= at(to)).map(|slot| slot.to_string()).collect()
    }

    const BERLIN: &str = "Europe/Berlin";

    #[test]
    fn on_the_night_that_skips_an_hour_a_named_time_comes_just_after_it_once() {
        // 2026-03-29, 02:00 becomes 03:00 (01:00 UTC).
        let night = |line: &str| slots(line, BERLIN, "2026-03-28T22:00:00Z", "2026-03-29T08:00:00Z");
        assert_eq!(night("30 2 * * *"), ["2026-03-29T01:00:00Z"]);
        assert_eq!(night("0 2 * * *"), ["2026-03-29T01:00:00Z"]);
        assert_eq!(night("0 3 * * *"), ["2026-03-29T01:00:00Z"]);
        assert_eq!(night("0 2,4 * * *"), ["2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"]);
        assert_eq!(night("30 1 * * *"), ["2026-03-29T00:30:00Z"]);
        // By the clock on the wall: what is skipped does not come.
        assert_eq!(
            slots("*/30 * * * *", BERLIN, "2026-03-29T00:00:00Z", "2026-03-29T02:00:00Z"),
            ["2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z", "2026-03-29T02:00:00Z"]
        );
        assert!(night("*/20 2 * * *").is_empty());
    }

    #[test]
    fn on_the_night_that_has_an_hour_twice_a_named_time_comes_once_and_steps_come_twice() {
        // 2026-10-25, 03:00 becomes 02:00 (01:00 UTC).
        let night = |line: &str| slots(line, BERLIN, "2026-10-24T22:30:00Z", "2026-10-25T08:00:00Z");
        assert_eq!(night("30 2 * * *"), ["2026-10-25T00:30:00Z"]);
        assert_eq!(night("0 2 * * *"), ["2026-10-25T00:00:00Z"]);
        assert_eq!(night("0,30 2 * * *"), ["2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z"]);
        assert_eq!(night("0 3 * * *"), ["2026-10-25T02:00:00Z"]);
        let steps = slots("*/30 * * * *", BERLIN, "2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z");
        assert_eq!(
            steps,
            ["2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:00:00Z"]
        );
    }

    #[test]
    fn other_zones_change_at_their_own_nights() {
        // New York 2026-03-08 02:00 → 03:00 (07:00 UTC) and 2026-11-01 02:00 → 01:00 (06:00 UTC).
        let york = |line: &str, from: &str, to: &str| slots(line, "America/New_York", from, to);
        assert_eq!(york("30 2 * * *", "2026-03-08T05:00:00Z", "2026-03-08T12:00:00Z"), ["2026-03-08T07:00:00Z"]);
        assert_eq!(york("30 1 * * *", "2026-11-01T04:30:00Z", "2026-11-01T12:00:00Z"), ["2026-11-01T05:30:00Z"]);
        // Lord Howe changes by half an hour: 2026-10-04 02:00 → 02:30.
        let howe = slots("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T14:00:00Z", "2026-10-03T20:00:00Z");
        assert_eq!(howe, ["2026-10-03T15:30:00Z"]);
        // Apia left out a whole day, 2011-12-30.
        let apia = slots("0 12 * * *", "Pacific/Apia", "2011-12-29T00:00:00Z", "2011-12-31T23:00:00Z");
        assert_eq!(apia, ["2011-12-29T22:00:00Z", "2011-12-30T22:00:00Z", "2011-12-31T22:00:00Z"]);
    }

    #[test]
    fn what_was_missed_is_one_slot_with_its_number() {
        let daily = Line::parse("0 2 * * *", "UTC").unwrap();
        let now = at("2026-03-10T12:00:00Z");
        assert_eq!(daily.missed(Some(at("2026-03-10T02:00:03Z")), now), None);
        assert_eq!(daily.missed(Some(at("2026-03-09T02:00:03Z")), now), Some((at("2026-03-10T02:00:00Z"), 1)));
        assert_eq!(daily.missed(Some(at("2026-03-01T09:00:00Z")), now), Some((at("2026-03-10T02:00:00Z"), 9)));
        assert_eq!(daily.missed(None, now), Some((at("2026-03-10T02:00:00Z"), 1)));
        assert_eq!(daily.missed(Some(at("2026-03-09T02:00:00Z")), at("2026-03-10T02:00:00Z")).unwrap().1, 1);
    }

    #[test]
    fn intervals_count_from_the_last_start() {
        let half = Line::parse("30m", "UTC").unwrap();
        let start = at("2026-03-10T12:05:00Z");
        assert_eq!(half.missed(Some(start), at("2026-03-10T12:34:59Z")), None);
        assert_eq!(half.missed(Some(start), at("2026-03-10T13:40:00Z")), Some((at("2026-03-10T13:35:00Z"), 3)));
        assert_eq!(half.missed(None, start), Some((start, 1)));
        assert_eq!(half.next(start), Some(at("2026-03-10T12:35:00Z")));
    }

    #[test]
    fn what_is_no_schedule_is_told_with_an_example() {
        for wrong in
            ["", "soon", "0m", "30s", "61 * * * *", "* * * *", "* * * * * *", "0 0 31 2 *", "9999999999d", "-5m"]
        {
            let error = Line::parse(wrong, "UTC").unwrap_err().to_string();
            assert!(error.contains("is no schedule") && error.contains("30m"), "{wrong}: {error}");
        }
        let error = Line::parse("0 2 * * *", "Europe/Atlantis").unwrap_err().to_string();
        assert!(error.contains("Europe/Atlantis") && error.contains("Europe/Berlin"), "{error}");
    }
}
