//! Datasets as charts of a page: their rows come together by category and series, whatever their number.

use std::collections::BTreeMap;

use polars::prelude::{
    Column, DataFrame, DataType, Engine, Expr, LazyFrame, PolarsResult, SortMultipleOptions, col, len, lit,
};

use crate::{
    page::{Chart, ChartKind, Series, bins, spelled},
    pipeline::file::{
        ChartSpec,
        model::{ChartName, MeasureName},
    },
    report::dataset,
};

/// Frames of more rows come together as a stream, so that memory does not grow with them.
const LARGE_ROWS: u64 = 1 << 20;
/// More series than this come together as one.
const SERIES: usize = 7;
/// Ranges of a histogram.
const BINS: usize = 20;
const REST: &str = "all others";

/// A chart of a dataset of so many rows with at most `limit` categories.
///
/// # Errors
/// When the dataset cannot be read.
pub fn chart(title: &str, (frame, rows): (LazyFrame, u64), spec: &ChartSpec, limit: u32) -> PolarsResult<Chart> {
    if spec.kind == ChartName::Histogram {
        return histogram(title, frame, spec);
    }
    let values = gathered(frame, rows, spec)?;
    let kind = match spec.kind {
        ChartName::StackedBar => ChartKind::StackedBar,
        ChartName::Line => ChartKind::Line,
        ChartName::HeatMap => ChartKind::HeatMap,
        _ => ChartKind::Bar,
    };
    let mut categories = ranked(&values, |row| &row.0);
    let mut series = ranked(&values, |row| &row.1);
    if kind == ChartKind::Line {
        categories = in_order(&values);
    }
    let total = categories.len() as u64;
    categories.truncate(limit as usize);
    let folded = if kind == ChartKind::HeatMap { series.len() } else { SERIES };
    let rest = series.split_off(series.len().min(folded));
    let mut table = vec![vec![None; categories.len()]; series.len() + usize::from(!rest.is_empty())];
    let places: BTreeMap<&str, usize> = categories.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
    for (category, name, value) in &values {
        let Some(&at) = places.get(category.as_str()) else { continue };
        let line = series.iter().position(|known| known == name).unwrap_or(series.len());
        if let Some(cell) = table.get_mut(line).and_then(|line| line.get_mut(at)) {
            *cell = Some(cell.unwrap_or(0.0) + value);
        }
    }
    series.extend((!rest.is_empty()).then(|| REST.to_owned()));
    let series = series.into_iter().zip(table).map(|(name, values)| Series { name, values }).collect();
    let y = spec.y.clone().unwrap_or_else(|| "rows".to_owned());
    Ok(Chart { title: title.to_owned(), kind, x: spec.x.clone(), y, categories, series, total })
}

/// Category, series and number of each pair, in the order of the category's values.
fn gathered(frame: LazyFrame, rows: u64, spec: &ChartSpec) -> PolarsResult<Vec<(String, String, f64)>> {
    let value = match (&spec.y, spec.measure) {
        (None, _) => len(),
        (Some(y), MeasureName::Sum) => col(y.as_str()).sum(),
        (Some(y), MeasureName::Mean) => col(y.as_str()).mean(),
        (Some(y), MeasureName::Min) => col(y.as_str()).min(),
        (Some(y), MeasureName::Max) => col(y.as_str()).max(),
    };
    let series: Expr = spec.series.as_ref().map_or_else(|| lit(""), |name| col(name.as_str()));
    let made = frame
        .with_columns([col(spec.x.as_str()).alias("__x"), series.alias("__series")])
        .group_by([col("__x"), col("__series")])
        .agg([value.cast(DataType::Float64).alias("__value")])
        .sort(["__x", "__series"], SortMultipleOptions::default().with_nulls_last(true));
    let made =
        if rows > LARGE_ROWS { made.collect_with_engine(Engine::Streaming)?.unwrap_single() } else { made.collect()? };
    let numbers: Vec<Option<f64>> = numbers(made.column("__value")?)?;
    Ok(rows_of(&made, &numbers))
}

fn rows_of(made: &DataFrame, numbers: &[Option<f64>]) -> Vec<(String, String, f64)> {
    let name = |column, row| {
        let text = dataset::value(made, column, row);
        if text.is_empty() && column == 0 { "(none)".to_owned() } else { text }
    };
    let row = |(row, number): (usize, &Option<f64>)| {
        Some((name(0, row), name(1, row), number.filter(|number| number.is_finite())?))
    };
    numbers.iter().enumerate().filter_map(row).collect()
}

fn numbers(column: &Column) -> PolarsResult<Vec<Option<f64>>> {
    Ok(column.cast(&DataType::Float64)?.f64()?.iter().collect())
}

/// The names of a side, those with the greatest sums first.
fn ranked(values: &[(String, String, f64)], side: fn(&(String, String, f64)) -> &String) -> Vec<String> {
    let mut sums: BTreeMap<&String, f64> = BTreeMap::new();
    for row in values {
        *sums.entry(side(row)).or_default() += row.2;
    }
    let mut names: Vec<(&String, f64)> = sums.into_iter().collect();
    names.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
    names.into_iter().map(|(name, _)| name.clone()).collect()
}

/// The categories in the order of their values.
fn in_order(values: &[(String, String, f64)]) -> Vec<String> {
    let mut names: Vec<String> = values.iter().map(|row| row.0.clone()).collect();
    names.dedup();
    names
}

fn histogram(title: &str, frame: LazyFrame, spec: &ChartSpec) -> PolarsResult<Chart> {
    let made = frame.select([col(spec.x.as_str())]).collect()?;
    let values: Vec<f64> = match made.columns().first() {
        Some(column) => numbers(column)?.into_iter().flatten().collect(),
        None => Vec::new(),
    };
    let bins = bins(&values, BINS);
    #[expect(clippy::cast_precision_loss, reason = "a number of rows")]
    let counts = bins.iter().map(|bin| Some(bin.count as f64)).collect();
    Ok(Chart {
        title: title.to_owned(),
        kind: ChartKind::Histogram,
        x: format!("{} from", spec.x),
        y: "rows".to_owned(),
        total: bins.len() as u64,
        categories: bins.iter().map(|bin| spelled(bin.from)).collect(),
        series: vec![Series { name: "rows".to_owned(), values: counts }],
    })
}

#[cfg(test)]
mod tests {
    use polars::prelude::{IntoLazy, df};

    use super::*;

    fn spec(kind: ChartName, y: Option<&str>, series: Option<&str>) -> ChartSpec {
        let measure = MeasureName::Sum;
        ChartSpec { kind, x: "shop".into(), y: y.map(Into::into), series: series.map(Into::into), measure }
    }

    fn frame() -> LazyFrame {
        let shop = ["b", "a", "b", "a", "b"];
        df!("shop" => shop, "kind" => ["u", "u", "v", "v", "u"], "n" => [1i64, 10, 3, 20, 5]).unwrap().lazy()
    }

    #[test]
    fn rows_come_together_by_category_the_largest_first() {
        let chart = chart("T", (frame(), 5), &spec(ChartName::Bar, Some("n"), None), 9).unwrap();
        assert_eq!(chart.categories, ["a", "b"]);
        assert_eq!(chart.series[0].values, [Some(30.0), Some(9.0)]);
        let counted = super::chart("T", (frame(), 5), &spec(ChartName::Bar, None, None), 1).unwrap();
        assert_eq!((counted.categories.as_slice(), counted.total), (["b".to_owned()].as_slice(), 2));
        assert_eq!(counted.series[0].values, [Some(3.0)]);
    }

    #[test]
    fn series_are_columns_and_lines_keep_the_order_of_x() {
        let chart = chart("T", (frame(), 5), &spec(ChartName::StackedBar, Some("n"), Some("kind")), 9).unwrap();
        let named: Vec<_> = chart.series.iter().map(|series| (series.name.as_str(), series.values.clone())).collect();
        assert_eq!(named, [("v", vec![Some(20.0), Some(3.0)]), ("u", vec![Some(10.0), Some(6.0)])]);
        let line = super::chart("T", (frame(), 5), &spec(ChartName::Line, None, None), 9).unwrap();
        assert_eq!(line.categories, ["a", "b"]);
    }

    #[test]
    fn a_column_may_be_x_and_y_at_once_and_a_histogram_counts_it() {
        let mut spec = spec(ChartName::Histogram, None, None);
        spec.x = "n".into();
        let chart = chart("T", (frame(), 5), &spec, 9).unwrap();
        assert_eq!(chart.series[0].values.iter().flatten().sum::<f64>(), 5.0);
    }
}
