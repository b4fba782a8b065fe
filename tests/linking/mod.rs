//! Linking, learning and lifecycle through the binary.

mod original;
mod random_shop;
