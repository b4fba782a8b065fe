//! What a cell means, and what the cells of a column tell together.

pub mod facts;
pub mod value;
