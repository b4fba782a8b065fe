//! Waiting for the next reason to look at a catalog.

use std::{
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

/// A reason to look at the catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// Its file was written, and is whole.
    File,
    /// It is time.
    Clock,
    /// Somebody asked for a sync, and was promised one of this id.
    Asked(String),
}

/// How often it is looked whether the process is to end.
const TICK: Duration = Duration::from_millis(100);

/// Waits for triggers.
pub struct Waiting {
    triggers: Receiver<Trigger>,
    interval: Duration,
    next: Instant,
}

impl Waiting {
    /// Waits for what comes in, and for the end of each interval, of which the first is over at once.
    pub fn new(triggers: Receiver<Trigger>, interval: Duration) -> Self {
        Self { triggers, interval, next: Instant::now() }
    }

    /// The clock comes at this time if it would come later.
    pub fn no_later_than(&mut self, wait: Duration) {
        self.next = self.next.min(Instant::now() + wait);
    }

    /// The next trigger; `None` once `stop` is set. Files that were written several times are one trigger.
    pub fn next(&mut self, stop: &AtomicBool) -> Option<Trigger> {
        loop {
            if stop.load(Ordering::Relaxed) {
                return None;
            }
            let left = self.next.saturating_duration_since(Instant::now());
            let trigger = match self.triggers.recv_timeout(left.min(TICK)) {
                Ok(trigger) => trigger,
                Err(_) if Instant::now() >= self.next => Trigger::Clock,
                Err(RecvTimeoutError::Timeout) => continue,
                // Nobody sends any more: the clock alone is left.
                Err(RecvTimeoutError::Disconnected) => {
                    std::thread::sleep(left.min(TICK));
                    continue;
                }
            };
            self.next = Instant::now() + self.interval;
            return Some(trigger);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn the_clock_comes_at_once_then_after_each_interval_and_triggers_come_between() {
        let (sender, receiver) = channel();
        let never = AtomicBool::new(false);
        let mut waiting = Waiting::new(receiver, Duration::from_millis(300));
        assert_eq!(waiting.next(&never), Some(Trigger::Clock));
        sender.send(Trigger::File).unwrap();
        let started = Instant::now();
        assert_eq!(waiting.next(&never), Some(Trigger::File));
        assert!(started.elapsed() < Duration::from_millis(250));
        assert_eq!(waiting.next(&never), Some(Trigger::Clock));
        assert!(started.elapsed() >= Duration::from_millis(300));
        drop(sender);
        waiting.no_later_than(Duration::from_millis(10));
        assert_eq!(waiting.next(&never), Some(Trigger::Clock));
        assert_eq!(waiting.next(&AtomicBool::new(true)), None);
    }
}
