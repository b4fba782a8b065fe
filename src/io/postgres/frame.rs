//! Columns of a server as columns of a frame: the vectors are taken as they are, and texts keep their bytes.

use polars::{
    polars_compute::cast::utf8_to_utf8view,
    prelude::{
        BooleanChunked, Column, DataFrame, DataType, Float64Chunked, Int32Chunked, Int64Chunked, IntoColumn,
        ListChunked, NewChunkedArray, PlSmallStr, PolarsResult, StringChunked, TimeUnit,
    },
};
use polars_arrow::{
    array::{BooleanArray, ListArray, Utf8Array, Utf8ViewArray},
    bitmap::Bitmap,
    datatypes::ArrowDataType,
    offset::OffsetsBuffer,
};

use super::super::reject::Rejects;
use crate::{
    operator::ColumnKind,
    postgres::{Batch, Bits, Column as Read, Kind, SourceColumn, Texts, Validity, Values},
};

/// The kind of a column that a server gives.
pub(super) fn kind_of(kind: Kind) -> ColumnKind {
    match kind {
        Kind::Int => ColumnKind::Int,
        Kind::Float => ColumnKind::Float,
        Kind::Bool => ColumnKind::Bool,
        Kind::Date => ColumnKind::Date,
        Kind::Timestamp => ColumnKind::Timestamp,
        // The last three are only written.
        Kind::Text | Kind::Json | Kind::Bytes | Kind::Floats => ColumnKind::Text,
        Kind::Texts => ColumnKind::Texts,
    }
}

/// The usable rows of a batch. The others go to `rejects`, with their place among all rows; `before` came earlier.
///
/// # Errors
/// When a text is not UTF-8: the database has no encoding.
pub(super) fn frame_of(
    columns: &[SourceColumn],
    batch: Batch,
    before: u64,
    rejects: &mut Rejects,
) -> PolarsResult<DataFrame> {
    let Batch { rows, columns: values, rejected } = batch;
    let made = columns.iter().zip(values).map(|(column, values)| column_of(column.name.as_str().into(), values));
    let frame = DataFrame::new(rows, made.collect::<PolarsResult<_>>()?)?;
    if rejected.is_empty() {
        return Ok(frame);
    }
    let mut keep = vec![true; rows];
    for bad in rejected {
        let name = columns.get(bad.column).map_or("", |column| column.name.as_str());
        rejects.add(before + bad.row as u64 + 1, name, &bad.value, bad.reason);
        if let Some(flag) = keep.get_mut(bad.row) {
            *flag = false;
        }
    }
    frame.filter(&BooleanChunked::from_slice("keep".into(), &keep))
}

fn bitmap(bits: Bits) -> PolarsResult<Bitmap> {
    Bitmap::try_new(bits.bytes, bits.len)
}

fn validity(valid: Validity) -> PolarsResult<Option<Bitmap>> {
    valid.into_bits().map(bitmap).transpose()
}

fn texts(texts: Texts, valid: Validity) -> PolarsResult<Utf8ViewArray> {
    let offsets = OffsetsBuffer::try_from(texts.offsets)?;
    let array = Utf8Array::<i64>::try_new(ArrowDataType::LargeUtf8, offsets, texts.bytes.into(), validity(valid)?)?;
    Ok(utf8_to_utf8view(&array))
}

fn column_of(name: PlSmallStr, column: Read) -> PolarsResult<Column> {
    let Read { values, valid } = column;
    Ok(match values {
        Values::Int(values) => Int64Chunked::from_vec_validity(name, values, validity(valid)?).into_column(),
        Values::Float(values) => Float64Chunked::from_vec_validity(name, values, validity(valid)?).into_column(),
        Values::Bool(bits) => {
            let array = BooleanArray::try_new(ArrowDataType::Boolean, bitmap(bits)?, validity(valid)?)?;
            BooleanChunked::with_chunk(name, array).into_column()
        }
        Values::Date(values) => {
            Int32Chunked::from_vec_validity(name, values, validity(valid)?).into_column().cast(&DataType::Date)?
        }
        Values::Timestamp(values) => {
            let instant = DataType::Datetime(TimeUnit::Microseconds, None);
            Int64Chunked::from_vec_validity(name, values, validity(valid)?).into_column().cast(&instant)?
        }
        Values::Text(values) => StringChunked::with_chunk(name, texts(values, valid)?).into_column(),
        Values::Texts { offsets, texts: items, valid: of_items } => {
            let items = texts(items, of_items)?;
            let data_type = ListArray::<i64>::default_datatype(ArrowDataType::Utf8View);
            let array = ListArray::<i64>::try_new(
                data_type,
                OffsetsBuffer::try_from(offsets)?,
                Box::new(items),
                validity(valid)?,
            )?;
            ListChunked::with_chunk(name, array).into_column()
        }
    })
}
