//! The statements of a sink: the staging table, and the one statement that takes its rows into the table.

use super::{
    columns::Kind,
    names::{qualified, quote},
    placing::{compared, placed, staged_type},
    sink::{Layout, TableSink, Target},
    table::TableInfo,
};

/// What the statements of one write are made of.
pub(crate) struct Statements<'a> {
    pub(crate) sink: &'a TableSink,
    pub(crate) layout: &'a Layout,
    pub(crate) table: &'a TableInfo,
    /// The staging table, quoted.
    pub(crate) staging: &'a str,
}

/// A column of the staging table: `c0`, `c1` … in the order of the layout; `n` numbers the rows.
fn staged(place: usize) -> String {
    format!("c{place}")
}

impl Statements<'_> {
    /// The columns of the staging table.
    pub(crate) fn staging_columns(layout: &Layout) -> String {
        let columns = layout
            .all()
            .enumerate()
            .map(|(place, target)| format!(", {} {}", staged(place), staged_type(target.kind.unwrap_or(Kind::Text))));
        format!("n bigint{}", columns.collect::<String>())
    }

    /// Fills the staging table.
    pub(crate) fn copy(&self) -> String {
        let columns: String = (0..self.layout.all().count()).map(|place| format!(", {}", staged(place))).collect();
        format!("COPY {} (n{columns}) FROM STDIN (FORMAT binary)", self.staging)
    }

    fn declared(&self, target: &Target) -> &str {
        self.table.column(&target.table).map_or("text", |column| column.declared.as_str())
    }

    /// The staged column at a place, as a value of the table's column.
    fn value(&self, place: usize, target: &Target) -> String {
        let column = format!("s.{}", staged(place));
        placed(target.kind.unwrap_or(Kind::Text), self.declared(target), &column).unwrap_or(column)
    }

    fn names(&self) -> String {
        self.layout.all().map(|target| quote(&target.table)).collect::<Vec<_>>().join(", ")
    }

    /// All staged columns as values of the table's columns, with their names.
    fn values(&self) -> String {
        let value =
            |(place, target): (usize, &Target)| format!("{} AS {}", self.value(place, target), quote(&target.table));
        self.layout.all().enumerate().map(value).collect::<Vec<_>>().join(", ")
    }

    /// The staged rows as rows of the table; of those with one key only the last.
    fn last_of_each_key(&self) -> String {
        let keys = || {
            let of_key = |key: &Target| {
                // Bytes are compared faster than words, and no order is asked for.
                let is_text = matches!(self.declared(key), "text") || self.declared(key).starts_with("character");
                format!("v.{}{}", quote(&key.table), if is_text { " COLLATE \"C\"" } else { "" })
            };
            self.layout.keys.iter().map(of_key).collect::<Vec<_>>().join(", ")
        };
        format!(
            "SELECT DISTINCT ON ({}) v.* FROM (SELECT {}, s.n AS _nightloom_n FROM {} AS s) AS v ORDER BY {}, v._nightloom_n DESC",
            keys(),
            self.values(),
            self.staging,
            keys()
        )
    }

    /// Takes all rows out of the table.
    pub(crate) fn delete(&self) -> String {
        format!("DELETE FROM {}", qualified(&self.sink.table))
    }

    /// Adds the staged rows.
    pub(crate) fn insert(&self) -> String {
        let table = qualified(&self.sink.table);
        format!(
            "INSERT INTO {table} ({}) SELECT {} FROM {} AS s ORDER BY s.n",
            self.names(),
            self.values(),
            self.staging
        )
    }

    /// Adds the staged rows, or changes those with their keys that have other values.
    pub(crate) fn upsert(&self) -> String {
        let keys: Vec<_> = self.layout.keys.iter().map(|key| quote(&key.table)).collect();
        let changed: Vec<_> =
            self.layout.values.iter().filter(|target| !self.sink.insert_only.contains(&target.table)).collect();
        let set = changed.iter().map(|target| format!("{0} = excluded.{0}", quote(&target.table)));
        let (set, keys) = (set.collect::<Vec<_>>().join(", "), keys.join(", "));
        let action = if changed.is_empty() {
            "DO NOTHING".to_owned()
        } else {
            format!("DO UPDATE SET {set} WHERE {}", self.differs(&changed, "t", "excluded"))
        };
        format!(
            "INSERT INTO {} AS t ({names}) SELECT {names} FROM ({}) AS u ON CONFLICT ({keys}) {action}",
            qualified(&self.sink.table),
            self.last_of_each_key(),
            names = self.names(),
        )
    }

    /// Changes the rows with the staged keys that have other values.
    pub(crate) fn update(&self) -> String {
        let values: Vec<_> = self.layout.values.iter().collect();
        let set: Vec<_> = values.iter().map(|target| format!("{0} = u.{0}", quote(&target.table))).collect();
        format!(
            "UPDATE {} AS t SET {} FROM ({}) AS u WHERE {} AND ({})",
            qualified(&self.sink.table),
            set.join(", "),
            self.last_of_each_key(),
            self.same_key("u"),
            self.differs(&values, "t", "u")
        )
    }

    /// Counts the staged rows whose keys the table lacks.
    pub(crate) fn unmatched(&self) -> String {
        format!(
            "SELECT count(*) FROM (SELECT {} FROM {} AS s) AS u WHERE NOT EXISTS (SELECT 1 FROM {} AS t WHERE {})",
            self.values(),
            self.staging,
            qualified(&self.sink.table),
            self.same_key("u")
        )
    }

    /// Counts the staged rows whose values the table has not taken.
    pub(crate) fn not_taken(&self) -> String {
        let values: Vec<_> =
            self.layout.values.iter().filter(|target| !self.sink.insert_only.contains(&target.table)).collect();
        let differs = if values.is_empty() { "FALSE".to_owned() } else { self.differs(&values, "t", "u") };
        format!(
            "SELECT count(*) FROM ({}) AS u WHERE NOT EXISTS (SELECT 1 FROM {} AS t WHERE {} AND NOT ({differs}))",
            self.last_of_each_key(),
            qualified(&self.sink.table),
            self.same_key("u")
        )
    }

    fn same_key(&self, other: &str) -> String {
        let keys = self.layout.keys.iter().map(|key| format!("t.{0} = {other}.{0}", quote(&key.table)));
        keys.collect::<Vec<_>>().join(" AND ")
    }

    fn differs(&self, targets: &[&Target], one: &str, other: &str) -> String {
        let differs = |target: &&Target| {
            let of = |table: &str| compared(self.declared(target), &format!("{table}.{}", quote(&target.table)));
            format!("{} IS DISTINCT FROM {}", of(one), of(other))
        };
        targets.iter().map(differs).collect::<Vec<_>>().join(" OR ")
    }
}
