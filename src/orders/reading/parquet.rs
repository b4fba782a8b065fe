//! Parquet files as rows of cells, so that they are read by the same rules as CSV.

use polars::prelude::*;

use crate::delimited::{blocks::MAX_RECORD_BYTES, records::Cells};
use crate::operator::{for_each_batch, has_ending};
use crate::orders::{
    reading::entry::Reading,
    recognising::layout::{Layout, layout},
    values::{number, time},
};

/// Whether a file is taken for Parquet.
pub fn is_named_so(path: &str) -> bool {
    has_ending(path, ".parquet")
}

/// Where the columns of a file go, and the names of those that are read.
///
/// # Errors
/// What is missing or of no use, and the mend.
pub fn columns(rows: &LazyFrame, reading: &Reading<'_>) -> Result<(Layout, Vec<PlSmallStr>), String> {
    let schema = rows.clone().collect_schema().map_err(|error| refused(&error))?;
    let headers: Vec<String> = schema.iter_names().map(ToString::to_string).collect();
    let mut layout = layout(&headers, reading.columns, reading.profiles, reading.kind)?;
    let used = layout.narrow();
    let mut names = Vec::with_capacity(used.len());
    for place in &used {
        let Some((name, kind)) = schema.get_at_index(*place) else { continue };
        if !has_text(kind) {
            return Err(format!(
                "its column {name} is of the type {kind}; write it as text, a number, a decimal, a truth value or a date"
            ));
        }
        names.push(name.clone());
    }
    Ok((layout, names))
}

/// Gives the rows of these columns, block by block, until `give` says false. False: it did.
///
/// # Errors
/// What `give` returns, or why the file cannot be read.
pub fn for_each_block(
    rows: LazyFrame,
    columns: &[PlSmallStr],
    block_bytes: usize,
    mut give: impl FnMut(Cells) -> Result<bool, String>,
) -> Result<bool, String> {
    let wanted: Vec<Expr> = columns.iter().map(|name| col(name.clone())).collect();
    let mut is_wanted = true;
    let outcome = for_each_batch(
        rows.select(wanted),
        |error| refused(&error),
        |batch| {
            is_wanted = blocks(&batch, block_bytes, &mut give)?;
            if is_wanted { Ok(()) } else { Err(String::new()) }
        },
    );
    if is_wanted { outcome.map(|()| true) } else { Ok(false) }
}

fn blocks(
    batch: &DataFrame,
    block_bytes: usize,
    give: &mut impl FnMut(Cells) -> Result<bool, String>,
) -> Result<bool, String> {
    let columns: Vec<StringChunked> =
        batch.columns().iter().map(texts).collect::<PolarsResult<_>>().map_err(|error| refused(&error))?;
    let mut columns: Vec<_> = columns.iter().map(|column| column.iter()).collect();
    let new = || Cells { width: batch.width(), ..Cells::default() };
    let mut cells = new();
    for _ in 0..batch.height() {
        let start = cells.bytes.len();
        for column in &mut columns {
            let text = column.next().flatten().unwrap_or_default();
            cells.bytes.extend_from_slice(text.as_bytes());
            cells.ends.push(cells.bytes.len() as u32);
            cells.bytes.push(b',');
        }
        if cells.bytes.len() - start > MAX_RECORD_BYTES {
            return Err("has a row longer than 256 MiB; leave the longest column out".to_owned());
        }
        if cells.bytes.len() >= block_bytes && !give(std::mem::replace(&mut cells, new()))? {
            return Ok(false);
        }
    }
    if cells.ends.is_empty() { Ok(true) } else { give(cells) }
}

/// Types whose values can be said in a cell.
fn has_text(kind: &DataType) -> bool {
    let is_text = matches!(kind, DataType::String | DataType::Categorical(..) | DataType::Enum(..));
    let is_time = matches!(kind, DataType::Date | DataType::Datetime(..));
    is_text || is_time || kind.is_primitive_numeric() || kind.is_decimal() || kind.is_bool() || kind.is_null()
}

/// A column as the texts of its cells: an instant in UTC, a number in digits. A float is the shortest decimal that means
/// the same float: 19.99 is 19.99.
fn texts(column: &Column) -> PolarsResult<StringChunked> {
    match column.dtype() {
        DataType::Datetime(..) => {
            let micros = column.cast(&DataType::Datetime(TimeUnit::Microseconds, None))?.cast(&DataType::Int64)?;
            Ok(written(micros.i64()?, |micros, out| *out += &time::instant(micros)))
        }
        DataType::Float64 => Ok(written(column.f64()?, number::written)),
        DataType::Float32 => Ok(written(column.f32()?, number::written)),
        DataType::Decimal(..) => {
            let texts = column.cast(&DataType::String)?;
            Ok(texts.str()?.apply_values(|digits| {
                let mut text = String::with_capacity(digits.len() + 1);
                number::written(digits, &mut text);
                text.into()
            }))
        }
        _ => Ok(column.cast(&DataType::String)?.str()?.clone()),
    }
}

fn written<T: PolarsNumericType>(
    values: &ChunkedArray<T>,
    mut write: impl FnMut(T::Native, &mut String),
) -> StringChunked {
    let mut builder = StringChunkedBuilder::new(values.name().clone(), values.len());
    let mut text = String::new();
    for value in values.iter() {
        text.clear();
        match value {
            Some(value) => {
                write(value, &mut text);
                builder.append_value(&text);
            }
            None => builder.append_null(),
        }
    }
    builder.finish()
}

fn refused(error: &PolarsError) -> String {
    format!("cannot be read: {error}; export it again")
}
