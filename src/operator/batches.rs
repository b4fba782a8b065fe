//! A lazy frame as a stream of batches, in order, at most a few of them in memory.

use std::{num::NonZeroUsize, sync::mpsc::sync_channel, thread};

use polars::prelude::{
    Column, DataFrame, DataType, Engine, IntoColumn, IntoSeries, LazyFrame, PlanCallback, PolarsError, PolarsResult,
    Series, StringChunked,
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
    let own = |column: Column| own_texts(column.as_materialized_series()).map(IntoColumn::into_column);
    DataFrame::new(height, frame.into_columns().into_iter().map(own).collect::<PolarsResult<Vec<_>>>()?)
}

fn own_texts(series: &Series) -> PolarsResult<Series> {
    Ok(match series.dtype() {
        DataType::String => {
            series.str()?.iter().collect::<StringChunked>().with_name(series.name().clone()).into_series()
        }
        DataType::List(_) => {
            // What no row shows any more goes too.
            let trimmed = series.trim_lists_to_normalized_offsets();
            let lists = trimmed.as_ref().unwrap_or(series).list()?;
            lists.apply_to_inner(&|items| own_texts(&items))?.into_series()
        }
        DataType::Struct(_) => series.struct_()?.try_apply_fields(own_texts)?.into_series(),
        _ => series.clone(),
    })
}

#[cfg(test)]
mod tests {
    use polars::prelude::{IntoLazy, NamedFrom, col, df};

    use super::*;

    #[test]
    fn texts_inside_of_lists_and_records_are_the_frame_s_own_too() {
        let long: Vec<String> =
            (0..1_000).map(|number| format!("{number} is a text too long to lie in its view")).collect();
        let frame = df!("text" => &long, "n" => (0..1_000_i64).collect::<Vec<_>>()).unwrap().lazy();
        let lists = frame.group_by_stable([col("n")]).agg([col("text")]).collect().unwrap();
        let lists = lists.column("text").unwrap().as_materialized_series().clone();
        let record =
            polars::prelude::StructChunked::from_series("record".into(), 1_000, [lists.clone()].iter()).unwrap();
        let frame = DataFrame::new(1_000, vec![lists.into_column(), record.into_series().into_column()]).unwrap();
        let picked = frame.slice(500, 2);
        let own = with_own_texts(picked.clone()).unwrap();
        assert!(own.equals_missing(&picked));
        assert!(
            own.estimated_size() * 20 < frame.estimated_size(),
            "{} {}",
            own.estimated_size(),
            frame.estimated_size()
        );
        let none =
            with_own_texts(DataFrame::new(0, vec![Series::new("x".into(), [""; 0]).into_column()]).unwrap()).unwrap();
        assert_eq!(none.height(), 0);
    }
}
