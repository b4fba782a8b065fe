//! Rows into columns, cell after cell.

use polars::prelude::*;

use crate::operator::{ColumnKind, StageError};

enum Builder {
    /// So far all cells are the same; a column that stays so takes no memory.
    Same {
        name: PlSmallStr,
        value: Option<String>,
        count: usize,
        room: usize,
    },
    Text(StringChunkedBuilder),
    Int(PrimitiveChunkedBuilder<Int64Type>),
    Time(PrimitiveChunkedBuilder<Int64Type>),
    Bool(BooleanChunkedBuilder),
}

impl Builder {
    #[inline]
    fn push(&mut self, text: Option<&str>) {
        match self {
            Self::Text(builder) => builder.append_option(text),
            Self::Same { value, count, .. } if *count > 0 && value.as_deref() == text => *count += 1,
            Self::Same { value, count, .. } if *count == 0 => {
                *value = text.map(str::to_owned);
                *count = 1;
            }
            Self::Same { name, value, count, room } => {
                let mut builder = StringChunkedBuilder::new(name.clone(), (*room).max(*count));
                (0..*count).for_each(|_| builder.append_option(value.as_deref()));
                builder.append_option(text);
                *self = Self::Text(builder);
            }
            Self::Int(_) | Self::Time(_) | Self::Bool(_) => {}
        }
    }
}

/// A table of texts, numbers and instants being made: the cells of a row are pushed in the order of the columns.
pub struct Table {
    builders: Vec<Builder>,
    at: usize,
    rows: usize,
}

impl Table {
    /// An empty table with these columns and room for so many rows.
    pub fn new(columns: &[(&str, ColumnKind)], rows: usize) -> Self {
        let builder = |(name, kind): &(&str, ColumnKind)| {
            let name = PlSmallStr::from_str(name);
            match kind {
                ColumnKind::Int => Builder::Int(PrimitiveChunkedBuilder::new(name, rows)),
                ColumnKind::Timestamp => Builder::Time(PrimitiveChunkedBuilder::new(name, rows)),
                ColumnKind::Bool => Builder::Bool(BooleanChunkedBuilder::new(name, rows)),
                _ => Builder::Same { name, value: None, count: 0, room: rows },
            }
        };
        Self { builders: columns.iter().map(builder).collect(), at: 0, rows: 0 }
    }

    fn next(&mut self) -> Option<&mut Builder> {
        let builder = self.builders.get_mut(self.at);
        self.at += 1;
        builder
    }

    /// A text cell; bytes that are no UTF-8 are replaced.
    #[inline]
    pub fn text(&mut self, value: Option<&[u8]>) {
        let Some(builder) = self.next() else { return };
        match value.map(std::str::from_utf8) {
            None => builder.push(None),
            Some(Ok(text)) => builder.push(Some(text)),
            Some(Err(_)) => builder.push(Some(&String::from_utf8_lossy(value.unwrap_or_default()))),
        }
    }

    /// A text cell that is never empty.
    #[inline]
    pub fn text_or(&mut self, value: Option<&[u8]>, default: &str) {
        self.text(Some(value.unwrap_or(default.as_bytes())));
    }

    /// An integer cell, or an instant in microseconds.
    #[inline]
    pub fn int(&mut self, value: Option<i64>) {
        if let Some(Builder::Int(builder) | Builder::Time(builder)) = self.next() {
            builder.append_option(value);
        }
    }

    /// A truth value.
    pub fn truth(&mut self, value: Option<bool>) {
        if let Some(Builder::Bool(builder)) = self.next() {
            builder.append_option(value);
        }
    }

    /// The global id of a number, null for others.
    pub fn gid(&mut self, kind: &str, id: Option<&[u8]>) {
        let id = id.filter(|id| !id.is_empty() && id.iter().all(u8::is_ascii_digit));
        let gid = id.map(|id| format!("gid://shopify/{kind}/{}", String::from_utf8_lossy(id)));
        self.text(gid.as_deref().map(str::as_bytes));
    }

    /// Ends a row.
    pub fn end_row(&mut self) {
        debug_assert_eq!(self.at, self.builders.len(), "a cell a column");
        self.at = 0;
        self.rows += 1;
    }

    /// The table as a frame.
    ///
    /// # Errors
    /// When the columns differ in length.
    pub fn finish(self) -> Result<DataFrame, StageError> {
        let time = DataType::Datetime(TimeUnit::Microseconds, None);
        let columns = self.builders.into_iter().map(|builder| match builder {
            Builder::Same { name, value, count, .. } => {
                let value = value.map_or(AnyValue::Null, |value| AnyValue::StringOwned(value.as_str().into()));
                Ok(Column::new_scalar(name, Scalar::new(DataType::String, value), count))
            }
            Builder::Text(builder) => Ok(builder.finish().into_column()),
            Builder::Int(builder) => Ok(builder.finish().into_column()),
            Builder::Bool(builder) => Ok(builder.finish().into_column()),
            Builder::Time(builder) => builder.finish().into_column().cast(&time),
        });
        Ok(DataFrame::new(self.rows, columns.collect::<PolarsResult<_>>()?)?)
    }
}
