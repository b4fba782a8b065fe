//! Rows of a statement on their way into a frame; those with values that cannot be used are set aside.

use polars::prelude::{BooleanChunked, DataFrame, NewChunkedArray, PolarsResult};
use rusqlite::{Row, types::ValueRef};

use super::super::{
    columns::{Cell, ColumnBuilder},
    reject::Rejects,
};
use crate::operator::{Column, ColumnKind, PortSchema};

/// A longer text is rejected; it would be copied several times on its way.
const LONGEST_TEXT: usize = 256 << 20;

/// Columns being filled, batch after batch.
pub(super) struct Filling<'a> {
    columns: &'a PortSchema,
    /// The types of the next batch: those of `columns`, or where these do not tell, those of the first batch.
    kinds: Vec<ColumnKind>,
    builders: Vec<ColumnBuilder>,
    /// Rows in the builders, and which of them are rejected.
    height: usize,
    bad: Vec<usize>,
    seen: u64,
    rejects: Rejects,
}

/// What became of a row.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Pushed {
    /// It is in, or rejected.
    Taken,
    /// It has a value of another type than the column had in earlier batches.
    OtherType,
}

impl<'a> Filling<'a> {
    pub(super) fn new(columns: &'a PortSchema) -> Self {
        let kinds = columns.iter().map(|column| column.kind).collect();
        let builders = builders(columns, columns.iter().map(|column| column.kind));
        Self { columns, kinds, builders, height: 0, bad: Vec::new(), seen: 0, rejects: Rejects::default() }
    }

    /// Rows in this batch that are not rejected.
    pub(super) fn usable(&self) -> usize {
        self.height - self.bad.len()
    }

    /// Rows of all batches.
    pub(super) fn rows_seen(&self) -> u64 {
        self.seen
    }

    #[inline]
    pub(super) fn push(&mut self, row: &Row<'_>) -> rusqlite::Result<Pushed> {
        self.seen += 1;
        let mut is_bad = false;
        for (place, builder) in self.builders.iter_mut().enumerate() {
            let value = row.get_ref(place)?;
            let Err(problem) = push(builder, value) else { continue };
            let column = self.columns.get(place);
            match problem {
                Problem::Type(_) if column.is_some_and(|column| column.kind == ColumnKind::Any) => {
                    return Ok(Pushed::OtherType);
                }
                Problem::Type(reason) | Problem::Value(reason) => {
                    let name = column.map_or("", |column| column.name.as_str());
                    self.rejects.add(self.seen, name, &shown(value), reason);
                    is_bad = true;
                }
            }
        }
        if is_bad {
            self.bad.push(self.height);
        }
        self.height += 1;
        Ok(Pushed::Taken)
    }

    /// The usable rows so far; the next batch is begun.
    pub(super) fn take_frame(&mut self) -> PolarsResult<DataFrame> {
        let next = builders(self.columns, self.kinds.iter().copied());
        let done = std::mem::replace(&mut self.builders, next);
        let columns = done.into_iter().map(ColumnBuilder::finish).collect::<PolarsResult<_>>()?;
        let frame = DataFrame::new(std::mem::take(&mut self.height), columns)?;
        let bad = std::mem::take(&mut self.bad);
        if bad.is_empty() {
            return Ok(frame);
        }
        let mut keep = vec![true; frame.height()];
        for row in bad {
            if let Some(flag) = keep.get_mut(row) {
                *flag = false;
            }
        }
        frame.filter(&BooleanChunked::from_slice("keep".into(), &keep))
    }

    /// From now on the columns have the types they have in `frame`.
    pub(super) fn take_types_of(&mut self, frame: &DataFrame) {
        self.kinds = frame.dtypes().iter().map(ColumnKind::of).collect();
        self.builders = builders(self.columns, self.kinds.iter().copied());
    }

    /// The rejected rows of all batches.
    pub(super) fn rejected(self) -> PolarsResult<DataFrame> {
        self.rejects.into_frame()
    }
}

fn builders(columns: &[Column], kinds: impl Iterator<Item = ColumnKind>) -> Vec<ColumnBuilder> {
    columns.iter().zip(kinds).map(|(column, kind)| ColumnBuilder::new(&column.name, kind, 0)).collect()
}

/// Why a value was not taken; there is a null in its place.
enum Problem {
    /// Values of its type do not go into the column.
    Type(&'static str),
    /// It goes into no column.
    Value(&'static str),
}

#[inline]
fn push(builder: &mut ColumnBuilder, value: ValueRef<'_>) -> Result<(), Problem> {
    let cell = match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(value) => Cell::Int(value),
        ValueRef::Real(value) => Cell::Float(value),
        ValueRef::Text(bytes) if bytes.len() > LONGEST_TEXT => {
            builder.push_null();
            return Err(Problem::Value("a text longer than 256 MiB"));
        }
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Cell::Text(text),
            Err(_) => {
                builder.push_null();
                return Err(Problem::Value("not valid UTF-8"));
            }
        },
        ValueRef::Blob(_) => {
            builder.push_null();
            return Err(Problem::Value("a blob where text or a number is expected"));
        }
    };
    builder.push(cell).map_err(Problem::Type)
}

fn shown(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(value) => value.to_string(),
        ValueRef::Real(value) => format!("{value:?}"),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            String::from_utf8_lossy(bytes.get(..400).unwrap_or(bytes)).into_owned()
        }
    }
}
