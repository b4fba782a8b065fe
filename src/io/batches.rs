//! A lazy frame as a stream of batches, in order, at most a few of them in memory.

use std::{
    num::NonZeroUsize,
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::sync_channel,
    },
    thread,
};

use polars::prelude::{DataFrame, Engine, LazyFrame, PlanCallback, PolarsError};

use super::IoError;
use crate::operator::Progress;

/// Rows handed over at a time.
const BATCH_ROWS: usize = 65_536;

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

/// Runs `frame` in the streaming engine and hands its batches to `visit` in order, until that fails.
///
/// # Errors
/// What `visit` returns, or what `refused` makes of a failure of the frame.
pub(super) fn for_each_batch(
    frame: LazyFrame,
    refused: impl Fn(PolarsError) -> IoError,
    mut visit: impl FnMut(DataFrame) -> Result<(), IoError>,
) -> Result<(), IoError> {
    let (send, receive) = sync_channel::<Option<DataFrame>>(2);
    let send_end = send.clone();
    // A receiver that is gone is the sign to stop.
    let hand_over = PlanCallback::new(move |batch: DataFrame| Ok(send.send(Some(batch)).is_err()));
    let plan = frame.sink_batches(hand_over, true, NonZeroUsize::new(BATCH_ROWS)).map_err(&refused)?;
    thread::scope(|scope| {
        let runner = scope.spawn(move || {
            let outcome = plan.collect_with_engine(Engine::Streaming).map(drop);
            // The plan may keep its callback for longer than the run: the end is said in words.
            let _ = send_end.send(None);
            outcome
        });
        let mut visited = Ok(());
        while let Ok(Some(batch)) = receive.recv() {
            visited = visit(batch);
            if visited.is_err() {
                break;
            }
        }
        drop(receive);
        let ran = runner.join().unwrap_or_else(|_| {
            Err(PolarsError::ComputeError("the frame's evaluation ended unexpectedly; please report this".into()))
        });
        visited?;
        ran.map_err(&refused)
    })
}
