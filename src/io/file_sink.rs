//! File sinks: Parquet, CSV and NDJSON, replaced atomically.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
};

use polars::prelude::{CsvWriter, JsonFormat, JsonWriter, LazyFrame, SerWriter};

use super::{IoError, batches::for_each_batch, checkpoint_file::write_parquet, files::replace_atomically};

/// How instants are written to text files: ISO 8601 in UTC, with a fraction only where there is one.
const INSTANT: &str = "%Y-%m-%dT%H:%M:%S%.fZ";

/// The format of a file sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    /// Parquet, zstd.
    Parquet,
    /// CSV with a header, UTF-8.
    Csv,
    /// One JSON object a line.
    Ndjson,
}

/// Writes a frame to `path`, which afterwards holds either what it held before or all of the frame; parent folders are
/// made. `metadata` goes into a Parquet footer. Equal rows give equal bytes, metadata aside. Returns the number of rows.
///
/// `fail` is called at `file-before-rename` and `file-after-rename`.
///
/// # Errors
/// When the frame fails or the file cannot be written.
pub fn write_file(
    path: &Path,
    format: FileFormat,
    frame: LazyFrame,
    metadata: &[(String, String)],
    fail: &dyn Fn(&str),
) -> Result<u64, IoError> {
    replace_atomically(path, fail, |temporary| match format {
        FileFormat::Parquet => write_parquet(temporary, frame, metadata),
        FileFormat::Csv => write_csv(temporary, frame),
        FileFormat::Ndjson => write_ndjson(temporary, frame),
    })
}

fn write_csv(path: &Path, mut frame: LazyFrame) -> Result<u64, IoError> {
    let refused = |error| IoError::frame(path, error);
    let mut out = create(path)?;
    let schema = frame.collect_schema().map_err(refused)?;
    let mut writer =
        CsvWriter::new(&mut out).with_datetime_format(Some(INSTANT.into())).batched(&schema).map_err(refused)?;
    let mut rows = 0;
    for_each_batch(frame, refused, |batch| {
        rows += batch.height() as u64;
        writer.write_batch(&batch).map_err(refused)
    })?;
    writer.finish().map_err(refused)?;
    out.flush().map_err(|error| IoError::file(path, "write", error))?;
    Ok(rows)
}

fn write_ndjson(path: &Path, frame: LazyFrame) -> Result<u64, IoError> {
    let refused = |error| IoError::frame(path, error);
    let mut out = create(path)?;
    let mut rows = 0;
    for_each_batch(frame, refused, |mut batch| {
        rows += batch.height() as u64;
        JsonWriter::new(&mut out).with_json_format(JsonFormat::JsonLines).finish(&mut batch).map_err(refused)
    })?;
    out.flush().map_err(|error| IoError::file(path, "write", error))?;
    Ok(rows)
}

fn create(path: &Path) -> Result<BufWriter<File>, IoError> {
    let file = File::create(path).map_err(|error| IoError::file(path, "write", error))?;
    Ok(BufWriter::with_capacity(1 << 18, file))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use polars::prelude::{IntoLazy, df};

    use super::*;

    #[test]
    fn each_format_holds_the_rows_and_equal_rows_give_equal_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let frame = df!("id" => [1_i64, 2], "name" => [Some("a,\"b"), None]).unwrap().lazy();
        for (format, text) in [
            (FileFormat::Csv, Some("id,name\n1,\"a,\"\"b\"\n2,\n")),
            (FileFormat::Ndjson, Some("{\"id\":1,\"name\":\"a,\\\"b\"}\n{\"id\":2,\"name\":null}\n")),
            (FileFormat::Parquet, None),
        ] {
            let path = folder.path().join("deep").join(format!("{format:?}"));
            assert_eq!(write_file(&path, format, frame.clone(), &[], &|_| ()).unwrap(), 2);
            let bytes = fs::read(&path).unwrap();
            assert_eq!(write_file(&path, format, frame.clone(), &[], &|_| ()).unwrap(), 2);
            assert!(fs::read(&path).unwrap() == bytes);
            if let Some(text) = text {
                assert_eq!(String::from_utf8(bytes).unwrap(), text);
            }
        }
    }

    #[test]
    fn an_empty_frame_gives_a_csv_with_a_header() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.csv");
        let frame = df!("id" => [1_i64]).unwrap().head(Some(0)).lazy();
        assert_eq!(write_file(&path, FileFormat::Csv, frame, &[], &|_| ()).unwrap(), 0);
        assert_eq!(fs::read_to_string(&path).unwrap(), "id\n");
    }

    #[test]
    fn a_folder_that_is_a_file_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        let path = folder.path().join("file/x.csv");
        let frame = df!("id" => [1_i64]).unwrap().lazy();
        let error = write_file(&path, FileFormat::Csv, frame, &[], &|_| ()).unwrap_err().to_string();
        assert!(error.contains("file/x.csv"), "{error}");
    }
}
