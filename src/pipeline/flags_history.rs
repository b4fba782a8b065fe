//! The last changes of flags, with who made them and when: `flags-history.ndjson` beside the flags, oldest first.

use std::{collections::BTreeSet, fs, io::Write, path::Path};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tempfile::NamedTempFile;

use super::error::PipelineError;
use crate::flags::{FLAGS, Overrides};

/// So many changes are kept.
const KEPT: usize = 100;

const FILE: &str = "flags-history.ndjson";

/// Who changes flags, and when.
#[derive(Clone, Copy, Debug)]
pub struct Author<'a> {
    /// The name.
    pub by: &'a str,
    /// An ISO 8601 instant.
    pub at: &'a str,
}

/// A change of a flag.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FlagChange {
    /// When.
    pub at: String,
    /// Who.
    pub by: String,
    /// The flag.
    pub flag: String,
    /// The shop; none for the workspace.
    pub shop: Option<String>,
    /// What was set of it before; nothing where the default held.
    pub old: Option<Json>,
    /// What is set of it now.
    pub new: Option<Json>,
}

/// The changes that are kept, oldest first; none where there is no file.
///
/// # Errors
/// When the file cannot be read, or a line of it is no change.
pub fn read(state_folder: &Path) -> Result<Vec<FlagChange>, PipelineError> {
    let path = state_folder.join(FILE);
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = fs::read_to_string(&path).map_err(PipelineError::state("cannot read", &path))?;
    let line = |line: &str| serde_json::from_str(line).map_err(PipelineError::state("cannot read a line of", &path));
    text.lines().map(line).collect()
}

/// Adds what differs between two states of the flags, and forgets what is older than the last hundred.
///
/// # Errors
/// When the file cannot be read or written.
pub fn add(
    state_folder: &Path,
    author: Author<'_>,
    before: &Overrides,
    after: &Overrides,
) -> Result<(), PipelineError> {
    let found = differences(author, before, after);
    if found.is_empty() {
        return Ok(());
    }
    let mut changes = read(state_folder)?;
    changes.extend(found);
    let path = state_folder.join(FILE);
    let write = || {
        let mut unfinished = NamedTempFile::new_in(state_folder)?;
        for change in changes.iter().skip(changes.len().saturating_sub(KEPT)) {
            writeln!(unfinished, "{}", serde_json::to_string(change)?)?;
        }
        unfinished.as_file().sync_all()?;
        unfinished.persist(&path).map_err(|error| error.error)
    };
    write().map(drop).map_err(PipelineError::state("cannot write", &path))
}

fn differences(author: Author<'_>, before: &Overrides, after: &Overrides) -> Vec<FlagChange> {
    let shops: BTreeSet<&str> = before.shops().chain(after.shops()).collect();
    let places = std::iter::once(None).chain(shops.into_iter().map(Some));
    let of_place = |shop: Option<&str>| {
        let change = |flag| {
            let [old, new] = [before, after].map(|flags| flags.own(shop, flag).map(|value| value.to_json()));
            let (by, at) = (author.by.to_owned(), author.at.to_owned());
            (old != new).then(|| FlagChange {
                at,
                by,
                flag: flag.key.to_owned(),
                shop: shop.map(str::to_owned),
                old,
                new,
            })
        };
        FLAGS.iter().filter_map(change).collect::<Vec<_>>()
    };
    places.flat_map(of_place).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_last_hundred_changes_are_kept_with_who_made_them() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(folder.path()).unwrap().is_empty());
        let mut flags = Overrides::default();
        for value in 0..=KEPT as i64 {
            let before = flags.clone();
            flags.set((value == 0).then_some("a"), "bundling.max_per_pair", &json!(value)).unwrap();
            let author = Author { by: "ada", at: "2026-03-01T00:00:00Z" };
            add(folder.path(), author, &before, &flags).unwrap();
            add(folder.path(), author, &flags, &flags).unwrap();
        }
        let kept = read(folder.path()).unwrap();
        assert_eq!(kept.len(), KEPT, "the first is forgotten, and what changes nothing is none");
        let (first, last) = (&kept[0], &kept[KEPT - 1]);
        assert_eq!((&first.old, &first.new, first.shop.as_deref()), (&None, &Some(json!(1)), None));
        assert_eq!((&last.old, &last.new, last.by.as_str()), (&Some(json!(99)), &Some(json!(100)), "ada"));
    }
}
