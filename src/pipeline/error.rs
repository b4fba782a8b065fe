//! The errors of running a pipeline, each with the exit code it ends in.

use std::path::PathBuf;

use crate::{io::IoError, operator::StageError, pipeline::file::Diagnostic};

/// Why a command on a pipeline failed.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The pipeline file is wrong.
    #[error("{0}")]
    File(Box<Diagnostic>),
    /// The command line does not fit the pipeline.
    #[error("{problem}\n  {mend}")]
    Usage {
        /// What is wrong.
        problem: String,
        /// What to do.
        mend: String,
    },
    /// Another run holds the workspace.
    #[error("another run holds {}: {holder}\n  wait for it to end, or stop it", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// Who holds it, since when.
        holder: String,
    },
    /// A stage, or a look at the rows of a source, failed.
    #[error("{step} failed: {problem}")]
    Step {
        /// The step with its kind.
        step: String,
        /// Why.
        problem: StageError,
    },
    /// A step ended in a panic.
    #[error(
        "{step} ended unexpectedly: {message}\n  this is a defect of the program, please report it; nothing was written, and the next\n  run does the step again"
    )]
    Panicked {
        /// The step with its kind.
        step: String,
        /// What the panic said.
        message: String,
    },
    /// Reading a source or writing a sink failed.
    #[error("{what}: {problem}")]
    Io {
        /// The source or sink.
        what: String,
        /// Why.
        #[source]
        problem: IoError,
    },
    /// A checkpoint, the journal or the lock could not be read or written.
    #[error("{what} {}: {problem}", path.display())]
    State {
        /// What was being done.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why it failed.
        problem: String,
    },
    /// The journal is damaged.
    #[error(
        "{}: the journal is damaged ({problem})\n  move it away, with its -wal and -shm: a run makes a new one. What was written is\n  not written twice; after a killed run, what it had still to write is made anew",
        path.display()
    )]
    DamagedJournal {
        /// The journal.
        path: PathBuf,
        /// How it was noticed.
        problem: String,
    },
    /// Expectations on a dataset are broken.
    #[error("{step}: expectations are broken\n{}", broken.iter().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n"))]
    Expectation {
        /// The step with its kind.
        step: String,
        /// What is broken, a line each.
        broken: Vec<String>,
    },
    /// A stage made columns other than it declares.
    #[error("stage '{stage}': output '{port}' has {made}, but declares {declared}; this is a defect of the operator")]
    OutputSchema {
        /// The stage.
        stage: String,
        /// The port.
        port: String,
        /// The columns made.
        made: String,
        /// The columns declared.
        declared: String,
    },
    /// Writing the sinks failed, perhaps after some were written.
    #[error("{problem}\n  {}", after(written))]
    Sinks {
        /// Why.
        problem: Box<PipelineError>,
        /// The databases and files that were written before.
        written: Vec<String>,
    },
    /// The run was asked to stop.
    #[error("interrupted")]
    Interrupted,
}

/// What was written when something failed.
fn after(written: &[String]) -> String {
    match written {
        [] => "nothing was written".to_owned(),
        written => format!("written before: {}; the next run writes the rest", written.join(", ")),
    }
}

impl PipelineError {
    /// The exit code: 1 failed, 2 usage or file, 3 locked, 130 interrupted.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::File(_) | Self::Usage { .. } => 2,
            Self::Locked { .. } => 3,
            Self::Interrupted => 130,
            Self::Sinks { problem, .. } => problem.exit_code(),
            _ => 1,
        }
    }

    /// A closure that turns an error of the file system into [`PipelineError::State`].
    pub fn state<E: std::fmt::Display>(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(E) -> Self {
        let path = path.into();
        move |problem| Self::State { what, path, problem: problem.to_string() }
    }
}

impl From<Diagnostic> for PipelineError {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::File(Box::new(diagnostic))
    }
}
