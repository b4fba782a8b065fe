//! Sources and sinks: SQLite, PostgreSQL, CSV, NDJSON, JSON and Parquet, in and out of frames. Knows no domain and no pipeline file.

pub mod checkpoint_file;
mod columns;
mod csv;
mod error;
mod file_sink;
mod file_state;
mod files;
pub mod index;
mod json;
mod json_text;
mod listing;
mod matching;
mod nested;
mod parquet;
mod parquet_batches;
mod pgvector;
mod pinecone;
mod postgres;
mod prepared_file;
mod reject;
mod row_groups;
mod sinks;
mod source;
mod source_rows;
mod spelled_time;
mod sqlite;
#[cfg(test)]
mod testing;
mod watch;

pub use csv::{CsvOptions, Encoding};
pub use error::IoError;
pub use file_sink::{FileContent, FileSink, Prepared};
pub use file_state::{FileState, Signs, SourceState, Unchanged, state_of_written};
pub use files::open;
pub use nested::{first_misspelled, with_lists};
pub use parquet_batches::ParquetBatches;
pub use postgres::{Moments, PostgresSource};
pub use prepared_file::{FileTarget, FileWriter, PreparedFile, sync_folder_of};
pub use reject::rejected_schema;
pub use sinks::{
    Applied, Applying, Difference, JournalledSink, KINDS, Landed, Noting, OwnWrite, RefusedSetting, SettingPlaces,
    SinkTable, SinkTarget, SinkWrite, TransactionSink, Writing, definitions_in, seconds,
};
pub use source::{MissingFiles, SourceSpec};
pub use source_rows::{SourceRead, SourceRows, Spill};
pub use sqlite::{ColumnPair, Definitions, SqliteRead, SqliteSource, open_to_change, open_to_look, share_allocator};
pub use watch::ReadWatch;
