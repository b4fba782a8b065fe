//! The files that a glob matches, each once: links are followed, circles of links end.

use std::{
    collections::{HashMap, HashSet},
    fs::{self, Metadata},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use glob::Pattern;

use super::IoError;

/// What a glob matches.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Matches {
    /// The files, sorted by path. One of several names counts once, by a name without links where it has one, else by
    /// the first.
    pub(super) files: Vec<PathBuf>,
    /// Links to a folder that they lie in, with that folder: what they lead to is read by its own name.
    pub(super) circles: Vec<(PathBuf, PathBuf)>,
}

/// Finds the files that a glob matches. A path to an existing file is itself, whatever characters it has.
///
/// # Errors
/// When it is no glob, or a folder cannot be listed.
pub(super) fn find(glob: &str) -> Result<Matches, IoError> {
    if Path::new(glob).is_file() {
        return Ok(Matches { files: vec![glob.into()], circles: Vec::new() });
    }
    let refused = |error| IoError::Glob { glob: glob.to_owned(), problem: format!("is not a glob: {error}") };
    let parts = parts(glob).map_err(refused)?;
    let mut walk = Walk { parts: &parts, seen: HashSet::new(), found: Vec::new(), circles: Vec::new() };
    let start = if glob.starts_with('/') { "/" } else { "" };
    let mut links = vec![Visit { folder: start.into(), part: 0, way: Vec::new(), is_linked: false }];
    // Folders come before links to them, so that files have their own names.
    while !links.is_empty() {
        let mut folders = std::mem::take(&mut links);
        folders.reverse();
        while let Some(visit) = folders.pop() {
            walk.visit(visit, &mut folders, &mut links)?;
        }
    }
    Ok(walk.finish())
}

/// A part of a glob between slashes.
enum Part {
    /// Any folders, or none.
    Folders,
    /// One name, as it stands.
    Name(String),
    /// One name.
    Pattern(Pattern),
}

fn parts(glob: &str) -> Result<Vec<Part>, glob::PatternError> {
    let mut parts: Vec<Part> = Vec::new();
    for part in glob.split('/').filter(|part| !part.is_empty()) {
        let is_literal = !part.contains(['*', '?', '[']);
        match part {
            "**" if matches!(parts.last(), Some(Part::Folders)) => {}
            "**" => parts.push(Part::Folders),
            _ if is_literal => parts.push(Part::Name(part.to_owned())),
            _ => parts.push(Part::Pattern(Pattern::new(part)?)),
        }
    }
    Ok(parts)
}

/// A file or folder, whatever its name.
type Identity = (u64, u64);

fn identity(found: &Metadata) -> Identity {
    (found.dev(), found.ino())
}

/// A folder to be looked into for what a part of the glob matches.
struct Visit {
    folder: PathBuf,
    part: usize,
    /// The folders above it and itself.
    way: Vec<(Identity, PathBuf)>,
    /// Whether a link is on the way.
    is_linked: bool,
}

struct Walk<'a> {
    parts: &'a [Part],
    /// What was visited for which part: what lies beneath is found once.
    seen: HashSet<(Identity, usize)>,
    found: Vec<(PathBuf, Identity, bool)>,
    circles: Vec<(PathBuf, PathBuf)>,
}

impl Walk<'_> {
    fn visit(&mut self, visit: Visit, folders: &mut Vec<Visit>, links: &mut Vec<Visit>) -> Result<(), IoError> {
        let Some(part) = self.parts.get(visit.part) else { return Ok(()) };
        let here = if visit.folder.as_os_str().is_empty() { PathBuf::from(".") } else { visit.folder.clone() };
        let Ok(found) = fs::metadata(&here) else { return Ok(()) };
        if !self.seen.insert((identity(&found), visit.part)) {
            return Ok(());
        }
        let mut visit = visit;
        if visit.way.last().is_none_or(|(last, _)| *last != identity(&found)) {
            visit.way.push((identity(&found), visit.folder.clone()));
        }
        match part {
            Part::Name(name) => self.meet(&visit, visit.folder.join(name), visit.part + 1, folders, links),
            Part::Pattern(pattern) => {
                for path in list(&here, &visit.folder)? {
                    let name = path.file_name().unwrap_or_default().to_string_lossy();
                    if pattern.matches(&name) {
                        self.meet(&visit, path, visit.part + 1, folders, links);
                    }
                }
            }
            Part::Folders => {
                for path in list(&here, &visit.folder)? {
                    if path.is_dir() {
                        self.meet(&visit, path, visit.part, folders, links);
                    }
                }
                let Visit { folder, part, way, is_linked } = visit;
                folders.push(Visit { folder, part: part + 1, way, is_linked });
            }
        }
        Ok(())
    }

    /// Takes a path that the glob allows: a file at its end, a folder on the way.
    fn meet(&mut self, visit: &Visit, path: PathBuf, part: usize, folders: &mut Vec<Visit>, links: &mut Vec<Visit>) {
        // What a link leads to may be gone.
        let Ok(found) = fs::metadata(&path) else { return };
        let is_link = fs::symlink_metadata(&path).is_ok_and(|own| own.is_symlink());
        let is_linked = visit.is_linked || is_link;
        if found.is_file() {
            if part == self.parts.len() {
                self.found.push((path, identity(&found), is_linked));
            }
            return;
        }
        // A link that the glob names is followed; beneath `**` it would have no end.
        let above = visit.way.iter().find(|(folder, _)| *folder == identity(&found));
        if let (true, Some((_, above))) = (is_link && part == visit.part, above) {
            self.circles.push((path, above.clone()));
            return;
        }
        let next = Visit { folder: path, part, way: visit.way.clone(), is_linked };
        if is_link { links.push(next) } else { folders.push(next) }
    }

    fn finish(mut self) -> Matches {
        self.found.sort_by(|a, b| (a.2, &a.0).cmp(&(b.2, &b.0)));
        let mut seen: HashMap<Identity, ()> = HashMap::new();
        self.found.retain(|(_, identity, _)| seen.insert(*identity, ()).is_none());
        let mut files: Vec<PathBuf> = self.found.into_iter().map(|(path, ..)| path).collect();
        files.sort();
        self.circles.sort();
        self.circles.dedup();
        Matches { files, circles: self.circles }
    }
}

/// What a folder holds, sorted by name.
fn list(here: &Path, folder: &Path) -> Result<Vec<PathBuf>, IoError> {
    if !here.is_dir() {
        return Ok(Vec::new());
    }
    let refused = |error| IoError::file(here, "list", error);
    let entries = fs::read_dir(here).map_err(refused)?;
    let mut paths = entries
        .map(|entry| Ok(folder.join(entry.map_err(refused)?.file_name())))
        .collect::<Result<Vec<_>, IoError>>()?;
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn with(files: &[&str], links: &[(&str, &str)]) -> Self {
            let folder = tempfile::tempdir().unwrap();
            for name in files {
                fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
                fs::write(folder.path().join(name), name).unwrap();
            }
            for (name, target) in links {
                fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
                symlink(target, folder.path().join(name)).unwrap();
            }
            Self(folder)
        }

        fn shown(&self, path: &Path) -> String {
            path.strip_prefix(self.0.path()).unwrap().display().to_string()
        }

        fn find(&self, glob: &str) -> Vec<String> {
            let found = find(&format!("{}/{glob}", self.0.path().display())).unwrap();
            found.files.iter().map(|path| self.shown(path)).collect()
        }
    }

    #[test]
    fn a_glob_matches_names_patterns_and_folders_of_any_depth() {
        let folder = Folder::with(&["a.csv", "b/a.csv", "b/c/a.csv", "b/c/d.txt", ".h/e.csv"], &[]);
        assert_eq!(folder.find("*.csv"), ["a.csv"]);
        assert_eq!(folder.find("**/*.csv"), [".h/e.csv", "a.csv", "b/a.csv", "b/c/a.csv"]);
        assert_eq!(folder.find("b/**/a.csv"), ["b/a.csv", "b/c/a.csv"]);
        assert_eq!(folder.find("*/c/*"), ["b/c/a.csv", "b/c/d.txt"]);
        assert_eq!(folder.find("**/**/c/[a-c].*"), ["b/c/a.csv"]);
        assert_eq!(folder.find("b/**"), [""; 0], "folders are no files");
        assert_eq!(folder.find("nowhere/**/*"), [""; 0]);
    }

    #[test]
    fn a_file_of_several_names_counts_once_by_its_own() {
        let folder = Folder::with(
            &["2026-03-01/orders.csv", "2026-03-01/more.csv"],
            &[("latest", "2026-03-01"), ("0.csv", "2026-03-01/orders.csv"), ("gone.csv", "nowhere.csv")],
        );
        assert_eq!(folder.find("**/*.csv"), ["2026-03-01/more.csv", "2026-03-01/orders.csv"]);
        assert_eq!(folder.find("latest/*.csv"), ["latest/more.csv", "latest/orders.csv"], "the glob names the link");
        assert_eq!(folder.find("*.csv"), ["0.csv"]);
        fs::hard_link(folder.0.path().join("2026-03-01/more.csv"), folder.0.path().join("2026-03-01/a.csv")).unwrap();
        assert_eq!(folder.find("**/*.csv"), ["2026-03-01/a.csv", "2026-03-01/orders.csv"]);
    }

    #[test]
    fn circles_of_links_end_and_are_named() {
        let links =
            [("north/current", "."), ("north/up", ".."), ("south/a/back", "../.."), ("south/north", "../north")];
        let folder = Folder::with(&["north/orders.csv", "south/a/orders.csv"], &links);
        let found = find(&format!("{}/**/*.csv", folder.0.path().display())).unwrap();
        let files: Vec<_> = found.files.iter().map(|path| folder.shown(path)).collect();
        assert_eq!(files, ["north/orders.csv", "south/a/orders.csv"]);
        let circles: Vec<_> = found.circles.iter().map(|(a, b)| (folder.shown(a), folder.shown(b))).collect();
        let named = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert!(circles.contains(&named("north/current", "north")), "{circles:?}");
        assert!(circles.contains(&named("south/a/back", "")), "{circles:?}");
        assert_eq!(folder.find("north/current/*.csv"), ["north/current/orders.csv"]);
    }

    #[test]
    fn many_links_across_folders_take_no_time() {
        let names: Vec<String> = (0..30).map(|n| format!("f{n}/o.csv")).collect();
        let links: Vec<(String, String)> =
            (0..30).flat_map(|n| (0..30).map(move |m| (format!("f{n}/l{m}"), format!("../f{m}")))).collect();
        let files: Vec<&str> = names.iter().map(String::as_str).collect();
        let links: Vec<(&str, &str)> = links.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        let folder = Folder::with(&files, &links);
        assert_eq!(folder.find("**/*.csv").len(), 30);
    }
}
