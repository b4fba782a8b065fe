//! The values of a row, made of its cells and written one after another.

use std::borrow::Cow;

use crate::delimited::records::Records;
use crate::orders::{
    reading::{
        cell::{Key, LastTime, best, meaning},
        content::{Found, Problem},
        plan::{Plan, PlannedCell, Role},
        refusing::told,
    },
    recognising::fields::{Reason, Type},
    rows::row::{NO_SHOP, RowWriter},
    values::{
        doubt::{Signs, if_sure, sure},
        facts::{Facts, note_variant},
        ids::{self, LostDigits},
        number::{self, Number},
        options::without_labels,
        time::Time,
    },
};

/// What a cell of a list says of one of its items.
pub type Said<'t> = &'t [(usize, Cow<'t, str>)];

/// What is known of a row before its cells are read.
#[derive(Clone, Copy)]
pub struct Before<'t> {
    /// What the list of its record says of it.
    pub said: Said<'t>,
    /// Whether it counts, so that a cell which cannot be read is told.
    pub counts: bool,
    /// Its shop.
    pub shop: u32,
}

/// What is kept from row to row: texts and instants that come again, and room for what must be written anew.
#[derive(Default)]
pub struct Memory {
    /// The key of the row.
    pub key: Key,
    /// The instant that was read last.
    pub time: LastTime,
    /// The hash of the order that was dated last.
    pub dated: u64,
    /// Room for cells whose quotes are resolved.
    pub room: Vec<u8>,
    /// Room for values that are written otherwise.
    pub lower: Vec<u8>,
}

/// Writes the values of a row; what was found of them.
pub fn write(
    plan: &Plan<'_>,
    records: &Records<'_>,
    row: &mut RowWriter<'_>,
    facts: &mut Facts,
    memory: &mut Memory,
    before: Before<'_>,
) -> Found {
    let Memory { key, time, dated, room, lower } = memory;
    let mut values =
        Values { plan, records, row, facts, key, time, dated, lower, shop: before.shop, found: Found::default() };
    for planned in &plan.cells {
        let cell = match before.said.iter().find(|(of, _)| *of == planned.field) {
            Some((_, text)) => text.as_bytes(),
            None if planned.is_key => key.cell.as_slice(),
            None => best(records, planned.columns, room),
        };
        let cell = match planned.words {
            Some(words) if !cell.is_empty() => meaning(words, cell),
            _ => cell,
        };
        if values.is_written(planned, cell) {
            continue;
        }
        if planned.is_needed && values.found.problem.is_none() {
            let reason = if planned.kind == Type::Time { Reason::BadDate } else { Reason::BadNumber };
            values.found.problem = Some(Problem { reason, field: planned.name, value: told(cell) });
        } else if before.counts {
            *values.facts.bad_cells.entry(planned.field).or_default() += 1;
        }
    }
    values.found
}

/// The values of a row as they are written.
struct Values<'w, 'b> {
    plan: &'w Plan<'w>,
    records: &'w Records<'w>,
    row: &'w mut RowWriter<'b>,
    facts: &'w mut Facts,
    key: &'w Key,
    time: &'w mut LastTime,
    dated: &'w mut u64,
    lower: &'w mut Vec<u8>,
    shop: u32,
    found: Found,
}

impl Values<'_, '_> {
    /// Writes what a cell holds, if it holds something; false when that cannot be read.
    #[inline]
    fn is_written(&mut self, planned: &PlannedCell<'_>, cell: &[u8]) -> bool {
        if planned.kind == Type::Time {
            return self.instant(planned, cell);
        }
        if cell.is_empty() {
            return true;
        }
        match planned.kind {
            Type::Id | Type::Code => self.id(planned, cell),
            Type::Text => self.text(planned, cell),
            Type::Lower => self.lower(planned.field, cell),
            Type::Currency => self.currency(planned.field, cell),
            Type::Bool => self.truth(planned.field, cell),
            Type::Money => self.number(planned, cell, number::money(cell)),
            Type::Int => self.number(planned, cell, number::integer(cell)),
            Type::Note | Type::Time => true,
        }
    }

    #[inline]
    fn put_text(&mut self, field: usize, text: &[u8]) {
        self.row.text(field, text);
        self.found.present |= 1 << field;
    }

    #[inline]
    fn put_number(&mut self, field: usize, value: i64) {
        self.row.number(field, value);
        self.found.present |= 1 << field;
    }

    #[inline]
    fn instant(&mut self, planned: &PlannedCell<'_>, cell: &[u8]) -> bool {
        let (field, is_date) = (planned.field, planned.role == Role::CreatedAt);
        match self.time.read(cell) {
            Time::At(time) => {
                self.put_number(field, time.stored);
                self.facts.note_signs(field, time.signs, cell);
                if time.signs.has(Signs::MONTH_FIRST) {
                    self.found.month_first |= 1 << field;
                }
                if is_date {
                    *self.dated = self.key.hash;
                }
                true
            }
            // An order may have its date in another row.
            Time::None if self.plan.is_of_orders => {
                if is_date && *self.dated != self.key.hash {
                    let (named, nameless) = &mut self.facts.undated;
                    *(if self.shop == NO_SHOP { nameless } else { named }) += 1;
                }
                true
            }
            // A date that is needed and empty is a bad one: it never becomes "now".
            Time::None => !planned.is_needed && cell.is_empty(),
            Time::Bad => false,
        }
    }

    #[inline]
    fn id(&mut self, planned: &PlannedCell<'_>, cell: &[u8]) -> bool {
        let field = planned.field;
        let id = match planned.kind {
            _ if planned.is_key && self.key.is_lost => Err(LostDigits),
            _ if planned.is_key => Ok(self.key.id.as_slice()),
            Type::Id => ids::id(cell, self.lower),
            _ => ids::code(cell, self.lower),
        };
        let Ok(id) = id else {
            self.found.lost.get_or_insert_with(|| (planned.name, told(cell)));
            // Without the first the row is none.
            return planned.is_key;
        };
        self.row.text(field, id);
        self.found.present |= 1 << field;
        if planned.role == Role::VariantId {
            note_variant(self.facts, self.shop, id);
        }
        if planned.kind == Type::Code {
            let is_float = ids::without_fraction(id).is_some();
            self.facts.signs.note(field, if is_float { Signs::FLOAT } else { Signs::NO_FLOAT });
        }
        true
    }

    #[inline]
    fn text(&mut self, planned: &PlannedCell<'_>, cell: &[u8]) -> bool {
        let options = (planned.role == Role::VariantTitle)
            .then(|| without_labels(std::str::from_utf8(cell).unwrap_or_default()))
            .filter(|options| !options.is_empty());
        let full = self.plan.naming.full(planned.field, cell, self.records, self.lower);
        self.put_text(planned.field, full.as_deref().or(options.as_ref().map(|text| text.as_bytes())).unwrap_or(cell));
        true
    }

    fn lower(&mut self, field: usize, cell: &[u8]) -> bool {
        self.lower.clear();
        if cell.is_ascii() {
            self.lower.extend(cell.iter().map(u8::to_ascii_lowercase));
        } else {
            self.lower.extend_from_slice(String::from_utf8_lossy(cell).to_lowercase().as_bytes());
        }
        self.row.text(field, self.lower);
        self.found.present |= 1 << field;
        true
    }

    #[inline]
    fn currency(&mut self, field: usize, cell: &[u8]) -> bool {
        let [a, b, c] = cell else { return false };
        if !cell.iter().all(u8::is_ascii_alphabetic) {
            return false;
        }
        let upper = [*a, *b, *c].map(|letter| letter.to_ascii_uppercase());
        self.found.currency = Some(upper);
        if !self.plan.has_customers_currency {
            self.put_text(field, &upper);
        }
        true
    }

    fn truth(&mut self, field: usize, cell: &[u8]) -> bool {
        let truth = number::boolean(cell);
        if let Some(truth) = truth {
            self.put_number(field, sure(i64::from(truth)));
        }
        truth.is_some()
    }

    #[inline]
    fn number(&mut self, planned: &PlannedCell<'_>, cell: &[u8], number: Number) -> bool {
        if let Number::Value(value) = number {
            self.put_number(planned.field, value.stored);
            self.facts.note_signs(planned.field, value.signs, cell);
            match planned.role {
                Role::Total => self.found.total = if_sure(value.stored),
                Role::Refunded => self.found.refunded = if_sure(value.stored).map(i64::saturating_abs),
                _ => {}
            }
        }
        number != Number::Bad
    }
}
