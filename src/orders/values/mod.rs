//! What a cell means, and what the cells of a column tell together.

pub mod calendar;
pub mod currencies;
pub mod date_words;
pub mod doubt;
pub mod facts;
pub mod ids;
pub mod letters;
pub mod number;
pub mod options;
pub mod spelled_time;
pub mod spelling;
pub mod time;
