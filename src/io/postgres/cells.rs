//! Frames as rows that a server takes.

use polars::prelude::{
    BooleanChunked, Column, DataFrame, DataType, Float64Chunked, Int32Chunked, Int64Chunked, LazyFrame, PolarsResult,
    StringChunked, TimeUnit, col,
};

use super::super::{IoError, ReadWatch, nested::with_json_texts};
use crate::{
    operator::{ColumnKind, JsonStyle, PortSchema, for_each_batch},
    postgres::{
        Cells, DatasetColumn, Error, Kind, Put, Rows, of_caller, put_bool, put_date, put_float, put_int, put_json,
        put_null, put_text, put_timestamp,
    },
};

/// What a column of a dataset is to a server; `None` where only its values tell.
pub(in super::super) fn kind_for(kind: ColumnKind) -> Option<Kind> {
    Some(match kind {
        ColumnKind::Int => Kind::Int,
        ColumnKind::Float => Kind::Float,
        ColumnKind::Text => Kind::Text,
        ColumnKind::Bool => Kind::Bool,
        ColumnKind::Date => Kind::Date,
        ColumnKind::Timestamp => Kind::Timestamp,
        ColumnKind::Texts => Kind::Texts,
        ColumnKind::Ints | ColumnKind::Floats | ColumnKind::Record(_) | ColumnKind::Records(_) => Kind::Json,
        ColumnKind::Any => return None,
    })
}

/// The columns of a dataset, as a server is told of them.
pub(super) fn dataset_columns(dataset: &PortSchema) -> Vec<DatasetColumn> {
    dataset.iter().map(|column| DatasetColumn { name: column.name.clone(), kind: kind_for(column.kind) }).collect()
}

/// The rows of a frame. They are made anew each time they are asked for.
pub(super) struct FrameRows<'a> {
    /// The frame.
    pub(super) frame: LazyFrame,
    /// How lists and records are spelled.
    pub(super) json: JsonStyle,
    /// What a message calls it.
    pub(super) what: String,
    /// Who stops it.
    pub(super) watch: &'a ReadWatch<'a>,
}

impl FrameRows<'_> {
    fn refused(&self, source: polars::prelude::PolarsError) -> Error {
        of_caller(IoError::Frame { what: self.what.clone(), source })
    }
}

impl Rows for FrameRows<'_> {
    fn columns(&self) -> Result<Vec<DatasetColumn>, Error> {
        let schema = self.frame.clone().collect_schema().map_err(|error| self.refused(error))?;
        let column = |(name, data_type): (&polars::prelude::PlSmallStr, &DataType)| DatasetColumn {
            name: name.to_string(),
            kind: kind_for(ColumnKind::of(data_type)),
        };
        Ok(schema.iter().map(column).collect())
    }

    fn each(&self, names: &[&str], put: &mut Put<'_>) -> Result<(), Error> {
        let columns = self.columns()?;
        let is_nested = |name: &str| {
            let kind = columns.iter().find(|column| column.name == name).and_then(|column| column.kind);
            matches!(kind, Some(Kind::Json | Kind::Texts))
        };
        let nested: Vec<bool> = names.iter().map(|name| is_nested(name)).collect();
        let frame = with_json_texts(self.frame.clone(), self.json).map_err(|error| self.refused(error))?;
        // A column may be written twice.
        let selected: Vec<_> =
            names.iter().enumerate().map(|(place, name)| col(*name).alias(format!("c{place}"))).collect();
        for_each_batch(
            frame.select(selected),
            |error| self.refused(error),
            |batch: DataFrame| {
                let cells = batch.columns().iter().zip(&nested).map(|(column, is_json)| Values::of(column, *is_json));
                let cells = cells.collect::<PolarsResult<Vec<_>>>().map_err(|error| self.refused(error))?;
                let cells: Vec<Box<dyn Cells + '_>> =
                    cells.iter().map(|values| Box::new(values) as Box<dyn Cells + '_>).collect();
                put(batch.height(), &cells)?;
                self.watch.progress.advance(batch.height() as u64);
                Ok(())
            },
        )
    }
}

/// A column's values.
pub(in super::super) enum Values {
    Int(Int64Chunked),
    Float(Float64Chunked),
    Text(StringChunked),
    Json(StringChunked),
    Bool(BooleanChunked),
    Date(Int32Chunked),
    Timestamp(Int64Chunked),
    Null,
}

impl Values {
    /// The values of a column of single values, or of JSON texts.
    ///
    /// # Errors
    /// When it has a type that a server has no place for.
    pub(in super::super) fn of(column: &Column, is_json: bool) -> PolarsResult<Self> {
        let cast = |data_type: &DataType| column.rechunk().strict_cast(data_type);
        let instant = DataType::Datetime(TimeUnit::Microseconds, None);
        Ok(match (column.dtype(), ColumnKind::of(column.dtype())) {
            (DataType::Null, _) => Self::Null,
            (DataType::Categorical(..) | DataType::Enum(..), _) | (_, ColumnKind::Text) => {
                let texts = cast(&DataType::String)?.str()?.clone();
                if is_json { Self::Json(texts) } else { Self::Text(texts) }
            }
            (_, ColumnKind::Int) => Self::Int(cast(&DataType::Int64)?.i64()?.clone()),
            (_, ColumnKind::Float) => Self::Float(cast(&DataType::Float64)?.f64()?.clone()),
            (_, ColumnKind::Bool) => Self::Bool(column.rechunk().bool()?.clone()),
            (_, ColumnKind::Date) => Self::Date(column.rechunk().cast(&DataType::Int32)?.i32()?.clone()),
            (_, ColumnKind::Timestamp) => Self::Timestamp(cast(&instant)?.cast(&DataType::Int64)?.i64()?.clone()),
            (other, _) => {
                return Err(polars::prelude::PolarsError::InvalidOperation(
                    format!("column '{}' of type {other} cannot be written; cast it in the stage", column.name())
                        .into(),
                ));
            }
        })
    }
}

impl Cells for &Values {
    fn put(&self, row: usize, out: &mut Vec<u8>) {
        match self {
            Values::Int(values) => put_int(values.get(row), out),
            Values::Float(values) => put_float(values.get(row), out),
            Values::Text(values) => put_text(values.get(row), out),
            Values::Json(values) => put_json(values.get(row), out),
            Values::Bool(values) => put_bool(values.get(row), out),
            Values::Date(values) => put_date(values.get(row), out),
            Values::Timestamp(values) => put_timestamp(values.get(row), out),
            Values::Null => put_null(out),
        }
    }

    fn is_null(&self, row: usize) -> bool {
        match self {
            Values::Int(values) | Values::Timestamp(values) => values.get(row).is_none(),
            Values::Float(values) => values.get(row).is_none(),
            Values::Text(values) | Values::Json(values) => values.get(row).is_none(),
            Values::Bool(values) => values.get(row).is_none(),
            Values::Date(values) => values.get(row).is_none(),
            Values::Null => true,
        }
    }
}
