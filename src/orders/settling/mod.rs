//! What only all files together tell, and which rows count: shops, currencies, dates, duplicates.

pub mod group;
pub mod lines;
pub mod rejections;
pub mod settle;
