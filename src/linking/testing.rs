//! What the tests of this room share.

use std::sync::Arc;

use crate::operator::{NoStorage, StageContext};

/// A context with a fixed as-of time.
pub fn context() -> StageContext {
    StageContext { as_of: "2026-03-01T04:30:00Z".parse().unwrap(), seed: 1, ..StageContext::alone(Arc::new(NoStorage)) }
}
