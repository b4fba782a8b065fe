//! A dataset as a table; one with a column `section` as a block a section.

use std::fmt::Write;

use polars::prelude::{AnyValue, Column, DataFrame};
use serde_json::{Map, Value as Json};

use super::table::{Table, count};

/// A single row of more columns than this is printed downwards.
const WIDEST_ROW: usize = 4;

/// Renders a frame under a heading. `rows` is how many rows there are, of which the frame may hold the first.
pub fn render(title: &str, frame: &DataFrame, rows: u64) -> String {
    let names: Vec<&str> = frame.get_column_names().into_iter().map(polars::prelude::PlSmallStr::as_str).collect();
    let mut text = format!("{title}\n");
    if names.first() == Some(&"section") {
        text += &blocks(frame, &names);
    } else if frame.height() == 1 && names.len() > WIDEST_ROW {
        text += &record(frame, &names);
    } else {
        text += &plain(frame, &names, 0..frame.height());
    }
    let more = rows.saturating_sub(frame.height() as u64);
    if more > 0 {
        let _ = writeln!(text, "  … and {} rows more", count(more));
    }
    text
}

/// Renders the first rows of a frame under a heading, as many as go into `lines` lines; a row that is longer is cut.
pub fn render_within(lines: usize, title: &str, frame: &DataFrame) -> String {
    let total = frame.height() as u64;
    let mut shown = frame.height().min(lines);
    loop {
        let text = render(title, &frame.head(Some(shown)), total);
        if text.lines().count() <= lines {
            return text;
        }
        if shown <= 1 {
            let kept: Vec<&str> = text.lines().take(lines.saturating_sub(1)).collect();
            let rows =
                if total > 1 { format!("  … and {} rows more\n", count(total - 1)) } else { "  …\n".to_owned() };
            return format!("{}\n{rows}", kept.join("\n"));
        }
        shown = shown * 2 / 3;
    }
}

fn blocks(frame: &DataFrame, names: &[&str]) -> String {
    let mut text = String::new();
    let section = |row: usize| cell(frame, 0, row);
    let mut start = 0;
    while start < frame.height() {
        let name = section(start);
        let end = (start..frame.height()).find(|row| section(*row) != name).unwrap_or(frame.height());
        let _ = writeln!(text, "{name}");
        let mut table = Table::new(&vec![""; names.len()]);
        for row in start..end {
            let mut cells = vec![String::new()];
            cells.extend((1..names.len()).map(|column| shown(frame, names[column], column, row)));
            table.row(cells);
        }
        table.right(&right_columns(frame));
        text += table.to_string().trim_start_matches('\n');
        start = end;
    }
    text
}

/// A single row, a line a column.
fn record(frame: &DataFrame, names: &[&str]) -> String {
    let mut table = Table::new(&["", ""]);
    for (column, name) in names.iter().enumerate() {
        table.row(vec![(*name).to_owned(), shown(frame, name, column, 0)]);
    }
    table.to_string().trim_start_matches('\n').to_owned()
}

fn plain(frame: &DataFrame, names: &[&str], rows: std::ops::Range<usize>) -> String {
    let mut table = Table::new(names);
    for row in rows {
        table.row((0..names.len()).map(|column| shown(frame, names[column], column, row)).collect());
    }
    table.right(&right_columns(frame));
    table.to_string()
}

/// The places of the columns that hold numbers.
pub fn right_columns(frame: &DataFrame) -> Vec<usize> {
    frame
        .columns()
        .iter()
        .enumerate()
        .filter(|(_, column)| column.dtype().is_numeric())
        .map(|(index, _)| index)
        .collect()
}

/// A value of a frame as it is shown; `column` is its place.
pub fn value(frame: &DataFrame, column: usize, row: usize) -> String {
    frame.columns().get(column).map_or_else(String::new, |named| shown(frame, named.name().as_str(), column, row))
}

fn cell(frame: &DataFrame, column: usize, row: usize) -> String {
    frame.columns().get(column).and_then(|column| column.get(row).ok()).map_or_else(String::new, |value| word(&value))
}

/// A share is a percentage; a missing one is not a number but a dash.
fn shown(frame: &DataFrame, name: &str, column: usize, row: usize) -> String {
    let value = frame.columns().get(column).and_then(|column| column.get(row).ok()).unwrap_or(AnyValue::Null);
    match (name, &value) {
        ("share", AnyValue::Float64(share)) => format!("{:.1} %", share * 100.0),
        ("share", AnyValue::Null) => "–".to_owned(),
        _ => word(&value),
    }
}

fn word(value: &AnyValue<'_>) -> String {
    match value {
        AnyValue::Null => String::new(),
        AnyValue::String(text) => (*text).to_owned(),
        AnyValue::StringOwned(text) => text.to_string(),
        AnyValue::Int64(number) => {
            let sign = if *number < 0 { "-" } else { "" };
            format!("{sign}{}", count(number.unsigned_abs()))
        }
        AnyValue::Float64(number) if number.fract() == 0.0 && number.abs() < 1e15 => format!("{number:.1}"),
        AnyValue::Float64(number) => format!("{number:.4}").trim_end_matches('0').to_owned(),
        AnyValue::List(_) | AnyValue::Struct(..) | AnyValue::StructOwned(_) => json_of(value).to_string(),
        other => other.to_string(),
    }
}

/// The rows as JSON objects.
pub fn to_json(frame: &DataFrame) -> Json {
    let rows = (0..frame.height()).map(|row| {
        let value = |column: &Column| column.get(row).map_or(Json::Null, |value| json_of(&value));
        let fields = frame.columns().iter().map(|column| (column.name().to_string(), value(column)));
        Json::Object(fields.collect::<Map<_, _>>())
    });
    Json::Array(rows.collect())
}

fn json_of(value: &AnyValue<'_>) -> Json {
    match value {
        AnyValue::Null => Json::Null,
        AnyValue::UInt64(number) => (*number).into(),
        value if value.is_integer() => value.extract::<i64>().into(),
        AnyValue::Float64(number) => (*number).into(),
        AnyValue::Boolean(flag) => (*flag).into(),
        AnyValue::List(items) => items.iter().map(|item| json_of(&item)).collect(),
        AnyValue::Struct(..) => json_of(&value.clone().into_static()),
        AnyValue::StructOwned(record) => {
            let (values, fields) = record.as_ref();
            let members = fields.iter().zip(values).map(|(field, value)| (field.name().to_string(), json_of(value)));
            Json::Object(members.collect())
        }
        value => word(value).into(),
    }
}

#[cfg(test)]
mod tests {
    use polars::prelude::{IntoLazy, as_struct, col, df};

    use super::*;

    #[test]
    fn a_dataset_with_sections_is_a_block_a_section() {
        let frame = df!(
            "section" => ["Totals", "Totals", "By method"],
            "name" => ["rows", "linked", "exact_url"],
            "count" => [1234i64, 1000, 7],
            "share" => [None, Some(0.8104), Some(0.5)]
        )
        .unwrap();
        let text = render("Links", &frame, 3);
        assert!(
            text.contains("Totals\n") && text.contains("1,234") && text.contains("81.0 %") && text.contains("–"),
            "{text}"
        );
    }

    #[test]
    fn a_single_wide_row_is_printed_downwards() {
        let frame = df!("a" => [1i64], "b" => ["x"], "c" => [2i64], "d" => [3i64], "notes" => ["many words"]).unwrap();
        let text = render("One", &frame, 1);
        assert!(
            text.lines().any(|line| line.trim_start().starts_with("notes") && line.ends_with("many words")),
            "{text}"
        );
    }

    #[test]
    fn numbers_of_any_width_are_numbers_in_json() {
        let frame = df!("a" => [7u32], "b" => [u64::MAX], "c" => [-1i64], "d" => [0.5], "e" => ["x"]).unwrap();
        let row = serde_json::json!({ "a": 7, "b": u64::MAX, "c": -1, "d": 0.5, "e": "x" });
        assert_eq!(to_json(&frame), serde_json::json!([row]));
    }

    #[test]
    fn lists_and_records_are_json() {
        let frame = df!("n" => [1i64, 1], "t" => ["a", "b"]).unwrap().lazy();
        let lists =
            frame.group_by_stable([col("n")]).agg([col("t")]).select([as_struct(vec![col("n"), col("t")]).alias("r")]);
        let frame = lists.collect().unwrap();
        assert_eq!(to_json(&frame), serde_json::json!([{ "r": { "n": 1, "t": ["a", "b"] } }]));
        let text = render("t", &frame, 1);
        assert!(text.contains(r#"{"n":1,"t":["a","b"]}"#), "{text}");
    }

    #[test]
    fn rows_left_out_are_counted() {
        let frame = df!("a" => [1i64]).unwrap();
        assert!(render("t", &frame, 41).contains("and 40 rows more"));
    }

    #[test]
    fn what_is_longer_than_a_screen_is_cut_and_says_how_much_is_left() {
        let rows = |text: &str, count: usize| {
            df!("id" => (0..count as i64).collect::<Vec<_>>(), "t" => vec![text; count]).unwrap()
        };
        let few = rows("a", 5);
        assert_eq!(render_within(20, "T", &few), render("T", &few, 5));
        let wide = "words ".repeat(100);
        for (text, count) in [("a", 1_000), (wide.as_str(), 1_000), ("a", 19)] {
            let shown = render_within(20, "T", &rows(text, count));
            assert!(shown.lines().count() <= 20 && shown.contains(" rows more"), "{shown}");
        }
        let huge = "words ".repeat(10_000);
        for count in [1, 3] {
            let shown = render_within(20, "T", &rows(&huge, count));
            assert!(shown.lines().count() <= 20 && shown.ends_with(if count == 1 { "…\n" } else { "2 rows more\n" }));
        }
    }
}
