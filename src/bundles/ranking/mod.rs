//! Which bundle is better (section 7): features side by side, weighted by what the bundles are for.

mod features;
mod hybrid;
mod rank;
mod weights;

pub use features::{Features, inventory_term, price_sanity};
pub use hybrid::{Blend, business_signal};
pub use rank::{Components, Entry, order, rank};
pub use weights::Weights;
