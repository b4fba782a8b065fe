//! One run at a time: a lock per workspace, and per scope where a pipeline is run per shop.
//!
//! The operating system drops the lock with the process, so that a killed run leaves none behind.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use sha2::{Digest, Sha256};

use super::error::PipelineError;

/// Held while a run lasts.
pub struct WorkspaceLock {
    _files: Vec<File>,
}

/// The first wait for another run; each next one is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// The longest wait before it is looked again.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

impl WorkspaceLock {
    /// Takes the lock as [`Self::take`] does, and waits for whoever holds it as long as `patience` lasts.
    ///
    /// # Errors
    /// [`PipelineError::Locked`] when it is held still, [`PipelineError::Interrupted`] when the run was asked to stop.
    pub fn take_within(
        state_folder: &Path,
        scope: Option<&str>,
        holder: &str,
        patience: Duration,
        cancelled: &AtomicBool,
    ) -> Result<Self, PipelineError> {
        let end = Instant::now() + patience;
        let mut wait = FIRST_WAIT;
        loop {
            let taken = Self::take(state_folder, scope, holder);
            let left = end.saturating_duration_since(Instant::now());
            if !matches!(taken, Err(PipelineError::Locked { .. })) || left.is_zero() {
                return taken;
            }
            if cancelled.load(Ordering::Relaxed) {
                return Err(PipelineError::Interrupted);
            }
            thread::sleep(wait.min(left));
            wait = LONGEST_WAIT.min(wait * 2);
        }
    }

    /// Takes the lock. A run with a scope shares the workspace with runs of other scopes.
    ///
    /// `holder` is the line that a second run will be shown.
    ///
    /// # Errors
    /// [`PipelineError::Locked`] with who holds it, since when.
    pub fn take(state_folder: &Path, scope: Option<&str>, holder: &str) -> Result<Self, PipelineError> {
        let folder = state_folder.join("locks");
        std::fs::create_dir_all(&folder).map_err(PipelineError::state("cannot make the folder", &folder))?;
        let workspace = open(&folder.join("workspace.lock"))?;
        let Some(scope) = scope else {
            return Ok(Self { _files: vec![exclusive(workspace, holder)?] });
        };
        let (file, path) = workspace;
        match file.try_lock_shared() {
            // What an earlier holder of the whole workspace left would name the wrong one.
            Ok(()) => file.set_len(0).map_err(PipelineError::state("cannot write the lock", &path))?,
            Err(TryLockError::WouldBlock) => return Err(locked(file, path)),
            Err(TryLockError::Error(error)) => return Err(PipelineError::state("cannot lock", path)(error)),
        }
        let scoped = exclusive(open(&folder.join(format!("scope-{scope}.lock")))?, holder)?;
        Ok(Self { _files: vec![file, scoped] })
    }
}

/// The number of a shop's lock, which other programs of the shop know it by: the first 32 bits of the SHA-256 of its name.
pub fn shop_key(shop: &str) -> u32 {
    let digest = Sha256::digest(format!("shop:{shop}:operation:bundle_generation").as_bytes());
    digest.iter().take(4).fold(0, |key, byte| (key << 8) | u32::from(*byte))
}

fn open(path: &Path) -> Result<(File, PathBuf), PipelineError> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(PipelineError::state("cannot open the lock", path))?;
    Ok((file, path.to_path_buf()))
}

fn exclusive((mut file, path): (File, PathBuf), holder: &str) -> Result<File, PipelineError> {
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(locked(file, path)),
        Err(TryLockError::Error(error)) => return Err(PipelineError::state("cannot lock", path)(error)),
    }
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| file.write_all(holder.as_bytes()))
        .map_err(PipelineError::state("cannot write the lock", path))?;
    Ok(file)
}

fn locked(mut file: File, path: PathBuf) -> PipelineError {
    let mut holder = String::new();
    if file.read_to_string(&mut holder).is_err() || holder.is_empty() {
        "runs of single scopes".clone_into(&mut holder);
    }
    PipelineError::Locked { path, holder }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_of_shops_are_those_that_other_programs_know() {
        let keys = ["shop.myshopify.com", "demo-shop", "my-shop.myshopify.com"].map(shop_key);
        assert_eq!(keys, [9_573_341, 1_743_843_203, 2_192_376_515]);
    }

    #[test]
    fn a_second_run_is_told_who_holds_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let _first = WorkspaceLock::take(folder.path(), None, "run 7 of nightly, pid 12, since noon").unwrap();
        let error = WorkspaceLock::take(folder.path(), None, "run 8").err().unwrap();
        assert_eq!(error.exit_code(), 3);
        assert!(error.to_string().contains("run 7 of nightly, pid 12, since noon"));
    }

    #[test]
    fn a_run_that_may_wait_gets_the_lock_of_one_that_ends_and_is_told_of_one_that_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let never = AtomicBool::new(false);
        let take = |patience| {
            WorkspaceLock::take_within(folder.path(), Some("a"), "second", Duration::from_millis(patience), &never)
        };
        let first = WorkspaceLock::take(folder.path(), Some("a"), "first").unwrap();
        assert!(matches!(take(300), Err(PipelineError::Locked { holder, .. }) if holder == "first"));
        thread::scope(|scope| {
            let second = scope.spawn(|| take(20_000).map(drop));
            thread::sleep(Duration::from_millis(100));
            drop(first);
            second.join().unwrap().unwrap();
        });
        let _third = WorkspaceLock::take(folder.path(), None, "third").unwrap();
        let stopped = AtomicBool::new(true);
        let taken = WorkspaceLock::take_within(folder.path(), None, "x", Duration::from_secs(20), &stopped);
        assert!(matches!(taken, Err(PipelineError::Interrupted)));
    }

    #[test]
    fn runs_of_two_scopes_go_together_but_not_with_a_run_of_the_workspace() {
        let folder = tempfile::tempdir().unwrap();
        let one = WorkspaceLock::take(folder.path(), Some("shop-1"), "one").unwrap();
        let two = WorkspaceLock::take(folder.path(), Some("shop-2"), "two").unwrap();
        assert!(WorkspaceLock::take(folder.path(), Some("shop-1"), "again").is_err());
        assert!(WorkspaceLock::take(folder.path(), None, "all").is_err());
        drop((one, two));
        assert!(WorkspaceLock::take(folder.path(), None, "all").is_ok());
    }
}
