//! Made-up worlds to try the pipelines on: the same seed always gives the same world.

mod database;
mod dirt;
mod drops;
mod images;
mod listing;
mod observation;
mod orders;
mod prices;
mod retailers;
mod shop;
mod shop_options;
mod status;
mod titles;
mod urls;
mod workflows;
mod writing;

pub use dirt::Dirt;
pub use orders::{OrdersOptions, Profile, write_orders};
pub use prices::PriceSpread;
pub use shop::write_shop;
pub use shop_options::ShopOptions;
pub use workflows::{WorkflowOptions, write_workflows};
