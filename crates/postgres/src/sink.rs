//! A table as a sink: what goes where in it, and what it must be like.

use super::{
    columns::Kind,
    definition::Definition,
    error::{Error, Result, nearest},
    names::{qualified, quote},
    placing::placed,
    session::Session,
    table::{TableInfo, may, may_create},
};

/// How a sink changes its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The table holds the dataset and nothing else.
    Replace,
    /// The dataset's rows are added.
    Append,
    /// Rows with a known key are changed, others are added.
    Upsert,
    /// Rows with a known key are changed, others are left out.
    Update,
}

impl Mode {
    /// The word used in pipeline files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Replace => "replace",
            Self::Append => "append",
            Self::Upsert => "upsert",
            Self::Update => "update",
        }
    }

    /// Whether rows are matched by keys.
    pub fn takes_keys(self) -> bool {
        matches!(self, Self::Upsert | Self::Update)
    }

    /// What a user must be allowed to do with the table.
    fn rights(self) -> &'static [&'static str] {
        match self {
            Self::Replace => &["SELECT", "INSERT", "DELETE"],
            Self::Append => &["INSERT"],
            Self::Upsert => &["SELECT", "INSERT", "UPDATE"],
            Self::Update => &["SELECT", "UPDATE"],
        }
    }
}

/// A table's column and the dataset's column that is written to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// In the table.
    pub table: String,
    /// In the dataset.
    pub dataset: String,
}

/// Where a dataset goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableSink {
    /// The table, perhaps with its schema and a point before it; one that is missing is made.
    pub table: String,
    /// How it is changed.
    pub mode: Mode,
    /// What finds a row, for upsert and update.
    pub keys: Vec<Pair>,
    /// What is written beside the keys; all other columns of the dataset by default.
    pub columns: Option<Vec<Pair>>,
    /// Whether columns that the table lacks are added to it.
    pub add_columns: bool,
    /// Columns of the table that an upsert writes only in rows that it adds.
    pub insert_only: Vec<String>,
    /// How a missing table is made; by default it has the dataset's columns, and the keys as its primary key.
    pub definition: Option<Definition>,
}

/// A column of a dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatasetColumn {
    /// Its name.
    pub name: String,
    /// What its values are; `None` before anyone knows.
    pub kind: Option<Kind>,
}

/// A column to write.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) table: String,
    pub(crate) dataset: String,
    pub(crate) kind: Option<Kind>,
}

/// The columns a sink writes for a given dataset.
pub(crate) struct Layout {
    pub(crate) keys: Vec<Target>,
    pub(crate) values: Vec<Target>,
}

impl Layout {
    pub(crate) fn all(&self) -> impl Iterator<Item = &Target> + Clone {
        self.keys.iter().chain(&self.values)
    }
}

/// The name of the ledger.
pub(crate) const LEDGER: &str = "_nightloom_ledger";

impl TableSink {
    pub(crate) fn wrong(&self, place: &str, problem: impl Into<String>, mend: impl Into<String>) -> Error {
        Error::Table { place: place.to_owned(), table: self.table.clone(), problem: problem.into(), mend: mend.into() }
    }

    /// Which columns of a dataset go where.
    pub(crate) fn layout(&self, place: &str, dataset: &[DatasetColumn]) -> Result<Layout> {
        let is_key = |column: &&DatasetColumn| self.keys.iter().any(|key| key.dataset == column.name);
        let values = match &self.columns {
            Some(columns) => columns.clone(),
            None => {
                let others = dataset.iter().filter(|column| !is_key(column));
                others.map(|column| Pair { table: column.name.clone(), dataset: column.name.clone() }).collect()
            }
        };
        // Keys mean something for a table that is made: its primary key.
        let layout =
            Layout { keys: self.targets(place, &self.keys, dataset)?, values: self.targets(place, &values, dataset)? };
        self.check_layout(place, &layout)?;
        Ok(layout)
    }

    fn targets(&self, place: &str, pairs: &[Pair], dataset: &[DatasetColumn]) -> Result<Vec<Target>> {
        let target = |pair: &Pair| match dataset.iter().find(|column| column.name == pair.dataset) {
            Some(column) => Ok(Target { table: pair.table.clone(), dataset: pair.dataset.clone(), kind: column.kind }),
            None => Err(self.wrong(
                place,
                format!("the dataset has no column '{}'", pair.dataset),
                nearest(&pair.dataset, dataset.iter().map(|column| column.name.as_str())),
            )),
        };
        pairs.iter().map(target).collect()
    }

    fn check_layout(&self, place: &str, layout: &Layout) -> Result<()> {
        let names = || layout.all().map(|target| target.table.as_str());
        let is_no_name = |name: &&str| name.is_empty() || name.contains('\0') || name.len() > 63;
        if let Some(name) = std::iter::once(self.table.as_str()).chain(names()).find(is_no_name) {
            let problem = format!("{name:?} cannot be a name: it is empty, has a NUL or is longer than 63 bytes");
            return Err(self.wrong(place, problem, "choose another name"));
        }
        if self.table == LEDGER {
            return Err(self.wrong(place, "is nightloom's own, and not to be written", "choose another name"));
        }
        for (index, name) in names().enumerate() {
            if names().take(index).any(|other| other == name) {
                return Err(self.wrong(
                    place,
                    format!("the column '{name}' is written twice"),
                    "name each column once",
                ));
            }
        }
        let is_value = |name: &str| layout.values.iter().any(|target| target.table == name);
        if let Some(name) = self.insert_only.iter().find(|name| !is_value(name)) {
            let problem = format!("insert_only names the column '{name}', which is not written or is a key");
            return Err(self.wrong(place, problem, nearest(name, layout.values.iter().map(|t| t.table.as_str()))));
        }
        if layout.all().next().is_none() || (self.mode == Mode::Update && layout.values.is_empty()) {
            return Err(self.wrong(place, "no column would be written", "name some in columns"));
        }
        Ok(())
    }

    /// Checks all that can be known before any work, and changes nothing. A dataset without columns is one whose columns
    /// are known only when it is made.
    ///
    /// # Errors
    /// The first thing found wrong, with the mend.
    pub fn check(&self, session: &Session, dataset: &[DatasetColumn]) -> Result<()> {
        let place = session.place();
        self.check_writable(session)?;
        let table = TableInfo::load(session, &self.table)?;
        match &table {
            Some(_) => {
                for right in self.mode.rights() {
                    if !may(session, &self.table, right)? {
                        let problem = format!("the user may not {right} there");
                        let mend = format!("run GRANT {right} ON {} TO the user", qualified(&self.table));
                        return Err(self.wrong(place, problem, mend));
                    }
                }
            }
            None if self.mode != Mode::Update && !may_create(session, &self.table)? => {
                let mend = "make the table first, or run GRANT CREATE ON SCHEMA … TO the user";
                return Err(self.wrong(place, "is missing, and the user may not make it", mend));
            }
            None => {}
        }
        if dataset.is_empty() {
            return Ok(());
        }
        let layout = self.layout(place, dataset)?;
        self.missing_columns(place, &layout, table.as_ref()).map(drop)
    }

    fn check_writable(&self, session: &Session) -> Result<()> {
        let sql = "SELECT current_setting('transaction_read_only') = 'on'";
        if session.one("cannot ask whether it may be written", sql, &[])?.get(0) {
            let mend = "name the primary server, or set default_transaction_read_only off for the user";
            return Err(self.wrong(session.place(), "the server is read-only", mend));
        }
        let has_ledger = TableInfo::load(session, LEDGER)?.is_some();
        if !has_ledger && !may_create(session, LEDGER)? {
            let problem = format!("the user may not make the table {LEDGER}, which says what was written");
            return Err(self.wrong(session.place(), problem, "run GRANT CREATE ON SCHEMA … TO the user"));
        }
        for right in ["SELECT", "INSERT", "DELETE"] {
            if has_ledger && !may(session, LEDGER, right)? {
                let problem = format!("the user may not {right} in {LEDGER}, which says what was written");
                return Err(self.wrong(session.place(), problem, format!("run GRANT {right} ON {LEDGER} TO the user")));
            }
        }
        Ok(())
    }

    /// The columns that must be added to the table before it is written; all when the table is missing.
    pub(crate) fn missing_columns<'l>(
        &self,
        place: &str,
        layout: &'l Layout,
        table: Option<&TableInfo>,
    ) -> Result<Vec<&'l Target>> {
        let Some(table) = table else {
            if self.mode == Mode::Update {
                let mend = "make it first, or use mode 'upsert'";
                return Err(self.wrong(place, "no such table, and there is nothing to update", mend));
            }
            return Ok(layout.all().collect());
        };
        if !table.is_table {
            return Err(self.wrong(place, "a view or foreign table cannot be written", "name a table"));
        }
        self.check_columns(place, layout, table)?;
        let names = || table.columns.iter().map(|column| column.name.as_str());
        let missing: Vec<_> = layout.values.iter().filter(|target| table.column(&target.table).is_none()).collect();
        let Some(first) = missing.first().filter(|_| !self.add_columns) else { return Ok(missing) };
        let problem = format!("lacks the columns {}", list(missing.iter().map(|target| target.table.as_str())));
        Err(self.wrong(
            place,
            problem,
            format!("set add_columns = true to add them; {}", nearest(&first.table, names())),
        ))
    }

    fn check_columns(&self, place: &str, layout: &Layout, table: &TableInfo) -> Result<()> {
        let names = || table.columns.iter().map(|column| column.name.as_str());
        if let Some(key) = layout.keys.iter().find(|key| table.column(&key.table).is_none() && self.mode.takes_keys()) {
            let problem = format!("lacks the key column '{}'", key.table);
            return Err(self.wrong(place, problem, nearest(&key.table, names())));
        }
        for target in layout.all() {
            let Some(column) = table.column(&target.table) else { continue };
            if column.generated {
                let problem = format!("the column '{}' is generated", target.table);
                return Err(self.wrong(place, problem, "leave it out of columns"));
            }
            if let Some(kind) = target.kind.filter(|kind| placed(*kind, &column.declared, "c").is_none()) {
                let problem = format!(
                    "its column '{}' is {}, but the dataset's column '{}' is {}",
                    target.table,
                    column.declared,
                    target.dataset,
                    word(kind)
                );
                return Err(self.wrong(place, problem, "cast it in the stage, or write another column"));
            }
        }
        let is_written = |name: &str| layout.all().any(|target| target.table == name);
        let needed = table.columns.iter().filter(|column| column.needs_value && !is_written(&column.name));
        let needed: Vec<_> = needed.map(|column| column.name.as_str()).collect();
        if self.mode != Mode::Update && !needed.is_empty() {
            let problem = format!("{} must not be null and would not be written", list(needed.into_iter()));
            return Err(self.wrong(place, problem, "write them too, or give them a default in the table"));
        }
        if self.mode == Mode::Replace && !table.referred_by.is_empty() {
            let by = list(table.referred_by.iter().map(String::as_str));
            let problem = format!("cannot be replaced, since {by} refers to its rows");
            return Err(self.wrong(place, problem, "use mode 'upsert', which keeps them"));
        }
        let keys: Vec<&str> = layout.keys.iter().map(|key| key.table.as_str()).collect();
        if self.mode == Mode::Upsert && !table.is_unique(&keys) {
            let columns = keys.iter().map(|key| quote(key)).collect::<Vec<_>>().join(", ");
            let problem = format!("no primary key or unique index has just the key columns {columns}");
            let mend = format!("run CREATE UNIQUE INDEX ON {} ({columns})", qualified(&self.table));
            return Err(self.wrong(place, problem, mend));
        }
        Ok(())
    }
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ")
}

/// A kind in messages.
fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Int => "int",
        Kind::Float => "float",
        Kind::Bool => "bool",
        Kind::Date => "date",
        Kind::Timestamp => "timestamp",
        Kind::Text => "text",
        Kind::Texts => "a list of texts",
        Kind::Json => "lists or records",
        Kind::Bytes => "bytes",
        Kind::Floats => "a list of numbers",
    }
}
