//! Which bundles are good together (section 9): goals, limits, a weighted sum, and NSGA-II by choice.

mod goals;
mod limits;
mod nsga2;
mod sorting;
mod weighted_sum;

pub use goals::{Judged, goal_value, goal_weight};
pub use limits::{Broken, ShopLimits};
pub use nsga2::Nsga2;
pub use weighted_sum::{blended, portfolio};
