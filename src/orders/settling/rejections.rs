//! Rows that are not used, on their way to the output, and counted by file and reason.

use std::collections::BTreeMap;

use crate::operator::{ColumnKind, StageContext, StageError};
use crate::orders::{
    reading::{entry::FileEntry, job::Reject},
    recognising::fields::Reason,
    tables::table::Table,
};

/// One row a row that is not used.
pub const REJECTED: &[(&str, ColumnKind)] = &[
    ("file", ColumnKind::Text),
    ("line", ColumnKind::Int),
    ("reason", ColumnKind::Text),
    ("field", ColumnKind::Text),
    ("value", ColumnKind::Text),
];

/// Rows that are not used, on their way out.
pub struct Rejections<'a> {
    entries: &'a [FileEntry],
    context: &'a StageContext,
    waiting: Table,
    count: usize,
    /// How many of a file, by reason.
    by_file: BTreeMap<u32, BTreeMap<Reason, u64>>,
    /// The first row of a file, in words.
    examples: BTreeMap<u32, String>,
}

/// Rejected rows handed over at a time.
const REJECTED_ROWS: usize = 65_536;

impl<'a> Rejections<'a> {
    /// None yet.
    pub fn new(entries: &'a [FileEntry], context: &'a StageContext) -> Self {
        let waiting = Table::new(REJECTED, 0);
        Self { entries, context, waiting, count: 0, by_file: BTreeMap::new(), examples: BTreeMap::new() }
    }

    /// Adds rows of a file; their lines count from `first_line`.
    ///
    /// # Errors
    /// When storage fails.
    pub fn add(&mut self, file: u32, first_line: u64, rejects: Vec<Reject>) -> Result<(), StageError> {
        let name = self.entries.get(file as usize).map_or("", |entry| entry.name.as_str());
        for reject in rejects {
            let line = first_line + u64::from(reject.line);
            *self.by_file.entry(file).or_default().entry(reject.reason).or_default() += 1;
            self.examples
                .entry(file)
                .or_insert_with(|| format!("line {line}: {} '{}'", reject.field, reject.value.escape_debug()));
            self.waiting.text(Some(name.as_bytes()));
            self.waiting.int(i64::try_from(line).ok());
            self.waiting.text(Some(reject.reason.code().as_bytes()));
            self.waiting.text(Some(reject.field.as_bytes()));
            self.waiting.text(Some(reject.value.as_bytes()));
            self.waiting.end_row();
            self.count += 1;
        }
        if self.count >= REJECTED_ROWS { self.flush() } else { Ok(()) }
    }

    /// Adds the rows of a file that is not used at all, as one: those that nothing is wrong with.
    pub fn leave_out(&mut self, file: u32, rows: u64, problem: &str) {
        if rows == 0 {
            return;
        }
        let name = self.entries.get(file as usize).map_or("", |entry| entry.name.as_str());
        *self.by_file.entry(file).or_default().entry(Reason::UnusedFile).or_default() += rows;
        self.waiting.text(Some(name.as_bytes()));
        self.waiting.int(None);
        self.waiting.text(Some(Reason::UnusedFile.code().as_bytes()));
        self.waiting.text(Some(b"rows"));
        self.waiting.text(Some(format!("{rows} rows left out: the file {problem}").as_bytes()));
        self.waiting.end_row();
        self.count += 1;
    }

    /// How many rows of a file are not used, by reason.
    pub fn of_file(&self, file: u32) -> BTreeMap<Reason, u64> {
        self.by_file.get(&file).cloned().unwrap_or_default()
    }

    /// The first row of a file that is not used, in brackets.
    pub fn example(&self, file: u32) -> String {
        self.examples.get(&file).map_or_else(String::new, |words| format!(" ({words})"))
    }

    /// Hands over what is left.
    ///
    /// # Errors
    /// When storage fails.
    pub fn flush(&mut self) -> Result<(), StageError> {
        self.count = 0;
        let rows = std::mem::replace(&mut self.waiting, Table::new(REJECTED, 0)).finish()?;
        self.context.storage.write("rejected", rows)
    }
}
