//! Column builders that take cells one at a time, of a declared type or of the type that is observed.

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use polars::prelude::{BooleanChunked, ChunkFullNull, Float64Chunked, Float64Type, Int64Chunked, NewChunkedArray};
use polars::prelude::{
    BooleanChunkedBuilder, ChunkedBuilder, Column, DataType, Int32Type, Int64Type, IntoColumn, PlSmallStr,
    PolarsResult, PrimitiveChunkedBuilder, StringChunked, StringChunkedBuilder, TimeUnit,
};

use crate::operator::ColumnKind;

/// One value on its way into a column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell<'a> {
    /// No value.
    Null,
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
    /// True or false.
    Bool(bool),
    /// Text.
    Text(&'a str),
}

/// Builds one column.
pub(super) enum ColumnBuilder {
    /// 64-bit integers.
    Int(PrimitiveChunkedBuilder<Int64Type>),
    /// 64-bit floats.
    Float(PrimitiveChunkedBuilder<Float64Type>),
    /// Text.
    Text(StringChunkedBuilder),
    /// True or false.
    Bool(BooleanChunkedBuilder),
    /// Days since 1970-01-01.
    Date(PrimitiveChunkedBuilder<Int32Type>),
    /// Microseconds since 1970-01-01T00:00Z.
    Timestamp(PrimitiveChunkedBuilder<Int64Type>),
    /// The type is found from the cells: integer, float when mixed with floats, text when there is any text
    /// (or truth values beside numbers), text when all are null.
    Observed(Observed),
}

impl ColumnBuilder {
    /// A builder for `kind`; [`ColumnKind::Any`] observes.
    pub(super) fn new(name: &str, kind: ColumnKind, capacity: usize) -> Self {
        let name = PlSmallStr::from(name);
        match kind {
            ColumnKind::Int => Self::Int(PrimitiveChunkedBuilder::new(name, capacity)),
            ColumnKind::Float => Self::Float(PrimitiveChunkedBuilder::new(name, capacity)),
            ColumnKind::Text => Self::Text(StringChunkedBuilder::new(name, capacity)),
            ColumnKind::Bool => Self::Bool(BooleanChunkedBuilder::new(name, capacity)),
            ColumnKind::Date => Self::Date(PrimitiveChunkedBuilder::new(name, capacity)),
            ColumnKind::Timestamp => Self::Timestamp(PrimitiveChunkedBuilder::new(name, capacity)),
            // Files of cells have no lists: they are JSON texts.
            ColumnKind::Texts
            | ColumnKind::Ints
            | ColumnKind::Floats
            | ColumnKind::Record(_)
            | ColumnKind::Records(_) => Self::Text(StringChunkedBuilder::new(name, capacity)),
            ColumnKind::Any => Self::Observed(Observed { name, state: State::Nulls(0) }),
        }
    }

    /// Adds a null.
    pub(super) fn push_null(&mut self) {
        match self {
            Self::Int(builder) | Self::Timestamp(builder) => builder.append_null(),
            Self::Float(builder) => builder.append_null(),
            Self::Text(builder) => builder.append_null(),
            Self::Bool(builder) => builder.append_null(),
            Self::Date(builder) => builder.append_null(),
            Self::Observed(observed) => observed.push(Cell::Null),
        }
    }

    /// Adds a cell; a cell of the wrong class becomes a null and the reason is returned.
    pub(super) fn push(&mut self, cell: Cell<'_>) -> Result<(), &'static str> {
        match (&mut *self, cell) {
            (Self::Observed(observed), cell) => observed.push(cell),
            (_, Cell::Null) => self.push_null(),
            (Self::Int(builder), Cell::Int(value)) => builder.append_value(value),
            #[expect(clippy::cast_precision_loss, reason = "an integer in a float column is widened, as SQLite does")]
            (Self::Float(builder), Cell::Int(value)) => builder.append_value(value as f64),
            (Self::Float(builder), Cell::Float(value)) => builder.append_value(value),
            (Self::Text(builder), Cell::Text(value)) => builder.append_value(value),
            (Self::Bool(builder), Cell::Bool(value)) => builder.append_value(value),
            (_, cell) => {
                let reason = self.mismatch(cell);
                self.push_null();
                return Err(reason);
            }
        }
        Ok(())
    }

    /// Adds the value that `text` spells; text that spells none becomes a null and the reason is returned.
    pub(super) fn push_spelled(&mut self, text: &str) -> Result<(), &'static str> {
        let trimmed = text.trim_ascii();
        let done = match self {
            Self::Int(builder) => trimmed.parse().map(|value| builder.append_value(value)).is_ok(),
            Self::Float(builder) => spelled_float(trimmed).map(|value| builder.append_value(value)).is_some(),
            Self::Bool(builder) => spelled_bool(trimmed).map(|value| builder.append_value(value)).is_some(),
            Self::Date(builder) => spelled_date(trimmed).map(|value| builder.append_value(value)).is_some(),
            Self::Timestamp(builder) => spelled_instant(trimmed).map(|value| builder.append_value(value)).is_some(),
            Self::Text(_) | Self::Observed(_) => return self.push(Cell::Text(text)),
        };
        if done {
            return Ok(());
        }
        self.push_null();
        Err(match self {
            Self::Int(_) => "not an integer",
            Self::Float(_) => "not a number",
            Self::Bool(_) => "not true or false",
            Self::Date(_) => "not a date such as 2026-01-31",
            _ => "not an instant such as 2026-01-31T23:59:00Z",
        })
    }

    fn mismatch(&self, cell: Cell<'_>) -> &'static str {
        match (self, cell) {
            (Self::Int(_), Cell::Float(_)) => "a fraction in an integer column",
            (Self::Int(_), _) => "text in an integer column",
            (Self::Float(_), _) => "text in a float column",
            (Self::Text(_), _) => "a number in a text column",
            _ => "a value of another type",
        }
    }

    /// The column.
    pub(super) fn finish(self) -> PolarsResult<Column> {
        Ok(match self {
            Self::Int(builder) => builder.finish().into_column(),
            Self::Float(builder) => builder.finish().into_column(),
            Self::Text(builder) => builder.finish().into_column(),
            Self::Bool(builder) => builder.finish().into_column(),
            Self::Date(builder) => builder.finish().into_column().cast(&DataType::Date)?,
            Self::Timestamp(builder) => {
                builder.finish().into_column().cast(&DataType::Datetime(TimeUnit::Microseconds, None))?
            }
            Self::Observed(observed) => observed.finish(),
        })
    }
}

/// A column whose type is found from its cells.
pub(super) struct Observed {
    name: PlSmallStr,
    state: State,
}

/// What has been seen so far: one class is kept compactly, a mixture cell by cell until the end decides.
enum State {
    Nulls(usize),
    Int(PrimitiveChunkedBuilder<Int64Type>),
    Float(PrimitiveChunkedBuilder<Float64Type>),
    Bool(BooleanChunkedBuilder),
    Text(StringChunkedBuilder),
    Mixed(Vec<Kept>),
}

#[derive(Clone)]
enum Kept {
    Null,
    Int(i64),
    Float(f64),
    Bool(bool),
    Text(Box<str>),
}

impl Observed {
    fn push(&mut self, cell: Cell<'_>) {
        match (&mut self.state, cell) {
            (State::Nulls(count), Cell::Null) => *count += 1,
            (State::Nulls(count), cell) => {
                self.state = State::begin(&self.name, *count, cell);
            }
            (State::Int(builder), Cell::Int(value)) => builder.append_value(value),
            (State::Int(builder), Cell::Null) => builder.append_null(),
            (State::Float(builder), Cell::Float(value)) => builder.append_value(value),
            (State::Float(builder), Cell::Null) => builder.append_null(),
            (State::Bool(builder), Cell::Bool(value)) => builder.append_value(value),
            (State::Bool(builder), Cell::Null) => builder.append_null(),
            (State::Text(builder), Cell::Text(value)) => builder.append_value(value),
            (State::Text(builder), Cell::Null) => builder.append_null(),
            (State::Mixed(kept), cell) => kept.push(Kept::of(cell)),
            (state, cell) => {
                let mut kept = std::mem::replace(state, State::Nulls(0)).into_kept();
                kept.push(Kept::of(cell));
                self.state = State::Mixed(kept);
            }
        }
    }

    fn finish(self) -> Column {
        let name = self.name;
        match self.state {
            State::Nulls(count) => StringChunked::full_null(name, count).into_column(),
            State::Int(builder) => builder.finish().into_column(),
            State::Float(builder) => builder.finish().into_column(),
            State::Bool(builder) => builder.finish().into_column(),
            State::Text(builder) => builder.finish().into_column(),
            State::Mixed(kept) => finish_mixed(name, &kept),
        }
    }
}

impl State {
    fn begin(name: &PlSmallStr, nulls: usize, first: Cell<'_>) -> Self {
        macro_rules! begin {
            ($variant:ident, $builder:ident, $value:expr) => {{
                let mut builder = $builder::new(name.clone(), nulls + 1);
                (0..nulls).for_each(|_| builder.append_null());
                builder.append_value($value);
                Self::$variant(builder)
            }};
        }
        match first {
            Cell::Null => Self::Nulls(nulls + 1),
            Cell::Int(value) => begin!(Int, PrimitiveChunkedBuilder, value),
            Cell::Float(value) => begin!(Float, PrimitiveChunkedBuilder, value),
            Cell::Bool(value) => begin!(Bool, BooleanChunkedBuilder, value),
            Cell::Text(value) => begin!(Text, StringChunkedBuilder, value),
        }
    }

    fn into_kept(self) -> Vec<Kept> {
        match self {
            Self::Nulls(count) => vec![Kept::Null; count],
            Self::Int(builder) => builder.finish().iter().map(|value| value.map_or(Kept::Null, Kept::Int)).collect(),
            Self::Float(builder) => {
                builder.finish().iter().map(|value| value.map_or(Kept::Null, Kept::Float)).collect()
            }
            Self::Bool(builder) => builder.finish().iter().map(|value| value.map_or(Kept::Null, Kept::Bool)).collect(),
            Self::Text(builder) => {
                builder.finish().iter().map(|value| value.map_or(Kept::Null, |text| Kept::Text(text.into()))).collect()
            }
            Self::Mixed(kept) => kept,
        }
    }
}

impl Kept {
    fn of(cell: Cell<'_>) -> Self {
        match cell {
            Cell::Null => Self::Null,
            Cell::Int(value) => Self::Int(value),
            Cell::Float(value) => Self::Float(value),
            Cell::Bool(value) => Self::Bool(value),
            Cell::Text(value) => Self::Text(value.into()),
        }
    }
}

fn finish_mixed(name: PlSmallStr, kept: &[Kept]) -> Column {
    if kept.iter().all(|value| matches!(value, Kept::Null | Kept::Int(_) | Kept::Float(_))) {
        let numbers = kept.iter().map(|value| match value {
            #[expect(clippy::cast_precision_loss, reason = "integers among floats are widened")]
            Kept::Int(value) => Some(*value as f64),
            Kept::Float(value) => Some(*value),
            _ => None,
        });
        return Float64Chunked::from_iter_options(name, numbers).into_column();
    }
    let texts = kept.iter().map(|value| match value {
        Kept::Null => None,
        Kept::Int(value) => Some(value.to_string()),
        Kept::Float(value) => Some(format!("{value:?}")),
        Kept::Bool(value) => Some(value.to_string()),
        Kept::Text(value) => Some(value.to_string()),
    });
    StringChunked::from_iter_options(name, texts).into_column()
}

/// The narrowest type that loses nothing of a text column whose type was not given: integers, floats, truth values,
/// else the text itself. A column is one of numbers only if each number, written back, is its cell: `007`, `1e5`,
/// `1.50`, `+3`, `-0`, ` 12` and what a double cannot hold stay text.
pub(super) fn infer(texts: StringChunked) -> Column {
    let name = texts.name().clone();
    let spelled = || texts.iter().flatten();
    if texts.null_count() == texts.len() {
        return texts.into_column();
    }
    if spelled().all(|text| own_integer(text).is_some()) {
        let values = texts.iter().map(|text| text.and_then(own_integer));
        return Int64Chunked::from_iter_options(name, values).into_column();
    }
    if spelled().all(|text| own_float(text).is_some()) {
        let values = texts.iter().map(|text| text.and_then(own_float));
        return Float64Chunked::from_iter_options(name, values).into_column();
    }
    if spelled().all(|text| matches!(text, "true" | "false" | "True" | "False" | "TRUE" | "FALSE")) {
        let values = texts.iter().map(|text| text.and_then(spelled_bool));
        return BooleanChunked::from_iter_options(name, values).into_column();
    }
    texts.into_column()
}

/// The integer that is written as this text and no other.
fn own_integer(text: &str) -> Option<i64> {
    text.parse().ok().filter(|_| is_plain(text.strip_prefix('-').unwrap_or(text)) && text != "-0")
}

/// The number whose shortest decimal notation is this text.
fn own_float(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
    let plain = is_plain(whole)
        && fraction
            .is_none_or(|rest| !rest.ends_with('0') && !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()));
    let value: f64 = text.parse().ok().filter(|_| plain)?;
    // Up to 15 digits a double always gives back; beyond that it is tried.
    (text != "-0" && (digits.len() <= 15 || value.to_string() == text)).then_some(value)
}

/// Digits alone, without a needless zero in front.
fn is_plain(digits: &str) -> bool {
    digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || digits.starts_with(|first| first > '0'))
}

/// A finite or infinite number; "nan" is none.
fn spelled_float(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|value| !value.is_nan())
}

fn spelled_bool(text: &str) -> Option<bool> {
    let is_one_of = |words: [&str; 3]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is_one_of(["true", "t", "1"]) {
        return Some(true);
    }
    is_one_of(["false", "f", "0"]).then_some(false)
}

fn spelled_date(text: &str) -> Option<i32> {
    let date: Date = text.parse().ok()?;
    // jiff reads a date in front of a time too; a column of dates holds dates.
    (text.len() <= "-009999-01-01".len() && !text.contains(['T', ' ', ':'])).then_some(())?;
    (date - Date::new(1970, 1, 1).ok()?).get_days().into()
}

/// Microseconds since 1970 UTC; a time without an offset is taken as UTC.
fn spelled_instant(text: &str) -> Option<i64> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant.as_microsecond());
    }
    let civil: DateTime = text.parse().ok()?;
    civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp().as_microsecond())
}

#[cfg(test)]
mod tests {
    use polars::prelude::{AnyValue, StringChunked};
    use proptest::prelude::*;

    use super::*;

    fn observed(cells: &[Cell<'_>]) -> Column {
        let mut builder = ColumnBuilder::new("x", ColumnKind::Any, 0);
        for cell in cells {
            builder.push(*cell).unwrap();
        }
        builder.finish().unwrap()
    }

    #[test]
    fn an_observed_column_takes_the_narrowest_type_that_holds_all() {
        let cases: [(&[Cell<'_>], DataType); 6] = [
            (&[Cell::Null, Cell::Int(1), Cell::Null], DataType::Int64),
            (&[Cell::Int(1), Cell::Float(0.5)], DataType::Float64),
            (&[Cell::Float(0.5), Cell::Null, Cell::Text("a")], DataType::String),
            (&[Cell::Bool(true), Cell::Int(1)], DataType::String),
            (&[Cell::Null, Cell::Bool(true)], DataType::Boolean),
            (&[Cell::Null, Cell::Null], DataType::String),
        ];
        for (cells, expected) in cases {
            let column = observed(cells);
            assert_eq!((column.dtype(), column.len()), (&expected, cells.len()), "{cells:?}");
        }
    }

    #[test]
    fn an_integer_seen_before_floats_and_text_keeps_its_spelling() {
        let column = observed(&[Cell::Int(1), Cell::Float(0.5), Cell::Null, Cell::Text("a")]);
        let texts: Vec<_> = column.str().unwrap().iter().collect();
        assert_eq!(texts, [Some("1"), Some("0.5"), None, Some("a")]);
    }

    #[test]
    fn inference_keeps_codes_as_text() {
        let kind = |values: &[&str]| infer(StringChunked::from_slice("x".into(), values)).dtype().clone();
        assert_eq!(kind(&["1", "-20", "0"]), DataType::Int64);
        assert_eq!(kind(&["1", "-0.5", "19.99", "100000"]), DataType::Float64);
        assert_eq!(kind(&["true", "FALSE"]), DataType::Boolean);
        for code in [
            "007",
            "+49",
            "12345678901234567890",
            "nan",
            "inf",
            " 2",
            "2 ",
            "1e5",
            "1E5",
            "1.50",
            "1.0",
            ".5",
            "5.",
            "-0",
            "-0.0",
            "-007",
            "00",
            "0.10",
            "0x1f",
            "1_000",
            "0.1000000000000000055",
            "9007199254740993.5",
            "١٢",
        ] {
            assert_eq!(kind(&["1", code]), DataType::String, "{code}");
        }
        assert_eq!(kind(&["true", "FALSE"]), DataType::Boolean);
        for code in [
            "007",
            "+49",
            "12345678901234567890",
            "nan",
            " 2",
            "12E4",
            "1e3",
            "4E999",
            "7E20",
            "inf",
            "90.750",
            "5.",
            ".5",
            "-0",
            "1_0",
            "0x1F",
            "1.00000000000000000001",
            "12345678901234567.5",
        ] {
            assert_eq!(kind(&["1", code]), DataType::String, "{code}");
        }
        assert_eq!(kind(&["1.1", "1.10"]), DataType::String, "versions, of which two would become one");
    }

    #[test]
    fn instants_with_and_without_an_offset_are_utc() {
        let mut builder = ColumnBuilder::new("x", ColumnKind::Timestamp, 0);
        for text in
            ["1970-01-01T00:00:01Z", "1970-01-01T02:00:01+02:00", "1970-01-01 00:00:01", "1970-01-01T00:00:01.000001"]
        {
            builder.push_spelled(text).unwrap();
        }
        assert!(builder.push_spelled("yesterday").is_err());
        let column = builder.finish().unwrap().cast(&DataType::Int64).unwrap();
        let values: Vec<_> = column.i64().unwrap().iter().collect();
        assert_eq!(values, [Some(1_000_000), Some(1_000_000), Some(1_000_000), Some(1_000_001), None]);
    }

    #[test]
    fn dates_are_days_and_nothing_else() {
        let mut builder = ColumnBuilder::new("x", ColumnKind::Date, 0);
        builder.push_spelled("1970-01-02").unwrap();
        assert!(builder.push_spelled("1970-01-02T10:00:00").is_err());
        assert!(builder.push_spelled("1970-02-30").is_err());
        let column = builder.finish().unwrap();
        assert_eq!(column.get(0).unwrap(), AnyValue::Date(1));
        assert_eq!(column.null_count(), 2);
    }

    proptest! {
        #[test]
        fn a_column_of_numbers_written_back_is_the_column(
            texts in proptest::collection::vec(
                prop_oneof![
                    "[-+]?[0-9]{1,20}",
                    "-?[0-9]{1,3}[.][0-9]{1,3}",
                    any::<f64>().prop_map(|value| value.to_string()),
                    any::<f64>().prop_map(|value| format!("{value:?}")),
                    "[ 0-9eE.+-]{1,6}",
                ],
                1..3,
            ),
        ) {
            let column = infer(StringChunked::from_slice("x".into(), &texts));
            let back: Vec<String> = match column.dtype() {
                DataType::Int64 => column.i64().unwrap().iter().flatten().map(|value| value.to_string()).collect(),
                DataType::Float64 => column.f64().unwrap().iter().flatten().map(|value| value.to_string()).collect(),
                _ => column.str().unwrap().iter().flatten().map(str::to_owned).collect(),
            };
            prop_assert_eq!(back, texts);
        }

        #[test]
        fn inference_never_changes_an_integer(values in proptest::collection::vec(any::<i32>(), 1..20)) {
            let texts: Vec<_> = values.iter().map(ToString::to_string).collect();
            let column = infer(StringChunked::from_slice("x".into(), &texts));
            let back: Vec<_> = column.i64().unwrap().iter().flatten().collect();
            prop_assert_eq!(back, values.iter().map(|value| i64::from(*value)).collect::<Vec<_>>());
        }
    }
}
