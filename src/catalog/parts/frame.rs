//! Rows of a frame as a part: a column of digests a column.

use std::sync::Arc;

use polars::prelude::{Column, DataFrame, DataType, PolarsResult};
use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};

use super::{
    super::{
        digest::{Digest, FieldSeed, ProductDigest, of_bool, of_cents, of_field, of_float, of_int, of_text},
        fields,
        price::Cents,
        product_id::{NoId, checked, product_id},
    },
    columns::FieldColumns,
    part::{Part, Products, Reading},
    row::{value_of, value_of_row},
};

/// The rows of a frame.
///
/// # Errors
/// When a column cannot be read.
pub fn part_of_frame(frame: DataFrame, reading: &Reading) -> PolarsResult<Part<'static>> {
    let mut frame = frame;
    frame.rechunk_mut();
    let counted: Vec<&Column> = frame
        .columns()
        .iter()
        .filter(|column| !reading.omitted.iter().any(|name| name == column.name().as_str()))
        .collect();
    let columns: Vec<Vec<Digest>> = counted.par_iter().map(|column| digests_of(column)).collect::<PolarsResult<_>>()?;
    let mut digests = vec![ProductDigest::default(); frame.height()];
    let mut fields = FieldColumns::new(frame.height());
    for (column, values) in counted.iter().zip(columns) {
        let seed = FieldSeed::of(column.name());
        digests.iter_mut().zip(&values).for_each(|(sum, digest)| sum.add(seed, *digest));
        fields.push(column.name(), values);
    }
    let ids = ids_of(&frame, reading)?;
    let namespaces = match &reading.namespace_field {
        None => None,
        Some(field) => Some(texts_of(&frame, field)?),
    };
    let mut part = Part { ids, namespaces, digests, fields, products: Products::Rows(Arc::new(frame)) };
    if reading.original_hash {
        part.hash_as_original();
    }
    Ok(part)
}

/// The digests of a column's values; nulls have none.
fn digests_of(column: &Column) -> PolarsResult<Vec<Digest>> {
    let as_price = fields::is_price(column.name());
    Ok(match column.dtype() {
        DataType::String if as_price => {
            let of = |text: &str| Cents::of_text(text).map_or_else(|| of_text(text), of_cents);
            column.str()?.iter().map(|text| text.map_or(0, of)).collect()
        }
        DataType::String => column.str()?.iter().map(|text| text.map_or(0, of_text)).collect(),
        DataType::Boolean => column.bool()?.iter().map(|value| value.map_or(0, of_bool)).collect(),
        kind if kind.is_integer() && !as_price => {
            let numbers = column.cast(&DataType::Int64)?;
            numbers.i64()?.iter().map(|number| number.map_or(0, of_int)).collect()
        }
        kind if kind.is_primitive_numeric() => {
            let numbers = column.cast(&DataType::Float64)?;
            let price = |number| Cents::of_number(number).map_or_else(|| of_float(number), of_cents);
            let of = |number| if as_price { price(number) } else { of_float(number) };
            numbers.f64()?.iter().map(|number| number.map_or(0, of)).collect()
        }
        DataType::Date | DataType::Datetime(..) | DataType::Time => {
            let texts = column.cast(&DataType::String)?;
            texts.str()?.iter().map(|text| text.map_or(0, of_text)).collect()
        }
        _ => (0..column.len())
            .map(|row| Ok(of_field(&value_of(&column.get(row)?), as_price)))
            .collect::<PolarsResult<_>>()?,
    })
}

/// A column as texts; numbers by their digits. A column that is not there has none.
fn texts_of(frame: &DataFrame, name: &str) -> PolarsResult<Vec<Option<String>>> {
    let Ok(column) = frame.column(name) else { return Ok(vec![None; frame.height()]) };
    let is_text = column.dtype() == &DataType::String || column.dtype().is_primitive_numeric();
    if !is_text {
        return Ok(vec![None; frame.height()]);
    }
    let texts = column.cast(&DataType::String)?;
    let texts = texts.str()?;
    Ok(texts.iter().map(|text| text.filter(|text| !text.trim().is_empty()).map(ToOwned::to_owned)).collect())
}

fn ids_of(frame: &DataFrame, reading: &Reading) -> PolarsResult<Vec<Result<String, NoId>>> {
    let mut ids: Vec<Option<String>> = vec![None; frame.height()];
    for field in &reading.id_fields {
        if ids.iter().all(Option::is_some) {
            break;
        }
        for (id, found) in ids.iter_mut().zip(texts_of(frame, field)?) {
            if id.is_none() {
                *id = found;
            }
        }
    }
    let of = |(row, id): (usize, Option<String>)| match id {
        Some(id) => checked(&id).map(|()| id),
        None => product_id(&value_of_row(frame, row), &[]),
    };
    Ok(ids.into_iter().enumerate().map(of).collect())
}
