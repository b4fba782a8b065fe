//! Memory has a bound: four times the rows may not take four times the memory.

mod baskets;
mod workflows;

use std::process::{Command, Stdio};

/// The most memory that a process held, in bytes. It runs with one thread, so that what is in work at a time is the same
/// on every machine.
#[track_caller]
#[expect(clippy::zombie_processes, reason = "wait4 waits for it")]
fn peak(command: &mut Command) -> u64 {
    command.env("POLARS_MAX_THREADS", "1").env("RAYON_NUM_THREADS", "1");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn().expect("the program starts");
    let mut status = 0;
    // SAFETY: `rusage` is plain numbers, for which zero is a value; `wait4` only writes to the two places given.
    let (usage, waited) = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        let waited = libc::wait4(child.id().cast_signed(), &raw mut status, 0, &raw mut usage);
        (usage, waited)
    };
    assert!(waited > 0 && libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0, "{command:?} failed");
    // Linux counts in KiB, macOS in bytes.
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    usage.ru_maxrss.unsigned_abs() * unit
}

/// What a row more took, between so many rows and so many.
#[track_caller]
fn assert_grows_by_less(name: &str, limit: u64, (few, few_peak): (u64, u64), (many, many_peak): (u64, u64)) {
    let bytes = many_peak.saturating_sub(few_peak) / (many - few);
    println!("{name}: {bytes} bytes a row of {limit}: {few_peak} and {many_peak}");
    assert!(bytes < limit, "{name}: a row more took {bytes} bytes: {few} rows {few_peak}, {many} rows {many_peak}");
}
