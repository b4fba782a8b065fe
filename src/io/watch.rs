//! What a long read or write reports to, and is stopped by.

use std::sync::atomic::{AtomicBool, Ordering};

use super::IoError;
use crate::operator::Progress;

/// What a long read or write reports to, and is stopped by.
#[derive(Clone, Copy)]
pub struct ReadWatch<'a> {
    /// Is told of rows done.
    pub progress: &'a dyn Progress,
    /// Once set, the work ends with [`IoError::Interrupted`].
    pub cancelled: &'a AtomicBool,
}

impl ReadWatch<'_> {
    /// # Errors
    /// [`IoError::Interrupted`] once the run was asked to stop.
    pub(super) fn check(&self) -> Result<(), IoError> {
        if self.cancelled.load(Ordering::Relaxed) { Err(IoError::Interrupted) } else { Ok(()) }
    }
}
