//! The statements of a sink: what adds, changes and finds rows, with the values of a row as parameters from ?1 on, keys
//! first.

use super::{
    quote,
    sink::{Layout, SinkMode, SqliteSink, Target},
};

/// The statements that a sink runs for each row, and the one before all.
pub(super) fn of(sink: &SqliteSink, layout: &Layout) -> Vec<String> {
    match sink.mode {
        SinkMode::Replace => vec![delete(sink), insert(sink, layout)],
        SinkMode::Append => vec![insert(sink, layout)],
        SinkMode::Upsert => vec![upsert(sink, layout)],
        SinkMode::Update => vec![update(sink, layout)],
    }
}

/// Takes all rows out.
pub(super) fn delete(sink: &SqliteSink) -> String {
    format!("DELETE FROM {}", quote(&sink.table))
}

/// Adds a row.
pub(super) fn insert(sink: &SqliteSink, layout: &Layout) -> String {
    let names: Vec<_> = layout.all().map(|target| quote(&target.table)).collect();
    let places: Vec<_> = (1..=names.len()).map(|place| format!("?{place}")).collect();
    format!("INSERT INTO {} ({}) VALUES ({})", quote(&sink.table), names.join(", "), places.join(", "))
}

/// Adds a row, or where its key is known changes that row, but for some columns, unless it has the values already.
pub(super) fn upsert(sink: &SqliteSink, layout: &Layout) -> String {
    let table = quote(&sink.table);
    let keys: Vec<_> = layout.keys.iter().map(|key| quote(&key.table)).collect();
    let insert = insert(sink, layout);
    let values = || changed_by_upsert(sink, layout).map(|(_, target)| quote(&target.table));
    if values().next().is_none() {
        return format!("{insert} ON CONFLICT ({}) DO NOTHING", keys.join(", "));
    }
    let set: Vec<_> = values().map(|name| format!("{name} = excluded.{name}")).collect();
    let differs: Vec<_> = values().map(|name| format!("{table}.{name} IS NOT excluded.{name}")).collect();
    let (keys, set, differs) = (keys.join(", "), set.join(", "), differs.join(" OR "));
    format!("{insert} ON CONFLICT ({keys}) DO UPDATE SET {set} WHERE {differs}")
}

/// Changes the rows with a key, unless they have the values already.
pub(super) fn update(sink: &SqliteSink, layout: &Layout) -> String {
    let first = layout.keys.len() + 1;
    let found = numbered(&layout.keys, 1, " AND ", |column, place| format!("{column} = ?{place}"));
    let set = numbered(&layout.values, first, ", ", |column, place| format!("{column} = ?{place}"));
    let differs = numbered(&layout.values, first, " OR ", |column, place| format!("{column} IS NOT ?{place}"));
    format!("UPDATE {} SET {set} WHERE {found} AND ({differs})", quote(&sink.table))
}

/// Finds a row with the key.
pub(super) fn find(sink: &SqliteSink, layout: &Layout) -> String {
    let found = numbered(&layout.keys, 1, " AND ", |column, place| format!("{column} = ?{place}"));
    format!("SELECT 1 FROM {} WHERE {found}", quote(&sink.table))
}

/// Finds a row with the key and the values that an upsert or update would give it.
pub(super) fn find_equal(sink: &SqliteSink, layout: &Layout) -> String {
    let mut sql = find(sink, layout);
    for (place, target) in changed_by_upsert(sink, layout) {
        sql += &format!(" AND {} IS ?{}", quote(&target.table), layout.keys.len() + 1 + place);
    }
    sql
}

/// The values that are set in rows that are there, with their places among the values.
fn changed_by_upsert<'l>(
    sink: &'l SqliteSink,
    layout: &'l Layout,
) -> impl Iterator<Item = (usize, &'l Target)> + use<'l> {
    let is_set = |name: &str| !sink.insert_only.iter().any(|kept| kept.eq_ignore_ascii_case(name));
    layout.values.iter().enumerate().filter(move |(_, target)| is_set(&target.table))
}

/// A part of a statement for each of some columns, whose parameters are numbered from `first` on.
pub(super) fn numbered(
    targets: &[Target],
    first: usize,
    between: &str,
    part: impl Fn(&str, usize) -> String,
) -> String {
    let parts: Vec<_> =
        targets.iter().enumerate().map(|(index, target)| part(&quote(&target.table), first + index)).collect();
    parts.join(between)
}
