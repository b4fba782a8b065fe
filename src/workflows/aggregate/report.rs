//! What a person wants to know in the morning: what would pay, what is new, what changed.

use polars::prelude::DataFrame;

use super::{Pattern, known::Known};
use crate::{
    operator::{ColumnKind, OutputPort, StageError},
    workflows::columns::{self, column},
};

/// The port of the report.
pub fn port() -> OutputPort {
    OutputPort::new(
        "pattern_report",
        "The summary of the run, as printed at its end; `share` is the confidence where a pattern is named.",
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

/// The report's rows, in the order they are printed.
///
/// # Errors
/// When a column is missing.
pub fn report(
    patterns: &[Pattern],
    known: &Known<'_>,
    counts: Option<&DataFrame>,
    detections: &DataFrame,
    limit: usize,
) -> Result<DataFrame, StageError> {
    let before = |pattern: &Pattern| known.patterns.get(&pattern.signature).map(|known| &known.row);
    let new: Vec<&Pattern> = patterns.iter().filter(|pattern| before(pattern).is_none()).collect();
    let mut rows = batch(counts, detections.height(), new.len())?;

    let mut paying: Vec<&Pattern> = patterns.iter().filter(|pattern| pattern.monthly_savings > 0.0).collect();
    paying.sort_by(|a, b| b.monthly_savings.total_cmp(&a.monthly_savings));
    section("Worth automating: workflows, confidence, saving", &paying, limit, &mut rows, |pattern| {
        format!("saves {} a year", dollars(pattern.monthly_savings * 12.0))
    });

    let mut new = new;
    new.sort_by_key(|pattern| std::cmp::Reverse(pattern.occurrence_count));
    section("New since the last run", &new, limit, &mut rows, |_| String::new());

    let mut changed: Vec<(&Pattern, &Pattern)> = patterns
        .iter()
        .filter_map(|pattern| Some((pattern, before(pattern)?)))
        .filter(|(now, before)| now.occurrence_count != before.occurrence_count || now.confidence != before.confidence)
        .collect();
    changed.sort_by_key(|(now, before)| std::cmp::Reverse((now.occurrence_count - before.occurrence_count).abs()));
    let changed: Vec<&Pattern> = changed.into_iter().map(|(now, _)| now).collect();
    section("Changed since the last run", &changed, limit, &mut rows, |pattern| {
        before(pattern).map_or_else(String::new, |before| change(pattern, before))
    });
    frame(&rows)
}

fn change(now: &Pattern, before: &Pattern) -> String {
    let mut words = Vec::new();
    if now.occurrence_count != before.occurrence_count {
        words.push(format!("{:+} workflows", now.occurrence_count - before.occurrence_count));
    }
    if now.confidence != before.confidence {
        words.push(format!("confidence was {} %", before.confidence));
    }
    words.join(", ")
}

fn batch(counts: Option<&DataFrame>, detected: usize, new: usize) -> Result<Vec<Row>, StageError> {
    let row = |name: &str, count: i64| Row {
        section: "Batch",
        name: name.to_owned(),
        count,
        share: None,
        note: String::new(),
    };
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let mut read = Vec::new();
    if let Some(frame) = counts {
        let (names, counts) = (columns::texts(frame, "name")?, columns::integers(frame, "count")?);
        read = names.iter().zip(counts.iter()).filter_map(|(name, count)| Some((name?, count?))).collect();
    }
    let of = |wanted: &str| read.iter().find(|(name, _)| *name == wanted).map(|(_, count)| row(wanted, *count));
    let mut rows: Vec<Row> = [of("total_workflows"), of("processed")].into_iter().flatten().collect();
    rows.push(row("total_patterns", count(detected)));
    rows.push(row("new_patterns", count(new)));
    rows.extend([of("errors"), of("without_time")].into_iter().flatten());
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
        let name = "and others".to_owned();
        let count = i64::try_from(more).unwrap_or(i64::MAX);
        rows.push(Row { section: title, name, count, share: None, note: "patterns".to_owned() });
    }
}

/// US$ with thousands separated.
fn dollars(amount: f64) -> String {
    let cents = (amount * 100.0).round() as i64;
    let whole = (cents / 100).to_string();
    let groups: Vec<&str> =
        whole.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap_or_default()).collect();
    format!("${}.{:02}", groups.join(","), cents % 100)
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
        assert_eq!([0.0, 12.3, 1234.5, 1_234_567.891].map(dollars), ["$0.00", "$12.30", "$1,234.50", "$1,234,567.89"]);
    }
}
