//! What a stage may know of the world: the as-of time, the seed, its progress, its memory budget, its storage.

use std::{
    io::{Read, Seek, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use jiff::Timestamp;
use polars::prelude::{DataFrame, LazyFrame};

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

/// What the engine lends a stage that does not work on frames alone: the files that a dataset of files names, room on
/// disk for what does not fit in memory, and a way to hand rows over before all of them are known.
pub trait Storage: Send + Sync {
    /// Opens a file by its `path` in a dataset of files; what its name says is packed ([`super::Packing`]) is unpacked on
    /// the way.
    ///
    /// # Errors
    /// [`StageError::Storage`] when it is not there or may not be read.
    fn open(&self, path: &str) -> Result<Box<dyn Read + Send>, StageError>;

    /// The rows of a Parquet file by its `path` in a dataset of files, read when they are needed.
    ///
    /// # Errors
    /// [`StageError::Storage`] when it is not there, is truncated or is no Parquet.
    fn parquet(&self, path: &str) -> Result<LazyFrame, StageError>;

    /// An empty file that is gone when it is dropped, and when the process is.
    ///
    /// # Errors
    /// [`StageError::Storage`] when it cannot be made.
    fn scratch(&self) -> Result<Box<dyn Scratch>, StageError>;

    /// Adds rows to an output, in order. An output is given either so or as a frame, not both; one that may stay
    /// without rows is given at least one empty batch.
    ///
    /// # Errors
    /// [`StageError::Storage`] when the output is not declared with these columns or cannot be written.
    fn write(&self, port: &str, rows: DataFrame) -> Result<(), StageError>;
}

/// A scratch file.
pub trait Scratch: Read + Write + Seek + Send {}

impl<T: Read + Write + Seek + Send> Scratch for T {}

/// Storage that has nothing, for stages that work on frames alone.
#[cfg(test)]
pub struct NoStorage;

#[cfg(test)]
impl Storage for NoStorage {
    fn open(&self, path: &str) -> Result<Box<dyn Read + Send>, StageError> {
        Err(StageError::Storage { problem: format!("{path}: no storage") })
    }

    fn parquet(&self, path: &str) -> Result<LazyFrame, StageError> {
        Err(StageError::Storage { problem: format!("{path}: no storage") })
    }

    fn scratch(&self) -> Result<Box<dyn Scratch>, StageError> {
        Err(StageError::Storage { problem: "no storage".to_owned() })
    }

    fn write(&self, port: &str, _: DataFrame) -> Result<(), StageError> {
        Err(StageError::Storage { problem: format!("{port}: no storage") })
    }
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
    pub memory_bytes: u64,
    /// Where to report progress.
    pub progress: Arc<dyn Progress>,
    /// Set when the run was asked to stop.
    pub cancelled: Arc<AtomicBool>,
    /// Files, room on disk and outputs, where frames are not enough.
    pub storage: Arc<dyn Storage>,
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
