//! Tests through the binary, by capability.

mod engine;
mod linking;
mod mining;
mod nightly;
mod orders;
mod support;
mod workflows;
