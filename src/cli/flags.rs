//! `nightloom flags`: feature flags of a workspace and its shops.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::arguments::WorkspaceArguments;
use crate::{
    flags::{FLAGS, Flag, Overrides, find},
    pipeline::{
        PipelineError, flags_file,
        flags_history::{self, Author},
        registry::Registry,
    },
    report::table::Table,
};

/// List, read, set or reset feature flags, of the workspace or of a shop.
///
/// A flag is looked up in this order: a kill switch (emergency.…), the shop, the workspace, its default. It decides
/// what stages make like a parameter does: `plan` says which flag changed.
///
/// Examples:
///   nightloom flags list --changed
///   nightloom flags set bundling.max_per_pair 3
///   nightloom flags set bundling.enabled false --shop a.example
///   nightloom flags set emergency.disable_all_bundling true
///   nightloom flags history
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List the flags with their values.
    List(List),
    /// Print a flag's value.
    Get(Get),
    /// Set a flag.
    Set(Set),
    /// Take back what is set of a flag.
    Reset(Reset),
    /// List the last hundred changes, with who made them and when.
    History(History),
}

#[derive(Args)]
struct Place {
    /// The shop [default: the workspace, for all shops that have no value of their own].
    #[arg(long, value_name = "SHOP")]
    shop: Option<String>,
    #[command(flatten)]
    workspace: WorkspaceArguments,
}

#[derive(Args)]
struct List {
    #[command(flatten)]
    place: Place,
    /// Only flags whose key holds this.
    part: Option<String>,
    /// Only flags whose value is not their default, with those of all shops.
    #[arg(long)]
    changed: bool,
    /// Say what each decides, and its default.
    #[arg(long)]
    about: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct Get {
    /// The flag.
    key: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
struct Set {
    /// The flag.
    key: String,
    /// Its value, in JSON: true, 3, 0.5, [3,5].
    #[arg(allow_hyphen_values = true)]
    value: String,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    who: Who,
}

#[derive(Args)]
struct Reset {
    /// The flag.
    key: String,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    who: Who,
}

#[derive(Args)]
struct Who {
    /// Who changes it.
    #[arg(long, value_name = "NAME", env = "USER", default_value = "unknown")]
    by: String,
}

#[derive(Args)]
struct History {
    #[command(flatten)]
    workspace: WorkspaceArguments,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Place {
    fn state_folder(&self) -> PathBuf {
        self.workspace.state_folder(Path::new("pipelines/nightly.toml"))
    }

    fn shop(&self) -> Option<&str> {
        self.shop.as_deref()
    }

    fn words(&self) -> String {
        self.shop().map_or_else(String::new, |shop| format!(" of shop '{shop}'"))
    }
}

/// Does what is asked.
pub fn main(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        Command::List(list) => list.print()?,
        Command::Get(get) => {
            let flags = flags_file::read(&get.place.state_folder())?;
            println!("{}", flags.value(get.place.shop(), known(&get.key)?));
        }
        Command::Set(set) => set.set()?,
        Command::History(history) => history.print()?,
        Command::Reset(reset) => {
            let place = &reset.place;
            let at = Timestamp::now().to_string();
            let author = Author { by: &reset.who.by, at: &at };
            let was_set =
                flags_file::change(&place.state_folder(), author, |flags| flags.reset(place.shop(), &reset.key))?;
            let now = flags_file::read(&place.state_folder())?.value(place.shop(), known(&reset.key)?);
            let word = if was_set { "is again" } else { "was not set; it is" };
            println!("{}{} {word} {now}", reset.key, place.words());
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn known(key: &str) -> anyhow::Result<&'static Flag> {
    // Resetting it in what nobody keeps tells the mend of a wrong key.
    let refused = |error: crate::flags::FlagError| PipelineError::Usage { problem: error.problem, mend: error.mend };
    Overrides::default().reset(None, key).map_err(refused)?;
    find(key).ok_or_else(|| anyhow::anyhow!("there is no flag '{key}'"))
}

impl Set {
    fn set(&self) -> anyhow::Result<()> {
        // A word that is no JSON is a text, which no flag is.
        let value: Json = serde_json::from_str(&self.value).unwrap_or_else(|_| Json::from(self.value.as_str()));
        let place = &self.place;
        let at = Timestamp::now().to_string();
        let author = Author { by: &self.who.by, at: &at };
        let (flag, flags) = flags_file::change(&place.state_folder(), author, |flags| {
            let flag = flags.set(place.shop(), &self.key, &value)?;
            Ok((flag, flags.clone()))
        })?;
        println!("{}{} = {value}", flag.key, place.words());
        if let Some(switch) = flags.held_by(place.shop(), flag) {
            println!("It has no effect while {switch} is thrown.");
        }
        Ok(())
    }
}

impl History {
    fn print(&self) -> anyhow::Result<()> {
        let folder = self.workspace.state_folder(Path::new("pipelines/nightly.toml"));
        let changes = flags_history::read(&folder)?;
        if self.json {
            println!("{}", serde_json::to_string_pretty(&changes)?);
            return Ok(());
        }
        if changes.is_empty() {
            println!("No flag was changed.");
            return Ok(());
        }
        let mut table = Table::new(&["when", "who", "flag", "shop", "was", "is"]);
        let value = |value: Option<Json>| value.map_or_else(|| "default".to_owned(), |value| value.to_string());
        for change in changes {
            // Seconds are enough.
            let when = change.at.split('.').next().unwrap_or_default().to_owned();
            let shop = change.shop.unwrap_or_default();
            table.row(vec![when, change.by, change.flag, shop, value(change.old), value(change.new)]);
        }
        println!("{table}");
        Ok(())
    }
}

impl List {
    fn print(&self) -> anyhow::Result<()> {
        let flags = flags_file::read(&self.place.state_folder())?;
        let rows = self.rows(&flags);
        if self.json {
            println!("{}", serde_json::to_string_pretty(&rows)?);
            return Ok(());
        }
        if rows.is_empty() {
            println!("All flags have their defaults.");
            return Ok(());
        }
        let mut table = Table::new(&["flag", "value", "from"]);
        for row in &rows {
            let text = |key: &str| row[key].as_str().map_or_else(|| row[key].to_string(), str::to_owned);
            let from = match (row["from"].as_str(), row["shop"].as_str()) {
                (Some("shop"), Some(shop)) => format!("shop {shop}"),
                _ => text("from"),
            };
            table.row(vec![text("flag"), text("value"), from]);
            if self.about {
                table.row(vec![format!("  {} Default {}.", text("about"), text("default"))]);
            }
        }
        println!("{table}");
        Ok(())
    }

    /// The flags of the place; where only those that were changed are asked for, of all shops.
    fn rows(&self, flags: &Overrides) -> Vec<Json> {
        let registry = Registry::standard();
        let shop = self.place.shop();
        let mut places = vec![shop];
        if self.changed && shop.is_none() {
            places.extend(flags.shops().map(Some));
        }
        let of_place = |shop: Option<&str>| {
            let of_flag = |flag: &'static Flag| {
                let (value, from) = (flags.value(shop, flag), origin(flags, shop, flag));
                // What a shop has from the workspace is in the workspace's rows.
                let is_wanted =
                    !self.changed || (value != flag.default && (from != "workspace" || shop == self.place.shop()));
                let read_by = registry
                    .iter()
                    .filter(|kind| kind.flags.iter().chain(&kind.switch).any(|read| read.key == flag.key));
                let read_by: Vec<&str> = read_by.map(|kind| kind.name).collect();
                is_wanted.then(|| {
                    json!({
                        "flag": flag.key, "value": value.to_json(), "default": flag.default.to_json(), "from": from,
                        "shop": shop, "about": flag.about, "read_by": read_by,
                    })
                })
            };
            let is_asked_for = |flag: &&Flag| self.part.as_ref().is_none_or(|part| flag.key.contains(part.as_str()));
            FLAGS.iter().filter(is_asked_for).filter_map(of_flag).collect::<Vec<_>>()
        };
        places.into_iter().flat_map(of_place).collect()
    }
}

/// Where a flag's value comes from.
fn origin(flags: &Overrides, shop: Option<&str>, flag: &Flag) -> &'static str {
    match flags.held_by(shop, flag) {
        Some(_) => "kill switch",
        None if shop.is_some() && flags.own(shop, flag).is_some() => "shop",
        None if flags.own(None, flag).is_some() => "workspace",
        None => "default",
    }
}
