//! The files that are to be read, how, and what the reading thread notes of them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::delimited::dialect::Dialect;
use crate::orders::{
    reading::job::Convention,
    recognising::{fields::Kind, headers::ShopColumns, layout::Layout, profile::Profile},
};

/// A file to be read.
#[derive(Clone, Debug)]
pub struct FileEntry {
    /// To open it by.
    pub path: String,
    /// To name it by.
    pub name: String,
    /// Whether its rows are wanted; else it is read for what it tells of others.
    pub gives_rows: bool,
}

/// How files are read.
pub struct Reading<'a> {
    /// The names of columns.
    pub columns: &'a ShopColumns,
    /// What exports of known programs look like.
    pub profiles: &'a [Profile],
    /// What rows mean beside what their columns say.
    pub convention: Convention,
    /// The kind of all files, if it is not to be found from their headers.
    pub kind: Option<Kind>,
    /// Partitions of order lines.
    pub partitions: usize,
    /// The most bytes a thread takes at a time.
    pub block_bytes: usize,
    /// Bytes of rows held in memory where there are several partitions.
    pub room: usize,
}

/// Where a block was.
#[derive(Clone, Copy, Debug)]
pub struct BlockPlace {
    /// Its file.
    pub file: u32,
    /// The line it begins with, from 1.
    pub first_line: u64,
}

/// What the reading thread says.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) dialects: BTreeMap<u32, Dialect>,
    pub(super) layouts: BTreeMap<u32, (Arc<Layout>, Vec<String>)>,
    pub(super) problems: BTreeMap<u32, String>,
    pub(super) blocks: Vec<BlockPlace>,
}

impl Notes {
    pub(super) fn next_block(&mut self, place: BlockPlace) -> Result<u32, String> {
        self.blocks.push(place);
        u32::try_from(self.blocks.len() - 1)
            .map_err(|_| "is one of more than 16 petabytes; read fewer at a time".to_owned())
    }
}

pub(super) fn lock(notes: &Mutex<Notes>) -> MutexGuard<'_, Notes> {
    notes.lock().unwrap_or_else(PoisonError::into_inner)
}
