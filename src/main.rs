//! Starts the program.

use std::process::ExitCode;

mod cli;
mod io;
mod linking;
mod operator;
mod pipeline;
mod report;
mod sample;
mod workflows;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::main()
}
