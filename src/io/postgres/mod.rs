//! PostgreSQL as a source and as a sink: frames for what `crate::postgres` reads and writes as columns.

mod cells;
mod definition;
mod frame;
mod moments;
mod read;
mod target;

pub(super) use cells::{Values, kind_for};
pub use moments::Moments;
pub use read::PostgresSource;
pub(super) use read::{count_rows, read, schema, state};
pub(super) use target::{apply_writes, open_sink, server_of, write_of};
