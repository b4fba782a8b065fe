//! Columns of a frame as they are read and made in this room.

use polars::prelude::*;

use crate::operator::StageError;

/// Runs a frame.
///
/// # Errors
/// When it fails.
pub fn collect(frame: LazyFrame) -> Result<DataFrame, StageError> {
    Ok(frame.collect_with_engine(Engine::Streaming)?.unwrap_single())
}

/// A text column.
///
/// # Errors
/// When it is missing or holds no text.
pub fn texts<'a>(frame: &'a DataFrame, name: &str) -> Result<&'a StringChunked, StageError> {
    Ok(frame.column(name)?.str()?)
}

/// An integer column.
///
/// # Errors
/// When it is missing or holds no integers.
pub fn integers<'a>(frame: &'a DataFrame, name: &str) -> Result<&'a Int64Chunked, StageError> {
    Ok(frame.column(name)?.i64()?)
}

/// A float column.
///
/// # Errors
/// When it is missing or holds no floats.
pub fn floats<'a>(frame: &'a DataFrame, name: &str) -> Result<&'a Float64Chunked, StageError> {
    Ok(frame.column(name)?.f64()?)
}

/// A frame of equally long columns.
///
/// # Errors
/// When they differ in length.
pub fn frame(columns: Vec<Column>) -> Result<DataFrame, StageError> {
    let height = columns.first().map_or(0, Column::len);
    Ok(DataFrame::new(height, columns)?)
}

/// A column from values; each may be null.
pub fn column<T, I: IntoIterator<Item = T>>(name: &str, values: I) -> Column
where
    Series: FromIterator<T>,
{
    let mut series: Series = values.into_iter().collect();
    series.rename(name.into());
    series.into_column()
}
