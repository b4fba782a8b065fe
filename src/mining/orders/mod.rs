//! Orders of many shops as flat numbers: what all mining works on.

mod copies;
mod dictionary;
mod lines;
mod read;
mod shop_orders;
#[cfg(test)]
mod tests;

pub use copies::StandingOrders;
pub use lines::{Line, OrderLines, Wanted};
pub use read::{DATED_LINES_PORT, LINES_PORT, REJECTED, add_lines, plain_lines_port, read_lines, rejected_lines};
pub use shop_orders::{NO_CUSTOMER, NO_TIME, Names, ShopOrders};
