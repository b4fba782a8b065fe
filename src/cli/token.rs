//! `nightloom token`: who may ask the server.

use std::{path::Path, process::ExitCode};

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use jiff::{SignedDuration, Timestamp};

use super::arguments::WorkspaceArguments;
use crate::{
    pipeline::PipelineError,
    report::table::Table,
    server::{NewToken, Role, Store},
};

/// Make, list and take back tokens, which `nightloom serve` lets people and programs in by.
///
/// A token is printed once, when it is made: only its hash is kept, in .nightloom/server.db.
///
/// Examples:
///   nightloom token create ada --role reviewer --shop north --shop south
///   nightloom token create cron --role viewer --all-shops --days 365
///   nightloom token list
///   nightloom token revoke 5f0c2a9be81d7734
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a token, and print it.
    Create(Create),
    /// List tokens, without their secrets.
    List(List),
    /// Take a token back, at once.
    Revoke(Revoke),
}

#[derive(Args)]
struct Create {
    /// Who gets it: what is decided with it bears this name.
    name: String,
    /// What it may do.
    #[arg(long, value_enum, default_value_t = RoleArgument::Viewer)]
    role: RoleArgument,
    /// A shop that it sees; may be given several times.
    #[arg(long = "shop", value_name = "SHOP", required_unless_present = "all_shops")]
    shops: Vec<String>,
    /// It sees all shops.
    #[arg(long, conflicts_with = "shops")]
    all_shops: bool,
    /// Days until it ends.
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=3650))]
    days: u32,
    #[command(flatten)]
    workspace: WorkspaceArguments,
}

#[derive(Clone, Copy, ValueEnum)]
enum RoleArgument {
    /// See.
    Viewer,
    /// Decide of bundles, bring files, start runs.
    Reviewer,
    /// Set flags, throw kill switches, see what others did.
    Admin,
}

#[derive(Args)]
struct List {
    #[command(flatten)]
    workspace: WorkspaceArguments,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct Revoke {
    /// The token's id: `nightloom token list` shows it.
    id: String,
    #[command(flatten)]
    workspace: WorkspaceArguments,
}

/// Does what is asked.
pub fn main(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        Command::Create(create) => create.make()?,
        Command::List(list) => list.print()?,
        Command::Revoke(revoke) => {
            let was_there = store(&revoke.workspace)?.revoke_token(&revoke.id).context("cannot write server.db")?;
            if !was_there {
                return Err(PipelineError::Usage {
                    problem: format!("there is no token '{}' that holds", revoke.id),
                    mend: "nightloom token list shows ids".to_owned(),
                }
                .into());
            }
            println!("{} is taken back", revoke.id);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn store(workspace: &WorkspaceArguments) -> anyhow::Result<Store> {
    let folder = workspace.state_folder(Path::new("pipelines/bundles.toml"));
    Store::open(&folder).with_context(|| format!("cannot open server.db in {}", folder.display()))
}

impl Create {
    fn make(&self) -> anyhow::Result<()> {
        let end = Timestamp::now().checked_add(SignedDuration::from_hours(24 * i64::from(self.days)));
        let token = NewToken {
            name: self.name.clone(),
            role: match self.role {
                RoleArgument::Viewer => Role::Viewer,
                RoleArgument::Reviewer => Role::Reviewer,
                RoleArgument::Admin => Role::Admin,
            },
            shops: (!self.all_shops).then(|| self.shops.clone()),
            expires_at: Some(end.context("the token would end after all time")?.to_string()),
        };
        println!("{}", store(&self.workspace)?.make_token(&token).context("cannot write server.db")?);
        Ok(())
    }
}

impl List {
    fn print(&self) -> anyhow::Result<()> {
        let tokens = store(&self.workspace)?.tokens().context("cannot read server.db")?;
        if self.json {
            println!("{}", serde_json::to_string_pretty(&tokens)?);
            return Ok(());
        }
        if tokens.is_empty() {
            println!("There are no tokens.");
            return Ok(());
        }
        let mut table = Table::new(&["id", "name", "role", "shops", "until"]);
        for token in tokens {
            let until = match (token.revoked_at, token.expires_at) {
                (Some(_), _) => "taken back".to_owned(),
                (None, Some(end)) => end.chars().take(10).collect(),
                (None, None) => String::new(),
            };
            let shops = token.shops.map_or_else(|| "all".to_owned(), |shops| shops.join(", "));
            table.row(vec![token.id, token.name, token.role.name().to_owned(), shops, until]);
        }
        println!("{table}");
        Ok(())
    }
}
