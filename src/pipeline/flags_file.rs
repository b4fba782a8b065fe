//! The flags of a workspace: `flags.toml` beside the journal, written by `nightloom flags` or by hand.

use std::{
    fs::{self, OpenOptions},
    path::{Path, PathBuf},
};

use serde_json::Value as Json;
use tempfile::NamedTempFile;

use super::{
    error::PipelineError,
    flags_history::{self, Author},
};
use crate::flags::{FlagError, Overrides};

/// How the file begins.
const HEAD: &str = "# Feature flags that differ from their defaults; `nightloom flags list` names all.\n\n";

/// The flags that are set in a workspace; none where there is no file.
///
/// # Errors
/// When the file cannot be read, names what is no flag, or gives a flag a value of another type.
pub fn read(state_folder: &Path) -> Result<Overrides, PipelineError> {
    let path = path_in(state_folder);
    if !path.exists() {
        return Ok(Overrides::default());
    }
    let text = fs::read_to_string(&path).map_err(PipelineError::state("cannot read", &path))?;
    let refused = |problem: String, mend: String| PipelineError::Usage {
        problem: format!("{}: {problem}", path.display()),
        mend,
    };
    let json: Json = toml::from_str(&text)
        .map_err(|error| refused(error.to_string(), "mend it, or remove it to have all defaults".to_owned()))?;
    Overrides::from_json(&json).map_err(|error| refused(error.problem, error.mend))
}

/// Changes the flags of a workspace, and notes who did; two changes at a time come one after the other.
///
/// # Errors
/// When the file cannot be read or written, or the change is refused.
pub fn change<T>(
    state_folder: &Path,
    author: Author<'_>,
    change: impl FnOnce(&mut Overrides) -> Result<T, FlagError>,
) -> Result<T, PipelineError> {
    let folder = state_folder.join("locks");
    fs::create_dir_all(&folder).map_err(PipelineError::state("cannot make the folder", &folder))?;
    let lock = folder.join("flags.lock");
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(&lock);
    let file = file.map_err(PipelineError::state("cannot open the lock", &lock))?;
    file.lock().map_err(PipelineError::state("cannot lock", &lock))?;
    let mut overrides = read(state_folder)?;
    let before = overrides.clone();
    let outcome =
        change(&mut overrides).map_err(|error| PipelineError::Usage { problem: error.problem, mend: error.mend })?;
    write(state_folder, &overrides)?;
    flags_history::add(state_folder, author, &before, &overrides)?;
    Ok(outcome)
}

fn write(state_folder: &Path, overrides: &Overrides) -> Result<(), PipelineError> {
    let path = path_in(state_folder);
    let text = toml::to_string(&overrides.to_json()).map_err(PipelineError::state("cannot write", &path))?;
    let write = || {
        let unfinished = NamedTempFile::new_in(state_folder)?;
        fs::write(unfinished.path(), format!("{HEAD}{text}"))?;
        unfinished.as_file().sync_all()?;
        unfinished.persist(&path).map_err(|error| error.error)
    };
    write().map(drop).map_err(PipelineError::state("cannot write", &path))
}

fn path_in(state_folder: &Path) -> PathBuf {
    state_folder.join("flags.toml")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn changed<T>(folder: &Path, how: impl FnOnce(&mut Overrides) -> Result<T, FlagError>) -> Result<T, PipelineError> {
        change(folder, Author { by: "ada", at: "2026-03-01T00:00:00Z" }, how)
    }

    #[test]
    fn what_is_set_is_read_back_and_what_is_wrong_in_the_file_is_told() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()).unwrap(), Overrides::default());
        changed(folder.path(), |flags| flags.set(None, "bundling.staged_thresholds", &json!([1, 2])).map(drop))
            .unwrap();
        changed(folder.path(), |flags| flags.set(Some("a.example"), "bundling.enabled", &json!(false)).map(drop))
            .unwrap();
        let wanted =
            json!({ "bundling.staged_thresholds": [1, 2], "shops": { "a.example": { "bundling.enabled": false } } });
        assert_eq!(read(folder.path()).unwrap().to_json(), wanted);
        let refused = changed(folder.path(), |flags| flags.set(None, "bundling.enabled", &json!(3)).map(drop));
        assert!(matches!(refused, Err(PipelineError::Usage { .. })));
        assert_eq!(read(folder.path()).unwrap().to_json(), wanted);

        fs::write(path_in(folder.path()), "[bundling]\nmax_per_pair = 4\n").unwrap();
        assert_eq!(read(folder.path()).unwrap().to_json(), json!({ "bundling.max_per_pair": 4 }));
        for (text, words) in [("bundling = [", "flags.toml"), ("bundling.all = 1", "there is no flag 'bundling.all'")] {
            fs::write(path_in(folder.path()), text).unwrap();
            let error = read(folder.path()).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
