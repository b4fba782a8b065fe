//! Whole processes, measured from outside: wall time and peak memory.

use std::{
    fs::File,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// What a process took.
#[derive(Clone, Copy)]
pub struct Measured {
    /// From start to end.
    pub wall: Duration,
    /// Largest resident memory, bytes.
    pub peak: u64,
}

/// Runs `command` to its end with its output in `log`.
pub fn measure(command: &mut Command, log: &Path) -> Result<Measured, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", log.display());
    let output = File::create(log).map_err(failed)?;
    let errors = output.try_clone().map_err(failed)?;
    command.stdin(Stdio::null()).stdout(output).stderr(errors);
    let start = Instant::now();
    let child = command.spawn().map_err(|error| format!("{command:?} does not start: {error}"))?;
    let mut status = 0;
    // SAFETY: `rusage` is plain numbers, for which zero is a value; `wait4` only writes to the two places given.
    let (usage, waited) = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        let waited = libc::wait4(child.id().cast_signed(), &raw mut status, 0, &raw mut usage);
        (usage, waited)
    };
    let wall = start.elapsed();
    if waited < 0 || !libc::WIFEXITED(status) || libc::WEXITSTATUS(status) != 0 {
        let words = std::fs::read_to_string(log).unwrap_or_default();
        let tail: Vec<&str> = words.lines().rev().take(20).collect();
        let tail: Vec<&str> = tail.into_iter().rev().collect();
        return Err(format!("{command:?} failed (status {status}):\n{}", tail.join("\n")));
    }
    // Linux counts in KiB, macOS in bytes.
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    Ok(Measured { wall, peak: usage.ru_maxrss.unsigned_abs() * unit })
}

/// The median of the times and the largest of the peaks.
pub fn median(mut runs: Vec<Measured>) -> Option<Measured> {
    runs.sort_by_key(|run| run.wall);
    let peak = runs.iter().map(|run| run.peak).max()?;
    runs.get(runs.len() / 2).map(|run| Measured { wall: run.wall, peak })
}
