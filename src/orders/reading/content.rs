//! What a block of a file holds, and what was found in a row of it.

use crate::delimited::records::{Cells, Records, Shape};
use crate::orders::recognising::fields::Reason;

/// What a block holds.
pub enum Content {
    /// Whole records of delimited text.
    Text {
        /// The records.
        bytes: Vec<u8>,
        /// What parts them.
        shape: Shape,
        /// Whether the first record is the header.
        has_header: bool,
    },
    /// Rows of another format, as cells.
    Rows(Cells),
}

impl Content {
    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Text { bytes, .. } | Self::Rows(Cells { bytes, .. }) => bytes,
        }
    }

    /// Its records, without a header.
    pub fn records(&self) -> Records<'_> {
        match self {
            Self::Text { bytes, shape, has_header } => {
                let mut records = Records::new(bytes, *shape);
                if *has_header {
                    records.advance();
                }
                records
            }
            Self::Rows(cells) => Records::of(cells),
        }
    }
}

/// What is wrong with a row.
pub struct Problem {
    /// Why.
    pub reason: Reason,
    /// The field that is wrong.
    pub field: &'static str,
    /// What it holds.
    pub value: String,
}

/// What was found in a row.
#[derive(Default)]
pub struct Found {
    /// The fields that have a value, a bit each.
    pub present: u64,
    /// Its currency.
    pub currency: Option<[u8; 3]>,
    /// The fields whose dates have the month first for certain, a bit each.
    pub month_first: u64,
    /// An id that lost digits: its field, and the cell.
    pub lost: Option<(&'static str, String)>,
    /// What else is wrong.
    pub problem: Option<Problem>,
    /// What an order cost and what of it was paid back, in cents.
    pub total: Option<i64>,
    /// See `total`.
    pub refunded: Option<i64>,
}
