//! Files as sources see them: a glob's matches, the state of a file, decompressed reading, atomic writing.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, BufReader, Read},
    os::unix::fs::{FileExt, MetadataExt},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::UNIX_EPOCH,
};

use flate2::read::MultiGzDecoder;
use serde::{Deserialize, Serialize};

use super::{IoError, matching};
use crate::operator::Packing;

/// The cheap signs of a file's content: equal states mean unchanged content.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FileState {
    /// The file as named by the source.
    pub path: PathBuf,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its last modification, nanoseconds since 1970.
    pub mtime_ns: i128,
    /// SQLite's file change counter (bytes 24 to 28 of its header), which counts transactions; none in WAL mode, where
    /// it misses some.
    pub change_counter: Option<u32>,
    /// Length and last modification of a write-ahead log that is not empty.
    pub wal: Option<(u64, i128)>,
}

/// Where SQLite's header says how the database is read, and what it says in WAL mode.
const READ_VERSION: usize = 19;
const WAL_VERSION: u8 = 2;

/// The states of all files of a source, sorted by path.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SourceState {
    /// One for each file.
    pub files: Vec<FileState>,
}

impl FileState {
    /// The state of an ordinary file.
    ///
    /// # Errors
    /// [`IoError::Missing`] or [`IoError::File`].
    pub fn of(path: &Path) -> Result<Self, IoError> {
        let (bytes, mtime_ns) = stat(path)?;
        Ok(Self { path: path.to_owned(), bytes, mtime_ns, change_counter: None, wal: None })
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
        let log = beside(path, "-wal");
        let wal = match stat(&log) {
            Ok((bytes, mtime_ns)) => (bytes > 0).then_some((bytes, mtime_ns)),
            Err(IoError::Missing { .. }) => None,
            Err(error) => return Err(error),
        };
        Ok(Self { change_counter, wal, ..Self::of(path)? })
    }
}

impl FileState {
    /// Whether no transaction lies between `before` and this state of a SQLite database. Undoing what a killed process
    /// left half-written changes the file's time and nothing else.
    pub fn is_no_transaction_after(&self, before: &Self) -> bool {
        self == before || (self.transactions_since(before) == Some(0) && self.bytes == before.bytes)
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
}

impl SourceState {
    /// The state of a source of one file.
    pub fn of_file(file: FileState) -> Self {
        Self { files: vec![file] }
    }

    /// The file's state, if the source is one file.
    pub fn only_file(&self) -> Option<&FileState> {
        match self.files.as_slice() {
            [file] => Some(file),
            _ => None,
        }
    }
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

fn stat(path: &Path) -> Result<(u64, i128), IoError> {
    let metadata = fs::metadata(path).map_err(|error| IoError::file(path, "read", error))?;
    let modified = metadata.modified().map_err(|error| IoError::file(path, "read", error))?;
    let mtime_ns = match modified.duration_since(UNIX_EPOCH) {
        Ok(after) => i128::try_from(after.as_nanos()).unwrap_or(i128::MAX),
        Err(error) => -i128::try_from(error.duration().as_nanos()).unwrap_or(i128::MAX),
    };
    Ok((metadata.len(), mtime_ns))
}

/// `path` with `ending` added to its file name.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}

/// The files a glob matches, sorted by path, each once; at least one.
pub(super) fn matches(pattern: &str) -> Result<Vec<PathBuf>, IoError> {
    let files = matching::find(pattern)?.files;
    if files.is_empty() {
        return Err(IoError::Glob { glob: pattern.to_owned(), problem: "matches no file".to_owned() });
    }
    Ok(files)
}

/// What a person should know of the files a glob matches.
pub(super) fn warnings(pattern: &str) -> Vec<String> {
    let circles = matching::find(pattern).map(|found| found.circles).unwrap_or_default();
    let words = |(link, folder): &(PathBuf, PathBuf)| {
        format!("{} leads back to {}; its files are read once", link.display(), folder.display())
    };
    circles.iter().map(words).collect()
}

/// The states of the files a glob matches.
pub(super) fn state_of(pattern: &str) -> Result<SourceState, IoError> {
    let files = matches(pattern)?.iter().map(|path| FileState::of(path)).collect::<Result<_, _>>()?;
    Ok(SourceState { files })
}

/// Opens a file; one named `.gz` or `.zst`, in any case of letters, is unpacked on the way.
///
/// # Errors
/// [`IoError::Missing`] or [`IoError::File`].
pub fn open(path: &Path) -> Result<Box<dyn Read + Send>, IoError> {
    let refused = |error| IoError::file(path, "read", error);
    let file = BufReader::with_capacity(1 << 18, File::open(path).map_err(refused)?);
    Ok(match Packing::of(&path.to_string_lossy()).0 {
        Packing::Gzip => Box::new(MultiGzDecoder::new(file)),
        Packing::Zstd => Box::new(zstd::Decoder::with_buffer(file).map_err(refused)?),
        Packing::None => Box::new(file),
    })
}

/// New content of a file, on the disk under a temporary name beside it. Dropped before it is published, it is removed.
pub struct PreparedFile {
    path: PathBuf,
    temporary: PathBuf,
    is_published: bool,
}

impl PreparedFile {
    /// Has `write` fill a temporary name in the folder of `path` and flushes it to disk. Parent folders are made.
    pub(super) fn new(path: &Path, write: impl FnOnce(&Path) -> Result<(), IoError>) -> Result<Self, IoError> {
        let refused = |error| IoError::file(path, "write", error);
        let folder = folder_of(path);
        fs::create_dir_all(folder).map_err(refused)?;
        let Some(name) = path.file_name() else {
            return Err(refused(io::Error::other("the path names no file")));
        };
        // Always the same name: what a killed process left behind is overwritten by the next.
        let temporary = folder.join(format!(".{}.partial", name.to_string_lossy()));
        let prepared = Self { path: path.to_owned(), temporary, is_published: false };
        write(&prepared.temporary)?;
        File::open(&prepared.temporary).and_then(|file| file.sync_all()).map_err(refused)?;
        Ok(prepared)
    }

    /// Puts the new content in place of the old. Whether that outlives the machine is left to [`sync_folder_of`].
    ///
    /// `fail` is called at `file-before-rename` and `file-after-rename`.
    ///
    /// # Errors
    /// When the file cannot be renamed; the old content stays.
    pub fn publish(mut self, fail: &dyn Fn(&str)) -> Result<(), IoError> {
        fail("file-before-rename");
        fs::rename(&self.temporary, &self.path).map_err(|error| IoError::file(&self.path, "write", error))?;
        self.is_published = true;
        fail("file-after-rename");
        Ok(())
    }
}

impl Drop for PreparedFile {
    fn drop(&mut self) {
        if !self.is_published {
            let _ = fs::remove_file(&self.temporary);
        }
    }
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

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_glob_gives_its_files_sorted_by_path() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.csv", "a.csv", "c.txt"] {
            fs::write(folder.path().join(name), name).unwrap();
        }
        let found = matches(&format!("{}/*.csv", folder.path().display())).unwrap();
        assert_eq!(found, [folder.path().join("a.csv"), folder.path().join("b.csv")]);
    }

    #[test]
    fn a_glob_without_matches_is_an_error_that_names_it() {
        let error = matches("/nowhere/*.csv").unwrap_err().to_string();
        assert!(error.contains("/nowhere/*.csv") && error.contains("matches no file"), "{error}");
        assert!(matches("[").unwrap_err().to_string().contains("is not a glob"));
    }

    #[test]
    fn compressed_files_are_read_as_their_content() {
        let folder = tempfile::tempdir().unwrap();
        let gz = folder.path().join("X.CSV.GZ");
        let mut encoder = flate2::write::GzEncoder::new(File::create(&gz).unwrap(), flate2::Compression::fast());
        encoder.write_all(b"a\n1\n").unwrap();
        encoder.finish().unwrap();
        let zst = folder.path().join("x.csv.zst");
        fs::write(&zst, zstd::encode_all(&b"a\n1\n"[..], 1).unwrap()).unwrap();
        for path in [gz, zst] {
            let mut text = String::new();
            open(&path).unwrap().read_to_string(&mut text).unwrap();
            assert_eq!(text, "a\n1\n");
        }
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/x");
        let fill = |text: &'static str| move |to: &Path| fs::write(to, text).map_err(|e| IoError::file(to, "write", e));
        PreparedFile::new(&path, fill("old")).unwrap().publish(&|_| ()).unwrap();
        let failed = PreparedFile::new(&path, |to| fill("half")(to).and(Err(IoError::Interrupted)));
        assert!(failed.is_err());
        drop(PreparedFile::new(&path, fill("not wanted")).unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(fs::read_dir(folder.path().join("deep")).unwrap().count(), 1);
    }
}
