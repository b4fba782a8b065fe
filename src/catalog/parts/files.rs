//! A catalog, be it rows or files, part by part.

use std::io::Read;

use polars::prelude::{DataFrame, LazyFrame};
use rayon::prelude::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::{
    super::json::{Malformed, products_in, records_in},
    delimited::Delimited,
    frame::part_of_frame,
    part::{Part, Reading},
    records::part_of_texts,
};
use crate::operator::{Packing, PortSchema, StageContext, StageError, for_each_batch, has_ending};

/// Bytes of a file of records that are parsed by one thread.
const BLOCK_BYTES: usize = 4 << 20;
/// Products of an array that are parsed by one thread.
const BLOCK_PRODUCTS: usize = 4_096;

/// Where a part stands.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The file's name; empty for rows of a dataset.
    pub file: &'a str,
    /// The number of its first product, from 1.
    pub first: usize,
}

/// What is done with each part.
type Visit<'v> = &'v mut dyn FnMut(&Part<'_>, Place<'_>) -> Result<(), StageError>;

/// Whether a dataset lists files, rather than holding products.
pub fn is_list_of_files(columns: &PortSchema) -> bool {
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    names == ["path", "name", "bytes", "content"]
}

/// Hands the parts of a catalog to `visit`, in order.
///
/// # Errors
/// When a file cannot be read or is no catalog, what `visit` returns, or when interrupted.
pub fn for_each_part(
    catalog: LazyFrame,
    is_files: bool,
    reading: &Reading,
    context: &StageContext,
    visit: Visit<'_>,
) -> Result<(), StageError> {
    if !is_files {
        return rows(catalog, "", reading, context, visit);
    }
    let listed = catalog.collect()?;
    let (paths, names) = (listed.column("path")?.str()?.clone(), listed.column("name")?.str()?.clone());
    for (path, name) in paths.iter().zip(names.iter()) {
        let (Some(path), Some(name)) = (path, name) else { continue };
        file(path, name, reading, context, visit)?;
    }
    Ok(())
}

fn file(path: &str, name: &str, reading: &Reading, context: &StageContext, visit: Visit<'_>) -> Result<(), StageError> {
    let (_, plain) = Packing::of(name);
    if has_ending(plain, ".parquet") {
        return rows(context.storage.parquet(path)?, name, reading, context, visit);
    }
    let opened = File { name, reading, context };
    if has_ending(plain, ".ndjson") || has_ending(plain, ".jsonl") {
        return opened.records(context.storage.open(path)?, visit);
    }
    if has_ending(plain, ".json") {
        return opened.array(context.storage.open(path)?, visit);
    }
    if has_ending(plain, ".csv") || has_ending(plain, ".tsv") {
        return opened.rows(context.storage.open(path)?, visit);
    }
    Err(wrong(
        name,
        "its name ends in no format of a catalog",
        "name it .json, .ndjson, .jsonl, .csv, .tsv or .parquet, with .gz or .zst where it is packed",
    ))
}

fn wrong(name: &str, problem: impl std::fmt::Display, mend: &str) -> StageError {
    StageError::Input { port: "catalog".to_owned(), problem: format!("{name}: {problem}"), mend: mend.to_owned() }
}

fn malformed(name: &str, number: usize, problem: &Malformed) -> StageError {
    let place = if number == 0 { String::new() } else { format!("product {number}: ") };
    wrong(name, format!("{place}{problem}"), "write the whole file anew; nothing of it was used")
}

fn rows(
    frame: LazyFrame,
    name: &str,
    reading: &Reading,
    context: &StageContext,
    visit: Visit<'_>,
) -> Result<(), StageError> {
    let mut first = 1;
    for_each_batch(frame, StageError::from, |batch: DataFrame| {
        context.check_cancelled()?;
        let height = batch.height();
        visit(&part_of_frame(batch, reading)?, Place { file: name, first })?;
        first += height;
        context.progress.advance(height as u64);
        Ok(())
    })
}

/// A file of JSON text.
struct File<'a> {
    name: &'a str,
    reading: &'a Reading,
    context: &'a StageContext,
}

impl File<'_> {
    /// A product a line.
    fn records(&self, mut file: Box<dyn Read + Send>, visit: Visit<'_>) -> Result<(), StageError> {
        let mut first = 1;
        let mut rest: Vec<u8> = Vec::new();
        loop {
            let is_last = self.fill(&mut file, &mut rest)?;
            let cut = match memchr::memrchr(b'\n', &rest) {
                Some(at) if !is_last => at + 1,
                _ if !is_last => continue,
                _ => rest.len(),
            };
            let tail = rest.split_off(cut);
            let text = self.text(&rest, first)?;
            let blocks = blocks_of(text);
            let parts: Vec<_> =
                blocks.par_iter().map(|block| part_of_texts(&records_in(block), self.reading)).collect();
            for part in parts {
                first += self.hand_over(part, first, visit)?;
            }
            rest = tail;
            if is_last {
                return Ok(());
            }
        }
    }

    /// Reads on until a few blocks are there; whether that was all.
    fn fill(&self, file: &mut Box<dyn Read + Send>, rest: &mut Vec<u8>) -> Result<bool, StageError> {
        self.context.check_cancelled()?;
        let wanted = BLOCK_BYTES * rayon::current_num_threads().max(1) * 2;
        let limit = u64::try_from(wanted).unwrap_or(u64::MAX);
        let read = file.take(limit).read_to_end(rest).map_err(|error| self.unreadable(&error))?;
        Ok(read < wanted)
    }

    /// A product a row.
    fn rows(&self, file: Box<dyn Read + Send>, visit: Visit<'_>) -> Result<(), StageError> {
        let mut file = Delimited::new(file);
        let mut first = 1;
        let refused = |problem| wrong(self.name, problem, "write the whole file anew; nothing of it was used");
        while let Some(rows) = file.next_rows().map_err(refused)? {
            self.context.check_cancelled()?;
            let height = rows.height();
            visit(&part_of_frame(rows, self.reading)?, Place { file: self.name, first })?;
            first += height;
            self.context.progress.advance(height as u64);
        }
        Ok(())
    }

    /// An array of products, read whole.
    fn array(&self, mut file: Box<dyn Read + Send>, visit: Visit<'_>) -> Result<(), StageError> {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|error| self.unreadable(&error))?;
        let products = products_in(self.text(&bytes, 1)?).map_err(|problem| malformed(self.name, 0, &problem))?;
        let mut first = 1;
        for group in products.chunks(BLOCK_PRODUCTS * rayon::current_num_threads().max(1)) {
            self.context.check_cancelled()?;
            let parts: Vec<_> = group
                .chunks(BLOCK_PRODUCTS)
                .collect::<Vec<_>>()
                .into_par_iter()
                .map(|texts| part_of_texts(texts, self.reading))
                .collect();
            for part in parts {
                first += self.hand_over(part, first, visit)?;
            }
        }
        Ok(())
    }

    fn hand_over(
        &self,
        part: Result<Part<'_>, (usize, Malformed)>,
        first: usize,
        visit: Visit<'_>,
    ) -> Result<usize, StageError> {
        let part = part.map_err(|(row, problem)| malformed(self.name, first + row, &problem))?;
        visit(&part, Place { file: self.name, first })?;
        self.context.progress.advance(part.ids.len() as u64);
        Ok(part.ids.len())
    }

    /// The bytes as text, without a byte order mark at the beginning of the file.
    fn text<'b>(&self, bytes: &'b [u8], first: usize) -> Result<&'b str, StageError> {
        let text = str::from_utf8(bytes)
            .map_err(|error| wrong(self.name, format!("{error}"), "write it as UTF-8; nothing of it was used"))?;
        Ok(if first == 1 { text.trim_start_matches('\u{feff}') } else { text })
    }

    fn unreadable(&self, error: &std::io::Error) -> StageError {
        wrong(self.name, format!("cannot be read: {error}"), "write the whole file anew; nothing of it was used")
    }
}

/// A text of whole lines in blocks of whole lines.
fn blocks_of(text: &str) -> Vec<&str> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while rest.len() > BLOCK_BYTES {
        let Some(end) = memchr::memchr(b'\n', rest.as_bytes().get(BLOCK_BYTES..).unwrap_or_default()) else { break };
        let (block, after) = rest.split_at(BLOCK_BYTES + end + 1);
        blocks.push(block);
        rest = after;
    }
    blocks.push(rest);
    blocks
}
