//! Rows in a compact form of bytes, and where they wait: in memory, or in scratch files.

pub mod cells;
pub mod partitions;
pub mod row;
