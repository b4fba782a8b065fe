//! A row of a frame as a product.

use std::borrow::Cow;

use polars::prelude::{AnyValue, Column, DataFrame};

use super::super::json::{Text, Value};

/// A row as an object; nulls are left out.
pub fn value_of_row(frame: &DataFrame, row: usize) -> Value<'static> {
    let entry = |column: &Column| {
        let value = value_of(&column.get(row).ok()?);
        (value != Value::Null).then(|| (Text::plain(column.name().to_string()), value))
    };
    Value::Map(frame.columns().iter().filter_map(entry).collect())
}

/// A cell as a value.
pub fn value_of(cell: &AnyValue<'_>) -> Value<'static> {
    let number = |text: String| Value::Number(Cow::Owned(text));
    match cell {
        AnyValue::Null => Value::Null,
        AnyValue::Boolean(value) => Value::Bool(*value),
        AnyValue::String(text) => Value::Text(Text::plain((*text).to_owned())),
        AnyValue::StringOwned(text) => Value::Text(Text::plain(text.to_string())),
        AnyValue::Float32(value) => number(format!("{value:?}")),
        AnyValue::Float64(value) if value.is_nan() => number("NaN".to_owned()),
        AnyValue::Float64(value) if value.is_infinite() => {
            number(if *value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned())
        }
        AnyValue::Float64(value) => number(format!("{value:?}")),
        AnyValue::List(items) => {
            let each = (0..items.len()).map(|place| items.get(place).map_or(Value::Null, |item| value_of(&item)));
            Value::List(each.collect())
        }
        AnyValue::StructOwned(record) => {
            let (values, fields) = record.as_ref();
            let each =
                fields.iter().zip(values).map(|(field, value)| (Text::plain(field.name.to_string()), value_of(value)));
            Value::Map(each.filter(|(_, value)| *value != Value::Null).collect())
        }
        cell @ AnyValue::Struct(..) => value_of(&cell.clone().into_static()),
        cell if cell.is_integer() => number(cell.to_string()),
        cell => Value::Text(Text::plain(cell.to_string())),
    }
}
