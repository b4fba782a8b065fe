//! OpenLineage: the events of a run, in a file and at a server that is a stub.

use serde_json::Value as Json;

use super::{PIPELINE, listen};
use crate::support::{Finished, Place};

const SINK: &str = "\n[sinks.file]\nfrom = \"links\"\ncsv = \"links.csv\"\n";

fn night(place: &Place, url: &str, more: &[&str]) -> Finished {
    let arguments = ["run", "p.toml", "--workspace", "."].iter().chain(more);
    let mut command = place.command(arguments);
    Finished::from(command.env("OPENLINEAGE_URL", url).output().expect("a run"))
}

fn place() -> Place {
    let place = Place::shop(240);
    std::fs::write(place.path("p.toml"), format!("{PIPELINE}{SINK}")).expect("a pipeline");
    place
}

#[test]
fn a_run_is_a_start_and_a_complete_event_and_a_failed_one_ends_in_fail() {
    let place = place();
    night(&place, "file:events.ndjson", &[]).expect_success();
    let failed = night(&place, "file:events.ndjson", &["--set", "vars.most=10", "--force"]);
    assert_eq!(failed.code, Some(1), "{}", failed.stderr);
    let text = std::fs::read_to_string(place.path("events.ndjson")).expect("events");
    let events: Vec<Json> = text.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let kinds: Vec<&str> = events.iter().filter_map(|event| event["eventType"].as_str()).collect();
    assert_eq!(kinds, ["START", "COMPLETE", "START", "FAIL"]);
    assert_eq!(events[0]["run"]["runId"], events[1]["run"]["runId"]);
    assert_ne!(events[0]["run"]["runId"], events[2]["run"]["runId"]);
    let done = &events[1];
    assert_eq!(done["job"]["name"], "shop");
    let rows = &done["inputs"][0];
    assert!(rows["name"].as_str().is_some_and(|name| name.ends_with("rows.csv")), "{rows}");
    assert_eq!(rows["inputFacets"]["inputStatistics"]["rowCount"], 300);
    assert!(rows["facets"]["version"]["datasetVersion"].as_str().is_some_and(|hash| hash.len() == 64), "{rows}");
    assert_eq!(rows["facets"]["schema"]["fields"][0]["name"], "id");
    assert_eq!(done["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"], 240);
    let error = events[3]["run"]["facets"]["errorMessage"]["message"].as_str().unwrap_or_default();
    assert!(error.contains("expectations are broken"), "{error}");
}

#[test]
fn a_server_is_told_and_one_that_is_away_fails_no_night() {
    let place = place();
    let (url, heard) = listen();
    let ran = night(&place, url.trim_end_matches("/hook"), &[]).expect_success();
    let event: Json = serde_json::from_str(&heard.join().expect("an event")).expect("JSON");
    assert_eq!(event["eventType"], "START");
    // The stub takes one request and goes away.
    assert!(ran.stderr.contains("OpenLineage was not told"), "{}", ran.stderr);
}
