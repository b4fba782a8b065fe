//! `nightloom exports detect` through the binary, and links among the files of a source.

use std::{fs, os::unix::fs::symlink};

use serde_json::Value;

use super::{HEADER, pipeline, write};
use crate::support::Place;

fn latin(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
}

const SEMICOLONS: &str = "Order ID;Email;Created at;SKU;Quantity;Price;Product title;Gift note\n\
    1;ann@example.test;2026-02-03;A;2;18.50;Café;for Ann\n1;ann@example.test;2026-02-03;B;1;4.00;Té;\n\
    2;bob@example.test;soon;B;1;4.00;Té;\n3;bob@example.test;2026-02-04;B;1;4.00;Té;\n4;;2026-02-05;B;1;4.00;Té;\n";

#[test]
fn detect_says_what_files_are_and_shows_rows_without_personal_cells() {
    let place = Place::new();
    pipeline(&place, "");
    fs::create_dir_all(place.path("shops/north")).unwrap();
    fs::write(place.path("shops/north/orders.csv"), latin(SEMICOLONS)).unwrap();
    let found =
        place.nightloom(["exports", "detect", "shops/north/orders.csv", "--pipeline", "orders.toml"]).expect_success();
    let flat = found.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "shops/north/orders.csv kind orders",
        "written semicolon, Windows-1252",
        "rows 5, 4 used, 1 not (bad_date 1)",
        "warning read as Windows-1252",
        "Gift note",
        "order_lines",
        "Café",
    ] {
        assert!(flat.contains(words), "{words}: {}", found.stdout);
    }
    assert!(!found.stdout.contains("@example.test") && !found.stdout.contains("for Ann"), "{}", found.stdout);
    assert!(found.stdout.lines().all(|line| line.chars().count() <= 80), "{}", found.stdout);
    assert!(!place.path(".nightloom").exists(), "nothing is written");
}

#[test]
fn detect_gives_json_and_an_exit_code_that_tells_files_of_no_use() {
    let place = Place::new();
    pipeline(&place, "");
    write(&place.path("shops/north/a.csv"), &format!("{HEADER}1,7,a,02/03/2026,2,1.50\n"));
    write(&place.path("shops/north/b.csv"), &format!("{HEADER}2,7,a,2026-02-03,1,1.50\n"));
    write(&place.path("shops/north/notes.csv"), "who,what\na,b\n");
    let found = place.nightloom(["exports", "detect", "shops/north", "--json", "--pipeline", "orders.toml"]);
    assert_eq!(found.code, Some(1), "{}", found.stderr);
    let json: Value = serde_json::from_str(&found.stdout).unwrap();
    let files = json["files"].as_array().unwrap();
    let of = |name: &str| {
        files.iter().find(|file| file["file"].as_str().unwrap().ends_with(name)).unwrap_or_else(|| panic!("{json}"))
    };
    assert_eq!((&of("a.csv")["dialect"], &of("a.csv")["kind"]), (&"comma, UTF-8".into(), &"orders".into()));
    assert_eq!(of("a.csv")["columns"]["created_at"], serde_json::json!(["createdAt"]));
    assert_eq!(of("a.csv")["tables"]["order_lines"][0]["order_id"], "1", "the rows of a file are its own");
    assert_eq!(of("b.csv")["tables"]["order_lines"][0]["order_id"], "2");
    let problem = of("notes.csv")["problem"].as_str().unwrap();
    assert!(problem.contains("those of no kind of file"), "{problem}");
    let nothing = place.nightloom(["exports", "detect", "nowhere", "--pipeline", "orders.toml"]);
    assert_eq!(nothing.code, Some(2), "{}", nothing.stderr);
    let nobody = place.nightloom(["exports", "detect", "shops/north"]);
    assert_eq!(nobody.code, Some(2));
    assert!(nobody.stderr.contains("--pipeline"), "{}", nobody.stderr);
}

#[test]
fn a_file_of_several_names_is_read_once_and_a_circle_of_links_is_told() {
    let place = Place::new();
    pipeline(&place, "");
    write(&place.path("shops/2026-03-01/orders.csv"), &format!("{HEADER}1,7,a,2026-02-03,2,1.50\n"));
    symlink("2026-03-01", place.path("shops/latest")).unwrap();
    symlink(".", place.path("shops/2026-03-01/current")).unwrap();
    let run = place.nightloom(["run", "orders.toml"]).expect_success();
    let baskets = fs::read_to_string(place.path("out/basket_lines.csv")).unwrap();
    assert_eq!(baskets.lines().count(), 2, "{baskets}");
    assert!(baskets.contains("\nshops,1,7,"), "{baskets}");
    let told = run.stderr.lines().find(|line| line.contains("leads back to")).unwrap_or_default();
    let words = told.split_once("shops/2026-03-01/current leads back to ").map(|(_, words)| words);
    assert!(words.is_some_and(|words| words.ends_with("shops/2026-03-01; its files are read once")), "{}", run.stderr);
}
