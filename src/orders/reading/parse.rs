//! A block of a file into rows: what the threads do side by side.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use crate::delimited::records::{Fault, Records};
use crate::orders::{
    reading::{
        content::{Content, Found, Problem},
        refusing::{broken, problem_of, told},
    },
    recognising::{
        fields::{Inventory, Kind, Order, Product, Reason, Type},
        layout::Layout,
        left_out::{LeftOut, Scope},
        no_items::Judged,
    },
    rows::row::{Head, NO_SHOP, RowWriter, hash},
    values::{
        doubt::{Signs, if_sure, sure},
        facts::{CurrencyCount, Facts, Shops, note_variant},
        ids::{self, LostDigits},
        letters::plain,
        number::{self, Number},
        options::{with_variant, without_labels},
        time::{self, Time},
    },
};

/// What rows mean beside what their columns say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Convention {
    /// What the headers say.
    Headers,
    /// An invoice whose number begins with C is a cancellation; a stock code that does not begin with five digits is a
    /// fee or a voucher.
    OnlineRetail,
    /// A line is an order, its words are SKUs.
    Fimi,
}

/// A block of a file to be parsed.
pub struct Job {
    /// Its number in the run.
    pub block: u32,
    /// Its file.
    pub file: u32,
    /// The line of the file it begins with, from 1.
    pub first_line: u64,
    /// What it holds.
    pub content: Content,
    /// Where its columns go.
    pub layout: Arc<Layout>,
    /// In a file whose rows may leave the order's name to the row above: the cell that names the order of the first.
    pub order: Option<Vec<u8>>,
}

/// A row that is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// The block it was in.
    pub block: u32,
    /// Its line in the block, from 0.
    pub line: u32,
    /// Why.
    pub reason: Reason,
    /// The field that is wrong.
    pub field: &'static str,
    /// What it holds.
    pub value: String,
}

/// A block that was parsed.
pub struct Parsed {
    /// Its number in the run.
    pub block: u32,
    /// Its file.
    pub file: u32,
    /// What kind of rows it has.
    pub kind: Kind,
    /// Its rows by partition.
    pub parts: Vec<Vec<u8>>,
    /// The rows that are not used.
    pub rejects: Vec<Reject>,
    /// What was noticed.
    pub facts: Facts,
}

/// What a thread parses with, block after block.
pub struct Parser<'a> {
    shops: &'a Shops,
    partitions: usize,
    convention: Convention,
    known: HashMap<Vec<u8>, u32>,
    last_shop: (Vec<u8>, u32),
    last_key: Key,
    /// The cell that names the order of rows that leave it to the row above.
    order_above: Vec<u8>,
    last_time: LastTime,
    /// The hash of the order that was dated last.
    last_dated: u64,
    /// What each rule said of the text that it judged last; of the layout of the block.
    last_rules: Vec<(Vec<u8>, bool)>,
    names: Judged,
    naming: Naming,
    room: Vec<u8>,
    lower: Vec<u8>,
}

/// How the lines of a file are named: the field that has the name, and the columns of what tells a variant, a SKU or an id.
#[derive(Default)]
struct Naming {
    field: usize,
    variant: Vec<usize>,
    known_by: Vec<usize>,
}

impl Naming {
    /// What a file's layout tells.
    fn of(layout: &Layout) -> Self {
        let columns = |field: Order| {
            let found = layout.fields.iter().find(|(place, _)| *place == field.place());
            found.map(|(_, columns)| columns.clone()).unwrap_or_default()
        };
        if layout.kind != Kind::Orders {
            return Self::default();
        }
        let has_name = layout.has(Order::LineName.place());
        Self {
            field: if has_name { Order::LineName } else { Order::ProductTitle }.place(),
            variant: columns(Order::VariantTitle),
            known_by: [columns(Order::Sku), columns(Order::VariantId)].concat(),
        }
    }

    /// The name of a line that is known by nothing else, with what tells its variant.
    fn full(&self, field: usize, name: &[u8], records: &Records<'_>, room: &mut Vec<u8>) -> Option<Vec<u8>> {
        if self.variant.is_empty() || field != self.field || name.is_empty() {
            return None;
        }
        if !best(records, &self.known_by, room).is_empty() {
            return None;
        }
        let variant = String::from_utf8_lossy(best(records, &self.variant, room)).into_owned();
        Some(with_variant(&String::from_utf8_lossy(name), &variant).into_bytes())
    }
}

/// What a cell of a list says of one of its items.
type Said<'t> = &'t [(usize, Cow<'t, str>)];

/// What is known of a row before its cells are read.
#[derive(Clone, Copy)]
struct Before<'t> {
    /// What the list of its record says of it.
    said: Said<'t>,
    /// Whether it counts, so that a cell which cannot be read is told.
    counts: bool,
}

/// What a row is left out for.
#[derive(Clone, Copy, Default)]
struct LeftOutFor {
    order: Option<LeftOut>,
    line: Option<LeftOut>,
}

/// The key of the row before: the rows of an order mostly follow one another.
#[derive(Default)]
struct Key {
    cell: Vec<u8>,
    id: Vec<u8>,
    is_lost: bool,
    hash: u64,
}

impl Key {
    fn read(&mut self, cell: &[u8]) {
        if self.cell != cell {
            self.cell.clear();
            self.cell.extend_from_slice(cell);
            self.id.clear();
            let mut room = Vec::new();
            let id = ids::id(cell, &mut room);
            self.is_lost = id.is_err();
            self.id.extend_from_slice(id.unwrap_or_default());
            self.hash = if self.id.is_empty() { 0 } else { hash(&self.id) };
        }
    }
}

/// The instant that was read last.
#[derive(Default)]
struct LastTime {
    cell: Vec<u8>,
    time: Time,
}

impl LastTime {
    fn read(&mut self, cell: &[u8]) -> Time {
        if self.cell != cell {
            self.cell.clear();
            self.cell.extend_from_slice(cell);
            self.time = time::time(cell);
        }
        self.time
    }
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
            last_key: Key::default(),
            order_above: Vec::new(),
            last_time: LastTime::default(),
            last_dated: 0,
            last_rules: Vec::new(),
            names: Judged::default(),
            naming: Naming::default(),
            room: Vec::new(),
            lower: Vec::new(),
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
        self.last_dated = 0;
        self.order_above.clone_from(job.order.as_ref().unwrap_or(&Vec::new()));
        self.naming = Naming::of(&job.layout);
        if self.convention == Convention::Fimi {
            parse_fimi(job, &mut parsed);
            return parsed;
        }
        let mut records = job.content.records();
        let mut currency = CurrencyCount::default();
        let reach = job.layout.reach();
        while records.advance() {
            parsed.facts.rows += 1;
            let outcome = match broken(&records, &job.content, reach) {
                Some(problem) => {
                    self.order_above.clear();
                    Err(problem)
                }
                None => self.record(job, &records, &mut parsed, &mut currency),
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
        records: &Records<'_>,
        parsed: &mut Parsed,
        currency: &mut CurrencyCount,
    ) -> Result<(), Problem> {
        let Some((columns, list)) = &job.layout.list else {
            return self.row(job, records, parsed, currency, &[]);
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
        items.iter().try_for_each(|item| self.row(job, records, parsed, currency, item))
    }

    fn row(
        &mut self,
        job: &Job,
        records: &Records<'_>,
        parsed: &mut Parsed,
        currency: &mut CurrencyCount,
        said: Said<'_>,
    ) -> Result<(), Problem> {
        let kind = job.layout.kind;
        let shop = self.shop(job, records, &mut parsed.facts);
        let mut room = std::mem::take(&mut self.room);
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
        self.last_key.read(key);
        let hash = self.last_key.hash;
        let partition = (hash >> 32) as usize % parsed.parts.len();
        self.room = room;
        if hash != 0 {
            let ends = parsed.facts.ends.get_or_insert((hash, hash));
            ends.1 = hash;
        }
        let mut left_out = self.left_out(job, records);
        let Some(out) = parsed.parts.get_mut(partition) else { return Ok(()) };
        let mut row = RowWriter::begin(out, Head { block: job.block, line: records.line, shop, hash });
        let before = Before { said, counts: left_out.line.is_none() };
        let mut found = self.fields(job, records, &mut row, &mut parsed.facts, shop, before);
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

    /// Writes the values of a row.
    fn fields(
        &mut self,
        job: &Job,
        records: &Records<'_>,
        row: &mut RowWriter<'_>,
        facts: &mut Facts,
        shop: u32,
        before: Before<'_>,
    ) -> Found {
        let kind = job.layout.kind;
        let mut found = Found::default();
        let mut room = std::mem::take(&mut self.room);
        for (number, (field, columns)) in job.layout.fields.iter().enumerate() {
            let field = *field;
            let cell = match before.said.iter().find(|(of, _)| *of == field) {
                Some((_, text)) => text.as_bytes(),
                None if number == 0 => self.last_key.cell.as_slice(),
                None => best(records, columns, &mut room),
            };
            let Some(known) = kind.fields().get(field) else { continue };
            let cell = match job.layout.words.get(&field) {
                Some(words) if !cell.is_empty() => meaning(words, cell),
                _ => cell,
            };
            let has = |found: &mut Found| found.present |= 1 << field;
            let is_bad = match known.kind {
                Type::Time => match self.last_time.read(cell) {
                    Time::At(time) => {
                        row.number(field, time.stored);
                        has(&mut found);
                        facts.note_signs(field, time.signs, cell);
                        if time.signs.has(Signs::MONTH_FIRST) {
                            found.month_first |= 1 << field;
                        }
                        if kind.among() == Kind::Orders && field == Order::CreatedAt.place() {
                            self.last_dated = self.last_key.hash;
                        }
                        false
                    }
                    // An order may have its date in another row.
                    Time::None if kind.among() == Kind::Orders => {
                        let is_of_last = self.last_dated == self.last_key.hash;
                        if field == Order::CreatedAt.place() && !is_of_last {
                            let count = if shop == NO_SHOP { &mut facts.undated.1 } else { &mut facts.undated.0 };
                            *count += 1;
                        }
                        false
                    }
                    // A date that is needed and empty is a bad one: it never becomes "now".
                    Time::None => kind.needs_value(field) || !cell.is_empty(),
                    Time::Bad => true,
                },
                _ if cell.is_empty() => false,
                Type::Id | Type::Code => {
                    let id = if number == 0 && self.last_key.is_lost {
                        Err(LostDigits)
                    } else if number == 0 {
                        Ok(self.last_key.id.as_slice())
                    } else if known.kind == Type::Id {
                        ids::id(cell, &mut self.lower)
                    } else {
                        ids::code(cell, &mut self.lower)
                    };
                    match id {
                        Ok(id) => {
                            row.text(field, id);
                            has(&mut found);
                            if kind == Kind::Orders && field == Order::VariantId.place() {
                                note_variant(facts, shop, id);
                            }
                            if known.kind == Type::Code {
                                let is_float = ids::without_fraction(id).is_some();
                                facts.signs.note(field, if is_float { Signs::FLOAT } else { Signs::NO_FLOAT });
                            }
                            false
                        }
                        Err(LostDigits) => {
                            found.lost.get_or_insert_with(|| (known.name, told(cell)));
                            // Without the first the row is none.
                            number > 0
                        }
                    }
                }
                Type::Text => {
                    let options = (kind == Kind::Orders && field == Order::VariantTitle.place())
                        .then(|| without_labels(std::str::from_utf8(cell).unwrap_or_default()))
                        .filter(|options| !options.is_empty());
                    let full = self.naming.full(field, cell, records, &mut self.lower);
                    row.text(field, full.as_deref().or(options.as_ref().map(|text| text.as_bytes())).unwrap_or(cell));
                    has(&mut found);
                    false
                }
                Type::Lower => {
                    lower(cell, &mut self.lower);
                    row.text(field, &self.lower);
                    has(&mut found);
                    false
                }
                Type::Currency => match cell {
                    [a, b, c] if cell.iter().all(u8::is_ascii_alphabetic) => {
                        let upper = [*a, *b, *c].map(|letter| letter.to_ascii_uppercase());
                        found.currency = Some(upper);
                        if !job.layout.has_customers_currency() {
                            row.text(field, &upper);
                            has(&mut found);
                        }
                        false
                    }
                    _ => true,
                },
                Type::Note => false,
                Type::Bool => {
                    let truth = number::boolean(cell);
                    if let Some(truth) = truth {
                        row.number(field, sure(i64::from(truth)));
                        has(&mut found);
                    }
                    truth.is_none()
                }
                Type::Money | Type::Int => {
                    let number = if known.kind == Type::Money { number::money(cell) } else { number::integer(cell) };
                    if let Number::Value(value) = number {
                        row.number(field, value.stored);
                        has(&mut found);
                        facts.note_signs(field, value.signs, cell);
                        if kind.among() == Kind::Orders && field == Order::Total.place() {
                            found.total = if_sure(value.stored);
                        } else if kind.among() == Kind::Orders && field == Order::RefundedAmount.place() {
                            found.refunded = if_sure(value.stored).map(i64::saturating_abs);
                        }
                    }
                    number == Number::Bad
                }
            };
            if is_bad && kind.needs_value(field) && found.problem.is_none() {
                let reason = if known.kind == Type::Time { Reason::BadDate } else { Reason::BadNumber };
                found.problem = Some(Problem { reason, field: known.name, value: told(cell) });
            } else if is_bad && before.counts {
                *facts.bad_cells.entry(field).or_default() += 1;
            }
        }
        self.room = room;
        found
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
            let room = &mut self.room;
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
            None => best(records, &job.layout.line_name, &mut self.room),
        };
        if !name.is_empty() {
            left_out.line = self.names.reason(&job.layout.no_items, name, has(Order::Sku));
        }
    }

    /// What no column says.
    fn added(&mut self, job: &Job, records: &Records<'_>, row: &mut RowWriter<'_>) {
        if job.layout.kind == Kind::Orders && self.convention == Convention::OnlineRetail {
            let mut room = std::mem::take(&mut self.room);
            let mut cell = |field: Order| {
                let columns = job.layout.fields.iter().find(|(place, _)| *place == field.place());
                columns.map(|(_, columns)| best(records, columns, &mut room).to_vec()).unwrap_or_default()
            };
            let is_cancelled = matches!(cell(Order::OrderId).first(), Some(b'C' | b'c'));
            let sku = cell(Order::Sku);
            let is_product = sku.len() >= 5 && sku.iter().take(5).all(u8::is_ascii_digit);
            row.number(Order::IsCancelled.place(), sure(i64::from(is_cancelled)));
            row.number(Order::IsProduct.place(), sure(i64::from(is_product)));
            self.room = room;
        }
    }

    fn shop(&mut self, job: &Job, records: &Records<'_>, facts: &mut Facts) -> u32 {
        let columns = &job.layout.shop;
        let cell = if columns.is_empty() { &[][..] } else { best(records, columns, &mut self.room) };
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

/// The first cell of these columns that is not empty.
#[inline]
fn best<'r>(records: &'r Records<'_>, columns: &[usize], room: &'r mut Vec<u8>) -> &'r [u8] {
    let column = match columns {
        [only] => *only,
        columns => match columns.iter().find(|column| !records.cell(**column, room).is_empty()) {
            Some(column) => *column,
            None => return &[],
        },
    };
    records.cell(column, room)
}

/// Whether these columns have no cell that says something.
fn is_blank(records: &Records<'_>, columns: &[usize]) -> bool {
    let mut room = Vec::new();
    columns.iter().all(|column| records.cell(*column, &mut room).is_empty())
}

/// What a cell means by the words of its profile.
fn meaning<'a>(words: &'a BTreeMap<String, String>, cell: &'a [u8]) -> &'a [u8] {
    let found = match std::str::from_utf8(cell) {
        Ok(text) => words.get(text).or_else(|| words.get(&plain(text))),
        Err(_) => None,
    };
    found.map_or(cell, |meaning| meaning.as_bytes())
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

fn lower(cell: &[u8], out: &mut Vec<u8>) {
    out.clear();
    if cell.is_ascii() {
        out.extend(cell.iter().map(u8::to_ascii_lowercase));
    } else {
        out.extend_from_slice(String::from_utf8_lossy(cell).to_lowercase().as_bytes());
    }
}

/// A line is an order, its words are SKUs; there are no prices and no dates. The order's id is the number of the file and
/// of the line, both from 1: lines of two files are two orders.
fn parse_fimi(job: &Job, parsed: &mut Parsed) {
    let Content::Text { bytes, shape, .. } = &job.content else { return };
    for (line, text) in (0_u32..).zip(bytes.split(|byte| *byte == shape.terminator)) {
        let order = format!("{}:{}", job.file + 1, job.first_line + u64::from(line));
        let hash = hash(order.as_bytes());
        let partition = (hash >> 32) as usize % parsed.parts.len();
        let Some(out) = parsed.parts.get_mut(partition) else { continue };
        for item in text.split(u8::is_ascii_whitespace).filter(|item| !item.is_empty()) {
            parsed.facts.rows += 1;
            parsed.facts.note_good(false, 0);
            let mut row = RowWriter::begin(out, Head { block: job.block, line, shop: NO_SHOP, hash });
            row.text(Order::OrderId.place(), order.as_bytes());
            row.number(Order::CreatedAt.place(), sure(0));
            row.number(Order::Quantity.place(), sure(1));
            row.text(Order::Sku.place(), item);
            row.end();
        }
    }
}
