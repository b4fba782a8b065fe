//! JSON and NDJSON files as sources: one object a row, columns in the order in which they first appear.

use std::{
    collections::BTreeMap,
    fmt,
    io::{BufRead, BufReader, Read},
    path::Path,
};

use polars::prelude::{DataFrame, IntoLazy};
use serde::{
    Deserialize,
    de::{self, Deserializer, MapAccess, Visitor},
};
use serde_json::Value;

use super::{
    IoError, ReadWatch, SourceRead,
    columns::{Cell, ColumnBuilder},
    files,
    reject::Rejects,
};
use crate::operator::{Column, ColumnKind, PortSchema};

/// Lines of the first NDJSON file that are looked at for its columns' names.
const SCHEMA_LINES: usize = 1_000;

/// A line longer than this is rejected, and not held.
const LONGEST_LINE: usize = 256 << 20;

/// How often a long read looks whether it should stop, and reports rows.
const WATCH_EVERY: u64 = 65_536;

/// The columns named in the first lines of the first file, their types not known before all is read.
pub(super) fn ndjson_schema(pattern: &str) -> Result<PortSchema, IoError> {
    let mut table = Table::default();
    for path in files::matches(pattern)?.iter().take(1) {
        for_each_line(path, SCHEMA_LINES, LONGEST_LINE, |line| {
            table.push_line(path, line);
            Ok(())
        })?;
    }
    Ok(table.schema())
}

/// The columns of a JSON file, which must be parsed whole for that.
pub(super) fn json_schema(pattern: &str) -> Result<PortSchema, IoError> {
    let mut table = Table::default();
    for path in files::matches(pattern)?.iter().take(1) {
        json_objects(path)?.into_iter().for_each(|object| table.push_value(path, object));
    }
    Ok(table.schema())
}

/// Reads NDJSON files: a line that is no JSON object is rejected, an empty line is nothing.
pub(super) fn read_ndjson(pattern: &str, watch: &ReadWatch<'_>) -> Result<SourceRead, IoError> {
    let mut table = Table::default();
    let paths = files::matches(pattern)?;
    for path in &paths {
        for_each_line(path, usize::MAX, LONGEST_LINE, |line| {
            table.push_line(path, line);
            if table.rows.is_multiple_of(WATCH_EVERY) {
                watch.progress.advance(WATCH_EVERY);
                watch.check()?;
            }
            Ok(())
        })?;
    }
    table.finish(pattern)
}

/// Reads JSON files: an array of objects each, or a single object. An element that is no object is rejected.
pub(super) fn read_json(pattern: &str, watch: &ReadWatch<'_>) -> Result<SourceRead, IoError> {
    let mut table = Table::default();
    for path in &files::matches(pattern)? {
        watch.check()?;
        json_objects(path)?.into_iter().for_each(|object| table.push_value(path, object));
    }
    table.finish(pattern)
}

fn for_each_line(
    path: &Path,
    most: usize,
    longest: usize,
    mut visit: impl FnMut((u64, Line<'_>)) -> Result<(), IoError>,
) -> Result<(), IoError> {
    let refused = |error| IoError::file(path, "read", error);
    let mut reader = BufReader::with_capacity(1 << 18, files::open(path)?);
    let mut line = Vec::new();
    let mut number = 0;
    for _ in 0..most {
        line.clear();
        let length = reader.by_ref().take(longest as u64 + 1).read_until(b'\n', &mut line).map_err(refused)?;
        if length == 0 {
            break;
        }
        number += 1;
        if length > longest && line.last() != Some(&b'\n') {
            reader.skip_until(b'\n').map_err(refused)?;
            visit((number, Line::TooLong(line.get(..SHOWN_BYTES).unwrap_or(&line))))?;
            continue;
        }
        let content = line.strip_prefix(b"\xEF\xBB\xBF").filter(|_| number == 1).unwrap_or(&line).trim_ascii();
        if !content.is_empty() {
            visit((number, Line::Whole(content)))?;
        }
    }
    Ok(())
}

/// A line of a file.
enum Line<'a> {
    /// Without what surrounds it.
    Whole(&'a [u8]),
    /// Its beginning.
    TooLong(&'a [u8]),
}

/// What is shown of a line that is too long.
const SHOWN_BYTES: usize = 400;

#[derive(Deserialize)]
#[serde(untagged)]
enum Element {
    Object(Object),
    Other(Value),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Document {
    Rows(Vec<Element>),
    Row(Object),
}

fn json_objects(path: &Path) -> Result<Vec<Element>, IoError> {
    let document = serde_json::from_reader(BufReader::new(files::open(path)?)).map_err(|error| {
        let problem = error.to_string();
        match error.is_io() {
            true => IoError::file(path, "read", error.into()),
            false => IoError::Malformed {
                path: path.to_owned(),
                place: format!("line {}: ", error.line()),
                problem,
                mend: "give an array of objects; for one object a line use ndjson".to_owned(),
            },
        }
    })?;
    Ok(match document {
        Document::Rows(rows) => rows,
        Document::Row(row) => vec![Element::Object(row)],
    })
}

/// A JSON object with its keys in the order of the file.
struct Object(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Object;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut pairs: Vec<(String, Value)> = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, Value>()? {
                    if pairs.iter().any(|(other, _)| *other == key) {
                        return Err(de::Error::custom(format_args!("the key '{key}' comes twice")));
                    }
                    pairs.push((key, value));
                }
                Ok(Object(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

/// The rows so far.
#[derive(Default)]
struct Table {
    builders: Vec<(String, ColumnBuilder)>,
    places: BTreeMap<String, usize>,
    rows: u64,
    rejects: Rejects,
}

impl Table {
    fn push_line(&mut self, path: &Path, (number, line): (u64, Line<'_>)) {
        let line = match line {
            Line::Whole(line) => line,
            Line::TooLong(start) => {
                let reason = format!("{} line {number}: longer than {} MiB", path.display(), LONGEST_LINE >> 20);
                return self.reject(&String::from_utf8_lossy(start), reason);
            }
        };
        match serde_json::from_slice(line) {
            Ok(object) => self.push(object),
            Err(error) => {
                let reason = format!("{} line {number}: {error}", path.display());
                self.reject(&String::from_utf8_lossy(line), reason);
            }
        }
    }

    fn push_value(&mut self, path: &Path, element: Element) {
        match element {
            Element::Object(object) => self.push(object),
            Element::Other(other) => {
                let reason =
                    format!("{} element {}: not a JSON object with distinct keys", path.display(), self.rows + 1);
                self.reject(&other.to_string(), reason);
            }
        }
    }

    fn reject(&mut self, value: &str, reason: String) {
        self.rows += 1;
        self.rejects.add(self.rows, "", value, reason);
        self.builders.iter_mut().for_each(|(_, builder)| builder.push_null());
    }

    fn push(&mut self, Object(pairs): Object) {
        let mut row = vec![Value::Null; self.builders.len()];
        for (key, value) in pairs {
            match self.places.get(&key).and_then(|place| row.get_mut(*place)) {
                Some(slot) => *slot = value,
                None => {
                    let mut builder = ColumnBuilder::new(&key, ColumnKind::Any, 0);
                    (0..self.rows).for_each(|_| builder.push_null());
                    self.places.insert(key.clone(), self.builders.len());
                    self.builders.push((key, builder));
                    row.push(value);
                }
            }
        }
        self.rows += 1;
        for ((_, builder), value) in self.builders.iter_mut().zip(&row) {
            push_json(builder, value);
        }
    }

    fn schema(&self) -> PortSchema {
        self.builders.iter().map(|(name, _)| Column::new(name, ColumnKind::Any)).collect()
    }

    fn finish(self, pattern: &str) -> Result<SourceRead, IoError> {
        let refused = |source| IoError::Frame { what: pattern.to_owned(), source };
        let height = usize::try_from(self.rows).unwrap_or(usize::MAX);
        let columns = self
            .builders
            .into_iter()
            .map(|(_, builder)| builder.finish())
            .collect::<Result<_, _>>()
            .map_err(refused)?;
        let frame = DataFrame::new(height, columns).and_then(|frame| self.rejects.drop_from(frame)).map_err(refused)?;
        Ok(SourceRead { frame: frame.lazy(), rejected: self.rejects.into_frame().map_err(refused)? })
    }
}

/// Arrays and objects inside a row become their JSON text. The builder observes, so nothing can be refused.
fn push_json(builder: &mut ColumnBuilder, value: &Value) {
    let nested;
    let cell = match value {
        Value::Null => Cell::Null,
        Value::Bool(value) => Cell::Bool(*value),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(value), _) => Cell::Int(value),
            (None, Some(value)) => Cell::Float(value),
            (None, None) => Cell::Null,
        },
        Value::String(value) => Cell::Text(value),
        Value::Array(_) | Value::Object(_) => {
            nested = value.to_string();
            Cell::Text(&nested)
        }
    };
    let _ = builder.push(cell);
}

#[cfg(test)]
mod tests {
    use std::{fs, sync::atomic::AtomicBool};

    use polars::prelude::DataType;

    use super::*;
    use crate::operator::Silent;

    fn read(text: &str, lines: bool) -> Result<(DataFrame, DataFrame), IoError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.json");
        fs::write(&path, text).unwrap();
        let watch = ReadWatch { progress: &Silent, cancelled: &AtomicBool::new(false) };
        let glob = path.to_str().unwrap();
        let read = if lines { read_ndjson(glob, &watch)? } else { read_json(glob, &watch)? };
        Ok((read.frame.collect().unwrap(), read.rejected))
    }

    #[test]
    fn columns_come_in_the_order_of_their_first_appearance_and_gaps_are_null() {
        let (frame, rejected) = read("{\"b\":1,\"a\":\"x\"}\n\n{\"a\":\"y\",\"c\":[1,2]}\n", true).unwrap();
        assert_eq!(frame.get_column_names_owned(), ["b", "a", "c"]);
        assert_eq!(frame.dtypes(), [DataType::Int64, DataType::String, DataType::String]);
        assert_eq!(frame.column("c").unwrap().str().unwrap().get(1), Some("[1,2]"));
        assert_eq!((frame.height(), rejected.height()), (2, 0));
    }

    #[test]
    fn lines_that_are_no_object_are_rejected_with_their_number() {
        let (frame, rejected) = read("{\"a\":1}\nnope\n[1]\n{\"a\":1,\"a\":2}\n{\"a\":2}", true).unwrap();
        assert_eq!((frame.height(), rejected.height()), (2, 3));
        let reasons = rejected.column("reason").unwrap().str().unwrap().clone();
        assert!(reasons.get(0).unwrap().contains("x.json line 2: "), "{reasons:?}");
        assert!(reasons.get(2).unwrap().contains("the key 'a' comes twice"), "{reasons:?}");
    }

    #[test]
    fn a_line_beyond_the_limit_is_not_held_and_the_lines_after_it_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, format!("12345678\n{}\n123456789\nabc\n{}", "x".repeat(9_000), "y".repeat(900))).unwrap();
        let mut seen = Vec::new();
        for_each_line(&path, usize::MAX, 8, |(number, line)| {
            seen.push(match line {
                Line::Whole(line) => (number, line.len(), true),
                Line::TooLong(start) => (number, start.len(), false),
            });
            Ok(())
        })
        .unwrap();
        assert_eq!(seen, [(1, 8, true), (2, 9, false), (3, 9, false), (4, 3, true), (5, 9, false)]);
    }

    #[test]
    fn a_json_file_is_an_array_of_objects_or_one_object() {
        assert_eq!(read("[{\"a\":1},{\"a\":0.5},3]", false).unwrap().0.dtypes(), [DataType::Float64]);
        assert_eq!(read("{\"a\":1}", false).unwrap().0.height(), 1);
        let error = read("[{\"a\":1},", false).unwrap_err().to_string();
        assert!(error.contains("x.json") && error.contains("line 1"), "{error}");
    }
}
