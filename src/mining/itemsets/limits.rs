//! How much a search may find, and how it is stopped.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Bounds of a search. By default there are none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits<'a> {
    /// The most sets of a list.
    pub max_sets: Option<u64>,
    /// The most bytes of a list's arrays: 4 an item of a set, 12 a set.
    pub max_bytes: Option<u64>,
    /// Set by another thread to stop the search.
    pub cancelled: Option<&'a AtomicBool>,
}

/// Why a search ended before its end. Whether a limit is passed does not depend on the number of threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// [`Limits::max_sets`].
    #[error(
        "there are more than {0} sets; raise the support, give the sets a maximum size, or ask for closed or maximal ones"
    )]
    TooManySets(u64),
    /// [`Limits::max_bytes`].
    #[error(
        "the sets need more than {} MiB; raise the support, give the sets a maximum size, or ask for closed or maximal ones",
        .0 >> 20
    )]
    TooManyBytes(u64),
    /// [`Limits::cancelled`].
    #[error("the search for itemsets was cancelled")]
    Cancelled,
}

/// What all threads of a search have found so far.
pub struct Watch<'a> {
    limits: Limits<'a>,
    sets: AtomicU64,
    bytes: AtomicU64,
}

impl<'a> Watch<'a> {
    /// Nothing found yet.
    pub fn new(limits: Limits<'a>) -> Self {
        Self { limits, sets: AtomicU64::new(0), bytes: AtomicU64::new(0) }
    }

    /// Whether the search may go on.
    pub fn check(&self) -> Result<(), Stopped> {
        if self.limits.cancelled.is_some_and(|cancelled| cancelled.load(Ordering::Relaxed)) {
            return Err(Stopped::Cancelled);
        }
        self.room(0, 0)
    }

    /// Whether so much more may be found.
    pub fn room(&self, sets: u64, bytes: u64) -> Result<(), Stopped> {
        if let Some(most) = self.limits.max_sets
            && self.sets.load(Ordering::Relaxed).saturating_add(sets) > most
        {
            return Err(Stopped::TooManySets(most));
        }
        if let Some(most) = self.limits.max_bytes
            && self.bytes.load(Ordering::Relaxed).saturating_add(bytes) > most
        {
            return Err(Stopped::TooManyBytes(most));
        }
        Ok(())
    }

    /// Adds what was found.
    pub fn add(&self, sets: u64, bytes: u64) -> Result<(), Stopped> {
        self.sets.fetch_add(sets, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.room(0, 0)
    }

    /// Takes back what was added and is not kept.
    pub fn take_back(&self, sets: u64, bytes: u64) {
        self.sets.fetch_sub(sets, Ordering::Relaxed);
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}
