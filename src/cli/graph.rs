//! `nightloom graph`: the pipeline as a picture, in Mermaid or DOT.

use std::{fmt::Write, process::ExitCode};

use clap::{Args, ValueEnum};

use super::arguments::PipelineArguments;
use crate::pipeline::{
    Pipeline,
    file::{DatasetRef, StepKind},
    registry::Registry,
};

/// Print the pipeline as a picture, in Mermaid or DOT.
///
/// Example: nightloom graph pipelines/linking.toml --format dot | dot -Tsvg > linking.svg
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    pipeline: PipelineArguments,
    /// The language of the picture.
    #[arg(long, value_enum, default_value_t = Format::Mermaid)]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For Markdown pages.
    Mermaid,
    /// For Graphviz.
    Dot,
}

/// Prints the picture.
pub fn main(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let pipeline = arguments.pipeline.read(&Registry::standard())?;
    print!(
        "{}",
        match arguments.format {
            Format::Mermaid => mermaid(&pipeline),
            Format::Dot => dot(&pipeline),
        }
    );
    Ok(ExitCode::SUCCESS)
}

/// A vertex: its id, label and kind.
struct Vertex {
    id: String,
    label: String,
    kind: &'static str,
}

/// Vertices, and edges as (from, to, dataset).
fn picture(pipeline: &Pipeline) -> (Vec<Vertex>, Vec<(String, String, String)>) {
    let id = |dataset: DatasetRef| format!("step_{}", dataset.step.0);
    let mut vertices = Vec::new();
    let mut edges = Vec::new();
    for (index, step) in pipeline.steps.iter().enumerate() {
        let (label, kind) = match &step.kind {
            StepKind::Source { .. } => (step.name.clone(), "source"),
            StepKind::Stage { operator, .. } => (format!("{}: {operator}", step.name), "stage"),
        };
        vertices.push(Vertex { id: format!("step_{index}"), label, kind });
        for dataset in step.reads() {
            edges.push((id(dataset), format!("step_{index}"), pipeline.dataset_name(dataset).to_owned()));
        }
    }
    for (index, sink) in pipeline.sinks.iter().enumerate() {
        vertices.push(Vertex { id: format!("sink_{index}"), label: sink.name.clone(), kind: "sink" });
        edges.push((id(sink.from), format!("sink_{index}"), pipeline.dataset_name(sink.from).to_owned()));
    }
    (vertices, edges)
}

fn mermaid(pipeline: &Pipeline) -> String {
    let (vertices, edges) = picture(pipeline);
    let mut text = "flowchart LR\n".to_owned();
    for Vertex { id, label, kind } in vertices {
        let (open, close) = match kind {
            "source" => ("[(", ")]"),
            "stage" => ("[", "]"),
            _ => ("[/", "/]"),
        };
        let _ = writeln!(text, "  {id}{open}\"{label}\"{close}");
    }
    for (from, to, dataset) in edges {
        let _ = writeln!(text, "  {from} -->|{dataset}| {to}");
    }
    text
}

fn dot(pipeline: &Pipeline) -> String {
    let (vertices, edges) = picture(pipeline);
    let mut text = "digraph pipeline {\n  rankdir=LR;\n".to_owned();
    for Vertex { id, label, kind } in vertices {
        let shape = match kind {
            "source" => "cylinder",
            "stage" => "box",
            _ => "parallelogram",
        };
        let _ = writeln!(text, "  {id} [shape={shape}, label=\"{label}\"];");
    }
    for (from, to, dataset) in edges {
        let _ = writeln!(text, "  {from} -> {to} [label=\"{dataset}\"];");
    }
    text + "}\n"
}
