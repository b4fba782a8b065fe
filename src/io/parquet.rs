//! Parquet files as sources: scanned lazily, columns cast to the types of the house.

use std::path::{Path, PathBuf};

use polars::prelude::{DataType, Expr, LazyFrame, PlRefPath, ScanArgsParquet, Schema, TimeUnit, col};

use super::{IoError, SourceRead, checkpoint_file, files, reject::Rejects};
use crate::operator::{Column, ColumnKind, PortSchema};

/// The columns of the first file's footer.
pub(super) fn schema(pattern: &str) -> Result<PortSchema, IoError> {
    let paths = files::matches(pattern)?;
    let (_, schema) = scan(paths.get(..1).unwrap_or_default(), pattern)?;
    Ok(schema.iter().map(|(name, data_type)| Column::new(name, ColumnKind::of(data_type))).collect())
}

/// The rows of all files a glob matches, from their footers.
pub(super) fn count_rows(pattern: &str) -> Result<u64, IoError> {
    files::matches(pattern)?.iter().map(|path| checkpoint_file::count_rows(path)).sum()
}

/// Scans all files a glob matches. Every footer is looked at first, so that a damaged file is named.
pub(super) fn read(pattern: &str) -> Result<SourceRead, IoError> {
    let paths = files::matches(pattern)?;
    let (frame, schema) = scan(&paths, pattern)?;
    let casts: Vec<Expr> = schema.iter().filter_map(|(name, data_type)| to_house(name, data_type)).collect();
    let frame = if casts.is_empty() { frame } else { frame.with_columns(casts) };
    let rejected = Rejects::default().into_frame().map_err(|error| IoError::frame(Path::new(pattern), error))?;
    Ok(SourceRead { frame, rejected })
}

fn scan(paths: &[PathBuf], pattern: &str) -> Result<(LazyFrame, Schema), IoError> {
    let refused = |source| IoError::Frame { what: pattern.to_owned(), source };
    for path in paths {
        checkpoint_file::footer_start(path)?;
    }
    let locations =
        paths.iter().map(|path| PlRefPath::try_from_path(path)).collect::<Result<_, _>>().map_err(refused)?;
    let arguments = ScanArgsParquet { glob: false, ..Default::default() };
    let mut frame = LazyFrame::scan_parquet_files(locations, arguments).map_err(refused)?;
    let schema = frame.collect_schema().map_err(refused)?;
    Ok((frame, schema.as_ref().clone()))
}

/// The cast that turns a narrower or zoned type into the house's type of its kind.
fn to_house(name: &str, data_type: &DataType) -> Option<Expr> {
    let wanted = match data_type {
        DataType::Categorical(..) | DataType::Enum(..) => DataType::String,
        DataType::Datetime(..) => DataType::Datetime(TimeUnit::Microseconds, None),
        other => ColumnKind::of(other).data_type()?,
    };
    (wanted != *data_type).then(|| col(name).strict_cast(wanted))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use polars::prelude::{IntoLazy, NamedFrom, Series, df};

    use super::*;

    #[test]
    fn files_of_a_glob_are_one_table_in_the_types_of_the_house() {
        let folder = tempfile::tempdir().unwrap();
        for (name, id) in [("b", 2_i32), ("a", 1)] {
            let frame = df!("id" => [id], "x" => [0.5_f32]).unwrap();
            checkpoint_file::write_parquet(&folder.path().join(name), frame.lazy(), &[]).unwrap();
        }
        let glob = format!("{}/*", folder.path().display());
        let frame = read(&glob).unwrap().frame.collect().unwrap();
        assert_eq!(frame.column("id").unwrap().as_materialized_series(), &Series::new("id".into(), [1_i64, 2]));
        assert_eq!(frame.dtypes(), [DataType::Int64, DataType::Float64]);
        assert_eq!(schema(&glob).unwrap(), [Column::new("id", ColumnKind::Int), Column::new("x", ColumnKind::Float)]);
    }

    #[test]
    fn a_truncated_file_among_many_is_named() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a", "b"] {
            let frame = df!("id" => [1_i64]).unwrap();
            checkpoint_file::write_parquet(&folder.path().join(name), frame.lazy(), &[]).unwrap();
        }
        let bytes = fs::read(folder.path().join("b")).unwrap();
        fs::write(folder.path().join("b"), &bytes[..bytes.len() - 20]).unwrap();
        let error = read(&format!("{}/*", folder.path().display())).err().unwrap().to_string();
        assert!(error.contains("/b: truncated"), "{error}");
    }
}
