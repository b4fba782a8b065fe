//! `nightloom bundles`: what was recommended, and what people decide of it.

mod asked;
mod export;
mod list;
mod show;

use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use jiff::Timestamp;

pub use asked::{Database, usage};
pub use export::write;

use self::asked::mend;
use crate::{
    io,
    review::{self, Action, Decision, Recommendation},
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
