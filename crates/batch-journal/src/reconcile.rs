//! Looking whether an index still holds what it confirmed.

use std::{collections::BTreeSet, time::Duration};

use super::{
    error::{Fault, Held, JournalError},
    journal::Journal,
    plan::sights,
    state::{self, Confirmed},
    target::Target,
};

/// Ids of a fetch.
const GROUP: usize = 1_000;

/// How an index and what it confirmed differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drift {
    /// Records that nothing is known of.
    pub unknown: Vec<String>,
    /// Products whose record is gone.
    pub missing: Vec<String>,
    /// Products whose record is another.
    pub other: Vec<String>,
    /// Products that are as they were confirmed.
    pub same: usize,
}

impl Drift {
    /// Whether there is none.
    pub fn is_none(&self) -> bool {
        self.unknown.is_empty() && self.missing.is_empty() && self.other.is_empty()
    }
}

impl Journal {
    /// Compares a namespace of the index with what it confirmed. What a killed run began is ended first.
    ///
    /// # Errors
    /// When the index does not answer.
    pub fn drift(
        &mut self,
        namespace: &str,
        targets: &[&dyn Target],
        patience: Duration,
    ) -> Result<Drift, JournalError> {
        self.recover(targets, patience, &|_| ())?;
        self.compared(namespace, targets).map_err(|fault| fault.at(&self.path))
    }

    /// Compares, and notes what is: records that nothing was known of count as confirmed with other content, so that they
    /// are written or taken out; those that are gone or are others are no longer confirmed, so that they are written.
    ///
    /// # Errors
    /// When the index does not answer.
    pub fn reconcile(
        &mut self,
        namespace: &str,
        targets: &[&dyn Target],
        patience: Duration,
    ) -> Result<Drift, JournalError> {
        let drift = self.drift(namespace, targets, patience)?;
        let noted = self.within(|connection| {
            for id in drift.unknown.iter().chain(&drift.other) {
                state::set(connection, namespace, id, Some(&Confirmed::default()))?;
            }
            drift.missing.iter().try_for_each(|id| state::set(connection, namespace, id, None))?;
            if !drift.is_none() {
                connection.execute("DELETE FROM _nightloom_ledger", [])?;
            }
            Ok(())
        });
        noted.map_err(|fault| fault.at(&self.path))?;
        Ok(drift)
    }

    fn compared(&self, namespace: &str, targets: &[&dyn Target]) -> Held<Drift> {
        let listed = |target: &&dyn Target| {
            let ids = target.list(namespace).map_err(|problem| Fault::Index(target.name(), problem))?;
            Ok(ids.into_iter().collect())
        };
        let listed: Vec<BTreeSet<String>> = targets.iter().map(listed).collect::<Held<_>>()?;
        let mut statement =
            self.connection.prepare("SELECT id, index_hash FROM products WHERE namespace = ?1 ORDER BY id")?;
        let rows = statement.query_map([namespace], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let confirmed: Vec<(String, String)> = rows.collect::<Result<_, _>>()?;
        let known: BTreeSet<&String> = confirmed.iter().map(|(id, _)| id).collect();
        let somewhere: BTreeSet<&String> = listed.iter().flatten().collect();
        let unknown = somewhere.iter().filter(|id| !known.contains(*id)).map(|id| (*id).clone()).collect();
        let mut drift = Drift { unknown, ..Drift::default() };
        let is_everywhere = |id: &String| listed.iter().all(|ids| ids.contains(id));
        for group in confirmed.chunks(GROUP) {
            let ids: Vec<&str> = group.iter().map(|(id, _)| id.as_str()).collect();
            let seen = sights(targets, namespace, &ids)?;
            for (id, hash) in group {
                let marks = || seen.iter().map(|records| records.get(id).and_then(|seen| seen.mark.as_ref()));
                if !is_everywhere(id) || seen.iter().any(|records| !records.contains_key(id)) {
                    let somewhere = seen.iter().any(|records| records.contains_key(id));
                    // One that a part of the indexes has, or that may still come to be seen, is taken out or written in all.
                    let may_come = somewhere || hash.is_empty();
                    if may_come { drift.other.push(id.clone()) } else { drift.missing.push(id.clone()) }
                } else if marks().all(|mark| mark == Some(hash)) {
                    drift.same += 1;
                } else {
                    drift.other.push(id.clone());
                }
            }
        }
        Ok(drift)
    }
}
