//! What came of the files, in a table and in words.

use polars::prelude::DataFrame;

use crate::operator::{ColumnKind, StageError};
use crate::orders::{
    reading::intake::{FileEntry, FileRead, Intake},
    recognising::fields::Kind,
    settling::{
        rejections::Rejections,
        settle::{FileKnown, Settled},
    },
    tables::table::Table,
};

/// One row a file.
pub const FILES: &[(&str, ColumnKind)] = &[
    ("file", ColumnKind::Text),
    ("kind", ColumnKind::Text),
    ("profile", ColumnKind::Text),
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

/// How many unknown columns of a file are listed.
const UNKNOWN_SHOWN: usize = 100;

/// What came of the files.
#[derive(Debug)]
pub struct Ingested {
    /// Rows of the order lines.
    pub order_lines: u64,
    /// The first thing wrong: the file, and what it is.
    pub first_problem: String,
}

/// Without order lines nothing can be mined: to go on would empty the tables of results.
pub fn nothing_to_mine(ingested: &Ingested) -> StageError {
    StageError::Input {
        port: "files".to_owned(),
        problem: format!("no order line came of them: {}", ingested.first_problem),
        mend: "add the exports of orders, or say with `kind` that there are none".to_owned(),
    }
}

/// The files are there, and none has the name of an export.
pub fn no_export(first: &FileEntry) -> StageError {
    StageError::Input {
        port: "files".to_owned(),
        problem: format!("{} {IGNORED}, and no other file is an export", first.name),
        mend: "name the exports so".to_owned(),
    }
}

/// Why a file was not opened.
const IGNORED: &str = "has a name that ends neither in .csv, .csv.gz or .csv.zst nor in .parquet";

/// Refuses the first file that cannot be used; `is_all`: none can.
///
/// # Errors
/// The file, what is wrong, and the mend.
pub fn refuse_bad_files(
    entries: &[FileEntry],
    settled: &Settled,
    rejections: &Rejections<'_>,
    is_all: bool,
) -> Result<(), StageError> {
    let bad: Vec<(usize, &str)> = settled
        .files
        .iter()
        .enumerate()
        .filter_map(|(number, known)| Some((number, known.problem.as_deref()?)))
        .collect();
    let Some((first, problem)) = bad.first() else { return Ok(()) };
    let name = entries.get(*first).map_or("", |entry| entry.name.as_str());
    let example = rejections.example(*first as u32);
    let others = match bad.len() - 1 {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    Err(StageError::Input {
        port: "files".to_owned(),
        problem: format!("{name} {problem}{example}{others}"),
        mend: if is_all {
            "and no file is left to go on with"
        } else {
            "or leave such files out with bad_files = \"skip\""
        }
        .to_owned(),
    })
}

/// Of the files that give no order line, what is wrong with the first: it cannot be used, none of its rows can, or it is
/// not one of orders.
pub fn first_problem(intake: &Intake, settled: &Settled, entries: &[FileEntry], rejections: &Rejections<'_>) -> String {
    let words = |number: u32, read: &FileRead, known: &FileKnown| match (&known.problem, &read.layout) {
        (Some(problem), _) => Some(format!("{problem}{}", rejections.example(number))),
        (None, Some(layout)) if layout.kind == Kind::Orders => {
            Some(format!("has no row that can be used{}", rejections.example(number)))
        }
        _ => None,
    };
    let files = || (0_u32..).zip(intake.files.iter().zip(&settled.files)).zip(entries);
    let wrong = files().find_map(|((number, (read, known)), entry)| Some((entry, words(number, read, known)?)));
    let other = || {
        let ((_, (read, _)), entry) = files().find(|((_, (read, _)), _)| read.layout.is_some())?;
        let kind = read.layout.as_ref().map_or("", |layout| layout.kind.name());
        Some((entry, format!("is one of {kind}, and none is one of orders")))
    };
    let (entry, words) = match wrong.or_else(other) {
        Some(found) => found,
        None => return "there are none".to_owned(),
    };
    format!("{} {words}", entry.name)
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
            _ if read.is_ignored => ("ignored", Some(IGNORED)),
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
        table.int(Some(if status == "completed" { shops(read, known, settled) as i64 } else { 0 }));
        table.int(count(read.facts.rows));
        table.int(count(accepted));
        table.int(count(refused));
        table.text(Some(words.join(", ").as_bytes()));
        table.text_or(unknown.as_deref().map(str::as_bytes), "");
        table.text(Some(known.warnings.join("; ").as_bytes()));
        table.text(problem.map(str::as_bytes));
        table.end_row();
    }
    table.finish()
}
