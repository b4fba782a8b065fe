//! What a person wants to know in the morning: what would pay, what is new, what changed.

use polars::prelude::DataFrame;

use super::{known::Known, pattern::Pattern};
use crate::{
    operator::{ColumnKind, OutputPort, StageError},
    workflows::columns::{self, column},
};

/// The port of the report.
pub fn port() -> OutputPort {
    OutputPort::new(
        "pattern_report",
        "The summary of the run, as printed at its end; `share` is the confidence where a pattern is named, else the share of all workflows.",
        &[
            ("section", ColumnKind::Text),
            ("name", ColumnKind::Text),
            ("count", ColumnKind::Int),
            ("share", ColumnKind::Float),
            ("note", ColumnKind::Text),
        ],
    )
}

struct Row {
    section: &'static str,
    name: String,
    count: i64,
    share: Option<f64>,
    note: String,
}

impl Row {
    fn new(section: &'static str, name: &str, count: i64) -> Self {
        Self { section, name: name.to_owned(), count, share: None, note: String::new() }
    }
}

/// The report's rows, in the order they are printed.
///
/// # Errors
/// When a column is missing.
pub fn report(
    patterns: &[Pattern],
    known: &Known,
    counts: Option<&DataFrame>,
    detected: usize,
    limit: usize,
) -> Result<DataFrame, StageError> {
    let before = |pattern: &Pattern| known.patterns.get(&pattern.signature).map(|known| &known.row);
    let mut new: Vec<&Pattern> = patterns.iter().filter(|pattern| before(pattern).is_none()).collect();
    let mut rows = batch(counts, detected, patterns.len(), new.len())?;

    let mut paying: Vec<&Pattern> = patterns.iter().filter(|pattern| pattern.monthly_savings > 0.0).collect();
    paying.sort_by(|a, b| b.monthly_savings.total_cmp(&a.monthly_savings));
    section("Worth automating: workflows, confidence, saving", &paying, limit, &mut rows, saving);

    if known.patterns.is_empty() {
        rows.extend((!new.is_empty()).then(|| Row {
            note: "patterns; there were none before".to_owned(),
            ..Row::new("New since the last run", "all", count(new.len()))
        }));
        return frame(&rows);
    }
    new.sort_by(|a, b| b.monthly_savings.total_cmp(&a.monthly_savings));
    section("New since the last run", &new, limit, &mut rows, saving);

    let mut changed: Vec<(&Pattern, &Pattern)> = patterns
        .iter()
        .filter_map(|pattern| Some((pattern, before(pattern)?)))
        .filter(|(now, before)| now.occurrence_count != before.occurrence_count || now.confidence != before.confidence)
        .collect();
    let moved = |(now, before): &(&Pattern, &Pattern)| (now.monthly_savings - before.monthly_savings).abs();
    changed.sort_by(|a, b| moved(b).total_cmp(&moved(a)));
    let changed: Vec<&Pattern> = changed.into_iter().map(|(now, _)| now).collect();
    section("Changed since the last run, the most first", &changed, limit, &mut rows, |pattern| {
        before(pattern).map_or_else(String::new, |before| change(pattern, before))
    });
    frame(&rows)
}

fn saving(pattern: &Pattern) -> String {
    let saved = format!("saves {} a year", dollars(pattern.monthly_savings * 12.0));
    if pattern.status == "detected" { saved } else { format!("{saved}, {}", pattern.status) }
}

fn change(now: &Pattern, before: &Pattern) -> String {
    let mut words = Vec::new();
    if now.occurrence_count != before.occurrence_count {
        words.push(format!("{:+} workflows", now.occurrence_count - before.occurrence_count));
    }
    let yearly = (now.monthly_savings - before.monthly_savings) * 12.0;
    if yearly.abs() >= 0.01 {
        words.push(format!("{}{} a year", if yearly < 0.0 { "" } else { "+" }, dollars(yearly)));
    }
    if now.confidence != before.confidence {
        words.push(format!("was {} %", before.confidence));
    }
    words.join(", ")
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The summary of the batch, in the words that the original returns.
fn batch(counts: Option<&DataFrame>, detected: usize, patterns: usize, new: usize) -> Result<Vec<Row>, StageError> {
    let row = |name: &str, count: i64| Row::new("Batch", name, count);
    let mut read = Vec::new();
    if let Some(frame) = counts {
        let (names, counts) = (columns::texts(frame, "name")?, columns::integers(frame, "count")?);
        read = names.iter().zip(counts.iter()).filter_map(|(name, count)| Some((name?, count?))).collect();
    }
    let number = |wanted: &str| read.iter().find(|(name, _)| *name == wanted).map(|(_, count)| *count);
    let total = number("total_workflows");
    let share = |count: i64| total.filter(|total| *total > 0).map(|total| count as f64 / total as f64);
    let of = |name: &str| number(name).map(|count| Row { share: share(count), ..row(name, count) });
    let mut rows: Vec<Row> =
        total.map(|total| row("total_workflows", total)).into_iter().chain(of("processed")).collect();
    rows.push(Row {
        note: format!("found in workflows, of {patterns} kinds"),
        ..row("total_patterns", count(detected))
    });
    rows.push(row("new_patterns", count(new)));
    rows.extend(of("errors"));
    if number("without_id").is_some_and(|count| count > 0) {
        rows.extend(of("without_id").map(|row| Row { note: "among the errors".to_owned(), ..row }));
    }
    rows.extend(of("without_time"));
    Ok(rows)
}

fn section(
    title: &'static str,
    patterns: &[&Pattern],
    limit: usize,
    rows: &mut Vec<Row>,
    note: impl Fn(&Pattern) -> String,
) {
    for pattern in patterns.iter().take(limit) {
        rows.push(Row {
            section: title,
            name: pattern.signature.clone(),
            count: pattern.occurrence_count,
            share: Some(pattern.confidence / 100.0),
            note: note(pattern),
        });
    }
    let more = patterns.len().saturating_sub(limit);
    if more > 0 {
        rows.push(Row { note: "patterns".to_owned(), ..Row::new(title, "and others", count(more)) });
    }
}

/// US$ with thousands separated; cents only of small amounts.
fn dollars(amount: f64) -> String {
    let (sign, amount) = (if amount <= -0.005 { "−" } else { "" }, amount.abs());
    let cents = if amount < 100.0 { (amount * 100.0).round() as i64 } else { amount.round() as i64 * 100 };
    let whole = (cents / 100).to_string();
    let groups: Vec<&str> =
        whole.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap_or_default()).collect();
    let whole = groups.join(",");
    if amount < 100.0 { format!("{sign}${whole}.{:02}", cents % 100) } else { format!("{sign}${whole}") }
}

fn frame(rows: &[Row]) -> Result<DataFrame, StageError> {
    columns::frame(vec![
        column("section", rows.iter().map(|row| row.section)),
        column("name", rows.iter().map(|row| row.name.as_str())),
        column("count", rows.iter().map(|row| row.count)),
        column("share", rows.iter().map(|row| row.share)),
        column("note", rows.iter().map(|row| row.note.as_str())),
    ])
}

#[cfg(test)]
mod tests {
    use super::dollars;

    #[test]
    fn money_is_grouped_by_thousands() {
        assert_eq!([0.0, 12.3, 1234.4, 1_234_567.891].map(dollars), ["$0.00", "$12.30", "$1,234", "$1,234,568"]);
    }

    #[test]
    fn the_sign_of_money_comes_first() {
        assert_eq!([-5.7, -0.004, -1_234.4, -99.999].map(dollars), ["−$5.70", "$0.00", "−$1,234", "−$100.00"]);
    }
}
