//! Tests through the binary, by capability.

mod linking;
mod support;
mod workflows;
