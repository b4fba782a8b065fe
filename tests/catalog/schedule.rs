//! `nightloom schedule`: jobs of pipelines, run when they are due.

use std::fs;

use serde_json::Value;

use super::shop::FIRST;
use crate::support::{Finished, Place, project};

struct Night(Place);

impl Night {
    /// Two shops, each with an incremental job every half hour and a full one at two in Berlin.
    fn new() -> Self {
        let place = Place::new();
        fs::create_dir(place.path("pipelines")).expect("a folder");
        for (file, cron, kind) in [("catalog-sync", "*/30 * * * *", "incremental"), ("resync", "0 2 * * *", "full")] {
            let included = project().join("pipelines").join(format!("{file}.toml"));
            let jobs: Vec<String> = ["a", "b"]
                .iter()
                .map(|shop| {
                    format!("{{ namespace = \"{shop}.example\", catalog = \"{shop}.json\", index = \"{shop}.db\" }}")
                })
                .collect();
            let text = format!(
                "name = \"{file}\"\nscope = \"${{vars.namespace}}\"\ninclude = [{:?}]\n[schedule]\ncron = \"{cron}\"\n\
                 zone = \"Europe/Berlin\"\nkind = \"{kind}\"\njobs = [{}]\n",
                included.display(),
                jobs.join(", ")
            );
            fs::write(place.path(&format!("pipelines/{file}.toml")), text).expect("a pipeline");
        }
        fs::write(place.path("pipelines/other.toml"), "name = \"other\"\n").expect("a pipeline");
        for shop in ["a", "b"] {
            fs::write(place.path(&format!("{shop}.json")), FIRST).expect("a catalog");
        }
        Self(place)
    }

    fn run_due(&self, now: &str) -> (Option<i32>, Vec<String>) {
        let finished = self.0.nightloom(["schedule", "run-due", "--now", now, "--json"]);
        let rows: Vec<Value> = serde_json::from_str(&finished.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}\n{}", finished.stdout, finished.stderr));
        let told = |row: &Value| {
            let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
            format!("{} {} {} {}", text("brand"), text("job"), text("status"), row["missed"])
        };
        (finished.code, rows.iter().map(told).collect())
    }

    fn list(&self, now: &str) -> Finished {
        self.0.nightloom(["schedule", "list", "--now", now])
    }
}

#[test]
fn each_shop_has_one_job_a_time_and_what_was_missed_is_run_once() {
    let night = Night::new();
    // 02:10 in Berlin: both jobs of both shops are due, and the full one stands for the other.
    let first = night.run_due("2026-03-10T01:10:00Z");
    assert_eq!(first, (Some(0), vec!["a.example resync done 1".to_owned(), "b.example resync done 1".to_owned()]));
    assert!(night.0.path("a.db").exists() && night.0.path("b.db").exists());
    assert_eq!(night.run_due("2026-03-10T01:29:59Z"), (Some(0), vec![]));
    // Hours later: six slots were missed, and are one run.
    let later = night.run_due("2026-03-10T04:15:00Z");
    assert_eq!(later.1, ["a.example catalog-sync done 6", "b.example catalog-sync done 6"]);
    let listed = night.list("2026-03-10T04:20:00Z").expect_success().stdout;
    assert!(listed.contains("03-10 04:30Z") && listed.contains("03-11 01:00Z"), "{listed}");
    // A catalog that is gone fails its own job alone, which is due again at the next slot.
    fs::remove_file(night.0.path("a.json")).expect("no catalog");
    let failed = night.run_due("2026-03-10T04:30:00Z");
    assert_eq!(
        failed,
        (Some(1), vec!["a.example catalog-sync failed 1".to_owned(), "b.example catalog-sync done 1".to_owned()])
    );
    assert_eq!(night.run_due("2026-03-10T04:31:00Z").1, Vec::<String>::new());
    assert_eq!(night.run_due("2026-03-10T05:00:00Z").1.len(), 2);
}

#[test]
fn on_the_nights_when_clocks_change_the_full_job_is_run_once() {
    for (before, during, after) in [
        // 02:00 is skipped: the job comes at 03:00, which is 01:00 UTC.
        ("2026-03-29T00:45:00Z", "2026-03-29T01:00:00Z", "2026-03-29T02:30:00Z"),
        // 02:00 is there twice, at 00:00 and 01:00 UTC: the first counts.
        ("2026-10-24T23:45:00Z", "2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z"),
    ] {
        let night = Night::new();
        night.run_due(before);
        assert_eq!(night.run_due(during).1[0], "a.example resync done 1", "{during}");
        assert_eq!(night.run_due(after).1[0].split(' ').nth(1), Some("catalog-sync"), "{after}");
    }
}

#[test]
fn a_killed_job_is_due_again_and_one_that_somebody_runs_is_left_alone() {
    let night = Night::new();
    let now = "2026-03-10T01:10:00Z";
    let killed = night
        .0
        .command(["schedule", "run-due", "--now", now])
        .env("NIGHTLOOM_FAILPOINT", "index-before-commit")
        .output()
        .expect("starts");
    assert_ne!(killed.status.code(), Some(0));
    let again = night.run_due(now);
    assert_eq!(again.1, ["a.example resync done 1", "b.example resync done 1"]);
    // Whoever holds the lock of the shop's jobs is not waited for.
    let lock = night.0.path(".nightloom/schedules/a.example.schedule.lock");
    let held = fs::File::options().write(true).open(&lock).expect("a lock");
    held.lock().expect("ours");
    let busy = night.run_due("2026-03-10T01:30:00Z");
    assert_eq!(
        busy,
        (Some(3), vec!["a.example catalog-sync busy 1".to_owned(), "b.example catalog-sync done 1".to_owned()])
    );
    drop(held);
    assert_eq!(night.run_due("2026-03-10T01:31:00Z").1, ["a.example catalog-sync done 1"]);
}

#[test]
fn a_schedule_that_cannot_be_is_told_with_its_line_and_dry_runs_run_nothing() {
    let night = Night::new();
    let dry = night.0.nightloom(["schedule", "run-due", "--now", "2026-03-10T01:10:00Z", "--dry-run"]).expect_success();
    assert!(dry.stdout.contains("resync of a.example: due") && !night.0.path("a.db").exists(), "{}", dry.stdout);
    for (wrong, words) in [
        ("cron = \"61 * * * *\"", "is no schedule"),
        ("cron = \"0 2 * * *\"\nzone = \"Europe/Atlantis\"", "no time zone 'Europe/Atlantis'"),
        ("cron = \"0 2 * * *\"\nzome = \"UTC\"", "unknown key 'zome'"),
    ] {
        let text = format!("name = \"x\"\n[sources.s]\ncsv = \"x.csv\"\n[schedule]\n{wrong}\n");
        fs::write(night.0.path("pipelines/wrong.toml"), text).expect("a pipeline");
        let finished = night.0.nightloom(["schedule", "list"]);
        assert_eq!(finished.code, Some(2), "{wrong}: {}", finished.stderr);
        assert!(finished.stderr.contains(words) && finished.stderr.contains("wrong.toml:"), "{}", finished.stderr);
    }
    let none = night.0.nightloom(["schedule", "list", "pipelines/other.toml"]);
    assert_eq!(none.code, Some(2), "{}", none.stderr);
}
