//! Lines beside a walk through every minute, near the nights when clocks change and far from them.

use jiff::{SignedDuration, Timestamp, Zoned, tz::TimeZone};
use nightloom_schedule::Line;
use proptest::prelude::*;

const ZONES: [&str; 6] =
    ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Casablanca"];

/// Days on which some of the zones change their clocks, and one on which none does.
const DAYS: [&str; 9] = [
    "2026-03-29T00:00:00Z",
    "2026-10-25T00:00:00Z",
    "2026-03-08T06:00:00Z",
    "2026-11-01T05:00:00Z",
    "2026-04-04T14:00:00Z",
    "2026-10-03T14:00:00Z",
    "2026-02-15T01:00:00Z",
    "2026-03-22T01:00:00Z",
    "2026-06-15T12:00:00Z",
];

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// The minutes of three days from an instant, as the clocks of a zone show them.
fn minutes(after: Timestamp, zone: &TimeZone) -> impl Iterator<Item = (Timestamp, Zoned)> {
    let first = Timestamp::from_second(after.as_second() / 60 * 60).unwrap();
    let all = std::iter::successors(Some(first), |at| Some(*at + MINUTE)).take(3 * 24 * 60);
    all.map(|at| (at, at.to_zoned(zone.clone())))
}

/// The first minute after an instant that a line of named times is for: of each day's times the first minute that
/// is not before it.
fn named(after: Timestamp, zone: &TimeZone, times: &[(i8, i8)]) -> Option<Timestamp> {
    let shown = |at: &Zoned| (at.date(), at.hour(), at.minute());
    let mut before: Option<Zoned> = None;
    // Clocks that were set back have shown these minutes already.
    let mut latest = None;
    for (at, now) in minutes(after - SignedDuration::from_hours(26), zone) {
        let is_new = latest.is_none_or(|latest| shown(&now) > latest);
        let passed = |(hour, minute): &(i8, i8)| {
            let time = (now.date(), *hour, *minute);
            latest.is_some_and(|latest| latest < time) && time <= shown(&now)
        };
        if is_new && before.is_some() && times.iter().any(passed) && at > after {
            return Some(at);
        }
        if is_new {
            latest = Some(shown(&now));
        }
        before = Some(now);
    }
    None
}

fn zone_and_instant() -> impl Strategy<Value = (&'static str, Timestamp)> {
    let seconds = -36 * 3_600..36 * 3_600_i64;
    let near = |(zone, day, seconds): (&'static str, &str, i64)| {
        (zone, day.parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds))
    };
    (prop::sample::select(&ZONES[..]), prop::sample::select(&DAYS[..]), seconds).prop_map(near)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn named_times_come_once_a_day_whatever_the_clocks_do(
        (zone, after) in zone_and_instant(),
        hours in prop::collection::btree_set(0..24_i8, 1..4),
        minutes in prop::collection::btree_set(0..60_i8, 1..3),
    ) {
        let listed = |set: &std::collections::BTreeSet<i8>| set.iter().map(i8::to_string).collect::<Vec<_>>().join(",");
        let line = Line::parse(&format!("{} {} * * *", listed(&minutes), listed(&hours)), zone).unwrap();
        let times: Vec<(i8, i8)> = hours.iter().flat_map(|hour| minutes.iter().map(|minute| (*hour, *minute))).collect();
        prop_assert_eq!(line.next(after), named(after, &TimeZone::get(zone).unwrap(), &times));
    }

    #[test]
    fn steps_and_ranges_go_by_the_clock_on_the_wall(
        (zone, after) in zone_and_instant(),
        step in prop::sample::select(vec![1_i8, 5, 15, 20, 30]),
        (first, last) in (0..23_i8, 1..8_i8).prop_map(|(first, more)| (first, (first + more).min(23))),
    ) {
        let line = Line::parse(&format!("*/{step} {first}-{last} * * *"), zone).unwrap();
        let fits = |now: &Zoned| (first..=last).contains(&now.hour()) && now.minute() % step == 0;
        let expected = minutes(after, &TimeZone::get(zone).unwrap()).find(|(at, now)| *at > after && fits(now));
        prop_assert_eq!(line.next(after), expected.map(|(at, _)| at));
    }

    #[test]
    fn what_was_missed_is_what_a_walk_from_slot_to_slot_counts((zone, last) in zone_and_instant(), hours in 0..60_i64) {
        let now = last + SignedDuration::from_hours(hours);
        let line = Line::parse("*/20 1-4 * * *", zone).unwrap();
        let slots: Vec<Timestamp> =
            std::iter::successors(line.next(last), |slot| line.next(*slot)).take_while(|slot| *slot <= now).collect();
        let expected = slots.last().map(|slot| (*slot, slots.len() as u64));
        prop_assert_eq!(line.missed(Some(last), now), expected);
        prop_assert!(slots.windows(2).all(|pair| pair[0] < pair[1]), "{slots:?}");
        // A job that never ran missed the slot that a walk from afar finds last.
        let afar = line.missed(Some(now - SignedDuration::from_hours(72)), now).map(|(slot, _)| slot);
        prop_assert_eq!(line.missed(None, now).map(|(slot, _)| slot), afar);
    }
}
