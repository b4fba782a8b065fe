//! The files of a shop, from bytes to rows: records of CSV and Parquet, and the threads that take them apart.

pub mod csv;
pub mod file_order;
pub mod intake;
pub mod parquet;
pub mod parse;
