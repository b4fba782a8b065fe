//! Lists and records as JSON texts: written, row by row, and read back.

use std::fmt::Write;

use jiff::{Timestamp, civil::Date};
use polars::prelude::{
    AnyValue, BooleanChunked, DataType, Field as PolarsField, Float64Chunked, Int64Chunked, NewChunkedArray,
    PlSmallStr, PolarsResult, Series, StringChunked, StringChunkedBuilder, TimeUnit,
};
use serde_json::Value as Json;

use super::spelled_time::{spell_date, spell_instant};
use crate::operator::{ColumnKind, Field, JsonStyle};

/// A column of lists or records as one of JSON texts; a row that is null stays null.
///
/// # Errors
/// When a value lies in it that JSON has no word for, such as bytes.
pub(super) fn spell(series: &Series, style: JsonStyle) -> PolarsResult<StringChunked> {
    let values = Values::of(series)?;
    let mut texts = StringChunkedBuilder::new(series.name().clone(), series.len());
    let mut json = String::new();
    for row in 0..series.len() {
        if values.is_null(row) {
            texts.append_null();
            continue;
        }
        json.clear();
        values.write(row, style, &mut json);
        texts.append_value(&json);
    }
    Ok(texts.finish())
}

/// A column's values, ready to be written.
enum Values {
    Null,
    Int(Int64Chunked),
    Float(Float64Chunked),
    Bool(BooleanChunked),
    Text(StringChunked),
    /// Row n holds the items from `ends[n]` up to `ends[n + 1]`.
    List {
        ends: Vec<i64>,
        nulls: BooleanChunked,
        items: Box<Values>,
    },
    Record {
        nulls: BooleanChunked,
        fields: Vec<(String, Values)>,
    },
}

impl Values {
    fn of(series: &Series) -> PolarsResult<Self> {
        let series = series.rechunk();
        let cast = |wanted: &DataType| series.strict_cast(wanted);
        let instant = DataType::Datetime(TimeUnit::Microseconds, None);
        Ok(match series.dtype() {
            DataType::Null => Self::Null,
            DataType::List(_) => {
                let lists = series.list()?;
                let ends = lists.downcast_as_array().offsets().as_slice().to_vec();
                Self::List { ends, nulls: series.is_null(), items: Box::new(Self::of(&lists.get_inner())?) }
            }
            DataType::Struct(_) => {
                let fields = series.struct_()?.fields_as_series();
                let fields = fields.iter().map(|field| Ok((field.name().to_string(), Self::of(field)?)));
                Self::Record { nulls: series.is_null(), fields: fields.collect::<PolarsResult<_>>()? }
            }
            other => match ColumnKind::of(other) {
                ColumnKind::Int => Self::Int(cast(&DataType::Int64)?.i64()?.clone()),
                ColumnKind::Float => Self::Float(cast(&DataType::Float64)?.f64()?.clone()),
                ColumnKind::Bool => Self::Bool(series.bool()?.clone()),
                ColumnKind::Date => {
                    let days = series.cast(&DataType::Int32)?;
                    let texts = days.i32()?.iter().map(|days| days.map(spell_date));
                    Self::Text(StringChunked::from_iter_options(PlSmallStr::EMPTY, texts))
                }
                ColumnKind::Timestamp => {
                    let instants = cast(&instant)?.cast(&DataType::Int64)?;
                    let texts = instants.i64()?.iter().map(|instant| instant.map(spell_instant));
                    Self::Text(StringChunked::from_iter_options(PlSmallStr::EMPTY, texts))
                }
                _ => Self::Text(cast(&DataType::String)?.str()?.clone()),
            },
        })
    }

    fn is_null(&self, row: usize) -> bool {
        match self {
            Self::Null => true,
            Self::Int(values) => values.get(row).is_none(),
            Self::Float(values) => values.get(row).is_none(),
            Self::Bool(values) => values.get(row).is_none(),
            Self::Text(values) => values.get(row).is_none(),
            Self::List { nulls, .. } | Self::Record { nulls, .. } => nulls.get(row).unwrap_or(true),
        }
    }

    fn write(&self, row: usize, style: JsonStyle, json: &mut String) {
        if self.is_null(row) {
            return json.push_str("null");
        }
        let comma = if style == JsonStyle::Spaced { ", " } else { "," };
        // Writing to a text cannot fail.
        match self {
            Self::Null => json.push_str("null"),
            Self::Int(values) => {
                let _ = write!(json, "{}", values.get(row).unwrap_or_default());
            }
            Self::Float(values) => json.push_str(&Json::from(values.get(row)).to_string()),
            Self::Bool(values) => json.push_str(if values.get(row) == Some(true) { "true" } else { "false" }),
            Self::Text(values) => quote(values.get(row).unwrap_or_default(), style, json),
            Self::List { ends, items, .. } => {
                let at = |place: usize| ends.get(place).and_then(|end| usize::try_from(*end).ok()).unwrap_or_default();
                json.push('[');
                for (place, item) in (at(row)..at(row + 1)).enumerate() {
                    json.push_str(if place > 0 { comma } else { "" });
                    items.write(item, style, json);
                }
                json.push(']');
            }
            Self::Record { fields, .. } => {
                json.push('{');
                let is_told = |values: &Values| style != JsonStyle::Sparse || !values.is_null(row);
                for (place, (name, values)) in fields.iter().filter(|(_, values)| is_told(values)).enumerate() {
                    json.push_str(if place > 0 { comma } else { "" });
                    quote(name, style, json);
                    json.push_str(if style == JsonStyle::Spaced { ": " } else { ":" });
                    values.write(row, style, json);
                }
                json.push('}');
            }
        }
    }
}

/// A JSON text; in [`JsonStyle::Spaced`] in ASCII, other characters as their UTF-16 units.
fn quote(text: &str, style: JsonStyle, json: &mut String) {
    let start = json.len();
    json.push_str(&Json::from(text).to_string());
    let is_plain = |character: char| matches!(character, ' '..='~');
    if style != JsonStyle::Spaced || json.get(start..).is_none_or(|quoted| quoted.chars().all(is_plain)) {
        return;
    }
    let quoted = json.split_off(start);
    for character in quoted.chars() {
        if is_plain(character) {
            json.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            let _ = write!(json, "\\u{unit:04x}");
        }
    }
}

/// Reads a column of JSON texts as one of lists or records; a row that is null stays null, and so does a field that a
/// record lacks. Gives back the first text that spells no value of the kind.
///
/// # Errors
/// When the column cannot be made.
pub(super) fn read(texts: &StringChunked, kind: ColumnKind) -> PolarsResult<Result<Series, String>> {
    let Some(data_type) = kind.data_type() else { return Ok(Err(String::new())) };
    let mut values = Vec::with_capacity(texts.len());
    for text in texts.iter() {
        let value = match text {
            None => Some(AnyValue::Null),
            Some(text) => serde_json::from_str::<Json>(text).ok().and_then(|json| value_of(&json, kind)),
        };
        match value {
            Some(value) => values.push(value),
            None => return Ok(Err(text.unwrap_or_default().to_owned())),
        }
    }
    Series::from_any_values_and_dtype(texts.name().clone(), &values, &data_type, true).map(Ok)
}

fn value_of(json: &Json, kind: ColumnKind) -> Option<AnyValue<'static>> {
    Some(match (kind, json) {
        (_, Json::Null) => AnyValue::Null,
        (ColumnKind::Int, Json::Number(number)) => AnyValue::Int64(number.as_i64()?),
        (ColumnKind::Float, Json::Number(number)) => AnyValue::Float64(number.as_f64()?),
        (ColumnKind::Bool, Json::Bool(value)) => AnyValue::Boolean(*value),
        (ColumnKind::Text, Json::String(text)) => AnyValue::StringOwned(text.as_str().into()),
        (ColumnKind::Date, Json::String(text)) => {
            AnyValue::Date((text.parse::<Date>().ok()? - Date::constant(1970, 1, 1)).get_days())
        }
        (ColumnKind::Timestamp, Json::String(text)) => {
            AnyValue::Datetime(text.parse::<Timestamp>().ok()?.as_microsecond(), TimeUnit::Microseconds, None)
        }
        (ColumnKind::Texts, Json::Array(items)) => list_of(items, ColumnKind::Text)?,
        (ColumnKind::Ints, Json::Array(items)) => list_of(items, ColumnKind::Int)?,
        (ColumnKind::Floats, Json::Array(items)) => list_of(items, ColumnKind::Float)?,
        (ColumnKind::Records(fields), Json::Array(items)) => list_of(items, ColumnKind::Record(fields))?,
        (ColumnKind::Record(fields), Json::Object(members)) => {
            if members.keys().any(|name| !fields.iter().any(|field| field.name == name)) {
                return None;
            }
            let value = |field: &Field| value_of(members.get(field.name).unwrap_or(&Json::Null), field.kind);
            let values = fields.iter().map(value).collect::<Option<Vec<_>>>()?;
            let named = |field: &Field| Some(PolarsField::new(field.name.into(), field.kind.data_type()?));
            AnyValue::StructOwned(Box::new((values, fields.iter().map(named).collect::<Option<Vec<_>>>()?)))
        }
        _ => return None,
    })
}

fn list_of(items: &[Json], kind: ColumnKind) -> Option<AnyValue<'static>> {
    let values = items.iter().map(|item| value_of(item, kind)).collect::<Option<Vec<_>>>()?;
    let series = Series::from_any_values_and_dtype(PlSmallStr::EMPTY, &values, &kind.data_type()?, true).ok()?;
    Some(AnyValue::List(series))
}

#[cfg(test)]
mod tests {
    use polars::prelude::{IntoSeries, NamedFrom};
    use proptest::prelude::*;

    use super::*;

    const ITEM: &[Field] = &[
        Field::new("id", ColumnKind::Text),
        Field::new("price", ColumnKind::Int),
        Field::new("share", ColumnKind::Float),
        Field::new("gift", ColumnKind::Bool),
        Field::new("tags", ColumnKind::Texts),
        Field::new("day", ColumnKind::Date),
        Field::new("at", ColumnKind::Timestamp),
    ];
    const BUNDLE: &[Field] =
        &[Field::new("items", ColumnKind::Records(ITEM)), Field::new("first", ColumnKind::Record(ITEM))];

    fn there_and_back(texts: &[Option<&str>], kind: ColumnKind, style: JsonStyle) -> Vec<Option<String>> {
        let column = StringChunked::from_iter_options("x".into(), texts.iter().copied());
        let series = read(&column, kind).unwrap().unwrap();
        assert_eq!(series.dtype(), &kind.data_type().unwrap());
        spell(&series, style).unwrap().iter().map(|text| text.map(str::to_owned)).collect()
    }

    #[test]
    fn what_is_read_is_written_as_it_was() {
        let item = r#"{"id":"a \"b\" ä","price":-7,"share":0.5,"gift":true,"tags":["x",null],"day":"2026-01-31","at":"2026-01-31T23:59:00.5Z"}"#;
        let bare = r#"{"id":null,"price":null,"share":1.0,"gift":false,"tags":[],"day":null,"at":null}"#;
        let bundle = format!(r#"{{"items":[{item},{bare},null],"first":{bare}}}"#);
        let texts =
            [Some(bundle.as_str()), None, Some(r#"{"items":[],"first":null}"#), Some(r#"{"items":null,"first":null}"#)];
        let written = there_and_back(&texts, ColumnKind::Record(BUNDLE), JsonStyle::Compact);
        assert_eq!(written.iter().map(Option::as_deref).collect::<Vec<_>>(), texts);
        let none: [Option<&str>; 0] = [];
        assert!(there_and_back(&none, ColumnKind::Records(ITEM), JsonStyle::Compact).is_empty());
    }

    #[test]
    fn the_sparse_style_leaves_out_what_is_null() {
        const PRICE: &[Field] = &[
            Field::new("lines", ColumnKind::Floats),
            Field::new("tried", ColumnKind::Ints),
            Field::new(
                "item",
                ColumnKind::Record(&[Field::new("id", ColumnKind::Text), Field::new("at", ColumnKind::Int)]),
            ),
        ];
        let texts = [
            r#"{"lines":[1.5,-0.0],"tried":[5,10],"item":{"id":"a","at":null}}"#,
            r#"{"lines":[],"tried":null,"item":null}"#,
        ];
        let kind = ColumnKind::Record(PRICE);
        let written = |style| there_and_back(&texts.map(Some), kind, style).into_iter().flatten().collect::<Vec<_>>();
        assert_eq!(written(JsonStyle::Compact), texts);
        let wanted = [r#"{"lines":[1.5,-0.0],"tried":[5,10],"item":{"id":"a"}}"#, r#"{"lines":[]}"#];
        assert_eq!(written(JsonStyle::Sparse), wanted);
    }

    #[test]
    fn the_spaced_style_is_that_of_python() {
        let text = r#"{"items":[],"first":{"id":"é\n😀\u007f","price":1,"share":null,"gift":null,"tags":["b","c"],"day":null,"at":null}}"#;
        let written = there_and_back(&[Some(text)], ColumnKind::Record(BUNDLE), JsonStyle::Spaced);
        // As json.dumps writes it.
        let wanted = "{\"items\": [], \"first\": {\"id\": \"\\u00e9\\n\\ud83d\\ude00\\u007f\", \"price\": 1, \"share\": null, \
                      \"gift\": null, \"tags\": [\"b\", \"c\"], \"day\": null, \"at\": null}}";
        assert_eq!(written, [Some(wanted.to_owned())]);
    }

    #[test]
    fn a_text_that_spells_no_value_of_the_kind_is_given_back() {
        for text in ["a, b", "[1]", "{\"items\":[]}", "[\"a\"", "\"a\""] {
            let column = StringChunked::from_iter_options("x".into(), [Some("[\"a\"]"), None, Some(text)].into_iter());
            assert_eq!(read(&column, ColumnKind::Texts).unwrap().unwrap_err(), text);
        }
        let unknown = StringChunked::new("x".into(), ["{\"first\":null,\"last\":null}"]);
        assert!(read(&unknown, ColumnKind::Record(BUNDLE)).unwrap().is_err(), "a field that nobody knows");
    }

    #[test]
    fn a_part_of_a_column_is_written_as_that_part() {
        let column = StringChunked::new("x".into(), ["[\"a\"]", "[\"b\",\"c\"]", "[]", "[\"d\"]"]);
        let lists = read(&column, ColumnKind::Texts).unwrap().unwrap();
        let part = spell(&lists.slice(1, 3), JsonStyle::Compact).unwrap();
        assert_eq!(part.iter().flatten().collect::<Vec<_>>(), ["[\"b\",\"c\"]", "[]", "[\"d\"]"]);
        let two = lists.slice(1, 1).append(&lists.slice(0, 1)).unwrap().clone();
        assert_eq!(spell(&two, JsonStyle::Compact).unwrap().into_series().len(), 2);
    }

    proptest! {
        #[test]
        fn texts_are_spelled_as_serde_spells_them(lists in prop::collection::vec(prop::option::of(prop::collection::vec(".*", 0..4)), 0..6)) {
            let texts: Vec<Option<String>> = lists.iter().map(|list| list.as_ref().map(|list| serde_json::to_string(list).unwrap())).collect();
            let given: Vec<Option<&str>> = texts.iter().map(Option::as_deref).collect();
            prop_assert_eq!(&there_and_back(&given, ColumnKind::Texts, JsonStyle::Compact), &texts);
            for spaced in there_and_back(&given, ColumnKind::Texts, JsonStyle::Spaced).into_iter().zip(&lists) {
                prop_assert!(spaced.0.iter().all(|text| text.is_ascii()));
                prop_assert_eq!(spaced.0.map(|text| serde_json::from_str::<Vec<String>>(&text).unwrap()), spaced.1.clone());
            }
        }
    }
}
