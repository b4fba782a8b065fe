//! `nightloom exports detect`: what exports are, and how a pipeline would read them.

use std::{
    collections::BTreeMap,
    io::Read,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context;
use clap::{Args, Subcommand};
use polars::prelude::{DataFrame, LazyFrame, df};
use serde_json::{Map, Value as Json, json};

use crate::{
    io::{self, MissingFiles, SourceSpec, checkpoint_file::scan_parquet},
    operator::{Frames, OperatorKind, Scratch, StageContext, StageError, Storage},
    pipeline::{
        Pipeline, PipelineError,
        file::{Overrides, StepKind},
        registry::Registry,
    },
    report::{
        dataset::to_json,
        table::{Table, count},
    },
};

/// The operator that reads exports.
const INGEST: &str = "ingest-shop";

/// Rows of a table that are shown.
const ROWS: usize = 3;

/// More files are told of without their rows: each is read once for its own and once for every other's.
const MOST_WITH_ROWS: usize = 12;

/// Memory of a reading.
const MEMORY: u64 = 1 << 30;

/// Look at exports before they are read.
#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Detect(Detect),
}

/// See what files are, and how they would be read.
///
/// Reads them as the pipeline's stage does, and writes nothing: the kind of each file, how it is written, what becomes
/// of its columns, what is wrong, and the first rows; personal cells are not shown.
///
/// Exit code 0: all can be used. 1: some cannot.
///
/// Examples:
///   nightloom exports detect exports/north/orders_export.csv
///   nightloom exports detect exports/north --json
#[derive(Args)]
#[command(verbatim_doc_comment)]
struct Detect {
    /// Files, or folders of them.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The pipeline file with the stage that reads them.
    #[arg(long, value_name = "FILE", default_value = "pipelines/baskets.toml")]
    pipeline: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Looks at the files.
pub fn main(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let Command::Detect(detect) = &arguments.command;
    let registry = Registry::standard();
    let kind = registry.get(INGEST).context("there is no operator that reads exports")?;
    let reading = Reading { kind, params: params(&detect.pipeline, &registry)?, files: listed(&detect.files)? };
    let found = reading.detect()?;
    if detect.json {
        let files: Vec<Json> = found.iter().map(Detected::as_json).collect();
        println!("{}", serde_json::to_string_pretty(&json!({ "files": files }))?);
    } else {
        let shown: Vec<String> = found.iter().map(Detected::to_string).collect();
        print!("{}", shown.join("\n"));
    }
    let is_good = found.iter().all(|file| file.text("status") == "completed");
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// The parameters of the pipeline's stage, but that files of no use are told and no error.
fn params(file: &Path, registry: &Registry) -> anyhow::Result<Json> {
    if !file.exists() {
        return Err(PipelineError::Usage {
            problem: format!("there is no pipeline file {}", file.display()),
            mend: "name that of the stage that reads exports with --pipeline".to_owned(),
        }
        .into());
    }
    let folder = std::env::current_dir().context("cannot tell the current folder")?;
    let environment = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let overrides = Overrides { sets: &[], environment: &environment, folder: &folder };
    let pipeline = Pipeline::read(file, &overrides, registry).map_err(PipelineError::from)?;
    let stage = pipeline.steps.iter().find_map(|step| match &step.kind {
        StepKind::Stage { operator, params, .. } if operator == INGEST => Some(params.clone()),
        _ => None,
    });
    let mut params = stage.ok_or_else(|| PipelineError::Usage {
        problem: format!("{} has no stage of the operator {INGEST}", file.display()),
        mend: "name the pipeline file that reads exports with --pipeline".to_owned(),
    })?;
    if let Some(params) = params.as_object_mut() {
        params.insert("bad_files".to_owned(), "skip".into());
    }
    Ok(params)
}

/// A file: to open it by, and to name it by.
struct Listed {
    path: String,
    name: String,
    bytes: i64,
}

/// The files that are named, those of folders too.
fn listed(given: &[PathBuf]) -> anyhow::Result<Vec<Listed>> {
    let mut files = Vec::new();
    for path in given {
        let spec = SourceSpec::Files { glob: path.to_string_lossy().into_owned(), missing: MissingFiles::Refused };
        let usage = |problem: io::IoError| PipelineError::Usage {
            problem: problem.to_string(),
            mend: "name a file, or a folder of files".to_owned(),
        };
        for file in spec.state().map_err(usage)?.files {
            // The folder of a file may name its shop.
            let whole = std::path::absolute(&file.path).unwrap_or_else(|_| file.path.clone());
            files.push(Listed {
                path: whole.to_string_lossy().into_owned(),
                name: file.path.to_string_lossy().into_owned(),
                bytes: i64::try_from(file.signs.bytes).unwrap_or(i64::MAX),
            });
        }
    }
    Ok(files)
}

/// How the files are read.
struct Reading<'a> {
    kind: &'a OperatorKind,
    params: Json,
    files: Vec<Listed>,
}

impl Reading<'_> {
    fn detect(&self) -> anyhow::Result<Vec<Detected>> {
        let mut told = self.read(None, &self.params)?;
        // What can be read of a file of no use is worth a look too.
        let mut lenient = self.params.clone();
        if let Some(params) = lenient.as_object_mut() {
            params.insert("max_rejected".to_owned(), 1.0.into());
        }
        let files = told.remove("files").unwrap_or_default();
        let Json::Array(files) = to_json(&files) else { return Ok(Vec::new()) };
        let mut found = Vec::with_capacity(files.len());
        for file in files {
            let Json::Object(file) = file else { continue };
            let mut detected = Detected { file, tables: BTreeMap::new() };
            if self.files.len() == 1 && detected.text("status") == "completed" {
                detected.tables = std::mem::take(&mut told);
            } else if self.files.len() <= MOST_WITH_ROWS && !detected.text("kind").is_empty() {
                detected.tables = self.read(Some(detected.text("file")), &lenient)?;
            }
            detected.tables.retain(|name, rows| !["files", "rejected"].contains(&name.as_str()) && rows.height() > 0);
            found.push(detected);
        }
        Ok(found)
    }

    /// Reads all files, and keeps the first rows of each table; of one file alone, if it is named.
    fn read(&self, only: Option<&str>, params: &Json) -> anyhow::Result<BTreeMap<String, DataFrame>> {
        let bound = (self.kind.bind)(params.clone()).map_err(|error| anyhow::anyhow!("{error:?}"))?;
        let column = |value: fn(&Listed) -> &str| self.files.iter().map(value).collect::<Vec<_>>();
        let listing = df!(
            "path" => column(|file| &file.path),
            "name" => column(|file| &file.name),
            "bytes" => self.files.iter().map(|file| file.bytes).collect::<Vec<_>>(),
            "gives_rows" => self.files.iter().map(|file| only.is_none_or(|only| only == file.name)).collect::<Vec<_>>(),
        )?;
        let storage = Arc::new(FirstRows::default());
        let context = StageContext { memory_bytes: MEMORY, ..StageContext::alone(storage.clone()) };
        let outcome = bound.run(Frames::new().with("files", listing), &context);
        let written = storage.take();
        match outcome {
            // That no order comes of the files is no error here.
            Err(problem) if written.is_empty() => Err(anyhow::anyhow!("{problem}")),
            _ => Ok(written),
        }
    }
}

/// Reads files as the engine does, and keeps the first rows of each output.
#[derive(Default)]
struct FirstRows(Mutex<BTreeMap<String, DataFrame>>);

impl FirstRows {
    fn take(&self) -> BTreeMap<String, DataFrame> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn refused(problem: impl std::fmt::Display) -> StageError {
    StageError::Storage { problem: problem.to_string() }
}

impl Storage for FirstRows {
    fn open(&self, path: &str) -> Result<Box<dyn Read + Send>, StageError> {
        io::open(Path::new(path)).map_err(refused)
    }

    fn parquet(&self, path: &str) -> Result<LazyFrame, StageError> {
        scan_parquet(Path::new(path)).map_err(refused)
    }

    fn scratch(&self) -> Result<Box<dyn Scratch>, StageError> {
        Ok(Box::new(tempfile::tempfile().map_err(refused)?))
    }

    fn write(&self, port: &str, rows: DataFrame) -> Result<(), StageError> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let most = if port == "files" { usize::MAX } else { ROWS };
        match kept.get_mut(port) {
            Some(table) if table.height() < most => {
                table.vstack_mut_owned(rows.head(Some(most - table.height()))).map(drop)?;
            }
            Some(_) => {}
            None => drop(kept.insert(port.to_owned(), rows.head(Some(most)))),
        }
        Ok(())
    }
}

/// What is seen of a file.
struct Detected {
    /// Its row of the output `files`.
    file: Map<String, Json>,
    /// The first rows of each table, as they would be read.
    tables: BTreeMap<String, DataFrame>,
}

impl Detected {
    fn text(&self, column: &str) -> &str {
        self.file.get(column).and_then(Json::as_str).unwrap_or_default()
    }

    fn number(&self, column: &str) -> String {
        count(self.file.get(column).and_then(Json::as_u64).unwrap_or_default())
    }

    /// Field → the headers of its columns, best first.
    fn columns(&self) -> BTreeMap<String, Vec<String>> {
        serde_json::from_str(self.text("columns")).unwrap_or_default()
    }

    fn personal(&self) -> Vec<&str> {
        self.text("personal_columns").split(", ").filter(|name| !name.is_empty()).collect()
    }

    /// The columns of tables with personal cells: of fields whose columns are personal, and who an order is of.
    fn hides(&self, column: &str) -> bool {
        let personal = self.personal();
        let is_personal = |names: &Vec<String>| names.iter().any(|name| personal.contains(&name.as_str()));
        column == "customer" || self.columns().get(column).is_some_and(is_personal)
    }

    /// The first rows of the tables, personal cells masked.
    fn rows(&self) -> BTreeMap<&str, Json> {
        let mask = |row: Json| match row {
            Json::Object(row) => row
                .into_iter()
                .map(|(column, value)| {
                    let is_hidden = !value.is_null() && self.hides(&column);
                    (column, if is_hidden { MASK.into() } else { value })
                })
                .collect(),
            other => other,
        };
        let table = |frame: &DataFrame| match to_json(frame) {
            Json::Array(rows) => rows.into_iter().map(mask).collect(),
            other => other,
        };
        self.tables.iter().map(|(name, frame)| (name.as_str(), table(frame))).collect()
    }

    fn as_json(&self) -> Json {
        let mut file = self.file.clone();
        let list = |text: &str| Json::from(text.split("; ").filter(|part| !part.is_empty()).collect::<Vec<_>>());
        file.insert("warnings".to_owned(), list(self.text("warnings")));
        file.insert("columns".to_owned(), json!(self.columns()));
        file.insert("personal_columns".to_owned(), json!(self.personal()));
        file.insert("tables".to_owned(), json!(self.rows()));
        Json::Object(file)
    }

    /// What the file is, and what is wrong with it.
    fn head(&self) -> String {
        let unless_empty = |text: &str| if text.is_empty() { "not known".to_owned() } else { text.to_owned() };
        let parts = |column: &str| self.text(column).split("; ").filter(|part| !part.is_empty()).map(str::to_owned);
        let profile = parts("profile").map(|name| format!(" by the profile {name}")).collect::<String>();
        let reasons = parts("reasons").map(|reasons| format!(" ({reasons})")).collect::<String>();
        let (rows, accepted, rejected) = (self.number("rows"), self.number("accepted"), self.number("rejected"));
        let mut table = Table::new(&["", ""]);
        let mut row = |name: &str, text: String| table.row(vec![name.to_owned(), text]);
        row("kind", unless_empty(self.text("kind")) + &profile);
        row("written", unless_empty(self.text("dialect")));
        parts("spelling").for_each(|spelling| row("cells", spelling));
        row("rows", format!("{rows}, {accepted} used, {rejected} not{reasons}"));
        parts("warnings").for_each(|warning| row("warning", warning));
        if !self.text("problem").is_empty() {
            row("problem", self.text("problem").to_owned());
        }
        table.to_string().trim_start_matches('\n').to_owned()
    }

    /// What becomes of each column.
    fn uses(&self) -> String {
        let (columns, unknown) = (self.columns(), self.text("unknown_columns"));
        if columns.is_empty() && unknown.is_empty() {
            return String::new();
        }
        let personal = self.personal();
        let mut table = Table::new(&["column", "is read as"]);
        for (field, headers) in columns {
            for (place, header) in headers.iter().enumerate() {
                let rank = if place > 0 { " where the one before is empty" } else { "" };
                let mark = if personal.contains(&header.as_str()) { ", not shown" } else { "" };
                table.row(vec![header.clone(), format!("{field}{rank}{mark}")]);
            }
        }
        if !unknown.is_empty() {
            table.row(vec!["not read".to_owned(), unknown.to_owned()]);
        }
        format!("\n{table}")
    }
}

/// What stands for a personal cell.
const MASK: &str = "•••";

/// Characters of a cell that are shown.
const CELL: usize = 19;

impl std::fmt::Display for Detected {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(out, "{}\n{}{}", self.text("file"), self.head(), self.uses())?;
        for (name, rows) in self.rows() {
            writeln!(out, "{}", downwards(name, &rows))?;
        }
        Ok(())
    }
}

/// The first rows of a table, a line a column; columns without values are left out.
fn downwards(name: &str, rows: &Json) -> String {
    let none = Vec::new();
    let rows = rows.as_array().unwrap_or(&none);
    let numbers: Vec<String> = (1..=rows.len()).map(|row| format!("row {row}")).collect();
    let headings: Vec<&str> = std::iter::once(name).chain(numbers.iter().map(String::as_str)).collect();
    let mut table = Table::new(&headings);
    let columns = rows.first().and_then(Json::as_object).map(|row| row.keys().cloned().collect::<Vec<_>>());
    for column in columns.unwrap_or_default() {
        let cells: Vec<String> = rows.iter().map(|row| cell(row.get(&column).unwrap_or(&Json::Null))).collect();
        if cells.iter().any(|cell| !cell.is_empty()) {
            table.row(std::iter::once(column).chain(cells).collect());
        }
    }
    table.to_string()
}

fn cell(value: &Json) -> String {
    let text = match value {
        Json::Null => String::new(),
        Json::String(text) => text.replace(['\n', '\r', '\t'], " "),
        other => other.to_string(),
    };
    match text.char_indices().nth(CELL) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
