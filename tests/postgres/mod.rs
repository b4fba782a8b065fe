//! Pipelines whose database is a PostgreSQL server.

mod kill;
mod refusals;
mod same_rows;
mod servers;
mod vectors;
