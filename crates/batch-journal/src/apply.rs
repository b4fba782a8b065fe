//! A run: operations into batches, each planned, applied and verified; a batch that the index refuses is halved until the item
//! is found that it refuses.

use std::time::Instant;

use rusqlite::params;
use serde_json::Value;

use super::{
    error::{Fault, Held, JournalError},
    failed::{self, Due},
    item::{Doing, Operation},
    journal::Journal,
    plan::{self, Batch, Planned, sights},
    run::Run,
    schema::KEPT_RUNS,
    state::{self, Confirmed},
    target::{Problem, Target},
    verify::unseen,
};

/// Records of a batch, and deletes.
const UPSERTS: usize = 92;
const DELETES: usize = 1_000;
/// Bytes of a batch: it is one request, which is taken or refused as a whole.
const BYTES: usize = 1_800_000;
/// Batches that are applied before the first of them is verified: an index shows what was written late.
const WINDOW: usize = 8;

/// What became of the operations of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// New products.
    pub added: u64,
    /// Products written anew.
    pub updated: u64,
    /// Products taken out.
    pub deleted: u64,
    /// Operations that had nothing to do.
    pub skipped: u64,
    /// Operations that failed.
    pub failed: u64,
    /// Operations whose time has not come.
    pub deferred: u64,
}

impl Tally {
    /// All operations.
    pub fn all(&self) -> u64 {
        self.added + self.updated + self.deleted + self.skipped + self.failed + self.deferred
    }
}

/// A run that goes on.
pub struct Session<'a> {
    journal: &'a mut Journal,
    targets: &'a [&'a dyn Target],
    run: Run<'a>,
    fail: &'a dyn Fn(&str),
    begun: Instant,
    tally: Tally,
    applied: Vec<Batch>,
    writes: u64,
}

impl<'a> Session<'a> {
    /// Begins a run; what a killed one left is ended first. `fail` is called where a test may end the process.
    ///
    /// # Errors
    /// When the index does not answer.
    pub fn begin(
        journal: &'a mut Journal,
        targets: &'a [&'a dyn Target],
        run: Run<'a>,
        fail: &'a dyn Fn(&str),
    ) -> Result<Self, JournalError> {
        journal.recover(targets, run.patience, fail)?;
        Ok(Self {
            journal,
            targets,
            run,
            fail,
            begun: Instant::now(),
            tally: Tally::default(),
            applied: Vec::new(),
            writes: 0,
        })
    }

    /// Carries out operations, in their order.
    ///
    /// # Errors
    /// When the index fails as a whole; what it confirmed is noted, the rest is owed.
    pub fn apply(&mut self, operations: &[Operation]) -> Result<(), JournalError> {
        let done = self.carry_out(operations);
        done.map_err(|fault| self.break_off(fault))
    }

    fn carry_out(&mut self, operations: &[Operation]) -> Held<()> {
        let mut open: Vec<&Operation> = Vec::new();
        for operation in operations {
            if self.is_open(operation)? {
                open.push(operation);
            }
        }
        let is_alike =
            |one: &&Operation, other: &&Operation| one.doing == other.doing && one.namespace == other.namespace;
        for alike in open.chunk_by(is_alike) {
            let most = match alike.first().map(|operation| operation.doing) {
                Some(Doing::Delete) => DELETES,
                _ => UPSERTS,
            };
            for part in alike.chunks(most) {
                self.write(part)?;
                if self.applied.len() >= WINDOW {
                    self.verify()?;
                }
            }
        }
        Ok(())
    }

    /// Whether there is anything to do for an operation now.
    fn is_open(&mut self, operation: &Operation) -> Held<bool> {
        let (namespace, id) = (operation.namespace.as_str(), operation.id.as_str());
        let connection = &self.journal.connection;
        if failed::due(connection, &self.run, namespace, id)? == Due::Later {
            self.tally.deferred += 1;
            return Ok(false);
        }
        let before = state::get(connection, namespace, id)?;
        let is_same = match (operation.doing, &before) {
            (Doing::Delete, None) => true,
            (Doing::Upsert, Some(before)) => before.index_hash == operation.after.index_hash && !self.run.again,
            _ => false,
        };
        if is_same {
            self.tally.skipped += 1;
            // The same to everybody who searches, though the product may have changed: only that is noted.
            if operation.doing == Doing::Upsert && before.as_ref() != Some(&operation.after) {
                state::set(connection, namespace, id, Some(&operation.after))?;
            }
            failed::done(connection, namespace, id)?;
        }
        Ok(!is_same)
    }

    /// Writes operations of one kind and namespace, or halves of them.
    fn write(&mut self, operations: &[&Operation]) -> Held<()> {
        let Some(namespace) = operations.first().map(|operation| operation.namespace.as_str()) else { return Ok(()) };
        // An id of a batch that is not verified yet would have what that one wrote as its image.
        let is_waiting = |operation: &&Operation| {
            self.applied.iter().any(|batch| batch.items.iter().any(|item| item.id == operation.id))
        };
        if operations.iter().any(is_waiting) {
            self.verify()?;
        }
        let ids: Vec<&str> = operations.iter().map(|operation| operation.id.as_str()).collect();
        let seen = sights(self.targets, namespace, &ids)?;
        let (mut items, mut writing) = (Vec::new(), Vec::new());
        self.writes += 1;
        let stamp = format!("{}.{}", self.run.run_id, self.writes);
        let mut records: Vec<Vec<Value>> = vec![Vec::new(); self.targets.len()];
        for operation in operations {
            let images: Vec<_> = seen.iter().map(|records| records.get(&operation.id).cloned()).collect();
            let complete = |(number, target): (usize, &&dyn Target)| {
                let draft = operation.drafts.get(number).unwrap_or(&Value::Null);
                target.complete(draft, &stamp, images.get(number).and_then(Option::as_ref))
            };
            if operation.doing == Doing::Upsert {
                match self.targets.iter().enumerate().map(complete).collect::<Result<Vec<_>, String>>() {
                    Ok(made) => records.iter_mut().zip(made).for_each(|(records, record)| records.push(record)),
                    Err(problem) => {
                        self.note_failed(operation, &problem)?;
                        continue;
                    }
                }
            }
            let before = state::get(&self.journal.connection, namespace, &operation.id)?;
            items.push(Planned::of(operation, &stamp, before, images));
            writing.push(*operation);
        }
        if items.is_empty() {
            return Ok(());
        }
        let bytes = |records: &Vec<Value>| records.iter().map(|record| record.to_string().len()).sum::<usize>();
        if writing.len() > 1 && records.iter().any(|records| bytes(records) > BYTES) {
            let (first, second) = writing.split_at(writing.len() / 2);
            self.write(first)?;
            return self.write(second);
        }
        let run_id = self.run.run_id;
        let batch = self.journal.within(|connection| plan::note(connection, run_id, namespace, items))?;
        (self.fail)("batch-planned");
        match self.send(&batch, &records) {
            Ok(()) => {
                plan::set_phase(&self.journal.connection, batch.number, "applied")?;
                (self.fail)("batch-applied");
                self.applied.push(batch);
                Ok(())
            }
            Err(refused) => self.take_back(&batch, &writing, refused),
        }
    }

    /// Sends a batch to each index in turn; where it fails, at which index and why.
    fn send(&self, batch: &Batch, records: &[Vec<Value>]) -> Result<(), (usize, Problem)> {
        let gone: Vec<&str> =
            batch.items.iter().filter(|item| item.after.is_none()).map(|item| item.id.as_str()).collect();
        for (number, target) in self.targets.iter().enumerate() {
            let records = records.get(number).map(Vec::as_slice).unwrap_or_default();
            let sent = match gone.is_empty() {
                true => target.upsert(&batch.namespace, records),
                false => target.delete(&batch.namespace, &gone),
            };
            sent.map_err(|problem| (number, problem))?;
            (self.fail)("batch-sent");
        }
        Ok(())
    }

    /// Puts back what a batch changed that an index refused, and writes halves of it, or notes the one item.
    fn take_back(&mut self, batch: &Batch, operations: &[&Operation], refused: (usize, Problem)) -> Held<()> {
        let (number, problem) = refused;
        let name = self.targets.get(number).map_or_else(String::new, |target| target.name());
        if problem == Problem::Stopped {
            return Err(Fault::Index(name, problem));
        }
        // An index that refuses what was sent did nothing; one that failed may have done it.
        let is_refused = matches!(problem, Problem::Content(_));
        let touched = self.targets.get(..if is_refused { number } else { number + 1 }).unwrap_or_default();
        if touched.is_empty() {
            plan::set_phase(&self.journal.connection, batch.number, "rolled_back")?;
        } else {
            self.journal.undo(touched, batch)?;
        }
        (self.fail)("batch-taken-back");
        match problem {
            Problem::Content(_) if operations.len() > 1 => {
                let (first, second) = operations.split_at(operations.len() / 2);
                self.write(first)?;
                self.write(second)
            }
            Problem::Content(said) => operations.iter().try_for_each(|operation| self.note_failed(operation, &said)),
            problem => {
                // Where one index took it and the other did not, the items wait for their next try.
                if number > 0 {
                    let said = format!("{name}: {problem}");
                    operations.iter().try_for_each(|operation| self.note_failed(operation, &said))?;
                }
                Err(Fault::Index(name, problem))
            }
        }
    }

    fn note_failed(&mut self, operation: &Operation, problem: &str) -> Held<()> {
        self.tally.failed += 1;
        let item = (operation.id.as_str(), operation.doing);
        failed::note(&self.journal.connection, &self.run, &operation.namespace, item, problem)
    }

    /// Waits until what was applied is seen, and confirms it.
    fn verify(&mut self) -> Held<()> {
        while !self.applied.is_empty() {
            let batch = self.applied.remove(0);
            let open = unseen(self.targets, &batch, self.run.patience)?;
            (self.fail)("batch-seen");
            let (run, mut tally) = (self.run, self.tally);
            self.journal.within(|connection| {
                for (place, item) in batch.items.iter().enumerate() {
                    if open.contains(&place) {
                        tally.failed += 1;
                        let said = format!("not seen within {} s after it was written", run.patience.as_secs());
                        failed::note(connection, &run, &batch.namespace, (&item.id, item.doing()), &said)?;
                        // It may come to be seen later, or never: whatever the catalog says next is written or taken out.
                        state::set(connection, &batch.namespace, &item.id, Some(&Confirmed::default()))?;
                        continue;
                    }
                    match (&item.before, &item.after) {
                        (None, Some(_)) => tally.added += 1,
                        (Some(_), Some(_)) => tally.updated += 1,
                        (_, None) => tally.deleted += 1,
                    }
                    state::set(connection, &batch.namespace, &item.id, item.after.as_ref())?;
                    failed::done(connection, &batch.namespace, &item.id)?;
                }
                plan::set_phase(connection, batch.number, "verified")
            })?;
            self.tally = tally;
            (self.fail)("batch-verified");
        }
        Ok(())
    }

    /// Ends a run that failed: what was applied is confirmed as far as the index shows it, and the run is noted.
    fn break_off(&mut self, fault: Fault) -> JournalError {
        let error = fault.at(&self.journal.path);
        // The error is told, whether the rest can be ended or not: the next run looks at it again.
        if !matches!(error, JournalError::Index { problem: Problem::Stopped, .. }) {
            let _ = self.verify();
        }
        let _ = self.note("failed");
        error
    }

    /// Ends the run. `batch` is the identity of its output, which the ledger then holds if all of it is confirmed.
    ///
    /// # Errors
    /// When the index does not answer.
    pub fn end(mut self, batch: &str) -> Result<Tally, JournalError> {
        if let Err(fault) = self.verify() {
            return Err(self.break_off(fault));
        }
        let is_whole = self.tally.failed == 0 && self.tally.deferred == 0;
        let (run, tally) = (self.run, self.tally);
        let noted = self.journal.within(|connection| {
            connection.execute("DELETE FROM _nightloom_ledger WHERE owner = ?1", [run.owner])?;
            // A run carries out all that is owed: what failed before and is no part of it is owed no more.
            let no_more = "DELETE FROM failed_items WHERE owner = ?1 AND last_run <> ?2";
            connection.execute(no_more, [run.owner, run.run_id])?;
            if is_whole {
                connection.execute(
                    "INSERT INTO _nightloom_ledger VALUES (?1, ?2, ?3, 'sync', ?4)",
                    params![run.owner, batch, run.run_id, i64::try_from(tally.all()).unwrap_or(i64::MAX)],
                )?;
            }
            Ok(())
        });
        noted.map_err(|fault| fault.at(&self.journal.path))?;
        self.note(if is_whole { "done" } else { "partial" }).map_err(|fault| fault.at(&self.journal.path))?;
        Ok(self.tally)
    }

    /// Notes the run; one that had nothing to do is none that counts.
    fn note(&self, status: &str) -> Held<()> {
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let tally = &self.tally;
        if tally.all() == 0 {
            return Ok(());
        }
        let milliseconds = i64::try_from(self.begun.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.journal.within(|connection| {
            connection.execute(
                "INSERT INTO sync_runs (run_id, owner, started_at, milliseconds, added, updated, deleted, skipped, failed, \
                 deferred, status) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                params![
                    self.run.run_id,
                    self.run.owner,
                    self.run.now,
                    milliseconds,
                    number(tally.added),
                    number(tally.updated),
                    number(tally.deleted),
                    number(tally.skipped),
                    number(tally.failed),
                    number(tally.deferred),
                    status,
                ],
            )?;
            let old = "DELETE FROM batches WHERE phase IN ('verified', 'rolled_back') AND run_id NOT IN \
                       (SELECT run_id FROM sync_runs GROUP BY run_id ORDER BY max(number) DESC LIMIT ?1)";
            connection.execute(old, [KEPT_RUNS])?;
            connection.execute("DELETE FROM batch_items WHERE batch NOT IN (SELECT number FROM batches)", [])?;
            Ok(())
        })
    }
}
