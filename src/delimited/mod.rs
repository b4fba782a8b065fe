//! Delimited text, CSV and its kin: how a file is written, its bytes as blocks of whole records, and records as cells.
//!
//! It lies beside `operator` at the bottom: the CSV source and the exports of shops are read by the same rules.

pub mod blocks;
pub mod dialect;
mod encoding;
mod marks;
mod record_ends;
pub mod records;
mod repair;
mod shape;
#[cfg(test)]
mod tests;
mod wrapping;
