//! Parquet files whose bytes depend on their rows alone, with key/value pairs in the footer.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
};

use ::parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use polars::polars_utils::compression::ZstdLevel;
use polars::prelude::{
    Engine, FileWriteFormat, KeyValueMetadata, LazyFrame, ParquetCompression, ParquetWriteOptions, PlRefPath,
    PolarsResult, ScanArgsParquet, SinkDestination, SinkTarget, UnifiedSinkArgs, sync_on_close::SyncOnCloseType,
};

use super::IoError;

/// Rows in a row group. Fixed, so that equal rows give equal bytes. Several groups are in memory while a file is written or
/// read: with a fourth of a usual group's rows they lie where earlier ones lay, and not in pages that must be cleared first.
pub(super) const ROW_GROUP_ROWS: usize = 32_768;

/// The four bytes at both ends of a Parquet file.
const MAGIC: &[u8; 4] = b"PAR1";

/// Footer length and magic.
const TAIL_BYTES: u64 = 8;

/// Writes a frame with the streaming engine, in order, flushed to disk. Returns the number of rows.
///
/// # Errors
/// When the frame fails or the file cannot be written; what was written until then stays.
pub fn write_parquet(path: &Path, frame: LazyFrame, metadata: &[(String, String)]) -> Result<u64, IoError> {
    let refused = |error| IoError::frame(path, error);
    let target = SinkTarget::Path(PlRefPath::try_from_path(path).map_err(refused)?);
    let options = write_options(metadata).map_err(refused)?;
    let arguments = UnifiedSinkArgs { maintain_order: true, sync_on_close: SyncOnCloseType::All, ..Default::default() };
    frame
        .sink(SinkDestination::File { target }, FileWriteFormat::Parquet(options.into()), arguments)
        .and_then(|plan| plan.collect_with_engine(Engine::Streaming))
        .map_err(refused)?;
    count_rows(path)
}

/// How every checkpoint is written.
pub(super) fn write_options(metadata: &[(String, String)]) -> PolarsResult<ParquetWriteOptions> {
    Ok(ParquetWriteOptions {
        compression: ParquetCompression::Zstd(Some(ZstdLevel::try_new(1)?)),
        row_group_size: Some(ROW_GROUP_ROWS),
        key_value_metadata: Some(KeyValueMetadata::from_static(metadata.to_vec())),
        ..Default::default()
    })
}

/// A Parquet file as a frame that is read when it is needed.
///
/// # Errors
/// When the path cannot be named.
pub fn scan_parquet(path: &Path) -> Result<LazyFrame, IoError> {
    let refused = |error| IoError::frame(path, error);
    let name = PlRefPath::try_from_path(path).map_err(refused)?;
    LazyFrame::scan_parquet(name, ScanArgsParquet { glob: false, ..Default::default() }).map_err(refused)
}

/// The rows of a Parquet file, from its footer.
///
/// # Errors
/// When the file is not there, or is truncated or no Parquet.
pub fn count_rows(path: &Path) -> Result<u64, IoError> {
    Ok(u64::try_from(footer(path)?.file_metadata().num_rows()).unwrap_or_default())
}

/// The columns of a Parquet file in words: equal words mean equal names and types in equal order.
///
/// # Errors
/// When the file is not there, or is truncated or no Parquet.
pub fn columns(path: &Path) -> Result<String, IoError> {
    Ok(format!("{:?}", footer(path)?.file_metadata().schema()))
}

/// The key/value pairs in a Parquet file's footer.
///
/// # Errors
/// When the file is not there, or is truncated or no Parquet.
pub fn read_footer_metadata(path: &Path) -> Result<Vec<(String, String)>, IoError> {
    let footer = footer(path)?;
    let pairs = footer.file_metadata().key_value_metadata().into_iter().flatten();
    Ok(pairs.map(|pair| (pair.key.clone(), pair.value.clone().unwrap_or_default())).collect())
}

/// Where the footer of a Parquet file begins: the bytes before it hold the rows and no metadata.
///
/// # Errors
/// When the file is not there, or is truncated or no Parquet.
pub fn footer_start(path: &Path) -> Result<u64, IoError> {
    let refused = |error| IoError::file(path, "read", error);
    let mut file = File::open(path).map_err(refused)?;
    let bytes = file.metadata().map_err(refused)?.len();
    let Some(tail_start) = bytes.checked_sub(TAIL_BYTES) else {
        return Err(damaged(path, format!("has only {bytes} bytes")));
    };
    let mut tail = [0; 8];
    file.seek(SeekFrom::Start(tail_start)).and_then(|_| file.read_exact(&mut tail)).map_err(refused)?;
    let [a, b, c, d, magic @ ..] = tail;
    let length = u64::from(u32::from_le_bytes([a, b, c, d]));
    if magic != *MAGIC {
        return Err(damaged(path, "does not end as a Parquet file does".to_owned()));
    }
    tail_start
        .checked_sub(length)
        .ok_or_else(|| damaged(path, format!("its footer should be {length} bytes, the file has {bytes}")))
}

fn footer(path: &Path) -> Result<ParquetMetaData, IoError> {
    footer_start(path)?;
    let file = File::open(path).map_err(|error| IoError::file(path, "read", error))?;
    ParquetMetaDataReader::new().parse_and_finish(&file).map_err(|error| damaged(path, error.to_string()))
}

fn damaged(path: &Path, problem: String) -> IoError {
    IoError::Malformed {
        path: path.to_owned(),
        place: String::new(),
        problem: format!("truncated, or not Parquet: {problem}"),
        mend: "copy or write the file again".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use polars::prelude::IntoLazy;

    use super::*;
    use crate::io::testing::numbered;

    #[test]
    fn equal_rows_give_equal_bytes_however_they_are_chunked() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        let whole = numbered(0, 300_000);
        let mut chunked = numbered(0, 1);
        for (from, to) in [(1, 90_000), (90_000, 90_001), (90_001, 299_000), (299_000, 300_000)] {
            chunked.vstack_mut(&numbered(from, to)).unwrap();
        }
        assert_eq!(write_parquet(&one, whole.lazy(), &[]).unwrap(), 300_000);
        assert_eq!(write_parquet(&two, chunked.lazy(), &[]).unwrap(), 300_000);
        assert!(fs::read(&one).unwrap() == fs::read(&two).unwrap());
    }

    #[test]
    fn metadata_is_in_the_footer_and_only_there() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        let pairs = [("run".to_owned(), "7".to_owned()), ("stage".to_owned(), "link".to_owned())];
        write_parquet(&one, numbered(0, 10).lazy(), &pairs).unwrap();
        write_parquet(&two, numbered(0, 10).lazy(), &[]).unwrap();
        let found = read_footer_metadata(&one).unwrap();
        assert!(pairs.iter().all(|pair| found.contains(pair)), "{found:?}");
        let start = usize::try_from(footer_start(&one).unwrap()).unwrap();
        assert_eq!(footer_start(&one).unwrap(), footer_start(&two).unwrap());
        assert!(fs::read(&one).unwrap()[..start] == fs::read(&two).unwrap()[..start]);
    }

    #[test]
    fn a_truncated_file_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cut.parquet");
        write_parquet(&path, numbered(0, 1_000).lazy(), &[]).unwrap();
        let bytes = fs::read(&path).unwrap();
        for length in [0, 3, 8, bytes.len() / 2, bytes.len() - 1] {
            fs::write(&path, &bytes[..length]).unwrap();
            for error in [read_footer_metadata(&path).unwrap_err(), footer_start(&path).unwrap_err()] {
                let text = error.to_string();
                assert!(text.contains("cut.parquet") && text.contains("truncated"), "{text}");
            }
        }
    }
}
