//! Tests through the binary, by capability.

mod bundles;
mod catalog;
mod engine;
mod house;
mod linking;
mod memory;
mod mining;
mod nightly;
mod orders;
mod postgres;
mod report;
mod review;
mod server;
mod support;
mod workflows;
