//! What a stage may know of the world: the as-of time, the seed, its progress, its memory budget.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use jiff::Timestamp;

use super::StageError;

/// Receives how far a stage has come. Implementations are cheap and may be called from any thread.
pub trait Progress: Send + Sync {
    /// The number of rows the stage will handle, once known.
    fn total(&self, rows: u64);
    /// `rows` more rows are done.
    fn advance(&self, rows: u64);
}

/// Progress that goes nowhere.
pub struct Silent;

impl Progress for Silent {
    fn total(&self, _: u64) {}
    fn advance(&self, _: u64) {}
}

/// What a stage may know of the world.
#[derive(Clone)]
pub struct StageContext {
    /// The instant the run is about; results that depend on time use this and no clock.
    pub as_of: Timestamp,
    /// The seed of all randomness.
    #[expect(dead_code, reason = "part of the contract; no operator is random yet")]
    pub seed: u64,
    /// Bytes that the stage should stay within.
    #[expect(dead_code, reason = "part of the contract; no operator spills yet")]
    pub memory_bytes: u64,
    /// Where to report progress.
    pub progress: Arc<dyn Progress>,
    /// Set when the run was asked to stop.
    pub cancelled: Arc<AtomicBool>,
}

impl StageContext {
    /// Returns an error once the run was asked to stop; long kernels call it between blocks.
    ///
    /// # Errors
    /// [`StageError::Interrupted`].
    pub fn check_cancelled(&self) -> Result<(), StageError> {
        if self.cancelled.load(Ordering::Relaxed) { Err(StageError::Interrupted) } else { Ok(()) }
    }
}
