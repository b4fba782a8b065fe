//! How much memory the process holds.

/// Bytes resident now; 0 where the system does not tell.
pub fn resident_bytes() -> u64 {
    status_field("VmRSS:")
}

/// The most bytes that were ever resident; 0 where the system does not tell.
pub fn peak_bytes() -> u64 {
    status_field("VmHWM:")
}

fn status_field(name: &str) -> u64 {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return 0 };
    let kilobytes = status
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|number| number.parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}
