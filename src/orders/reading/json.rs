//! Exports in JSON as rows of cells: arrays, wrapped or not, an object a line, GraphQL connections, bulk operations.
//!
//! Objects are read one at a time, twice: first for the names of their cells, which are the ways to them with points
//! between, then for the cells. An object with a list of lines, variants or levels is a row for each of these.

use std::{
    collections::HashMap,
    io::{BufReader, Read},
};

use serde_json::Value;

use crate::delimited::{blocks::MAX_RECORD_BYTES, records::Cells};
use crate::operator::{Packing, has_ending};
use crate::orders::reading::{
    bulk::Bulk,
    flat::{Row, rows},
    json_stream::{Flow, for_each_object},
};

/// More names of cells than an export has.
const MOST_COLUMNS: usize = 10_000;

/// Whether a file is taken for JSON.
pub fn is_named_so(path: &str) -> bool {
    let (_, name) = Packing::of(path);
    [".json", ".jsonl", ".ndjson"].iter().any(|ending| has_ending(name, ending))
}

/// What the rows of a file are called, in the order in which they first come.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// The names.
    pub names: Vec<String>,
    /// Whether an object says by `__parentId` which other it belongs to.
    is_bulk: bool,
}

/// Finds the columns of a file; `go_on` is asked before each object.
///
/// # Errors
/// Why the file cannot be read, or what `go_on` says.
pub fn columns(input: Box<dyn Read + Send>, go_on: impl Fn() -> Result<(), String>) -> Result<Columns, String> {
    let mut found = Columns::default();
    let mut places = HashMap::new();
    let mut is_bulk = false;
    let mut add = |row: Row| {
        for (name, _) in row {
            if !places.contains_key(&name) {
                places.insert(name.clone(), found.names.len());
                found.names.push(name);
            }
        }
        if found.names.len() > MOST_COLUMNS {
            return Err(format!("has objects of more than {MOST_COLUMNS} different keys; export fewer"));
        }
        Ok(Flow::GoOn)
    };
    for_each_object(BufReader::new(input), &mut |object| {
        go_on()?;
        is_bulk |= object.get(Bulk::PARENT).is_some();
        match Bulk::own_cells(&object) {
            Some(cells) => add(cells),
            None => rows(object, &mut add),
        }
    })?;
    found.is_bulk = is_bulk;
    Ok(found)
}

/// Gives the rows of these places among the columns, block by block, until `give` says false. False: it did.
///
/// # Errors
/// What `give` returns, or why the file cannot be read.
pub fn for_each_block(
    input: Box<dyn Read + Send>,
    columns: &Columns,
    places: &[usize],
    block_bytes: usize,
    mut give: impl FnMut(Cells) -> Result<bool, String>,
) -> Result<bool, String> {
    let new = || Cells { width: places.len(), ..Cells::default() };
    let names = || places.iter().filter_map(|place| columns.names.get(*place));
    let slots: HashMap<&str, usize> = names().enumerate().map(|(slot, name)| (name.as_str(), slot)).collect();
    let mut cells = new();
    let mut add = |row: Row| {
        let mut texts = vec![""; places.len()];
        for (name, text) in &row {
            if let Some(slot) = slots.get(name.as_str()).and_then(|slot| texts.get_mut(*slot)) {
                *slot = text;
            }
        }
        if texts.iter().map(|text| text.len()).sum::<usize>() > MAX_RECORD_BYTES {
            return Err("has a row longer than 256 MiB; leave the longest key out".to_owned());
        }
        for text in texts {
            cells.bytes.extend_from_slice(text.as_bytes());
            cells.ends.push(cells.bytes.len() as u32);
            cells.bytes.push(b',');
        }
        let is_full = cells.bytes.len() >= block_bytes;
        let goes_on = !is_full || give(std::mem::replace(&mut cells, new()))?;
        Ok(if goes_on { Flow::GoOn } else { Flow::Stop })
    };
    let mut bulk = Bulk::default();
    let flow = for_each_object(BufReader::new(input), &mut |object: Value| {
        if columns.is_bulk { bulk.add(&object, &mut add) } else { rows(object, &mut add) }
    })?;
    if flow == Flow::Stop || bulk.finish(&mut add)? == Flow::Stop {
        return Ok(false);
    }
    if cells.ends.is_empty() { Ok(true) } else { give(cells) }
}
