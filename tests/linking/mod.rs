//! Linking, learning and lifecycle through the binary.

mod nights;
mod original;
mod random_shop;
mod two_catalogs;
