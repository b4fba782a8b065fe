//! Input and output ports: dataset names with the columns they need or make.

use super::ColumnKind;

/// A column of a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The column's name.
    pub name: String,
    /// Its type.
    pub kind: ColumnKind,
    /// An optional input column may be missing; it is then read as null.
    pub optional: bool,
}

impl Column {
    /// A column that must be there.
    pub fn new(name: &str, kind: ColumnKind) -> Self {
        Self { name: name.to_owned(), kind, optional: false }
    }
}

/// Columns by name, in order.
pub type PortSchema = Vec<Column>;

/// Columns as an operator declares them: name and type.
pub type Columns = &'static [(&'static str, ColumnKind)];

/// A dataset an operator reads.
#[derive(Clone, Copy, Debug)]
pub struct InputPort {
    /// The key in the stage's `inputs`.
    pub name: &'static str,
    /// Whether a stage must connect it.
    pub required: bool,
    /// One sentence for the reference.
    pub about: &'static str,
    columns: Columns,
    lacking: Lacking,
}

/// Which columns a dataset may lack.
#[derive(Clone, Copy, Debug)]
enum Lacking {
    These(&'static [&'static str]),
    AllBut(&'static [&'static str]),
}

impl InputPort {
    /// A port that a stage must connect. The operator reads these columns, and is handed no others.
    pub const fn required(name: &'static str, columns: Columns, about: &'static str) -> Self {
        Self { name, required: true, columns, about, lacking: Lacking::These(&[]) }
    }

    /// A port that a stage may leave out.
    pub const fn optional(name: &'static str, columns: Columns, about: &'static str) -> Self {
        Self { required: false, ..Self::required(name, columns, about) }
    }

    /// The port with these columns optional.
    #[must_use]
    pub const fn may_lack(self, columns: &'static [&'static str]) -> Self {
        Self { lacking: Lacking::These(columns), ..self }
    }

    /// The port with all columns but these optional.
    #[must_use]
    pub const fn needs_only(self, columns: &'static [&'static str]) -> Self {
        Self { lacking: Lacking::AllBut(columns), ..self }
    }

    /// The columns the operator reads.
    pub fn columns(&self) -> PortSchema {
        let optional = |name: &str| match self.lacking {
            Lacking::These(columns) => columns.contains(&name),
            Lacking::AllBut(columns) => !columns.contains(&name),
        };
        (self.columns.iter())
            .map(|(name, kind)| Column { optional: optional(name), ..Column::new(name, *kind) })
            .collect()
    }
}

/// Which inputs an operator takes.
#[derive(Clone, Copy, Debug)]
pub enum Inputs {
    /// These ports.
    Ports(&'static [InputPort]),
    /// Any names, with all their columns; at least one.
    Any,
}

/// A dataset an operator writes.
#[derive(Clone, Debug)]
pub struct OutputPort {
    /// The key in the stage's `outputs`.
    pub name: String,
    /// The columns, in order, exactly as written.
    pub columns: PortSchema,
    /// One sentence for the reference.
    pub about: String,
    /// How its lists and records are spelled in tables and files that have none.
    pub json: JsonStyle,
}

/// How lists and records are spelled as JSON where a table or a file has no such columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JsonStyle {
    /// Without spaces, in UTF-8: `{"items":["ä"]}`.
    #[default]
    Compact,
    /// As Python's `json.dumps` does it, with spaces and in ASCII: `{"items": ["\u00e4"]}`.
    Spaced,
    /// As `Compact`, without the fields of records that are null.
    Sparse,
}

impl OutputPort {
    /// A port with its columns.
    pub fn new(name: &str, about: &str, columns: &[(&str, ColumnKind)]) -> Self {
        Self {
            name: name.to_owned(),
            columns: columns.iter().map(|(name, kind)| Column::new(name, *kind)).collect(),
            about: about.to_owned(),
            json: JsonStyle::default(),
        }
    }

    /// The port with its lists and records spelled in this style.
    #[must_use]
    pub fn spelled(self, json: JsonStyle) -> Self {
        Self { json, ..self }
    }
}
