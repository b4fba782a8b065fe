//! The state of a source's files: cheap signs that their content is what it was, and how far these can be trusted.

use std::{
    fs::{self, File},
    io::{self, Read},
    os::unix::fs::{FileExt, MetadataExt},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

use super::IoError;

/// The hash of a file up to this size is kept beside its signs: it was copied or touched, and is what it was.
const SMALL_BYTES: u64 = 64 << 10;

/// What a file system may count time in: a file changed within one such step can be changed again without a sign.
const STEP: Duration = Duration::from_millis(20);
/// The same where times are whole seconds, or pairs of them.
const COARSE_STEP: Duration = Duration::from_secs(2);

const SECOND_NS: i128 = 1_000_000_000;

/// What the file system says of a file. Whoever writes to it, puts another in its place or sets its time changes one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Signs {
    /// Its length in bytes.
    pub bytes: u64,
    /// The last change of its content as its owner may set it, nanoseconds since 1970.
    pub mtime_ns: i128,
    /// The last change of anything about it, which nobody can set, nanoseconds since 1970.
    pub ctime_ns: i128,
    /// Its number in the file system.
    pub inode: u64,
}

impl Signs {
    /// The signs of a file.
    ///
    /// # Errors
    /// [`IoError::Missing`] or [`IoError::File`].
    pub fn of(path: &Path) -> Result<Self, IoError> {
        let found = fs::metadata(path).map_err(|error| IoError::file(path, "read", error))?;
        let ns = |seconds: i64, rest: i64| i128::from(seconds) * SECOND_NS + i128::from(rest);
        Ok(Self {
            bytes: found.len(),
            mtime_ns: ns(found.mtime(), found.mtime_nsec()),
            ctime_ns: ns(found.ctime(), found.ctime_nsec()),
            inode: found.ino(),
        })
    }

    /// Waits until a change to come gets other times than the last one had.
    fn settle(&self) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_nanos());
        let age = i128::try_from(now).unwrap_or(i128::MAX) - self.ctime_ns;
        let step = if self.ctime_ns % SECOND_NS == 0 { COARSE_STEP } else { STEP };
        let left = i128::try_from(step.as_nanos()).unwrap_or_default() - age.max(0);
        if let Ok(left) = u64::try_from(left) {
            thread::sleep(Duration::from_nanos(left));
        }
    }
}

/// A file as a source sees it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FileState {
    /// The file as named by the source.
    pub path: PathBuf,
    /// What the file system says of it.
    pub signs: Signs,
    /// The hash of its content, where it is small and was looked at.
    pub content: Option<String>,
    /// SQLite's file change counter (bytes 24 to 28 of its header), which counts transactions; none in WAL mode, where
    /// it misses some.
    pub change_counter: Option<u32>,
    /// How far a write-ahead log goes: its salts, its committed frames and their checksum. SQLite changes the log's time
    /// when root opens it.
    pub wal: Option<String>,
}

/// Where SQLite's header says how the database is read, and what it says in WAL mode.
const READ_VERSION: usize = 19;
const WAL_VERSION: u8 = 2;

impl FileState {
    /// The state of an ordinary file.
    ///
    /// # Errors
    /// [`IoError::Missing`] or [`IoError::File`].
    pub fn of(path: &Path) -> Result<Self, IoError> {
        let signs = Signs::of(path)?;
        signs.settle();
        Ok(Self { path: path.to_owned(), signs, content: None, change_counter: None, wal: None })
    }

    /// The state of a SQLite database, its write-ahead log included.
    ///
    /// # Errors
    /// [`IoError::Missing`] or [`IoError::File`].
    pub fn of_sqlite(path: &Path) -> Result<Self, IoError> {
        let mut header = [0; 28];
        let change_counter = match read_header(path, &mut header).map_err(|error| IoError::file(path, "read", error))? {
            Ok(()) if header.get(READ_VERSION) != Some(&WAL_VERSION) => {
                header.last_chunk().map(|bytes| u32::from_be_bytes(*bytes))
            }
            _ => None,
        };
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        let log = PathBuf::from(log);
        let wal = committed_log(&log).map_err(|error| IoError::file(&log, "read", error))?;
        let signs = Signs::of(path)?;
        if change_counter.is_none() {
            signs.settle();
        }
        Ok(Self { path: path.to_owned(), signs, content: None, change_counter, wal })
    }

    /// Whether no transaction lies between `before` and this state of a SQLite database. Undoing what a killed process
    /// left half-written changes the file's time and nothing else.
    pub fn is_no_transaction_after(&self, before: &Self) -> bool {
        self == before || (self.transactions_since(before) == Some(0) && self.signs.bytes == before.signs.bytes)
    }

    /// Whether nothing is in it, as in a database that was just made.
    pub fn is_empty(&self) -> bool {
        self.signs.bytes == 0 && self.wal.is_none()
    }

    /// Whether exactly one transaction lies between `before` and this state of a SQLite database.
    pub fn is_one_transaction_after(&self, before: &Self) -> bool {
        self.transactions_since(before) == Some(1)
    }

    /// Only the change counter can tell, and there is none in WAL mode.
    fn transactions_since(&self, before: &Self) -> Option<u32> {
        let comparable = self.path == before.path && self.wal.is_none() && before.wal.is_none();
        self.change_counter.filter(|_| comparable)?.checked_sub(before.change_counter?)
    }

    fn has_signs_of(&self, before: &Self) -> bool {
        (&self.path, &self.signs, self.change_counter, &self.wal)
            == (&before.path, &before.signs, before.change_counter, &before.wal)
    }

    /// This state with the content that the file had before, if it has it still.
    fn with_content_of(self, before: &Self) -> Result<Option<Self>, IoError> {
        let is_comparable = self.path == before.path && self.signs.bytes == before.signs.bytes;
        match &before.content {
            Some(content) if is_comparable && content_of(&self.path)? == *content => {
                Ok(Some(Self { content: before.content.clone(), ..self }))
            }
            _ => Ok(None),
        }
    }
}

/// The states of all files of a source, sorted by path; or that of a server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SourceState {
    /// One for each file.
    pub files: Vec<FileState>,
    /// That of a server, of which there are no files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerState>,
}

/// What a server says of the rows of a source.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ServerState {
    /// The server and database.
    pub place: String,
    /// The newest value of a column and the number of rows, or what a query gives; none where only reading tells.
    pub sign: Option<String>,
}

/// How it is known that a source's files are what they were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unchanged {
    /// Sizes, times and inodes are.
    Signs,
    /// The sign that a server gives of them is.
    Server,
    /// Some signs are others, but the files are small and have the content that they had; with their state now.
    Content(SourceState),
}

impl SourceState {
    /// The state of a source of one file.
    pub fn of_file(file: FileState) -> Self {
        Self { files: vec![file], server: None }
    }

    /// The file's state, if the source is one file.
    pub fn only_file(&self) -> Option<&FileState> {
        match self.files.as_slice() {
            [file] => Some(file),
            _ => None,
        }
    }

    /// Whether it is a server's, which gives no sign of a change.
    pub fn is_untold(&self) -> bool {
        self.server.as_ref().is_some_and(|server| server.sign.is_none())
    }

    /// How it is known that the files are as they were `before`; `None` when they may be others.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn unchanged_since(self, before: &Self) -> Result<Option<Unchanged>, IoError> {
        if self.server.is_some() || before.server.is_some() {
            let is_told = self.server.as_ref().is_some_and(|server| server.sign.is_some());
            return Ok((is_told && self.server == before.server).then_some(Unchanged::Server));
        }
        if self.files.len() != before.files.len() {
            return Ok(None);
        }
        let mut by_content = false;
        let mut files = Vec::with_capacity(self.files.len());
        for (now, before) in self.files.into_iter().zip(&before.files) {
            if now.has_signs_of(before) {
                files.push(before.clone());
                continue;
            }
            by_content = true;
            match now.with_content_of(before)? {
                Some(file) => files.push(file),
                None => return Ok(None),
            }
        }
        Ok(Some(if by_content { Unchanged::Content(Self { files, server: None }) } else { Unchanged::Signs }))
    }

    /// The first of the files that is not any more as it is here.
    pub fn first_changed(&self, after: &Self) -> Option<&Path> {
        let stayed = |file: &&FileState| after.files.iter().any(|other| other.has_signs_of(file));
        self.files.iter().find(|file| !stayed(file)).map(|file| file.path.as_path())
    }

    /// The state with the hashes of small files. Not for databases: to close a file of theirs drops SQLite's locks.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub(super) fn with_contents(mut self) -> Result<Self, IoError> {
        for file in self.files.iter_mut().filter(|file| file.signs.bytes <= SMALL_BYTES) {
            file.content = Some(content_of(&file.path)?);
        }
        Ok(self)
    }
}

/// The state of a file that was just written, to be compared with later ones.
///
/// # Errors
/// When it is not there.
pub fn state_of_written(path: &Path) -> Result<SourceState, IoError> {
    SourceState::of_file(FileState::of(path)?).with_contents()
}

/// The hash of a file's content.
fn content_of(path: &Path) -> Result<String, IoError> {
    hash(path).map(|(content, _)| content)
}

/// The hash of a file's content, and its bytes. It is read, and not mapped into memory: a file that becomes shorter
/// meanwhile would end the process.
pub(super) fn hash(path: &Path) -> Result<(String, u64), IoError> {
    let refused = |error| IoError::file(path, "read", error);
    let mut file = File::open(path).map_err(refused)?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = Vec::with_capacity(1 << 16);
    loop {
        buffer.clear();
        // Small files are read at once; large ones in pieces that all cores hash together.
        let most = if hasher.count() == 0 { 1 << 16 } else { 1 << 21 };
        if (&mut file).take(most).read_to_end(&mut buffer).map_err(refused)? == 0 {
            return Ok((hasher.finalize().to_hex().to_string(), hasher.count()));
        }
        hasher.update_rayon(&buffer);
    }
}

/// Bytes of a write-ahead log's header and of each frame's (<https://www.sqlite.org/fileformat2.html#the_write_ahead_log>).
const LOG_HEADER: u64 = 32;
const FRAME_HEADER: u64 = 24;

/// Tells a write-ahead log apart from any other: the salts of its header, how many frames are committed, and the checksum
/// of all of them, which the last one has. `None` where there is no log or nothing is committed in it.
fn committed_log(path: &Path) -> io::Result<Option<String>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let mut header = [0; LOG_HEADER as usize];
    if file.read_exact_at(&mut header, 0).is_err() {
        return Ok(None);
    }
    let [.., p0, p1, p2, p3, _, _, _, _, s0, s1, s2, s3, s4, s5, s6, s7, _, _, _, _, _, _, _, _] = header;
    let (page, salts) = (u32::from_be_bytes([p0, p1, p2, p3]), [s0, s1, s2, s3, s4, s5, s6, s7]);
    let mut committed = None;
    for frame in 0_u64.. {
        let mut head = [0; FRAME_HEADER as usize];
        let at = LOG_HEADER + frame * (FRAME_HEADER + u64::from(page));
        // Beyond the frames of this log lie those of an earlier one, with other salts.
        if file.read_exact_at(&mut head, at).is_err() || head.get(8..16) != Some(&salts) {
            break;
        }
        if head.get(4..8).is_some_and(|pages| pages.iter().any(|byte| *byte != 0)) {
            committed = Some((frame + 1, head));
        }
    }
    Ok(committed.map(|(frames, head)| format!("{}-{frames}-{}", hex(&salts), hex(head.get(16..).unwrap_or_default()))))
}

/// The files of databases that were looked at, by device and number. They stay open: when a process closes a file, the
/// system drops every lock that SQLite holds on it in that process, and another process could write into the middle of a
/// transaction (<https://www.sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_>).
static LOOKED_AT: Mutex<Vec<(u64, u64, File)>> = Mutex::new(Vec::new());

/// Reads the beginning of a database; the inner error says that there is less of it.
fn read_header(path: &Path, header: &mut [u8]) -> io::Result<io::Result<()>> {
    let mut files = LOOKED_AT.lock().unwrap_or_else(PoisonError::into_inner);
    let found = fs::metadata(path)?;
    let (device, number) = (found.dev(), found.ino());
    if let Some((.., file)) = files.iter().find(|(dev, ino, _)| (*dev, *ino) == (device, number)) {
        return Ok(file.read_exact_at(header, 0));
    }
    let file = File::open(path)?;
    let read = file.read_exact_at(header, 0);
    files.push((device, number, file));
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(path: &Path) -> SourceState {
        SourceState::of_file(FileState::of(path).unwrap())
    }

    fn set_time(path: &Path, seconds: u64) {
        let file = File::options().write(true).open(path).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
    }

    #[test]
    fn other_content_of_the_same_size_and_time_is_seen_in_place_and_by_a_rename() {
        let folder = tempfile::tempdir().unwrap();
        for bytes in [10, 100_000] {
            let (path, new) = (folder.path().join("x"), folder.path().join("new"));
            fs::write(&path, "a".repeat(bytes)).unwrap();
            set_time(&path, 7);
            let before = state(&path).with_contents().unwrap();
            assert_eq!(state(&path).unchanged_since(&before).unwrap(), Some(Unchanged::Signs));
            fs::write(&path, "b".repeat(bytes)).unwrap();
            set_time(&path, 7);
            assert_eq!(state(&path).unchanged_since(&before).unwrap(), None, "{bytes} in place");
            let before = state(&path).with_contents().unwrap();
            fs::write(&new, "c".repeat(bytes)).unwrap();
            set_time(&new, 7);
            fs::rename(&new, &path).unwrap();
            assert_eq!(state(&path).unchanged_since(&before).unwrap(), None, "{bytes} renamed");
        }
    }

    #[test]
    fn a_small_file_that_was_touched_is_known_by_its_content_and_its_new_signs_are_trusted_then() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, "same").unwrap();
        let before = state(&path).with_contents().unwrap();
        set_time(&path, 7);
        let Some(Unchanged::Content(now)) = state(&path).unchanged_since(&before).unwrap() else { panic!() };
        assert_eq!(state(&path).unchanged_since(&now).unwrap(), Some(Unchanged::Signs));
        fs::write(&path, "else").unwrap();
        assert_eq!(state(&path).unchanged_since(&now).unwrap(), None);
    }

    #[test]
    fn a_change_just_after_the_state_was_taken_has_another_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        for round in 0..20 {
            fs::write(&path, "1").unwrap();
            let before = state(&path);
            fs::write(&path, "2").unwrap();
            assert_eq!(state(&path).first_changed(&before), Some(path.as_path()), "{round}");
        }
    }

    #[test]
    fn a_log_is_told_apart_by_what_is_committed_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let writer = rusqlite::Connection::open(&path).unwrap();
        writer.execute_batch("PRAGMA journal_mode = wal; CREATE TABLE t (x); INSERT INTO t VALUES (1)").unwrap();
        let state = || FileState::of_sqlite(&path).unwrap();
        let mut seen = vec![state().wal];
        assert!(seen[0].is_some() && state() == state());
        for statement in ["UPDATE t SET x = 2", "UPDATE t SET x = 1", "UPDATE t SET x = 2"] {
            writer.execute_batch(statement).unwrap();
            assert!(!seen.contains(&state().wal), "{statement}");
            seen.push(state().wal);
        }
        // What is open yet is not in it, and another who looks changes nothing.
        writer.execute_batch("PRAGMA cache_size = 1; BEGIN; UPDATE t SET x = hex(zeroblob(90000))").unwrap();
        let reader = rusqlite::Connection::open(&path).unwrap();
        assert_eq!(reader.query_row("SELECT x FROM t", [], |row| row.get(0)), Ok(2));
        assert_eq!(state().wal, seen[3]);
        writer.execute_batch("ROLLBACK; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        assert_eq!(state().wal, None);
    }

    #[test]
    fn a_hash_is_that_of_the_whole_file_whatever_its_length() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        for bytes in [0, 1, 1 << 16, (1 << 16) + 1, (1 << 21) + (1 << 16), 5_000_000] {
            let content = vec![b'x'; bytes];
            fs::write(&path, &content).unwrap();
            let expected = blake3::hash(&content).to_hex().to_string();
            assert_eq!(hash(&path).unwrap(), (expected, bytes as u64));
        }
    }
}
