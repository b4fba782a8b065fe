//! What a stage may know of the world: the as-of time, the seed, its progress, its memory budget, its storage.

use std::{
    io::{Read, Seek, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use polars::prelude::{DataFrame, LazyFrame};

use super::{NoServices, Services, StageError};
use crate::flags::StageFlags;

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

/// The time that a stage should stay within, and whether it gave less than all because of it.
pub struct TimeLimit {
    #[allow(dead_code, reason = "as below")]
    left: Box<dyn Fn() -> Option<Duration> + Send + Sync>,
    gave_part: AtomicBool,
}

#[allow(dead_code, reason = "operators that can give a part ask it")]
impl TimeLimit {
    /// A limit of which so much is left at each moment; `None` is without end.
    pub fn new(left: impl Fn() -> Option<Duration> + Send + Sync + 'static) -> Self {
        Self { left: Box::new(left), gave_part: AtomicBool::new(false) }
    }

    /// No limit.
    pub fn none() -> Self {
        Self::new(|| None)
    }

    /// How much time is left; `None` without a limit. Long kernels ask between their parts.
    pub fn left(&self) -> Option<Duration> {
        (self.left)()
    }

    /// Whether the time is up.
    pub fn is_over(&self) -> bool {
        self.left().is_some_and(|left| left.is_zero())
    }

    /// Says that the stage's outputs are whole in themselves and not all there is: they are used, and the next run does the
    /// stage again.
    pub fn give_part(&self) {
        self.gave_part.store(true, Ordering::Relaxed);
    }

    /// Whether it was said.
    pub fn gave_part(&self) -> bool {
        self.gave_part.load(Ordering::Relaxed)
    }
}

/// A part of a longer work, for those who watch: what it is called, and from which percentage of the whole to which it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phase {
    /// Its name.
    pub name: &'static str,
    /// The percentage at its beginning.
    pub from: u8,
    /// The percentage at its end.
    pub to: u8,
}

/// What a stage may know of the world.
#[derive(Clone)]
pub struct StageContext {
    /// The instant the run is about; results that depend on time use this and no clock.
    pub as_of: Timestamp,
    /// The seed of all randomness.
    pub seed: u64,
    /// Bytes that the stage should stay within.
    pub memory_bytes: u64,
    /// Where to report progress.
    pub progress: Arc<dyn Progress>,
    /// Set when the run was asked to stop.
    pub cancelled: Arc<AtomicBool>,
    /// Files, room on disk and outputs, where frames are not enough.
    pub storage: Arc<dyn Storage>,
    /// Models elsewhere, by choice.
    pub services: Arc<dyn Services>,
    /// The flags that the operator declares.
    #[allow(dead_code, reason = "operators read them")]
    pub flags: Arc<StageFlags>,
    /// The time it should stay within.
    pub time: Arc<TimeLimit>,
}

impl StageContext {
    /// A context outside of any run: of 1970, without a limit of time, with all flags at their defaults, watched by nobody.
    pub fn alone(storage: Arc<dyn Storage>) -> Self {
        Self {
            as_of: Timestamp::UNIX_EPOCH,
            seed: 0,
            memory_bytes: 1 << 30,
            progress: Arc::new(Silent),
            cancelled: Arc::new(AtomicBool::new(false)),
            storage,
            services: Arc::new(NoServices),
            flags: Arc::default(),
            time: Arc::new(TimeLimit::none()),
        }
    }

    /// Returns an error once the run was asked to stop; long kernels call it between blocks.
    ///
    /// # Errors
    /// [`StageError::Interrupted`].
    pub fn check_cancelled(&self) -> Result<(), StageError> {
        if self.cancelled.load(Ordering::Relaxed) { Err(StageError::Interrupted) } else { Ok(()) }
    }
}
