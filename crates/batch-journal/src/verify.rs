//! Waiting until an index shows what was written.

use std::{collections::BTreeSet, time::Duration};

use super::{
    error::{Fault, Held},
    plan::{Batch, sights},
    target::Target,
};

/// The first wait; each further one is twice as long.
const FIRST: Duration = Duration::from_millis(250);
/// No wait is longer.
const LONGEST: Duration = Duration::from_secs(5);

/// The places of items that some index does not show as done, after waiting `patience` for it.
pub(crate) fn unseen(targets: &[&dyn Target], batch: &Batch, patience: Duration) -> Held<Vec<usize>> {
    let mut open: BTreeSet<usize> = (0..batch.items.len()).collect();
    let (mut wait, mut waited) = (FIRST, Duration::ZERO);
    loop {
        let ids: Vec<&str> =
            open.iter().filter_map(|place| batch.items.get(*place)).map(|item| item.id.as_str()).collect();
        let seen = sights(targets, &batch.namespace, &ids)?;
        open.retain(|place| {
            let item = batch.items.get(*place);
            item.is_some_and(|item| !seen.iter().all(|records| item.is_done(records.get(&item.id))))
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
