//! Points at which a test can kill the process, fill the disk or do something else meanwhile: any moment may be the one.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

/// The point at which something happens, if any. Clones count together.
#[derive(Clone)]
pub struct Failpoint {
    name: Option<String>,
    what: What,
    left: Arc<AtomicU32>,
}

/// What happens.
#[derive(Clone, Copy)]
enum What {
    /// The process is killed, without unwinding or cleaning up.
    Kill,
    /// The process stops until it is told to go on.
    Stop,
    /// The thread panics.
    Panic,
    /// From then on nothing can be written to any file, as on a disk that is full.
    Fill,
}

impl Failpoint {
    /// Nothing ever happens.
    pub fn none() -> Self {
        Self { name: None, what: What::Kill, left: Arc::default() }
    }

    /// Reads `name` or `name:n`: die when the point is passed for the n-th time. With `full@` before it, the disk is full
    /// from then on; with `stop@`, the process stops; with `panic@`, the thread panics.
    pub fn parse(text: &str) -> Self {
        let (what, text) = match text.split_once('@') {
            Some(("full", rest)) => (What::Fill, rest),
            Some(("stop", rest)) => (What::Stop, rest),
            Some(("panic", rest)) => (What::Panic, rest),
            _ => (What::Kill, text),
        };
        let (name, times) = text.rsplit_once(':').unwrap_or((text, "1"));
        Self { name: Some(name.to_owned()), what, left: Arc::new(AtomicU32::new(times.parse().unwrap_or(1))) }
    }

    /// Passes a point, which may be the one.
    pub fn pass(&self, point: &str) {
        if self.name.as_deref() != Some(point) || self.left.fetch_sub(1, Ordering::SeqCst) != 1 {
            return;
        }
        match self.what {
            // SAFETY: raising a signal on the own process touches no memory of ours.
            What::Kill => unsafe {
                libc::raise(libc::SIGKILL);
            },
            // SAFETY: as above.
            What::Stop => unsafe {
                libc::raise(libc::SIGSTOP);
            },
            What::Panic => panic!("the failpoint {point} panics"),
            What::Fill => {
                let nothing = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
                // SAFETY: a system call that reads the limit; writes beyond it fail, since the signal is ignored.
                unsafe {
                    libc::setrlimit(libc::RLIMIT_FSIZE, &raw const nothing);
                }
            }
        }
    }
}
