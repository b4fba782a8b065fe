//! From evidence to probabilities.

pub mod belief;
pub mod curve;
pub mod evidence;
pub mod features;
pub mod linear;
pub mod mixture;
pub mod population;
pub mod regression;
pub mod rivals;
pub mod scoring;
pub mod tokens;
