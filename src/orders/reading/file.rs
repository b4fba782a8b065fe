//! A file as blocks of its rows, whatever it is written in: what the reading thread does.

use std::{
    cell::RefCell,
    sync::{Arc, Mutex},
};

use crate::delimited::{
    blocks::{Blocks, Problem},
    records::{Records, Shape},
};
use crate::operator::{Packing, StageContext, has_ending};
use crate::orders::{
    reading::{
        content::Content,
        entry::{BlockPlace, FileEntry, Notes, Reading, lock},
        job::{Convention, Job},
        json,
        order_ids::{self, FirstRows},
        parquet,
    },
    recognising::{
        fields::{Kind, Order},
        layout::{Layout, layout},
    },
};

/// Why a file was not opened.
const OTHER_NAME: &str = "has a name that ends neither in .csv, .tsv, .tab, .txt, .json, .jsonl or .ndjson, packed or not, nor in \
                          .parquet";

/// Why a file is not read for its name: it may be a copy, a note or what a system keeps beside exports.
pub(super) fn ignored_for_name(path: &str) -> Option<&'static str> {
    let (_, name) = Packing::of(path);
    let is_text = [".csv", ".tsv", ".tab", ".txt"].iter().any(|ending| has_ending(name, ending));
    (!is_text && !parquet::is_named_so(path) && !json::is_named_so(path)).then_some(OTHER_NAME)
}

/// Whether a file of this name may be a note as well as an export: it is one where it holds rows that are known.
pub(super) fn may_be_a_note(path: &str) -> bool {
    has_ending(Packing::of(path).1, ".txt")
}

/// What the first rows of a file tell of its columns.
#[derive(Default)]
pub(super) enum Told {
    /// Nothing yet.
    #[default]
    Nothing,
    /// The rows so far, and the blocks that wait for the others.
    Waiting(FirstRows, Vec<(u64, Content)>, Arc<Layout>),
    /// Where the columns go; and the order that rows without one go on with, in a file that leaves it to the row above.
    All(Arc<Layout>, Option<Vec<u8>>),
}

/// Reads a file into blocks.
pub(super) struct FileReader<'a, S> {
    pub(super) number: u32,
    pub(super) file: &'a FileEntry,
    pub(super) reading: &'a Reading<'a>,
    pub(super) context: &'a StageContext,
    pub(super) send: &'a S,
    pub(super) notes: &'a Mutex<Notes>,
    /// What its first rows tell of its columns.
    pub(super) told: RefCell<Told>,
}

impl<S: Fn(Job) -> bool> FileReader<'_, S> {
    /// False when nobody wants more blocks.
    ///
    /// # Errors
    /// Why the file cannot be used.
    pub(super) fn read(&self) -> Result<bool, String> {
        if self.reading.convention != Convention::Fimi && ignored_for_name(&self.file.path).is_some() {
            return Ok(true);
        }
        let goes_on = match &self.file.path {
            path if parquet::is_named_so(path) => self.read_parquet(),
            path if json::is_named_so(path) && self.reading.convention != Convention::Fimi => self.read_json(),
            _ => self.read_text(),
        };
        // What was read before the file turned out to be of no use is told all the same.
        let are_sent = self.send_waiting()?;
        Ok(goes_on? && are_sent)
    }

    fn read_text(&self) -> Result<bool, String> {
        let input = self.context.storage.open(&self.file.path).map_err(|error| error.to_string())?;
        let is_of_words = self.reading.convention == Convention::Fimi;
        let mut blocks = match is_of_words {
            true => Blocks::of_delimiter(input, self.reading.block_bytes, b','),
            false => Blocks::new(input, self.reading.block_bytes),
        };
        let mut line = 1;
        let mut known = None;
        loop {
            let bytes = match blocks.next() {
                Ok(Some(bytes)) => bytes,
                Ok(None) => break,
                Err(problem) => return Err(in_words(&problem, line)),
            };
            let dialect = blocks.dialect();
            lock(self.notes).dialects.insert(self.number, dialect);
            let shape = Shape { delimiter: dialect.delimiter, terminator: blocks.terminator(), width: 0 };
            let has_header = known.is_none() && !is_of_words;
            let (layout, width) = match &known {
                Some((layout, width)) => (Arc::clone(layout), *width),
                None => {
                    line += u64::from(dialect.lines_before);
                    let (layout, headers) = layout_of(&bytes, shape, self.reading)?;
                    let width = headers.len();
                    let (layout, width) = known.insert((self.note_layout(layout, headers), width));
                    (Arc::clone(layout), *width)
                }
            };
            let rows = memchr::memchr_iter(shape.terminator, &bytes).count() as u64;
            let shape = Shape { width, ..shape };
            if !self.hand_over(line, Content::Text { bytes, shape, has_header }, layout)? {
                return Ok(false);
            }
            line += rows;
        }
        if known.is_none() {
            return Err("is empty; export it again, or take it out of the folder".to_owned());
        }
        Ok(true)
    }

    /// Blocks of cells; their lines are rows.
    fn read_parquet(&self) -> Result<bool, String> {
        if self.reading.convention == Convention::Fimi {
            return Err("is Parquet, and this format is of lines; leave it out".to_owned());
        }
        let rows = self.context.storage.parquet(&self.file.path).map_err(|error| error.to_string())?;
        let (layout, columns) = parquet::columns(&rows, self.reading)?;
        let layout = self.note_layout(layout, columns.iter().map(ToString::to_string).collect());
        let mut line = 1;
        parquet::for_each_block(rows, &columns, self.reading.block_bytes, |cells| {
            self.context.check_cancelled().map_err(|error| error.to_string())?;
            let first_line = line;
            line += (cells.ends.len() / cells.width.max(1)) as u64;
            self.hand_over(first_line, Content::Rows(cells), Arc::clone(&layout))
        })
    }

    /// Blocks of cells; their lines are rows.
    fn read_json(&self) -> Result<bool, String> {
        let open = || self.context.storage.open(&self.file.path).map_err(|error| error.to_string());
        let go_on = || self.context.check_cancelled().map_err(|error| error.to_string());
        let columns = json::columns(open()?, go_on)?;
        let reading = self.reading;
        let mut layout = layout(&columns.names, reading.columns, reading.profiles, reading.kind)?;
        let places: Vec<usize> = layout.narrow().into_iter().collect();
        let headers = places.iter().filter_map(|place| columns.names.get(*place).cloned()).collect();
        let layout = self.note_layout(layout, headers);
        let mut line = 1;
        json::for_each_block(open()?, &columns, &places, self.reading.block_bytes, |cells| {
            go_on()?;
            let first_line = line;
            line += (cells.ends.len() / cells.width.max(1)) as u64;
            self.hand_over(first_line, Content::Rows(cells), Arc::clone(&layout))
        })
    }

    fn note_layout(&self, layout: Layout, headers: Vec<String>) -> Arc<Layout> {
        let layout = Arc::new(layout);
        lock(self.notes).layouts.insert(self.number, (Arc::clone(&layout), headers));
        layout
    }

    /// Hands a block over; the first wait until enough rows are there to tell of the columns, whatever the blocks.
    fn hand_over(&self, first_line: u64, content: Content, layout: Arc<Layout>) -> Result<bool, String> {
        let mut told = self.told.borrow_mut();
        if matches!(*told, Told::Nothing) {
            let is_telling = layout.kind.among() == Kind::Orders && self.reading.convention != Convention::Fimi;
            *told = match is_telling {
                true => Told::Waiting(FirstRows::of(&layout), Vec::new(), layout),
                false => Told::All(layout, None),
            };
        }
        if let Told::Waiting(first, waiting, _) = &mut *told {
            let wants_more = first.add(&content);
            waiting.push((first_line, content));
            drop(told);
            return if wants_more { Ok(true) } else { self.send_waiting() };
        }
        drop(told);
        self.send_block(first_line, content)
    }

    /// Settles what the first rows tell, and sends the blocks that waited for it.
    fn send_waiting(&self) -> Result<bool, String> {
        let Told::Waiting(first, waiting, layout) = self.told.take() else { return Ok(true) };
        let mut settled = (*layout).clone();
        let headers =
            lock(self.notes).layouts.get(&self.number).map(|(_, headers)| headers.clone()).unwrap_or_default();
        let goes_on = order_ids::settle(&mut settled, &first, &headers);
        let settled = Arc::new(settled);
        if let Some((known, _)) = lock(self.notes).layouts.get_mut(&self.number) {
            *known = Arc::clone(&settled);
        }
        self.told.replace(Told::All(settled, goes_on.then(Vec::new)));
        for (first_line, content) in waiting {
            if !self.send_block(first_line, content)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn send_block(&self, first_line: u64, content: Content) -> Result<bool, String> {
        let Told::All(layout, order) = self.told.take() else { return Ok(true) };
        let block = lock(self.notes).next_block(BlockPlace { file: self.number, first_line })?;
        let after = order.clone().map(|before| order_ids::in_force(&layout, &content, before));
        self.told.replace(Told::All(Arc::clone(&layout), after));
        Ok((self.send)(Job { block, file: self.number, first_line, content, layout, order }))
    }
}

fn in_words(problem: &Problem, line: u64) -> String {
    match problem {
        Problem::Read(error) => format!("cannot be read after line {line}: {error}; export it again"),
        Problem::TooLong => {
            format!("has a row after line {line} that is longer than 256 MiB; is a quote in it never closed?")
        }
    }
}

/// Where the columns of a file go, from its header, and the header.
fn layout_of(bytes: &[u8], shape: Shape, reading: &Reading<'_>) -> Result<(Layout, Vec<String>), String> {
    let mut records = Records::new(bytes, shape);
    records.advance();
    refuse_no_text(bytes, records.shown())?;
    if reading.convention == Convention::Fimi {
        let fields = vec![(Order::OrderId.place(), vec![0]), (Order::Sku.place(), vec![0])];
        return Ok((Layout::plain(Kind::Orders, fields), Vec::new()));
    }
    let mut room = Vec::new();
    let headers: Vec<String> = (0..records.cells.len())
        .map(|place| String::from_utf8_lossy(records.cell(place, &mut room)).into_owned())
        .collect();
    Ok((layout(&headers, reading.columns, reading.profiles, reading.kind)?, headers))
}

/// Refuses what is no text of rows, by the begin of the file and its first record.
fn refuse_no_text(bytes: &[u8], head: &[u8]) -> Result<(), String> {
    if bytes.starts_with(b"PAR1") {
        return Err("is Parquet; end its name with .parquet".to_owned());
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return Err("is an Excel workbook or a ZIP archive; save it as CSV".to_owned());
    }
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) || head.contains(&0) {
        return Err("looks like UTF-16 without its mark or a binary file; save it as CSV in UTF-8".to_owned());
    }
    if head.trim_ascii_start().starts_with(b"<") {
        return Err("is HTML or XML, perhaps a login page saved as CSV; export it again".to_owned());
    }
    Ok(())
}
