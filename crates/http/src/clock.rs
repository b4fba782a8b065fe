//! Time as the client sees it: to be waited for, and to be replaced in tests.

use std::{
    future::Future,
    pin::Pin,
    time::{Duration, Instant, SystemTime},
};

/// A wait.
pub type Wait<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// A clock that can be waited on.
pub trait Clock: Send + Sync {
    /// The time since some fixed moment; it never goes back.
    fn now(&self) -> Duration;
    /// The time of day, for answers that name one.
    fn wall(&self) -> SystemTime;
    /// Waits so long.
    fn sleep(&self, wait: Duration) -> Wait<'_>;
}

/// The system's clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    begun: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { begun: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }

    fn sleep(&self, wait: Duration) -> Wait<'_> {
        Box::pin(tokio::time::sleep(wait))
    }
}
