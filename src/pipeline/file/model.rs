//! The tables of a pipeline file as they are written.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::{
    alerts::{AlertTable, MetricsTable},
    io::SinkTable,
    schedule::ScheduleTable,
};

/// A pipeline file: what runs, in what order, with what settings.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "nightloom pipeline")]
pub struct PipelineFile {
    /// The pipeline's name; checkpoints and the journal are kept under it.
    pub name: String,
    /// Checkpoints and the lock are kept apart for each scope, for example a shop: scope = "${vars.shop}".
    pub scope: Option<String>,
    /// Files whose sections are put into this pipeline, relative to this file: paths, or { file = "…", vars = { old =
    /// "new" } } where variables of the file get other names. A variable that several of them declare alike is one.
    #[serde(default)]
    #[expect(dead_code, reason = "taken out of the settings tree when files are read")]
    pub include: Vec<IncludeItem>,
    /// Tags of every stage of this file.
    #[serde(default)]
    #[expect(dead_code, reason = "given to the stages when files are read")]
    pub tags: Vec<String>,
    /// Variables, used as ${vars.name}.
    #[serde(default)]
    #[expect(dead_code, reason = "filled in when files are read")]
    pub vars: BTreeMap<String, VarTable>,
    /// Where datasets come from.
    #[serde(default)]
    pub sources: BTreeMap<String, SourceTable>,
    /// What is done with them.
    #[serde(default)]
    pub stages: BTreeMap<String, StageTable>,
    /// Where datasets go to.
    #[serde(default)]
    pub sinks: BTreeMap<String, SinkTable>,
    /// Datasets on the page of a run, as tables and charts.
    #[serde(default)]
    pub reports: BTreeMap<String, ReportTable>,
    /// The main figures of a run.
    #[serde(default)]
    pub figures: BTreeMap<String, FigureTable>,
    /// What counts as unusual, where the newest page lies, and who is told. Of this file alone: included files have theirs.
    #[serde(default)]
    pub report: ReportSettings,
    /// Queries with expectations, for `nightloom verify`.
    #[serde(default)]
    pub verify: BTreeMap<String, VerifyTable>,
    /// When the pipeline is due. Not taken over from included files, as are the three that follow.
    pub schedule: Option<ScheduleTable>,
    /// Further times at which it is due, each with a name.
    #[serde(default)]
    pub schedules: BTreeMap<String, ScheduleTable>,
    /// What is told of the pipeline's runs, and to whom.
    pub alerts: Option<AlertTable>,
    /// Where the figures of its runs go.
    pub metrics: Option<MetricsTable>,
}

/// A file to include.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "taken out of the settings tree when files are read")]
pub enum IncludeItem {
    /// Its path.
    Path(String),
    /// Its path, and other names for its variables.
    Renamed(IncludeTable),
}

/// A file to include some of whose variables get other names.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IncludeTable {
    /// Path of the file.
    pub file: String,
    /// Variable of the file → its name in this pipeline; default and environment variable stay.
    #[serde(default)]
    #[expect(dead_code, reason = "taken from the settings tree, with its places")]
    pub vars: BTreeMap<String, String>,
}

/// A variable.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VarTable {
    /// The value unless --set vars.name=… or the environment variable gives another; its type is kept.
    #[expect(dead_code, reason = "taken from the settings tree, with its place")]
    pub default: Option<Json>,
    /// The environment variable that overrides the default.
    pub env: Option<String>,
    /// What the variable is for.
    #[expect(dead_code, reason = "for the file's readers")]
    pub about: Option<String>,
}

/// A source: exactly one of database, sqlite, postgres, csv, ndjson, json, parquet, files.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceTable {
    /// A database: the path of a SQLite database, or the URL of a PostgreSQL server (postgres://…); needs table or query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// Path of a SQLite database; needs table or query.
    pub sqlite: Option<String>,
    /// Connection string of a PostgreSQL server, a URL or key=value pairs as libpq takes them; needs table or query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postgres: Option<String>,
    /// What of a PostgreSQL source tells without reading it that it changed: a column whose newest value does, or { query = … }
    /// that gives one row, for example a count and a checksum. Without it the source is read in each run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed: Option<ChangedName>,
    /// Columns of type numeric that are read as whole cents; others are read as exact texts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cents: Vec<String>,
    /// Table to read.
    pub table: Option<String>,
    /// Query to read.
    pub query: Option<String>,
    /// Path or glob of CSV files; .gz and .zst are unpacked.
    pub csv: Option<String>,
    /// Path or glob of files with a JSON object a line.
    pub ndjson: Option<String>,
    /// Path or glob of files with a JSON array of objects.
    pub json: Option<String>,
    /// Path or glob of Parquet files.
    pub parquet: Option<String>,
    /// Path, folder or glob of files that a stage opens itself: gives their path, name, bytes and content hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<String>,
    /// What it means when files has no match: refused (default), or empty for a dataset without rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<MissingName>,
    /// Field separator of CSV files; default ",".
    pub delimiter: Option<String>,
    /// Encoding of CSV files; default utf-8.
    pub encoding: Option<EncodingName>,
    /// Whether CSV files begin with a line of names; default true.
    pub header: Option<bool>,
    /// Types of columns of CSV files; others are inferred.
    #[serde(default)]
    pub types: BTreeMap<String, TypeName>,
    /// Texts read as null in CSV files.
    #[serde(default)]
    pub null_values: Vec<String>,
    /// How long to wait for a locked database, in seconds; default 30.
    pub busy_timeout: Option<f64>,
    /// What of a SQLite database that only this pipeline wrote since it was read; default reread.
    pub own_writes: Option<OwnWrites>,
    /// A file of CREATE TABLE statements: a table that the database lacks is read as the empty one they make.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub definitions: Option<String>,
    /// Expectations on the rows read.
    pub expect: Option<ExpectTable>,
}

/// What tells that the rows of a server changed.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum ChangedName {
    /// A column: its newest value, and the number of rows.
    Column(String),
    /// A query that gives one row.
    Query {
        /// The query.
        query: String,
    },
}

/// What becomes of a source that only its own pipeline wrote since it was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OwnWrites {
    /// It is read again as soon as a stage that needs it is due: the stage sees what was written.
    #[default]
    Reread,
    /// It stays as it was read until somebody else writes: a stage can be tried again on the same rows.
    Ignore,
}

/// What it means when a source of files finds none.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MissingName {
    /// An error.
    Refused,
    /// A dataset without rows.
    Empty,
}

/// Text encodings of CSV files.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
pub enum EncodingName {
    /// UTF-8; other bytes are an error.
    #[serde(rename = "utf-8")]
    Utf8,
    /// ISO 8859-1.
    #[serde(rename = "latin-1")]
    Latin1,
}

/// Column types.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TypeName {
    /// 64-bit integer.
    Int,
    /// 64-bit float.
    Float,
    /// Text.
    Text,
    /// true or false.
    Bool,
    /// YYYY-MM-DD.
    Date,
    /// ISO 8601 instant, UTC.
    Timestamp,
}

/// A stage: an operator placed in the pipeline.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StageTable {
    /// The operator's name; see `nightloom operators`.
    pub operator: String,
    /// Input port → dataset.
    #[serde(default)]
    pub inputs: BTreeMap<String, String>,
    /// Output port → dataset. A port left out is dataset "stage.port", or "stage" if it is the only one.
    #[serde(default)]
    pub outputs: BTreeMap<String, String>,
    /// The operator's parameters.
    #[serde(default)]
    #[expect(dead_code, reason = "bound from the settings tree, with their places")]
    pub params: serde_json::Map<String, Json>,
    /// Dataset → expectations, checked before anything is written.
    #[serde(default)]
    pub expect: BTreeMap<String, ExpectTable>,
    /// Words to select the stage by: --select tag:word.
    #[serde(default)]
    pub tags: Vec<String>,
    /// What the stage is for.
    #[expect(dead_code, reason = "for the file's readers")]
    pub about: Option<String>,
}

/// Expectations on a dataset.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpectTable {
    /// Columns that together must not repeat.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unique: Vec<String>,
    /// Columns without nulls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_null: Vec<String>,
    /// Column → the values it may have; nulls pass.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub accepted: BTreeMap<String, Vec<Json>>,
    /// Column → lowest and highest value; nulls pass.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub between: BTreeMap<String, [f64; 2]>,
    /// Column → "dataset.column" that must hold every value; nulls pass.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub relationships: BTreeMap<String, String>,
    /// Lowest and highest number of rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<[u64; 2]>,
    /// What a broken expectation does: error (default) fails the stage, warn only says so.
    #[serde(default)]
    pub severity: Severity,
}

/// What a broken expectation does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Fails the stage; nothing is written.
    #[default]
    Error,
    /// Is reported; the run goes on.
    Warn,
}

/// A dataset on the page of a run. One without `chart` is printed by `run --verbose` too.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportTable {
    /// The dataset; one with a column "section" is shown as a block a section.
    pub from: String,
    /// The heading; default the report's name.
    pub title: Option<String>,
    /// How many rows at most; default 40.
    pub limit: Option<u32>,
    /// Whether it is shown only when there are rows; default false.
    #[serde(default)]
    pub hide_empty: bool,
    /// The part of the page it stands in; default the name of the file it is written in.
    pub part: Option<String>,
    /// How it is drawn on the page; default a table.
    pub chart: Option<ChartName>,
    /// Column of the categories; of a histogram, of the numbers that are counted.
    pub x: Option<String>,
    /// Column of the numbers; without it rows are counted.
    pub y: Option<String>,
    /// Column that makes a series of each of its values; the rows of a heat map.
    pub series: Option<String>,
    /// How the numbers of a category come together; default sum.
    pub measure: Option<MeasureName>,
    /// The columns that a table shows; default all.
    #[serde(default)]
    pub columns: Vec<String>,
    /// Two columns of texts whose words that differ are marked.
    pub compare: Option<[String; 2]>,
    /// What of a row stands where on its card; needs chart = "cards".
    pub card: Option<CardTable>,
}

/// How a report is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChartName {
    /// A table, on the page alone.
    Table,
    /// Horizontal bars, the largest first.
    Bar,
    /// Horizontal bars in parts, the largest first.
    StackedBar,
    /// Lines, in the order of x.
    Line,
    /// How many values lie in which range.
    Histogram,
    /// A field a category and series.
    HeatMap,
    /// A card a row.
    Cards,
}

/// How numbers come together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MeasureName {
    /// Their sum.
    #[default]
    Sum,
    /// Their mean.
    Mean,
    /// The least.
    Min,
    /// The greatest.
    Max,
}

/// What of a row stands where on its card: columns.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CardTable {
    /// The heading.
    pub title: String,
    /// URL of a picture: shown where it is a data: URL, else a link.
    pub picture: Option<String>,
    /// A price before.
    pub before: Option<String>,
    /// The price now.
    pub after: Option<String>,
    /// A sentence or two.
    pub text: Option<String>,
    /// More columns, with their names.
    #[serde(default)]
    pub facts: Vec<String>,
}

/// A main figure of a run: told at its end with its change, kept for later nights, and compared with those before.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FigureTable {
    /// The dataset whose rows are counted, or that has the column.
    pub from: String,
    /// A dataset: of how many rows the figure is a share.
    pub of: Option<String>,
    /// A column to measure, rather than rows to count.
    pub column: Option<String>,
    /// How the column is measured; default sum.
    pub measure: Option<MeasureName>,
    /// What the figure is called; default its name with spaces.
    pub label: Option<String>,
    /// The part of the summary it stands in; default the name of the file it is written in.
    pub part: Option<String>,
    /// What a measured column holds; default amount.
    pub unit: Option<UnitName>,
    /// Whether somebody should look when it grows, as at patterns that are new; default false.
    #[serde(default)]
    pub look: bool,
}

/// What a figure is a number of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnitName {
    /// Whole things.
    Count,
    /// A sum or a mean.
    Amount,
    /// Money in cents, shown with two decimals.
    Cents,
}

/// What counts as unusual, where the newest page lies, and who is told.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportSettings {
    /// Path of the newest page; each run also leaves it in its own folder.
    pub page: Option<String>,
    /// How many earlier nights a figure is compared with; default 30.
    pub nights: Option<u32>,
    /// With fewer nights than this a figure is compared with the last one alone; default 5.
    pub least_nights: Option<u32>,
    /// How many times the usual spread a figure may lie from the median; default 3.5.
    pub score: Option<f64>,
    /// By which share a figure may differ from the last night where there are too few; default 0.2.
    pub change: Option<f64>,
    /// A program and its arguments, started with the headline as JSON on its standard input when a night is unusual or failed.
    #[serde(default)]
    pub command: Vec<String>,
    /// A URL that the headline is sent to as JSON (its `text` is Slack's) when a night is unusual or failed.
    pub webhook: Option<String>,
}

/// A query with expectations on its result.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyTable {
    /// The heading; default the query's name.
    pub title: Option<String>,
    /// The database: the path of a SQLite database, or the URL of a PostgreSQL server (postgres://…).
    pub database: Option<String>,
    /// Path of the SQLite database.
    pub sqlite: Option<String>,
    /// Connection string of a PostgreSQL server.
    pub postgres: Option<String>,
    /// The query.
    pub query: String,
    /// What must hold of its rows.
    #[serde(default)]
    pub expect: ExpectTable,
}
