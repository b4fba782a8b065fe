//! Which workflow is an example of which pattern: detected ones, with the ids of those that were linked before.

use std::cmp::Ordering;

use polars::prelude::*;
use rayon::prelude::*;

use super::{
    super::{columns, identity, time},
    Signatures,
    known::{Known, Link},
};
use crate::operator::StageError;

/// A detected pair.
#[derive(Clone, Copy)]
pub struct Occurrence {
    /// The id it has, or will have.
    pub id: i64,
    /// The pattern by its place.
    pub pattern: u32,
    /// The row of the detections.
    pub row: u32,
    /// The link that was there, by its place.
    link: Option<u32>,
}

/// All detected pairs, by id.
pub struct Occurrences<'a> {
    /// The pairs.
    pub rows: Vec<Occurrence>,
    /// By pattern: how many linked workflows were not detected this time.
    pub left_over: Vec<i64>,
    links: Vec<Link<'a>>,
}

impl<'a> Occurrences<'a> {
    /// Links workflows to patterns.
    ///
    /// # Errors
    /// When a column is missing, or there are more than four billion pairs.
    pub fn link(detections: &DataFrame, signatures: &Signatures, known: &'a Known<'a>) -> Result<Self, StageError> {
        let mut rows = detected(detections, signatures)?;
        rows.par_sort_unstable_by_key(|row| row.id);
        let links = known.links()?;
        let workflows = columns::texts(detections, "workflow_id")?;
        let left_over = take_over(&mut rows, &links, signatures, |row| workflows.get(row as usize));
        if !links.is_empty() {
            rows.par_sort_unstable_by_key(|row| row.id);
        }
        part_equal_ids(&mut rows);
        Ok(Self { rows, left_over, links })
    }

    /// The rows of `pattern_occurrences`.
    ///
    /// # Errors
    /// When a column is missing.
    pub fn frame(&self, detections: &DataFrame, names: &Signatures, run_time: &str) -> Result<DataFrame, StageError> {
        let order: IdxCa = IdxCa::from_vec("row".into(), self.rows.iter().map(|row| row.row as IdxSize).collect());
        let moved = |from: &str, to: &str| -> Result<Column, StageError> {
            let mut column = detections.column(from)?.take(&order)?;
            column.rename(to.into());
            Ok(column)
        };
        let seen = columns::integers(detections, "seen_at")?;
        let mut detected_at = StringChunkedBuilder::new("detected_at".into(), self.rows.len());
        for row in &self.rows {
            match (seen.get(row.row as usize), self.links.get(row.link.map_or(usize::MAX, |link| link as usize))) {
                (Some(at), _) => detected_at.append_value(time::spell(at)),
                (None, Some(Link { detected_at: Some(at), .. })) => detected_at.append_value(at),
                (None, _) => detected_at.append_value(run_time),
            }
        }
        let pattern_id = |row: &Occurrence| names.ids.get(row.pattern as usize).copied();
        columns::frame(vec![
            columns::column("id", self.rows.iter().map(|row| row.id)),
            columns::column("pattern_id", self.rows.iter().map(pattern_id)),
            moved("workflow_id", "workflow_id")?,
            columns::column("similarity_score", self.rows.iter().map(|_| 100.0)),
            moved("characteristics", "matched_characteristics")?,
            detected_at.finish().into_column(),
        ])
    }
}

/// The detected pairs with the ids that new ones get.
fn detected(detections: &DataFrame, signatures: &Signatures) -> Result<Vec<Occurrence>, StageError> {
    let (names, workflows) =
        (columns::texts(detections, "pattern_signature")?, columns::texts(detections, "workflow_id")?);
    let height = u32::try_from(detections.height()).map_err(|_| StageError::Input {
        port: "detections".to_owned(),
        problem: "there are more than four billion rows".to_owned(),
        mend: "run the pipeline for parts of the history".to_owned(),
    })?;
    let prefixes: Vec<_> = signatures.names.iter().map(|name| identity::OccurrencePrefix::of(name)).collect();
    Ok((0..height)
        .into_par_iter()
        .filter_map(|row| {
            let (name, workflow) = (names.get(row as usize)?, workflows.get(row as usize)?);
            let place = signatures.place(name)?;
            let pattern = u32::try_from(place).ok()?;
            Some(Occurrence { id: prefixes.get(place)?.occurrence(workflow), pattern, row, link: None })
        })
        .collect())
}

/// Gives pairs that were linked before their ids. Both sides meet in the order of the ids that new pairs get.
/// Returns how many links of each pattern were not met.
fn take_over<'w>(
    rows: &mut [Occurrence],
    links: &[Link<'_>],
    signatures: &Signatures,
    workflow: impl Fn(u32) -> Option<&'w str>,
) -> Vec<i64> {
    let mut left_over = vec![0; signatures.names.len()];
    let mut order: Vec<(i64, u32)> = links
        .par_iter()
        .enumerate()
        .map(|(place, link)| (identity::OccurrencePrefix::of(link.signature).occurrence(link.workflow), place as u32))
        .collect();
    order.par_sort_unstable();
    let mut at = 0;
    for (natural, place) in order {
        let Some(link) = links.get(place as usize) else { continue };
        let pattern = signatures.place(link.signature);
        let mut met = false;
        while let Some(row) = rows.get_mut(at) {
            // A row that was met has its old id and lies behind.
            match row.id.cmp(&natural) {
                Ordering::Less => at += 1,
                Ordering::Greater => break,
                Ordering::Equal => {
                    at += 1;
                    if workflow(row.row) == Some(link.workflow) && pattern == Some(row.pattern as usize) {
                        row.id = link.id;
                        row.link = Some(place);
                        met = true;
                        break;
                    }
                }
            }
        }
        if let (false, Some(count)) = (met, pattern.and_then(|pattern| left_over.get_mut(pattern))) {
            *count += 1;
        }
    }
    left_over
}

/// Two new pairs whose hashes are equal get ids in a row.
fn part_equal_ids(rows: &mut [Occurrence]) {
    let mut last = 0;
    for row in rows {
        if row.id <= last && row.link.is_none() {
            row.id = last + 1;
        }
        last = last.max(row.id);
    }
}
