//! What a file is and what its columns mean: headers, aliases, and the fields of each kind of file.

pub mod fields;
pub mod headers;
