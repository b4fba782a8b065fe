//! What the tests of this room share.

use std::sync::{Arc, atomic::AtomicBool};

use crate::operator::{NoStorage, Silent, StageContext};

/// A context that goes nowhere.
pub fn context() -> StageContext {
    StageContext {
        as_of: "2026-03-01T04:30:00Z".parse().expect("an instant"),
        seed: 1,
        memory_bytes: 1 << 30,
        progress: Arc::new(Silent),
        cancelled: Arc::new(AtomicBool::new(false)),
        storage: Arc::new(NoStorage),
    }
}
