//! Columns of a frame as slices, and slices as columns: where Polars ends and the kernels begin.

use polars::prelude::*;

use crate::operator::{ColumnKind, StageError};

/// Collects a frame with its columns in exactly the given types.
///
/// # Errors
/// When the frame cannot be read, or a column has another type and does not convert without loss.
pub fn collect(frame: LazyFrame, columns: &[(&str, ColumnKind)]) -> Result<DataFrame, StageError> {
    let wanted: Vec<Expr> = columns
        .iter()
        .map(|(name, kind)| match kind.data_type() {
            Some(data_type) => col(*name).strict_cast(data_type),
            None => col(*name),
        })
        .collect();
    Ok(frame.select(wanted).collect_with_engine(Engine::Streaming)?.unwrap_single())
}

/// The texts of a column.
///
/// # Errors
/// When the column is missing or holds no text.
pub fn texts<'a>(frame: &'a DataFrame, name: &str) -> Result<Vec<Option<&'a str>>, StageError> {
    Ok(frame.column(name)?.str()?.iter().collect())
}

/// The integers of a column.
///
/// # Errors
/// When the column is missing or holds no integers.
pub fn integers(frame: &DataFrame, name: &str) -> Result<Vec<Option<i64>>, StageError> {
    Ok(frame.column(name)?.i64()?.iter().collect())
}

/// The floats of a column.
///
/// # Errors
/// When the column is missing or holds no floats.
pub fn floats(frame: &DataFrame, name: &str) -> Result<Vec<Option<f64>>, StageError> {
    Ok(frame.column(name)?.f64()?.iter().collect())
}

/// The truth values of a column.
///
/// # Errors
/// When the column is missing or holds none.
pub fn booleans(frame: &DataFrame, name: &str) -> Result<Vec<Option<bool>>, StageError> {
    Ok(frame.column(name)?.bool()?.iter().collect())
}

/// A frame of equally long columns.
///
/// # Errors
/// When the columns differ in length.
pub fn frame(columns: Vec<Column>) -> Result<DataFrame, StageError> {
    let height = columns.first().map_or(0, Column::len);
    Ok(DataFrame::new(height, columns)?)
}

/// A column from values; each may be null.
pub fn column<'a, T: 'a, I>(name: &str, values: I) -> Column
where
    I: IntoIterator<Item = T>,
    Series: FromIterator<T>,
{
    let mut series: Series = values.into_iter().collect();
    series.rename(name.into());
    series.into_column()
}
