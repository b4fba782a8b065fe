//! Ctrl-C and SIGTERM end a run cleanly, and a full disk leaves nothing half-written.

use std::{
    io,
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
};

use super::shop::{dump, text, wait_until};
use crate::support::{Finished, Place};

const PIPELINE: &str = r#"
name = "slow"

[sources.rows]
csv = "rows.csv"

[stages.pairs]
operator = "sql"
inputs = { a = "rows", b = "rows" }
params = { query = "SELECT SUM(a.n * b.n) AS s, MAX(a.n - b.n) AS m FROM a CROSS JOIN b" }

[stages.after]
operator = "sql"
inputs = { p = "pairs" }
params = { query = "SELECT s FROM p" }

[sinks.after]
from = "after"
sqlite = "shop.db"
table = "t"
"#;

fn place(count: u32) -> Place {
    let place = Place::new();
    place.write("p.toml", PIPELINE);
    write_rows(&place, count);
    place
}

fn write_rows(place: &Place, count: u32) {
    let lines: String = (0..count).map(|n| format!("{n}\n")).collect();
    place.write("rows.csv", format!("n\n{lines}"));
}

fn send(run: &Child, signal: libc::c_int) {
    let pid = libc::pid_t::try_from(run.id()).expect("a process id");
    // SAFETY: sends a signal to our own child, which was not waited for yet.
    assert_eq!(unsafe { libc::kill(pid, signal) }, 0);
}

#[test]
fn a_signal_ends_a_run_with_130_and_the_next_run_finishes() {
    for signal in [libc::SIGINT, libc::SIGTERM] {
        let place = place(12_000);
        let mut command = place.command(["run", "p.toml"]);
        let run = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a run");
        wait_until(|| place.path(".nightloom/checkpoints/slow/rows/latest.json").exists());
        send(&run, signal);
        let ended = Finished::from(run.wait_with_output().expect("an end"));
        assert_eq!(ended.code, Some(130), "{}\n{}", ended.stdout, ended.stderr);
        assert!(ended.stderr.contains("interrupted"), "{}", ended.stderr);
        assert!(!place.path("shop.db").exists());
        let status = place.nightloom(["status", "p.toml", "--json"]).expect_success().stdout;
        let status: serde_json::Value = serde_json::from_str(&status).expect("JSON");
        assert_eq!(text(&status["runs"][0]["status"]), "interrupted");
        write_rows(&place, 4);
        place.run(&[]).expect_success();
        assert_eq!(place.query("shop.db", "SELECT * FROM t"), ["36"]);
        place.assert_fresh("after the signal");
    }
}

/// A program that may write no file longer than this, as on a full disk.
fn with_files_up_to(command: &mut Command, bytes: u64) {
    // SAFETY: two system calls between fork and exec.
    unsafe {
        command.pre_exec(move || {
            let limit = libc::rlimit { rlim_cur: bytes, rlim_max: bytes };
            // The signal that comes with the limit is ignored: writes fail with an error, as on a full disk.
            if libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit) != 0
                || libc::signal(libc::SIGXFSZ, libc::SIG_IGN) == libc::SIG_ERR
            {
                return Err(io::Error::last_os_error());
            }
            Ok(())
        });
    }
}

/// Two sinks whose size can be told apart from that of the checkpoints and of the journal.
const WIDE: &str = r#"
name = "wide"

[sources.rows]
csv = "rows.csv"

[stages.wide]
operator = "sql"
inputs = { r = "rows" }
params = { query = "SELECT n, 'a long text that compresses well, a long text that compresses well' AS text FROM r ORDER BY n" }

[sinks.table]
from = "wide"
sqlite = "shop.db"
table = "t"
columns = ["n"]

[sinks.file]
from = "wide"
csv = "out/wide.csv"

[sinks.parquet]
from = "wide"
parquet = "out/wide.parquet"
"#;

#[test]
fn a_full_disk_is_a_clear_error_wherever_it_strikes_and_nothing_is_half_written() {
    for (kilobytes, where_it_strikes) in [(4, ""), (40, ""), (150, ""), (800, "wide.csv"), (2_000, "")] {
        let place = Place::new();
        place.write("p.toml", WIDE);
        write_rows(&place, 20_000);
        place.sql("shop.db", "CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (0)");
        place.write("out/wide.csv", "old\n");
        let old = dump(&place.path("shop.db"));
        let mut command = place.command(["run", "p.toml"]);
        with_files_up_to(&mut command, kilobytes << 10);
        let run = Finished::from(command.output().expect("a run"));
        let said = &run.stderr;
        if kilobytes >= 2_000 {
            assert_eq!(run.code, Some(0), "{said}");
            continue;
        }
        assert_eq!(run.code, Some(1), "{kilobytes} KiB: {said}");
        let clear = said.contains("no room left")
            || said.contains("File too large")
            || said.contains("disk is full")
            || said.contains("disk I/O error");
        assert!(clear && said.contains(where_it_strikes) && !said.contains("panicked"), "{kilobytes} KiB: {said}");
        let now = dump(&place.path("shop.db"));
        assert!(now == old || now.matches("\n  ").count() > 20_000, "{kilobytes} KiB: half a table");
        assert_eq!(place.read("out/wide.csv"), "old\n", "{kilobytes} KiB");
        let left: Vec<_> =
            std::fs::read_dir(place.path("out")).expect("a folder").flatten().map(|e| e.file_name()).collect();
        assert!(left.iter().all(|name| !name.to_string_lossy().contains("partial")), "{left:?}");

        place.run(&[]).expect_success();
        assert_eq!(place.query("shop.db", "SELECT COUNT(*) FROM t"), ["20000"]);
        assert_eq!(place.read("out/wide.csv").lines().count(), 20_001);
        place.assert_fresh("after the full disk");
    }
}
