//! How much memory the process holds, and what becomes of memory that is freed.

use libmimalloc_sys::{mi_collect, mi_option_set, mi_option_t};

/// mimalloc's option `purge_delay`, which its bindings do not name: milliseconds.
const PURGE_DELAY: mi_option_t = 15;

/// Longer than a night.
const NEVER_BY_ITSELF: std::ffi::c_long = 100_000_000;

/// Freed memory up to this is kept from step to step, and no more than a quarter of what the run may use.
const KEPT_BYTES: u64 = 1 << 30;

/// Bytes of memory that a step is reckoned to need for each byte of the checkpoints it reads, which are compressed.
const RECKONED_PER_BYTE: u64 = 4;

/// The bytes of memory that a step is reckoned to need that reads checkpoints of so many.
pub fn reckoned(checkpoint_bytes: u64) -> u64 {
    checkpoint_bytes.saturating_mul(RECKONED_PER_BYTE)
}

/// The bytes of memory that a step is reckoned to need that needed `bytes` for `rows_then` rows and reads `rows_now`.
/// Fewer rows may be as dear as before.
pub fn reckoned_by_rows(bytes: u64, rows_then: u64, rows_now: u64) -> u64 {
    if rows_now <= rows_then || rows_then == 0 {
        return bytes;
    }
    let scaled = u128::from(bytes) * u128::from(rows_now) / u128::from(rows_then);
    u64::try_from(scaled).unwrap_or(u64::MAX)
}

/// Whether a step that is reckoned to need `reckoned` bytes may be begun beside those that run and are reckoned to need
/// `running`: while half of `memory` is free, and half of it is reckoned to suffice for all.
pub fn fits_beside(reckoned: u64, running: u64, resident: u64, memory: u64) -> bool {
    resident <= memory / 2 && running.saturating_add(reckoned) <= memory / 2
}

/// A batch run takes again what it gave back: freed memory stays with the process instead of going to the system and
/// coming back as pages that must be cleared first. At a million rows that is a third of the time in the kernel.
pub fn keep_freed_memory() {
    // SAFETY: sets a number among the allocator's options; no memory changes hands.
    unsafe { mi_option_set(PURGE_DELAY, NEVER_BY_ITSELF) }
}

/// Gives freed memory to the system between steps, where much is resident: what one step needed most must not lie beside
/// what the next one needs. `memory` is what the run may use.
pub fn give_back_much(memory: u64) {
    if resident_bytes() > KEPT_BYTES.min(memory / 4) {
        // Each thread has pages of its own. Those at work come to it when they are done.
        rayon::spawn_broadcast(|_| collect());
        collect();
    }
}

fn collect() {
    // SAFETY: frees pages that hold nothing.
    unsafe { mi_collect(true) }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_begun_beside_others_while_half_of_the_memory_is_free_and_suffices_for_all() {
        assert!(fits_beside(30, 20, 50, 100));
        assert!(!fits_beside(31, 20, 50, 100), "too much for half");
        assert!(!fits_beside(0, 0, 51, 100), "too much is resident already");
        assert!(!fits_beside(u64::MAX, 20, 0, 100));
        assert_eq!(reckoned(u64::MAX), u64::MAX);
    }

    #[test]
    fn a_step_needs_what_it_needed_and_more_for_more_rows() {
        assert_eq!(reckoned_by_rows(100, 10, 5), 100);
        assert_eq!(reckoned_by_rows(100, 10, 25), 250);
        assert_eq!(reckoned_by_rows(100, 0, 25), 100);
        assert_eq!(reckoned_by_rows(u64::MAX, 1, 2), u64::MAX);
    }
}
