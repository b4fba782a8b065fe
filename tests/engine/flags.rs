//! Feature flags: what is set in a workspace and for a shop, and what is refused.

use serde_json::Value as Json;

use crate::support::{Finished, Place};

fn flags(place: &Place, arguments: &[&str]) -> Finished {
    place.nightloom(["flags"].iter().chain(arguments).chain(&["--workspace", "."]))
}

#[test]
fn flags_are_set_read_listed_and_reset_in_the_workspace_and_for_a_shop() {
    let place = Place::new();
    let get = |shop: &[&str]| {
        flags(&place, &[&["get", "bundling.max_per_pair"], shop].concat()).expect_success().stdout.trim().to_owned()
    };
    assert_eq!(get(&[]), "2");
    assert!(flags(&place, &["list", "--changed"]).expect_success().stdout.contains("All flags have their defaults"));
    flags(&place, &["set", "bundling.max_per_pair", "3"]).expect_success();
    flags(&place, &["set", "bundling.max_per_pair", "5", "--shop", "a.example"]).expect_success();
    flags(&place, &["set", "bundling.staged_thresholds", "[1,2]", "--shop", "b"]).expect_success();
    assert_eq!([get(&[]), get(&["--shop", "a.example"]), get(&["--shop", "b"])], ["3", "5", "3"]);
    let listed = flags(&place, &["list", "--changed", "--json"]).expect_success().stdout;
    let listed: Json = serde_json::from_str(&listed).expect("JSON");
    let rows = listed.as_array().expect("rows").iter();
    let rows: Vec<String> = rows.map(|row| format!("{} {} {}", row["flag"], row["value"], row["shop"])).collect();
    let wanted = [
        "\"bundling.max_per_pair\" 3 null",
        "\"bundling.max_per_pair\" 5 \"a.example\"",
        "\"bundling.staged_thresholds\" [1,2] \"b\"",
    ];
    assert_eq!(rows, wanted);
    flags(&place, &["reset", "bundling.max_per_pair", "--shop", "a.example"]).expect_success();
    assert_eq!(get(&["--shop", "a.example"]), "3");
    let told = flags(&place, &["reset", "bundling.max_per_pair"]).expect_success().stdout;
    assert!(told.contains("is again 2"), "{told}");

    flags(&place, &["set", "bundling.max_per_pair", "4", "--by", "ada"]).expect_success();
    let history = flags(&place, &["history", "--json"]).expect_success().stdout;
    let history: Json = serde_json::from_str(&history).expect("JSON");
    let rows = history.as_array().expect("rows");
    let last = rows.last().expect("a change");
    assert_eq!(
        (rows.len(), &last["by"], &last["old"], &last["new"]),
        (6, &Json::from("ada"), &Json::Null, &Json::from(4))
    );
    assert!(flags(&place, &["history"]).expect_success().stdout.contains("bundling.max_per_pair"));
}

#[test]
fn a_kill_switch_holds_what_a_shop_switched_on_and_setting_it_says_so() {
    let place = Place::new();
    flags(&place, &["set", "emergency.disable_all_bundling", "true"]).expect_success();
    let told = flags(&place, &["set", "bundling.enabled", "true", "--shop", "a"]).expect_success().stdout;
    assert!(told.contains("no effect while emergency.disable_all_bundling is thrown"), "{told}");
    assert_eq!(flags(&place, &["get", "bundling.enabled", "--shop", "a"]).expect_success().stdout.trim(), "false");
    let listed = flags(&place, &["list"]).expect_success().stdout;
    assert!(listed.lines().all(|line| line.chars().count() <= 80), "{listed}");
    assert!(listed.contains("bundling.staged.auto_shrink_drop_threshold"), "no key is cut: {listed}");
    let about = flags(&place, &["list", "enabled", "--about"]).expect_success().stdout;
    assert!(
        about.contains("kill switch") && about.contains("Whether bundles are made at all. Default true."),
        "{about}"
    );
}

#[test]
fn an_unknown_flag_and_a_value_of_another_type_are_refused_and_so_is_a_file_of_such() {
    let place = Place::new();
    for (arguments, words) in [
        (["set", "bundling.max_per_pairs", "3"], "did you mean bundling.max_per_pair?"),
        (["set", "bundling.max_per_pair", "many"], "give a whole number"),
        (["set", "bundling.enabled", "1"], "give true or false"),
    ] {
        let refused = flags(&place, &arguments);
        assert_eq!(refused.code, Some(2), "{}", refused.stderr);
        assert!(refused.stderr.contains(words), "{}", refused.stderr);
    }
    assert_eq!(flags(&place, &["get", "bundling.all"]).code, Some(2));
    place.write(
        "p.toml",
        "name = \"p\"\n[sources.rows]\ncsv = \"rows.csv\"\n[sinks.rows]\nfrom = \"rows\"\ncsv = \"out.csv\"\n",
    );
    place.write("rows.csv", "id\n1\n");
    place.run(&[]).expect_success();
    place.write(".nightloom/flags.toml", "\"bundling.enabled\" = \"no\"\n");
    for command in ["plan", "run"] {
        let refused = place.nightloom([command, "p.toml"]);
        assert_eq!(refused.code, Some(2), "{}", refused.stderr);
        assert!(refused.stderr.contains("flags.toml: bundling.enabled cannot be \"no\""), "{}", refused.stderr);
    }
}
