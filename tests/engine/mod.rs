//! The engine's promises through the binary, a file a capability.

mod changing_files;
mod checkpoints;
mod commands;
mod determinism;
mod flags;
mod journal;
mod kill;
mod lock;
mod nested;
mod own_writes;
mod panics;
mod pipeline_file;
mod plan;
mod selection;
mod shared_targets;
pub mod shop;
mod signals;
mod sinks;
mod sources;
mod told;
