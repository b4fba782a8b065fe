//! What the figures were measured on: machine and versions.

use std::process::Command;

use crate::peers::Peers;

/// One paragraph: processor, cores, memory, system, and the versions of everything measured.
pub fn description(peers: &Peers) -> String {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let processor = first_value("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let memory = first_value("/proc/meminfo", "MemTotal")
        .and_then(|text| text.split(' ').next()?.parse::<f64>().ok())
        .map_or_else(String::new, |kib| format!(", {:.0} GiB", kib / 1024.0 / 1024.0));
    let python = ["sys", "polars", "rapidfuzz"].map(|module| match peers.version_of(module) {
        Some(version) => format!("{} {version}", if module == "sys" { "Python" } else { module }),
        None => format!("no {}", if module == "sys" { "Python" } else { module }),
    });
    format!(
        "{processor}, {cores} cores{memory}, {}; {}; peers: {}",
        std::env::consts::OS,
        program_version(),
        python.join(", ")
    )
}

fn program_version() -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_nightloom")).arg("--version").output();
    output.map_or_else(|_| "nightloom".to_owned(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn first_value(file: &str, key: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(key))?;
    line.split_once(':').map(|(_, value)| value.trim().to_owned())
}
