//! What came of the files, in a table and in words.

use std::collections::BTreeMap;

use polars::prelude::DataFrame;

use crate::operator::{ColumnKind, StageError};
use crate::orders::{
    reading::{
        entry::FileEntry,
        intake::{FileRead, Intake},
    },
    recognising::{
        fields::{Kind, Type},
        layout::Layout,
    },
    settling::{
        rejections::Rejections,
        settle::{FileKnown, Settled},
    },
    tables::table::Table,
    values::doubt::Signs,
};

/// One row a file.
pub const FILES: &[(&str, ColumnKind)] = &[
    ("file", ColumnKind::Text),
    ("kind", ColumnKind::Text),
    ("profile", ColumnKind::Text),
    ("status", ColumnKind::Text),
    ("dialect", ColumnKind::Text),
    ("spelling", ColumnKind::Text),
    ("shops", ColumnKind::Int),
    ("shop_id", ColumnKind::Text),
    ("rows", ColumnKind::Int),
    ("accepted", ColumnKind::Int),
    ("rejected", ColumnKind::Int),
    ("reasons", ColumnKind::Text),
    ("columns", ColumnKind::Text),
    ("personal_columns", ColumnKind::Text),
    ("unknown_columns", ColumnKind::Text),
    ("warnings", ColumnKind::Text),
    ("problem", ColumnKind::Text),
];

/// How many unknown columns of a file are listed.
const UNKNOWN_SHOWN: usize = 100;

/// What came of the files.
#[derive(Debug)]
pub struct Ingested {
    /// Rows of the order lines.
    pub order_lines: u64,
    /// What is wrong with the files that give no order line.
    pub problems: String,
}

/// Without order lines nothing can be mined: to go on would empty the tables of results.
pub fn nothing_to_mine(ingested: &Ingested) -> StageError {
    StageError::Input {
        port: "files".to_owned(),
        problem: format!("no order line came of them: {}", ingested.problems),
        mend: "add the exports of orders, or say with `kind` that there are none".to_owned(),
    }
}

/// The files are there, and none is an export; what is wrong with the first.
pub fn no_export(first: &FileEntry, why: &str) -> StageError {
    StageError::Input {
        port: "files".to_owned(),
        problem: format!("{} {why}, and no other file is an export", first.name),
        mend: "add the exports, or name them so".to_owned(),
    }
}

/// Files that are told of at most.
const FILES_TOLD: usize = 1000;

/// What is wrong with files, a line each if there are several.
fn by_file(problems: &[String]) -> String {
    if let [only] = problems {
        return only.clone();
    }
    let mut words: String = problems.iter().take(FILES_TOLD).map(|problem| format!("\n  {problem}")).collect();
    if let more @ 1.. = problems.len().saturating_sub(FILES_TOLD) {
        words += &format!("\n  and {more} more");
    }
    words + "\n "
}

/// Refuses the files that cannot be used; `is_all`: none can.
///
/// # Errors
/// Each file, what is wrong with it, and the mend.
pub fn refuse_bad_files(
    entries: &[FileEntry],
    settled: &Settled,
    rejections: &Rejections<'_>,
    is_all: bool,
) -> Result<(), StageError> {
    let words = |((number, known), entry): ((u32, &FileKnown), &FileEntry)| {
        Some(format!("{} {}{}", entry.name, known.problem.as_deref()?, rejections.example(number)))
    };
    let bad: Vec<String> = (0_u32..).zip(&settled.files).zip(entries).filter_map(words).collect();
    if bad.is_empty() {
        return Ok(());
    }
    Err(StageError::Input {
        port: "files".to_owned(),
        problem: by_file(&bad),
        mend: if is_all {
            "and no file is left to go on with"
        } else {
            "or leave such files out with bad_files = \"skip\""
        }
        .to_owned(),
    })
}

/// Of the files that give no order line, what is wrong with each: it cannot be used, none of its rows can, or it is not one
/// of orders.
pub fn problems(intake: &Intake, settled: &Settled, entries: &[FileEntry], rejections: &Rejections<'_>) -> String {
    let words = |((number, (read, known)), entry): ((u32, (&FileRead, &FileKnown)), &FileEntry)| {
        let example = rejections.example(number);
        let words = match (&known.problem, &read.layout) {
            (Some(problem), _) => format!("{problem}{example}"),
            (None, Some(layout)) if layout.kind == Kind::Orders => format!("has no row that can be used{example}"),
            (None, Some(layout)) => format!("is one of {}, and none is one of orders with lines", layout.kind.name()),
            (None, None) => return None,
        };
        Some(format!("{} {words}", entry.name))
    };
    let files = (0_u32..).zip(intake.files.iter().zip(&settled.files)).zip(entries);
    let problems: Vec<String> = files.filter_map(words).collect();
    if problems.is_empty() { "there are none".to_owned() } else { by_file(&problems) }
}

/// How many shops the rows of a file are of.
fn shops(read: &FileRead, known: &FileKnown, settled: &Settled) -> usize {
    if settled.only_shop.is_some() {
        return 1;
    }
    let named = &read.facts.shops;
    let of_nameless = known.blank_shop.filter(|shop| read.facts.without_shop > 0 && !named.contains_key(shop));
    named.len() + usize::from(of_nameless.is_some())
}

/// The shop that the rows of a file are of, if it is one.
fn only_shop<'a>(read: &FileRead, known: &FileKnown, settled: &'a Settled) -> Option<&'a str> {
    if shops(read, known, settled) != 1 {
        return None;
    }
    let named = read.facts.shops.keys().next().copied();
    settled.only_shop.or(named).or(known.blank_shop).map(|shop| settled.shop_name(shop))
}

/// How the cells of columns that may be read in two ways are read: which part of dates comes first, what stands before the
/// cents.
fn spelling(layout: &Layout, read: &FileRead, known: &FileKnown) -> String {
    let mut fields: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (place, _) in layout.fields.iter().filter(|(_, columns)| !columns.is_empty()) {
        let Some(field) = layout.kind.fields().get(*place) else { continue };
        let signs = read.facts.signs.of(*place);
        let has = |bits: u64| bits >> place & 1 == 1;
        let words = match field.kind {
            Type::Time if has(known.columns.day_first) => "day first",
            Type::Time if signs.has(Signs::MONTH_FIRST) || signs.has(Signs::UNCLEAR) => "month first",
            Type::Money | Type::Int if has(known.columns.comma) => "decimal comma",
            Type::Money | Type::Int if has(known.columns.point) => "decimal point",
            _ => continue,
        };
        fields.entry(words).or_default().push(field.name);
    }
    fields.iter().map(|(words, names)| format!("{words}: {}", names.join(", "))).collect::<Vec<_>>().join("; ")
}

/// What became of each file.
///
/// # Errors
/// When the table cannot be made.
pub fn files_table(
    intake: &Intake,
    settled: &Settled,
    entries: &[FileEntry],
    rejections: &Rejections<'_>,
) -> Result<DataFrame, StageError> {
    let mut table = Table::new(FILES, entries.len());
    let count = |number: u64| i64::try_from(number).ok();
    for (number, ((entry, read), known)) in (0_u32..).zip(entries.iter().zip(&intake.files).zip(&settled.files)) {
        let reasons = rejections.of_file(number);
        let refused: u64 = reasons.values().sum();
        let accepted = read.facts.rows.saturating_sub(refused);
        let words: Vec<String> = reasons.iter().map(|(reason, count)| format!("{} {count}", reason.code())).collect();
        let (status, problem) = match &known.problem {
            _ if read.ignored.is_some() => ("ignored", read.ignored.as_deref()),
            Some(problem) => ("failed", Some(problem.as_str())),
            None => ("completed", None),
        };
        let unknown = read.layout.as_ref().map(|layout| {
            let shown = layout.unknown.iter().take(UNKNOWN_SHOWN).cloned().collect::<Vec<_>>().join(", ");
            match layout.unknown.len().saturating_sub(UNKNOWN_SHOWN) {
                0 => shown,
                more => format!("{shown} and {more} more"),
            }
        });
        table.text(Some(entry.name.as_bytes()));
        table.text(read.layout.as_ref().map(|layout| layout.kind.name().as_bytes()));
        table.text(read.layout.as_ref().and_then(|layout| layout.profile.as_deref()).map(str::as_bytes));
        table.text_or(None, status);
        table.text(read.dialect.map(|dialect| dialect.words()).as_deref().map(str::as_bytes));
        table.text(read.layout.as_ref().map(|layout| spelling(layout, read, known)).as_deref().map(str::as_bytes));
        table.int(Some(if status == "completed" { shops(read, known, settled) as i64 } else { 0 }));
        let shop = only_shop(read, known, settled).filter(|_| status == "completed");
        table.text(shop.map(str::as_bytes));
        table.int(count(read.facts.rows));
        table.int(count(accepted));
        table.int(count(refused));
        table.text(Some(words.join(", ").as_bytes()));
        let columns =
            read.layout.as_ref().map(|layout| serde_json::json!(layout.headers_by_field(&read.headers)).to_string());
        let personal = read.layout.as_ref().map(|layout| {
            let header = |place: &usize| read.headers.get(*place).map(String::as_str);
            layout.personal.iter().filter_map(header).collect::<Vec<_>>().join(", ")
        });
        table.text_or(columns.as_deref().map(str::as_bytes), "{}");
        table.text_or(personal.as_deref().map(str::as_bytes), "");
        table.text_or(unknown.as_deref().map(str::as_bytes), "");
        table.text(Some(known.warnings.join("; ").as_bytes()));
        table.text(problem.map(str::as_bytes));
        table.end_row();
    }
    table.finish()
}
