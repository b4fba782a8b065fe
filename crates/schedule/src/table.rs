//! A schedule as a pipeline file has it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::{error::ScheduleError, line::Line};

/// How much a job looks at. Of two due jobs of one brand the full one is run, and stands for the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// What changed.
    #[default]
    Incremental,
    /// Everything.
    Full,
}

/// When the pipeline is due; `nightloom schedule run-due` runs it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduleTable {
    /// Minute, hour, day, month, weekday: "0 2 * * *"; or an interval: "30m", "2h", "1d".
    pub cron: String,
    /// The time zone whose clocks count, by its IANA name; default UTC.
    #[serde(default = "utc")]
    pub zone: String,
    /// incremental (default) or full: a full job stands for an incremental one of the same brand.
    #[serde(default)]
    pub kind: Kind,
    /// 1 to 10, default 5: of two due jobs of one kind and brand the higher goes first.
    #[serde(default = "middle")]
    pub priority: u8,
    /// A job for each of these, with these variables: [{ namespace = "a.example", catalog = "a.json" }]; default one job with
    /// the pipeline's own.
    #[serde(default)]
    pub jobs: Vec<BTreeMap<String, Json>>,
}

fn utc() -> String {
    "UTC".to_owned()
}

fn middle() -> u8 {
    5
}

impl ScheduleTable {
    /// Its line.
    ///
    /// # Errors
    /// When the line, the zone or the priority cannot be used.
    pub fn line(&self) -> Result<Line, ScheduleError> {
        let line = Line::parse(&self.cron, &self.zone)?;
        if (1..=10).contains(&self.priority) {
            return Ok(line);
        }
        Err(ScheduleError::Line {
            line: self.cron.clone(),
            problem: format!("its priority {} does not lie between 1 and 10", self.priority),
        })
    }

    /// The variables of each job, as `--set` takes them.
    pub fn sets(&self) -> Vec<Vec<String>> {
        let set = |(name, value): (&String, &Json)| format!("vars.{name}={value}");
        match self.jobs.as_slice() {
            [] => vec![Vec::new()],
            jobs => jobs.iter().map(|vars| vars.iter().map(set).collect()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(json: serde_json::Value) -> Result<ScheduleTable, serde_json::Error> {
        serde_json::from_value(json)
    }

    #[test]
    fn a_table_has_defaults_and_refuses_what_it_does_not_know() {
        let daily = table(serde_json::json!({ "cron": "0 2 * * *" })).unwrap();
        assert_eq!((daily.zone.as_str(), daily.kind, daily.priority), ("UTC", Kind::Incremental, 5));
        assert_eq!(daily.sets(), [Vec::<String>::new()]);
        assert!(table(serde_json::json!({ "cron": "0 2 * * *", "zome": "UTC" })).is_err());
        assert!(table(serde_json::json!({ "cron": "1h", "priority": 11 })).unwrap().line().is_err());
    }

    #[test]
    fn each_job_has_its_variables_as_settings() {
        let jobs = serde_json::json!([{ "namespace": "a b", "size": 3 }, {}]);
        let two = table(serde_json::json!({ "cron": "1h", "jobs": jobs })).unwrap();
        assert_eq!(two.sets(), [vec!["vars.namespace=\"a b\"".to_owned(), "vars.size=3".to_owned()], vec![]]);
    }
}
