//! What a person reads at the end: tables that fit a terminal of 80 columns.

pub mod dataset;
pub mod morning;
pub mod summary;
pub mod table;
