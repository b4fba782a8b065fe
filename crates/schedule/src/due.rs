//! Which jobs are due, and which of them is run where several are of one brand.

use std::{cmp::Reverse, collections::BTreeMap};

use jiff::Timestamp;

use crate::{brand::Brand, line::Line, record::Record, table::Kind};

/// A pipeline with its schedule and, if it has several, the variables of this one.
#[derive(Clone, Debug)]
pub struct Job {
    /// The pipeline and its schedule: `catalog-sync`, `nightly.weekend`.
    pub name: String,
    /// What it works on.
    pub brand: Brand,
    /// How much it looks at.
    pub kind: Kind,
    /// From 1 to 10.
    pub priority: u8,
    /// When it comes round.
    pub line: Line,
}

/// A job that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Its place among the jobs.
    pub job: usize,
    /// The last time it came round.
    pub slot: Timestamp,
    /// How many times it came round since it was run; it is run once.
    pub missed: u64,
}

impl Job {
    /// When it last began, or a full job of its brand that was done did so in its stead. A time to come is none: the clock was
    /// wrong then.
    pub fn last(&self, record: &Record, now: Timestamp) -> Option<Timestamp> {
        let own = record.jobs.get(&self.name).map(|started| started.at);
        let full = record
            .jobs
            .values()
            .filter(|started| self.kind == Kind::Incremental && started.kind == Kind::Full && started.status == "done");
        own.into_iter().chain(full.map(|started| started.at)).filter(|at| *at <= now).max()
    }

    /// When it came round since; `None` if it is not due.
    pub fn missed(&self, record: &Record, now: Timestamp) -> Option<(Timestamp, u64)> {
        self.line.missed(self.last(record, now), now)
    }

    /// When it comes round next.
    pub fn next(&self, record: &Record, now: Timestamp) -> Option<Timestamp> {
        match self.line.missed(self.last(record, now), now) {
            Some((slot, _)) => Some(slot),
            None => self.line.next(self.last(record, now).unwrap_or(now)),
        }
    }
}

/// The due jobs that are run, one a brand: full before incremental, then the higher priority, then the one that was due
/// earlier, then by name. In the order of the brands.
pub fn one_a_brand(jobs: &[Job], records: &BTreeMap<Brand, Record>, now: Timestamp) -> Vec<Due> {
    let none = Record::default();
    let mut chosen: BTreeMap<&Brand, (Due, &Job)> = BTreeMap::new();
    for (place, job) in jobs.iter().enumerate() {
        let record = records.get(&job.brand).unwrap_or(&none);
        let Some((slot, missed)) = job.missed(record, now) else { continue };
        let due = Due { job: place, slot, missed };
        let rank = |due: &Due, job: &Job| (Reverse(job.kind), Reverse(job.priority), due.slot, job.name.clone());
        match chosen.get(&job.brand) {
            Some((before, other)) if rank(before, other) <= rank(&due, job) => {}
            _ => drop(chosen.insert(&job.brand, (due, job))),
        }
    }
    chosen.into_values().map(|(due, _)| due).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Started;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn job(name: &str, brand: &str, kind: Kind, cron: &str) -> Job {
        let line = Line::parse(cron, "UTC").unwrap();
        Job { name: name.to_owned(), brand: Brand(brand.to_owned()), kind, priority: 5, line }
    }

    fn started(record: &mut Record, job: &Job, time: &str, status: &str) {
        let started = Started { at: at(time), kind: job.kind, status: status.to_owned(), slot: at(time), run_id: None };
        record.jobs.insert(job.name.clone(), started);
    }

    fn names(jobs: &[Job], records: &BTreeMap<Brand, Record>, now: &str) -> Vec<String> {
        let due = one_a_brand(jobs, records, at(now));
        due.iter().map(|due| format!("{} {}", jobs[due.job].brand, jobs[due.job].name)).collect()
    }

    #[test]
    fn one_job_a_brand_is_run_the_full_one_first_and_it_stands_for_the_other() {
        let jobs = ["a", "b"].into_iter().flat_map(|brand| {
            [job("incremental", brand, Kind::Incremental, "*/30 * * * *"), job("full", brand, Kind::Full, "0 2 * * *")]
        });
        let jobs: Vec<Job> = jobs.collect();
        let mut records = BTreeMap::new();
        assert_eq!(names(&jobs, &records, "2026-03-10T02:10:00Z"), ["a full", "b full"]);
        let mut a = Record::default();
        started(&mut a, &jobs[1], "2026-03-10T02:10:00Z", "done");
        records.insert(Brand("a".to_owned()), a.clone());
        assert_eq!(names(&jobs, &records, "2026-03-10T02:29:00Z"), ["b full"]);
        assert_eq!(names(&jobs, &records, "2026-03-10T02:30:00Z"), ["a incremental", "b full"]);
        // A full job that failed stands for nothing, and comes again the next night.
        started(&mut a, &jobs[1], "2026-03-10T02:10:00Z", "failed");
        records.insert(Brand("a".to_owned()), a);
        assert_eq!(names(&jobs, &records, "2026-03-10T02:11:00Z"), ["a incremental", "b full"]);
    }

    #[test]
    fn a_higher_priority_goes_first_then_who_waits_longer() {
        let mut jobs = vec![
            job("x", "a", Kind::Incremental, "0 2 * * *"),
            job("y", "a", Kind::Incremental, "0 1 * * *"),
            job("z", "a", Kind::Incremental, "0 3 * * *"),
        ];
        assert_eq!(names(&jobs, &BTreeMap::new(), "2026-03-10T04:00:00Z"), ["a y"]);
        jobs[2].priority = 9;
        assert_eq!(names(&jobs, &BTreeMap::new(), "2026-03-10T04:00:00Z"), ["a z"]);
    }

    #[test]
    fn a_start_in_the_future_is_a_wrong_clock_and_not_waited_for() {
        let daily = job("d", "a", Kind::Full, "0 2 * * *");
        let mut record = Record::default();
        started(&mut record, &daily, "2036-01-01T00:00:00Z", "done");
        assert!(daily.missed(&record, at("2026-03-10T04:00:00Z")).is_some());
        started(&mut record, &daily, "2026-03-10T03:00:00Z", "done");
        assert_eq!(daily.next(&record, at("2026-03-10T04:00:00Z")), Some(at("2026-03-11T02:00:00Z")));
    }
}
