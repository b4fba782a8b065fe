//! `ingest-shop`: the files of one or thousands of shops into typed datasets, in one step and within bounded memory.

use std::collections::BTreeMap;

use polars::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    csv::BLOCK_BYTES,
    fields::{Kind, Reason},
    group::Known,
    headers::{Aliases, ShopColumns},
    intake::{self, FileEntry, Intake, Reading},
    order_tables::{self, ORDER_LINES, ORDERS},
    parquet,
    parse::{Dialect, Reject},
    partitions,
    settle::{Rules, Settled, settle},
    shop_tables::{self, CATALOG, INVENTORY, VARIANTS},
    table::Table,
};
use crate::operator::{
    Column as PortColumn, ColumnKind, Frames, InputPort, Inputs, Operator, OutputPort, ParamError, PortSchema,
    StageContext, StageError,
};

/// How the files are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// CSV or Parquet with headers, by the names in `columns`.
    #[default]
    ShopifyExport,
    /// The columns of the Online Retail data set: invoices that begin with C are cancelled, stock codes that do not
    /// begin with five digits are fees and vouchers.
    OnlineRetail,
    /// A line a transaction, items with white space between; no prices and no dates.
    Fimi,
}

/// What becomes of a file that cannot be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BadFiles {
    /// The stage fails and names it.
    #[default]
    Fail,
    /// It is left out, and `files` says why.
    Skip,
}

/// Ingests the files of shops.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct IngestShop {
    /// How the files are written.
    pub format: Format,
    /// The names of columns: `{ file = "rules/shop-columns.toml" }`.
    pub columns: ShopColumns,
    /// The kind of all files; null to find it from their headers.
    pub kind: Option<Kind>,
    /// The shop of all rows, whatever the files say.
    pub shop: Option<String>,
    /// The shop of rows that name none.
    pub default_shop: Option<String>,
    /// Whether a folder of files that name no shop is named as its shop.
    pub shop_from_folder: bool,
    /// The share of a file's rows that may be of no use; with more the file is not used. From 0 to 1.
    pub max_rejected: f64,
    /// What becomes of a file that cannot be used.
    pub bad_files: BadFiles,
}

impl Default for IngestShop {
    fn default() -> Self {
        Self {
            format: Format::default(),
            columns: ShopColumns::default(),
            kind: None,
            shop: None,
            default_shop: None,
            shop_from_folder: false,
            max_rejected: 0.2,
            bad_files: BadFiles::default(),
        }
    }
}

const REJECTED: &[(&str, ColumnKind)] = &[
    ("file", ColumnKind::Text),
    ("line", ColumnKind::Int),
    ("reason", ColumnKind::Text),
    ("field", ColumnKind::Text),
    ("value", ColumnKind::Text),
];

const FILES: &[(&str, ColumnKind)] = &[
    ("file", ColumnKind::Text),
    ("kind", ColumnKind::Text),
    ("status", ColumnKind::Text),
    ("shops", ColumnKind::Int),
    ("rows", ColumnKind::Int),
    ("accepted", ColumnKind::Int),
    ("rejected", ColumnKind::Int),
    ("reasons", ColumnKind::Text),
    ("unknown_columns", ColumnKind::Text),
    ("warnings", ColumnKind::Text),
    ("problem", ColumnKind::Text),
];

/// The share of the memory that rows may be held in until all files are read.
const ROWS_SHARE: u64 = 32;

/// How many unknown columns of a file are listed.
const UNKNOWN_SHOWN: usize = 100;

impl Operator for IngestShop {
    const NAME: &'static str = "ingest-shop";
    const SUMMARY: &'static str =
        "Reads shops' exports of orders, variants, inventory levels and catalog into typed datasets.";
    const VERSION: u32 = 1;

    fn inputs() -> Inputs {
        let column = |name: &str, kind| PortColumn::new(name, kind);
        Inputs::Ports(vec![InputPort {
            name: "files",
            required: true,
            columns: vec![
                column("path", ColumnKind::Text),
                column("name", ColumnKind::Text),
                column("bytes", ColumnKind::Int),
            ],
            about: "The files, from a source of files; a later one wins over an earlier.",
        }])
    }

    fn outputs(&self, _: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError> {
        Ok(vec![
            OutputPort::new(
                "orders",
                "One row an order, as its last file has it; money in cents, time in UTC.",
                ORDERS,
            ),
            OutputPort::new(
                "order_lines",
                "One row an order line, the lines of an order together; `customer` is the id, else the e-mail.",
                ORDER_LINES,
            ),
            OutputPort::new("variants", "One row a variant, the last that was read.", VARIANTS),
            OutputPort::new("inventory", "One row an inventory item and location, the newest.", INVENTORY),
            OutputPort::new("catalog", "One row a variant with its product, the last that was read.", CATALOG),
            OutputPort::new(
                "rejected",
                "Rows that are not used: file, line (of Parquet the row), reason, field and value.",
                REJECTED,
            ),
            OutputPort::new("files", "What became of each file; `reasons` counts the rejected rows.", FILES),
        ])
    }

    fn validate(&self) -> Result<(), ParamError> {
        ParamError::unless_between("max_rejected", self.max_rejected, 0.0, 1.0)?;
        if self.format == Format::ShopifyExport && self.columns.orders.is_empty() {
            return Err(ParamError {
                path: vec!["columns".to_owned()],
                problem: "no names of columns".to_owned(),
                mend: "add columns = { file = \"rules/shop-columns.toml\" }".to_owned(),
            });
        }
        self.columns.check().map_err(|mut error| {
            error.path.insert(0, "columns".to_owned());
            error
        })
    }

    fn run(&self, mut inputs: Frames, context: &StageContext) -> Result<Frames, StageError> {
        let (entries, bytes) = entries(inputs.take("files")?)?;
        self.ingest(&entries, partitions::count(bytes), BLOCK_BYTES, context)?;
        Ok(Frames::new())
    }
}

impl IngestShop {
    /// Ingests files; their rows do not depend on the partitions and blocks, only the order of orders does.
    pub(super) fn ingest(
        &self,
        entries: &[FileEntry],
        partitions: usize,
        block_bytes: usize,
        context: &StageContext,
    ) -> Result<(), StageError> {
        let online_retail = online_retail_columns();
        let reading = Reading {
            columns: if self.format == Format::OnlineRetail { &online_retail } else { &self.columns },
            dialect: match self.format {
                Format::ShopifyExport => Dialect::Headers,
                Format::OnlineRetail => Dialect::OnlineRetail,
                Format::Fimi => Dialect::Fimi,
            },
            kind: self.kind,
            partitions,
            block_bytes,
            room: usize::try_from(context.memory_bytes / ROWS_SHARE).unwrap_or(usize::MAX),
        };
        let mut rejections = Rejections::new(entries, context);
        let intake = intake::read(entries, &reading, context, |file, first_line, rejects| {
            rejections.add(file, first_line, rejects)
        })?;
        let rules = Rules {
            shop: self.shop.clone(),
            default_shop: self.default_shop.clone(),
            shop_from_folder: self.shop_from_folder,
            max_rejected: self.max_rejected,
        };
        let settled = settle(entries, &intake, &rules);
        if self.bad_files == BadFiles::Fail {
            refuse_bad_files(entries, &settled, &rejections)?;
        }
        write(intake, &settled, entries, rejections, context)
    }
}

/// The files of the listing, and their bytes; those of packed files count six times.
fn entries(frame: LazyFrame) -> Result<(Vec<FileEntry>, u64), StageError> {
    let frame = frame.select([col("path"), col("name"), col("bytes")]).collect()?;
    let (paths, names) = (frame.column("path")?.str()?, frame.column("name")?.str()?);
    let mut entries = Vec::with_capacity(frame.height());
    let mut total = 0_u64;
    for ((path, name), bytes) in paths.iter().zip(names.iter()).zip(frame.column("bytes")?.i64()?.iter()) {
        let Some(path) = path else { continue };
        let is_packed = [".gz", ".zst"].iter().any(|ending| path.ends_with(ending)) || parquet::is_named_so(path);
        total += bytes.unwrap_or_default().unsigned_abs() * if is_packed { 6 } else { 1 };
        entries.push(FileEntry { path: path.to_owned(), name: name.unwrap_or(path).to_owned() });
    }
    Ok((entries, total))
}

/// The columns of the Online Retail data set.
fn online_retail_columns() -> ShopColumns {
    let names = [
        ("order_id", "invoice_no"),
        ("sku", "stock_code"),
        ("line_name", "description"),
        ("quantity", "quantity"),
        ("created_at", "invoice_date"),
        ("unit_price", "unit_price"),
        ("customer_id", "customer_id"),
        ("customer_country", "country"),
    ];
    let orders: Aliases = names.iter().map(|(field, name)| ((*field).to_owned(), vec![(*name).to_owned()])).collect();
    ShopColumns { orders, ..ShopColumns::default() }
}

fn refuse_bad_files(entries: &[FileEntry], settled: &Settled, rejections: &Rejections<'_>) -> Result<(), StageError> {
    let bad: Vec<(usize, &str)> = settled
        .files
        .iter()
        .enumerate()
        .filter_map(|(number, known)| Some((number, known.problem.as_deref()?)))
        .collect();
    let Some((first, problem)) = bad.first() else { return Ok(()) };
    let name = entries.get(*first).map_or("", |entry| entry.name.as_str());
    let example = rejections.examples.get(&(*first as u32)).map_or_else(String::new, |words| format!(" ({words})"));
    let others = match bad.len() - 1 {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    Err(StageError::Input {
        port: "files".to_owned(),
        problem: format!("{name} {problem}{example}{others}"),
        mend: "or leave such files out with bad_files = \"skip\"".to_owned(),
    })
}

/// Rows that are not used, on their way out.
struct Rejections<'a> {
    entries: &'a [FileEntry],
    context: &'a StageContext,
    waiting: Table,
    count: usize,
    /// Beside what the files' own facts say.
    by_file: BTreeMap<u32, BTreeMap<Reason, u64>>,
    /// The first row of a file, in words.
    examples: BTreeMap<u32, String>,
}

/// Rejected rows handed over at a time.
const REJECTED_ROWS: usize = 65_536;

impl<'a> Rejections<'a> {
    fn new(entries: &'a [FileEntry], context: &'a StageContext) -> Self {
        let waiting = Table::new(REJECTED, 0);
        Self { entries, context, waiting, count: 0, by_file: BTreeMap::new(), examples: BTreeMap::new() }
    }

    fn add(&mut self, file: u32, first_line: u64, rejects: Vec<Reject>) -> Result<(), StageError> {
        let name = self.entries.get(file as usize).map_or("", |entry| entry.name.as_str());
        for reject in rejects {
            let line = first_line + u64::from(reject.line);
            *self.by_file.entry(file).or_default().entry(reject.reason).or_default() += 1;
            self.examples
                .entry(file)
                .or_insert_with(|| format!("line {line}: {} '{}'", reject.field, reject.value.escape_debug()));
            self.waiting.text(Some(name.as_bytes()));
            self.waiting.int(i64::try_from(line).ok());
            self.waiting.text(Some(reject.reason.code().as_bytes()));
            self.waiting.text(Some(reject.field.as_bytes()));
            self.waiting.text(Some(reject.value.as_bytes()));
            self.waiting.end_row();
            self.count += 1;
        }
        if self.count >= REJECTED_ROWS { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), StageError> {
        self.count = 0;
        let rows = std::mem::replace(&mut self.waiting, Table::new(REJECTED, 0)).finish()?;
        self.context.storage.write("rejected", rows)
    }
}

/// Writes all outputs.
fn write(
    mut intake: Intake,
    settled: &Settled,
    entries: &[FileEntry],
    mut rejections: Rejections<'_>,
    context: &StageContext,
) -> Result<(), StageError> {
    let mut rows = std::mem::take(&mut intake.rows);
    let known = Known { settled, blocks: &intake.blocks };
    let place = |reject: &Reject| {
        intake.blocks.get(reject.block as usize).map_or((0, 1), |place| (place.file, place.first_line))
    };
    if let Some(orders) = rows.remove(&Kind::Orders) {
        order_tables::for_each_piece(orders, known, |piece| {
            context.check_cancelled()?;
            context.storage.write("orders", piece.orders)?;
            context.storage.write("order_lines", piece.lines)?;
            piece.rejects.into_iter().try_for_each(|reject| {
                let (file, line) = place(&reject);
                rejections.add(file, line, vec![reject])
            })
        })?;
    }
    for (kind, port) in
        [(Kind::Variants, "variants"), (Kind::InventoryLevels, "inventory"), (Kind::CatalogJoined, "catalog")]
    {
        context.check_cancelled()?;
        let Some(only) = rows.remove(&kind).and_then(|rows| rows.into_parts().pop()) else { continue };
        let (table, rejects) = shop_tables::table(kind, &only.into_rows()?, known)?;
        context.storage.write(port, table)?;
        for reject in rejects {
            let (file, line) = place(&reject);
            rejections.add(file, line, vec![reject])?;
        }
    }
    rejections.flush()?;
    context.storage.write("files", files_table(&intake, settled, entries, &rejections)?)
}

fn files_table(
    intake: &Intake,
    settled: &Settled,
    entries: &[FileEntry],
    rejections: &Rejections<'_>,
) -> Result<DataFrame, StageError> {
    let mut table = Table::new(FILES, entries.len());
    let count = |number: u64| i64::try_from(number).ok();
    for (number, ((entry, read), known)) in (0_u32..).zip(entries.iter().zip(&intake.files).zip(&settled.files)) {
        let reasons = rejections.by_file.get(&number).cloned().unwrap_or_default();
        let refused: u64 = reasons.values().sum();
        let accepted = if known.problem.is_some() { 0 } else { read.facts.rows.saturating_sub(refused) };
        let words: Vec<String> = reasons.iter().map(|(reason, count)| format!("{} {count}", reason.code())).collect();
        let shops = if settled.only_shop.is_some() { 1 } else { read.facts.shops.len().max(1) };
        let unknown = read.layout.as_ref().map(|layout| {
            let shown = layout.unknown.iter().take(UNKNOWN_SHOWN).cloned().collect::<Vec<_>>().join(", ");
            match layout.unknown.len().saturating_sub(UNKNOWN_SHOWN) {
                0 => shown,
                more => format!("{shown} and {more} more"),
            }
        });
        table.text(Some(entry.name.as_bytes()));
        table.text(read.layout.as_ref().map(|layout| layout.kind.name().as_bytes()));
        table.text_or(None, if known.problem.is_some() { "failed" } else { "completed" });
        table.int(Some(shops as i64));
        table.int(count(read.facts.rows));
        table.int(count(accepted));
        table.int(count(refused));
        table.text(Some(words.join(", ").as_bytes()));
        table.text_or(unknown.as_deref().map(str::as_bytes), "");
        table.text(Some(known.warnings.join("; ").as_bytes()));
        table.text(known.problem.as_deref().map(str::as_bytes));
        table.end_row();
    }
    table.finish()
}
