//! Expectations: what must hold of a dataset before anything is written.

use std::collections::BTreeMap;

use polars::prelude::{
    AnyValue, DataFrame, DataType, Engine, Expr, JoinArgs, JoinType, LazyFrame, PolarsResult, col, len, lit,
};
use serde_json::Value as Json;

use super::{file::model::ExpectTable, repeats::may_repeat};

/// Frames of more rows are counted as a stream, so that memory does not grow with them.
const LARGE_ROWS: u64 = 1 << 20;

/// What is broken, a line each; empty when all holds. One pass over the frame tells whether anything is; only then are
/// examples looked for.
///
/// `rows` is the height of the frame. `related` holds the datasets that `relationships` name.
///
/// # Errors
/// When a query on the frame fails.
pub fn broken(
    name: &str,
    frame: &LazyFrame,
    rows: u64,
    table: &ExpectTable,
    related: &BTreeMap<String, LazyFrame>,
) -> PolarsResult<Vec<String>> {
    let rules = row_rules(table);
    let bad_counts = bad_counts(frame, rows, &rules)?;
    let mut lines = Vec::new();
    if let Some([low, high]) = table.rows
        && (rows < low || rows > high)
    {
        lines.push(format!("{name}: {rows} rows, expected {low} to {high}"));
    }
    if !table.unique.is_empty() && may_repeat(frame, &table.unique)? {
        let keys: Vec<Expr> = table.unique.iter().map(|name| col(name.as_str())).collect();
        let repeated = frame.clone().group_by(keys).agg([len().alias("__rows")]).filter(col("__rows").gt(lit(1)));
        let rule = format!("unique [{}]", table.unique.join(", "));
        report(&mut lines, name, &rule, ["key repeats", "keys repeat"], repeated, &table.unique)?;
    }
    for (rule, bad) in rules.iter().zip(bad_counts) {
        if bad == 0 {
            continue;
        }
        if rule.bad_values_are_null {
            lines.push(format!("{name}: {}: {bad} {}", rule.words, of_many(bad, rule.what)));
        } else {
            let rows = frame.clone().filter(rule.bad.clone());
            report(&mut lines, name, &rule.words, rule.what, rows, std::slice::from_ref(&rule.column))?;
        }
    }
    for (column, target) in &table.relationships {
        let Some((dataset, key)) = target.rsplit_once('.') else { continue };
        let Some(parent) = related.get(dataset) else { continue };
        let parent =
            parent.clone().select([col(key).alias("__key")]).unique(None, polars::prelude::UniqueKeepStrategy::Any);
        let orphans = frame.clone().filter(col(column.as_str()).is_not_null()).join(
            parent,
            [col(column.as_str())],
            [col("__key")],
            JoinArgs::new(JoinType::Anti),
        );
        let rule = format!("relationship {column} → {target}");
        report(
            &mut lines,
            name,
            &rule,
            ["row has no counterpart", "rows have no counterpart"],
            orphans,
            std::slice::from_ref(column),
        )?;
    }
    Ok(lines)
}

/// A rule that a row breaks by itself.
struct RowRule {
    words: String,
    /// What is said of one such row, and of more.
    what: [&'static str; 2],
    column: String,
    /// True of the rows that break it.
    bad: Expr,
    /// Then there is nothing to show of them.
    bad_values_are_null: bool,
}

fn row_rules(table: &ExpectTable) -> Vec<RowRule> {
    let not_null = table.not_null.iter().map(|column| RowRule {
        words: format!("not_null {column}"),
        what: ["row is null", "rows are null"],
        column: column.clone(),
        bad: col(column.as_str()).is_null(),
        bad_values_are_null: true,
    });
    let between = table.between.iter().map(|(column, [low, high])| {
        // Of a query's column without values nobody knows the type: it is taken as text. A text that is no number lies outside.
        let value = || col(column.as_str()).cast(DataType::Float64);
        let inside = value().gt_eq(lit(*low)).and(value().lt_eq(lit(*high))).and(value().is_not_nan());
        RowRule {
            words: format!("between {column} [{low}, {high}]"),
            what: ["row lies outside", "rows lie outside"],
            column: column.clone(),
            bad: col(column.as_str()).is_not_null().and(inside.fill_null(lit(false)).not()),
            bad_values_are_null: false,
        }
    });
    let accepted = table.accepted.iter().map(|(column, values)| {
        let text = col(column.as_str()).cast(DataType::String);
        let known = values.iter().fold(lit(false), |known, value| known.or(text.clone().eq(lit(as_text(value)))));
        RowRule {
            words: format!("accepted {column}"),
            what: ["row has another value", "rows have another value"],
            column: column.clone(),
            bad: col(column.as_str()).is_not_null().and(known.not()),
            bad_values_are_null: false,
        }
    });
    not_null.chain(between).chain(accepted).collect()
}

/// For each rule the rows that break it, in one pass.
fn bad_counts(frame: &LazyFrame, rows: u64, rules: &[RowRule]) -> PolarsResult<Vec<u64>> {
    if rules.is_empty() {
        return Ok(Vec::new());
    }
    let counts = rules.iter().enumerate().map(|(place, rule)| rule.bad.clone().sum().alias(format!("{place}")));
    let counts = frame.clone().select(counts.collect::<Vec<_>>());
    let counts = if rows > LARGE_ROWS {
        counts.collect_with_engine(Engine::Streaming)?.unwrap_single()
    } else {
        counts.collect()?
    };
    counts.columns().iter().map(|column| column.get(0)?.try_extract::<u64>()).collect()
}

fn of_many(rows: u64, [one, many]: [&str; 2]) -> &str {
    if rows == 1 { one } else { many }
}

fn as_text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn count(frame: LazyFrame) -> PolarsResult<u64> {
    let counted = frame.select([len()]).collect()?;
    counted.columns().first().map_or(Ok(0), |column| Ok(column.get(0)?.extract::<u64>().unwrap_or(0)))
}

/// Adds a line if `bad` has rows, with up to three of them as examples.
fn report(
    lines: &mut Vec<String>,
    name: &str,
    rule: &str,
    what: [&str; 2],
    bad: LazyFrame,
    columns: &[String],
) -> PolarsResult<()> {
    let chosen: Vec<Expr> = columns.iter().map(|name| col(name.as_str())).collect();
    let rows = count(bad.clone())?;
    if rows == 0 {
        return Ok(());
    }
    let examples =
        bad.select(chosen.clone()).sort_by_exprs(chosen, polars::prelude::SortMultipleOptions::default()).limit(3);
    let examples: DataFrame = examples.collect()?;
    let shown: Vec<String> = (0..examples.height())
        .map(|row| {
            let values: Vec<String> = examples
                .columns()
                .iter()
                .map(|column| column.get(row).map_or_else(|_| String::new(), |value| show(&value)))
                .collect();
            values.join("/")
        })
        .collect();
    lines.push(format!("{name}: {rule}: {rows} {}, for example {}", of_many(rows, what), shown.join(", ")));
    Ok(())
}

fn show(value: &AnyValue<'_>) -> String {
    match value {
        AnyValue::String(text) => format!("'{text}'"),
        AnyValue::StringOwned(text) => format!("'{text}'"),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use polars::prelude::{IntoLazy, df};
    use serde_json::json;

    use super::*;

    fn check(expect: Json) -> Vec<String> {
        let frame =
            df!("id" => [1i64, 2, 2], "c" => [Some(0.5), None, Some(f64::NAN)], "m" => ["a", "b", "a"]).unwrap().lazy();
        let parent = df!("id" => [1i64, 7]).unwrap().lazy();
        let table: ExpectTable = serde_json::from_value(expect).unwrap();
        broken("d", &frame, 3, &table, &BTreeMap::from([("p".to_owned(), parent)])).unwrap()
    }

    #[test]
    fn each_broken_expectation_is_one_line_with_examples() {
        assert_eq!(check(json!({"unique": ["id"]})), ["d: unique [id]: 1 key repeats, for example 2"]);
        assert_eq!(check(json!({"not_null": ["c", "id"]})), ["d: not_null c: 1 row is null"]);
        assert_eq!(
            check(json!({"accepted": {"m": ["a"]}})),
            ["d: accepted m: 1 row has another value, for example 'b'"]
        );
        assert_eq!(check(json!({"rows": [4, 9]})), ["d: 3 rows, expected 4 to 9"]);
        assert_eq!(
            check(json!({"relationships": {"id": "p.id"}})),
            ["d: relationship id → p.id: 2 rows have no counterpart, for example 2, 2"]
        );
    }

    #[test]
    fn a_nan_lies_between_nothing_and_a_null_passes() {
        assert_eq!(
            check(json!({"between": {"c": [0.0, 1.0]}})),
            ["d: between c [0, 1]: 1 row lies outside, for example NaN"]
        );
    }

    #[test]
    fn what_holds_gives_no_line() {
        assert!(check(json!({"unique": ["id", "m"], "accepted": {"m": ["a", "b"]}, "rows": [0, 3]})).is_empty());
    }

    #[test]
    fn text_lies_between_two_numbers_when_it_is_one_of_them() {
        let frame = df!("t" => [Some("0.5"), None, Some("2"), Some("many")]).unwrap().lazy();
        let table: ExpectTable = serde_json::from_value(json!({"between": {"t": [0, 1]}})).unwrap();
        let broken = |frame: &LazyFrame, rows| broken("d", frame, rows, &table, &BTreeMap::new()).unwrap();
        assert_eq!(broken(&frame, 4), ["d: between t [0, 1]: 2 rows lie outside, for example '2', 'many'"]);
        assert!(broken(&frame.limit(0), 0).is_empty(), "a column without values is taken as text");
    }
}
