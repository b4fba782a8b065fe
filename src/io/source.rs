//! A source: where a dataset comes from, its columns, its state, its rows.

use std::path::Path;

use polars::prelude::DataFrame;

use super::{
    IoError, ReadWatch, SourceState,
    csv::{self, CsvOptions},
    files, json, listing, parquet,
    postgres::{self, Moments, PostgresSource},
    source_rows::{SourceRead, SourceRows, Spill},
    sqlite::{self, SqliteSource},
};
use crate::operator::PortSchema;

/// Where a dataset comes from. A glob reads many files as one, sorted by path; one that matches nothing is an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceSpec {
    /// A table or query of a SQLite database.
    Sqlite(SqliteSource),
    /// A table or query of a PostgreSQL server.
    Postgres(Box<PostgresSource>),
    /// CSV files; `.gz` and `.zst` are decompressed.
    Csv {
        /// The files.
        glob: String,
        /// How they are written.
        options: CsvOptions,
    },
    /// One JSON object a line; `.gz` and `.zst` are decompressed.
    Ndjson {
        /// The files.
        glob: String,
    },
    /// An array of JSON objects a file, read whole; `.gz` and `.zst` are decompressed.
    Json {
        /// The files.
        glob: String,
    },
    /// Parquet files, scanned lazily.
    Parquet {
        /// The files.
        glob: String,
    },
    /// The files themselves, a row each; a stage opens them.
    Files {
        /// The files, or a folder of them.
        glob: String,
        /// What it means when there are none.
        missing: MissingFiles,
    },
}

/// What it means when a source of files finds none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingFiles {
    /// An error.
    #[default]
    Refused,
    /// A dataset without rows.
    Empty,
}

impl SourceSpec {
    /// The columns, without reading the data (JSON must be parsed for them). A type that only the values can tell is
    /// [`crate::operator::ColumnKind::Any`].
    ///
    /// # Errors
    /// When the file, table or columns are not there or cannot be understood.
    pub fn schema(&self) -> Result<PortSchema, IoError> {
        match self {
            Self::Sqlite(source) => sqlite::schema(source),
            Self::Postgres(source) => postgres::schema(source),
            Self::Csv { glob, options } => csv::schema(glob, options),
            Self::Ndjson { glob } => json::ndjson_schema(glob),
            Self::Json { glob } => json::json_schema(glob),
            Self::Parquet { glob } => parquet::schema(glob),
            Self::Files { .. } if self.lacks_files() => Ok(listing::columns()),
            Self::Files { glob, .. } => listing::schema(glob),
        }
    }

    /// The number of rows, where it can be told without reading them all into memory: a count in SQLite, the
    /// footers of Parquet files.
    ///
    /// # Errors
    /// When the file, table or columns are not there.
    pub fn count_rows(&self) -> Result<Option<u64>, IoError> {
        match self {
            Self::Sqlite(source) => sqlite::count_rows(source).map(Some),
            Self::Postgres(source) => postgres::count_rows(source).map(Some),
            Self::Parquet { glob } => parquet::count_rows(glob).map(Some),
            Self::Files { .. } if self.lacks_files() => Ok(Some(0)),
            Self::Files { glob, .. } => listing::count_rows(glob).map(Some),
            Self::Csv { .. } | Self::Ndjson { .. } | Self::Json { .. } => Ok(None),
        }
    }

    /// The state of the source's files, found without reading the data.
    ///
    /// # Errors
    /// When a file is not there.
    pub fn state(&self) -> Result<SourceState, IoError> {
        match self {
            Self::Sqlite(source) => source.state(),
            Self::Postgres(source) => postgres::state(source, None),
            Self::Csv { glob, .. } | Self::Ndjson { glob } | Self::Json { glob } | Self::Parquet { glob } => {
                files::state_of(glob)
            }
            Self::Files { .. } if self.lacks_files() => Ok(SourceState::default()),
            Self::Files { glob, .. } => files::state_of(&listing::pattern(glob)),
        }
    }

    /// What a person should know of the source's files: links among them that lead in a circle.
    pub fn warnings(&self) -> Vec<String> {
        match self {
            Self::Sqlite(_) | Self::Postgres(_) => Vec::new(),
            Self::Csv { glob, .. } | Self::Ndjson { glob } | Self::Json { glob } | Self::Parquet { glob } => {
                files::warnings(glob)
            }
            Self::Files { glob, .. } => files::warnings(&listing::pattern(glob)),
        }
    }

    /// The state with the hashes of small files, to be kept and compared with later ones; of a server that at its moment.
    ///
    /// # Errors
    /// When a file is not there or cannot be read.
    pub fn state_with_contents(&self, moments: &Moments) -> Result<SourceState, IoError> {
        if let Self::Postgres(source) = self {
            return postgres::state(source, Some(moments));
        }
        let state = self.state()?;
        if self.is_of_files() { state.with_contents() } else { Ok(state) }
    }

    /// The database that is read, if it is one.
    pub fn database(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(source) => Some(&source.path),
            _ => None,
        }
    }

    /// Whether no file is there, and none need be.
    fn lacks_files(&self) -> bool {
        match self {
            Self::Files { glob, missing: MissingFiles::Empty } => files::are_missing(&listing::pattern(glob)),
            _ => false,
        }
    }

    /// Whether files are read as they lie there, with nothing that keeps writers out meanwhile.
    pub fn is_of_files(&self) -> bool {
        !matches!(self, Self::Sqlite(_) | Self::Postgres(_))
    }

    /// Reads everything. Rows with values that cannot be used are rejected with a reason.
    ///
    /// # Errors
    /// When the source is not there, is locked, or is damaged as a whole; [`IoError::Interrupted`].
    pub fn read(&self, watch: &ReadWatch<'_>) -> Result<SourceRead, IoError> {
        match self {
            Self::Sqlite(source) => {
                let (rows, rejected) = sqlite::read(source, None, watch)?;
                let SourceRows::Held(frame) = rows else { return Err(IoError::Interrupted) };
                Ok(SourceRead { frame: *frame, rejected })
            }
            Self::Postgres(source) => {
                let (rows, rejected) = postgres::read(source, None, watch, &Moments::default())?;
                let SourceRows::Held(frame) = rows else { return Err(IoError::Interrupted) };
                Ok(SourceRead { frame: *frame, rejected })
            }
            Self::Csv { glob, options } => csv::read(glob, options, watch),
            Self::Ndjson { glob } => json::read_ndjson(glob, watch),
            Self::Json { glob } => json::read_json(glob, watch),
            Self::Parquet { glob } => parquet::read(glob),
            Self::Files { .. } if self.lacks_files() => listing::nothing(),
            Self::Files { glob, .. } => listing::read(glob, watch),
        }
    }

    /// Reads everything like [`Self::read`], of servers at the moments of a run; many rows of a database go to `spill` while they are read. Equal rows are
    /// equal bytes either way. The rejected rows come second.
    ///
    /// # Errors
    /// As [`Self::read`]; or when the file cannot be written.
    pub fn read_or_spill(
        &self,
        spill: Spill<'_>,
        watch: &ReadWatch<'_>,
        moments: &Moments,
    ) -> Result<(SourceRows, DataFrame), IoError> {
        match self {
            Self::Sqlite(source) => return sqlite::read(source, Some(spill), watch),
            Self::Postgres(source) => return postgres::read(source, Some(spill), watch, moments),
            _ => {}
        }
        let SourceRead { frame, rejected } = self.read(watch)?;
        Ok((SourceRows::Held(Box::new(frame)), rejected))
    }
}
