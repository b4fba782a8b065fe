//! Columns: what every dataset has and what every reader needs, compared before any work.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{
    error::PipelineError,
    file::{
        DatasetRef, Diagnostic, Expectation, Input, Picture, Pipeline, Report, Sink, Step, StepId, StepKind,
        diagnostic::suggest, model::ChartName,
    },
};
use crate::{
    io::{IoError, rejected_schema},
    operator::{BoundOperator, ColumnKind, InputPort, Inputs, PortSchema, Upstream},
};

/// The columns of every dataset; an empty list means that they are known only when the dataset is made.
pub struct Schemas(Vec<Vec<PortSchema>>);

impl Schemas {
    /// The columns of a dataset.
    pub fn of(&self, dataset: DatasetRef) -> &PortSchema {
        &self.0[dataset.step.0][dataset.output]
    }
}

/// Finds the columns of all datasets, and compares them with what stages, expectations and sinks need.
/// Sources for which `read` is false are not looked at: their columns count as not known.
///
/// # Errors
/// The first thing that does not fit, at its line.
pub fn check(pipeline: &Pipeline, read: &dyn Fn(StepId) -> bool) -> Result<Schemas, PipelineError> {
    let mut schemas = Schemas(Vec::with_capacity(pipeline.steps.len()));
    for id in pipeline.ids() {
        let step = pipeline.step(id);
        let columns = match &step.kind {
            StepKind::Source { .. } if !read(id) => vec![Vec::new(), rejected_schema()],
            StepKind::Source { spec, .. } => {
                vec![spec.schema().map_err(|error| refused_source(pipeline, step, error))?, rejected_schema()]
            }
            StepKind::Stage { .. } => stage_columns(pipeline, step, &schemas)?,
        };
        schemas.0.push(columns);
        for expectation in &step.expectations {
            check_expectation(expectation, &schemas.0[id.0][expectation.output], &schemas)?;
        }
    }
    check_sinks_apart(pipeline)?;
    for sink in &pipeline.sinks {
        check_sink(pipeline, sink, schemas.of(sink.from))?;
    }
    for report in &pipeline.reports {
        check_report(pipeline, report, schemas.of(report.from))?;
    }
    for figure in &pipeline.figures {
        if let Some((column, _)) = &figure.column {
            let place = ["figures", &figure.name, "column"];
            check_column(pipeline, &place, figure.from, schemas.of(figure.from), column, Wanted::Number)?;
        }
    }
    Ok(schemas)
}

/// What a column of a report or a figure is read as.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Anything,
    Number,
}

/// The columns that a report names.
fn check_report(pipeline: &Pipeline, report: &Report, columns: &PortSchema) -> Result<(), Diagnostic> {
    let mut named: Vec<(&str, &str, Wanted)> = Vec::new();
    match &report.picture {
        Picture::Table { columns, compare, .. } => {
            named.extend(columns.iter().map(|column| ("columns", column.as_str(), Wanted::Anything)));
            named.extend(compare.iter().flatten().map(|column| ("compare", column.as_str(), Wanted::Anything)));
        }
        Picture::Chart(chart) => {
            let x = if chart.kind == ChartName::Histogram { Wanted::Number } else { Wanted::Anything };
            named.push(("x", &chart.x, x));
            named.extend(chart.y.iter().map(|column| ("y", column.as_str(), Wanted::Number)));
            named.extend(chart.series.iter().map(|column| ("series", column.as_str(), Wanted::Anything)));
        }
        Picture::Cards(card) => {
            let optional = [&card.picture, &card.before, &card.after, &card.text].into_iter().flatten();
            let all = std::iter::once(&card.title).chain(optional).chain(&card.facts);
            named.extend(all.map(|column| ("card", column.as_str(), Wanted::Anything)));
        }
    }
    for (key, column, wanted) in named {
        check_column(pipeline, &["reports", &report.name, key], report.from, columns, column, wanted)?;
    }
    Ok(())
}

fn check_column(
    pipeline: &Pipeline,
    place: &[&str],
    dataset: DatasetRef,
    columns: &PortSchema,
    name: &str,
    wanted: Wanted,
) -> Result<(), Diagnostic> {
    let dataset = pipeline.dataset_name(dataset);
    let refused = |problem: String| Diagnostic::new(problem, &pipeline.document.locate(place), "named here");
    let is_number = |kind| matches!(kind, ColumnKind::Int | ColumnKind::Float | ColumnKind::Any);
    match columns.iter().find(|column| column.name == name) {
        None if !columns.is_empty() => Err(refused(format!("the dataset '{dataset}' has no column '{name}'"))
            .mend(suggest(name, columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>()))),
        Some(column) if wanted == Wanted::Number && !is_number(column.kind) => {
            Err(refused(format!("'{name}' is {} in the dataset '{dataset}', and no number", column.kind.word())))
        }
        _ => Ok(()),
    }
}

/// A source that is not as the file says is an error of the file; one that is locked is in order, but not now.
fn refused_source(pipeline: &Pipeline, step: &Step, problem: IoError) -> PipelineError {
    if matches!(problem, IoError::Locked { .. }) {
        return PipelineError::Io { what: format!("source '{}'", step.name), problem };
    }
    let at = pipeline.document.locate_key(&["sources", &step.name]);
    Diagnostic::new(problem.to_string(), &at, "this source").into()
}

fn stage_columns(pipeline: &Pipeline, step: &Step, schemas: &Schemas) -> Result<Vec<PortSchema>, Diagnostic> {
    let StepKind::Stage { operator, bound, inputs, .. } = &step.kind else { return Ok(Vec::new()) };
    let mut given = BTreeMap::new();
    for input in inputs {
        given.insert(input.port.clone(), schemas.of(input.dataset).clone());
    }
    if let Inputs::Ports(ports) = bound.inputs() {
        for input in inputs {
            let Some(port) = ports.iter().find(|port| port.name == input.port) else { continue };
            check_input(pipeline, step, operator, port, input.dataset, schemas)?;
        }
    }
    check_upstream(pipeline, step, bound.as_ref(), inputs)?;
    let outputs = bound.outputs(&given).map_err(|error| {
        let key = if operator == "sql" { "query" } else { "" };
        let at = pipeline.document.locate(&["stages", &step.name, "params", key]);
        Diagnostic::new(format!("stage '{}': {error}", step.name), &at, "does not fit its inputs")
    })?;
    Ok(outputs.into_iter().map(|port| port.columns).collect())
}

/// Compares the stage's parameters with those of the stages it reads.
fn check_upstream(
    pipeline: &Pipeline,
    step: &Step,
    bound: &dyn BoundOperator,
    inputs: &[Input],
) -> Result<(), Diagnostic> {
    let mut upstream = BTreeMap::new();
    for input in inputs {
        let maker = pipeline.step(input.dataset.step);
        let port = maker.outputs[input.dataset.output].port.as_str();
        let made = match &maker.kind {
            StepKind::Stage { operator, params, .. } => Upstream { operator, params, port },
            StepKind::Source { .. } => Upstream { operator: "source", params: &Json::Null, port },
        };
        upstream.insert(input.port.as_str(), made);
    }
    bound.check_upstream(&upstream).map_err(|misfit| {
        let at = pipeline.document.locate(&["stages", &step.name, "inputs", &misfit.port]);
        let mut diagnostic = Diagnostic::new(format!("stage '{}': {}", step.name, misfit.problem), &at, "read here");
        if let Some(input) = inputs.iter().find(|input| input.port == misfit.port) {
            let maker = &pipeline.step(input.dataset.step).name;
            let made = pipeline.document.locate(&["stages", maker, "params", &misfit.param]);
            diagnostic = diagnostic.also(&made, "made here");
        }
        diagnostic.mend(misfit.mend)
    })
}

fn check_input(
    pipeline: &Pipeline,
    step: &Step,
    operator: &str,
    port: &InputPort,
    dataset: DatasetRef,
    schemas: &Schemas,
) -> Result<(), Diagnostic> {
    let columns = schemas.of(dataset);
    if columns.is_empty() {
        return Ok(());
    }
    let name = pipeline.dataset_name(dataset);
    let at = pipeline.document.locate(&["stages", &step.name, "inputs", port.name]);
    for wanted in &port.columns() {
        match columns.iter().find(|column| column.name == wanted.name) {
            None if wanted.optional => {}
            None => {
                return Err(Diagnostic::new(
                    format!("{operator} needs the column '{}', which the dataset '{name}' lacks", wanted.name),
                    &at,
                    format!("input '{}'", port.name),
                )
                .mend(suggest(&wanted.name, columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>())));
            }
            Some(column) if !column.kind.fits(wanted.kind) && !column.kind.may_spell(wanted.kind) => {
                return Err(Diagnostic::new(
                    format!(
                        "{operator} needs the column '{}' as {}, but it is {} in the dataset '{name}'",
                        wanted.name,
                        wanted.kind.word(),
                        column.kind.word()
                    ),
                    &at,
                    format!("input '{}'", port.name),
                )
                .mend("cast it in the source's query, or in an sql stage before"));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

fn check_expectation(expectation: &Expectation, columns: &PortSchema, schemas: &Schemas) -> Result<(), Diagnostic> {
    let table = &expectation.table;
    let known = |name: &str, columns: &PortSchema| {
        if columns.is_empty() || columns.iter().any(|column| column.name == name) {
            return Ok(());
        }
        Err(Diagnostic::new(
            format!("there is no column '{name}' to expect something of"),
            &expectation.at,
            "expected here",
        )
        .mend(suggest(name, columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>())))
    };
    let named = table.unique.iter().chain(&table.not_null).chain(table.accepted.keys());
    for name in named.chain(table.between.keys()).chain(table.relationships.keys()) {
        known(name, columns)?;
    }
    let compared = table.accepted.keys().chain(table.relationships.keys());
    for name in compared {
        let column = columns.iter().find(|column| column.name == *name);
        if let Some(column) = column.filter(|column| column.kind.is_nested()) {
            let problem = format!("'{name}' is a {}, which is not compared with single values", column.kind.word());
            return Err(Diagnostic::new(problem, &expectation.at, "expected here")
                .mend("take out what you want to compare in an sql stage, and expect it there"));
        }
    }
    for (name, [low, high]) in &table.between {
        let column = columns.iter().find(|column| column.name == *name);
        let is_number = |kind| matches!(kind, ColumnKind::Int | ColumnKind::Float | ColumnKind::Any);
        if column.is_some_and(|column| !is_number(column.kind)) {
            return Err(Diagnostic::new(
                format!("'{name}' is no number to lie between two others"),
                &expectation.at,
                "expected here",
            ));
        }
        if low > high {
            return Err(Diagnostic::new(
                format!("nothing lies between {low} and {high}"),
                &expectation.at,
                "expected here",
            )
            .mend(format!("write {name} = [{high}, {low}]")));
        }
    }
    for target in table.relationships.values() {
        if let Some((dataset, column)) = target.rsplit_once('.')
            && let Some(related) = expectation.related.get(dataset)
            && related.step.0 < schemas.0.len()
        {
            known(column, schemas.of(*related))?;
        }
    }
    Ok(())
}

fn check_sink(pipeline: &Pipeline, sink: &Sink, columns: &PortSchema) -> Result<(), Diagnostic> {
    let at = pipeline.document.locate_key(&["sinks", &sink.name]);
    for named in sink.target.named_columns() {
        if !columns.is_empty() && !columns.iter().any(|column| column.name == named) {
            return Err(Diagnostic::new(
                format!("the dataset '{}' has no column '{named}'", pipeline.dataset_name(sink.from)),
                &at,
                "written by this sink",
            )
            .mend(suggest(named, columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>())));
        }
    }
    sink.target.check(columns).map_err(|error| Diagnostic::new(error.to_string(), &at, "this sink"))
}

/// Refuses two sinks of which one would take away what the other wrote: of one file, or of a table that one replaces.
fn check_sinks_apart(pipeline: &Pipeline) -> Result<(), Diagnostic> {
    for (place, sink) in pipeline.sinks.iter().enumerate() {
        for other in pipeline.sinks.iter().take(place) {
            let Some((what, mend)) = sink.target.takes_from(other.target.as_ref()) else { continue };
            let at = |sink: &Sink| pipeline.document.locate_key(&["sinks", &sink.name]);
            let problem = format!("the sinks '{}' and '{}' would overwrite each other's {what}", other.name, sink.name);
            return Err(Diagnostic::new(problem, &at(sink), "this one").also(&at(other), "and this").mend(mend));
        }
    }
    Ok(())
}
