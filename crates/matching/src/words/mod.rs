//! Texts of records as numbers: words, codes, brands and runs of letters.

pub mod brand;
pub mod canonical;
pub mod code;
pub mod fold;
pub mod grams;
pub mod lists;
pub mod parse;
pub mod token;
pub mod vocabulary;
