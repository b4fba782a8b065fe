//! CSV and its kin as parts: every cell a text, so that a column is the same tomorrow.

use std::io::Read;

use polars::prelude::{Column, DataFrame, IntoColumn, PolarsResult, StringChunkedBuilder};

use crate::delimited::{
    blocks::{BLOCK_BYTES, Blocks, Problem},
    records::{Fault, Records, Shape},
};

/// A file of delimited text, its dialect found from its bytes.
pub struct Delimited {
    blocks: Blocks,
    names: Vec<String>,
}

impl Delimited {
    /// A file of which nothing was read yet.
    pub fn new(file: Box<dyn Read + Send>) -> Self {
        Self { blocks: Blocks::new(file, BLOCK_BYTES), names: Vec::new() }
    }

    /// The next rows; `None` at the end. A row that is broken has no cells.
    ///
    /// # Errors
    /// When the file cannot be read, has no header, or has a quote that is never closed.
    pub fn next_rows(&mut self) -> Result<Option<DataFrame>, String> {
        let block = self.blocks.next().map_err(|problem| match problem {
            Problem::Read(error) => error.to_string(),
            Problem::TooLong => "a row is longer than 256 MiB".to_owned(),
        })?;
        let Some(block) = block else { return Ok(None) };
        let shape = Shape {
            delimiter: self.blocks.dialect().delimiter,
            terminator: self.blocks.terminator(),
            width: self.names.len(),
        };
        let mut records = Records::new(&block, shape);
        if self.names.is_empty() {
            self.names = header(&mut records)?;
            let shape = Shape { width: self.names.len(), ..shape };
            records = Records::new(&block, shape);
            records.advance();
        }
        self.rows(&mut records).map(Some)
    }

    fn rows(&self, records: &mut Records<'_>) -> Result<DataFrame, String> {
        let mut columns: Vec<StringChunkedBuilder> =
            self.names.iter().map(|name| StringChunkedBuilder::new(name.as_str().into(), 0)).collect();
        let (mut height, mut room) = (0, Vec::new());
        while records.advance() {
            if records.fault == Some(Fault::Unclosed) {
                return Err(format!("row {}: a quoted cell that begins here is never closed", height + 1));
            }
            height += 1;
            let is_whole = records.fault.is_none();
            for (place, column) in columns.iter_mut().enumerate() {
                let text = if is_whole { str::from_utf8(records.field(place, &mut room)).ok() } else { None };
                column.append_option(text.filter(|text| !text.is_empty()));
            }
        }
        frame(height, columns).map_err(|error| error.to_string())
    }
}

fn frame(height: usize, columns: Vec<StringChunkedBuilder>) -> PolarsResult<DataFrame> {
    let columns: Vec<Column> = columns.into_iter().map(|column| column.finish().into_column()).collect();
    DataFrame::new(height, columns)
}

fn header(records: &mut Records<'_>) -> Result<Vec<String>, String> {
    if !records.advance() {
        return Err("the file is empty".to_owned());
    }
    let (mut names, mut room) = (Vec::new(), Vec::new());
    for place in 0..records.cells.len() {
        let name = String::from_utf8_lossy(records.cell(place, &mut room)).into_owned();
        let name = if name.is_empty() { format!("column_{}", place + 1) } else { name };
        if names.contains(&name) {
            return Err(format!("the header names '{name}' twice"));
        }
        names.push(name);
    }
    Ok(names)
}
