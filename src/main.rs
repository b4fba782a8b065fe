//! Starts the program.

use std::process::ExitCode;

mod cli;
mod io;
mod linking;
mod operator;
mod pipeline;
mod report;
mod sample;

fn main() -> ExitCode {
    cli::main()
}
