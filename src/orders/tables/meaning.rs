//! What a row of a shop's tables means, and what several of them share.

use crate::orders::{
    reading::job::Reject,
    recognising::fields::{Kind, Reason},
    rows::row::{Row, Values},
    settling::group::{Known, reject},
    tables::table::Table,
    values::{currencies::Digits, ids::without_fraction, spelling::Columns},
};

/// A row that counts until a later one of its key comes.
pub struct Kept<'a> {
    /// The row.
    pub row: Row<'a>,
    /// The number of its shop.
    pub shop: u32,
}

/// A row of a kind, with what it means.
#[derive(Clone)]
pub struct Meaning<'a> {
    kind: Kind,
    values: Values<'a>,
    columns: Columns,
    digits: Digits,
}

impl<'a> Meaning<'a> {
    /// What a row means.
    pub fn of(kind: Kind, row: Row<'a>, known: Known<'_>) -> Self {
        let (columns, digits) = known.meaning(row);
        Self { kind, values: row.decode(kind.fields()), columns, digits }
    }

    /// Whether the row says something of a field.
    pub fn has(&self, field: usize) -> bool {
        self.values.has(field)
    }

    /// A text.
    pub fn text(&self, field: usize) -> Option<&'a [u8]> {
        let text = self.values.text(field)?;
        let is_float = self.columns.floats >> field & 1 == 1;
        Some(if is_float { without_fraction(text).unwrap_or(text) } else { text })
    }

    /// A number or an instant.
    pub fn number(&self, field: usize) -> Option<i64> {
        let kind = self.kind.fields().get(field)?.kind;
        self.columns.value(field, kind, self.values.number(field)?, self.digits)
    }
}

/// The shop of a row whose file is used.
pub fn of_shop(row: Row<'_>, known: Known<'_>, rejects: &mut Vec<Reject>) -> Option<u32> {
    let file = known.file(row);
    known.settled.files.get(file as usize).filter(|file| file.problem.is_none())?;
    let shop = known.settled.shop(file, row.head().shop);
    if shop.is_none() {
        rejects.push(reject(row, Reason::MissingShop, "shop", String::new()));
    }
    shop
}

/// Adds an id and its global form.
pub fn push_id(table: &mut Table, kind: &str, id: Option<&[u8]>) {
    table.text(id);
    table.gid(kind, id);
}

/// A price to compare with is none when it is nothing.
pub fn compare_at(cents: Option<i64>) -> Option<i64> {
    cents.filter(|cents| *cents != 0)
}

/// The title of a product whose file has none.
pub const UNKNOWN_TITLE: &str = "Unknown Product";

/// The title of a catalog's variant whose file has none.
pub const DEFAULT_TITLE: &str = "Default Title";
