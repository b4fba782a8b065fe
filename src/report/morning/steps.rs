//! The run itself: the graph of the pipeline, when each step ran, its steps, sinks and expectations as tables.

use super::night::Morning;
use crate::{
    page::{Block, Cell, Column, Edge, Graph, Span, Table, Timeline, Vertex, VertexState, bytes, count, seconds},
    pipeline::{
        file::{Step, model::ExpectTable},
        journal::StepRow,
    },
};

/// The blocks of the section about the run.
pub fn blocks(morning: &Morning<'_>) -> Vec<Block> {
    let mut blocks = vec![Block::Graph(graph(morning))];
    blocks.extend(timeline(morning).map(Block::Timeline));
    blocks.push(Block::Table(steps(morning)));
    blocks.extend(sinks(morning).map(Block::Table));
    blocks
}

fn row_of<'a>(morning: &'a Morning<'_>, step: &Step) -> Option<&'a StepRow> {
    morning.steps().find(|row| row.step == step.name)
}

fn state(row: Option<&StepRow>) -> VertexState {
    match row.map(|row| row.status.as_str()) {
        Some("done" | "unchanged" | "partial") => VertexState::Done,
        Some("fresh") => VertexState::Fresh,
        Some("failed" | "interrupted") => VertexState::Failed,
        _ => VertexState::Not,
    }
}

fn graph(morning: &Morning<'_>) -> Graph {
    let pipeline = morning.pipeline;
    let vertex = |step: &Step| {
        let row = row_of(morning, step);
        let lines = row.map_or_else(|| vec!["not of this run".to_owned()], lines);
        Vertex { name: step.name.clone(), lines, state: state(row) }
    };
    let mut edges: Vec<Edge> = pipeline
        .ids()
        .flat_map(|id| pipeline.step(id).reads().map(move |read| Edge { from: read.step.0, to: id.0 }))
        .collect();
    edges.sort_by_key(|edge| (edge.from, edge.to));
    edges.dedup();
    Graph { title: "The pipeline".to_owned(), vertices: pipeline.steps.iter().map(vertex).collect(), edges }
}

fn lines(row: &StepRow) -> Vec<String> {
    let rows = format!("{} rows", count(row.rows_out));
    if row.seconds == 0.0 {
        return vec![rows, row.status.clone()];
    }
    let memory = row.needed_memory.map_or_else(String::new, |needed| format!(" · {}", bytes(needed.bytes)));
    vec![rows, format!("{}{memory}", seconds(row.seconds))]
}

fn timeline(morning: &Morning<'_>) -> Option<Timeline> {
    let span = |row: &StepRow| {
        let start = row.started_after?;
        Some(Span { name: row.step.clone(), start, seconds: row.seconds, state: state(Some(row)) })
    };
    let mut spans: Vec<Span> = morning.steps().filter_map(span).collect();
    spans.sort_by(|a, b| a.start.total_cmp(&b.start).then_with(|| a.name.cmp(&b.name)));
    let title = "When each step ran".to_owned();
    (!spans.is_empty()).then_some(Timeline { title, spans, seconds: morning.ending.seconds })
}

fn steps(morning: &Morning<'_>) -> Table {
    let columns = vec![
        Column::text("step"),
        Column::text("kind"),
        Column::text("state"),
        Column::number("rows in"),
        Column::number("rows out"),
        Column::number("rejected"),
        Column::number("time"),
        Column::number("memory"),
        Column::text("why"),
    ];
    let unless_none = |is_some: bool, text: String| if is_some { text } else { String::new() };
    let row = |row: &StepRow| -> Vec<Cell> {
        vec![
            row.step.clone().into(),
            row.kind.clone().into(),
            row.status.clone().into(),
            count(row.rows_in).into(),
            count(row.rows_out).into(),
            unless_none(row.rejected > 0, count(row.rejected)).into(),
            unless_none(row.seconds > 0.0, seconds(row.seconds)).into(),
            row.needed_memory.map_or_else(String::new, |needed| bytes(needed.bytes)).into(),
            row.reason.clone().unwrap_or_default().into(),
        ]
    };
    let rows = morning.steps().map(row).collect();
    Table { is_closed: true, ..Table::plain("All steps", columns, rows) }
}

fn sinks(morning: &Morning<'_>) -> Option<Table> {
    let columns = vec![
        Column::text("sink"),
        Column::text("state"),
        Column::number("rows"),
        Column::number("time"),
        Column::text("where"),
    ];
    let row = |row: &StepRow| -> Vec<Cell> {
        vec![
            row.step.clone().into(),
            row.status.clone().into(),
            count(row.rows_out).into(),
            seconds(row.seconds).into(),
            row.reason.clone().unwrap_or_default().into(),
        ]
    };
    let rows: Vec<_> = morning.rows.iter().filter(|row| row.kind == "sink").map(row).collect();
    (!rows.is_empty()).then(|| Table { is_closed: true, ..Table::plain("All tables and files", columns, rows) })
}

/// What is expected of the datasets, and whether it holds; none where nothing is.
pub fn expectations(morning: &Morning<'_>) -> Option<Table> {
    let mut rows: Vec<(bool, Vec<Cell>)> = Vec::new();
    for step in &morning.pipeline.steps {
        let row = row_of(morning, step);
        for expectation in &step.expectations {
            let Some(output) = step.outputs.get(expectation.output) else { continue };
            let broken = row.map(|row| broken(row, &output.dataset)).unwrap_or_default();
            let state = match row.map(|row| row.status.as_str()) {
                _ if !broken.is_empty() => "broken",
                Some("done" | "unchanged" | "fresh" | "partial") => "holds",
                _ => "not judged",
            };
            let cells = vec![
                output.dataset.clone().into(),
                in_words(&expectation.table).into(),
                state.into(),
                broken.join("; ").into(),
            ];
            rows.push((broken.is_empty(), cells));
        }
    }
    rows.sort_by_key(|(holds, _)| *holds);
    let is_closed = rows.first().is_some_and(|(holds, _)| *holds);
    let columns =
        vec![Column::text("dataset"), Column::text("expected"), Column::text("state"), Column::text("what is broken")];
    let table = Table::plain("Expectations", columns, rows.into_iter().map(|(_, cells)| cells).collect());
    (table.total_rows > 0).then_some(Table { is_closed, ..table })
}

/// What a step's row says of a dataset that is not as it should be.
fn broken(row: &StepRow, dataset: &str) -> Vec<String> {
    let failed = if row.status == "failed" { row.reason.as_deref().unwrap_or_default() } else { "" };
    let told = row.warnings.iter().map(String::as_str).chain(failed.lines());
    told.filter_map(|line| Some(line.trim().strip_prefix(dataset)?.strip_prefix(": ")?.to_owned())).collect()
}

fn in_words(table: &ExpectTable) -> String {
    let mut words = Vec::new();
    if let Some([low, high]) = table.rows {
        words.push(format!("{} to {} rows", count(low), count(high)));
    }
    if !table.unique.is_empty() {
        words.push(format!("unique {}", table.unique.join(", ")));
    }
    if !table.not_null.is_empty() {
        words.push(format!("no empty {}", table.not_null.join(", ")));
    }
    words.extend(table.between.iter().map(|(column, [low, high])| format!("{column} from {low} to {high}")));
    words.extend(table.accepted.keys().map(|column| format!("known values of {column}")));
    words.extend(table.relationships.iter().map(|(column, target)| format!("{column} in {target}")));
    words.join("; ")
}
