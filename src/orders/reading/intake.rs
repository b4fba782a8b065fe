//! Reading the files of a shop: one thread reads blocks, the others parse them, and what was noticed is put together.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use crate::delimited::dialect::Dialect;
use crate::operator::{StageContext, StageError};
use crate::orders::{
    reading::{
        entry::{BlockPlace, FileEntry, Notes, Reading, lock},
        file::{FileReader, ignored_for_name, may_be_a_note},
        job::{Convention, Job, Parsed, Reject},
        parse::Parser,
    },
    recognising::{fields::Kind, layout::Layout},
    rows::partitions::Partitions,
    values::facts::{Facts, Shops},
};

/// A file that was read.
#[derive(Default)]
pub struct FileRead {
    /// How it is written; `None` of a file that is no text.
    pub dialect: Option<Dialect>,
    /// Where its columns went.
    pub layout: Option<Arc<Layout>>,
    /// The headers of its columns, of which the layout has the places.
    pub headers: Vec<String>,
    /// What was noticed.
    pub facts: Facts,
    /// Why it cannot be used.
    pub problem: Option<String>,
    /// Why it is no export, by its name, or as a text without rows that are known.
    pub ignored: Option<String>,
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
    let ignored = |file: &FileEntry| {
        let why = ignored_for_name(&file.path).filter(|_| reading.convention != Convention::Fimi);
        why.map(str::to_owned)
    };
    let mut gathered = Gathered {
        files: files.iter().map(|file| FileRead { ignored: ignored(file), ..FileRead::default() }).collect(),
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
                let mut parser = Parser::new(shops, reading.partitions, reading.convention);
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
    for (file, (layout, headers)) in notes.layouts {
        if let Some(file) = gathered.files.get_mut(file as usize) {
            (file.layout, file.headers) = (Some(layout), headers);
        }
    }
    for (file, dialect) in notes.dialects {
        if let Some(file) = gathered.files.get_mut(file as usize) {
            file.dialect = Some(dialect);
        }
    }
    for file in &mut gathered.files {
        let place = |(block, line): (u32, u32)| Some(notes.blocks.get(block as usize)?.first_line + u64::from(line));
        file.problem = file.facts.unclosed.and_then(place).map(|line| {
            format!("has a quoted cell in line {line} that is never closed; close it, or double the quote inside it")
        });
    }
    for (number, problem) in notes.problems {
        if let (Some(file), Some(entry)) = (gathered.files.get_mut(number as usize), files.get(number as usize)) {
            let is_note = file.layout.is_none() && may_be_a_note(&entry.path);
            *(if is_note { &mut file.ignored } else { &mut file.problem }) = Some(problem);
        }
    }
    Ok(Intake { files: gathered.files, blocks: notes.blocks, rows: gathered.rows, shops })
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
        let reader = FileReader { number, file, reading, context, send, notes, told: RefCell::default() };
        match reader.read() {
            Ok(true) => {}
            Ok(false) => return,
            Err(problem) => {
                lock(notes).problems.insert(number, problem);
            }
        }
    }
}
