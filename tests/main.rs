//! Tests through the binary, by capability.

mod catalog;
mod engine;
mod house;
mod linking;
mod memory;
mod mining;
mod nightly;
mod orders;
mod support;
mod workflows;
