//! File sinks: Parquet, CSV and NDJSON, replaced atomically.

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use polars::prelude::{CsvWriter, JsonFormat, JsonWriter, LazyFrame, SerWriter};

use super::{
    IoError,
    checkpoint_file::{read_footer_metadata, scan_parquet, write_parquet},
    file_state::{FileState, SourceState},
    nested::with_json_texts,
    prepared_file::{FileTarget, FileWriter, PreparedFile, check_target, sweep},
};
use crate::operator::{JsonStyle, for_each_batch};

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

/// How a file that has lists and records holds them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Nested {
    /// As lists and records.
    #[default]
    Native,
    /// As JSON texts, as files without them do.
    Json,
}

/// A file that is replaced as a whole.
pub struct FileSink {
    /// The file.
    pub path: PathBuf,
    /// Its format.
    pub format: FileFormat,
    /// How it holds lists and records; CSV has none.
    pub nested: Nested,
    /// How long to wait for another run that writes it.
    pub busy_timeout: Duration,
}

impl FileSink {
    /// Refuses, before any work, a file that could not be put in its place.
    ///
    /// # Errors
    /// A path that is a folder or names no file, a folder that cannot be made or written.
    pub fn check(&self) -> Result<(), IoError> {
        check_target(&self.path)
    }

    /// What the file is to hold: the rows of a Parquet file; `None` when it holds them already. `json` is how lists and
    /// records are spelled where they are texts.
    pub fn content(&self, json: JsonStyle, from: Option<PathBuf>) -> FileContent<'_> {
        let Self { path, format, nested, busy_timeout } = self;
        FileContent { path, format: *format, nested: *nested, json, busy_timeout: *busy_timeout, from }
    }

    /// Whether the file is as it was left.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub fn is_as_left(&self, left: &SourceState) -> Result<bool, IoError> {
        let now = SourceState::of_file(FileState::of(&self.path)?);
        now.unchanged_since(left).map(|unchanged| unchanged.is_some())
    }
}

/// What a file is to hold.
pub struct FileContent<'a> {
    /// The file.
    pub path: &'a Path,
    /// Its format.
    pub format: FileFormat,
    /// How it holds lists and records; CSV has none.
    pub nested: Nested,
    /// How they are spelled where they are texts.
    pub json: JsonStyle,
    /// How long to wait for another run that writes it.
    pub busy_timeout: Duration,
    /// The Parquet file with its rows; `None` when it holds them already.
    pub from: Option<PathBuf>,
}

/// A file whose content is prepared, or why not, and how many seconds that took.
pub struct Prepared {
    /// `None` when it holds its rows already.
    pub file: Result<Option<PreparedFile>, IoError>,
    /// Wall time.
    pub seconds: f64,
}

impl FileContent<'_> {
    /// Takes the right to write the file, if it is to be written.
    ///
    /// # Errors
    /// When another run writes it, or its folder cannot be written.
    pub fn take(&self, writer: &FileWriter<'_>) -> Result<Option<FileTarget>, IoError> {
        if self.from.is_some() {
            return FileTarget::take(self.path, writer, self.busy_timeout).map(Some);
        }
        sweep(self.path);
        Ok(None)
    }

    /// Writes the rows beside the file, to be published there. As Parquet they are a copy to the byte, the footer
    /// included. Equal rows give equal bytes.
    pub fn prepare(&self, target: Option<FileTarget>) -> Prepared {
        let started = Instant::now();
        let file = match (&self.from, target) {
            (Some(from), Some(target)) => target.prepare(|to| self.write(from, to)).map(Some),
            _ => Ok(None),
        };
        Prepared { file, seconds: started.elapsed().as_secs_f64() }
    }

    fn write(&self, from: &Path, to: &Path) -> Result<(), IoError> {
        let as_texts = || with_json_texts(scan_parquet(from)?, self.json).map_err(|error| IoError::frame(from, error));
        match (self.format, self.nested) {
            (FileFormat::Parquet, Nested::Native) => match fs::copy(from, to) {
                Ok(_) => Ok(()),
                Err(error) => Err(IoError::file(self.path, "write", error)),
            },
            (FileFormat::Parquet, Nested::Json) => {
                write_parquet(to, as_texts()?, &own_pairs(read_footer_metadata(from)?)).map(drop)
            }
            (FileFormat::Csv, _) => write_csv(to, as_texts()?),
            (FileFormat::Ndjson, Nested::Native) => write_ndjson(to, scan_parquet(from)?),
            (FileFormat::Ndjson, Nested::Json) => write_ndjson(to, as_texts()?),
        }
    }
}

/// What a footer says of where the rows come from, without what the writer says of the columns.
fn own_pairs(pairs: Vec<(String, String)>) -> Vec<(String, String)> {
    pairs.into_iter().filter(|(key, _)| key != ARROW_SCHEMA).collect()
}

/// The key under which a writer of Parquet keeps the columns' types.
const ARROW_SCHEMA: &str = "ARROW:schema";

fn write_csv(path: &Path, mut frame: LazyFrame) -> Result<(), IoError> {
    let refused = |error| IoError::frame(path, error);
    let mut out = create(path)?;
    let schema = frame.collect_schema().map_err(refused)?;
    let mut writer =
        CsvWriter::new(&mut out).with_datetime_format(Some(INSTANT.into())).batched(&schema).map_err(refused)?;
    for_each_batch(frame, refused, |batch| writer.write_batch(&batch).map_err(refused))?;
    writer.finish().map_err(refused)?;
    out.flush().map_err(|error| IoError::file(path, "write", error))
}

fn write_ndjson(path: &Path, frame: LazyFrame) -> Result<(), IoError> {
    let refused = |error| IoError::frame(path, error);
    let mut out = create(path)?;
    for_each_batch(frame, refused, |mut batch| {
        JsonWriter::new(&mut out).with_json_format(JsonFormat::JsonLines).finish(&mut batch).map_err(refused)
    })?;
    out.flush().map_err(|error| IoError::file(path, "write", error))
}

fn create(path: &Path) -> Result<BufWriter<File>, IoError> {
    let file = File::create(path).map_err(|error| IoError::file(path, "write", error))?;
    Ok(BufWriter::with_capacity(1 << 18, file))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use polars::prelude::{DataFrame, IntoLazy, df};

    use super::*;
    use crate::{
        io::nested::with_lists,
        operator::{ColumnKind, Field},
    };

    fn rows(folder: &Path, frame: DataFrame) -> PathBuf {
        let path = folder.join("rows.parquet");
        write_parquet(&path, frame.lazy(), &[]).unwrap();
        path
    }

    fn write_file(path: &Path, format: FileFormat, from: &Path) -> Result<(), IoError> {
        write_nested(path, format, Nested::Native, from)
    }

    fn write_nested(path: &Path, format: FileFormat, nested: Nested, from: &Path) -> Result<(), IoError> {
        let sink = FileSink { path: path.to_owned(), format, nested, busy_timeout: Duration::ZERO };
        let content = sink.content(JsonStyle::Compact, Some(from.to_owned()));
        let writer = FileWriter { run_id: "1", holder: "a test", cancelled: &AtomicBool::new(false) };
        content.prepare(content.take(&writer)?).file?.map_or(Ok(()), |file| file.publish(&|_| ()).map(drop))
    }

    #[test]
    fn each_format_holds_the_rows_and_equal_rows_give_equal_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let from = rows(folder.path(), df!("id" => [1_i64, 2], "name" => [Some("a,\"b"), None]).unwrap());
        for (format, expected) in [
            (FileFormat::Csv, b"id,name\n1,\"a,\"\"b\"\n2,\n".to_vec()),
            (FileFormat::Ndjson, b"{\"id\":1,\"name\":\"a,\\\"b\"}\n{\"id\":2,\"name\":null}\n".to_vec()),
            (FileFormat::Parquet, fs::read(&from).unwrap()),
        ] {
            let path = folder.path().join("deep").join(format!("{format:?}"));
            for _ in 0..2 {
                write_file(&path, format, &from).unwrap();
                assert!(fs::read(&path).unwrap() == expected, "{format:?}");
            }
        }
    }

    #[test]
    fn lists_and_records_are_native_where_a_file_has_them_and_texts_where_it_has_none_or_is_asked_to() {
        let folder = tempfile::tempdir().unwrap();
        let frame = df!("id" => [1_i64, 2], "side" => ["{\"items\":[\"a\",\"b\"]}", "{\"items\":[]}"]).unwrap();
        const SIDE: ColumnKind = ColumnKind::Record(&[Field::new("items", ColumnKind::Texts)]);
        let lists = with_lists(frame.clone().lazy(), "side", SIDE).unwrap();
        let from = folder.path().join("rows.parquet");
        write_parquet(&from, lists, &[("run".to_owned(), "7".to_owned())]).unwrap();
        let text = |name: &str, format, nested| {
            let path = folder.path().join(name);
            write_nested(&path, format, nested, &from).unwrap();
            fs::read_to_string(&path).unwrap()
        };
        let csv = "id,side\n1,\"{\"\"items\"\":[\"\"a\"\",\"\"b\"\"]}\"\n2,\"{\"\"items\"\":[]}\"\n";
        assert_eq!(text("x.csv", FileFormat::Csv, Nested::Native), csv);
        let native = "{\"id\":1,\"side\":{\"items\":[\"a\",\"b\"]}}\n{\"id\":2,\"side\":{\"items\":[]}}\n";
        assert_eq!(text("x.ndjson", FileFormat::Ndjson, Nested::Native), native);
        assert!(text("y.ndjson", FileFormat::Ndjson, Nested::Json).starts_with("{\"id\":1,\"side\":\"{\\\"items"));
        let parquet = |name: &str, nested| {
            let path = folder.path().join(name);
            write_nested(&path, FileFormat::Parquet, nested, &from).unwrap();
            assert!(read_footer_metadata(&path).unwrap().contains(&("run".to_owned(), "7".to_owned())));
            scan_parquet(&path).unwrap().collect().unwrap()
        };
        assert_eq!(parquet("native", Nested::Native).column("side").unwrap().dtype(), &SIDE.data_type().unwrap());
        assert_eq!(parquet("json", Nested::Json), frame);
    }

    #[test]
    fn an_empty_frame_gives_a_csv_with_a_header() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.csv");
        let from = rows(folder.path(), df!("id" => [1_i64]).unwrap().head(Some(0)));
        write_file(&path, FileFormat::Csv, &from).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "id\n");
    }

    #[test]
    fn a_folder_that_is_a_file_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let from = rows(folder.path(), df!("id" => [1_i64]).unwrap());
        fs::write(folder.path().join("file"), "").unwrap();
        let path = folder.path().join("file/x.csv");
        let error = write_file(&path, FileFormat::Csv, &from).unwrap_err().to_string();
        assert!(error.contains("file/x.csv"), "{error}");
    }
}
