//! Reading a table or query: its columns, its rows, and signs that they are what they were.

use std::collections::BTreeSet;

use tokio_postgres::{
    Column as Described, Statement,
    types::{Kind as TypeKind, Type},
};

use super::{
    columns::{Batch, Kind},
    decode::{Decoder, Wire},
    error::{Error, Result},
    names::{qualified, quote},
    session::{CopyOut, Session},
    table::{TableInfo, table_names},
};

/// What is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    /// All columns of a table or view, in the order of its primary key if it has one.
    Table(String),
    /// What a single SELECT gives.
    Query(String),
}

/// How one tells without reading them that rows are what they were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// By the newest value of a column of the table or query, and the number of rows.
    Column(String),
    /// By the one row that a query gives.
    Query(String),
}

/// What is read of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The rows.
    pub read: Read,
    /// Columns of numeric that are read as hundredths.
    pub cents: BTreeSet<String>,
    /// Their sign.
    pub changed: Option<Changed>,
}

/// A column of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceColumn {
    /// Its name.
    pub name: String,
    /// How its values are sent.
    pub wire: Wire,
}

impl SourceColumn {
    /// What its values become.
    pub fn kind(&self) -> Kind {
        self.wire.kind()
    }
}

/// The columns of a source, and the SELECT that gives them.
#[derive(Debug)]
pub struct Selected {
    sql: String,
    /// In order.
    pub columns: Vec<SourceColumn>,
}

impl Session {
    /// The columns of a source.
    ///
    /// # Errors
    /// When the table or query cannot be read, or a column has a type that nothing here is like.
    pub fn select(&self, source: &Source) -> Result<Selected> {
        let sql = match &source.read {
            Read::Query(sql) => sql.trim().trim_end_matches(';').trim_end().to_owned(),
            Read::Table(name) => self.select_table(name)?,
        };
        let doing = "the query is refused; try it in psql";
        let statement: Statement = self.prepare(doing, &sql)?;
        if statement.columns().is_empty() || !statement.params().is_empty() {
            let problem =
                if statement.columns().is_empty() { "the query gives no columns" } else { "the query has parameters" };
            return Err(self.wrong(problem, "a source's query is one SELECT without parameters"));
        }
        let mut columns: Vec<SourceColumn> = Vec::new();
        for described in statement.columns() {
            if columns.iter().any(|column| column.name == described.name()) {
                let problem = format!("the query gives the column '{}' twice", described.name());
                return Err(self.wrong(problem, "rename one with AS"));
            }
            columns.push(SourceColumn { name: described.name().to_owned(), wire: self.wire(source, described)? });
        }
        if let Some(name) = source.cents.iter().find(|name| !columns.iter().any(|column| column.name == **name)) {
            let mend = super::error::nearest(name, columns.iter().map(|column| column.name.as_str()));
            return Err(self.wrong(format!("cents names the column '{name}', which is not read"), mend));
        }
        Ok(Selected { sql, columns })
    }

    fn wrong(&self, problem: impl Into<String>, mend: impl Into<String>) -> Error {
        Error::Source { place: self.place().to_owned(), problem: problem.into(), mend: mend.into() }
    }

    fn select_table(&self, name: &str) -> Result<String> {
        let Some(table) = TableInfo::load(self, name)? else {
            let tables = table_names(self)?;
            return Err(Error::Table {
                place: self.place().to_owned(),
                table: name.to_owned(),
                problem: super::error::NO_SUCH_TABLE.to_owned(),
                mend: super::error::nearest(name, tables.iter().map(String::as_str)),
            });
        };
        let keys: Vec<_> = table.primary_key.iter().map(|key| quote(key)).collect();
        let order = if keys.is_empty() { String::new() } else { format!(" ORDER BY {}", keys.join(", ")) };
        Ok(format!("SELECT * FROM {}{order}", qualified(name)))
    }

    fn wire(&self, source: &Source, column: &Described) -> Result<Wire> {
        let is_cents = source.cents.contains(column.name());
        let wire = wire_of(column.type_(), column.type_modifier(), is_cents);
        if let Some(wire) = wire.filter(|wire| !is_cents || *wire == Wire::NumericCents) {
            return Ok(wire);
        }
        let (name, quoted) = (column.name(), quote(column.name()));
        let problem = format!("the column '{name}' is {}, which has no kind here", column.type_().name());
        if wire.is_some() {
            let problem = format!("cents names the column '{name}', which is {}, not numeric", column.type_().name());
            return Err(self.wrong(problem, format!("take it out, or read {quoted}::numeric AS {quoted} in a query")));
        }
        let cast = if matches!(column.type_().kind(), TypeKind::Array(_)) { "text[]" } else { "text" };
        Err(self.wrong(problem, format!("read it as {quoted}::{cast} AS {quoted} in a query")))
    }

    /// How many rows a source has.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn count(&self, source: &Source) -> Result<u64> {
        let sql = format!("SELECT count(*) FROM ({}) AS counted", self.select(source)?.sql);
        let rows: i64 = self.one("cannot count rows", &sql, &[])?.get(0);
        Ok(u64::try_from(rows).unwrap_or_default())
    }

    /// The sign of a source's rows, as text; `None` where it has none, so that only reading tells.
    ///
    /// # Errors
    /// When it cannot be asked for.
    pub fn sign(&self, source: &Source) -> Result<Option<String>> {
        let doing = "the sign of a change cannot be asked for; check 'changed'";
        let sql = match &source.changed {
            None => return Ok(None),
            Some(Changed::Column(column)) => {
                let rows = match &source.read {
                    Read::Table(name) => qualified(name),
                    Read::Query(sql) => format!("({})", sql.trim().trim_end_matches(';')),
                };
                format!("SELECT max({})::text, count(*)::text FROM {rows} AS looked_at", quote(column))
            }
            Some(Changed::Query(sql)) => sql.trim().trim_end_matches(';').to_owned(),
        };
        // Whatever the types are, the row is compared as text.
        let sql = format!("SELECT looked_at::text FROM ({sql}) AS looked_at LIMIT 2");
        match self.rows(doing, &sql, &[])?.as_slice() {
            [row] => Ok(row.get::<_, Option<String>>(0)),
            rows => Err(self.wrong(
                format!("the query of 'changed' gives {} rows", if rows.is_empty() { "no" } else { "several" }),
                "let it give one row, for example SELECT count(*), max(updated_at) FROM …",
            )),
        }
    }

    /// Begins to read the rows of a source.
    ///
    /// # Errors
    /// When the server refuses it.
    pub fn read<'s>(&'s self, selected: &Selected) -> Result<Reader<'s>> {
        let sql = format!("COPY ({}) TO STDOUT (FORMAT binary)", selected.sql);
        let wires: Vec<_> = selected.columns.iter().map(|column| column.wire).collect();
        Ok(Reader { session: self, messages: self.copy_out(READING, &sql)?, decoder: Decoder::new(&wires) })
    }
}

const READING: &str = "cannot read the rows";

/// How a type is sent; `None` where nothing here is like it.
fn wire_of(data_type: &Type, modifier: i32, is_cents: bool) -> Option<Wire> {
    let is_text = |data_type: &Type| {
        matches!(*data_type, Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::CHAR | Type::UNKNOWN)
            || matches!(data_type.kind(), TypeKind::Enum(_))
            || data_type.name() == "citext"
    };
    Some(match *data_type {
        Type::INT2 | Type::INT4 | Type::INT8 => Wire::Int,
        Type::FLOAT4 | Type::FLOAT8 => Wire::Float,
        Type::BOOL => Wire::Bool,
        Type::DATE => Wire::Date,
        Type::TIMESTAMP | Type::TIMESTAMPTZ => Wire::Timestamp,
        Type::JSON | Type::XML => Wire::Text,
        Type::JSONB => Wire::Jsonb,
        Type::UUID => Wire::Uuid,
        Type::NUMERIC if is_cents => Wire::NumericCents,
        Type::NUMERIC if is_whole(modifier) => Wire::NumericInt,
        Type::NUMERIC => Wire::NumericText,
        _ if is_text(data_type) => Wire::Text,
        _ => match data_type.kind() {
            TypeKind::Array(inner) if is_text(inner) => Wire::Texts,
            TypeKind::Domain(inner) => wire_of(inner, modifier, is_cents)?,
            _ => return None,
        },
    })
}

/// Whether a numeric of this modifier has no decimal places and fits 64 bits: numeric(18, 0) and shorter.
fn is_whole(modifier: i32) -> bool {
    let (precision, scale) = ((modifier - 4) >> 16 & 0xffff, (modifier - 4) & 0x7ff);
    modifier >= 4 && precision <= 18 && scale == 0
}

/// Rows on their way.
pub struct Reader<'s> {
    session: &'s Session,
    messages: CopyOut<'s>,
    decoder: Decoder,
}

impl Reader<'_> {
    /// The next rows, until `most` of them are usable or there are no more; whether there may be more. `step` is called
    /// after every so many rows, and stops the reading with its error.
    ///
    /// # Errors
    /// When the server refuses, the connection breaks or the rows are damaged; the error of `step`.
    pub fn next(
        &mut self,
        most: usize,
        every: usize,
        step: &mut dyn FnMut(usize) -> Result<()>,
    ) -> Result<(Batch, bool)> {
        let Self { session, messages, decoder } = self;
        let protocol =
            |problem: &str| Error::Protocol { place: session.place().to_owned(), problem: problem.to_owned() };
        let mut told = 0;
        let has_more = messages.each(READING, |message| {
            decoder.push(message).map_err(protocol)?;
            let rows = decoder.rows();
            if rows - told >= every {
                step(rows - told)?;
                told = rows;
            }
            Ok(decoder.usable() < most)
        })?;
        if !has_more && !decoder.is_ended() {
            return Err(protocol("the rows ended before their end was told"));
        }
        step(decoder.rows() - told)?;
        Ok((decoder.take(), has_more))
    }
}
