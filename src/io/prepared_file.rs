//! Replacing a file as a whole: new content under a name of the run's own, renamed while a lock on the target is held.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Seek, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use super::IoError;

/// How often a lock that another run holds is tried again.
const TRY_AGAIN: Duration = Duration::from_millis(20);

/// Names of files have up to 255 bytes on most file systems; temporary ones are longer than the target's.
const LONGEST_NAME: usize = 180;

/// Who writes files.
#[derive(Clone, Copy)]
pub struct FileWriter<'a> {
    /// The run: part of temporary names.
    pub run_id: &'a str,
    /// What another run is told that waits in vain.
    pub holder: &'a str,
    /// Once set, nothing is waited for any more.
    pub cancelled: &'a AtomicBool,
}

/// The right to write a file: no other run writes it as long as this is there.
pub struct FileTarget {
    path: PathBuf,
    temporary: PathBuf,
    lock: TargetLock,
}

impl FileTarget {
    /// Takes the right, and removes what killed runs left. Parent folders are made. Another run that writes the file is
    /// waited for, for `patience`. Who takes several files takes them in the order of their paths, and no lock on a
    /// database before: else two runs could wait for each other.
    ///
    /// # Errors
    /// [`IoError::Held`] with who writes it; when the folder cannot be written.
    pub(super) fn take(path: &Path, writer: &FileWriter<'_>, patience: Duration) -> Result<Self, IoError> {
        let target = Target::of(path)?;
        fs::create_dir_all(&target.folder).map_err(|error| target.refused(error))?;
        let lock = target.lock(writer, patience)?;
        target.sweep();
        let temporary = target.beside(&format!(".{}.partial", writer.run_id.replace('.', "-")));
        Ok(Self { path: target.path, temporary, lock })
    }

    /// Has `write` fill a temporary name in the file's folder and flushes it to disk.
    pub(super) fn prepare(self, write: impl FnOnce(&Path) -> Result<(), IoError>) -> Result<PreparedFile, IoError> {
        let Self { path, temporary, lock } = self;
        let prepared = PreparedFile { path, temporary, is_published: false, _lock: lock };
        write(&prepared.temporary)?;
        let flushed = File::open(&prepared.temporary).and_then(|file| file.sync_all());
        flushed.map_err(|error| IoError::file(&prepared.path, "write", error))?;
        Ok(prepared)
    }
}

/// New content of a file, on the disk under a temporary name beside it. Dropped before it is published, it is removed.
pub struct PreparedFile {
    path: PathBuf,
    temporary: PathBuf,
    is_published: bool,
    // Given back after the temporary file is gone.
    _lock: TargetLock,
}

impl PreparedFile {
    /// Puts the new content in place of the old. Whether that outlives the machine is left to [`sync_folder_of`]. Until
    /// the result is dropped no other run writes the file.
    ///
    /// `fail` is called at `file-before-rename` and `file-after-rename`.
    ///
    /// # Errors
    /// When the file cannot be renamed; the old content stays.
    pub fn publish(mut self, fail: &dyn Fn(&str)) -> Result<PublishedFile, IoError> {
        fail("file-before-rename");
        fs::rename(&self.temporary, &self.path).map_err(|error| IoError::file(&self.path, "write", error))?;
        self.is_published = true;
        fail("file-after-rename");
        Ok(PublishedFile { _file: self })
    }
}

impl Drop for PreparedFile {
    fn drop(&mut self) {
        if !self.is_published {
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// A file with its new content, which no other run writes as long as this is there.
pub struct PublishedFile {
    _file: PreparedFile,
}

/// Removes what a killed run left beside a file that needs no new content, unless another run is at work there.
pub(super) fn sweep(path: &Path) {
    let Ok(target) = Target::of(path) else { return };
    if target.lock_path().exists()
        && let Ok(Some(lock)) = target.try_lock()
    {
        target.sweep();
        drop(lock);
    }
}

/// Refuses a file that could not be put there: a folder, or one in a folder that cannot be written.
pub(super) fn check_target(path: &Path) -> Result<(), IoError> {
    let target = Target::of(path)?;
    if path.is_dir() {
        return Err(IoError::file(path, "write", io::Error::from(io::ErrorKind::IsADirectory)));
    }
    check_folder(&target.folder)
}

/// Refuses a folder, or the nearest one above it that is there, in which no file can be made.
pub(super) fn check_folder(folder: &Path) -> Result<(), IoError> {
    let or_here = |folder: &Path| {
        if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder.to_owned() }
    };
    let mut folder = or_here(folder);
    while fs::metadata(&folder).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) && folder.pop() {}
    let folder = or_here(&folder);
    tempfile::tempfile_in(&folder).map(drop).map_err(|error| IoError::file(&folder, "write", error))
}

/// Flushes to disk which files the folder of `path` holds.
///
/// # Errors
/// When the folder cannot be flushed.
pub fn sync_folder_of(path: &Path) -> Result<(), IoError> {
    let folder = folder_of(path);
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| IoError::file(folder, "write", error))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// A file to be replaced, and the names of what lies beside it meanwhile.
struct Target {
    path: PathBuf,
    folder: PathBuf,
    /// How the names of temporary files begin.
    stem: String,
}

impl Target {
    fn of(path: &Path) -> Result<Self, IoError> {
        let Some(name) = path.file_name() else {
            return Err(IoError::file(path, "write", io::Error::other("the path names no file")));
        };
        let name = name.to_string_lossy();
        let stem = match name.char_indices().take_while(|(at, _)| *at <= LONGEST_NAME).last() {
            Some((at, _)) if name.len() > LONGEST_NAME => {
                let hash = blake3::hash(name.as_bytes()).to_hex();
                format!(".{}-{}", name.get(..at).unwrap_or_default(), hash.get(..16).unwrap_or_default())
            }
            _ => format!(".{name}"),
        };
        Ok(Self { path: path.to_owned(), folder: folder_of(path).to_owned(), stem })
    }

    fn beside(&self, ending: &str) -> PathBuf {
        self.folder.join(format!("{}{ending}", self.stem))
    }

    fn lock_path(&self) -> PathBuf {
        self.beside(".lock")
    }

    fn refused(&self, error: io::Error) -> IoError {
        IoError::file(&self.path, "write", error)
    }

    /// Takes the lock, or says who has it still when `patience` is over.
    fn lock(&self, writer: &FileWriter<'_>, patience: Duration) -> Result<TargetLock, IoError> {
        let started = Instant::now();
        loop {
            if let Some(mut lock) = self.try_lock()? {
                lock.note(writer.holder).map_err(|error| self.refused(error))?;
                return Ok(lock);
            }
            if writer.cancelled.load(Ordering::Relaxed) {
                return Err(IoError::Interrupted);
            }
            if started.elapsed() >= patience {
                let holder = fs::read_to_string(self.lock_path()).ok().filter(|holder| !holder.is_empty());
                let holder = holder.unwrap_or_else(|| "another run".to_owned());
                return Err(IoError::Held { path: self.path.clone(), holder, waited: patience });
            }
            thread::sleep(TRY_AGAIN);
        }
    }

    /// Takes the lock; `None` when another run has it.
    fn try_lock(&self) -> Result<Option<TargetLock>, IoError> {
        let path = self.lock_path();
        let refused = |error| self.refused(error);
        loop {
            let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
            let file = file.map_err(refused)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                // A file system without locks: as good as it can be.
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
                Err(TryLockError::Error(error)) => return Err(refused(error)),
            }
            // Whoever had the lock removes its file when done: then the one opened is no one's any more.
            let number = file.metadata().map_err(refused)?.ino();
            if fs::metadata(&path).is_ok_and(|found| found.ino() == number) {
                return Ok(Some(TargetLock { path, file }));
            }
        }
    }

    /// Removes what killed runs left half-written. Only who has the lock may.
    fn sweep(&self) {
        let is_left = |name: &str| {
            let run = name.strip_prefix(&self.stem).and_then(|rest| rest.strip_prefix('.'));
            run.and_then(|rest| rest.strip_suffix(".partial")).is_some_and(|run| !run.contains('.'))
        };
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            if entry.file_name().to_str().is_some_and(is_left) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// The right to write a file. The system gives it to one process, and takes it back when that ends.
struct TargetLock {
    path: PathBuf,
    file: File,
}

impl TargetLock {
    /// Says who has the lock.
    fn note(&mut self, holder: &str) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(holder.as_bytes())
    }
}

impl Drop for TargetLock {
    fn drop(&mut self) {
        // While it is locked still, so that nobody takes a lock on a file that is about to go.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static NEVER: AtomicBool = AtomicBool::new(false);

    fn writer(run_id: &str) -> FileWriter<'_> {
        FileWriter { run_id, holder: run_id, cancelled: &NEVER }
    }

    fn prepare(path: &Path, run_id: &str, text: &str) -> Result<PreparedFile, IoError> {
        let fill = |to: &Path| fs::write(to, text).map_err(|error| IoError::file(to, "write", error));
        FileTarget::take(path, &writer(run_id), Duration::from_secs(20))?.prepare(fill)
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/x");
        prepare(&path, "1", "old").unwrap().publish(&|_| ()).unwrap();
        let half = |to: &Path| {
            fs::write(to, "half").unwrap();
            Err(IoError::Interrupted)
        };
        assert!(FileTarget::take(&path, &writer("2"), Duration::ZERO).unwrap().prepare(half).is_err());
        drop(prepare(&path, "3", "not wanted").unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(names(&folder.path().join("deep")), ["x"]);
    }

    #[test]
    fn what_killed_runs_left_is_removed_and_what_others_write_is_not() {
        let folder = tempfile::tempdir().unwrap();
        for name in [".x.1-7.partial", ".x.lock", ".x.y.1-7.partial", "x.partial"] {
            fs::write(folder.path().join(name), "left").unwrap();
        }
        prepare(&folder.path().join("x"), "2.5", "new").unwrap().publish(&|_| ()).unwrap();
        assert_eq!(names(folder.path()), [".x.y.1-7.partial", "x", "x.partial"]);
        fs::write(folder.path().join(".x.lock"), "left").unwrap();
        sweep(&folder.path().join("x"));
        assert_eq!(names(folder.path()), [".x.y.1-7.partial", "x", "x.partial"]);
    }

    #[test]
    fn a_second_writer_waits_and_is_told_who_is_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let first = prepare(&path, "run one", "one").unwrap();
        let told = FileTarget::take(&path, &writer("two"), Duration::from_millis(50)).err().unwrap();
        assert!(told.to_string().contains("written by run one for longer than 0.05 s"), "{told}");
        let stopped = FileWriter { cancelled: &AtomicBool::new(true), ..writer("two") };
        let stopped = FileTarget::take(&path, &stopped, Duration::from_secs(20));
        assert!(matches!(stopped, Err(IoError::Interrupted)));
        thread::scope(|scope| {
            let second = scope.spawn(|| prepare(&path, "two", "two").unwrap().publish(&|_| ()).map(drop));
            thread::sleep(Duration::from_millis(50));
            let published = first.publish(&|_| ()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), "one");
            drop(published);
            second.join().unwrap().unwrap();
        });
        assert_eq!(
            (fs::read_to_string(&path).unwrap(), names(folder.path())),
            ("two".to_owned(), vec!["x".to_owned()])
        );
    }

    #[test]
    fn many_writers_of_one_file_leave_it_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        thread::scope(|scope| {
            for run in ["a", "b", "c", "d"] {
                let path = &path;
                scope.spawn(move || {
                    for _ in 0..50 {
                        prepare(path, run, &run.repeat(100_000)).unwrap().publish(&|_| ()).unwrap();
                        let found = fs::read(path).unwrap();
                        assert!(found.len() == 100_000 && found.iter().all(|byte| Some(byte) == found.first()));
                    }
                });
            }
        });
        assert_eq!(names(folder.path()), ["x"]);
    }

    #[test]
    fn a_name_as_long_as_the_system_allows_can_be_written() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["x".repeat(255), "ä".repeat(127), "x".repeat(180), "x".repeat(181)] {
            let path = folder.path().join(name);
            prepare(&path, "20261130T020440.123456Z-4711", "new").unwrap().publish(&|_| ()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        }
    }

    #[test]
    fn a_folder_or_a_place_below_a_file_is_refused_before_any_work() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        check_target(&folder.path().join("not/yet/there.csv")).unwrap();
        for name in ["", "file/x.csv", "file/deep/x.csv"] {
            assert!(check_target(&folder.path().join(name)).is_err(), "{name}");
        }
    }
}
