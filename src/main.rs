//! Starts the program.

use std::process::ExitCode;

mod cli;
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

/// mimalloc's option `purge_delay`, which its bindings do not name.
const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;

fn main() -> ExitCode {
    keep_freed_memory();
    io::share_allocator();
    cli::main()
}

/// A batch run takes again what it gave back: freed memory stays with the process instead of going to the system and
/// coming back as pages that must be cleared first. At a million rows that is a third of the time in the kernel.
fn keep_freed_memory() {
    // SAFETY: sets a number among the allocator's options; no memory changes hands.
    unsafe {
        libmimalloc_sys::mi_option_set(PURGE_DELAY, -1);
    }
}
