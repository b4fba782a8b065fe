//! A batch of a frame as rows of statement parameters.

use std::path::Path;

use polars::prelude::{
    BooleanChunked, Column, DataFrame, DataType, Float64Chunked, Int32Chunked, Int64Chunked, PolarsResult,
    StringChunked, TimeUnit,
};
use rusqlite::{Statement, types::Null};

use super::super::{
    IoError,
    spelled_time::{spell_date, spell_instant},
};
use crate::operator::ColumnKind;

/// A batch whose columns have types that SQLite takes.
pub(super) struct Batch {
    columns: Vec<Values>,
    height: usize,
}

/// A column's values.
enum Values {
    Int(Int64Chunked),
    Float(Float64Chunked),
    Text(StringChunked),
    Bool(BooleanChunked),
    /// Days since 1970.
    Date(Int32Chunked),
    /// Microseconds since 1970, UTC.
    Timestamp(Int64Chunked),
    Null,
}

impl Batch {
    /// Prepares a batch.
    ///
    /// # Errors
    /// When a column has a type that SQLite has no place for.
    pub(super) fn new(database: &Path, table: &str, batch: &DataFrame) -> Result<Self, IoError> {
        let values = |column: &Column| {
            Values::of(column).map_err(|source| IoError::Frame {
                what: format!(
                    "{}: table '{table}': column '{}' of type {} cannot be written; cast it in the stage",
                    database.display(),
                    column.name(),
                    column.dtype()
                ),
                source,
            })
        };
        Ok(Self { columns: batch.columns().iter().map(values).collect::<Result<_, _>>()?, height: batch.height() })
    }

    pub(super) fn height(&self) -> usize {
        self.height
    }

    /// Binds all columns of a row to the parameters from ?1 on.
    pub(super) fn bind(&self, statement: &mut Statement<'_>, row: usize) -> rusqlite::Result<()> {
        self.columns.iter().enumerate().try_for_each(|(place, values)| values.bind(statement, place + 1, row))
    }

    /// Binds the first `count` columns of a row to the parameters from ?1 on.
    pub(super) fn bind_first(&self, count: usize, statement: &mut Statement<'_>, row: usize) -> rusqlite::Result<()> {
        let first = self.columns.iter().take(count).enumerate();
        first.into_iter().try_for_each(|(place, values)| values.bind(statement, place + 1, row))
    }

    /// The first row in which one of the first `count` columns is null.
    pub(super) fn null_in_first(&self, count: usize) -> Option<usize> {
        self.columns.iter().take(count).filter_map(|values| values.first_null(self.height)).min()
    }
}

impl Values {
    fn of(column: &Column) -> PolarsResult<Self> {
        let cast = |wanted: &DataType| column.strict_cast(wanted).map(|column| column.rechunk());
        let instant = DataType::Datetime(TimeUnit::Microseconds, None);
        Ok(match (column.dtype(), ColumnKind::of(column.dtype())) {
            (DataType::Null, _) => Self::Null,
            (DataType::Categorical(..) | DataType::Enum(..), _) | (_, ColumnKind::Text) => {
                Self::Text(cast(&DataType::String)?.str()?.clone())
            }
            (_, ColumnKind::Int) => Self::Int(cast(&DataType::Int64)?.i64()?.clone()),
            (_, ColumnKind::Float) => Self::Float(cast(&DataType::Float64)?.f64()?.clone()),
            (_, ColumnKind::Bool) => Self::Bool(column.rechunk().bool()?.clone()),
            (_, ColumnKind::Date) => Self::Date(column.rechunk().cast(&DataType::Int32)?.i32()?.clone()),
            (_, ColumnKind::Timestamp) => Self::Timestamp(cast(&instant)?.cast(&DataType::Int64)?.i64()?.clone()),
            (other, _) => {
                return Err(polars::prelude::PolarsError::InvalidOperation(
                    format!("{other} is not a single value").into(),
                ));
            }
        })
    }

    fn bind(&self, statement: &mut Statement<'_>, place: usize, row: usize) -> rusqlite::Result<()> {
        match self {
            Self::Int(values) => statement.raw_bind_parameter(place, values.get(row)),
            Self::Float(values) => statement.raw_bind_parameter(place, values.get(row)),
            Self::Text(values) => statement.raw_bind_parameter(place, values.get(row)),
            Self::Bool(values) => statement.raw_bind_parameter(place, values.get(row)),
            Self::Date(values) => statement.raw_bind_parameter(place, values.get(row).map(spell_date)),
            Self::Timestamp(values) => statement.raw_bind_parameter(place, values.get(row).map(spell_instant)),
            Self::Null => statement.raw_bind_parameter(place, Null),
        }
    }

    fn first_null(&self, height: usize) -> Option<usize> {
        let first = |is_null: &dyn Fn(usize) -> bool| (0..height).find(|row| is_null(*row));
        match self {
            Self::Int(values) | Self::Timestamp(values) if values.null_count() > 0 => {
                first(&|row| values.get(row).is_none())
            }
            // SQLite has no NaN: it stores null.
            Self::Float(values) => first(&|row| values.get(row).is_none_or(f64::is_nan)),
            Self::Text(values) if values.null_count() > 0 => first(&|row| values.get(row).is_none()),
            Self::Bool(values) if values.null_count() > 0 => first(&|row| values.get(row).is_none()),
            Self::Date(values) if values.null_count() > 0 => first(&|row| values.get(row).is_none()),
            Self::Null => (height > 0).then_some(0),
            _ => None,
        }
    }
}
