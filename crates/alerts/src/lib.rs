//! What is wrong with the runs of a pipeline, told once: thresholds, alerts as rows, and figures for Prometheus.
//!
//! The caller brings the clock and the facts, and delivers what is to be told.

mod facts;
mod metrics;
mod rows;
mod rules;
mod table;

pub use facts::{CatalogFacts, Facts, RunFacts};
pub use metrics::{prometheus, write_metrics};
pub use rows::{AlertError, AlertRow, Alerts, Notice, Tells};
pub use rules::{Alert, Severity, found};
pub use table::{AlertTable, MetricsTable};
