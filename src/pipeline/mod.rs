//! The engine: reads a pipeline file, plans what is stale, runs it, and writes the results once.

mod batch;
pub mod check;
pub mod checkpoint;
mod commit;
mod conform;
pub mod error;
mod execute;
pub mod expect;
pub mod failpoint;
pub mod figures;
pub mod file;
pub mod fingerprint;
pub mod flags_file;
pub mod flags_history;
mod generation;
pub mod journal;
mod kept;
pub mod lock;
mod memory;
pub mod observe;
pub mod plan;
pub mod registry;
mod repeats;
pub mod run;
pub mod select;
mod services;
mod sql_operator;
mod storage;

pub use error::PipelineError;
pub use file::Pipeline;
pub use memory::keep_freed_memory;
