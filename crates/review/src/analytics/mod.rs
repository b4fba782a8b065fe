//! What bundles brought (section 12.5): only what was measured.

mod facts;
mod figures;
mod insights;
mod read;
mod series;

pub use facts::ShopFacts;
pub use figures::{Figures, figures};
pub use insights::{Insights, insights};
pub use read::{CoPurchase, read};
pub use series::{Point, Range, Step, analytics_csv, date, series};
