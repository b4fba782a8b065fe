//! What the tests of this room share.

use std::sync::Arc;

use polars::prelude::*;

use super::detect::HISTORY;
use crate::operator::{NoStorage, StageContext};

/// A context with a fixed as-of time.
pub fn context() -> StageContext {
    StageContext { as_of: "2026-03-01T04:30:00Z".parse().unwrap(), seed: 1, ..StageContext::alone(Arc::new(NoStorage)) }
}

/// A history with the columns it lacks as nulls, as the engine hands it to an operator.
pub fn history(frame: DataFrame) -> LazyFrame {
    let is_missing = |name: &str| frame.column(name).is_err();
    let missing: Vec<Expr> =
        HISTORY.iter().filter(|(name, _)| is_missing(name)).map(|(name, _)| lit(NULL).alias(*name)).collect();
    frame.lazy().with_columns(missing)
}
