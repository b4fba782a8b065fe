//! Columns of a frame as they are read and made in this room.

use std::collections::BTreeMap;

use polars::prelude::*;

use crate::operator::{PortSchema, StageError};

/// Refuses a dataset that has none of these columns, before any work: each of its rows would be rejected.
///
/// # Errors
/// When its columns are known, and none of these is among them.
pub fn need_one_of(inputs: &BTreeMap<String, PortSchema>, port: &str, names: &[&str]) -> Result<(), StageError> {
    let Some(columns) = inputs.get(port).filter(|columns| !columns.is_empty()) else { return Ok(()) };
    if columns.iter().any(|column| names.contains(&column.name.as_str())) {
        return Ok(());
    }
    let (last, others) = names.split_last().unwrap_or((&"", &[]));
    let names = if others.is_empty() { (*last).to_owned() } else { format!("{} or {last}", others.join(", ")) };
    Err(StageError::Input {
        port: port.to_owned(),
        problem: format!("it has no column {names}"),
        mend: "name one so in the source's query, or in an sql stage before".to_owned(),
    })
}

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

/// Lists of texts as they are read.
pub struct Lists {
    /// Row n holds the items from `ends[n]` up to `ends[n + 1]`.
    ends: Vec<i64>,
    items: StringChunked,
}

impl Lists {
    /// A column of lists of texts.
    ///
    /// # Errors
    /// When it is missing or holds no lists of texts.
    pub fn of(frame: &DataFrame, name: &str) -> Result<Self, StageError> {
        let column = frame.column(name)?.rechunk();
        let lists = column.list()?;
        let ends = lists.downcast_as_array().offsets().as_slice().to_vec();
        Ok(Self { ends, items: lists.get_inner().str()?.clone() })
    }

    /// The texts of a row; a row that is null has none.
    pub fn get(&self, row: usize) -> impl Iterator<Item = &str> {
        let end = |place: usize| self.ends.get(place).and_then(|end| usize::try_from(*end).ok()).unwrap_or_default();
        (end(row)..end(row + 1)).filter_map(|item| self.items.get(item))
    }
}
