//! Points at which a test can kill the process, to show that any moment may be the last.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

/// The point at which to die, if any. Clones count together.
#[derive(Clone)]
pub struct Failpoint {
    name: Option<String>,
    left: Arc<AtomicU32>,
}

impl Failpoint {
    /// Never dies.
    pub fn none() -> Self {
        Self { name: None, left: Arc::default() }
    }

    /// Reads `name` or `name:n`: die when the point is passed for the n-th time.
    pub fn parse(text: &str) -> Self {
        let (name, times) = text.rsplit_once(':').unwrap_or((text, "1"));
        Self { name: Some(name.to_owned()), left: Arc::new(AtomicU32::new(times.parse().unwrap_or(1))) }
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
