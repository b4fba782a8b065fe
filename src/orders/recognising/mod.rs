//! What a file is and what its columns mean: profiles and names of columns, and the fields of each kind of file.

pub mod fields;
pub mod headers;
pub mod layout;
pub mod left_out;
pub mod lists;
pub mod no_items;
pub mod profile;
