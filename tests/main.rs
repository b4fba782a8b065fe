//! Tests through the binary, by capability.

mod engine;
mod linking;
mod support;
mod workflows;
