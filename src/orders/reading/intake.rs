//! Reading the files of a shop: one thread reads blocks, the others parse them, and what was noticed is put together.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use crate::operator::{Packing, StageContext, StageError, has_ending};
use crate::orders::{
    reading::{
        csv::{Blocks, CsvProblem, Records},
        parquet,
        parse::{Content, Dialect, Job, Parsed, Parser, Reject},
    },
    recognising::{
        fields::{Kind, Order},
        headers::ShopColumns,
        layout::{Layout, layout},
        profile::Profile,
    },
    rows::partitions::Partitions,
    values::facts::{Facts, Shops},
};

/// A file to be read.
#[derive(Clone, Debug)]
pub struct FileEntry {
    /// To open it by.
    pub path: String,
    /// To name it by.
    pub name: String,
}

/// How files are read.
pub struct Reading<'a> {
    /// The names of columns.
    pub columns: &'a ShopColumns,
    /// What exports of known programs look like.
    pub profiles: &'a [Profile],
    /// What rows look like.
    pub dialect: Dialect,
    /// The kind of all files, if it is not to be found from their headers.
    pub kind: Option<Kind>,
    /// Partitions of order lines.
    pub partitions: usize,
    /// The most bytes a thread takes at a time.
    pub block_bytes: usize,
    /// Bytes of rows held in memory where there are several partitions.
    pub room: usize,
}

/// A file that was read.
#[derive(Default)]
pub struct FileRead {
    /// Where its columns went.
    pub layout: Option<Arc<Layout>>,
    /// What was noticed.
    pub facts: Facts,
    /// Why it cannot be used.
    pub problem: Option<String>,
    /// Whether its name says that it is no export, so that it was not opened.
    pub is_ignored: bool,
}

/// Where a block was.
#[derive(Clone, Copy, Debug)]
pub struct BlockPlace {
    /// Its file.
    pub file: u32,
    /// The line it begins with, from 1.
    pub first_line: u64,
}

/// What the files hold, before it is known what of it counts.
pub struct Intake {
    /// A file each, in the order of the listing.
    pub files: Vec<FileRead>,
    /// Where the blocks were.
    pub blocks: Vec<BlockPlace>,
    /// The rows by kind.
    pub rows: BTreeMap<Kind, Partitions>,
    /// The shops by number.
    pub shops: Shops,
}

/// What the reading thread says.
#[derive(Default)]
struct Notes {
    layouts: BTreeMap<u32, Arc<Layout>>,
    problems: BTreeMap<u32, String>,
    blocks: Vec<BlockPlace>,
}

impl Notes {
    fn next_block(&mut self, place: BlockPlace) -> Result<u32, String> {
        self.blocks.push(place);
        u32::try_from(self.blocks.len() - 1)
            .map_err(|_| "is one of more than 16 petabytes; read fewer at a time".to_owned())
    }
}

/// Reads all files. `refuse` is given the rows that are not used for what they hold, in order.
///
/// # Errors
/// When storage fails, or the run was asked to stop. A file that cannot be used is no error here.
pub fn read(
    files: &[FileEntry],
    reading: &Reading<'_>,
    context: &StageContext,
    mut refuse: impl FnMut(u32, u64, Vec<Reject>) -> Result<(), StageError>,
) -> Result<Intake, StageError> {
    let shops = Shops::default();
    let notes = Mutex::new(Notes::default());
    let workers = rayon::current_num_threads().max(1);
    let (send_job, jobs) = sync_channel::<Job>(workers);
    let (send_parsed, parsed) = sync_channel::<Parsed>(workers);
    let jobs = Mutex::new(jobs);
    let stop = AtomicBool::new(false);
    let is_ignored = |file: &FileEntry| reading.dialect != Dialect::Fimi && !is_named_as_export(&file.path);
    let mut gathered = Gathered {
        files: files.iter().map(|file| FileRead { is_ignored: is_ignored(file), ..FileRead::default() }).collect(),
        rows: Kind::ALL
            .into_iter()
            .map(|kind| (kind, Partitions::new(partitions_of(kind, reading), reading.room)))
            .collect(),
        early: BTreeMap::new(),
        next: 0,
    };
    let outcome = thread::scope(|scope| {
        scope.spawn(|| read_files(files, reading, context, &send_job_of(send_job, &stop), &notes));
        for _ in 0..workers {
            let (jobs, shops, send) = (&jobs, &shops, send_parsed.clone());
            scope.spawn(move || {
                let mut parser = Parser::new(shops, reading.partitions, reading.dialect);
                while let Some(job) = next_job(jobs) {
                    if send.send(parser.parse(&job)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send_parsed);
        let outcome = gathered.gather(&parsed, context, &notes, &mut refuse);
        if outcome.is_err() {
            // A receiver that is gone is the sign to stop, for the threads that parse and through them for the reader.
            stop.store(true, Ordering::Relaxed);
            drop(parsed);
            while next_job(&jobs).is_some() {}
        }
        outcome
    });
    outcome?;
    context.check_cancelled()?;
    let notes = notes.into_inner().unwrap_or_else(PoisonError::into_inner);
    for (file, layout) in notes.layouts {
        if let Some(file) = gathered.files.get_mut(file as usize) {
            file.layout = Some(layout);
        }
    }
    for (file, problem) in notes.problems {
        if let Some(file) = gathered.files.get_mut(file as usize) {
            file.problem = Some(problem);
        }
    }
    Ok(Intake { files: gathered.files, blocks: notes.blocks, rows: gathered.rows, shops })
}

/// Whether a file is read; those of other names may be copies, notes or what a system keeps beside them.
fn is_named_as_export(path: &str) -> bool {
    has_ending(Packing::of(path).1, ".csv") || parquet::is_named_so(path)
}

fn partitions_of(kind: Kind, reading: &Reading<'_>) -> usize {
    if kind == Kind::Orders { reading.partitions } else { 1 }
}

fn next_job(jobs: &Mutex<Receiver<Job>>) -> Option<Job> {
    jobs.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

/// The sender moves into the reading thread, so that the others end when it does. False: nobody wants more.
fn send_job_of(send: SyncSender<Job>, stop: &AtomicBool) -> impl Fn(Job) -> bool {
    move |job| !stop.load(Ordering::Relaxed) && send.send(job).is_ok()
}

struct Gathered {
    files: Vec<FileRead>,
    rows: BTreeMap<Kind, Partitions>,
    early: BTreeMap<u32, Parsed>,
    next: u32,
}

impl Gathered {
    /// Takes the blocks in their order, whatever the order in which they are done.
    fn gather(
        &mut self,
        parsed: &Receiver<Parsed>,
        context: &StageContext,
        notes: &Mutex<Notes>,
        refuse: &mut impl FnMut(u32, u64, Vec<Reject>) -> Result<(), StageError>,
    ) -> Result<(), StageError> {
        while let Ok(block) = parsed.recv() {
            context.check_cancelled()?;
            self.early.insert(block.block, block);
            while let Some(block) = self.early.remove(&self.next) {
                self.next += 1;
                context.progress.advance(block.facts.rows);
                let rows = self.rows.get_mut(&block.kind.among());
                rows.map_or(Ok(()), |rows| rows.add(block.parts, context.storage.as_ref()))?;
                if let Some(file) = self.files.get_mut(block.file as usize) {
                    file.facts.add(block.facts);
                }
                if !block.rejects.is_empty() {
                    let place = lock(notes).blocks.get(block.block as usize).map_or(1, |place| place.first_line);
                    refuse(block.file, place, block.rejects)?;
                }
            }
        }
        Ok(())
    }
}

fn lock(notes: &Mutex<Notes>) -> std::sync::MutexGuard<'_, Notes> {
    notes.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads file after file into blocks.
fn read_files(
    files: &[FileEntry],
    reading: &Reading<'_>,
    context: &StageContext,
    send: &impl Fn(Job) -> bool,
    notes: &Mutex<Notes>,
) {
    for (number, file) in (0_u32..).zip(files) {
        if context.check_cancelled().is_err() {
            return;
        }
        let reader = FileReader { number, file, reading, context, send, notes };
        match reader.read() {
            Ok(true) => {}
            Ok(false) => return,
            Err(problem) => {
                lock(notes).problems.insert(number, problem);
            }
        }
    }
}

/// Reads a file into blocks.
struct FileReader<'a, S> {
    number: u32,
    file: &'a FileEntry,
    reading: &'a Reading<'a>,
    context: &'a StageContext,
    send: &'a S,
    notes: &'a Mutex<Notes>,
}

impl<S: Fn(Job) -> bool> FileReader<'_, S> {
    /// False when nobody wants more blocks.
    fn read(&self) -> Result<bool, String> {
        if self.reading.dialect != Dialect::Fimi && !is_named_as_export(&self.file.path) {
            return Ok(true);
        }
        if parquet::is_named_so(&self.file.path) { self.read_parquet() } else { self.read_text() }
    }

    fn read_text(&self) -> Result<bool, String> {
        let input = self.context.storage.open(&self.file.path).map_err(|error| error.to_string())?;
        let mut blocks = Blocks::new(input, self.reading.block_bytes);
        let mut line = 1;
        let mut layout = None;
        loop {
            let bytes = match blocks.next() {
                Ok(Some(bytes)) => bytes,
                Ok(None) => break,
                Err(problem) => return Err(in_words(&problem, line)),
            };
            let terminator = blocks.terminator();
            let has_header = layout.is_none() && self.reading.dialect != Dialect::Fimi;
            let layout = match &layout {
                Some(layout) => Arc::clone(layout),
                None => Arc::clone(layout.insert(self.note_layout(layout_of(&bytes, terminator, self.reading)?))),
            };
            let rows = memchr::memchr_iter(terminator, &bytes).count() as u64;
            if !self.hand_over(line, Content::Csv { bytes, terminator, has_header }, layout)? {
                return Ok(false);
            }
            line += rows;
        }
        if layout.is_none() {
            return Err("is empty; export it again, or take it out of the folder".to_owned());
        }
        Ok(true)
    }

    /// Blocks of cells; their lines are rows.
    fn read_parquet(&self) -> Result<bool, String> {
        if self.reading.dialect == Dialect::Fimi {
            return Err("is Parquet, and this format is of lines; leave it out".to_owned());
        }
        let rows = self.context.storage.parquet(&self.file.path).map_err(|error| error.to_string())?;
        let (layout, columns) = parquet::columns(&rows, self.reading)?;
        let layout = self.note_layout(layout);
        let mut line = 1;
        parquet::for_each_block(rows, &columns, self.reading.block_bytes, |cells| {
            self.context.check_cancelled().map_err(|error| error.to_string())?;
            let first_line = line;
            line += (cells.ends.len() / cells.width.max(1)) as u64;
            self.hand_over(first_line, Content::Rows(cells), Arc::clone(&layout))
        })
    }

    fn note_layout(&self, layout: Layout) -> Arc<Layout> {
        let layout = Arc::new(layout);
        lock(self.notes).layouts.insert(self.number, Arc::clone(&layout));
        layout
    }

    fn hand_over(&self, first_line: u64, content: Content, layout: Arc<Layout>) -> Result<bool, String> {
        let block = lock(self.notes).next_block(BlockPlace { file: self.number, first_line })?;
        Ok((self.send)(Job { block, file: self.number, first_line, content, layout }))
    }
}

fn in_words(problem: &CsvProblem, line: u64) -> String {
    match problem {
        CsvProblem::Read(error) => format!("cannot be read after line {line}: {error}; export it again"),
        CsvProblem::Unclosed => {
            format!("a quoted cell after line {line} is never closed; close it, or double the quote inside it")
        }
        CsvProblem::TooLong => {
            format!("a row after line {line} is longer than 256 MiB; is a quote in it never closed?")
        }
    }
}

/// Where the columns of a file go, from its header.
fn layout_of(bytes: &[u8], terminator: u8, reading: &Reading<'_>) -> Result<Layout, String> {
    let mut records = Records::new(bytes, terminator);
    records.advance();
    refuse_no_text(bytes, records.shown())?;
    if reading.dialect == Dialect::Fimi {
        let fields = vec![(Order::OrderId.place(), vec![0]), (Order::Sku.place(), vec![0])];
        return Ok(Layout::plain(Kind::Orders, fields));
    }
    let mut room = Vec::new();
    let headers: Vec<String> = (0..records.cells.len())
        .map(|place| String::from_utf8_lossy(records.cell(place, &mut room)).into_owned())
        .collect();
    layout(&headers, reading.columns, reading.profiles, reading.kind)
}

/// Refuses what is no text of rows, by the begin of the file and its first record.
fn refuse_no_text(bytes: &[u8], head: &[u8]) -> Result<(), String> {
    if bytes.starts_with(b"PAR1") {
        return Err("is Parquet; end its name with .parquet".to_owned());
    }
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) || head.contains(&0) {
        return Err("looks like UTF-16 or a binary file; save it as CSV in UTF-8".to_owned());
    }
    if head.trim_ascii_start().starts_with(b"<") {
        return Err("is HTML or XML, perhaps a login page saved as CSV; export it again".to_owned());
    }
    Ok(())
}
