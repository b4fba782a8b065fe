//! A panic in a step fails the run: it neither hangs nor leaves anything half-written.

use crate::support::Place;

/// A source of one row, a stage and a file.
fn place() -> Place {
    let place = Place::new();
    place.write(
        "p.toml",
        "name = \"p\"\n[sources.rows]\ncsv = \"rows.csv\"\n[stages.ids]\noperator = \"sql\"\ninputs = { r = \"rows\" }\n\
         params = { query = \"SELECT id FROM r\" }\n[sinks.ids]\nfrom = \"ids\"\ncsv = \"out.csv\"\n",
    );
    place.write("rows.csv", "id,v\n1,a\n");
    place
}

#[test]
fn a_panic_in_a_source_or_a_stage_fails_the_run_with_its_words_and_the_next_run_is_as_if_nothing_was() {
    for (point, step) in [
        ("step-begin", "source 'rows'"),
        ("step-begin:2", "stage 'ids'"),
        ("stage-outputs-written", "stage 'ids'"),
        ("checkpoint-before-rename:2", "stage 'ids'"),
    ] {
        let place = place();
        let mut command = place.command(["run", "p.toml"]);
        let failed = command.env("NIGHTLOOM_FAILPOINT", format!("panic@{point}")).output().expect("the program starts");
        let words = String::from_utf8_lossy(&failed.stderr).into_owned();
        assert_eq!(failed.status.code(), Some(1), "{words}");
        assert!(words.contains(&format!("{step} ended unexpectedly: the failpoint")), "{words}");
        assert!(!place.path("out.csv").exists(), "{point}");
        let status = place.nightloom(["status", "p.toml"]).expect_success().stdout;
        assert!(status.contains("failed"), "{status}");
        place.run(&[]).expect_success();
        assert_eq!(place.read("out.csv"), "id\n1\n", "{point}");
    }
}

#[test]
fn a_resumed_run_is_about_the_instant_of_the_one_before_and_does_what_that_left() {
    let place = place();
    let none = place.run(&["--resume"]);
    assert!(none.code == Some(2) && none.stderr.contains("no run of 'p' to resume"), "{}", none.stderr);
    let mut command = place.command(["run", "p.toml", "--as-of", "2026-02-03", "--seed", "7"]);
    let failed =
        command.env("NIGHTLOOM_FAILPOINT", "panic@stage-outputs-written").output().expect("the program starts");
    assert_eq!(failed.status.code(), Some(1));
    let resumed = place.run(&["--resume", "--json"]).expect_success();
    let results: serde_json::Value = serde_json::from_str(&resumed.stdout).expect("JSON");
    assert_eq!((&results["as_of"], &results["seed"]), (&"2026-02-03T00:00:00Z".into(), &7.into()));
    let states: Vec<_> = results["steps"].as_array().expect("steps").iter().map(|row| row["status"].as_str()).collect();
    assert_eq!(states, [Some("fresh"), Some("done"), Some("written")]);
    assert!(place.run(&["--resume", "--as-of", "2026-02-03"]).code == Some(2), "both at a time");
}
