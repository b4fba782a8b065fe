//! Starts the program.

use std::process::ExitCode;

mod bundles;
mod catalog;
mod cli;
mod delimited;
mod dice;
mod embedding;
mod flags;
mod io;
mod linking;
mod mining;
mod operator;
mod orders;
mod pipeline;
mod report;
mod review;
mod sample;
mod workflows;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    pipeline::keep_freed_memory();
    io::share_allocator();
    cli::main()
}
