//! JSON as it was written: parsing that keeps the text of numbers and strings, and the canonical text that is hashed.

mod canonical;
mod parse;
mod value;

pub use canonical::{Omitted, canonical, md5_hex, sha256_hex};
pub use parse::{Malformed, parse, products_in, records_in};
pub use value::{Text, Value};
