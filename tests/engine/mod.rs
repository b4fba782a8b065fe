//! The engine's promises through the binary, a file a capability.

mod kill;
mod shop;
