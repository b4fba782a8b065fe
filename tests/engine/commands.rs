//! The other commands: what they print, with an example in each help, and that a closed pipe is no panic.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

use crate::support::Place;

const PIPELINE: &str = r#"
name = "shown"

[sources.orders]
csv = "orders.csv"

[stages.totals]
operator = "sql"
inputs = { o = "orders" }
params = { query = "SELECT COUNT(*) AS n FROM o" }

[sinks.file]
from = "totals"
csv = "out.csv"

[verify.right]
title = "There are orders"
sqlite = "shop.db"
query = "SELECT COUNT(*) AS n FROM orders"
expect = { between = { n = [1, 9] } }
"#;

fn place() -> Place {
    let place = Place::new();
    place.write("p.toml", PIPELINE);
    place.write("orders.csv", "id\n1\n2\n");
    place.sql("shop.db", "CREATE TABLE orders (id); INSERT INTO orders VALUES (1)");
    place
}

const COMMANDS: [&str; 14] = [
    "plan",
    "report",
    "run",
    "status",
    "graph",
    "check",
    "verify",
    "clean",
    "operators",
    "schema",
    "sample",
    "itemsets",
    "recommend",
    "completions",
];

#[test]
fn every_help_has_an_example_and_the_whole_names_the_exit_codes() {
    let place = place();
    let help = place.nightloom(["--help"]).expect_success().stdout;
    assert!(help.contains("Examples:") && help.contains("130 interrupted"), "{help}");
    for command in COMMANDS {
        assert!(help.contains(&format!("  {command}")), "{command} is not listed");
        let own = place.nightloom([command, "--help"]).expect_success().stdout;
        let example = own.contains("Example") && own.contains(&format!("nightloom {command}"));
        assert!(example || command == "sample", "{command} --help has no example:\n{own}");
    }
    let nothing = place.nightloom::<&str>([]);
    assert_eq!(nothing.code, Some(2));
    let odd = place.nightloom(["paln"]);
    assert!(odd.code == Some(2) && odd.stderr.contains("plan"), "{}", odd.stderr);
}

#[test]
fn operators_schema_graph_check_verify_and_completions_print_what_they_promise() {
    let place = place();
    let print = |arguments: &[&str]| place.nightloom(arguments).expect_success().stdout;
    assert!(print(&["operators"]).contains("sql"));
    let one = print(&["operators", "sql"]);
    assert!(one.contains("query") && one.contains("Version 1"), "{one}");
    assert!(print(&["operators", "--markdown"]).contains("## sql"));
    let unknown = place.nightloom(["operators", "slq"]);
    assert!(unknown.code == Some(2) && unknown.stderr.contains("did you mean 'sql'?"), "{}", unknown.stderr);

    let schema: serde_json::Value = serde_json::from_str(&print(&["schema"])).expect("JSON");
    assert!(schema["properties"]["stages"].is_object(), "{schema}");

    let mermaid = print(&["graph", "p.toml"]);
    for line in ["flowchart LR", "[(\"orders\")]", "[\"totals: sql\"]", "-->|orders|", "[/\"file\"/]"] {
        assert!(mermaid.contains(line), "{line}: {mermaid}");
    }
    let dot = print(&["graph", "p.toml", "--format", "dot"]);
    assert!(
        dot.starts_with("digraph") && dot.contains("label=\"totals: sql\"") && dot.trim_end().ends_with('}'),
        "{dot}"
    );

    let checked = print(&["check", "p.toml"]);
    assert!(checked.contains("'shown' is right. Sources: 1, stages: 1, sinks: 1"), "{checked}");
    assert!(!place.path(".nightloom").exists(), "check makes nothing");

    assert!(print(&["verify", "p.toml"]).contains("1 queries, 0 failed"));
    place.sql("shop.db", "DELETE FROM orders");
    let failed = place.nightloom(["verify", "p.toml"]);
    assert!(
        failed.code == Some(1) && failed.stdout.contains("n = ") | failed.stdout.contains("fail"),
        "{}",
        failed.stdout
    );

    place.write(
        "p.toml",
        PIPELINE.replace("COUNT(*) AS n", "lost AS n")
            + "[verify.more]\nsqlite = \"shop.db\"\nquery = \"SELECT 1 AS one\"\n",
    );
    let refused = place.nightloom(["verify", "p.toml"]);
    assert!(
        refused.code == Some(1)
            && refused.stdout.contains("no such column")
            && refused.stdout.contains("2 queries, 1 failed"),
        "{}{}",
        refused.stdout,
        refused.stderr
    );

    for shell in ["bash", "zsh", "fish"] {
        assert!(print(&["completions", shell]).contains("nightloom"), "{shell}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let place = place();
    for arguments in [
        &["plan", "p.toml"][..],
        &["run", "p.toml"],
        &["operators", "--markdown"],
        &["schema"],
        &["completions", "bash"],
    ] {
        let mut command = place.command(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a start");
        let mut line = String::new();
        BufReader::with_capacity(16, child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        let ended = child.wait_with_output().expect("an end");
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(
            !line.is_empty() && !said.contains("panicked") && !said.contains("Broken pipe"),
            "{arguments:?}: {said}"
        );
    }
}

#[test]
fn state_lives_beside_the_pipelines_folder_or_where_it_is_told_to() {
    let place = Place::new();
    place.write("shop/pipelines/p.toml", PIPELINE);
    place.write("shop/pipelines/orders.csv", "id\n1\n");
    place.nightloom(["run", "shop/pipelines/p.toml"]).expect_success();
    assert!(place.path("shop/.nightloom/journal.db").exists());
    assert!(place.path("shop/pipelines/out.csv").exists(), "paths are relative to the file");
    place.nightloom(["run", "shop/pipelines/p.toml", "--workspace", "w"]).expect_success();
    assert!(place.path("w/.nightloom/journal.db").exists());
    let by_environment =
        place.command(["run", "shop/pipelines/p.toml"]).env("NIGHTLOOM_WORKSPACE", "v").output().expect("a run");
    assert!(by_environment.status.success() && place.path("v/.nightloom/journal.db").exists());
}

#[test]
fn variables_come_from_set_before_environment_before_default() {
    let place = Place::new();
    let pipeline = "name = \"v\"\n[vars]\nout = { default = \"a\", env = \"SHOP_OUT\" }\nfrom = { default = 1 }\n[sources.x]\ncsv = \"x.csv\"\n\
                    [stages.s]\noperator = \"sql\"\ninputs = { x = \"x\" }\nparams = { query = \"SELECT * FROM x WHERE id >= ${vars.from}\" }\n\
                    [sinks.s]\nfrom = \"s\"\ncsv = \"${vars.out}/s.csv\"\n";
    place.write("pipelines/p.toml", pipeline);
    place.write("pipelines/x.csv", "id\n1\n2\n");
    let run = |arguments: &[&str], environment: &str| {
        let mut command = place.command(["run", "pipelines/p.toml"].iter().chain(arguments));
        let ended = command.env("SHOP_OUT", environment).output().expect("a run");
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    };
    run(&[], "");
    assert_eq!(place.read("pipelines/a/s.csv"), "id\n1\n2\n");
    run(&[], "b");
    assert_eq!(place.read("b/s.csv"), "id\n1\n2\n", "a path of the environment is relative to where one is");
    run(&["--set", "vars.out=c", "--set", "vars.from=2"], "b");
    assert_eq!(place.read("c/s.csv"), "id\n2\n");
}

#[test]
fn included_files_make_one_pipeline_and_keep_their_tags_and_paths() {
    let place = Place::new();
    place.write("p.toml", "name = \"night\"\ninclude = [\"parts/a.toml\", \"parts/b.toml\"]\n");
    place.write("parts/a.toml", "name = \"a\"\ntags = [\"first\"]\n[sources.x]\ncsv = \"x.csv\"\n[stages.one]\noperator = \"sql\"\ninputs = { x = \"x\" }\nparams = { query = \"SELECT * FROM x\" }\n");
    place.write("parts/b.toml", "name = \"b\"\n[stages.two]\noperator = \"sql\"\ninputs = { x = \"one\" }\nparams = { query = \"SELECT idd FROM x\" }\n");
    place.write("parts/x.csv", "id\n1\n");
    let failed = place.run(&[]);
    assert!(failed.code == Some(1) || failed.code == Some(2), "{}", failed.stderr);
    assert!(failed.stderr.contains("idd"), "{}", failed.stderr);
    let did = place.run_states(&["--select", "tag:first"]);
    assert_eq!(did.keys().map(String::as_str).collect::<Vec<_>>(), ["one", "x"]);
    // A mistake in an included file is shown there.
    place.write("parts/b.toml", "name = \"b\"\n[stages.two]\noperater = \"sql\"\n");
    let failed = place.run(&[]);
    assert!(failed.code == Some(2) && failed.stderr.contains("parts/b.toml:3:1"), "{}", failed.stderr);
}
