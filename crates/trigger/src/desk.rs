//! Where requests are taken: one sync at a time, each with the id it will have.

use std::sync::{Mutex, MutexGuard, PoisonError, mpsc::Sender};

use crate::waiting::Trigger;

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A sync is made for it: its id.
    Taken(String),
    /// A sync goes on, or was asked for and has not begun: its id.
    Busy(String),
    /// Too many syncs within an hour: seconds until the next may begin.
    Limited(u64),
    /// Nobody watches any more.
    Closed,
}

/// Ids of runs to come, and seconds until the next may begin.
pub struct Desk {
    now: Mutex<Option<String>>,
    triggers: Mutex<Sender<Trigger>>,
    new_id: Box<dyn Fn() -> String + Send + Sync>,
    limited: Box<dyn Fn() -> Option<u64> + Send + Sync>,
}

impl Desk {
    /// A desk whose requests go to `triggers`. `limited` says for how many seconds no sync may begin.
    pub fn new(
        triggers: Sender<Trigger>,
        new_id: impl Fn() -> String + Send + Sync + 'static,
        limited: impl Fn() -> Option<u64> + Send + Sync + 'static,
    ) -> Self {
        Self {
            now: Mutex::new(None),
            triggers: Mutex::new(triggers),
            new_id: Box::new(new_id),
            limited: Box::new(limited),
        }
    }

    /// Takes a request.
    pub fn ask(&self) -> Answer {
        let mut now = held(&self.now);
        if let Some(run) = now.as_ref() {
            return Answer::Busy(run.clone());
        }
        if let Some(seconds) = (self.limited)() {
            return Answer::Limited(seconds);
        }
        let run = (self.new_id)();
        if held(&self.triggers).send(Trigger::Asked(run.clone())).is_err() {
            return Answer::Closed;
        }
        *now = Some(run.clone());
        Answer::Taken(run)
    }

    /// A sync begins: the id that was promised, or a new one.
    pub fn begin(&self) -> String {
        held(&self.now).get_or_insert_with(|| (self.new_id)()).clone()
    }

    /// Whether a sync that was asked for has been made, be it for another reason.
    pub fn is_over(&self, run: &str) -> bool {
        held(&self.now).as_deref() != Some(run)
    }

    /// The sync is over.
    pub fn end(&self) {
        *held(&self.now) = None;
    }
}

/// What a thread that panicked left is an id or none, and whole.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::channel,
    };

    use super::*;

    #[test]
    fn one_sync_at_a_time_and_a_promise_is_kept_by_whichever_sync_comes_first() {
        let (sender, receiver) = channel();
        let (count, wait) = (AtomicU64::new(0), Arc::new(AtomicU64::new(0)));
        let seen = wait.clone();
        let limited = move || Some(seen.load(Ordering::Relaxed)).filter(|wait| *wait > 0);
        let desk = Desk::new(sender, move || format!("r{}", count.fetch_add(1, Ordering::Relaxed)), limited);
        assert_eq!(desk.ask(), Answer::Taken("r0".to_owned()));
        assert_eq!(desk.ask(), Answer::Busy("r0".to_owned()));
        assert_eq!(desk.begin(), "r0");
        desk.end();
        assert!(desk.is_over("r0"));
        assert_eq!(desk.begin(), "r1");
        assert_eq!(desk.ask(), Answer::Busy("r1".to_owned()));
        desk.end();
        wait.store(7, Ordering::Relaxed);
        assert_eq!(desk.ask(), Answer::Limited(7));
        wait.store(0, Ordering::Relaxed);
        drop(receiver);
        assert_eq!(desk.ask(), Answer::Closed);
        assert!(desk.is_over("r2"), "nothing was promised");
    }
}
