//! The occurrences that the table holds already, met with the detections: known pairs keep their ids.

use std::collections::HashMap;

use polars::prelude::*;

use super::{
    super::{columns, time},
    gathered::{Gathered, PatternId},
    known::Known,
    statistics::{RowId, Span},
};
use crate::operator::{StageContext, StageError, for_each_batch};

/// Linked workflows of a pattern that were not detected this time: the history lost them, or the rules no longer match.
#[derive(Clone, Copy, Debug, Default)]
pub struct LeftOver {
    /// How many.
    pub count: i64,
    /// When they ran, as the table has it.
    pub span: Span,
}

/// What the table says beside what the detections do.
#[derive(Default)]
pub struct Links {
    /// By pattern.
    pub left_over: Vec<LeftOver>,
    /// When pairs were found whose workflows have no time.
    pub detected_at: HashMap<RowId, String>,
    /// Ids that no new pair may get: of links that were not met, or whose ids are not those that new pairs get. Sorted.
    taken: Vec<i64>,
    /// Pairs with ids that are not those that new pairs get.
    foreign: HashMap<RowId, i64>,
}

impl Links {
    /// Meets the rows of `pattern_occurrences` with the gathered pairs, and gives these their ids, in order of which they
    /// are afterwards.
    ///
    /// # Errors
    /// When a column is missing, or the run was asked to stop.
    pub fn meet(
        table: Option<LazyFrame>,
        gathered: &mut Gathered,
        known: &Known,
        context: &StageContext,
    ) -> Result<Self, StageError> {
        let mut links = Self { left_over: vec![LeftOver::default(); gathered.figures.len()], ..Self::default() };
        gathered.sort();
        if let Some(table) = table {
            let patterns: HashMap<i64, PatternId> = known
                .patterns
                .iter()
                .map(|(signature, pattern)| (pattern.row.id, gathered.pattern(signature)))
                .collect();
            let mut cursor = 0;
            for_each_batch(table, StageError::from, |frame| {
                context.check_cancelled()?;
                links.meet_batch(&frame, gathered, &patterns, &mut cursor)
            })?;
        }
        links.taken.sort_unstable();
        links.keep_ids(gathered);
        links.part_equal_ids(gathered);
        Ok(links)
    }

    fn meet_batch(
        &mut self,
        frame: &DataFrame,
        gathered: &mut Gathered,
        patterns: &HashMap<i64, PatternId>,
        cursor: &mut usize,
    ) -> Result<(), StageError> {
        let (ids, pattern_ids) = (columns::integers(frame, "id")?, columns::integers(frame, "pattern_id")?);
        let (workflows, times) = (columns::texts(frame, "workflow_id")?, columns::texts(frame, "detected_at")?);
        for row in 0..frame.height() {
            let (Some(id), Some(workflow)) = (ids.get(row), workflows.get(row)) else { continue };
            let Some(pattern) = pattern_ids.get(row).and_then(|pattern| patterns.get(&pattern)).copied() else {
                continue;
            };
            let natural = gathered.natural_id(pattern, workflow);
            *cursor = seek(gathered, *cursor, natural);
            let is_it = |place: &usize| {
                gathered.entries.get(*place).is_some_and(|entry| {
                    gathered.pattern_of(entry.row) == pattern && gathered.workflow(entry.row) == workflow
                })
            };
            let end = seek(gathered, *cursor, natural + 1);
            let found = (*cursor..end).find(is_it);
            match found.and_then(|place| gathered.entries.get_mut(place)) {
                None => {
                    self.taken.push(id);
                    if let Some(left_over) = self.left_over.get_mut(pattern as usize) {
                        left_over.count += 1;
                        left_over.span.add(times.get(row).and_then(time::parse));
                    }
                }
                Some(entry) => {
                    entry.linked = true;
                    let place = entry.row;
                    if id != natural {
                        self.foreign.insert(place, id);
                        self.taken.push(id);
                    }
                    if gathered.seen_at(place).is_none()
                        && let Some(at) = times.get(row)
                    {
                        self.detected_at.insert(place, at.to_owned());
                    }
                }
            }
        }
        Ok(())
    }

    /// Gives pairs that were linked before under other ids these ids.
    fn keep_ids(&mut self, gathered: &mut Gathered) {
        if self.foreign.is_empty() {
            return;
        }
        for entry in &mut gathered.entries {
            if let Some(id) = self.foreign.get(&entry.row) {
                entry.id = *id;
            }
        }
        gathered.sort();
    }

    /// New pairs whose ids are equal, or are another's already, get ids in a row.
    fn part_equal_ids(&self, gathered: &mut Gathered) {
        let (mut last, mut moved) = (0, false);
        for place in 0..gathered.entries.len() {
            let Some(entry) = gathered.entries.get(place).copied() else { break };
            let mut id = entry.id;
            if !entry.linked && (id <= last || self.is_taken(id)) {
                id = id.max(last + 1);
                let mut ahead = place + 1;
                while let Some(other) = gathered.entries.get(ahead).filter(|other| other.id <= id) {
                    id += i64::from(other.linked && other.id == id);
                    ahead += 1;
                }
                while self.is_taken(id) {
                    id += 1;
                }
                moved = true;
            }
            last = last.max(id);
            if let Some(entry) = gathered.entries.get_mut(place) {
                entry.id = id;
            }
        }
        if moved {
            gathered.sort();
        }
    }

    fn is_taken(&self, id: i64) -> bool {
        !self.taken.is_empty() && self.taken.binary_search(&id).is_ok()
    }
}

/// The place of the first entry whose id is at least `id`; quick when it lies near `from`, as it does when both sides are
/// in the order of ids.
fn seek(gathered: &Gathered, from: usize, id: i64) -> usize {
    let entries = gathered.entries.as_slice();
    let is_before = |place: usize| entries.get(place).is_some_and(|entry| entry.id < id);
    if from > 0 && !is_before(from - 1) {
        return entries.partition_point(|entry| entry.id < id);
    }
    let (mut low, mut step) = (from, 1);
    while is_before(low + step - 1) {
        low += step;
        step *= 2;
    }
    let high = (low + step).min(entries.len());
    low + entries.get(low..high).map_or(0, |part| part.partition_point(|entry| entry.id < id))
}

#[cfg(test)]
mod tests {
    use super::{super::gathered::Entry, *};

    fn with_ids(ids: &[(i64, bool)]) -> Gathered {
        let mut gathered = Gathered::default();
        let entries = (0..).zip(ids).map(|(place, (id, linked))| Entry { id: *id, row: RowId(place), linked: *linked });
        gathered.entries = entries.collect();
        gathered
    }

    #[test]
    fn an_entry_is_found_from_wherever_the_search_begins() {
        let gathered = with_ids(&[2, 3, 3, 5, 8, 8, 8, 13, 21].map(|id| (id, false)));
        for from in 0..=9 {
            for id in 0..25 {
                let wanted = gathered.entries.partition_point(|entry| entry.id < id);
                assert_eq!(seek(&gathered, from, id), wanted, "{id} from {from}");
            }
        }
        assert_eq!(seek(&with_ids(&[]), 0, 3), 0);
    }

    #[test]
    fn ids_that_meet_are_parted_and_those_that_are_known_stay() {
        let ids = |entries: &[(i64, bool)], taken: &[i64]| {
            let mut gathered = with_ids(entries);
            Links { taken: taken.to_vec(), ..Links::default() }.part_equal_ids(&mut gathered);
            gathered.entries.iter().map(|entry| entry.id).collect::<Vec<_>>()
        };
        assert_eq!(ids(&[(5, false), (5, false), (7, false)], &[]), [5, 6, 7]);
        assert_eq!(ids(&[(5, true), (5, false), (5, false), (6, true), (7, false)], &[]), [5, 6, 7, 8, 9]);
        assert_eq!(ids(&[(5, false), (9, false)], &[5, 6]), [7, 9]);
    }
}
