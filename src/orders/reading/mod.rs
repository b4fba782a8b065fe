//! The files of a shop, from bytes to rows: records of CSV, rows of Parquet and JSON, and the threads that take them apart.

mod bulk;
mod cell;
pub mod content;
pub mod entry;
mod file;
pub mod file_order;
mod fimi;
mod flat;
pub mod intake;
pub mod job;
pub mod json;
mod json_stream;
pub mod order_ids;
pub mod parquet;
pub mod parse;
mod plan;
pub mod refusing;
mod row_values;
