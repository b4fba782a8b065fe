//! Checkpoints: a step's outputs as Parquet under its fingerprint, with a manifest written last.
//!
//! A checkpoint is written into a folder of a temporary name, synced, and renamed as a whole, so that a folder under
//! a fingerprint's name is complete or was damaged later; sizes and checksums in the manifest tell which.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{Read, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread::{self, ScopedJoinHandle},
    time::SystemTime,
};

use polars::prelude::{DslPlan, LazyFrame};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    error::PipelineError,
    file::Pipeline,
    fingerprint::{ContentHash, Fingerprint, Ingredients},
};
use crate::io::{SourceState, checkpoint_file};

/// The checkpoints of one pipeline (and scope) in a workspace.
#[derive(Clone)]
pub struct CheckpointStore {
    root: PathBuf,
    /// Files whose checksums were found right, with their state then: steps are judged more than once in a run.
    found_right: Arc<Mutex<BTreeMap<PathBuf, (u64, SystemTime)>>>,
}

/// What a checkpoint holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// The step.
    pub step: String,
    /// The fingerprint of its ingredients.
    pub fingerprint: Fingerprint,
    /// What decided the outputs, so that staleness can be explained.
    pub ingredients: Ingredients,
    /// The run that made it.
    pub run_id: String,
    /// The outputs, in the operator's order.
    pub outputs: Vec<OutputFile>,
    /// Whether the stage gave a part only, because its time was up: the next run does it again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub partial: bool,
}

/// A dataset of a checkpoint.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OutputFile {
    /// The operator's port.
    pub port: String,
    /// The file's name in the checkpoint's folder.
    pub file: String,
    /// Its rows.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
    /// blake3 of the whole file.
    pub checksum: String,
    /// blake3 of its data pages, without the footer that names the run.
    pub content: ContentHash,
}

/// Which checkpoint of a step is the newest, and for a source the state of what it was read from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Latest {
    /// The newest checkpoint.
    pub fingerprint: Fingerprint,
    /// A source's files as they were when read, or as this pipeline left them when it wrote them afterwards.
    pub source: Option<SourceState>,
    /// Whether this pipeline wrote the source's database since it was read: its rows may be others by now.
    #[serde(default)]
    pub overtaken: bool,
}

/// The state of a checkpoint on disk.
pub enum Found {
    /// Complete, with every checksum right.
    Whole(Box<Manifest>),
    /// There, but not as it was written.
    Damaged(String),
    /// Not there.
    Missing,
}

const MANIFEST: &str = "manifest.json";
const LATEST: &str = "latest.json";

impl CheckpointStore {
    /// The store of a pipeline under a workspace's state folder.
    pub fn new(state_folder: &Path, pipeline: &Pipeline) -> Self {
        Self::at(&state_folder.join("checkpoints").join(state_key(&pipeline.name, pipeline.scope.as_deref())))
    }

    /// The store in a folder.
    pub(super) fn at(root: &Path) -> Self {
        Self { root: root.to_owned(), found_right: Arc::default() }
    }

    fn step_folder(&self, step: &str) -> PathBuf {
        self.root.join(step)
    }

    /// The folder of a checkpoint.
    pub fn folder(&self, step: &str, fingerprint: &Fingerprint) -> PathBuf {
        self.step_folder(step).join(fingerprint.short())
    }

    /// The file of a dataset.
    pub fn file(&self, manifest: &Manifest, output: &OutputFile) -> PathBuf {
        self.folder(&manifest.step, &manifest.fingerprint).join(&output.file)
    }

    /// A dataset as a frame that is read when it is needed.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn scan(&self, manifest: &Manifest, output: &OutputFile) -> Result<LazyFrame, PipelineError> {
        let path = self.file(manifest, output);
        scan_parquet(&path)
    }

    /// Which checkpoint of a step is the newest; `None` when none was made, or the note of it is damaged.
    pub fn latest(&self, step: &str) -> Option<Latest> {
        read_json(&self.step_folder(step).join(LATEST)).ok()
    }

    /// Notes which checkpoint of a step is the newest.
    ///
    /// # Errors
    /// When the note cannot be written.
    pub fn set_latest(&self, step: &str, latest: &Latest) -> Result<(), PipelineError> {
        let folder = self.step_folder(step);
        fs::create_dir_all(&folder).map_err(PipelineError::state("cannot make the folder", &folder))?;
        write_json(&folder.join(LATEST), latest)
    }

    /// Looks for a checkpoint and checks its sizes and checksums.
    pub fn find(&self, step: &str, fingerprint: &Fingerprint) -> Found {
        let folder = self.folder(step, fingerprint);
        if !folder.is_dir() {
            return Found::Missing;
        }
        let manifest: Manifest = match read_json(&folder.join(MANIFEST)) {
            Ok(manifest) => manifest,
            Err(error) => return Found::Damaged(format!("its manifest cannot be read: {error}")),
        };
        if manifest.fingerprint != *fingerprint {
            return Found::Damaged("its manifest is another checkpoint's".to_owned());
        }
        for output in &manifest.outputs {
            if let Err(damage) = self.check_file(&folder.join(&output.file), output) {
                return Found::Damaged(damage);
            }
        }
        Found::Whole(Box::new(manifest))
    }

    /// Compares a file with its size and checksum; the error says what is wrong with it.
    fn check_file(&self, path: &Path, output: &OutputFile) -> Result<(), String> {
        let unreadable = |error| format!("{}: {error}", output.file);
        let found = fs::metadata(path).map_err(unreadable)?;
        if found.len() != output.bytes {
            return Err(format!("{} has {} bytes, not {}", output.file, found.len(), output.bytes));
        }
        let state = (found.len(), found.modified().map_err(unreadable)?);
        let found_right = || self.found_right.lock().unwrap_or_else(PoisonError::into_inner);
        if found_right().get(path) == Some(&state) {
            return Ok(());
        }
        if checksum(path).map_err(unreadable)? != output.checksum {
            return Err(format!("the checksum of {} is wrong", output.file));
        }
        found_right().insert(path.to_owned(), state);
        Ok(())
    }

    /// The manifest under a short fingerprint, without a look at its files.
    pub fn manifest_of(&self, step: &str, short_fingerprint: &str) -> Option<Manifest> {
        read_json(&self.step_folder(step).join(short_fingerprint).join(MANIFEST)).ok()
    }

    /// The manifest of a step's newest checkpoint, without a look at its files.
    pub fn latest_manifest(&self, step: &str) -> Option<Manifest> {
        let latest = self.latest(step)?;
        read_json(&self.folder(step, &latest.fingerprint).join(MANIFEST)).ok()
    }

    /// The manifest of a step's newest checkpoint, if it is whole.
    pub fn latest_whole(&self, step: &str) -> Option<Box<Manifest>> {
        match self.find(step, &self.latest(step)?.fingerprint) {
            Found::Whole(manifest) => Some(manifest),
            Found::Damaged(_) | Found::Missing => None,
        }
    }

    /// Begins a checkpoint.
    ///
    /// # Errors
    /// When its folder cannot be made.
    pub fn begin(&self, step: &str) -> Result<Draft<'_>, PipelineError> {
        let folder = self.step_folder(step);
        fs::create_dir_all(&folder).map_err(PipelineError::state("cannot make the folder", &folder))?;
        let folder = folder.join(".unfinished");
        remove_folder(&folder)?;
        fs::create_dir(&folder).map_err(PipelineError::state("cannot make the folder", &folder))?;
        let step = step.to_owned();
        Ok(Draft { store: self, step, folder, outputs: Vec::new(), in_memory: BTreeMap::new(), partial: false })
    }

    /// Removes the checkpoints of all steps that `keep` does not name, and what was left half-written.
    /// Returns how many were removed and their bytes.
    ///
    /// # Errors
    /// When a folder cannot be read or removed.
    pub fn remove_except(&self, keep: &dyn Fn(&str, &str) -> bool) -> Result<(u64, u64), PipelineError> {
        let mut removed = (0, 0);
        for step in folders(&self.root)? {
            let step_name = name_of(&step);
            for checkpoint in folders(&step)? {
                if keep(&step_name, &name_of(&checkpoint)) {
                    continue;
                }
                removed.0 += 1;
                removed.1 += folder_bytes(&checkpoint);
                remove_folder(&checkpoint)?;
            }
        }
        Ok(removed)
    }
}

/// The folder name of a pipeline's state: its name, and its scope if it has one.
pub fn state_key(pipeline: &str, scope: Option<&str>) -> String {
    scope.map_or_else(|| pipeline.to_owned(), |scope| format!("{pipeline}@{scope}"))
}

/// An output on its way into a checkpoint.
pub enum Made {
    /// Rows to be computed and written.
    Frame(Box<LazyFrame>),
    /// Rows that are in the file already: [`file_name`] of the port in the draft's folder.
    File {
        /// How many.
        rows: u64,
    },
}

/// The name of an output's file.
pub fn file_name(port: &str) -> String {
    format!("{port}.parquet")
}

/// A checkpoint being written.
pub struct Draft<'a> {
    store: &'a CheckpointStore,
    step: String,
    folder: PathBuf,
    outputs: Vec<OutputFile>,
    /// Outputs that lie in memory: who looks at them before the checkpoint is done need not read them back.
    in_memory: BTreeMap<String, LazyFrame>,
    /// Whether the outputs are a part of what there is.
    partial: bool,
}

/// The pairs in a Parquet footer that say where a file comes from.
pub fn footer(run_id: &str, step: &str, fingerprint: &str) -> Vec<(String, String)> {
    vec![
        ("nightloom.run_id".to_owned(), run_id.to_owned()),
        ("nightloom.stage".to_owned(), step.to_owned()),
        ("nightloom.fingerprint".to_owned(), fingerprint.to_owned()),
    ]
}

impl Draft<'_> {
    /// Where the outputs are written.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes the outputs, by port, side by side. `footer` becomes key-value pairs of the Parquet footers.
    ///
    /// # Errors
    /// When computing or writing a frame fails: the first of them in the order given.
    pub fn write(&mut self, outputs: Vec<(String, Made)>, footer: &[(String, String)]) -> Result<(), PipelineError> {
        let in_memory = outputs.iter().filter_map(|(port, made)| match made {
            Made::Frame(frame) if matches!(frame.logical_plan, DslPlan::DataFrameScan { .. }) => {
                Some((port.clone(), frame.as_ref().clone()))
            }
            _ => None,
        });
        self.in_memory = in_memory.collect();
        let this: &Self = self;
        let written: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = outputs
                .into_iter()
                .map(|(port, made)| scope.spawn(move || this.write_one(port, made, footer)))
                .collect();
            threads.into_iter().map(ScopedJoinHandle::join).collect()
        });
        for output in written {
            self.outputs.push(output.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        }
        Ok(())
    }

    fn write_one(&self, port: String, made: Made, footer: &[(String, String)]) -> Result<OutputFile, PipelineError> {
        let file = file_name(&port);
        let path = self.folder.join(&file);
        let rows = match made {
            Made::File { rows } => rows,
            Made::Frame(frame) => checkpoint_file::write_parquet(&path, *frame, footer).map_err(|problem| {
                PipelineError::Io { what: format!("checkpoint of '{}', output '{port}'", self.step), problem }
            })?,
        };
        let (checksum, content) = hash_file(&path).map_err(PipelineError::state("cannot read back", &path))?;
        let bytes = fs::metadata(&path).map_err(PipelineError::state("cannot read back", &path))?.len();
        Ok(OutputFile { port, file, rows, bytes, checksum, content })
    }

    /// Notes that the outputs are a part of what there is: see [`Manifest::partial`].
    pub fn is_a_part(&mut self) {
        self.partial = true;
    }

    /// The outputs written so far.
    pub fn outputs(&self) -> &[OutputFile] {
        &self.outputs
    }

    /// An output written so far, as a frame.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn scan(&self, output: &OutputFile) -> Result<LazyFrame, PipelineError> {
        match self.in_memory.get(&output.port) {
            Some(frame) => Ok(frame.clone()),
            None => scan_parquet(&self.folder.join(&output.file)),
        }
    }

    /// The outputs that lie in memory, by port.
    pub fn in_memory(&self) -> BTreeMap<String, LazyFrame> {
        self.in_memory.clone()
    }

    /// Writes the manifest and gives the checkpoint its name.
    ///
    /// # Errors
    /// When the manifest cannot be written or the folder not renamed.
    pub fn finish(
        self,
        ingredients: Ingredients,
        run_id: &str,
        fail: &dyn Fn(&str),
    ) -> Result<Manifest, PipelineError> {
        let fingerprint = ingredients.fingerprint();
        let manifest = Manifest {
            step: self.step.clone(),
            fingerprint,
            ingredients,
            run_id: run_id.to_owned(),
            outputs: self.outputs,
            partial: self.partial,
        };
        fail("checkpoint-before-manifest");
        write_json(&self.folder.join(MANIFEST), &manifest)?;
        fail("checkpoint-before-rename");
        let target = self.store.folder(&self.step, &manifest.fingerprint);
        remove_folder(&target)?;
        fs::rename(&self.folder, &target).map_err(PipelineError::state("cannot rename", &self.folder))?;
        sync_folder(&self.store.step_folder(&self.step))?;
        Ok(manifest)
    }
}

fn scan_parquet(path: &Path) -> Result<LazyFrame, PipelineError> {
    checkpoint_file::scan_parquet(path)
        .map_err(|problem| PipelineError::Io { what: "cannot open a checkpoint".to_owned(), problem })
}

fn checksum(path: &Path) -> std::io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_mmap_rayon(path)?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// The checksum of a file, and the hash of its content: the pages and the columns, without what names the run. The
/// file is read once: a hasher that has seen the pages goes on to both.
fn hash_file(path: &Path) -> Result<(String, ContentHash), Box<dyn std::error::Error>> {
    let file = File::open(path)?;
    let mut whole = blake3::Hasher::new();
    feed(&mut whole, (&file).take(checkpoint_file::footer_start(path)?))?;
    let mut content = whole.clone();
    content.update(checkpoint_file::columns(path)?.as_bytes());
    feed(&mut whole, &file)?;
    Ok((whole.finalize().to_hex().to_string(), ContentHash(content.finalize().to_hex().to_string())))
}

fn feed(hasher: &mut blake3::Hasher, mut from: impl Read) -> std::io::Result<()> {
    let mut buffer = vec![0; 1 << 20];
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok(()),
            read => hasher.update_rayon(buffer.get(..read).unwrap_or_default()),
        };
    }
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, Box<dyn std::error::Error>> {
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}

/// Writes under a temporary name, syncs, renames.
pub fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), PipelineError> {
    let temporary = path.with_extension("unfinished");
    let write = || -> std::io::Result<()> {
        let mut file = File::create(&temporary)?;
        file.write_all(&serde_json::to_vec_pretty(value)?)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    write().map_err(PipelineError::state("cannot write", path))
}

fn sync_folder(folder: &Path) -> Result<(), PipelineError> {
    File::open(folder).and_then(|file| file.sync_all()).map_err(PipelineError::state("cannot sync", folder))
}

fn remove_folder(folder: &Path) -> Result<(), PipelineError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(PipelineError::state("cannot remove", folder)(error))
        }
        _ => Ok(()),
    }
}

fn folders(root: &Path) -> Result<Vec<PathBuf>, PipelineError> {
    if !root.is_dir() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(root).map_err(PipelineError::state("cannot read", root))?;
    let mut found: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_dir()).collect();
    found.sort();
    Ok(found)
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn folder_bytes(folder: &Path) -> u64 {
    fs::read_dir(folder)
        .map(|entries| entries.filter_map(|entry| entry.ok()?.metadata().ok()).map(|found| found.len()).sum())
        .unwrap_or(0)
}
