//! What was done for a brand, in a file of its own, which whoever runs a job of it holds until it is done.
//!
//! A job that is killed leaves no note of its start, and is due again. The lock goes with the process.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions, TryLockError},
    io::Write,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{brand::Brand, error::ScheduleError, table::Kind};

/// What was done for a brand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The last start of each job, by its name.
    pub jobs: BTreeMap<String, Started>,
}

/// A start of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// When.
    pub at: Timestamp,
    /// The slot it was for.
    pub slot: Timestamp,
    /// How much it looked at.
    pub kind: Kind,
    /// What it came to, in a word: `done` if all of it was.
    pub status: String,
    /// The run.
    pub run_id: Option<String>,
}

impl Record {
    /// What was done for a brand; nothing where there is no file yet.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(folder: &Path, brand: &Brand) -> Result<Self, ScheduleError> {
        let path = file_of(folder, brand);
        match std::fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(broken(&path)(error)),
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| ScheduleError::Record {
                path,
                problem: format!("is no record of a schedule ({error}); remove it, and its jobs are due once"),
            }),
        }
    }
}

/// A brand on which this process alone works.
#[derive(Debug)]
pub struct Claim {
    path: PathBuf,
    _lock: File,
}

impl Claim {
    /// Takes a brand; `None` while another process works on it.
    ///
    /// # Errors
    /// When the folder or the lock cannot be written.
    pub fn take(folder: &Path, brand: &Brand) -> Result<Option<Self>, ScheduleError> {
        let path = file_of(folder, brand);
        std::fs::create_dir_all(folder).map_err(broken(folder))?;
        let lock = path.with_extension("lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&lock).map_err(broken(&lock))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { path, _lock: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(broken(&lock)(error)),
        }
    }

    /// Notes the start of a job, whole or not at all.
    ///
    /// # Errors
    /// When the record cannot be written; the job is due again then.
    pub fn note(&self, folder: &Path, brand: &Brand, job: &str, started: Started) -> Result<(), ScheduleError> {
        let mut record = Record::read(folder, brand)?;
        record.jobs.insert(job.to_owned(), started);
        let write = || {
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            serde_json::to_writer_pretty(&mut file, &record)?;
            file.flush()?;
            file.as_file().sync_all()?;
            file.persist(&self.path).map_err(|error| error.error).map(drop)
        };
        write().map_err(broken(&self.path))
    }
}

/// Names of brands are those of scopes: letters, digits, `-`, `_` and `.`.
fn file_of(folder: &Path, brand: &Brand) -> PathBuf {
    folder.join(format!("{brand}.schedule.json"))
}

fn broken(path: &Path) -> impl FnOnce(std::io::Error) -> ScheduleError {
    let path = path.to_owned();
    move |error| ScheduleError::Record { path, problem: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_brand_is_worked_on_by_one_at_a_time_and_its_starts_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (brand, other) = (Brand("a.example".to_owned()), Brand("b.example".to_owned()));
        let claim = Claim::take(folder.path(), &brand).unwrap().unwrap();
        assert!(Claim::take(folder.path(), &brand).unwrap().is_none());
        assert!(Claim::take(folder.path(), &other).unwrap().is_some());
        assert_eq!(Record::read(folder.path(), &brand).unwrap(), Record::default());
        let now = "2026-03-10T02:00:00Z".parse().unwrap();
        let started =
            Started { at: now, slot: now, kind: Kind::Full, status: "done".to_owned(), run_id: Some("r".to_owned()) };
        claim.note(folder.path(), &brand, "full", started.clone()).unwrap();
        claim.note(folder.path(), &brand, "incremental", started.clone()).unwrap();
        assert_eq!(Record::read(folder.path(), &brand).unwrap().jobs.len(), 2);
        assert_eq!(Record::read(folder.path(), &other).unwrap(), Record::default());
        drop(claim);
        assert!(Claim::take(folder.path(), &brand).unwrap().is_some());
        std::fs::write(file_of(folder.path(), &brand), "{").unwrap();
        let error = Record::read(folder.path(), &brand).unwrap_err().to_string();
        assert!(error.contains("a.example.schedule.json") && error.contains("remove it"), "{error}");
    }
}
