//! Pipeline files: reading them, and saying what is wrong with them before any work.

pub mod diagnostic;
pub mod document;
mod endpoints;
mod load;
pub mod model;
mod resolve;
mod typed;

pub use diagnostic::Diagnostic;
pub use load::Overrides;
pub use resolve::{DatasetRef, Expectation, Pipeline, Sink, SinkTarget, Step, StepId, StepKind, Verify};
