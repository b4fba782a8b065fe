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
    /// A stage failed.
    #[error("stage '{stage}' failed: {problem}")]
    Stage {
        /// The stage.
        stage: String,
        /// Why.
        problem: StageError,
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
    /// Expectations on a dataset are broken.
    #[error("stage '{stage}': expectations are broken\n{}", broken.iter().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n"))]
    Expectation {
        /// The stage.
        stage: String,
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
    /// The run was asked to stop.
    #[error("interrupted")]
    Interrupted,
}

impl PipelineError {
    /// The exit code: 1 failed, 2 usage or file, 3 locked, 130 interrupted.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::File(_) | Self::Usage { .. } => 2,
            Self::Locked { .. } => 3,
            Self::Interrupted => 130,
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
