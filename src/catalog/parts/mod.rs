//! A catalog in parts: ids, and digests a field as columns; the products themselves only for rows that are asked for.

mod columns;
mod delimited;
mod files;
mod frame;
mod part;
mod records;
mod row;

pub use files::{Place, for_each_part, is_list_of_files};
pub use part::{Part, Reading};
