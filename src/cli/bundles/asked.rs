//! What the commands of bundles share: which database, which status, amounts, and errors that a person can mend.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum};
use rusqlite::Connection;

use crate::{
    io,
    pipeline::PipelineError,
    review::{self, ReviewError, Status},
};

/// Which database.
#[derive(Args)]
pub struct Database {
    /// The database with the bundles.
    #[arg(long = "db", value_name = "FILE", env = "BASKETS_DB", default_value = "data/demo/baskets.db")]
    pub path: PathBuf,
}

/// A status, as an argument.
#[derive(Clone, Copy, ValueEnum)]
pub enum StatusArgument {
    /// Nobody has decided.
    Pending,
    /// It may be offered.
    Approved,
    /// It must not be offered.
    Rejected,
    /// It is offered.
    Active,
    /// It was offered.
    Inactive,
}

impl From<StatusArgument> for Status {
    fn from(status: StatusArgument) -> Self {
        match status {
            StatusArgument::Pending => Self::Pending,
            StatusArgument::Approved => Self::Approved,
            StatusArgument::Rejected => Self::Rejected,
            StatusArgument::Active => Self::Active,
            StatusArgument::Inactive => Self::Inactive,
        }
    }
}

impl Database {
    /// The database to look at, with tables of decisions, empty where nobody has decided anything.
    pub fn open(&self) -> anyhow::Result<Connection> {
        let connection = io::open_to_look(&self.path).with_context(|| mend(&self.path))?;
        review::stand_in(&connection).map_err(usage)?;
        Ok(connection)
    }
}

/// What to do when the database is not there.
pub fn mend(path: &Path) -> String {
    format!("name the database that pipelines/bundles.toml writes with --db, if it is not {}", path.display())
}

/// What a person can mend is usage.
pub fn usage(error: ReviewError) -> anyhow::Error {
    let mend = match &error {
        ReviewError::NoRecommendations => "run pipelines/bundles.toml, or name its database with --db",
        ReviewError::UnknownId { .. } => "nightloom bundles list shows ids",
        ReviewError::Stands { mend, .. } => mend,
        ReviewError::Changed { .. } => "nightloom bundles show says how it stands now",
        ReviewError::NothingToUndo { .. } => "nightloom bundles list --status approved shows what was decided",
        ReviewError::Refused { mend, .. } => mend,
        ReviewError::Cell { .. } | ReviewError::Database(_) => return error.into(),
    };
    PipelineError::Usage { problem: error.to_string(), mend: mend.to_owned() }.into()
}

/// An amount of cents with its sign and two decimals.
pub fn amount(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let cents = cents.unsigned_abs();
    format!("{sign}{}.{:02}", cents / 100, cents % 100)
}
