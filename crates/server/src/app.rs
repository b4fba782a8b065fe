//! What all requests share.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::{
    failure::Failure,
    journal::JournalReader,
    kept::Kept,
    limiter::Limiter,
    results::Results,
    settings::{Lent, Settings},
    store::Store,
};

/// What the server writes to its log.
pub type Log = Box<dyn Fn(&str) + Send + Sync>;

/// What all requests share.
pub struct App {
    /// What the server was told.
    pub settings: Settings,
    /// What its owner lends it.
    pub lent: Lent,
    /// Its own database.
    pub store: Store,
    /// The results.
    pub results: Results,
    /// The journal of runs.
    pub journal: JournalReader,
    /// Answers that still hold.
    pub kept: Kept,
    /// How many requests each may make.
    pub limiter: Limiter,
    /// The log.
    pub log: Log,
    /// Places for work that waits for disks.
    places: Semaphore,
    /// Places for large bodies.
    pub large_bodies: Semaphore,
}

/// Requests that wait for disks at a time; the others wait for these.
const PLACES: usize = 16;

/// Large bodies that are read at a time.
const LARGE_BODIES: usize = 2;

impl App {
    /// What requests share, of settings.
    ///
    /// # Errors
    /// When the server's own database cannot be opened.
    pub fn new(settings: Settings, lent: Lent, log: Log) -> rusqlite::Result<Self> {
        let store = Store::open(&settings.state_folder)?;
        store.fail_forgotten_uploads()?;
        Ok(Self {
            store,
            results: Results::new(settings.database.clone()),
            journal: JournalReader::new(&settings.state_folder),
            kept: Kept::new(settings.kept_bytes),
            limiter: Limiter::new(settings.requests_per_minute),
            places: Semaphore::new(PLACES),
            large_bodies: Semaphore::new(LARGE_BODIES),
            settings,
            lent,
            log,
        })
    }

    /// Does work that waits for disks beside the threads that wait for the net.
    ///
    /// # Errors
    /// What the work gives, and when it panicked.
    pub async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Arc<Self>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let _place = self.places.acquire().await.map_err(Failure::inside)?;
        let app = Arc::clone(self);
        tokio::task::spawn_blocking(move || work(&app)).await.map_err(Failure::inside)?
    }
}
