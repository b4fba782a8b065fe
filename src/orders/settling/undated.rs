//! Orders without any date: how many rows of a file are lost with them, which only their other rows tell.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::operator::StageError;
use crate::orders::{
    reading::intake::Intake,
    recognising::fields::{Kind, Order},
    rows::{
        partitions::Rows,
        row::{NO_SHOP, Row},
    },
};

/// An order of a file: the file, the shop named, and the hash of its id.
type Key = (u32, u32, u64);

/// Counts rows without a date anew where they would cost a file its use: those whose order has a date in another row of the
/// file are none. While a file is read only rows just before are seen, which is enough for most.
///
/// # Errors
/// When rows cannot be read again.
pub fn count(intake: &mut Intake, max_rejected: f64) -> Result<(), StageError> {
    let is_at_stake = |number: usize| {
        let facts = intake.files.get(number).map(|read| &read.facts);
        facts.is_some_and(|facts| {
            let undated = facts.undated.0 + facts.undated.1;
            let lost = facts.rejected_rows() + facts.without_shop + undated;
            undated > 0 && (lost as f64 > max_rejected * facts.rows as f64 || lost >= facts.rows)
        })
    };
    // An order that a row limit cut may have its date in the file before.
    let ends: HashSet<u64> = intake.files.iter().filter_map(|read| Some(read.facts.ends?.1)).collect();
    let begins: Vec<Option<u64>> = intake
        .files
        .iter()
        .map(|read| read.facts.ends.map(|(first, _)| first).filter(|first| ends.contains(first)))
        .collect();
    let mut counts: BTreeMap<u32, (u64, u64)> =
        (0..intake.files.len()).filter(|number| is_at_stake(*number)).map(|number| (number as u32, (0, 0))).collect();
    let Some(rows) = intake.rows.get_mut(&Kind::Orders).filter(|_| !counts.is_empty()) else { return Ok(()) };
    let blocks = &intake.blocks;
    let file_of = |row: Row<'_>| blocks.get(row.head().block as usize).map_or(u32::MAX, |place| place.file);
    let is_cut = |key: &Key| begins.get(key.0 as usize).is_some_and(|begin| *begin == Some(key.2));
    rows.look(|rows| count_partition(rows, file_of, is_cut, &mut counts))?;
    for (file, undated) in counts {
        if let Some(read) = intake.files.get_mut(file as usize) {
            read.facts.undated = undated;
        }
    }
    Ok(())
}

fn count_partition(
    rows: &Rows,
    file_of: impl Fn(Row<'_>) -> u32,
    is_cut: impl Fn(&Key) -> bool,
    counts: &mut BTreeMap<u32, (u64, u64)>,
) {
    let has = |row: Row<'_>, field: Order| row.present() >> field.place() & 1 == 1;
    let mut undated: HashMap<Key, u64> = HashMap::new();
    let mut dated: HashSet<Key> = HashSet::new();
    for row in (0..rows.len()).filter_map(|number| rows.get(number)) {
        let (file, head) = (file_of(row), row.head());
        if !counts.contains_key(&file) {
            continue;
        }
        let key = (file, head.shop, head.hash);
        if has(row, Order::CreatedAt) {
            dated.insert(key);
        } else if !has(row, Order::IsRefused) {
            *undated.entry(key).or_default() += 1;
        }
    }
    for (key, rows) in undated.into_iter().filter(|(key, _)| !dated.contains(key) && !is_cut(key)) {
        if let Some((named, nameless)) = counts.get_mut(&key.0) {
            *(if key.1 == NO_SHOP { nameless } else { named }) += rows;
        }
    }
}
