//! A SQLite sink: what goes where in a table, and what the table must be like.

use std::path::Path;

use rusqlite::Connection;

use super::{
    super::{IoError, error::nearest},
    definitions::Definitions,
    quote,
    table::{TableInfo, declared_for},
};
use crate::operator::{Column, ColumnKind, PortSchema};

/// How a sink changes its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SinkMode {
    /// The table holds the dataset and nothing else; its definition is kept.
    Replace,
    /// The dataset's rows are added.
    Append,
    /// Rows with a known key are changed, others are added.
    Upsert,
    /// Rows with a known key are changed, others are left out.
    Update,
}

impl SinkMode {
    /// The word used in pipeline files.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Replace => "replace",
            Self::Append => "append",
            Self::Upsert => "upsert",
            Self::Update => "update",
        }
    }

    fn takes_keys(self) -> bool {
        matches!(self, Self::Upsert | Self::Update)
    }
}

/// A table's column and the dataset's column that is written to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnPair {
    /// In the table.
    pub table: String,
    /// In the dataset.
    pub dataset: String,
}

/// Where in a database a dataset goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqliteSink {
    /// The table; one that is missing is made.
    pub table: String,
    /// How it is changed.
    pub mode: SinkMode,
    /// What finds a row, for upsert and update.
    pub keys: Vec<ColumnPair>,
    /// What is written beside the keys; all other columns of the dataset by default.
    pub columns: Option<Vec<ColumnPair>>,
    /// Whether columns that the table lacks are added to it.
    pub add_columns: bool,
    /// Columns of the table that an upsert writes only in rows that it adds.
    pub insert_only: Vec<String>,
    /// How a missing table is made; by default it has the dataset's columns, and the keys as its primary key.
    pub definitions: Option<Definitions>,
}

/// A column to write, with its type.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) table: String,
    pub(super) dataset: String,
    pub(super) kind: ColumnKind,
}

/// The columns a sink writes for a given dataset.
pub(super) struct Layout {
    pub(super) keys: Vec<Target>,
    pub(super) values: Vec<Target>,
}

impl Layout {
    pub(super) fn all(&self) -> impl Iterator<Item = &Target> + Clone {
        self.keys.iter().chain(&self.values)
    }

    pub(super) fn key_names(&self) -> Vec<&str> {
        self.keys.iter().map(|key| key.table.as_str()).collect()
    }
}

impl SqliteSink {
    pub(super) fn check_name(&self, database: &Path, name: &str) -> Result<(), IoError> {
        if name.is_empty() || name.contains('\0') {
            let problem =
                format!("{name:?} cannot be a name: it {}", if name.is_empty() { "is empty" } else { "has a NUL" });
            return Err(self.wrong(database, problem, "choose another name"));
        }
        Ok(())
    }

    pub(super) fn wrong(&self, database: &Path, problem: impl Into<String>, mend: impl Into<String>) -> IoError {
        IoError::Table {
            path: database.to_owned(),
            table: self.table.clone(),
            problem: problem.into(),
            mend: mend.into(),
        }
    }

    /// Which columns of `dataset` go where.
    pub(super) fn layout(&self, database: &Path, dataset: &PortSchema) -> Result<Layout, IoError> {
        let mode = self.mode.word();
        if self.mode.takes_keys() && self.keys.is_empty() {
            let mend = "give keys = { table_column = \"dataset_column\" }";
            return Err(self.wrong(database, format!("mode '{mode}' needs keys"), mend));
        }
        if !self.mode.takes_keys() && !self.keys.is_empty() {
            let mend = "take the keys out, or use mode 'upsert' or 'update'";
            return Err(self.wrong(database, format!("mode '{mode}' has no use for keys"), mend));
        }
        let is_key = |column: &&Column| self.keys.iter().any(|key| key.dataset == column.name);
        let others = |column: &Column| ColumnPair { table: column.name.clone(), dataset: column.name.clone() };
        let values = match &self.columns {
            Some(columns) => columns.clone(),
            None => dataset.iter().filter(|column| !is_key(column)).map(others).collect(),
        };
        let layout = Layout {
            keys: self.targets(database, &self.keys, dataset)?,
            values: self.targets(database, &values, dataset)?,
        };
        self.check_layout(database, &layout)?;
        Ok(layout)
    }

    fn targets(&self, database: &Path, pairs: &[ColumnPair], dataset: &PortSchema) -> Result<Vec<Target>, IoError> {
        let target = |pair: &ColumnPair| match dataset.iter().find(|column| column.name == pair.dataset) {
            Some(column) => Ok(Target { table: pair.table.clone(), dataset: pair.dataset.clone(), kind: column.kind }),
            None => Err(self.wrong(
                database,
                format!("the dataset has no column '{}'", pair.dataset),
                nearest(&pair.dataset, dataset.iter().map(|column| column.name.as_str())),
            )),
        };
        pairs.iter().map(target).collect()
    }

    fn check_layout(&self, database: &Path, layout: &Layout) -> Result<(), IoError> {
        layout.all().try_for_each(|target| self.check_name(database, &target.table))?;
        for (index, target) in layout.all().enumerate() {
            if layout.all().take(index).any(|other| other.table.eq_ignore_ascii_case(&target.table)) {
                let problem = format!("the column '{}' is written twice", target.table);
                return Err(self.wrong(database, problem, "name each column of the table once"));
            }
        }
        let is_value = |name: &str| layout.values.iter().any(|target| target.table.eq_ignore_ascii_case(name));
        if let Some(name) = self.insert_only.iter().find(|name| !is_value(name)) {
            let problem = format!("insert_only names the column '{name}', which is not written or is a key");
            let mend = nearest(name, layout.values.iter().map(|target| target.table.as_str()));
            return Err(self.wrong(database, problem, mend));
        }
        if layout.all().next().is_none() || (self.mode == SinkMode::Update && layout.values.is_empty()) {
            return Err(self.wrong(database, "no column would be written", "name some in columns"));
        }
        Ok(())
    }

    /// The columns that must be added to the table before it is written (all when the table is missing).
    pub(super) fn missing_columns<'l>(
        &self,
        database: &Path,
        layout: &'l Layout,
        table: Option<&TableInfo>,
    ) -> Result<Vec<&'l Target>, IoError> {
        let Some(table) = table else {
            if self.mode == SinkMode::Update {
                let mend = "make it first, or use mode 'upsert'";
                return Err(self.wrong(database, "no such table, and there is nothing to update", mend));
            }
            return Ok(layout.all().collect());
        };
        if !table.ordinary {
            return Err(self.wrong(database, "a view or virtual table cannot be written", "name a table"));
        }
        self.check_columns(database, layout, table)?;
        let missing: Vec<_> = layout.values.iter().filter(|target| table.column(&target.table).is_none()).collect();
        if missing.is_empty() || self.add_columns {
            return Ok(missing);
        }
        Err(self.wrong(
            database,
            format!("lacks the column{} {}", plural(missing.len()), list(missing.iter().map(|target| &target.table))),
            format!(
                "set add_columns = true to add {}; {}",
                if missing.len() == 1 { "it" } else { "them" },
                missing.first().map_or(String::new(), |target| nearest(&target.table, names(table)))
            ),
        ))
    }

    fn check_columns(&self, database: &Path, layout: &Layout, table: &TableInfo) -> Result<(), IoError> {
        if let Some(key) = layout.keys.iter().find(|key| table.column(&key.table).is_none()) {
            let problem = format!("lacks the key column '{}'", key.table);
            return Err(self.wrong(database, problem, nearest(&key.table, names(table))));
        }
        let is_generated = |target: &&Target| table.column(&target.table).is_some_and(|column| column.generated);
        if let Some(target) = layout.all().find(is_generated) {
            let problem = format!("the column '{}' is generated", target.table);
            return Err(self.wrong(database, problem, "leave it out of columns"));
        }
        if table.strict {
            self.check_strict_types(database, layout, table)?;
        }
        let is_written = |name: &str| layout.all().any(|target| target.table.eq_ignore_ascii_case(name));
        let needed: Vec<_> =
            table.columns.iter().filter(|column| column.needs_value && !is_written(&column.name)).collect();
        if self.mode != SinkMode::Update && !needed.is_empty() {
            let problem = format!("{} must not be null and would not be written", list(needed.iter().map(|c| &c.name)));
            return Err(self.wrong(database, problem, "write them too, or give them a default in the table"));
        }
        let keys = layout.key_names();
        if self.mode == SinkMode::Upsert && !table.is_unique(&keys) {
            return Err(self.wrong(
                database,
                format!(
                    "no primary key or unique index has just the key column{} {}",
                    plural(keys.len()),
                    keys.join(", ")
                ),
                format!(
                    "run CREATE UNIQUE INDEX ON {} ({}) with a name of your choice",
                    quote(&self.table),
                    keys.join(", ")
                ),
            ));
        }
        Ok(())
    }

    /// A STRICT table takes a value only if it is, or becomes without loss, what the column is declared as.
    fn check_strict_types(&self, database: &Path, layout: &Layout, table: &TableInfo) -> Result<(), IoError> {
        let declared = |target: &Target| table.column(&target.table).map(|column| column.declared.as_str());
        let misfit = |target: &&Target| declared(target).is_some_and(|declared| !strictly_takes(declared, target.kind));
        let Some(target) = layout.all().find(misfit) else { return Ok(()) };
        let problem = format!(
            "is STRICT, and its column '{}' is {}, but the dataset's column '{}' is {}",
            target.table,
            declared(target).unwrap_or_default(),
            target.dataset,
            target.kind.word()
        );
        Err(self.wrong(database, problem, "cast it in the stage, or write another column"))
    }

    /// Makes the table, or adds what it lacks.
    pub(super) fn prepare_table(
        &self,
        database: &Path,
        connection: &Connection,
        layout: &Layout,
        refused: impl Fn(rusqlite::Error) -> IoError,
    ) -> Result<(), IoError> {
        let mut table = TableInfo::load(connection, &self.table).map_err(&refused)?;
        if let (None, Some(definitions)) = (&table, &self.definitions) {
            for statement in definitions.of_table(&self.table).map_err(&refused)? {
                connection.execute_batch(&statement).map_err(&refused)?;
            }
            table = TableInfo::load(connection, &self.table).map_err(&refused)?;
        }
        let missing = self.missing_columns(database, layout, table.as_ref())?;
        let is_strict = table.as_ref().is_some_and(|table| table.strict);
        let declared = |kind| if is_strict && kind == ColumnKind::Any { "ANY" } else { declared_for(kind) };
        let definition = |target: &&Target| format!("{} {}", quote(&target.table), declared(target.kind));
        if table.is_some() {
            for target in &missing {
                let sql = format!("ALTER TABLE {} ADD COLUMN {}", quote(&self.table), definition(target));
                connection.execute_batch(&sql).map_err(&refused)?;
            }
            return Ok(());
        }
        let mut parts: Vec<_> = missing.iter().map(definition).collect();
        if !layout.keys.is_empty() {
            let keys: Vec<_> = layout.keys.iter().map(|key| quote(&key.table)).collect();
            parts.push(format!("PRIMARY KEY ({})", keys.join(", ")));
        }
        let sql = format!("CREATE TABLE {} ({})", quote(&self.table), parts.join(", "));
        connection.execute_batch(&sql).map_err(refused)
    }
}

fn names(table: &TableInfo) -> impl Iterator<Item = &str> + Clone {
    table.columns.iter().map(|column| column.name.as_str())
}

fn list<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names.map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ")
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// Whether a column of a STRICT table takes the values of a dataset's column.
fn strictly_takes(declared: &str, kind: ColumnKind) -> bool {
    match (declared.to_ascii_uppercase().as_str(), kind) {
        (_, ColumnKind::Any) | ("ANY" | "TEXT", _) => true,
        ("INT" | "INTEGER", kind) => matches!(kind, ColumnKind::Int | ColumnKind::Bool),
        ("REAL", kind) => matches!(kind, ColumnKind::Int | ColumnKind::Bool | ColumnKind::Float),
        _ => false,
    }
}
