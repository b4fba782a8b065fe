//! Putting back what was there: of a batch that failed, of one that a killed run left, of a whole run.

use std::time::Duration;

use serde_json::Value;

use super::{
    error::{Fault, Held, JournalError},
    journal::Journal,
    plan::{self, Batch, Planned},
    state::Confirmed,
    target::{Problem, Target},
    verify::{not_back, unseen},
};

/// Puts back what `targets` had of a batch's items. An index may show late what was written, so that what it shows now
/// does not count: all is written, or taken out where nothing was.
pub(crate) fn put_back(targets: &[&dyn Target], batch: &Batch) -> Held<()> {
    let items = &batch.items;
    for (number, target) in targets.iter().enumerate() {
        let image = |item: &Planned| item.images.get(number).cloned().flatten();
        let records: Vec<Value> = items.iter().filter_map(|item| Some(image(item)?.record)).collect();
        let is_new = |item: &&Planned| item.stamp.is_some() && image(item).is_none();
        let gone: Vec<&str> = items.iter().filter(is_new).map(|item| item.id.as_str()).collect();
        let index = |problem| Fault::Index(target.name(), problem);
        if !records.is_empty() {
            target.upsert(&batch.namespace, &records).map_err(index)?;
        }
        if !gone.is_empty() {
            target.delete(&batch.namespace, &gone).map_err(index)?;
        }
    }
    Ok(())
}

impl Journal {
    /// Ends what a killed run began: a batch that the index shows as done is confirmed, what was there before another is put
    /// back. Returns how many batches there were.
    ///
    /// # Errors
    /// When the index does not answer; the batches are looked at again the next time.
    pub fn recover(
        &mut self,
        targets: &[&dyn Target],
        patience: Duration,
        fail: &dyn Fn(&str),
    ) -> Result<usize, JournalError> {
        let ended = || -> Held<usize> {
            // The last first: an id may be in two. What was being put back is not confirmed, whatever the index shows now.
            let undoing = plan::read(&self.connection, "phase = ?1", "undoing")?;
            undoing.iter().try_for_each(|batch| self.undo(targets, batch))?;
            let planned = plan::read(&self.connection, "phase = ?1", "planned")?;
            // That a record is not seen says nothing of a delete that may never have been sent: it is owed.
            let (deletes, mut open): (Vec<Batch>, Vec<Batch>) = planned.into_iter().partition(Batch::deletes);
            deletes.iter().try_for_each(|batch| self.forget(batch))?;
            open.extend(plan::read(&self.connection, "phase = ?1", "applied")?);
            open.sort_by_key(|batch| std::cmp::Reverse(batch.number));
            for batch in &open {
                self.end(targets, batch, patience, fail)?;
            }
            Ok(undoing.len() + deletes.len() + open.len())
        };
        let ended = ended();
        ended.map_err(|fault| fault.at(&self.path))
    }

    fn end(&self, targets: &[&dyn Target], batch: &Batch, patience: Duration, fail: &dyn Fn(&str)) -> Held<()> {
        if !unseen(targets, batch, patience)?.is_empty() {
            self.undo(targets, batch)?;
            fail("batch-recovered");
            return Ok(());
        }
        self.within(|connection| {
            plan::confirm(connection, &batch.namespace, &batch.items, |item| item.after.as_ref())?;
            plan::set_phase(connection, batch.number, "verified")
        })?;
        fail("batch-recovered");
        Ok(())
    }

    /// Puts back what `targets` had of a batch. An index may show late, or never, that it was put back, so that nothing of it
    /// counts as confirmed: whatever the catalog says next is written or taken out.
    pub(crate) fn undo(&self, targets: &[&dyn Target], batch: &Batch) -> Held<()> {
        plan::set_phase(&self.connection, batch.number, "undoing")?;
        put_back(targets, batch)?;
        self.forget(batch)
    }

    /// Nothing of a batch counts as confirmed.
    fn forget(&self, batch: &Batch) -> Held<()> {
        let unknown = Confirmed::default();
        self.within(|connection| {
            plan::confirm(connection, &batch.namespace, &batch.items, |_| Some(&unknown))?;
            plan::set_phase(connection, batch.number, "rolled_back")
        })
    }

    /// Takes back what a run wrote, the last batch first. Returns how many products were put back; `None` if nothing of the
    /// run is kept.
    ///
    /// # Errors
    /// When the index does not answer, or does not show what was put back; what was put back so far is noted.
    pub fn rollback(
        &mut self,
        run_id: &str,
        targets: &[&dyn Target],
        patience: Duration,
    ) -> Result<Option<u64>, JournalError> {
        let taken = || -> Held<Option<u64>> {
            let batches = plan::read(&self.connection, "phase <> 'rolled_back' AND run_id = ?1", run_id)?;
            let mut products = 0;
            for batch in &batches {
                plan::set_phase(&self.connection, batch.number, "undoing")?;
                put_back(targets, batch)?;
                let open = not_back(targets, batch, patience)?;
                if !open.is_empty() {
                    let problem = format!("{} products that were put back are not seen yet", open.len());
                    let name = targets.first().map_or_else(String::new, |target| target.name());
                    return Err(Fault::Index(name, Problem::Service(problem)));
                }
                products += batch.items.len() as u64;
                self.within(|connection| {
                    plan::confirm(connection, &batch.namespace, &batch.items, |item| item.before.as_ref())?;
                    plan::set_phase(connection, batch.number, "rolled_back")
                })?;
            }
            if batches.is_empty() {
                return Ok(None);
            }
            self.within(|connection| {
                connection.execute("UPDATE sync_runs SET status = 'rolled back' WHERE run_id = ?1", [run_id])?;
                // What the ledger says was written is no longer there.
                connection.execute("DELETE FROM _nightloom_ledger", [])?;
                Ok(())
            })?;
            Ok(Some(products))
        };
        let taken = taken();
        taken.map_err(|fault| fault.at(&self.path))
    }
}
