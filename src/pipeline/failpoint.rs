//! Points at which a test can kill the process, to show that any moment may be the last.

use std::sync::atomic::{AtomicU32, Ordering};

/// The point at which to die, if any.
pub struct Failpoint {
    name: Option<String>,
    left: AtomicU32,
}

impl Failpoint {
    /// Never dies.
    pub const fn none() -> Self {
        Self { name: None, left: AtomicU32::new(0) }
    }

    /// Reads `name` or `name:n`: die when the point is passed for the n-th time.
    pub fn parse(text: &str) -> Self {
        let (name, times) = text.rsplit_once(':').unwrap_or((text, "1"));
        Self { name: Some(name.to_owned()), left: AtomicU32::new(times.parse().unwrap_or(1)) }
    }

    /// Passes a point; the process is killed, without unwinding or cleaning up, if it is the one.
    pub fn pass(&self, point: &str) {
        if self.name.as_deref() == Some(point) && self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            // SAFETY: raising a signal on the own process touches no memory of ours.
            unsafe {
                libc::raise(libc::SIGKILL);
            }
        }
    }
}
