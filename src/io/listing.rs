//! Files as rows: a stage that parses files itself gets their paths and the hash of their content.

use std::path::{Path, PathBuf};

use polars::prelude::{DataFrame, IntoLazy, NamedFrom, Series};

use super::{IoError, ReadWatch, SourceRead, file_state, files, reject::Rejects};
use crate::operator::{Column, ColumnKind, PortSchema};

/// `path` to open the file by, `name` relative to the folder of the pattern, `bytes` as stored, `content` its hash.
///
/// # Errors
/// When no file is there.
pub(super) fn schema(glob: &str) -> Result<PortSchema, IoError> {
    files::matches(&pattern(glob))?;
    Ok(columns())
}

pub(super) fn columns() -> PortSchema {
    vec![
        Column::new("path", ColumnKind::Text),
        Column::new("name", ColumnKind::Text),
        Column::new("bytes", ColumnKind::Int),
        Column::new("content", ColumnKind::Text),
    ]
}

/// No files as rows.
pub(super) fn nothing() -> Result<SourceRead, IoError> {
    table(Path::new(""), &[], Vec::new(), Vec::new(), Vec::new())
}

/// A folder stands for all files beneath it.
pub(super) fn pattern(glob: &str) -> String {
    if Path::new(glob).is_dir() { format!("{}/**/*", glob.trim_end_matches('/')) } else { glob.to_owned() }
}

pub(super) fn count_rows(glob: &str) -> Result<u64, IoError> {
    Ok(files::matches(&pattern(glob))?.len() as u64)
}

/// Hashes every file; a file's state tells beforehand whether that is needed.
pub(super) fn read(glob: &str, watch: &ReadWatch<'_>) -> Result<SourceRead, IoError> {
    let glob = pattern(glob);
    let paths = files::matches(&glob)?;
    let root = root(&glob, &paths);
    watch.progress.total(paths.len() as u64);
    let (mut names, mut bytes, mut contents) = (Vec::new(), Vec::new(), Vec::new());
    for path in &paths {
        watch.check()?;
        let (content, length) = file_state::hash(path)?;
        names.push(path.strip_prefix(&root).unwrap_or(path).to_string_lossy().into_owned());
        bytes.push(i64::try_from(length).unwrap_or(i64::MAX));
        contents.push(content);
        watch.progress.advance(1);
    }
    table(Path::new(&glob), &paths, names, bytes, contents)
}

fn table(
    glob: &Path,
    paths: &[PathBuf],
    names: Vec<String>,
    bytes: Vec<i64>,
    contents: Vec<String>,
) -> Result<SourceRead, IoError> {
    let shown: Vec<String> = paths.iter().map(|path| path.to_string_lossy().into_owned()).collect();
    let refused = |error| IoError::frame(glob, error);
    let columns = vec![
        Series::new("path".into(), shown).into(),
        Series::new("name".into(), names).into(),
        Series::new("bytes".into(), bytes).into(),
        Series::new("content".into(), contents).into(),
    ];
    let frame = DataFrame::new(paths.len(), columns).map_err(refused)?;
    Ok(SourceRead { frame: frame.lazy(), rejected: Rejects::default().into_frame().map_err(refused)? })
}

/// The folder before the first part with a pattern; of a single file its own folder.
fn root(glob: &str, paths: &[PathBuf]) -> PathBuf {
    if let [only] = paths
        && only.as_path() == Path::new(glob)
    {
        return only.parent().map(Path::to_owned).unwrap_or_default();
    }
    let is_plain = |part: &std::path::Component<'_>| !part.as_os_str().to_string_lossy().contains(['*', '?', '[']);
    Path::new(glob).components().take_while(is_plain).collect()
}

#[cfg(test)]
mod tests {
    use std::{fs, sync::atomic::AtomicBool};

    use super::*;
    use crate::operator::Silent;

    fn names(glob: &str) -> Vec<String> {
        let cancelled = AtomicBool::new(false);
        let watch = ReadWatch { progress: &Silent, cancelled: &cancelled };
        let frame = read(glob, &watch).unwrap().frame.collect().unwrap();
        assert_eq!(frame.column("bytes").unwrap().i64().unwrap().iter().flatten().sum::<i64>(), frame.height() as i64);
        frame.column("name").unwrap().str().unwrap().iter().flatten().map(str::to_owned).collect()
    }

    #[test]
    fn a_folder_gives_all_files_beneath_it_with_names_relative_to_it() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("north")).unwrap();
        for name in ["north/orders.csv", "b.csv.gz", "a.csv"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        let root = folder.path().display();
        assert_eq!(names(&root.to_string()), ["a.csv", "b.csv.gz", "north/orders.csv"]);
        assert_eq!(names(&format!("{root}/**/*.csv")), ["a.csv", "north/orders.csv"]);
        assert_eq!(names(&format!("{root}/north/orders.csv")), ["orders.csv"]);
    }
}
