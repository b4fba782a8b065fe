//! A settings tree into a pipeline: steps, the datasets between them, sinks, reports.

use std::{collections::BTreeMap, path::Path};

use serde_json::{Value as Json, json};

use super::{
    diagnostic::{Diagnostic, suggest},
    document::{Entry, Node, Value},
    endpoints::{self, Place},
    load::{Overrides, load},
    model::{ExpectTable, PipelineFile, SourceTable, StageTable},
    reports,
    steps::{DatasetRef, Expectation, Input, Output, Pipeline, Sink, Step, StepId, StepKind, Verify, find},
    typed::{explain, typed},
    upkeep::upkeep,
};
use crate::{
    operator::{BindError, BoundOperator, Inputs, JsonStyle, OperatorKind, OutputPort},
    pipeline::registry::Registry,
    postgres,
};

impl Pipeline {
    /// Reads a pipeline file.
    ///
    /// # Errors
    /// Whatever is wrong with it, at its line, with the mend.
    pub fn read(path: &Path, overrides: &Overrides<'_>, registry: &Registry) -> Result<Self, Diagnostic> {
        let document = load(path, overrides)?;
        let file: PipelineFile = typed(&document, &document, &[])?;
        check_name(&document, "name", &file.name)?;
        if let Some(scope) = &file.scope {
            check_name(&document, "scope", scope)?;
        }
        let builder = Builder { document: &document, registry };
        let steps = builder.steps(&file)?;
        let sinks = builder.sinks(&file, &steps)?;
        let reports = reports::reports(&document, &file, &steps)?;
        let figures = reports::figures(&document, &file, &steps)?;
        let report = reports::settings(&document, file.report.clone())?;
        let verify = builder.verify(&file)?;
        let upkeep = upkeep(&document, &file, &steps)?;
        Ok(Self {
            name: file.name,
            scope: file.scope,
            file: path.to_path_buf(),
            steps,
            sinks,
            reports,
            figures,
            report,
            verify,
            upkeep,
            document,
        })
    }
}

/// Names become folder names.
fn check_name(document: &Node, key: &str, name: &str) -> Result<(), Diagnostic> {
    let fine = !name.is_empty()
        && name.len() <= 100
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        && !name.starts_with('.');
    if fine {
        return Ok(());
    }
    Err(Diagnostic::new(format!("'{name}' cannot be a {key}"), &document.locate(&[key]), "becomes a folder's name")
        .mend("use letters, digits, '-', '_' and '.', at most 100, not beginning with '.'"))
}

struct Builder<'a> {
    document: &'a Node,
    registry: &'a Registry,
}

/// A step before the datasets it names are looked up.
struct Draft<'a> {
    entry: &'a Entry,
    step: Step,
    wants: Vec<(String, String)>,
    expects: Vec<(String, ExpectTable)>,
}

impl<'a> Builder<'a> {
    fn section(&self, name: &str) -> &'a [Entry] {
        match &self.document.value {
            Value::Table(table) => table.get(name).map_or(&[], |entry| entry.node.entries()),
            _ => &[],
        }
    }

    fn steps(&self, file: &PipelineFile) -> Result<Vec<Step>, Diagnostic> {
        let mut drafts = Vec::new();
        for entry in self.section("sources") {
            drafts.push(self.source_draft(entry, &file.sources[&entry.key])?);
        }
        for entry in self.section("stages") {
            check_step_name(entry)?;
            let table = &file.stages[&entry.key];
            drafts.push(self.stage_draft(entry, table)?);
        }
        if drafts.is_empty() {
            return Err(Diagnostic::new(
                "this pipeline has no sources and no stages",
                &self.document.at,
                "nothing to do",
            )
            .mend("add [sources.…] and [stages.…]; `nightloom operators` lists what a stage can be"));
        }
        self.refuse_doubles(&drafts)?;
        let order = self.order(&drafts)?;
        self.connect(drafts, &order)
    }

    fn source_draft(&self, entry: &'a Entry, table: &SourceTable) -> Result<Draft<'a>, Diagnostic> {
        check_step_name(entry)?;
        let place = Place { root: self.document, section: "sources", name: &entry.key };
        let spec = endpoints::source(&place, table)?;
        let mut config = without_secrets(json!(table));
        if let Some(object) = config.as_object_mut() {
            object.remove("expect");
            object.remove("busy_timeout");
            object.remove("own_writes");
            object.remove("definitions");
        }
        let rejected = format!("{}.rejected", entry.key);
        Ok(Draft {
            entry,
            step: Step {
                name: entry.key.clone(),
                kind: StepKind::Source { spec, config, own_writes: table.own_writes.unwrap_or_default() },
                outputs: vec![
                    Output { port: "rows".to_owned(), dataset: entry.key.clone(), json: JsonStyle::default() },
                    Output { port: "rejected".to_owned(), dataset: rejected, json: JsonStyle::default() },
                ],
                expectations: Vec::new(),
                tags: Vec::new(),
            },
            wants: Vec::new(),
            expects: table.expect.iter().map(|expect| (entry.key.clone(), expect.clone())).collect(),
        })
    }

    fn stage_draft(&self, entry: &'a Entry, table: &StageTable) -> Result<Draft<'a>, Diagnostic> {
        let operator = self.operator(entry, &table.operator)?;
        let bound = self.bind(entry, operator)?;
        self.check_ports(entry, table, operator)?;
        let outputs = self.outputs(entry, table, operator, bound.as_ref())?;
        let params = bound.params();
        Ok(Draft {
            entry,
            step: Step {
                name: entry.key.clone(),
                kind: StepKind::Stage {
                    operator: operator.name.to_owned(),
                    version: operator.version,
                    uses_as_of: operator.uses_as_of,
                    uses_seed: operator.uses_seed,
                    flags: operator.flags,
                    switch: operator.switch,
                    phase: operator.phase,
                    bound,
                    params,
                    inputs: Vec::new(),
                },
                outputs,
                expectations: Vec::new(),
                tags: table.tags.clone(),
            },
            wants: table.inputs.iter().map(|(port, dataset)| (port.clone(), dataset.clone())).collect(),
            expects: table.expect.iter().map(|(dataset, expect)| (dataset.clone(), expect.clone())).collect(),
        })
    }

    fn operator(&self, entry: &Entry, name: &str) -> Result<&'a OperatorKind, Diagnostic> {
        self.registry.get(name).ok_or_else(|| {
            Diagnostic::new(
                format!("there is no operator '{name}'"),
                &self.document.locate(&["stages", &entry.key, "operator"]),
                "unknown",
            )
            .mend(suggest(name, self.registry.names().collect::<Vec<_>>()))
        })
    }

    fn bind(&self, entry: &Entry, operator: &OperatorKind) -> Result<Box<dyn BoundOperator>, Diagnostic> {
        let node = entry.node.entries().iter().find(|field| field.key == "params");
        let params = node.map_or_else(|| json!({}), |field| field.node.to_json());
        let base = ["stages", &entry.key, "params"].map(str::to_owned).to_vec();
        (operator.bind)(params).map_err(|error| match error {
            BindError::Shape { path, problem } => {
                let mut steps = base;
                let parts = path.split(['.', '[', ']']).filter(|part| !part.is_empty() && *part != "?");
                steps.extend(parts.map(str::to_owned));
                explain(self.document, &steps, &problem)
            }
            BindError::Value(error) => {
                let words = format!("params.{}: {}", error.path.join("."), error.problem);
                let steps: Vec<String> = base.into_iter().chain(error.path).collect();
                Diagnostic::new(words, &self.document.locate(&steps), "refused").mend(error.mend)
            }
        })
    }

    fn check_ports(&self, entry: &Entry, table: &StageTable, operator: &OperatorKind) -> Result<(), Diagnostic> {
        let stage_at = self.document.locate_key(&["stages", &entry.key]);
        match operator.inputs {
            Inputs::Any if table.inputs.is_empty() => {
                Err(Diagnostic::new(format!("stage '{}' has no inputs", entry.key), &stage_at, "reads nothing")
                    .mend("add inputs = { name = \"dataset\" }"))
            }
            Inputs::Any => Ok(()),
            Inputs::Ports(ports) => {
                for port in table.inputs.keys() {
                    if !ports.iter().any(|known| known.name == port) {
                        let at = self.document.locate_key(&["stages", &entry.key, "inputs", port]);
                        return Err(Diagnostic::new(
                            format!("{} has no input '{port}'", operator.name),
                            &at,
                            "unknown port",
                        )
                        .mend(suggest(port, ports.iter().map(|port| port.name).collect::<Vec<_>>())));
                    }
                }
                match ports.iter().find(|port| port.required && !table.inputs.contains_key(port.name)) {
                    None => Ok(()),
                    Some(port) => Err(Diagnostic::new(
                        format!("stage '{}' lacks the input '{}'", entry.key, port.name),
                        &stage_at,
                        format!("{}: {}", port.name, port.about),
                    )
                    .mend(format!("add {} = \"dataset\" to its inputs", port.name))),
                }
            }
        }
    }

    fn outputs(
        &self,
        entry: &Entry,
        table: &StageTable,
        operator: &OperatorKind,
        bound: &dyn BoundOperator,
    ) -> Result<Vec<Output>, Diagnostic> {
        // The names of the ports do not depend on the inputs' columns; those are checked later.
        let ports = bound.outputs(&BTreeMap::new()).unwrap_or_default();
        for port in table.outputs.keys() {
            if !ports.iter().any(|known| known.name == *port) {
                let at = self.document.locate_key(&["stages", &entry.key, "outputs", port]);
                return Err(Diagnostic::new(format!("{} has no output '{port}'", operator.name), &at, "unknown port")
                    .mend(suggest(port, ports.iter().map(|port| port.name.as_str()).collect::<Vec<_>>())));
            }
        }
        let only = ports.len() == 1;
        Ok(ports
            .into_iter()
            .map(|OutputPort { name: port, json, .. }| {
                let dataset = table
                    .outputs
                    .get(&port)
                    .cloned()
                    .unwrap_or_else(|| if only { entry.key.clone() } else { format!("{}.{port}", entry.key) });
                Output { port, dataset, json }
            })
            .collect())
    }

    fn refuse_doubles(&self, drafts: &[Draft<'_>]) -> Result<(), Diagnostic> {
        let mut makers: BTreeMap<&str, &Entry> = BTreeMap::new();
        let mut names: BTreeMap<&str, &Entry> = BTreeMap::new();
        for draft in drafts {
            if let Some(other) = names.insert(&draft.step.name, draft.entry) {
                return Err(Diagnostic::new(format!("'{}' names two steps", draft.step.name), &draft.entry.at, "here")
                    .also(&other.at, "and here")
                    .mend("give one of them another name"));
            }
            for output in &draft.step.outputs {
                if let Some(other) = makers.insert(&output.dataset, draft.entry) {
                    return Err(Diagnostic::new(
                        format!("the dataset '{}' is made twice", output.dataset),
                        &draft.entry.at,
                        "made here",
                    )
                    .also(&other.at, "and here")
                    .mend("name one of the outputs otherwise: outputs = { port = \"other name\" }"));
                }
            }
        }
        Ok(())
    }

    /// An order in which every step comes after those it reads; earlier in the file comes earlier.
    fn order(&self, drafts: &[Draft<'_>]) -> Result<Vec<usize>, Diagnostic> {
        let maker = |dataset: &str| {
            drafts.iter().position(|draft| draft.step.outputs.iter().any(|output| output.dataset == dataset))
        };
        let mut reads = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let mut from = Vec::new();
            for (port, dataset) in &draft.wants {
                let Some(index) = maker(dataset) else {
                    let at = self.document.locate(&["stages", &draft.step.name, "inputs", port]);
                    let known: Vec<&str> = drafts
                        .iter()
                        .flat_map(|draft| draft.step.outputs.iter().map(|output| output.dataset.as_str()))
                        .collect();
                    return Err(Diagnostic::new(format!("nothing makes the dataset '{dataset}'"), &at, "wanted here")
                        .mend(suggest(dataset, known)));
                };
                from.push(index);
            }
            reads.push(from);
        }
        let mut order = Vec::with_capacity(drafts.len());
        let mut placed = vec![false; drafts.len()];
        while order.len() < drafts.len() {
            let next = (0..drafts.len()).find(|&index| !placed[index] && reads[index].iter().all(|&from| placed[from]));
            let Some(next) = next else { return Err(cycle(drafts, &reads, &placed)) };
            placed[next] = true;
            order.push(next);
        }
        Ok(order)
    }

    fn connect(&self, drafts: Vec<Draft<'_>>, order: &[usize]) -> Result<Vec<Step>, Diagnostic> {
        let mut slots: Vec<Option<Draft<'_>>> = drafts.into_iter().map(Some).collect();
        let mut steps: Vec<Step> = Vec::with_capacity(slots.len());
        for &index in order {
            let Some(mut draft) = slots[index].take() else { continue };
            if let StepKind::Stage { inputs, .. } = &mut draft.step.kind {
                for (port, dataset) in &draft.wants {
                    if let Some(dataset) = find(&steps, dataset) {
                        inputs.push(Input { port: port.clone(), dataset });
                    }
                }
            }
            let section = if draft.step.is_source() { "sources" } else { "stages" };
            let id = StepId(steps.len());
            for (dataset, table) in std::mem::take(&mut draft.expects) {
                let expectation = self.expectation(section, id, &draft.step, &steps, &dataset, table)?;
                draft.step.expectations.push(expectation);
            }
            steps.push(draft.step);
        }
        Ok(steps)
    }

    fn expectation(
        &self,
        section: &str,
        id: StepId,
        step: &Step,
        earlier: &[Step],
        dataset: &str,
        table: ExpectTable,
    ) -> Result<Expectation, Diagnostic> {
        let path: &[&str] = if section == "sources" {
            &[section, &step.name, "expect"]
        } else {
            &[section, &step.name, "expect", dataset]
        };
        let at = self.document.locate_key(path);
        let Some(output) = step.outputs.iter().position(|output| output.dataset == dataset) else {
            let known: Vec<&str> = step.outputs.iter().map(|output| output.dataset.as_str()).collect();
            return Err(Diagnostic::new(
                format!("'{}' makes no dataset '{dataset}'", step.name),
                &at,
                "expected of it here",
            )
            .mend(suggest(dataset, known)));
        };
        let mut related = BTreeMap::new();
        for target in table.relationships.values() {
            let name = target.rsplit_once('.').map_or(target.as_str(), |(dataset, _)| dataset);
            let own = step.outputs.iter().position(|output| output.dataset == name);
            let found = own
                .map(|output| DatasetRef { step: id, output })
                .or_else(|| find(earlier, name).filter(|dataset| step.reads().any(|read| read == *dataset)));
            let Some(found) = found else {
                return Err(Diagnostic::new(
                    format!("'{target}' is no column of a dataset this step reads or makes"),
                    &at,
                    "related to here",
                )
                .mend("write relationships = { column = \"dataset.column\" } with an input of the stage"));
            };
            related.insert(name.to_owned(), found);
        }
        Ok(Expectation { output, table, at, related })
    }

    fn sinks(&self, file: &PipelineFile, steps: &[Step]) -> Result<Vec<Sink>, Diagnostic> {
        self.section("sinks")
            .iter()
            .map(|entry| {
                let table = &file.sinks[&entry.key];
                let place = Place { root: self.document, section: "sinks", name: &entry.key };
                let from = reports::dataset(self.document, steps, ["sinks", &entry.key, "from"], &table.from)?;
                Ok(Sink {
                    name: entry.key.clone(),
                    from,
                    target: endpoints::sink(&place, table)?,
                    config: without_secrets(json!(table)),
                })
            })
            .collect()
    }

    fn verify(&self, file: &PipelineFile) -> Result<Vec<Verify>, Diagnostic> {
        self.section("verify")
            .iter()
            .map(|entry| {
                let table = &file.verify[&entry.key];
                let place = Place { root: self.document, section: "verify", name: &entry.key };
                Ok(Verify {
                    title: table.title.clone().unwrap_or_else(|| entry.key.clone()),
                    source: endpoints::asked(&place, table)?,
                    expect: table.expect.clone(),
                })
            })
            .collect()
    }
}

/// The settings of a source or sink as they are kept: a connection string goes without its password.
fn without_secrets(mut config: Json) -> Json {
    for key in ["database", "postgres"] {
        let Some(written) = config.get_mut(key) else { continue };
        if let Some(text) = written.as_str().filter(|text| key == "postgres" || postgres::is_url(text)) {
            *written = json!(postgres::without_password(text));
        }
    }
    config
}

/// Step names become folder names and words of the selection syntax.
fn check_step_name(entry: &Entry) -> Result<(), Diagnostic> {
    let fine = !entry.key.is_empty()
        && entry.key.len() <= 100
        && entry.key.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    if fine {
        return Ok(());
    }
    Err(Diagnostic::new(format!("'{}' cannot be a step's name", entry.key), &entry.at, "not a plain word")
        .mend("use letters, digits, '-' and '_', at most 100"))
}

/// Follows what the unplaced steps wait for until one comes again.
fn cycle(drafts: &[Draft<'_>], reads: &[Vec<usize>], placed: &[bool]) -> Diagnostic {
    let mut path: Vec<usize> = Vec::new();
    let mut current = placed.iter().position(|placed| !placed).unwrap_or(0);
    while !path.contains(&current) {
        path.push(current);
        current = reads[current].iter().copied().find(|&from| !placed[from]).unwrap_or(current);
    }
    let start = path.iter().position(|&index| index == current).unwrap_or(0);
    let mut names: Vec<&str> = path[start..].iter().rev().map(|&index| drafts[index].step.name.as_str()).collect();
    if let Some(first) = names.first().copied() {
        names.push(first);
    }
    Diagnostic::new(
        format!("the stages go in a circle: {}", names.join(" → ")),
        &drafts[current].entry.at,
        "part of the circle",
    )
    .mend("let one of them read a source, or an earlier dataset")
}
