//! A lazy frame as a stream of batches, in order, at most a few of them in memory.

use std::{num::NonZeroUsize, sync::mpsc::sync_channel, thread};

use polars::prelude::{
    Column, DataFrame, Engine, IntoColumn, LazyFrame, PlanCallback, PolarsError, PolarsResult, StringChunked,
};

/// Rows handed over at a time.
const BATCH_ROWS: usize = 65_536;

/// Runs `frame` in the streaming engine and hands its batches to `visit` in order, until that fails.
///
/// # Errors
/// What `visit` returns, or what `refused` makes of a failure of the frame.
pub fn for_each_batch<E>(
    frame: LazyFrame,
    refused: impl Fn(PolarsError) -> E,
    mut visit: impl FnMut(DataFrame) -> Result<(), E>,
) -> Result<(), E> {
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

/// The frame with texts of its own. A few texts that were picked from a batch keep the text of the whole batch in memory:
/// what is gathered from many batches takes its texts with it.
///
/// # Errors
/// When the frame cannot be made.
pub fn with_own_texts(frame: DataFrame) -> PolarsResult<DataFrame> {
    let height = frame.height();
    let own = |column: Column| match column.str() {
        Ok(texts) => texts.iter().collect::<StringChunked>().with_name(column.name().clone()).into_column(),
        Err(_) => column,
    };
    DataFrame::new(height, frame.into_columns().into_iter().map(own).collect())
}
