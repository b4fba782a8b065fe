//! What bundles cost (section 8): discounts from sales, exact prices, tiers of quantities, rewards, and what is no price.

mod bandit;
mod bogo;
mod ending;
mod multi_item;
mod reconcile;
mod rewards;
mod sales;
mod shrink;
mod terms;
mod tiers;
mod volume;

pub use bandit::{Chosen, Deal, EPSILON};
pub use multi_item::{price_at, price_lines};
pub use rewards::{PairCounts, Reward, RewardSearch, same_product_rewards};
pub use sales::{SalesStatistics, SoldBelowList};
pub use shrink::Baselines;
pub use terms::{Bogo, Line, Methodology, Mode, PriceAnomaly, Pricing, Terms, Tier};
pub use tiers::{CATALOG_TIERS, DEFAULT_TIERS, Quantities, price_tiers, tiers_of_quantities};
pub use volume::{VolumeItem, VolumePick, select_by_orders, select_by_quantities};
