//! `nightloom bundles`: what was recommended, and what people decide of it.

mod export;
mod list;
mod show;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use rusqlite::Connection;

pub use export::write;

use crate::{
    io,
    pipeline::PipelineError,
    review::{self, Action, Decision, Recommendation, ReviewError, Status},
};

/// See the bundles of shops, and decide which are offered.
///
/// What a person decided is kept with who and when. Later runs leave what was approved as it is, and never bring back what
/// was rejected.
#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    List(list::Arguments),
    Show(show::Arguments),
    /// Say that bundles may be offered.
    Approve(Decide),
    /// Say that bundles must not be offered: they never come back.
    Reject(Decide),
    /// Offer bundles: each becomes an active bundle. Approves them too.
    Activate(Decide),
    /// Offer bundles no more.
    Deactivate(Decide),
    Export(export::Arguments),
}

/// Which database.
#[derive(Args)]
pub struct Database {
    /// The database with the bundles.
    #[arg(long = "db", value_name = "FILE", env = "BASKETS_DB", default_value = "data/demo/baskets.db")]
    path: PathBuf,
}

#[derive(Args)]
struct Decide {
    /// Ids of recommendations, or what only one id begins with.
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
    #[command(flatten)]
    database: Database,
    /// Only of this shop.
    #[arg(long)]
    shop: Option<String>,
    /// Who decides.
    #[arg(long, value_name = "NAME", env = "USER")]
    by: String,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
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

/// Does what was asked.
pub fn main(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        Command::List(arguments) => list::main(arguments),
        Command::Show(arguments) => show::main(arguments),
        Command::Approve(decide) => decided(decide, Action::Approve),
        Command::Reject(decide) => decided(decide, Action::Reject),
        Command::Activate(decide) => decided(decide, Action::Activate),
        Command::Deactivate(decide) => decided(decide, Action::Deactivate),
        Command::Export(arguments) => export::main(arguments),
    }
}

fn decided(decide: &Decide, action: Action) -> anyhow::Result<ExitCode> {
    let path = &decide.database.path;
    let mut connection = io::open_to_change(path).with_context(|| mend(path))?;
    let at = Timestamp::now().to_string();
    let decision = Decision { action, by: &decide.by, at: &at, note: decide.note.as_deref() };
    let found = review::decide(&mut connection, &decide.ids, decide.shop.as_deref(), &decision).map_err(usage)?;
    if decide.json {
        println!("{}", serde_json::to_string_pretty(&found)?);
        return Ok(ExitCode::SUCCESS);
    }
    for recommendation in &found {
        let Recommendation { id, status, bundle_id, .. } = recommendation;
        let bundle = bundle_id.as_ref().map(|bundle| format!(", bundle {bundle}")).unwrap_or_default();
        println!("{} {} ({id}{bundle})", recommendation.title(), status.name());
    }
    Ok(ExitCode::SUCCESS)
}

impl Database {
    /// The database to look at, with tables of decisions, empty where nobody has decided anything.
    pub fn open(&self) -> anyhow::Result<Connection> {
        let connection = io::open_to_look(&self.path).with_context(|| mend(&self.path))?;
        review::stand_in(&connection).map_err(usage)?;
        Ok(connection)
    }
}

fn mend(path: &Path) -> String {
    format!("name the database that pipelines/bundles.toml writes with --db, if it is not {}", path.display())
}

/// What a person can mend is usage.
pub fn usage(error: ReviewError) -> anyhow::Error {
    let mend = match &error {
        ReviewError::NoRecommendations => "run pipelines/bundles.toml, or name its database with --db",
        ReviewError::UnknownId { .. } => "nightloom bundles list shows ids",
        ReviewError::Stands { mend, .. } => mend,
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
