//! Files as sources see them: a glob's matches, and decompressed reading.

use std::{
    fs::File,
    io::{BufReader, Read},
    path::{Path, PathBuf},
};

use flate2::read::MultiGzDecoder;

use super::{FileState, IoError, SourceState, matching};
use crate::operator::Packing;

/// The files a glob matches, sorted by path, each once; at least one.
pub(super) fn matches(pattern: &str) -> Result<Vec<PathBuf>, IoError> {
    let files = matching::find(pattern)?.files;
    if files.is_empty() {
        return Err(IoError::Glob { glob: pattern.to_owned(), problem: "matches no file".to_owned() });
    }
    Ok(files)
}

/// Whether a glob matches no file; one that is no glob is not for this to tell.
pub(super) fn are_missing(pattern: &str) -> bool {
    matching::find(pattern).is_ok_and(|found| found.files.is_empty())
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
    Ok(SourceState { files, server: None })
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

#[cfg(test)]
mod tests {
    use std::{fs, io::Write};

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
}
