//! The sink: settings, and writing through the journal.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use polars::prelude::DataFrame;

use super::{
    super::{
        IoError,
        file_state::FileState,
        index::{Operations, metadata_columns, missing_column},
        prepared_file::check_folder,
        sinks::{
            Applied, Applying, Difference, JournalledSink, Landed, Noting, OwnWrite, PineconeTable, RefusedSetting,
            SettingPlaces, SinkTable, SinkTarget, SinkWrite, TransactionSink, Writing, refuse, seconds,
        },
    },
    drafts::{Vectors, operations},
    reach::Reached,
};
use crate::{
    batch_journal::{Journal, JournalError, Problem, Run, Session, Tally},
    operator::{Column, ColumnKind, PortSchema, for_each_batch},
};

/// An index of Pinecone, and how it is written.
struct PineconeTarget {
    table: PineconeTable,
    journal: PathBuf,
    metadata: Vec<String>,
    busy_timeout: Duration,
    patience: Duration,
}

/// Reads the settings of such a sink.
///
/// # Errors
/// Settings of other kinds.
pub(in super::super) fn open_sink(
    table: &SinkTable,
    places: &dyn SettingPlaces,
    _: PathBuf,
) -> Result<Arc<dyn SinkTarget>, RefusedSetting> {
    refuse(
        &[
            ("table", table.table.is_some()),
            ("mode", table.mode.is_some()),
            ("keys", table.keys.is_some()),
            ("columns", table.columns.is_some()),
            ("add_columns", table.add_columns),
            ("insert_only", !table.insert_only.is_empty()),
            ("definitions", table.definitions.is_some()),
            ("nested", table.nested.is_some()),
        ],
        "an index takes operations",
    )?;
    let Some(pinecone) = table.pinecone.clone() else {
        return Err(RefusedSetting::new("pinecone", "no index is named", "which one?", "give host and journal"));
    };
    seconds("pinecone", pinecone.retry_seconds)?;
    Ok(Arc::new(PineconeTarget {
        journal: places.path("pinecone.journal", &pinecone.journal),
        metadata: table.metadata.clone(),
        busy_timeout: seconds("busy_timeout", table.busy_timeout)?,
        patience: seconds("pinecone", pinecone.patience)?,
        table: pinecone,
    }))
}

impl SinkTarget for PineconeTarget {
    fn place(&self) -> &Path {
        &self.journal
    }

    fn named_columns(&self) -> Vec<&str> {
        self.metadata.iter().map(String::as_str).collect()
    }

    fn check(&self, dataset: &PortSchema) -> Result<(), IoError> {
        if let Some(missing) = missing_column(dataset, &self.metadata).filter(|_| !dataset.is_empty()) {
            return Err(IoError::Remote {
                problem: format!("an index takes operations, and the dataset has no column '{missing}'"),
                mend: "write the operations of sync-index".to_owned(),
            });
        }
        check_folder(self.journal.parent().unwrap_or(Path::new("")))
    }

    fn takes_from(&self, other: &dyn SinkTarget) -> Option<(&'static str, &'static str)> {
        (self.journal == other.place()).then_some(("journal", "give each index a journal of its own"))
    }

    fn writing(&self) -> Writing<'_> {
        Writing::Journalled(self)
    }
}

impl PineconeTarget {
    fn refused(&self, error: JournalError) -> IoError {
        match error {
            JournalError::Place { path, problem } => IoError::Malformed {
                path,
                place: String::new(),
                problem,
                mend: "move it away to begin anew".to_owned(),
            },
            JournalError::Locked { path } => IoError::Locked { path, waited: self.busy_timeout },
            JournalError::Index { problem: Problem::Stopped, .. } => IoError::Interrupted,
            JournalError::Index { name, problem } => IoError::Remote {
                problem: format!("{name}: {problem}"),
                mend: "try again later; what was confirmed is noted, the rest is owed".to_owned(),
            },
        }
    }

    fn open(&self) -> Result<Journal, IoError> {
        Journal::open(&self.journal, self.busy_timeout).map_err(|error| self.refused(error))
    }

    fn write(
        &self,
        journal: &mut Journal,
        write: &SinkWrite<'_>,
        reached: &Reached,
        applying: &Applying<'_>,
    ) -> Result<Landed, IoError> {
        let begun = Instant::now();
        if !write.again && journal.holds(write.owner, write.batch).map_err(|error| self.refused(error))? {
            return Ok(Landed::default());
        }
        let frame_refused = |error| IoError::frame(&self.journal, error);
        let mut frame = write.frame.clone();
        let columns = frame.collect_schema().map_err(frame_refused)?;
        let dataset = columns.iter().map(|(name, kind)| Column::new(name, ColumnKind::of(kind))).collect();
        let metadata = metadata_columns(&dataset, &self.metadata);
        let vectors = Vectors { beside: self.table.sparse_values, apart: self.table.sparse_host.is_some() };
        let targets = reached.targets();
        let run =
            Run { run_id: write.run_id, owner: write.owner, now: now(), again: write.again, patience: self.patience };
        let mut session = Session::begin(journal, &targets, run, applying.fail).map_err(|error| self.refused(error))?;
        let mut is_checked = false;
        for_each_batch(frame, frame_refused, |batch: DataFrame| {
            let length = Operations::of(&batch, &[]).map_err(frame_refused)?.vector_length();
            if length.is_some() && !is_checked {
                reached.check_dimensions(length)?;
                is_checked = true;
            }
            let operations = operations(&self.journal, &batch, &metadata, vectors)?;
            session.apply(&operations).map_err(|error| self.refused(error))?;
            applying.watch.progress.advance(operations.len() as u64);
            Ok(())
        })?;
        let tally = session.end(write.batch).map_err(|error| self.refused(error))?;
        Ok(landed(&tally, begun.elapsed().as_secs_f64()))
    }
}

/// Seconds since 1970: when an item is tried again depends on the clock, and no result does.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

fn landed(tally: &Tally, seconds: f64) -> Landed {
    let mut warnings = Vec::new();
    if tally.failed > 0 {
        warnings.push(format!("{} items failed; they are tried again, see `nightloom catalog status`", tally.failed));
    }
    if tally.deferred > 0 {
        warnings.push(format!("{} items that failed before wait for their next try", tally.deferred));
    }
    let left_out = tally.failed + tally.deferred + tally.skipped;
    Landed { rows: Some(tally.all()), left_out, seconds, warnings }
}

impl TransactionSink for PineconeTarget {
    fn holds(&self, owner: &str, batch: &str) -> Result<bool, IoError> {
        Journal::look(&self.journal, self.busy_timeout, owner, batch).map_err(|error| self.refused(error))
    }

    fn apply(&self, writes: &[SinkWrite<'_>], applying: &Applying<'_>) -> Result<Applied, IoError> {
        // What is written elsewhere cannot be held back.
        (applying.ready)()?;
        let mut journal = self.open()?;
        let before = FileState::of_sqlite(&self.journal)?;
        let reached = Reached::of(&self.table)?;
        let mut written = Vec::with_capacity(writes.len());
        for write in writes {
            written.push(self.write(&mut journal, write, &reached, applying)?);
        }
        let after = FileState::of_sqlite(&self.journal)?;
        // The journal's lock is held: nobody else wrote it.
        Ok(Applied {
            landed: written,
            commit_seconds: 0.0,
            own_write: Some(OwnWrite { before, after, undisturbed: true }),
        })
    }
}

impl JournalledSink for PineconeTarget {
    fn rollback(&self, run_id: &str) -> Result<Option<u64>, IoError> {
        let reached = Reached::of(&self.table)?;
        let rolled_back = self.open()?.rollback(run_id, &reached.targets(), self.patience);
        rolled_back.map_err(|error| self.refused(error))
    }

    fn compare(&self, namespace: &str, noting: Noting) -> Result<Difference, IoError> {
        let reached = Reached::of(&self.table)?;
        let mut journal = self.open()?;
        let targets = reached.targets();
        let drift = match noting {
            Noting::Nothing => journal.drift(namespace, &targets, self.patience),
            Noting::Found => journal.reconcile(namespace, &targets, self.patience),
        };
        let drift = drift.map_err(|error| self.refused(error))?;
        Ok(Difference { same: drift.same, other: drift.other, missing: drift.missing, unknown: drift.unknown })
    }
}
