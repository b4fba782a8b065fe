//! A panic in a step fails the run: it neither hangs nor leaves anything half-written.

use crate::support::Place;

#[test]
fn a_panic_in_a_source_or_a_stage_fails_the_run_with_its_words_and_the_next_run_is_as_if_nothing_was() {
    for (point, step) in [
        ("step-begin", "source 'rows'"),
        ("step-begin:2", "stage 'ids'"),
        ("stage-outputs-written", "stage 'ids'"),
        ("checkpoint-before-rename:2", "stage 'ids'"),
    ] {
        let place = Place::new();
        place.write(
            "p.toml",
            "name = \"p\"\n[sources.rows]\ncsv = \"rows.csv\"\n[stages.ids]\noperator = \"sql\"\ninputs = { r = \"rows\" }\n\
             params = { query = \"SELECT id FROM r\" }\n[sinks.ids]\nfrom = \"ids\"\ncsv = \"out.csv\"\n",
        );
        place.write("rows.csv", "id,v\n1,a\n");
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
