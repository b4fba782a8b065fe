//! A block of a file into rows: what the threads do side by side.

use std::collections::HashMap;

use crate::delimited::records::{Fault, Records};
use crate::orders::{
    reading::{
        cell::{best, is_blank},
        content::{Content, Found, Problem},
        fimi::parse_fimi,
        job::{Convention, Job, Parsed, Reject},
        plan::Plan,
        refusing::{broken, problem_of, told},
        row_values::{self, Before, Memory, Said},
    },
    recognising::{
        fields::{Inventory, Kind, Order, Product, Reason},
        left_out::{LeftOut, Scope},
        no_items::Judged,
    },
    rows::row::{Head, NO_SHOP, RowWriter},
    values::{
        doubt::sure,
        facts::{CurrencyCount, Facts, Shops},
    },
};

/// What a thread parses with, block after block.
pub struct Parser<'a> {
    shops: &'a Shops,
    partitions: usize,
    convention: Convention,
    known: HashMap<Vec<u8>, u32>,
    last_shop: (Vec<u8>, u32),
    /// The cell that names the order of rows that leave it to the row above.
    order_above: Vec<u8>,
    /// What each rule said of the text that it judged last; of the layout of the block.
    last_rules: Vec<(Vec<u8>, bool)>,
    names: Judged,
    memory: Memory,
}

/// What a row is left out for.
#[derive(Clone, Copy, Default)]
struct LeftOutFor {
    order: Option<LeftOut>,
    line: Option<LeftOut>,
}

impl<'a> Parser<'a> {
    /// A parser; rows go to `partitions` by the hash of their key.
    pub fn new(shops: &'a Shops, partitions: usize, convention: Convention) -> Self {
        Self {
            shops,
            partitions,
            convention,
            known: HashMap::new(),
            last_shop: (Vec::new(), NO_SHOP),
            order_above: Vec::new(),
            last_rules: Vec::new(),
            names: Judged::default(),
            memory: Memory::default(),
        }
    }

    /// Parses a block.
    pub fn parse(&mut self, job: &Job) -> Parsed {
        let kind = job.layout.kind;
        let partitions = if kind.among() == Kind::Orders { self.partitions } else { 1 };
        self.last_rules.clear();
        self.last_rules.resize(job.layout.rules.len(), (Vec::new(), false));
        let room = job.content.bytes().len() / partitions * 5 / 4;
        let mut parsed = Parsed {
            block: job.block,
            file: job.file,
            kind,
            parts: (0..partitions).map(|_| Vec::with_capacity(room)).collect(),
            rejects: Vec::new(),
            facts: Facts::default(),
        };
        note_letters(job, &mut parsed.facts);
        self.last_shop.1 = NO_SHOP;
        self.memory.dated = 0;
        self.order_above.clone_from(job.order.as_ref().unwrap_or(&Vec::new()));
        if self.convention == Convention::Fimi {
            parse_fimi(job, &mut parsed);
            return parsed;
        }
        let mut records = job.content.records();
        let mut currency = CurrencyCount::default();
        let reach = job.layout.reach();
        let plan = Plan::of(&job.layout);
        while records.advance() {
            parsed.facts.rows += 1;
            let outcome = match broken(&records, &job.content, reach) {
                Some(problem) => {
                    self.order_above.clear();
                    Err(problem)
                }
                None => self.record(job, &plan, &records, &mut parsed, &mut currency),
            };
            if records.fault == Some(Fault::Unclosed) {
                parsed.facts.unclosed = Some((job.block, records.line));
            }
            if let Err(problem) = outcome {
                if let Some(count) = parsed.facts.rejected.get_mut(problem.reason as usize) {
                    *count += 1;
                }
                let Problem { reason, field, value } = problem;
                parsed.rejects.push(Reject { block: job.block, line: records.line, reason, field, value });
            }
        }
        currency.flush(&mut parsed.facts);
        parsed
    }

    /// A record is a row, or one for each item of its list.
    fn record(
        &mut self,
        job: &Job,
        plan: &Plan<'_>,
        records: &Records<'_>,
        parsed: &mut Parsed,
        currency: &mut CurrencyCount,
    ) -> Result<(), Problem> {
        let Some((columns, list)) = &job.layout.list else {
            return self.row(job, plan, records, parsed, currency, &[]);
        };
        let mut room = Vec::new();
        let mut text = |column: &usize| String::from_utf8_lossy(records.cell(*column, &mut room)).into_owned();
        let cells: Vec<String> = columns.iter().map(&mut text).collect();
        // Of columns with an item each those beyond the last are empty.
        let mut filled: Vec<&String> = cells.iter().filter(|cell| !cell.is_empty()).collect();
        filled.extend(cells.first().filter(|_| filled.is_empty()));
        let mut items = Vec::new();
        for cell in filled {
            let Some(found) = list.items(cell) else {
                let value = told(cell.as_bytes());
                return Err(Problem { reason: Reason::MissingItemId, field: "list", value });
            };
            items.extend(found);
        }
        items.iter().try_for_each(|item| self.row(job, plan, records, parsed, currency, item))
    }

    fn row(
        &mut self,
        job: &Job,
        plan: &Plan<'_>,
        records: &Records<'_>,
        parsed: &mut Parsed,
        currency: &mut CurrencyCount,
        said: Said<'_>,
    ) -> Result<(), Problem> {
        let kind = job.layout.kind;
        let shop = self.shop(job, records, &mut parsed.facts);
        let mut room = std::mem::take(&mut self.memory.room);
        let columns = job.layout.fields.first().map_or(&[][..], |(_, columns)| columns);
        let mut key = best(records, columns, &mut room);
        if job.order.is_some() {
            if !key.is_empty() {
                self.order_above.clear();
                self.order_above.extend_from_slice(key);
            } else if is_blank(records, job.layout.date_columns().unwrap_or_default()) {
                key = &self.order_above;
            }
        }
        self.memory.key.read(key);
        let hash = self.memory.key.hash;
        let partition = (hash >> 32) as usize % parsed.parts.len();
        self.memory.room = room;
        if hash != 0 {
            let ends = parsed.facts.ends.get_or_insert((hash, hash));
            ends.1 = hash;
        }
        let mut left_out = self.left_out(job, records);
        let Some(out) = parsed.parts.get_mut(partition) else { return Ok(()) };
        let mut row = RowWriter::begin(out, Head { block: job.block, line: records.line, shop, hash });
        let before = Before { said, counts: left_out.line.is_none(), shop };
        let mut found = row_values::write(plan, records, &mut row, &mut parsed.facts, &mut self.memory, before);
        self.added(job, records, &mut row);
        self.judge(job, records, &found, said, &mut left_out);
        note_left_out(kind, &mut row, &mut found, left_out);
        if kind.among() == Kind::Orders {
            currency.note(&mut parsed.facts, shop, found.currency);
        }
        let (present, month_first) = (found.present, found.month_first);
        let is_no_line = left_out.line == Some(LeftOut::NoLine) && hash != 0;
        match problem_of(kind, &job.layout, found, records).filter(|_| !is_no_line) {
            None => {
                row.end();
                parsed.facts.note_good(shop != NO_SHOP, month_first);
                Ok(())
            }
            Some(problem) => {
                // What such a row says of its order counts all the same.
                if kind == Kind::Orders && hash != 0 && present & Order::OF_ORDER != 0 {
                    row.number(Order::IsRefused.place(), sure(1));
                    row.end();
                } else {
                    row.drop_row();
                }
                Err(problem)
            }
        }
    }

    /// Why a row is left out, by the rules of its file.
    fn left_out(&mut self, job: &Job, records: &Records<'_>) -> LeftOutFor {
        let mut found = LeftOutFor::default();
        let is_of_orders = job.layout.kind.among() == Kind::Orders;
        for (rule, last) in job.layout.rules.iter().zip(&mut self.last_rules) {
            let is_of_line = rule.of == Scope::Line || !is_of_orders;
            let known = if is_of_line { &mut found.line } else { &mut found.order };
            if known.is_some() {
                continue;
            }
            let room = &mut self.memory.room;
            if rule.holds(last, |column, judge| judge(records.cell(column, room))) {
                *known = Some(rule.reason);
            }
        }
        found
    }

    /// What else leaves a row of orders out: all of it was paid back, or the name of a line that names no variant is that of
    /// no item.
    fn judge(&mut self, job: &Job, records: &Records<'_>, found: &Found, said: Said<'_>, left_out: &mut LeftOutFor) {
        if let (Some(total), Some(refunded)) = (found.total, found.refunded)
            && total > 0
            && refunded >= total
        {
            left_out.order.get_or_insert(LeftOut::Refunded);
        }
        let has = |field: Order| found.present >> field.place() & 1 == 1;
        if job.layout.kind != Kind::Orders || has(Order::VariantId) || left_out.line.is_some() {
            return;
        }
        let name = match said.iter().find(|(field, _)| *field == Order::LineName.place()) {
            Some((_, text)) => text.as_bytes(),
            None => best(records, &job.layout.line_name, &mut self.memory.room),
        };
        if !name.is_empty() {
            left_out.line = self.names.reason(&job.layout.no_items, name, has(Order::Sku));
        }
    }

    /// What no column says.
    fn added(&mut self, job: &Job, records: &Records<'_>, row: &mut RowWriter<'_>) {
        if job.layout.kind == Kind::Orders && self.convention == Convention::OnlineRetail {
            let mut room = std::mem::take(&mut self.memory.room);
            let mut cell = |field: Order| {
                let columns = job.layout.fields.iter().find(|(place, _)| *place == field.place());
                columns.map(|(_, columns)| best(records, columns, &mut room).to_vec()).unwrap_or_default()
            };
            let is_cancelled = matches!(cell(Order::OrderId).first(), Some(b'C' | b'c'));
            let sku = cell(Order::Sku);
            let is_product = sku.len() >= 5 && sku.iter().take(5).all(u8::is_ascii_digit);
            row.number(Order::IsCancelled.place(), sure(i64::from(is_cancelled)));
            row.number(Order::IsProduct.place(), sure(i64::from(is_product)));
            self.memory.room = room;
        }
    }

    fn shop(&mut self, job: &Job, records: &Records<'_>, facts: &mut Facts) -> u32 {
        let columns = &job.layout.shop;
        let cell = if columns.is_empty() { &[][..] } else { best(records, columns, &mut self.memory.room) };
        if cell.is_empty() {
            return NO_SHOP;
        }
        if self.last_shop.1 != NO_SHOP && self.last_shop.0 == cell {
            return self.last_shop.1;
        }
        let number = match self.known.get(cell) {
            Some(number) => *number,
            None => {
                let number = self.shops.number(cell);
                self.known.insert(cell.to_vec(), number);
                number
            }
        };
        facts.shops.entry(number).or_insert((job.block, records.line));
        self.last_shop.0.clear();
        self.last_shop.0.extend_from_slice(cell);
        self.last_shop.1 = number;
        number
    }
}

/// Notes bytes that are no UTF-8, and letters that were lost before the file was written.
fn note_letters(job: &Job, facts: &mut Facts) {
    const REPLACEMENT: &[u8] = "\u{FFFD}".as_bytes();
    let bytes = job.content.bytes();
    if bytes.is_ascii() {
        return;
    }
    facts.replaced = std::str::from_utf8(bytes).is_err();
    let mut found = memchr::memmem::find_iter(bytes, REPLACEMENT);
    if let Some(first) = found.next() {
        let before = bytes.get(..first).unwrap_or_default();
        let line = match &job.content {
            Content::Text { shape, .. } => memchr::memchr_iter(shape.terminator, before).count(),
            Content::Rows(cells) => cells.ends.partition_point(|end| (*end as usize) < first) / cells.width.max(1),
        };
        facts.lost_letters = (1 + found.count() as u64, Some((job.block, line as u32)));
    }
}

/// Keeps with a row what it is left out for.
fn note_left_out(kind: Kind, row: &mut RowWriter<'_>, found: &mut Found, left_out: LeftOutFor) {
    let mut note = |field: usize, reason: Option<LeftOut>| {
        if let Some(reason) = reason {
            row.number(field, sure(reason.number()));
            found.present |= 1 << field;
        }
    };
    match kind {
        Kind::Orders | Kind::OrderHeaders => {
            note(Order::LeftOut.place(), left_out.order);
            let is_no_line = left_out.line == Some(LeftOut::NoLine);
            note(Order::LineLeftOut.place(), left_out.line.filter(|_| !is_no_line));
            if kind == Kind::OrderHeaders || is_no_line {
                row.number(Order::IsHeader.place(), sure(1));
            }
        }
        Kind::InventoryLevels => note(Inventory::LeftOut.place(), left_out.line),
        Kind::ProductExport => note(Product::LeftOut.place(), left_out.line),
        Kind::Variants | Kind::CatalogJoined => {}
    }
}
