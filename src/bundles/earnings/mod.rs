//! What a bundle is expected to earn more a month, and how sure that is.

mod credit;
mod expectation;
mod normals;
mod offer;
#[cfg(test)]
mod world;

pub use credit::{Claim, credits};
pub use expectation::{Estimate, Expectation, Model};
pub use offer::{Counts, Offer, Priors, margin_of_rest, months};
