//! What a run tells: reports and figures of a pipeline file, with the datasets they name looked up.

use super::{
    diagnostic::{Diagnostic, suggest},
    document::{Entry, Node, Value},
    endpoints::normalise,
    model::{ChartName, FigureTable, PipelineFile, ReportSettings, ReportTable, UnitName},
    steps::{ChartSpec, DatasetRef, Figure, Picture, Report, Step, find, part_of},
};

/// How many rows a report has where it does not say so.
const ROWS: u32 = 40;

/// The dataset that is named at a place of the file.
///
/// # Errors
/// A name that nothing makes.
pub fn dataset(root: &Node, steps: &[Step], place: [&str; 3], dataset: &str) -> Result<DatasetRef, Diagnostic> {
    find(steps, dataset).ok_or_else(|| {
        let known: Vec<&str> =
            steps.iter().flat_map(|step| step.outputs.iter().map(|output| output.dataset.as_str())).collect();
        Diagnostic::new(format!("nothing makes the dataset '{dataset}'"), &root.locate(&place), "wanted here")
            .mend(suggest(dataset, known))
    })
}

fn section<'a>(root: &'a Node, name: &str) -> &'a [Entry] {
    match &root.value {
        Value::Table(table) => table.get(name).map_or(&[], |entry| entry.node.entries()),
        _ => &[],
    }
}

/// The reports, in the order of the file.
///
/// # Errors
/// A dataset that nothing makes; keys that do not fit the kind of chart.
pub fn reports(root: &Node, file: &PipelineFile, steps: &[Step]) -> Result<Vec<Report>, Diagnostic> {
    let report = |entry: &Entry| {
        let table = &file.reports[&entry.key];
        Ok(Report {
            name: entry.key.clone(),
            title: table.title.clone().unwrap_or_else(|| entry.key.clone()),
            from: dataset(root, steps, ["reports", &entry.key, "from"], &table.from)?,
            limit: table.limit.unwrap_or(ROWS),
            hide_empty: table.hide_empty,
            part: table.part.clone().unwrap_or_else(|| part_of(&entry.at)),
            picture: picture(root, &entry.key, table)?,
        })
    };
    section(root, "reports").iter().map(report).collect()
}

fn picture(root: &Node, name: &str, table: &ReportTable) -> Result<Picture, Diagnostic> {
    let kind = table.chart.unwrap_or(ChartName::Table);
    let is_chart = !matches!(kind, ChartName::Table | ChartName::Cards);
    let given = [
        ("x", table.x.is_some(), is_chart),
        ("y", table.y.is_some(), is_chart && kind != ChartName::Histogram),
        ("series", table.series.is_some(), is_chart && kind != ChartName::Histogram),
        ("measure", table.measure.is_some(), is_chart && table.y.is_some()),
        ("columns", !table.columns.is_empty(), kind == ChartName::Table),
        ("compare", table.compare.is_some(), kind == ChartName::Table),
        ("card", table.card.is_some(), kind == ChartName::Cards),
    ];
    if let Some((key, ..)) = given.iter().find(|(_, is_given, fits)| *is_given && !fits) {
        let at = root.locate_key(&["reports", name, key]);
        let problem = format!("'{key}' has no meaning in this report");
        return Err(Diagnostic::new(problem, &at, "not used").mend(fitting(key)));
    }
    let lacking = |key: &str| {
        let at = root.locate_key(&["reports", name]);
        Diagnostic::new(format!("the key '{key}' is missing"), &at, "this chart").mend(format!("add {key} = …"))
    };
    Ok(match kind {
        ChartName::Table => Picture::Table {
            columns: table.columns.clone(),
            compare: table.compare.clone(),
            printed: table.chart.is_none(),
        },
        ChartName::Cards => Picture::Cards(table.card.clone().ok_or_else(|| lacking("card"))?),
        _ => {
            if matches!(kind, ChartName::StackedBar | ChartName::HeatMap) && table.series.is_none() {
                return Err(lacking("series"));
            }
            Picture::Chart(ChartSpec {
                kind,
                x: table.x.clone().ok_or_else(|| lacking("x"))?,
                y: table.y.clone(),
                series: table.series.clone(),
                measure: table.measure.unwrap_or_default(),
            })
        }
    })
}

fn fitting(key: &str) -> &'static str {
    match key {
        "x" => "it is for charts: chart = \"bar\"",
        "y" | "series" => "it is for bars, lines and heat maps",
        "measure" => "it says how the numbers of y come together",
        "card" => "it is for chart = \"cards\"",
        _ => "it is for tables: leave out chart, or chart = \"table\"",
    }
}

/// The figures, in the order of the file.
///
/// # Errors
/// A dataset that nothing makes; a measure or a unit without a column.
pub fn figures(root: &Node, file: &PipelineFile, steps: &[Step]) -> Result<Vec<Figure>, Diagnostic> {
    let figure = |entry: &Entry| {
        let table = &file.figures[&entry.key];
        let place = |key| ["figures", entry.key.as_str(), key];
        let of = table.of.as_ref().map(|of| dataset(root, steps, place("of"), of));
        refuse_unfit(root, &entry.key, table)?;
        let column = table.column.clone().map(|column| (column, table.measure.unwrap_or_default()));
        Ok(Figure {
            name: entry.key.clone(),
            label: table.label.clone().unwrap_or_else(|| entry.key.replace('_', " ")),
            part: table.part.clone().unwrap_or_else(|| part_of(&entry.at)),
            from: dataset(root, steps, place("from"), &table.from)?,
            of: of.transpose()?,
            unit: table.unit.unwrap_or(if column.is_some() { UnitName::Amount } else { UnitName::Count }),
            column,
            look: table.look,
        })
    };
    section(root, "figures").iter().map(figure).collect()
}

fn refuse_unfit(root: &Node, name: &str, table: &FigureTable) -> Result<(), Diagnostic> {
    let given = [("measure", table.measure.is_some()), ("unit", table.unit.is_some())];
    let Some((key, _)) = given.iter().find(|(_, is_given)| *is_given && table.column.is_none()) else { return Ok(()) };
    let at = root.locate_key(&["figures", name, key]);
    Err(Diagnostic::new(format!("'{key}' has no meaning where rows are counted"), &at, "not used")
        .mend("name the column that is measured: column = …"))
}

/// What counts as unusual, with the path of the page from the folder of the file it is written in.
///
/// # Errors
/// Numbers that say nothing.
pub fn settings(root: &Node, mut settings: ReportSettings) -> Result<ReportSettings, Diagnostic> {
    let refused = |key: &str, mend: &str| {
        Diagnostic::new(format!("'{key}' is out of range"), &root.locate(&["report", key]), "given here").mend(mend)
    };
    let is_positive = |number: Option<f64>| number.is_none_or(|number| number.is_finite() && number > 0.0);
    if !is_positive(settings.score) {
        return Err(refused("score", "a number above 0; 3.5 is usual"));
    }
    if !is_positive(settings.change) {
        return Err(refused("change", "a share above 0; 0.2 is a fifth"));
    }
    if settings.nights.is_some_and(|nights| nights == 0 || nights > 1000) {
        return Err(refused("nights", "from 1 to 1000"));
    }
    if let Some(page) = &settings.page {
        let at = root.locate(&["report", "page"]);
        settings.page = Some(normalise(&at.origin.folder.join(page)).display().to_string());
    }
    Ok(settings)
}
