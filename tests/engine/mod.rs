//! The engine's promises through the binary, a file a capability.

mod checkpoints;
mod kill;
mod plan;
mod selection;
mod shop;
