//! PostgreSQL, and what speaks its protocol: connection strings as libpq knows them, reading by binary COPY into columns at
//! one moment, and writing by COPY into a staging table and one statement, in one transaction with a ledger row. It knows no
//! frames and no pipeline.

mod columns;
mod decode;
mod definition;
mod encode;
mod error;
mod files;
mod ledger;
mod moment;
mod names;
mod numeric;
mod pairs;
mod placing;
mod session;
mod settings;
mod sink;
mod source;
mod staging;
mod statements;
mod table;
mod tls;
mod vectors;
mod words;
mod write;

pub use columns::{Batch, Bits, Column, Kind, Rejected, Texts, Validity, Values};
pub use decode::{Decoder, Wire};
pub use definition::{DefinedColumn, Definition};
pub use encode::{
    Cells, put_bool, put_bytea, put_date, put_float, put_floats, put_int, put_json, put_null, put_text, put_timestamp,
};
pub use error::{Error, Result};
pub use ledger::holds;
pub use moment::Moment;
pub use names::{qualified, quote};
pub use placing::staged_type;
pub use session::{Dialect, Session};
pub use settings::{Server, Surroundings, hide_passwords, is_url, without_password};
pub use sink::{DatasetColumn, Mode, Pair, TableSink};
pub use source::{Changed, Read, Reader, Selected, Source, SourceColumn};
pub use vectors::{OPERATION_COLUMNS, VectorSink};
pub use write::{Applied, Control, Counts, Landed, Put, Rows, Work, Write, apply, lock_key, of_caller};
