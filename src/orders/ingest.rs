//! `ingest-shop`: the files of one or thousands of shops into typed datasets, in one step and within bounded memory.

use std::collections::BTreeMap;

use polars::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::delimited::blocks::BLOCK_BYTES;
use crate::flags::{Flag, flag};
use crate::operator::{
    ColumnKind, Frames, InputPort, Inputs, Operator, OutputPort, Packing, ParamError, PortSchema, StageContext,
    StageError,
};
use crate::orders::{
    reading::{
        entry::{FileEntry, Reading},
        file_order,
        intake::{self, FileRead, Intake},
        job::{Convention, Reject},
        parquet,
    },
    recognising::{
        fields::Kind,
        headers::{Aliases, ShopColumns},
        profile::{self, Profile},
    },
    rows::partitions::{self, Rows},
    settling::{
        group::Known,
        rejections::{REJECTED, Rejections},
        settle::{FileKnown, Rules, Settled, settle},
        undated,
    },
    tables::{
        order_tables::{self, ORDER_LINES, ORDERS},
        outcome::{FILES, Ingested, files_table, no_export, nothing_to_mine, problems, refuse_bad_files},
        shop_tables::{self, CATALOG, INVENTORY, ShopRows, VARIANTS},
    },
    values::spelling::{DateOrder, DecimalMark, Spelling},
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
    /// A line a transaction, items with white space between; no prices and no dates. An order's id is the number of its
    /// file and of its line, as in 2:17.
    Fimi,
}

/// What becomes of a file that cannot be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BadFiles {
    /// The stage fails and names it.
    #[default]
    Fail,
    /// It is left out, and `files` says why; if no file can be used, or no order line comes of them, the stage fails all
    /// the same.
    Skip,
}

/// What becomes of files that give no order line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum NoOrders {
    /// The stage fails: to go on would empty every table that is made of orders.
    #[default]
    Fail,
    /// It goes on with what is known of products.
    Allow,
}

/// Ingests the files of shops.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct IngestShop {
    /// How the files are written.
    pub format: Format,
    /// The names of columns: `{ file = "rules/shop-columns.toml" }`.
    pub columns: ShopColumns,
    /// What the exports of known programs look like: `{ files = "rules/exports/*.toml" }`, a profile a file.
    pub profiles: Vec<Profile>,
    /// The kind of all files; null to find it from their headers.
    pub kind: Option<Kind>,
    /// The shop of all rows, whatever the files say; null or blank to go by the files.
    pub shop: Option<String>,
    /// The shop of rows that name none, where it is not that of their file or folder; null or blank for none.
    pub default_shop: Option<String>,
    /// Whether files that name no shop are those of a shop named as the folder that they lie in.
    pub shop_from_folder: bool,
    /// The share of a file's rows that may be of no use; with more the file is not used. From 0 to 1.
    pub max_rejected: f64,
    /// What becomes of a file that cannot be used.
    pub bad_files: BadFiles,
    /// What becomes of files that give no order line.
    pub no_orders: NoOrders,
    /// Which part of a date like 04/11/2025 comes first where no date of the column tells, nor one of the shop's other files
    /// with the same headers; null to guess and say so.
    pub dates: Option<DateOrder>,
    /// What stands before the cents where no number of the column tells whether 1.299 is more than a thousand; null to guess
    /// and say so.
    pub decimal_mark: Option<DecimalMark>,
    /// The same of some shops: `{ north = { dates = "day-first" } }`.
    pub shop_settings: BTreeMap<String, Spelling>,
}

impl Default for IngestShop {
    fn default() -> Self {
        Self {
            format: Format::default(),
            columns: ShopColumns::default(),
            profiles: Vec::new(),
            kind: None,
            shop: None,
            default_shop: None,
            shop_from_folder: false,
            max_rejected: 0.2,
            bad_files: BadFiles::default(),
            no_orders: NoOrders::default(),
            dates: None,
            decimal_mark: None,
            shop_settings: BTreeMap::new(),
        }
    }
}

/// The share of the memory that rows may be held in until all files are read.
const ROWS_SHARE: u64 = 32;

impl Operator for IngestShop {
    const NAME: &'static str = "ingest-shop";
    const SUMMARY: &'static str =
        "Reads shops' exports of orders, variants, inventory levels and catalog into typed datasets.";
    const VERSION: u32 = 5;
    const SWITCH: Option<&'static Flag> = Some(flag("phase.csv_validation"));
    const INPUTS: Inputs = Inputs::Ports(&[InputPort::required(
        "files",
        &[("path", ColumnKind::Text), ("name", ColumnKind::Text), ("bytes", ColumnKind::Int)],
        "The files, from a source of files; a later one wins over an earlier.",
    )]);

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
                "Rows that are not used: file, line (of Parquet the row), reason, field and value; the rows of a file that is not used at all are one, `unused_file`, without a line.",
                REJECTED,
            ),
            OutputPort::new(
                "files",
                "What became of each file: completed, failed, or ignored for its name; `shops` are those that its rows are of, none of a file that is not used; `rows` are those accepted and those rejected, which `reasons` counts.",
                FILES,
            ),
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
        let within = |at: &str, mut error: ParamError| {
            error.path.insert(0, at.to_owned());
            error
        };
        self.columns.check().map_err(|error| within("columns", error))?;
        profile::check(&self.profiles).map_err(|error| within("profiles", error))
    }

    fn run(&self, mut inputs: Frames, context: &StageContext) -> Result<Frames, StageError> {
        let (entries, bytes) = entries(inputs.take("files")?)?;
        let ingested = self.ingest(&entries, partitions::count(bytes), BLOCK_BYTES, context)?;
        match self.kind {
            None | Some(Kind::Orders | Kind::OrderHeaders)
                if ingested.order_lines == 0 && self.no_orders == NoOrders::Fail =>
            {
                Err(nothing_to_mine(&ingested))
            }
            _ => Ok(Frames::new()),
        }
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
    ) -> Result<Ingested, StageError> {
        let entries = &file_order::in_order(entries);
        let online_retail = online_retail_columns();
        let reading = Reading {
            columns: if self.format == Format::OnlineRetail { &online_retail } else { &self.columns },
            profiles: if self.format == Format::ShopifyExport { &self.profiles } else { &[] },
            convention: match self.format {
                Format::ShopifyExport => Convention::Headers,
                Format::OnlineRetail => Convention::OnlineRetail,
                Format::Fimi => Convention::Fimi,
            },
            kind: self.kind,
            partitions,
            block_bytes,
            room: usize::try_from(context.memory_bytes / ROWS_SHARE).unwrap_or(usize::MAX),
        };
        let mut rejections = Rejections::new(entries, context);
        let mut intake = intake::read(entries, &reading, context, |file, first_line, rejects| {
            rejections.add(file, first_line, rejects)
        })?;
        undated::count(&mut intake, self.max_rejected)?;
        let shop_settings = self.shop_settings.iter().map(|(shop, set)| (shop.trim().to_lowercase(), *set));
        let rules = Rules {
            shop: given(self.shop.as_ref()),
            default_shop: given(self.default_shop.as_ref()),
            shop_from_folder: self.shop_from_folder,
            max_rejected: self.max_rejected,
            spelling: Spelling { dates: self.dates, decimal_mark: self.decimal_mark },
            shops: shop_settings.collect(),
        };
        let mut settled = settle(entries, &intake, &rules);
        settled.leave_out(entries);
        let is_used = |(read, known): (&FileRead, &FileKnown)| read.ignored.is_none() && known.problem.is_none();
        let nothing_is_used = !intake.files.iter().zip(&settled.files).any(is_used);
        let may_refuse = self.bad_files == BadFiles::Fail || nothing_is_used;
        let refusal =
            if may_refuse { refuse_bad_files(entries, &settled, &rejections, nothing_is_used) } else { Ok(()) };
        let ignored =
            || entries.iter().zip(&intake.files).find_map(|(entry, read)| Some((entry, read.ignored.as_deref()?)));
        let none = || ignored().filter(|_| nothing_is_used).map_or(Ok(()), |(first, why)| Err(no_export(first, why)));
        if let Err(problem) = refusal.and_then(|()| none()) {
            // Who only looks at files wants to see those of no use too.
            context.storage.write("files", files_table(&intake, &settled, entries, &rejections)?)?;
            return Err(problem);
        }
        write(intake, &settled, entries, rejections, context)
    }
}

/// The name of a shop, if one was given.
fn given(shop: Option<&String>) -> Option<String> {
    shop.filter(|name| !name.trim().is_empty()).cloned()
}

/// The files of the listing, and their bytes; those of packed files count six times.
fn entries(frame: LazyFrame) -> Result<(Vec<FileEntry>, u64), StageError> {
    let frame = frame.collect()?;
    let wanted = frame.column("gives_rows").ok();
    let (paths, names) = (frame.column("path")?.str()?, frame.column("name")?.str()?);
    let mut entries = Vec::with_capacity(frame.height());
    let mut total = 0_u64;
    for ((path, name), bytes) in paths.iter().zip(names.iter()).zip(frame.column("bytes")?.i64()?.iter()) {
        let Some(path) = path else { continue };
        let is_packed = Packing::of(path).0 != Packing::None || parquet::is_named_so(path);
        total += bytes.unwrap_or_default().unsigned_abs() * if is_packed { 6 } else { 1 };
        entries.push(FileEntry { path: path.to_owned(), name: name.unwrap_or(path).to_owned(), gives_rows: true });
    }
    if let Some(wanted) = wanted {
        for (entry, wanted) in entries.iter_mut().zip(wanted.bool()?.iter()) {
            entry.gives_rows = wanted.unwrap_or(true);
        }
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

/// Writes all outputs.
fn write(
    mut intake: Intake,
    settled: &Settled,
    entries: &[FileEntry],
    mut rejections: Rejections<'_>,
    context: &StageContext,
) -> Result<Ingested, StageError> {
    let mut order_lines = 0;
    let mut rows = std::mem::take(&mut intake.rows);
    let known = Known { settled, blocks: &intake.blocks };
    let place = |reject: &Reject| {
        intake.blocks.get(reject.block as usize).map_or((0, 1), |place| (place.file, place.first_line))
    };
    if let Some(orders) = rows.remove(&Kind::Orders) {
        order_tables::for_each_piece(orders, known, |piece| {
            context.check_cancelled()?;
            order_lines += piece.lines.height() as u64;
            context.storage.write("orders", piece.orders)?;
            context.storage.write("order_lines", piece.lines)?;
            piece.rejects.into_iter().try_for_each(|reject| {
                let (file, line) = place(&reject);
                rejections.add(file, line, vec![reject])
            })
        })?;
    }
    context.check_cancelled()?;
    let mut rows_of = |kind: Kind| match rows.remove(&kind).and_then(|rows| rows.into_parts().pop()) {
        Some(only) => only.into_rows(),
        None => Ok(Rows::default()),
    };
    let shop_rows = ShopRows {
        variants: rows_of(Kind::Variants)?,
        catalog: rows_of(Kind::CatalogJoined)?,
        inventory: rows_of(Kind::InventoryLevels)?,
        products: rows_of(Kind::ProductExport)?,
    };
    let tables = shop_tables::tables(&shop_rows, &intake.files, known)?;
    context.storage.write("variants", tables.variants)?;
    context.storage.write("inventory", tables.inventory)?;
    context.storage.write("catalog", tables.catalog)?;
    for reject in tables.rejects {
        let (file, line) = place(&reject);
        rejections.add(file, line, vec![reject])?;
    }
    for (number, (read, known)) in (0_u32..).zip(intake.files.iter().zip(&settled.files)) {
        if let Some(problem) = &known.problem {
            let refused: u64 = rejections.of_file(number).values().sum();
            rejections.leave_out(number, read.facts.rows.saturating_sub(refused), problem);
        }
    }
    rejections.flush()?;
    context.storage.write("files", files_table(&intake, settled, entries, &rejections)?)?;
    Ok(Ingested { order_lines, problems: problems(&intake, settled, entries, &rejections) })
}
