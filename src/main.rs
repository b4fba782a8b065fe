//! Starts the program.

use std::process::ExitCode;

mod bundles;
mod catalog;
mod cli;
mod delimited;
mod dice;
mod embedding;
mod io;
mod linking;
mod mining;
mod operator;
mod orders;
mod pipeline;
mod report;
mod sample;
mod workflows;

// Rooms with a crate of their own keep their names.
use nightloom_alerts as alerts;
use nightloom_batch_journal as batch_journal;
use nightloom_flags as flags;
use nightloom_http as http;
use nightloom_lineage as lineage;
use nightloom_matching as matching;
use nightloom_page as page;
use nightloom_pinecone as pinecone;
use nightloom_postgres as postgres;
use nightloom_remote as remote;
use nightloom_review as review;
use nightloom_schedule as schedule;
use nightloom_server as server;
use nightloom_static_embedding as static_embedding;
use nightloom_trigger as trigger;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    pipeline::keep_freed_memory();
    io::share_allocator();
    cli::main()
}
