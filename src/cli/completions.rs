//! `nightloom completions`: completion scripts for shells.

use std::process::ExitCode;

use clap::{Args, Command};
use clap_complete::Shell;

/// Print a completion script for a shell.
///
/// Example: nightloom completions bash > /etc/bash_completion.d/nightloom
#[derive(Args)]
pub struct Arguments {
    /// The shell.
    shell: Shell,
}

/// Prints the script that completes `program`.
pub fn main(arguments: &Arguments, mut program: Command) -> anyhow::Result<ExitCode> {
    clap_complete::generate(arguments.shell, &mut program, "nightloom", &mut std::io::stdout());
    Ok(ExitCode::SUCCESS)
}
