//! The nightly pipeline as it is shipped, on made-up data: one screen, one page.

use crate::support::{Finished, Place, project};

fn night(place: &Place, more: &[&str]) -> Finished {
    let pipeline = project().join("pipelines/nightly.toml").display().to_string();
    let set = |text: &str| ["--set".to_owned(), text.to_owned()];
    let sets = [
        "vars.db=shop.db",
        "vars.workflow_db=workflows.db",
        "vars.shop_data=shops",
        "vars.baskets_db=baskets.db",
        "vars.out=out",
    ];
    let own = ["run".to_owned(), pipeline, "--workspace".to_owned(), ".".to_owned()];
    let arguments = own.into_iter().chain(sets.iter().flat_map(|text| set(text)));
    place.nightloom(arguments.chain(more.iter().map(|word| (*word).to_owned())))
}

#[test]
fn the_summary_of_the_nightly_pipeline_is_one_screen_and_its_page_one_file() {
    let place = Place::new();
    place.nightloom(["sample", "shop", "--rows", "400", "--out", "shop.db"]).expect_success();
    place.nightloom(["sample", "workflows", "--rows", "300", "--out", "workflows.db"]).expect_success();
    place.nightloom(["sample", "orders", "--lines", "1500", "--out", "shops"]).expect_success();
    let told = night(&place, &["--as-of", "2026-03-01"]).expect_success().stdout;
    let lines: Vec<&str> = told.lines().collect();
    assert!(lines.len() <= 40 && lines.iter().all(|line| line.chars().count() <= 80), "{} lines:\n{told}", lines.len());
    assert!(lines[0].contains("nightly done in "), "{told}");
    for words in ["linking     linked ", " of 400 (", "prices ", "workflows ", "baskets ", "bundles ", "Page: "] {
        assert!(told.contains(words), "{words}:\n{told}");
    }
    let page = std::fs::read_to_string(place.path("out/report.html")).expect("a page");
    assert!(page.len() < 2 << 20, "{} bytes", page.len());
    for part in [
        "Links by retailer and method",
        "How sure the links are",
        "Most similar items",
        "The best bundles",
        "Patterns by what a tool would save a month",
        "Expectations",
        "When each step ran",
    ] {
        assert!(page.contains(part), "{part} is not on the page");
    }
    assert!(!page.contains("<script") && page.matches("<svg").count() > 8);

    let verbose = night(&place, &["--as-of", "2026-03-02", "--full-refresh", "--verbose"]).expect_success().stdout;
    assert!(verbose.contains("Recurring operations") && verbose.lines().count() > 60, "{verbose}");
    let plan = project().join("pipelines/nightly.toml").display().to_string();
    let plan = place.nightloom([
        "plan",
        &plan,
        "--workspace",
        ".",
        "--set",
        "vars.db=shop.db",
        "--set",
        "vars.workflow_db=workflows.db",
        "--set",
        "vars.shop_data=shops",
        "--set",
        "vars.baskets_db=baskets.db",
        "--set",
        "vars.out=out",
        "--as-of",
        "2026-03-02",
    ]);
    let plan = plan.expect_success().stdout;
    assert!(plan.lines().count() <= 40 && plan.lines().all(|line| line.chars().count() <= 80), "{plan}");
    assert!(plan.contains(" fresh: ") || plan.contains("stale"), "{plan}");
}
