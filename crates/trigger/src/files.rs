//! Events of one file: told once it was written and has not changed for a while.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    thread,
    time::{Duration, SystemTime},
};

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use crate::{error::TriggerError, waiting::Trigger};

/// Watches a file until it is dropped.
pub struct FileEvents {
    _watcher: RecommendedWatcher,
}

impl FileEvents {
    /// Sends [`Trigger::File`] when the file was written, made or put in place, and twice `quiet` apart was the same file of
    /// the same length and time: what is still being written is left alone. Other files of its folder are not looked at.
    ///
    /// # Errors
    /// When the folder cannot be watched.
    pub fn of(file: &Path, quiet: Duration, triggers: Sender<Trigger>) -> Result<Self, TriggerError> {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let refused = |problem| TriggerError::Folder { path: folder.to_owned(), problem };
        let (sender, events) = channel();
        let name = file.file_name().map(ToOwned::to_owned);
        let seen = move |event: notify::Result<notify::Event>| {
            // An event that was lost may have been about the file.
            let is_of_file = event.map_or(true, |event| {
                !matches!(event.kind, EventKind::Access(_))
                    && (event.need_rescan() || event.paths.iter().any(|path| path.file_name() == name.as_deref()))
            });
            if is_of_file {
                let _ = sender.send(());
            }
        };
        let mut watcher = notify::recommended_watcher(seen).map_err(refused)?;
        // The folder and not the file: a file that is put in its place is another one.
        watcher.watch(folder, RecursiveMode::NonRecursive).map_err(refused)?;
        // Looked at before the caller can change anything: a file put in place while the thread starts is told too.
        let before = Stamp::of(file);
        let settling = Settling { file: file.to_owned(), quiet, events, triggers };
        let named = thread::Builder::new().name("catalog-events".to_owned());
        named.spawn(move || settling.run(before)).map_err(TriggerError::Thread)?;
        Ok(Self { _watcher: watcher })
    }
}

/// Waits until a file that was written stands still.
struct Settling {
    file: PathBuf,
    quiet: Duration,
    events: Receiver<()>,
    triggers: Sender<Trigger>,
}

impl Settling {
    /// Ends when the watcher or whoever waits for triggers is gone.
    fn run(&self, mut told: Option<Stamp>) {
        while self.events.recv().is_ok() {
            let Some(now) = self.still() else { return };
            // What is not there is no catalog: an export removes the old one first.
            if now.is_none() || now == told {
                continue;
            }
            told = now;
            if self.triggers.send(Trigger::File).is_err() {
                return;
            }
        }
    }

    /// The file's stamp once it is the same twice and no event came between; `None` when nobody watches.
    fn still(&self) -> Option<Option<Stamp>> {
        let mut before = self.look();
        loop {
            match self.events.recv_timeout(self.quiet) {
                Ok(()) => before = self.look(),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {
                    let now = self.look();
                    if now == before {
                        return Some(now);
                    }
                    before = now;
                }
            }
        }
    }

    fn look(&self) -> Option<Stamp> {
        Stamp::of(&self.file)
    }
}

/// What tells one state of a file from the next.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    /// Another file that was put in its place may keep length and time (`rsync -t`, `cp -p`).
    inode: u64,
    length: u64,
    modified: SystemTime,
}

impl Stamp {
    /// `None` when the file is not there.
    fn of(file: &Path) -> Option<Self> {
        let metadata = fs::metadata(file).ok()?;
        Some(Self { inode: metadata.ino(), length: metadata.len(), modified: metadata.modified().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const QUIET: Duration = Duration::from_millis(500);
    const LONG: Duration = Duration::from_secs(5);

    #[test]
    fn a_file_that_is_written_in_pieces_is_told_once_when_it_stands_still_and_others_never() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog.json");
        fs::write(&path, "[]").unwrap();
        let (sender, triggers) = channel();
        let _events = FileEvents::of(&path, QUIET, sender).unwrap();
        let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
        for _ in 0..8 {
            file.write_all(b" ").unwrap();
            file.flush().unwrap();
            thread::sleep(QUIET / 25);
            assert!(triggers.try_recv().is_err(), "it is still being written");
        }
        assert_eq!(triggers.recv_timeout(LONG), Ok(Trigger::File));
        assert!(triggers.recv_timeout(QUIET * 3).is_err(), "once");
        fs::write(folder.path().join("other.json"), "[]").unwrap();
        fs::File::open(&path).unwrap();
        assert!(triggers.recv_timeout(QUIET * 3).is_err(), "another file, and a reader");
    }

    #[test]
    fn a_file_that_is_put_in_place_is_told_and_one_that_is_removed_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog.json");
        let (sender, triggers) = channel();
        let _events = FileEvents::of(&path, QUIET, sender).unwrap();
        for content in ["[1]", "[1, 2]"] {
            let new = folder.path().join("new");
            fs::write(&new, content).unwrap();
            fs::rename(&new, &path).unwrap();
            assert_eq!(triggers.recv_timeout(LONG), Ok(Trigger::File), "{content}");
        }
        fs::remove_file(&path).unwrap();
        assert!(triggers.recv_timeout(QUIET * 3).is_err());
        let (sender, _triggers) = channel();
        assert!(FileEvents::of(Path::new("/nowhere/at/all/catalog.json"), QUIET, sender).is_err());
    }
}
