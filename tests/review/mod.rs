//! What people see of bundles and decide of them, through the binary.

mod json_schema;

use std::fs;

use serde_json::Value as Json;

use crate::support::{Finished, Place, project, rows};

/// Makes bundles of the shops in the folder `shops`.
fn run(place: &Place) -> String {
    let pipeline = project().join("pipelines/bundles.toml");
    let mut command = place.command(["run".as_ref(), pipeline.as_os_str()]);
    for setting in ["vars.shop_data=shops", "vars.db=bundles.db", "vars.out=out"] {
        command.args(["--set", setting]);
    }
    let output = command.args(["--workspace", ".", "--as-of", "2026-03-01"]).output().expect("a run");
    Finished::from(output).expect_success().stdout
}

/// Made-up shops with their bundles.
fn shops() -> Place {
    let place = Place::new();
    place.nightloom(["sample", "orders", "--lines", "4000", "--shops", "2", "--out", "shops"]).expect_success();
    run(&place);
    place
}

fn nightloom(place: &Place, arguments: &[&str]) -> Finished {
    let mut command = place.command(arguments.iter().copied());
    command.env("BASKETS_DB", "bundles.db").env("USER", "ada");
    Finished::from(command.output().expect("the program starts"))
}

fn json(place: &Place, arguments: &[&str]) -> Json {
    serde_json::from_str(&nightloom(place, arguments).expect_success().stdout).expect("JSON")
}

/// Ids of the bundles of a list, in order.
fn ids(place: &Place, filters: &[&str]) -> Vec<String> {
    let list = json(place, &[&["bundles", "list", "--json"], filters].concat());
    let of_list = list["recommendations"].as_array().expect("a list").iter();
    of_list.map(|of| of["id"].as_str().expect("an id").to_owned()).collect()
}

fn first_shop(place: &Place) -> String {
    let list = json(place, &["bundles", "list", "--json", "--limit", "1"]);
    list["recommendations"][0]["shop_id"].as_str().expect("a shop").to_owned()
}

fn schema(name: &str) -> Json {
    let path = project().join("schemas").join(name);
    serde_json::from_str(&fs::read_to_string(path).expect("a schema")).expect("JSON")
}

#[test]
fn a_run_leaves_what_was_decided_and_brings_nothing_back_that_was_rejected() {
    let place = shops();
    let shop = first_shop(&place);
    let all = ids(&place, &["--shop", &shop]);
    let (approved, rejected) = (all[0].as_str(), all[1].as_str());
    nightloom(&place, &["bundles", "approve", approved, "--note", "looks right"]).expect_success();
    nightloom(&place, &["bundles", "reject", &rejected[..12]]).expect_success();
    let before = json(&place, &["bundles", "show", approved, "--json"]);
    assert_eq!((&before[0]["status"], &before[0]["decided_by"]), (&Json::from("approved"), &Json::from("ada")));

    // Other orders: other bundles, or the same with other figures.
    fs::remove_dir_all(place.path("shops")).expect("the folder");
    place.nightloom(["sample", "orders", "--lines", "5000", "--shops", "2", "--out", "shops"]).expect_success();
    run(&place);
    assert_eq!(json(&place, &["bundles", "show", approved, "--json"]), before);
    assert!(!ids(&place, &["--shop", &shop]).contains(&all[1]));
    assert!(ids(&place, &["--shop", &shop]).len() > 5, "the other bundles are those of the new orders");
    let kept = rows(&place.path("bundles.db"), "SELECT decided_by FROM bundle_decisions ORDER BY decision");
    assert_eq!(kept.len(), 2);
}

#[test]
fn what_is_exported_is_as_its_schema_says() {
    let place = shops();
    let shop = first_shop(&place);
    let all = ids(&place, &["--shop", &shop]);
    for id in all.iter().take(4) {
        nightloom(&place, &["bundles", "activate", id]).expect_success();
    }
    nightloom(&place, &["bundles", "deactivate", &all[3]]).expect_success();
    let exported = json(&place, &["bundles", "export", "bundles", "--shop", &shop]);
    assert_eq!(exported["bundleCount"], 3);
    json_schema::check(&schema("bundles-export.schema.json"), &exported);

    let to_file = ["bundles", "export", "recommendations", "--shop", &shop, "--out", "r.json"];
    assert_eq!(nightloom(&place, &to_file).expect_success().stdout, "");
    let exported: Json =
        serde_json::from_str(&fs::read_to_string(place.path("r.json")).expect("a file")).expect("JSON");
    json_schema::check(&schema("recommendations-export.schema.json"), &exported);
    assert_eq!(exported["recommendations"].as_array().expect("a list").len(), all.len());
    let csv =
        nightloom(&place, &["bundles", "export", "recommendations", "--shop", &shop, "--csv"]).expect_success().stdout;
    assert_eq!(csv.lines().count(), all.len() + 1);
    assert_eq!(csv.matches(",Yes,").count(), 4);

    let analytics = json(&place, &["analytics", "--shop", &shop, "--json"]);
    json_schema::check(&schema("analytics.schema.json"), &analytics);
    let figures = &analytics["figures"];
    assert_eq!((&figures["activeBundles"], &figures["approvedRecommendations"]), (&Json::from(3), &Json::from(4)));
    let series = analytics["timeSeries"].as_array().expect("a list");
    let sum = |key: &str| series.iter().map(|point| point[key].as_f64().expect("a number")).sum::<f64>();
    assert!((sum("bundleRevenue") - figures["bundleRevenue"].as_f64().expect("a number")).abs() < 0.01);
    assert_eq!(sum("orders"), figures["totalOrders"].as_f64().expect("a number"));
    let csv = nightloom(&place, &["analytics", "--shop", &shop, "--csv"]).expect_success().stdout;
    assert!(csv.starts_with("date,metric,dimension,value\r\n"), "{csv}");
}

#[test]
fn lists_and_bundles_are_read_at_eighty_columns() {
    let place = shops();
    let all = ids(&place, &[]);
    let shown: Vec<String> = [
        vec!["bundles", "list"],
        vec!["bundles", "show", &all[0], &all[1], &all[2]],
        vec!["analytics", "--shop", &first_shop(&place)],
    ]
    .iter()
    .map(|arguments| nightloom(&place, arguments).expect_success().stdout)
    .collect();
    for line in shown.iter().flat_map(|text| text.lines()) {
        assert!(line.chars().count() <= 80 || !line.contains("  "), "{line}");
    }
    assert!(shown[0].contains("pending") && shown[1].contains("more a month, with 90 % chance"), "{}", shown[1]);
}

#[test]
fn what_cannot_be_decided_is_told_and_changes_nothing() {
    let place = shops();
    let all = ids(&place, &[]);
    let refused = nightloom(&place, &["bundles", "approve", &all[0], "no-such-id"]);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(refused.stderr.contains("'no-such-id'"), "{}", refused.stderr);
    assert!(ids(&place, &["--status", "approved"]).is_empty());
    nightloom(&place, &["bundles", "reject", &all[0]]).expect_success();
    let refused = nightloom(&place, &["bundles", "activate", &all[0]]);
    assert!(refused.code == Some(2) && refused.stderr.contains("approve it first"), "{}", refused.stderr);
    let nothing = nightloom(&place, &["bundles", "list", "--db", "none.db"]);
    assert!(nothing.code != Some(0) && nothing.stderr.contains("--db"), "{}", nothing.stderr);
    assert!(!place.path("none.db").exists());
}
