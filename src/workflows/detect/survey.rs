//! A first look at a history, without its texts: how many rows there are, and which of them are not used.

use std::collections::BTreeSet;

use polars::prelude::*;
use rayon::prelude::*;

use super::{
    super::{identity, unread::Unread},
    batch::{self, Batch, Identities, Reason},
};
use crate::operator::{ColumnKind, OutputPort, StageContext, StageError, for_each_batch};

/// Rows a thread handles at a time.
const PART_ROWS: usize = 8_192;

/// What the first look tells.
#[derive(Default)]
pub struct Survey {
    /// Rows, without those that the source could not read.
    pub rows: u64,
    /// Rows that are used, of which no time is known.
    pub undated: u64,
    /// Rows that are not used, in order: row, id, reason.
    pub rejected: Vec<(u64, Option<String>, Reason)>,
    /// Rows that a newer one of the same id replaces, in order.
    pub outdated: Vec<u64>,
    /// Rows that the source could not read.
    unread: Unread,
}

/// A part of a batch.
struct Part {
    /// Hashes of the ids of rows that are used.
    ids: Vec<u64>,
    undated: u64,
    rejected: Vec<(u64, Option<String>, Reason)>,
}

impl Survey {
    /// Looks at all rows of a history with this schema, and at those that its source could not read.
    ///
    /// # Errors
    /// When it cannot be read, or the run was asked to stop.
    pub fn of(
        history: &LazyFrame,
        schema: &Schema,
        unread: Option<LazyFrame>,
        context: &StageContext,
    ) -> Result<Self, StageError> {
        let mut survey = Self { unread: Unread::read(unread)?, ..Self::default() };
        let mut ids = Vec::new();
        for_each_batch(history.clone().select(batch::identifying_columns(schema)), StageError::from, |frame| {
            context.check_cancelled()?;
            for part in parts(&frame, survey.rows)? {
                ids.extend(part.ids);
                survey.undated += part.undated;
                survey.rejected.extend(part.rejected);
            }
            survey.rows += frame.height() as u64;
            Ok(())
        })?;
        ids.par_sort_unstable();
        let pairs = ids.iter().zip(ids.iter().skip(1));
        let twice: BTreeSet<u64> = pairs.filter(|(a, b)| a == b).map(|(a, _)| *a).collect();
        drop(ids);
        if !twice.is_empty() {
            let outdated = outdated(history, schema, &twice, context)?;
            survey.outdated = outdated.iter().map(|(row, _)| *row).collect();
            survey.rejected.extend(outdated.into_iter().map(|(row, id)| (row, Some(id), Reason::Outdated)));
            survey.rejected.sort_by_key(|(row, ..)| *row);
        }
        Ok(survey)
    }

    /// Whether a row is used as far as others of its id go: whether none of them is newer.
    pub fn is_newest(&self, row: u64) -> bool {
        self.outdated.binary_search(&row).is_err()
    }

    /// Rows of the history, used or not.
    pub fn all_rows(&self) -> u64 {
        self.rows + self.unread.count()
    }

    /// Rows that are used.
    pub fn used_rows(&self) -> u64 {
        self.rows - self.rejected.len() as u64
    }

    /// Rows that are not used because they have no id.
    pub fn without_id(&self) -> u64 {
        self.rejected.iter().filter(|(.., reason)| *reason == Reason::NoId).count() as u64
    }

    /// The rows that are not used as a frame: the row's number from 1, its id, the reason.
    ///
    /// # Errors
    /// When the frame cannot be made.
    pub fn rejected(&self) -> Result<DataFrame, StageError> {
        let rejected = self.rejected.iter().map(|(row, id, reason)| (*row, id.as_deref(), reason.words()));
        self.unread.rejected("workflow_id", rejected)
    }
}

/// The port of [`Survey::rejected`].
pub fn rejected_port() -> OutputPort {
    OutputPort::new(
        "rejected",
        "Rows that were not used: the row's number in the history, its id and the reason. Of what the source could not \
         read the id is not known.",
        &[("row", ColumnKind::Int), ("workflow_id", ColumnKind::Text), ("reason", ColumnKind::Text)],
    )
}

/// A number of rows.
pub fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn parts(frame: &DataFrame, start: u64) -> Result<Vec<Part>, StageError> {
    let starts: Vec<usize> = (0..frame.height()).step_by(PART_ROWS).collect();
    let identities = Identities::new(frame)?;
    let part = |from: usize| {
        let mut part = Part { ids: Vec::with_capacity(PART_ROWS), undated: 0, rejected: Vec::new() };
        for place in from..(from + PART_ROWS).min(frame.height()) {
            match identities.usable(place) {
                Ok(id) => {
                    part.ids.push(identity::fold(0, id.as_bytes()));
                    part.undated += u64::from(identities.at(place).is_none());
                }
                Err(reason) => {
                    let id = identities.id(place).map(str::to_owned);
                    part.rejected.push((start + place as u64, id, reason));
                }
            }
        }
        part
    };
    Ok(starts.into_par_iter().map(part).collect())
}

/// Of the rows with an id that is there twice (by its hash) those that are not the newest, with their ids. Of two that are equally new
/// their content decides, so that the choice does not depend on the order of rows.
fn outdated(
    history: &LazyFrame,
    schema: &Schema,
    twice: &BTreeSet<u64>,
    context: &StageContext,
) -> Result<Vec<(u64, String)>, StageError> {
    let mut seen: Vec<(String, Option<i64>, u64, u64)> = Vec::new();
    let mut start = 0;
    for_each_batch(history.clone().select(batch::columns(schema)), StageError::from, |frame| {
        context.check_cancelled()?;
        let batch = Batch::new(&frame)?;
        for place in 0..frame.height() {
            let Ok(id) = batch.identities.usable(place) else { continue };
            if twice.contains(&identity::fold(0, id.as_bytes())) {
                seen.push((id.to_owned(), batch.identities.at(place), batch.content(place), start + place as u64));
            }
        }
        start += frame.height() as u64;
        Ok(())
    })?;
    seen.sort_unstable();
    let has_newer: Vec<bool> = seen.iter().zip(seen.iter().skip(1)).map(|(a, b)| a.0 == b.0).collect();
    let outdated = seen.into_iter().zip(has_newer).filter(|(_, has_newer)| *has_newer);
    let mut rows: Vec<(u64, String)> = outdated.map(|((id, _, _, row), _)| (row, id)).collect();
    rows.sort_unstable();
    Ok(rows)
}
