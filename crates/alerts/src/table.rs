//! Thresholds as a pipeline file has them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is told of the pipeline's runs, and to whom.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AlertTable {
    /// The search index whose products and failed items are looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    /// The dataset of changes, whose rows are counted by their column "change".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changes: Option<String>,
    /// The dataset of what was refused, with a column "reason".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusals: Option<String>,
    /// The dataset with the column "products": how many the catalog has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// `sync_failures`: so many runs failed one after another.
    pub failures: u32,
    /// `sync_failures`: more than this share of the last 100 runs failed.
    pub failed_share: f64,
    /// `no_changes`: nothing was written for so many hours.
    pub no_changes_hours: f64,
    /// `slow_sync`: a run took longer than this many seconds, and than `slow_factor` medians of the last 20 that wrote.
    pub slow_seconds: f64,
    /// See `slow_seconds`.
    pub slow_factor: f64,
    /// `error_rate`: more than this share of a run's items failed.
    pub error_share: f64,
    /// An alert that lasts is told again after so many minutes.
    pub repeat_minutes: f64,
    /// A program with its arguments that is given each notice as JSON on its standard input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    /// An address to which each notice is posted as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook: Option<String>,
}

impl Default for AlertTable {
    fn default() -> Self {
        Self {
            index: None,
            changes: None,
            refusals: None,
            summary: None,
            failures: 3,
            failed_share: 0.1,
            no_changes_hours: 24.0,
            slow_seconds: 600.0,
            slow_factor: 3.0,
            error_share: 0.1,
            repeat_minutes: 60.0,
            command: None,
            webhook: None,
        }
    }
}

impl AlertTable {
    /// What of it cannot be: the key, and why.
    ///
    /// # Errors
    /// The first such key.
    pub fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let share = |value: f64| (0.0..=1.0).contains(&value);
        let positive = |value: f64| value.is_finite() && value >= 0.0;
        let each = [
            ("failures", self.failures >= 1, "at least 1"),
            ("failed_share", share(self.failed_share), "a share from 0 to 1"),
            ("error_share", share(self.error_share), "a share from 0 to 1"),
            ("no_changes_hours", positive(self.no_changes_hours), "not below 0"),
            ("slow_seconds", positive(self.slow_seconds), "not below 0"),
            ("slow_factor", positive(self.slow_factor), "not below 0"),
            ("repeat_minutes", positive(self.repeat_minutes), "not below 0"),
            ("command", self.command.as_ref().is_none_or(|words| !words.is_empty()), "a program with its arguments"),
        ];
        each.into_iter().find(|(_, is_fine, _)| !is_fine).map_or(Ok(()), |(key, _, needs)| Err((key, needs)))
    }
}

/// Where the figures of the pipeline's runs go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetricsTable {
    /// A text file for Prometheus (node_exporter's textfile collector), written anew after each run.
    pub file: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_have_defaults_and_what_cannot_be_is_told() {
        let table: AlertTable = serde_json::from_str("{}").unwrap();
        assert_eq!((table.clone(), table.check()), (AlertTable::default(), Ok(())));
        assert!(serde_json::from_str::<AlertTable>(r#"{"failure": 3}"#).is_err());
        let wrong = |json: &str| serde_json::from_str::<AlertTable>(json).unwrap().check().unwrap_err().0;
        assert_eq!(wrong(r#"{"failures": 0}"#), "failures");
        assert_eq!(wrong(r#"{"error_share": 1.5}"#), "error_share");
        assert_eq!(wrong(r#"{"command": []}"#), "command");
    }
}
