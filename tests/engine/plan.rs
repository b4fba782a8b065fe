//! Plan first: what is stale and why, and a run that does just that.

use super::shop::Plan;
use crate::support::Place;

/// Two sources, three stages in a row and one beside them, a sink.
const PIPELINE: &str = r#"
name = "plan"

[vars]
least = { default = 10 }

[sources.orders]
sqlite = "shop.db"
table = "orders"

[sources.customers]
csv = "customers.csv"

[stages.large]
operator = "sql"
inputs = { o = "orders" }
params = { query = "SELECT * FROM o WHERE cents >= ${vars.least} ORDER BY id" }

[stages.capped]
operator = "sql"
inputs = { l = "large" }
params = { query = "SELECT customer, COUNT(*) AS n FROM l GROUP BY customer ORDER BY customer" }

[stages.names]
operator = "sql"
inputs = { c = "customers" }
params = { query = "SELECT UPPER(name) AS name FROM c ORDER BY name" }

[sinks.file]
from = "capped"
csv = "out.csv"
"#;

fn shop() -> Place {
    let place = Place::new();
    place.write("p.toml", PIPELINE);
    place.write("customers.csv", "name\nAda\nBo\n");
    place.sql(
        "shop.db",
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT, cents INTEGER);
         INSERT INTO orders (customer, cents) VALUES ('a', 5), ('a', 10), ('b', 20), ('b', 40);",
    );
    place
}

/// A run after `plan` does what the plan said: what is fresh or written is left alone, what is stale or new is done,
/// what waits is either, and `plan` changed nothing by being asked.
#[track_caller]
fn run_as_planned(place: &Place, arguments: &[&str]) -> Plan {
    let plan = place.plan(arguments);
    assert_eq!(plan, place.plan(arguments), "asking changes the answer");
    let did = place.run_states(arguments);
    for (name, (state, why)) in &plan {
        let done = did.get(name).map_or("", String::as_str);
        let fits = match state.as_str() {
            "fresh" => done == "fresh",
            "stale" | "new" => ["done", "unchanged"].contains(&done),
            "written" | "not selected" => done.is_empty(),
            "to write" => done == "written",
            "waiting" => ["done", "unchanged", "fresh", "written", ""].contains(&done),
            other => panic!("{name}: unknown state '{other}'"),
        };
        assert!(fits, "{name} was planned as {state} ({why}), but came to '{done}': {did:?}");
    }
    assert!(did.keys().all(|name| plan.contains_key(name)), "{plan:?} {did:?}");
    plan
}

fn state_of<'a>(plan: &'a Plan, name: &str) -> (&'a str, &'a str) {
    let (state, why) = &plan[name];
    (state, why)
}

#[test]
fn a_first_run_does_everything_and_a_second_one_nothing() {
    let place = shop();
    let plan = run_as_planned(&place, &[]);
    for step in ["orders", "customers", "large", "capped", "names"] {
        assert_eq!(state_of(&plan, step), ("new", "never run"));
    }
    assert_eq!(state_of(&plan, "file").0, "waiting");
    let plan = run_as_planned(&place, &[]);
    assert!(plan.values().all(|(state, _)| state == "fresh" || state == "written"), "{plan:?}");
    let said = place.nightloom(["plan", "p.toml"]).expect_success().stdout;
    assert!(said.contains("All is fresh"), "{said}");
    let quickest = (0..5).map(|_| {
        let started = std::time::Instant::now();
        place.run(&[]).expect_success();
        started.elapsed()
    });
    let quickest = quickest.min().expect("five runs");
    assert!(quickest.as_secs_f64() < 0.5, "a run with nothing to do took {quickest:?}");
}

#[test]
fn a_changed_source_is_told_with_its_rows_and_only_what_depends_on_it_is_done() {
    let place = shop();
    place.run(&[]).expect_success();
    place.sql("shop.db", "INSERT INTO orders (customer, cents) VALUES ('c', 70), ('c', 80), ('d', 90)");
    let plan = run_as_planned(&place, &[]);
    assert_eq!(state_of(&plan, "orders"), ("stale", "3 rows more"));
    assert_eq!(state_of(&plan, "large").0, "waiting");
    assert_eq!(state_of(&plan, "names").0, "fresh");
    place.assert_fresh("after the change");

    place.sql("shop.db", "DELETE FROM orders WHERE customer = 'd'");
    assert_eq!(state_of(&place.plan(&[]), "orders"), ("stale", "1 row fewer"));
    place.write("customers.csv", "name\nAda\nBo\nCy\n");
    let plan = run_as_planned(&place, &[]);
    assert_eq!(state_of(&plan, "customers"), ("stale", "its files changed"));
}

#[test]
fn equal_output_stops_the_wave() {
    let place = shop();
    place.run(&[]).expect_success();
    // The row is too small to be large: what comes after 'large' has nothing to do.
    place.sql("shop.db", "INSERT INTO orders (customer, cents) VALUES ('a', 1)");
    let did = place.run_states(&[]);
    assert_eq!(did["orders"], "done");
    assert_eq!(did["large"], "unchanged");
    assert_eq!(did["capped"], "fresh");
    // A file with equal rows is read again, and stops the wave at once.
    place.write("customers.csv", "name\nAda\n\nBo\n");
    let did = place.run_states(&[]);
    assert_eq!((did["customers"].as_str(), did["names"].as_str()), ("unchanged", "fresh"));
    place.assert_fresh("after equal output");
}

#[test]
fn a_changed_parameter_is_told_and_set_back_finds_the_earlier_checkpoint() {
    let place = shop();
    place.run(&[]).expect_success();
    let first = place.read("out.csv");
    let changed = ["--set", "vars.least=20"];
    let plan = run_as_planned(&place, &changed);
    let (state, why) = state_of(&plan, "large");
    assert_eq!(state, "stale");
    assert!(why.starts_with("params.query …") && why.contains(">= 10 ") && why.contains(">= 20 "), "{why}");
    assert_eq!(state_of(&plan, "orders").0, "fresh");
    assert_ne!(place.read("out.csv"), first);

    let plan = place.plan(&[]);
    assert_eq!(state_of(&plan, "large").0, "fresh", "the earlier checkpoint serves again");
    let did = place.run_states(&[]);
    assert_eq!((did["large"].as_str(), did["capped"].as_str()), ("fresh", "fresh"));
    assert_eq!(place.read("out.csv"), first, "the sink follows");
    place.assert_fresh("set back");
}

#[test]
fn changed_settings_of_a_source_and_changed_expectations_are_told() {
    let place = shop();
    place.run(&[]).expect_success();
    let plan = place.plan(&["--set", "sources.customers.delimiter=;"]);
    assert_eq!(state_of(&plan, "customers"), ("stale", "setting.delimiter (none) → ;"));
    let plan = run_as_planned(&place, &["--set", "stages.large.expect.large.not_null=['id']"]);
    let (state, why) = state_of(&plan, "large");
    assert!(state == "stale" && why.contains("expect.result (none) → "), "{state} {why}");
}

#[test]
fn force_does_the_selected_stages_and_a_full_refresh_everything() {
    let place = shop();
    place.run(&[]).expect_success();
    let plan = run_as_planned(&place, &["--force", "--select", "large"]);
    assert_eq!(state_of(&plan, "large"), ("stale", "forced"));
    assert_eq!(state_of(&plan, "orders").0, "fresh", "a source that did not change is not read by force");
    assert_eq!(state_of(&plan, "capped").0, "not selected");

    let plan = run_as_planned(&place, &["--full-refresh"]);
    for step in ["orders", "customers"] {
        assert_eq!(state_of(&plan, step), ("stale", "full refresh"));
    }
    place.write("out.csv", "somebody's\n");
    let did = place.run_states(&["--full-refresh"]);
    assert!(did.values().all(|status| status == "unchanged" || status == "written"), "{did:?}");
    assert!(place.read("out.csv").starts_with("customer,n\n"));
    place.assert_fresh("after a full refresh");
}

#[test]
fn a_file_that_somebody_altered_or_removed_is_written_again() {
    let place = shop();
    place.run(&[]).expect_success();
    let first = place.read("out.csv");
    place.write("out.csv", "altered\n");
    let plan = place.plan(&[]);
    assert!(plan.values().any(|(state, why)| state == "to write" && why == "not written yet"), "{plan:?}");
    place.run(&[]).expect_success();
    assert_eq!(place.read("out.csv"), first);
    std::fs::remove_file(place.path("out.csv")).expect("a file");
    place.run(&[]).expect_success();
    assert_eq!(place.read("out.csv"), first);
}

#[test]
fn a_dry_run_and_a_plan_make_no_checkpoint_and_write_nothing() {
    let place = shop();
    let said = place.run(&["--dry-run"]).expect_success().stdout;
    assert!(said.contains("never run"), "{said}");
    place.plan(&[]);
    assert!(!place.path("out.csv").exists());
    assert!(!place.path(".nightloom/checkpoints").exists());
    assert_eq!(place.query("shop.db", "SELECT COUNT(*) FROM sqlite_master"), ["1"]);
    let runs = place.nightloom(["status", "p.toml"]).expect_success().stdout;
    assert!(runs.contains("There is no run yet"), "{runs}");
}
