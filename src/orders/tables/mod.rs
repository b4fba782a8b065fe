//! Rows as tables: orders and their lines, variants, inventory and catalog, and what came of each file.

pub mod columns;
pub mod levels;
pub mod listed;
pub mod meaning;
pub mod order_tables;
pub mod outcome;
pub mod products;
pub mod shop_tables;
pub mod table;
