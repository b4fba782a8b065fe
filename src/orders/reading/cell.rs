//! Cells of a record as fields see them, and those of the row before, which the next mostly repeats.

use std::collections::BTreeMap;

use crate::delimited::records::Records;
use crate::orders::{
    rows::row::hash,
    values::{
        ids,
        letters::plain,
        time::{self, Time},
    },
};

/// The first cell of these columns that is not empty.
#[inline]
pub fn best<'r>(records: &'r Records<'_>, columns: &[usize], room: &'r mut Vec<u8>) -> &'r [u8] {
    let column = match columns {
        [only] => *only,
        columns => match columns.iter().find(|column| !records.cell(**column, room).is_empty()) {
            Some(column) => *column,
            None => return &[],
        },
    };
    records.cell(column, room)
}

/// Whether these columns have no cell that says something.
pub fn is_blank(records: &Records<'_>, columns: &[usize]) -> bool {
    let mut room = Vec::new();
    columns.iter().all(|column| records.cell(*column, &mut room).is_empty())
}

/// What a cell means by the words of its profile.
pub fn meaning<'a>(words: &'a BTreeMap<String, String>, cell: &'a [u8]) -> &'a [u8] {
    let found = match std::str::from_utf8(cell) {
        Ok(text) => words.get(text).or_else(|| words.get(&plain(text))),
        Err(_) => None,
    };
    found.map_or(cell, |meaning| meaning.as_bytes())
}

/// The key of the row before: the rows of an order mostly follow one another.
#[derive(Default)]
pub struct Key {
    /// The cell.
    pub cell: Vec<u8>,
    /// The id that it is.
    pub id: Vec<u8>,
    /// Whether it lost digits, so that it is none.
    pub is_lost: bool,
    /// The hash of the id; 0 if there is none.
    pub hash: u64,
}

impl Key {
    /// Takes the key of a row.
    #[inline]
    pub fn read(&mut self, cell: &[u8]) {
        if self.cell != cell {
            self.cell.clear();
            self.cell.extend_from_slice(cell);
            self.id.clear();
            let mut room = Vec::new();
            let id = ids::id(cell, &mut room);
            self.is_lost = id.is_err();
            self.id.extend_from_slice(id.unwrap_or_default());
            self.hash = if self.id.is_empty() { 0 } else { hash(&self.id) };
        }
    }
}

/// The instant that was read last.
#[derive(Default)]
pub struct LastTime {
    cell: Vec<u8>,
    time: Time,
}

impl LastTime {
    /// The instant that a cell says.
    #[inline]
    pub fn read(&mut self, cell: &[u8]) -> Time {
        if self.cell != cell {
            self.cell.clear();
            self.cell.extend_from_slice(cell);
            self.time = time::time(cell);
        }
        self.time
    }
}
