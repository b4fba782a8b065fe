//! Pipeline files: reading them, and saying what is wrong with them before any work.

pub mod diagnostic;
pub mod document;
mod endpoints;
mod include;
mod load;
pub mod model;
mod reports;
mod resolve;
mod sql_literal;
mod steps;
mod typed;
mod upkeep;

pub use diagnostic::Diagnostic;
pub use load::Overrides;
pub use steps::{
    ChartSpec, DatasetRef, Expectation, Figure, Input, Picture, Pipeline, Report, Schedule, Sink, Step, StepId,
    StepKind, Verify,
};
