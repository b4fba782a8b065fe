//! The rows that were rejected: by reason, with three examples each.

use std::collections::BTreeMap;

use polars::prelude::{Expr, LazyFrame, PolarsResult, SortMultipleOptions, as_struct, col, len, lit};
use serde_json::Value as Json;

use super::{error::MorningError, night::Morning};
use crate::{
    page::{Cell, Column, Table, count},
    report::dataset,
};

/// Examples of a reason.
const EXAMPLES: usize = 3;
/// Reasons of a step.
const REASONS: usize = 12;
/// Examples are looked for among so many rows, so that memory does not grow with what was rejected.
const LOOKED_AT: u32 = 100_000;

/// A table of all reasons; none where no row was rejected.
///
/// # Errors
/// When a dataset cannot be read.
pub fn table(morning: &Morning<'_>) -> Result<Option<Table>, MorningError> {
    let mut rows = Vec::new();
    for id in morning.pipeline.ids() {
        let step = morning.pipeline.step(id);
        let is_of_run = morning.steps().any(|row| row.step == step.name && row.rejected > 0);
        let Some(manifest) = morning.manifests.get(&id).filter(|_| is_of_run) else { continue };
        for output in manifest.outputs.iter().filter(|output| output.port == "rejected" && output.rows > 0) {
            rows.extend(reasons(&step.name, morning.store.scan(manifest, output)?)?);
        }
    }
    let columns = vec![Column::text("step"), Column::text("reason"), Column::number("rows"), Column::text("examples")];
    Ok((!rows.is_empty()).then(|| Table::plain("Rejected rows by reason", columns, rows)))
}

/// The reasons of a step, the most frequent first. All rows are counted by their reason alone; examples are of the first rows.
fn reasons(step: &str, mut frame: LazyFrame) -> PolarsResult<Vec<Vec<Cell>>> {
    let schema = frame.collect_schema()?;
    let names: Vec<String> = schema.iter_names().map(ToString::to_string).collect();
    let has_reason = names.iter().any(|name| name == "reason");
    let reason = || (if has_reason { col("reason") } else { lit("no reason given") }).alias("__reason");
    let others: Vec<Expr> = names.iter().filter(|name| *name != "reason").map(|name| col(name.as_str())).collect();
    let order = SortMultipleOptions::default().with_order_descending_multi([true, false]);
    let counted = frame.clone().group_by([reason()]).agg([len().alias("__rows")]).sort(["__rows", "__reason"], order);
    let counted = counted.collect()?;
    let mut examples = BTreeMap::new();
    if !others.is_empty() {
        let some =
            frame.limit(LOOKED_AT).group_by([reason()]).agg([as_struct(others).head(Some(EXAMPLES)).alias("__some")]);
        for row in dataset::to_json(&some.collect()?).as_array().into_iter().flatten() {
            let texts: Vec<String> = row["__some"].as_array().into_iter().flatten().map(example).collect();
            examples.insert(in_words(row).to_owned(), texts.join(" · "));
        }
    }
    let shown = dataset::to_json(&counted.head(Some(REASONS)));
    let cells = |row: &Json| -> Vec<Cell> {
        let (reason, rows) = (in_words(row), count(row["__rows"].as_u64().unwrap_or(0)));
        vec![step.into(), reason.into(), rows.into(), examples.get(reason).cloned().unwrap_or_default().into()]
    };
    let mut rows: Vec<Vec<Cell>> = shown.as_array().into_iter().flatten().map(cells).collect();
    let more = counted.height().saturating_sub(rows.len());
    if more > 0 {
        let note = format!("… and {} more reasons", count(more as u64));
        rows.push(vec![step.into(), note.into(), "".into(), "".into()]);
    }
    Ok(rows)
}

fn in_words(row: &Json) -> &str {
    row["__reason"].as_str().unwrap_or("no reason given")
}

/// A rejected row in a few words: its columns that are not empty.
fn example(row: &Json) -> String {
    let plain = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let fields = row.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    fields.map(|(name, value)| format!("{name} {}", plain(value))).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use polars::prelude::{IntoLazy, df};

    use super::*;

    #[test]
    fn reasons_are_counted_with_three_examples_each() {
        let frame = df!(
            "port" => vec!["catalog"; 5],
            "id" => [1i64, 2, 3, 4, 5],
            "reason" => ["no title", "no url", "no title", "no title", "no title"]
        )
        .unwrap();
        let rows = reasons("link", frame.lazy()).unwrap();
        assert_eq!(rows[0][1..3], [Cell::from("no title"), Cell::from("4")]);
        assert_eq!(rows[0][3], Cell::from("port catalog, id 1 · port catalog, id 3 · port catalog, id 4"));
        assert_eq!(rows[1][1..3], [Cell::from("no url"), Cell::from("1")]);
    }
}
