//! A service for tests, on a port of this machine: it answers as it is told, and fails on demand.

mod fault;
mod server;

pub use fault::Fault;
pub use server::{Answer, Asked, Stub};
