//! Waiting until an index shows what was written.

use std::{collections::BTreeSet, time::Duration};

use super::{
    error::{Fault, Held},
    plan::{Batch, Planned, sights},
    target::{Seen, Target},
};

/// The first wait; each further one is twice as long.
const FIRST: Duration = Duration::from_millis(250);
/// No wait is longer.
const LONGEST: Duration = Duration::from_secs(5);

/// The places of items that some index does not show as done, after waiting `patience` for it.
pub(crate) fn unseen(targets: &[&dyn Target], batch: &Batch, patience: Duration) -> Held<Vec<usize>> {
    awaited(targets, batch, patience, &|item, _, seen| item.is_done(seen))
}

/// The places of items that some index does not show as they were before, after waiting `patience` for it.
pub(crate) fn not_back(targets: &[&dyn Target], batch: &Batch, patience: Duration) -> Held<Vec<usize>> {
    awaited(targets, batch, patience, &|item, number, seen| match (item.images.get(number), seen) {
        (Some(Some(image)), Some(seen)) => image.stamp == seen.stamp,
        (Some(Some(_)), None) => false,
        (_, seen) => seen.is_none(),
    })
}

/// Whether an item is as it should be in the index of this number.
type IsSo<'a> = &'a dyn Fn(&Planned, usize, Option<&Seen>) -> bool;

fn awaited(targets: &[&dyn Target], batch: &Batch, patience: Duration, is_so: IsSo<'_>) -> Held<Vec<usize>> {
    let mut open: BTreeSet<usize> = (0..batch.items.len()).collect();
    let (mut wait, mut waited) = (FIRST, Duration::ZERO);
    loop {
        let ids: Vec<&str> =
            open.iter().filter_map(|place| batch.items.get(*place)).map(|item| item.id.as_str()).collect();
        let seen = sights(targets, &batch.namespace, &ids)?;
        open.retain(|place| {
            let Some(item) = batch.items.get(*place) else { return false };
            !seen.iter().enumerate().all(|(number, records)| is_so(item, number, records.get(&item.id)))
        });
        if open.is_empty() || waited >= patience {
            return Ok(open.into_iter().collect());
        }
        if let Some(target) = targets.first() {
            target.wait(wait).map_err(|problem| Fault::Index(target.name(), problem))?;
        }
        waited += wait;
        wait = (wait * 2).min(LONGEST);
    }
}
