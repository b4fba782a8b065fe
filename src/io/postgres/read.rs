//! Reading a table or query of a server into a frame, or beyond some rows into a file, a row group at a time.

use std::path::PathBuf;

use polars::prelude::{DataFrame, IntoLazy};

use super::{
    super::{
        IoError, ReadWatch, SourceRows, SourceState,
        checkpoint_file::ROW_GROUP_ROWS,
        file_state::ServerState,
        reject::Rejects,
        row_groups::RowGroups,
        source_rows::Spill,
        sqlite::{self, Definitions, SqliteRead, SqliteSource},
    },
    frame::{frame_of, kind_of},
    moments::Moments,
};
use crate::{
    operator::{Column, PortSchema},
    postgres::{Error, Read, Reader, Selected, Server, Session, Source, of_caller},
};

/// How often a long read looks whether it should stop, and reports rows.
const WATCH_EVERY: usize = 65_536;

/// A server and what is read of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresSource {
    /// The server.
    pub server: Server,
    /// What of it.
    pub source: Source,
    /// What tables are that the server lacks.
    pub definitions: Option<Definitions>,
}

impl PostgresSource {
    fn place(&self) -> PathBuf {
        PathBuf::from(self.server.place())
    }

    /// The empty tables of the definitions, read in the server's stead where it lacks them.
    fn stand_in(&self) -> SqliteSource {
        let read = match &self.source.read {
            Read::Table(name) => SqliteRead::Table(name.clone()),
            Read::Query(sql) => SqliteRead::Query(sql.clone()),
        };
        let busy_timeout = std::time::Duration::ZERO;
        SqliteSource { path: self.place(), read, busy_timeout, definitions: self.definitions.clone() }
    }

    /// The columns; `None` where a table is missing that is defined.
    fn select(&self, session: &Session) -> Result<Option<Selected>, IoError> {
        match session.select(&self.source) {
            Err(error) if error.is_missing_table() && self.definitions.is_some() => Ok(None),
            selected => Ok(Some(selected?)),
        }
    }
}

/// The columns.
pub(in super::super) fn schema(source: &PostgresSource) -> Result<PortSchema, IoError> {
    match source.select(&Session::open(&source.server)?)? {
        None => sqlite::schema(&source.stand_in()),
        Some(selected) => {
            Ok(selected.columns.iter().map(|column| Column::new(&column.name, kind_of(column.kind()))).collect())
        }
    }
}

/// Counts the rows.
pub(in super::super) fn count_rows(source: &PostgresSource) -> Result<u64, IoError> {
    let session = Session::open(&source.server)?;
    if source.select(&session)?.is_none() {
        return Ok(0);
    }
    Ok(session.count(&source.source)?)
}

/// The server's sign of the rows: that of a moment of a run, or of now.
pub(in super::super) fn state(source: &PostgresSource, moments: Option<&Moments>) -> Result<SourceState, IoError> {
    let session = match moments {
        Some(moments) => moments.session(&source.server)?,
        None => Session::open(&source.server)?,
    };
    let sign = match session.sign(&source.source) {
        Err(error) if error.is_missing_table() && source.definitions.is_some() => None,
        sign => sign?,
    };
    Ok(SourceState { files: Vec::new(), server: Some(ServerState { place: source.server.place(), sign }) })
}

/// Reads all rows as they stand at the run's moment; the rejected rows come second. Without a file to spill to, all rows
/// are held in memory.
pub(in super::super) fn read(
    source: &PostgresSource,
    spill: Option<Spill<'_>>,
    watch: &ReadWatch<'_>,
    moments: &Moments,
) -> Result<(SourceRows, DataFrame), IoError> {
    let session = moments.session(&source.server)?;
    let Some(selected) = source.select(&session)? else { return sqlite::read(&source.stand_in(), spill, watch) };
    // A statement that was refused ends the transaction: no other is asked after it.
    let place = source.place();
    let reader = session.read(&selected)?;
    let mut reading =
        Reading { selected: &selected, reader, watch, seen: 0, rejects: Rejects::default(), place: &place };
    let refused = |error| IoError::frame(&place, error);
    let (mut frame, mut has_more) = reading.next(spill.map_or(usize::MAX, |_| ROW_GROUP_ROWS))?;
    let Some(spill) = spill.filter(|_| has_more) else {
        let rejected = reading.rejects.into_frame().map_err(refused)?;
        return Ok((SourceRows::Held(Box::new(frame.lazy())), rejected));
    };
    let mut file = RowGroups::begin(spill.path, frame.schema(), spill.footer)?;
    let mut rows = 0;
    loop {
        rows += frame.height() as u64;
        if frame.height() > 0 {
            file = file.write(frame)?;
        }
        if !has_more {
            break;
        }
        (frame, has_more) = reading.next(ROW_GROUP_ROWS)?;
    }
    file.finish()?;
    Ok((SourceRows::Spilled { rows }, reading.rejects.into_frame().map_err(refused)?))
}

/// Rows on their way into frames.
struct Reading<'r> {
    selected: &'r Selected,
    reader: Reader<'r>,
    watch: &'r ReadWatch<'r>,
    seen: u64,
    rejects: Rejects,
    place: &'r std::path::Path,
}

impl Reading<'_> {
    /// The next usable rows, `most` of them or up to the end; whether there may be more.
    fn next(&mut self, most: usize) -> Result<(DataFrame, bool), IoError> {
        let watch = self.watch;
        let mut step = |rows: usize| -> Result<(), Error> {
            watch.progress.advance(rows as u64);
            watch.check().map_err(of_caller)
        };
        let (batch, has_more) = self.reader.next(most, WATCH_EVERY, &mut step)?;
        let rows = batch.rows as u64;
        let frame = frame_of(&self.selected.columns, batch, self.seen, &mut self.rejects);
        self.seen += rows;
        Ok((frame.map_err(|error| IoError::frame(self.place, error))?, has_more))
    }
}
