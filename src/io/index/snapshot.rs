//! What the index confirmed of all products, as a Parquet file beside it: the state of yesterday is read from there, with
//! what changed since from the index.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use polars::prelude::{
    BinaryChunkedBuilder, ChunkedBuilder, DataFrame, Int64Type, IntoColumn, IntoLazy, PrimitiveChunkedBuilder,
    StringChunkedBuilder,
};
use rusqlite::{Connection, params};

use super::{
    super::{IoError, checkpoint_file::write_parquet, prepared_file::sync_folder_of},
    schema,
};

/// A new snapshot is made when this share of the products changed since the last one, and at least so many.
const SHARE: i64 = 20;
const LEAST: i64 = 10_000;

/// The file in its folder.
const NAME: &str = "snapshot.parquet";

/// The folder of an index's snapshots.
pub fn folder(index: &Path) -> PathBuf {
    let mut name = index.as_os_str().to_owned();
    name.push(".state");
    PathBuf::from(name)
}

/// Forgets a snapshot whose file is gone: all that the index has then changed since.
pub fn forget_missing(index: &Path, connection: &Connection) -> rusqlite::Result<()> {
    if !schema::is_index(connection)? || folder(index).join(NAME).exists() {
        return Ok(());
    }
    schema::set_setting(connection, "snapshot", 0)
}

/// Makes a new snapshot if much has changed since the last. The file is there before the index says so: what changed
/// since an older one can be laid over a newer one.
///
/// # Errors
/// When it cannot be written; the old one stays.
pub fn renew(index: &Path, connection: &Connection, fail: &dyn Fn(&str)) -> Result<(), IoError> {
    let refused = |error| IoError::sqlite(index, "cannot make a snapshot", std::time::Duration::ZERO, error);
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(refused);
    let Some(snapshot) = schema::setting(connection, "snapshot").map_err(refused)? else { return Ok(()) };
    let generation = schema::setting(connection, "generation").map_err(refused)?.unwrap_or_default();
    let since = |table: &str| count(&format!("SELECT count(*) FROM {table} WHERE generation > {snapshot}"));
    let changed = since("products")? + since("gone")?;
    let most = || Ok::<_, IoError>((count("SELECT count(*) FROM products")? / SHARE).max(LEAST));
    if changed < LEAST || changed < most()? {
        return Ok(());
    }
    let folder = folder(index);
    fs::create_dir_all(&folder).map_err(|error| IoError::file(&folder, "write", error))?;
    let (path, partial) = (folder.join(NAME), folder.join(".snapshot.partial"));
    let frame = read(connection).map_err(refused)?;
    let frame = frame.map_err(|error| IoError::frame(&path, error))?;
    write_parquet(&partial, frame.lazy(), &[("nightloom.generation".to_owned(), generation.to_string())])?;
    let flushed = File::open(&partial).and_then(|file| file.sync_all());
    flushed.map_err(|error| IoError::file(&partial, "write", error))?;
    fail("index-snapshot-written");
    fs::rename(&partial, &path).map_err(|error| IoError::file(&path, "write", error))?;
    sync_folder_of(&path)?;
    fail("index-snapshot-renamed");
    schema::set_setting(connection, "snapshot", generation).map_err(refused)?;
    connection.execute("DELETE FROM gone WHERE generation <= ?1", params![generation]).map_err(refused)?;
    Ok(())
}

const QUERY: &str = "SELECT namespace, id, digest_a, digest_b, hash_version, content_hash, index_hash, text_hash, fields, digests \
                     FROM products JOIN field_layouts USING (layout) ORDER BY key";

fn read(connection: &Connection) -> rusqlite::Result<polars::prelude::PolarsResult<DataFrame>> {
    let mut texts: Vec<_> = ["namespace", "id", "content_hash", "index_hash", "text_hash", "fields"]
        .map(|name| StringChunkedBuilder::new(name.into(), 0))
        .into();
    let mut numbers: Vec<PrimitiveChunkedBuilder<Int64Type>> =
        ["digest_a", "digest_b", "hash_version"].map(|name| PrimitiveChunkedBuilder::new(name.into(), 0)).into();
    let mut digests = BinaryChunkedBuilder::new("digests".into(), 0);
    let mut statement = connection.prepare(QUERY)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        for (builder, place) in texts.iter_mut().zip([0, 1, 5, 6, 7, 8]) {
            builder.append_value(row.get_ref(place)?.as_str()?);
        }
        for (builder, place) in numbers.iter_mut().zip([2, 3, 4]) {
            builder.append_value(row.get_ref(place)?.as_i64()?);
        }
        digests.append_value(row.get_ref(9)?.as_blob()?);
    }
    let mut columns: Vec<_> = texts.into_iter().map(|builder| builder.finish().into_column()).collect();
    columns.extend(numbers.into_iter().map(|builder| builder.finish().into_column()));
    columns.push(digests.finish().into_column());
    let height = columns.first().map_or(0, polars::prelude::Column::len);
    Ok(DataFrame::new(height, columns))
}
