//! What only all rows together tell: which files count, whose rows they are, how columns are read, the lines of each order,
//! what is left out.

pub mod columns;
pub mod group;
pub mod line;
pub mod lines;
pub mod rejections;
pub mod settle;
pub mod undated;
pub mod versions;
