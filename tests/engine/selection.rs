//! Selection as dbt users know it.

use crate::support::Place;

/// a → b → c → d, and beside them e, from the same source; x from another.
const PIPELINE: &str = r#"
name = "select"

[sources.one]
csv = "one.csv"

[sources.two]
csv = "two.csv"

[stages.a]
operator = "sql"
inputs = { t = "one" }
params = { query = "SELECT * FROM t ORDER BY n" }
tags = ["early", "nightly"]

[stages.b]
operator = "sql"
inputs = { t = "a" }
params = { query = "SELECT * FROM t ORDER BY n" }
tags = ["early"]

[stages.c]
operator = "sql"
inputs = { t = "b" }
params = { query = "SELECT * FROM t ORDER BY n" }
tags = ["nightly"]

[stages.d]
operator = "sql"
inputs = { t = "c" }
params = { query = "SELECT * FROM t ORDER BY n" }

[stages.extra]
operator = "sql"
inputs = { t = "one" }
params = { query = "SELECT * FROM t ORDER BY n" }

[stages.other]
operator = "sql"
inputs = { t = "two" }
params = { query = "SELECT * FROM t ORDER BY n" }

[sinks.file]
from = "d"
csv = "d.csv"
"#;

fn place() -> Place {
    let place = Place::new();
    place.write("p.toml", PIPELINE);
    place.write("one.csv", "n\n1\n2\n");
    place.write("two.csv", "n\n3\n");
    place
}

/// The stages that a selection does by force.
#[track_caller]
fn chosen(place: &Place, arguments: &[&str]) -> String {
    let plan = place.plan(&[&["--force"], arguments].concat());
    let stages = plan.iter().filter(|(_, (_, why))| why == "forced" || why.starts_with("fresh if"));
    stages.map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(" ")
}

#[test]
fn every_form_of_selection_chooses_what_it_says() {
    let place = place();
    place.run(&[]).expect_success();
    for (arguments, expected) in [
        (&[][..], "a b c d extra other"),
        (&["--select", "b"], "b"),
        (&["--select", "b+"], "b c d"),
        (&["--select", "+b"], "a b"),
        (&["--select", "+b+"], "a b c d"),
        (&["--select", "b+1"], "b c"),
        (&["--select", "1+c"], "b c"),
        (&["--select", "1+c+1"], "b c d"),
        (&["--select", "a other"], "a other"),
        (&["--select", "a", "--select", "other"], "a other"),
        (&["-s", "tag:nightly"], "a c"),
        (&["-s", "tag:nightly,tag:early"], "a"),
        (&["-s", "tag:early+"], "a b c d"),
        (&["-s", "+c,b+"], "b c"),
        (&["-s", "e*"], "extra"),
        (&["-s", "stage:?"], "a b c d"),
        (&["-s", "source:one+"], "a b c d extra"),
        (&["-s", "one+1"], "a extra"),
        (&["--from", "c"], "c d"),
        (&["--only", "c"], "c"),
        (&["--exclude", "tag:early"], "c d extra other"),
        (&["--exclude", "b+"], "a extra other"),
        (&["--select", "a+", "--exclude", "c", "--exclude", "d"], "a b"),
    ] {
        assert_eq!(chosen(&place, arguments), expected, "{arguments:?}");
    }
}

#[test]
fn what_is_not_selected_is_neither_done_nor_written() {
    let place = place();
    let did = place.run_states(&["--select", "+b"]);
    assert_eq!(did.keys().map(String::as_str).collect::<Vec<_>>(), ["a", "b", "one"]);
    assert!(!place.path("d.csv").exists());
    let did = place.run_states(&["--select", "c+"]);
    assert_eq!((did["c"].as_str(), did["file"].as_str()), ("done", "written"), "{did:?}");
    assert_eq!(place.read("d.csv"), "n\n1\n2\n");
}

#[test]
fn a_stage_alone_takes_its_inputs_from_checkpoints_and_says_which_is_missing() {
    let place = place();
    for command in ["plan", "run"] {
        let failed = place.nightloom([command, "p.toml", "--only", "c"]);
        assert_eq!(failed.code, Some(2), "{command}: {}", failed.stderr);
        for words in ["stage 'c'", "dataset 'b'", "no whole checkpoint", "--select b", "+c"] {
            assert!(failed.stderr.contains(words), "{command}: {}", failed.stderr);
        }
    }
    place.run(&["--select", "+b"]).expect_success();
    // The source changed since, but a stage alone is about its own inputs.
    place.write("one.csv", "n\n5\n");
    let did = place.run_states(&["--only", "c"]);
    assert_eq!(did.into_iter().collect::<Vec<_>>(), [("c".to_owned(), "done".to_owned())]);
    // A stage that reads a source reads it as it is now.
    let did = place.run_states(&["--only", "a"]);
    assert_eq!((did["one"].as_str(), did["a"].as_str()), ("done", "done"));
}

#[test]
fn a_name_that_selects_nothing_is_an_error_with_the_nearest_name() {
    let place = place();
    for (arguments, words) in [
        (&["--select", "extar"][..], "did you mean 'extra'?"),
        (&["--from", "othr"], "did you mean 'other'?"),
        (&["--exclude", "zzzzzzzz"], "there are: one, two, a, b"),
        (&["--select", "tag:weekly"], "selects nothing"),
        (&["--select", "a", "--only", "b"], "cannot be used with"),
    ] {
        let failed = place.run(arguments);
        assert_eq!(failed.code, Some(2), "{arguments:?}: {}", failed.stderr);
        assert!(failed.stderr.contains(words), "{arguments:?}: {}", failed.stderr);
    }
    assert!(!place.path(".nightloom/checkpoints").exists());
}

#[test]
fn a_selection_that_comes_out_empty_is_an_error_that_names_the_part_that_emptied_it() {
    let place = place();
    for (arguments, words) in [
        (&["--select", ""][..], "an empty text selects nothing"),
        (&["--select", "  ", "--select", ""], "an empty text selects nothing"),
        (&["--only", ""], "an empty text selects nothing"),
        (&["--select", "b,tag:nightly"], "'b,tag:nightly' selects nothing: 'tag:nightly' has no step in common"),
        (&["--select", "b,tag:nightly d,extra"], "'tag:nightly' has no step in common"),
        (&["--select", "tag:early,b+,d,a"], "'d' has no step in common"),
        (&["--select", "b", "--exclude", "b"], "nothing is left of the selection after --exclude 'b'"),
        (&["--only", "b", "--exclude", "extra a+"], "after --exclude 'a+'"),
        (&["--exclude", "*"], "after --exclude '*'"),
        (&["--from", "c", "--exclude", "stage:*"], "after --exclude 'stage:*'"),
    ] {
        for command in ["plan", "run"] {
            let failed = place.nightloom([command, "p.toml"].iter().chain(arguments));
            assert_eq!(failed.code, Some(2), "{command} {arguments:?}: {}", failed.stderr);
            assert!(failed.stderr.contains(words), "{command} {arguments:?}: {}", failed.stderr);
            assert!(failed.stderr.contains("--allow-empty"), "{command} {arguments:?}: {}", failed.stderr);
        }
        let allowed = place.run(&[arguments, &["--allow-empty"]].concat()).expect_success();
        assert!(!place.path("d.csv").exists(), "{arguments:?}: {}", allowed.stdout);
    }
    // Of a union one part may give nothing.
    assert_eq!(chosen(&place, &["--select", "b,tag:nightly extra"]), "");
    let plan = place.plan(&["--select", "b,tag:nightly extra"]);
    assert_eq!((plan["extra"].0.as_str(), plan["b"].0.as_str()), ("new", "not selected"));
    // What nothing is called today is no error either, but a misspelt name is.
    place.run(&["--allow-empty", "--select", "tag:weekly zz*"]).expect_success();
    assert_eq!(place.run(&["--allow-empty", "--select", "extar"]).code, Some(2));
}
