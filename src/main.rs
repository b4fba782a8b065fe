//! Starts the program.

use std::process::ExitCode;

mod catalog;
mod cli;
mod delimited;
mod flags;
mod io;
mod linking;
mod mining;
mod operator;
mod orders;
mod pipeline;
mod report;
mod sample;
mod workflows;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    pipeline::keep_freed_memory();
    io::share_allocator();
    cli::main()
}
