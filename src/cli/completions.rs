//! `nightloom completions`: completion scripts for shells.

use std::process::ExitCode;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

/// Print a completion script for a shell.
///
/// Example: nightloom completions bash > /etc/bash_completion.d/nightloom
#[derive(Args)]
pub struct Arguments {
    /// The shell.
    shell: Shell,
}

/// Prints the script.
pub fn main(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    clap_complete::generate(arguments.shell, &mut super::Nightloom::command(), "nightloom", &mut std::io::stdout());
    Ok(ExitCode::SUCCESS)
}
