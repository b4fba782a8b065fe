//! PostgreSQL as a source and as a sink: frames for what `crate::postgres` reads and writes as columns.

mod cells;
mod definition;
mod frame;
mod moments;
mod read;
mod target;

pub use moments::Moments;
pub use read::PostgresSource;
pub(super) use read::{count_rows, read, schema, state};
pub(super) use target::open_sink;
