//! OpenLineage: what a run reads and writes, told to a server or a file while it runs.

use std::{
    fs::OpenOptions,
    io::Write,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::Context;
use jiff::Timestamp;

use crate::{
    lineage::{Dataset, Event, Kind, to_json},
    operator::PortSchema,
    pipeline::{
        Pipeline, PipelineError,
        check::Schemas,
        checkpoint::{OutputFile, state_key},
        file::{DatasetRef, Sink, Step, StepId, StepKind},
        observe::{Event as RunEvent, Observer},
        run::Outcome,
    },
};

/// So long a server may take for an event.
const PATIENCE: Duration = Duration::from_secs(5);
const PRODUCER: &str = concat!("urn:nightloom:", env!("CARGO_PKG_VERSION"));

/// Where events go.
#[derive(Clone)]
enum Destination {
    /// A server, with its key.
    Server { url: String, key: Option<String> },
    /// A file, a line an event.
    File(PathBuf),
}

/// What is told of a run. Whoever cannot be told is a warning, and fails no run.
pub struct Lineage {
    destination: Destination,
    namespace: String,
    job: String,
    about: String,
    inputs: Vec<(StepId, Dataset)>,
    outputs: Vec<(String, Dataset)>,
    /// The thread that tells of the beginning.
    first: Mutex<Option<JoinHandle<()>>>,
}

/// Passes a run's events on, and tells of its beginning.
pub struct Watching<'a> {
    /// What is told.
    pub lineage: Option<&'a Lineage>,
    /// Who sees the events.
    pub inner: Box<dyn Observer>,
}

impl Observer for Watching<'_> {
    fn event(&self, event: &RunEvent<'_>) {
        if let (Some(lineage), RunEvent::RunStarted { run_id, .. }) = (self.lineage, event) {
            lineage.started(run_id);
        }
        self.inner.event(event);
    }
}

impl Lineage {
    /// What the environment asks for: `OPENLINEAGE_URL` is a server or, as `file:…`, a file; `OPENLINEAGE_ENDPOINT`,
    /// `OPENLINEAGE_API_KEY`, `OPENLINEAGE_NAMESPACE` and `OPENLINEAGE_DISABLED` are those of other programs.
    pub fn from_environment(pipeline: &Pipeline, schemas: &Schemas, about: Timestamp) -> Option<Self> {
        let variable = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
        if variable("OPENLINEAGE_DISABLED").is_some_and(|text| text == "true" || text == "1") {
            return None;
        }
        let url = variable("OPENLINEAGE_URL")?;
        let destination = match url.strip_prefix("file:") {
            Some(path) => Destination::File(PathBuf::from(path.strip_prefix("//").unwrap_or(path))),
            None => {
                let endpoint = variable("OPENLINEAGE_ENDPOINT").unwrap_or_else(|| "api/v1/lineage".to_owned());
                let url = format!("{}/{}", url.trim_end_matches('/'), endpoint.trim_start_matches('/'));
                Destination::Server { url, key: variable("OPENLINEAGE_API_KEY") }
            }
        };
        let sources = pipeline.ids().filter(|id| pipeline.step(*id).is_source());
        let of = |id: StepId| DatasetRef { step: id, output: 0 };
        Some(Self {
            destination,
            namespace: variable("OPENLINEAGE_NAMESPACE").unwrap_or_else(|| "nightloom".to_owned()),
            job: state_key(&pipeline.name, pipeline.scope.as_deref()),
            about: about.to_string(),
            inputs: sources.map(|id| (id, read(pipeline, pipeline.step(id), schemas.of(of(id))))).collect(),
            outputs: pipeline
                .sinks
                .iter()
                .map(|sink| (sink.name.clone(), written(sink, schemas.of(sink.from))))
                .collect(),
            first: Mutex::new(None),
        })
    }

    /// Tells of the beginning, by a thread of its own: a server that is slow holds nothing up.
    fn started(&self, run_id: &str) {
        let inputs: Vec<Dataset> = self.inputs.iter().map(|(_, dataset)| dataset.clone()).collect();
        let outputs: Vec<Dataset> = self.outputs.iter().map(|(_, dataset)| dataset.clone()).collect();
        let text = self.event(Kind::Start, run_id, None, (&inputs, &outputs));
        let destination = self.destination.clone();
        let telling = thread::spawn(move || told(&destination, text));
        *self.first.lock().unwrap_or_else(PoisonError::into_inner) = Some(telling);
    }

    /// Tells how the run ended: the rows and versions of what it read, and the rows it wrote.
    pub fn finished(self, outcome: &Outcome) {
        if let Some(telling) = self.first.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // The thread has told already what went wrong.
            let _ = telling.join();
        }
        let kind = match &outcome.problem {
            None => Kind::Complete,
            Some(PipelineError::Interrupted) => Kind::Abort,
            Some(_) => Kind::Fail,
        };
        let made = |id: &StepId| -> Option<&OutputFile> { outcome.manifests.get(id)?.outputs.first() };
        let read = |(id, dataset): &(StepId, Dataset)| {
            let made = made(id);
            let version = made.map(|made| made.content.0.clone());
            Dataset { rows: made.map(|made| made.rows), version, ..dataset.clone() }
        };
        let inputs: Vec<Dataset> = self.inputs.iter().map(read).collect();
        let written = |(name, dataset): &(String, Dataset)| {
            let row =
                outcome.rows.iter().find(|row| row.kind == "sink" && row.step == *name && row.status == "written")?;
            Some(Dataset { rows: Some(row.rows_out), ..dataset.clone() })
        };
        let outputs: Vec<Dataset> = self.outputs.iter().filter_map(written).collect();
        let error = outcome.problem.as_ref().map(ToString::to_string);
        told(&self.destination, self.event(kind, &outcome.run_id, error.as_deref(), (&inputs, &outputs)));
    }

    fn event(&self, kind: Kind, run_id: &str, error: Option<&str>, datasets: (&[Dataset], &[Dataset])) -> String {
        let time = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
        let event = Event {
            kind,
            time: &time,
            run_id,
            about: &self.about,
            error,
            namespace: &self.namespace,
            job: &self.job,
            inputs: datasets.0,
            outputs: datasets.1,
            producer: PRODUCER,
        };
        to_json(&event).to_string()
    }
}

fn columns(schema: &PortSchema) -> Vec<(String, String)> {
    schema.iter().map(|column| (column.name.clone(), column.kind.word().to_string())).collect()
}

/// A source as a dataset: the file it reads, and of a database the table, or the source's own name for a query.
fn read(pipeline: &Pipeline, step: &Step, schema: &PortSchema) -> Dataset {
    let StepKind::Source { config, .. } = &step.kind else { return Dataset::default() };
    let place = ["sqlite", "csv", "ndjson", "json", "parquet", "files"].into_iter().find_map(|key| {
        let at = pipeline.document.locate(&["sources", &step.name, key]);
        Some((key, at.origin.folder.join(config[key].as_str()?)))
    });
    let table = config["table"].as_str().unwrap_or(&step.name);
    let name = match place {
        Some(("sqlite", path)) => format!("{}/{table}", plain(&path)),
        Some((_, path)) => plain(&path),
        None => step.name.clone(),
    };
    Dataset { namespace: "file".to_owned(), name, columns: columns(schema), ..Dataset::default() }
}

fn written(sink: &Sink, schema: &PortSchema) -> Dataset {
    let path = plain(sink.target.place());
    let name = match sink.config["table"].as_str() {
        Some(table) => format!("{path}/{table}"),
        None => path,
    };
    Dataset { namespace: "file".to_owned(), name, columns: columns(schema), ..Dataset::default() }
}

/// A path without detours, as far as it is there.
fn plain(path: &Path) -> String {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf()).display().to_string()
}

fn told(destination: &Destination, text: String) {
    let done = match destination {
        Destination::File(path) => append(path, &text),
        Destination::Server { url, key } => post(url, key.as_deref(), text),
    };
    if let Err(problem) = done {
        eprintln!("warning: OpenLineage was not told: {problem:#}");
    }
}

fn append(path: &Path, text: &str) -> anyhow::Result<()> {
    let write = || OpenOptions::new().create(true).append(true).open(path)?.write_all(format!("{text}\n").as_bytes());
    write().with_context(|| format!("cannot write {}", path.display()))
}

fn post(url: &str, key: Option<&str>, text: String) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let sent = async {
        let client = reqwest::Client::builder().timeout(PATIENCE).build()?;
        let mut request = client.post(url).header("content-type", "application/json").body(text);
        if let Some(key) = key {
            request = request.bearer_auth(key);
        }
        request.send().await?.error_for_status()
    };
    runtime.block_on(sent)?;
    Ok(())
}
