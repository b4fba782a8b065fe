//! CSV files as sources. Files are read whole, so that a bad row is rejected and the rest is used.

use std::{
    collections::{BTreeMap, HashSet},
    path::{Path, PathBuf},
};

use polars::prelude::{DataFrame, DataType, IntoLazy};

use super::{
    IoError, ReadWatch, SourceRead,
    columns::{ColumnBuilder, infer},
    error::nearest,
    files,
    reject::Rejects,
};
use crate::{
    delimited::{
        blocks::{BLOCK_BYTES, Blocks, Problem},
        records::{Fault, Records, Shape},
    },
    operator::{Column, ColumnKind, PortSchema},
};

/// How often a long read looks whether it should stop, and reports rows.
const WATCH_EVERY: u64 = 65_536;

/// How the bytes of a CSV file spell text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8; a byte order mark is taken off.
    #[default]
    Utf8,
    /// ISO 8859-1.
    Latin1,
}

/// How a CSV file is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsvOptions {
    /// Between fields.
    pub delimiter: u8,
    /// How bytes spell text.
    pub encoding: Encoding,
    /// Whether the first record names the columns; else they are `column_1`, `column_2`, …
    pub header: bool,
    /// Types of columns. A column that is not here gets the narrowest of integer, float, boolean and text that
    /// loses nothing, found from all its values: where `007`, `1e5`, `1.50` or `+49` occurs, all stay text.
    pub types: BTreeMap<String, ColumnKind>,
    /// Fields that mean null, beside the empty one.
    pub null_values: Vec<String>,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self {
            delimiter: b',',
            encoding: Encoding::Utf8,
            header: true,
            types: BTreeMap::new(),
            null_values: Vec::new(),
        }
    }
}

/// The columns of the first file; the others are checked when they are read.
pub(super) fn schema(pattern: &str, options: &CsvOptions) -> Result<PortSchema, IoError> {
    let paths = files::matches(pattern)?;
    let Some(first) = paths.first() else { return Ok(Vec::new()) };
    let names = CsvFile::open(first, options)?.names;
    check_types(first, &names, options)?;
    Ok(names.iter().map(|name| Column::new(name, kind_of(name, options))).collect())
}

/// Reads all files a glob matches, one after the other.
pub(super) fn read(pattern: &str, options: &CsvOptions, watch: &ReadWatch<'_>) -> Result<SourceRead, IoError> {
    let paths = files::matches(pattern)?;
    let mut table: Option<Table<'_>> = None;
    for path in &paths {
        let file = CsvFile::open(path, options)?;
        if table.is_none() {
            check_types(path, &file.names, options)?;
        }
        table.get_or_insert_with(|| Table::new(path, &file.names, options)).append(file, watch)?;
    }
    match table {
        Some(table) => table.finish(),
        None => Err(IoError::Glob { glob: pattern.to_owned(), problem: "matches no file".to_owned() }),
    }
}

fn kind_of(name: &str, options: &CsvOptions) -> ColumnKind {
    options.types.get(name).copied().unwrap_or(ColumnKind::Any)
}

fn check_types(path: &Path, names: &[String], options: &CsvOptions) -> Result<(), IoError> {
    match options.types.keys().find(|typed| !names.contains(typed)) {
        None => Ok(()),
        Some(unknown) => Err(malformed(
            path,
            format!("'types' names the column '{unknown}', which the file lacks"),
            nearest(unknown, names.iter().map(String::as_str)),
        )),
    }
}

fn malformed(path: &Path, problem: impl Into<String>, mend: impl Into<String>) -> IoError {
    IoError::Malformed { path: path.to_owned(), place: String::new(), problem: problem.into(), mend: mend.into() }
}

/// A file of which the header was read.
struct CsvFile {
    path: PathBuf,
    names: Vec<String>,
    blocks: Blocks,
    /// The first block, header and all.
    first: Vec<u8>,
    delimiter: u8,
}

impl CsvFile {
    fn open(path: &Path, options: &CsvOptions) -> Result<Self, IoError> {
        let mut blocks = Blocks::of_delimiter(files::open(path)?, BLOCK_BYTES, options.delimiter);
        let first = blocks.next().map_err(|problem| refused(path, problem, 1))?.unwrap_or_default();
        let mut records = Records::new(&first, shape(&blocks, options.delimiter, 0));
        if !records.advance() {
            let mend = "a file without columns cannot be read, remove it or give it a header line";
            return Err(malformed(path, "is empty", mend));
        }
        if records.fault == Some(Fault::Unclosed) {
            return Err(unclosed(path, u64::from(records.line) + 1));
        }
        let names =
            if options.header { header(path, &records, options.encoding)? } else { numbered(records.cells.len()) };
        Ok(Self { path: path.to_owned(), names, first, blocks, delimiter: options.delimiter })
    }

    fn next_block(&mut self, line: u64) -> Result<Option<Vec<u8>>, IoError> {
        self.blocks.next().map_err(|problem| refused(&self.path, problem, line))
    }
}

fn shape(blocks: &Blocks, delimiter: u8, width: usize) -> Shape {
    Shape { delimiter, terminator: blocks.terminator(), width }
}

fn refused(path: &Path, problem: Problem, line: u64) -> IoError {
    match problem {
        Problem::Read(error) => IoError::file(path, "read", error),
        Problem::TooLong => IoError::Malformed {
            path: path.to_owned(),
            place: format!("after line {line}: "),
            problem: "a row is longer than 256 MiB".to_owned(),
            mend: "close the quote in it, or write a quote inside a quoted field twice".to_owned(),
        },
    }
}

fn unclosed(path: &Path, line: u64) -> IoError {
    IoError::Malformed {
        path: path.to_owned(),
        place: format!("line {line}: "),
        problem: "a quoted field that begins here is never closed".to_owned(),
        mend: "close the quote, or write a quote inside a quoted field twice".to_owned(),
    }
}

fn numbered(width: usize) -> Vec<String> {
    (1..=width).map(|number| format!("column_{number}")).collect()
}

fn header(path: &Path, record: &Records<'_>, encoding: Encoding) -> Result<Vec<String>, IoError> {
    let mut names = Vec::with_capacity(record.cells.len());
    let mut room = Vec::new();
    for index in 0..record.cells.len() {
        let field = record.field(index, &mut room);
        let name = decode(field, encoding).ok_or_else(|| {
            let mend = "convert the file to UTF-8, or give encoding = \"latin-1\"";
            malformed(path, format!("the name of column {} is not valid UTF-8", index + 1), mend)
        })?;
        if name.contains('\0') {
            let mend = "it looks like UTF-16 or a binary file, convert it to UTF-8";
            return Err(malformed(path, "the header has NUL bytes", mend));
        }
        names.push(if name.is_empty() { format!("column_{}", index + 1) } else { name.into_owned() });
    }
    let mut seen = HashSet::new();
    match names.iter().find(|name| !seen.insert(name.as_str())) {
        Some(twice) => Err(malformed(path, format!("the header names '{twice}' twice"), "rename one of the columns")),
        None => Ok(names),
    }
}

fn decode(field: &[u8], encoding: Encoding) -> Option<std::borrow::Cow<'_, str>> {
    match encoding {
        Encoding::Utf8 => std::str::from_utf8(field).ok().map(Into::into),
        Encoding::Latin1 if field.is_ascii() => std::str::from_utf8(field).ok().map(Into::into),
        Encoding::Latin1 => Some(field.iter().map(|byte| char::from(*byte)).collect::<String>().into()),
    }
}

/// The rows of all files so far.
struct Table<'a> {
    path: PathBuf,
    names: Vec<String>,
    builders: Vec<ColumnBuilder>,
    inferred: Vec<bool>,
    options: &'a CsvOptions,
    rows: u64,
    rejects: Rejects,
}

impl<'a> Table<'a> {
    fn new(path: &Path, names: &[String], options: &'a CsvOptions) -> Self {
        let kinds: Vec<_> = names.iter().map(|name| kind_of(name, options)).collect();
        let builder = |(name, kind): (&String, &ColumnKind)| match kind {
            ColumnKind::Any => ColumnBuilder::new(name, ColumnKind::Text, 0),
            kind => ColumnBuilder::new(name, *kind, 0),
        };
        Self {
            path: path.to_owned(),
            names: names.to_vec(),
            builders: names.iter().zip(&kinds).map(builder).collect(),
            inferred: kinds.iter().map(|kind| *kind == ColumnKind::Any).collect(),
            options,
            rows: 0,
            rejects: Rejects::default(),
        }
    }

    fn append(&mut self, mut file: CsvFile, watch: &ReadWatch<'_>) -> Result<(), IoError> {
        let order = self.order_of(&file)?;
        let mut block = Some(std::mem::take(&mut file.first));
        let mut is_header = self.options.header;
        let mut line = 1;
        while let Some(bytes) = block {
            let shape = shape(&file.blocks, file.delimiter, order.len());
            let mut records = Records::new(&bytes, shape);
            if std::mem::take(&mut is_header) {
                records.advance();
            }
            while records.advance() {
                let at = line + u64::from(records.line);
                if records.fault == Some(Fault::Unclosed) {
                    return Err(unclosed(&file.path, at));
                }
                self.push(&file.path, &records, at, &order);
                if self.rows.is_multiple_of(WATCH_EVERY) {
                    watch.progress.advance(WATCH_EVERY);
                    watch.check()?;
                }
            }
            line += memchr::memchr_iter(shape.terminator, &bytes).count() as u64;
            block = file.next_block(line)?;
        }
        Ok(())
    }

    /// Where each column of the table is in the file's records.
    fn order_of(&self, file: &CsvFile) -> Result<Vec<usize>, IoError> {
        let place = |name: &String| file.names.iter().position(|other| other == name);
        let order: Vec<_> = self.names.iter().filter_map(place).collect();
        if order.len() == self.names.len() && file.names.len() == self.names.len() {
            return Ok(order);
        }
        Err(malformed(
            &file.path,
            format!("has the columns {}, but {} has {}", list(&file.names), self.path.display(), list(&self.names)),
            "files read as one must have the same columns; narrow the glob or mend the file",
        ))
    }

    fn push(&mut self, path: &Path, record: &Records<'_>, line: u64, order: &[usize]) {
        self.rows += 1;
        let problem = match record.fault {
            Some(fault) => Some(fault.words(order.len())),
            None if record.cells.len() < order.len() => {
                Some(format!("{} fields where the header has {}", record.cells.len(), order.len()))
            }
            None => None,
        };
        if let Some(problem) = problem {
            // What such a record holds cannot be told apart, nor what of it is anybody's.
            self.rejects.add(self.rows, "", "", format!("{} line {line}: {problem}", path.display()));
            self.builders.iter_mut().for_each(ColumnBuilder::push_null);
            return;
        }
        let mut room = Vec::new();
        for ((builder, name), place) in self.builders.iter_mut().zip(&self.names).zip(order) {
            let field = record.field(*place, &mut room);
            if let Err(problem) = push_field(builder, field, self.options) {
                let reason = format!("{} line {line}: {problem}", path.display());
                self.rejects.add(self.rows, name, &String::from_utf8_lossy(field), reason);
            }
        }
    }

    fn finish(self) -> Result<SourceRead, IoError> {
        let refused = |error| IoError::frame(&self.path, error);
        let height = usize::try_from(self.rows).unwrap_or(usize::MAX);
        let columns =
            self.builders.into_iter().map(ColumnBuilder::finish).collect::<Result<_, _>>().map_err(refused)?;
        let frame = DataFrame::new(height, columns).map_err(refused)?;
        let frame = self.rejects.drop_from(frame).map_err(refused)?;
        // Types are inferred from the rows that are kept.
        let height = frame.height();
        let columns = frame
            .into_columns()
            .into_iter()
            .zip(&self.inferred)
            .map(|(column, inferred)| match column.str() {
                Ok(texts) if *inferred && *column.dtype() == DataType::String => infer(texts.clone()),
                _ => column,
            })
            .collect();
        let frame = DataFrame::new(height, columns).map_err(refused)?;
        Ok(SourceRead { frame: frame.lazy(), rejected: self.rejects.into_frame().map_err(refused)? })
    }
}

fn push_field(builder: &mut ColumnBuilder, field: &[u8], options: &CsvOptions) -> Result<(), &'static str> {
    if field.is_empty() || options.null_values.iter().any(|null| null.as_bytes() == field) {
        builder.push_null();
        return Ok(());
    }
    let problem = match decode(field, options.encoding) {
        Some(text) if !text.contains('\0') => return builder.push_spelled(&text),
        Some(_) => "a NUL byte",
        None => "not valid UTF-8; convert the file, or give encoding = \"latin-1\"",
    };
    builder.push_null();
    Err(problem)
}

fn list(names: &[String]) -> String {
    names.join(", ")
}

#[cfg(test)]
#[path = "csv_tests.rs"]
mod tests;
