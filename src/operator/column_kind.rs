//! The column types of the house, lists and records among them.

use std::{
    fmt::Write,
    sync::{Mutex, PoisonError},
};

use polars::prelude::{DataType, Field as PolarsField, TimeUnit};

/// The column types of the house. Money is integer cents; time is UTC in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ColumnKind {
    /// 64-bit integer.
    Int,
    /// 64-bit float.
    Float,
    /// UTF-8 text.
    Text,
    /// True or false.
    Bool,
    /// Calendar day.
    Date,
    /// Instant, UTC, microseconds.
    Timestamp,
    /// A list of texts.
    Texts,
    /// A list of 64-bit integers.
    Ints,
    /// A list of 64-bit floats.
    Floats,
    /// One value a field, by name.
    Record(&'static [Field]),
    /// A list of records.
    Records(&'static [Field]),
    /// Not known before the data is read, or of no interest.
    Any,
}

/// A field of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Its type; records may hold lists and records.
    pub kind: ColumnKind,
}

impl Field {
    /// A field with its type.
    pub const fn new(name: &'static str, kind: ColumnKind) -> Self {
        Self { name, kind }
    }

    /// The fields of several records as those of one, in order; `N` is their number.
    pub const fn joined<const N: usize>(parts: &[&[Self]]) -> [Self; N] {
        let mut all = [Self::new("", ColumnKind::Any); N];
        let (mut part, mut at) = (0, 0);
        while part < parts.len() {
            let mut field = 0;
            while field < parts[part].len() {
                all[at] = parts[part][field];
                at += 1;
                field += 1;
            }
            part += 1;
        }
        all
    }
}

impl ColumnKind {
    /// The Polars type that holds the kind; `None` for [`ColumnKind::Any`], and for records that hold such a field.
    pub fn data_type(self) -> Option<DataType> {
        Some(match self {
            Self::Int => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Text => DataType::String,
            Self::Bool => DataType::Boolean,
            Self::Date => DataType::Date,
            Self::Timestamp => DataType::Datetime(TimeUnit::Microseconds, None),
            Self::Texts => DataType::List(Box::new(DataType::String)),
            Self::Ints => DataType::List(Box::new(DataType::Int64)),
            Self::Floats => DataType::List(Box::new(DataType::Float64)),
            Self::Record(fields) => struct_of(fields)?,
            Self::Records(fields) => DataType::List(Box::new(struct_of(fields)?)),
            Self::Any => return None,
        })
    }

    /// The kind of a Polars type.
    pub fn of(data_type: &DataType) -> Self {
        match data_type {
            dt if dt.is_integer() => Self::Int,
            dt if dt.is_float() => Self::Float,
            DataType::String => Self::Text,
            DataType::Boolean => Self::Bool,
            DataType::Date => Self::Date,
            DataType::Datetime(..) => Self::Timestamp,
            DataType::Struct(fields) => Self::Record(known_fields(fields)),
            DataType::List(item) => match item.as_ref() {
                DataType::String => Self::Texts,
                DataType::Int64 => Self::Ints,
                DataType::Float64 => Self::Floats,
                DataType::Struct(fields) => Self::Records(known_fields(fields)),
                _ => Self::Any,
            },
            _ => Self::Any,
        }
    }

    /// Whether a column of this kind can be given where `wanted` is needed, without loss.
    pub fn fits(self, wanted: Self) -> bool {
        match (self, wanted) {
            (Self::Any, _) | (_, Self::Any) | (Self::Int, Self::Float) => true,
            (Self::Record(own), Self::Record(wanted)) | (Self::Records(own), Self::Records(wanted)) => {
                own.len() == wanted.len()
                    && own.iter().zip(wanted).all(|(own, wanted)| own.name == wanted.name && own.kind.fits(wanted.kind))
            }
            (own, wanted) => own == wanted,
        }
    }

    /// Whether texts of a column of this kind may spell what `wanted` needs: lists and records are JSON where tables and
    /// files have none.
    pub fn may_spell(self, wanted: Self) -> bool {
        self == Self::Text && wanted.is_nested()
    }

    /// Whether its values are numbers.
    pub fn is_number(self) -> bool {
        matches!(self, Self::Int | Self::Float)
    }

    /// Whether its values are lists or records.
    pub fn is_nested(self) -> bool {
        matches!(self, Self::Texts | Self::Ints | Self::Floats | Self::Record(_) | Self::Records(_))
    }

    /// The words used in messages and in the generated reference.
    pub fn word(self) -> String {
        let plain = match self {
            Self::Int => "integer",
            Self::Float => "float",
            Self::Text => "text",
            Self::Bool => "boolean",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
            Self::Texts => "list of texts",
            Self::Ints => "list of integers",
            Self::Floats => "list of floats",
            Self::Record(fields) => return format!("record {{{}}}", in_words(fields)),
            Self::Records(fields) => return format!("list of records {{{}}}", in_words(fields)),
            Self::Any => "any",
        };
        plain.to_owned()
    }
}

fn in_words(fields: &[Field]) -> String {
    fields.iter().enumerate().fold(String::new(), |mut words, (place, field)| {
        // Writing to a text cannot fail.
        let _ = write!(words, "{}{} {}", if place > 0 { ", " } else { "" }, field.name, field.kind.word());
        words
    })
}

fn struct_of(fields: &[Field]) -> Option<DataType> {
    let typed = |field: &Field| Some(PolarsField::new(field.name.into(), field.kind.data_type()?));
    fields.iter().map(typed).collect::<Option<Vec<_>>>().map(DataType::Struct)
}

/// The fields of record types that were met in data. A kind is a small value that is copied everywhere: what it says of
/// fields lives as long as the process, once a type, and pipelines meet few.
static MET: Mutex<Vec<&'static [Field]>> = Mutex::new(Vec::new());

fn known_fields(fields: &[PolarsField]) -> &'static [Field] {
    // Types inside of this one are looked up first: the lock is not held then.
    let kinds: Vec<ColumnKind> = fields.iter().map(|field| ColumnKind::of(field.dtype())).collect();
    let is_same = |known: &&&'static [Field]| {
        known.len() == fields.len()
            && known
                .iter()
                .zip(fields.iter().zip(&kinds))
                .all(|(known, (field, kind))| known.name == field.name().as_str() && known.kind == *kind)
    };
    let mut met = MET.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = met.iter().find(is_same) {
        return known;
    }
    let made: Vec<Field> = fields
        .iter()
        .zip(kinds)
        .map(|(field, kind)| Field::new(Box::leak(field.name().as_str().to_owned().into_boxed_str()), kind))
        .collect();
    let made: &'static [Field] = Box::leak(made.into_boxed_slice());
    met.push(made);
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    const ITEM: &[Field] = &[Field::new("id", ColumnKind::Text), Field::new("price", ColumnKind::Int)];
    const SIDE: &[Field] = &[Field::new("items", ColumnKind::Texts), Field::new("of", ColumnKind::Records(ITEM))];

    #[test]
    fn a_kind_and_its_type_are_two_names_of_one_thing() {
        for kind in [ColumnKind::Ints, ColumnKind::Floats] {
            assert_eq!(ColumnKind::of(&kind.data_type().unwrap()), kind);
        }
        for kind in [ColumnKind::Texts, ColumnKind::Record(ITEM), ColumnKind::Records(ITEM), ColumnKind::Record(SIDE)] {
            let data_type = kind.data_type().unwrap();
            assert_eq!(ColumnKind::of(&data_type), kind);
            let (ColumnKind::Record(one) | ColumnKind::Records(one)) = ColumnKind::of(&data_type) else { continue };
            let (ColumnKind::Record(two) | ColumnKind::Records(two)) = ColumnKind::of(&data_type) else { continue };
            assert!(std::ptr::eq(one, two), "a type is kept once");
        }
        assert_eq!(ColumnKind::of(&DataType::List(Box::new(DataType::Int32))), ColumnKind::Any);
        const UNKNOWN: &[Field] = &[Field::new("x", ColumnKind::Any)];
        assert_eq!(ColumnKind::Record(UNKNOWN).data_type(), None);
    }

    #[test]
    fn a_record_fits_where_one_of_the_same_fields_is_needed() {
        const WIDER: &[Field] = &[Field::new("id", ColumnKind::Text), Field::new("price", ColumnKind::Float)];
        assert!(ColumnKind::Record(ITEM).fits(ColumnKind::Record(WIDER)));
        assert!(!ColumnKind::Record(WIDER).fits(ColumnKind::Record(ITEM)));
        assert!(!ColumnKind::Record(ITEM).fits(ColumnKind::Records(ITEM)));
        assert!(!ColumnKind::Text.fits(ColumnKind::Texts) && ColumnKind::Text.may_spell(ColumnKind::Texts));
    }

    #[test]
    fn the_words_name_the_fields() {
        assert_eq!(
            ColumnKind::Record(SIDE).word(),
            "record {items list of texts, of list of records {id text, price integer}}"
        );
    }
}
