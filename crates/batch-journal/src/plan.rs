//! Batches in the journal: what is planned, with what was there before.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};
use serde_json::{Value, json};

use super::{
    error::Held,
    item::{Doing, Operation},
    state::{self, Confirmed},
    target::{Seen, Target},
};

/// An item of a batch as the journal has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Planned {
    pub id: String,
    /// The stamp that its record is written with; `None` for a delete.
    pub stamp: Option<String>,
    /// What was confirmed of it before, and what is once it is done.
    pub before: Option<Confirmed>,
    pub after: Option<Confirmed>,
    /// The record that each index had.
    pub images: Vec<Option<Seen>>,
}

impl Planned {
    pub fn of(operation: &Operation, stamp: &str, before: Option<Confirmed>, images: Vec<Option<Seen>>) -> Self {
        let after = (operation.doing == Doing::Upsert).then(|| operation.after.clone());
        let stamp = after.as_ref().map(|_| stamp.to_owned());
        Self { id: operation.id.clone(), stamp, before, after, images }
    }

    pub fn doing(&self) -> Doing {
        if self.after.is_some() { Doing::Upsert } else { Doing::Delete }
    }

    /// Whether an index shows what was to be done.
    pub fn is_done(&self, seen: Option<&Seen>) -> bool {
        match (&self.stamp, seen) {
            (None, seen) => seen.is_none(),
            (Some(stamp), Some(seen)) => seen.stamp.as_ref() == Some(stamp),
            (Some(_), None) => false,
        }
    }
}

/// A batch.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Batch {
    pub number: i64,
    pub namespace: String,
    pub items: Vec<Planned>,
}

impl Batch {
    /// Whether it takes records out.
    pub fn deletes(&self) -> bool {
        self.items.iter().all(|item| item.after.is_none())
    }
}

/// What each index shows of ids.
pub(crate) type Sights = Vec<BTreeMap<String, Seen>>;

/// Asks each index for ids.
pub(crate) fn sights(targets: &[&dyn Target], namespace: &str, ids: &[&str]) -> Held<Sights> {
    let fetch = |target: &&dyn Target| {
        target.fetch(namespace, ids).map_err(|problem| super::error::Fault::Index(target.name(), problem))
    };
    targets.iter().map(fetch).collect()
}

/// Notes a batch that is about to be applied.
pub(crate) fn note(connection: &Connection, run_id: &str, namespace: &str, items: Vec<Planned>) -> Held<Batch> {
    connection
        .prepare_cached("INSERT INTO batches (run_id, namespace, phase) VALUES (?1, ?2, 'planned')")?
        .execute([run_id, namespace])?;
    let number = connection.last_insert_rowid();
    let sql = "INSERT INTO batch_items VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    for (place, item) in items.iter().enumerate() {
        let state = |state: &Option<Confirmed>| state.as_ref().map(serde_json::to_string).transpose();
        let image = |seen: &Seen| json!({ "mark": seen.mark, "stamp": seen.stamp, "record": seen.record });
        let images: Vec<Option<Value>> = item.images.iter().map(|seen| seen.as_ref().map(image)).collect();
        connection.prepare_cached(sql)?.execute(params![
            number,
            i64::try_from(place).unwrap_or(i64::MAX),
            item.id,
            item.stamp,
            state(&item.before)?,
            state(&item.after)?,
            serde_json::to_string(&images)?,
        ])?;
    }
    Ok(Batch { number, namespace: namespace.to_owned(), items })
}

/// Notes how far a batch has come.
pub(crate) fn set_phase(connection: &Connection, number: i64, phase: &str) -> Held<()> {
    connection.prepare_cached("UPDATE batches SET phase = ?2 WHERE number = ?1")?.execute(params![number, phase])?;
    Ok(())
}

/// The batches that are asked for, with their items, the last first.
pub(crate) fn read(connection: &Connection, condition: &str, of: &str) -> Held<Vec<Batch>> {
    let sql = format!("SELECT number, namespace FROM batches WHERE {condition} ORDER BY number DESC");
    let mut statement = connection.prepare(&sql)?;
    let rows: Vec<(i64, String)> =
        statement.query_map([of], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    let each = rows.into_iter().map(|(number, namespace)| {
        let items = items(connection, number)?;
        Ok(Batch { number, namespace, items })
    });
    each.collect()
}

fn items(connection: &Connection, number: i64) -> Held<Vec<Planned>> {
    type Row = (String, Option<String>, Option<String>, Option<String>, String);
    let sql = "SELECT id, stamp, before, after, images FROM batch_items WHERE batch = ?1 ORDER BY place";
    let mut statement = connection.prepare_cached(sql)?;
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?));
    let rows: Vec<Row> = statement.query_map([number], row)?.collect::<Result<_, _>>()?;
    let each = rows.into_iter().map(|(id, stamp, before, after, images)| {
        let state = |text: Option<String>| text.map(|text| serde_json::from_str(&text)).transpose();
        let images: Vec<Option<Value>> = serde_json::from_str(&images)?;
        let seen = |mut image: Value| Seen {
            mark: image["mark"].as_str().map(ToOwned::to_owned),
            stamp: image["stamp"].as_str().map(ToOwned::to_owned),
            record: image["record"].take(),
        };
        let images = images.into_iter().map(|image| image.map(seen)).collect();
        Ok(Planned { id, stamp, before: state(before)?, after: state(after)?, images })
    });
    each.collect()
}

/// Sets what is confirmed of items: what is once they are done, or what was before.
pub(crate) fn confirm<'a>(
    connection: &Connection,
    namespace: &str,
    items: impl IntoIterator<Item = &'a Planned>,
    state_of: impl Fn(&'a Planned) -> Option<&'a Confirmed>,
) -> Held<()> {
    items.into_iter().try_for_each(|item| state::set(connection, namespace, &item.id, state_of(item)))
}
