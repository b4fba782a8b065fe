//! The figures of the specification's sections 4.8, 6 and 7, and the corrected rules on small cases.

use polars::prelude::*;

use super::*;
use crate::{linking::testing::context, operator::Operator};

type AttemptRow = (i64, &'static str, &'static str, bool, f64, bool);

fn attempts(rows: &[AttemptRow]) -> DataFrame {
    df!(
        "catalog_id" => rows.iter().map(|row| row.0).collect::<Vec<_>>(),
        "retailer" => rows.iter().map(|row| row.1).collect::<Vec<_>>(),
        "method" => rows.iter().map(|row| row.2).collect::<Vec<_>>(),
        "success" => rows.iter().map(|row| row.3).collect::<Vec<_>>(),
        "confidence" => rows.iter().map(|row| row.4).collect::<Vec<_>>(),
        "url_changed" => rows.iter().map(|row| row.5).collect::<Vec<_>>(),
        "code_changed" => rows.iter().map(|_| None::<bool>).collect::<Vec<_>>(),
    )
    .unwrap()
}

fn fixture() -> Vec<AttemptRow> {
    vec![
        (1, "r", "exact_url", true, 1.0, false),
        (2, "r", "normalized_url", true, 0.95, false),
        (3, "r", "product_code", true, 0.90, true),
        (4, "r", "exact_title_price", true, 0.95, true),
        (5, "r", "fuzzy_title_price", true, 0.8999999999999999, true),
        (6, "r", "none", false, 0.0, false),
        (7, "r", "none", false, 0.0, false),
        (8, "s", "none", false, 0.0, false),
    ]
}

fn learn(learning: Learning, frames: Frames) -> (outputs::Patterns, DataFrame) {
    let operator = LearnRetailers { learning, ..LearnRetailers::default() };
    let mut frames = operator.run(frames, &context()).unwrap();
    let patterns = frames.take("patterns").unwrap().collect().unwrap();
    let stats = frames.take("method_stats").unwrap().collect().unwrap();
    (outputs::read_patterns(&patterns).unwrap(), stats)
}

#[test]
fn the_backfill_gives_the_fixtures_pattern() {
    let (patterns, _) = learn(Learning::Backfill, Frames::new().with("attempts", attempts(&fixture())));
    assert_eq!(patterns.keys().collect::<Vec<_>>(), ["r"]);
    let r = &patterns["r"];
    assert_eq!(r.url_stability_score, Some(0.4));
    assert_eq!(r.sample_size, Some(5));
    assert_eq!(r.path_stable, Some(0));
    assert_eq!(r.best_dedup_method.as_deref(), Some("exact_url"));
    assert_eq!(r.dedup_confidence_threshold, Some(0.9399999999999998));
    assert_eq!(r.url_changes_detected, Some(3));
    assert_eq!(r.last_measured.as_deref(), Some("2026-03-01T04:30:00Z"));
    assert_eq!(
        r.notes.as_deref(),
        Some(
            "Initialized from backfill: 5 products linked (71.4% success rate). \
             URL stability: 40.0%. Primary method: exact_url."
        )
    );
}

#[test]
fn the_order_of_the_rows_does_not_matter() {
    let mut reversed = fixture();
    reversed.reverse();
    for learning in [Learning::Backfill, Learning::Increment, Learning::Recompute] {
        let (once, _) = learn(learning, Frames::new().with("attempts", attempts(&fixture())));
        let (again, _) = learn(learning, Frames::new().with("attempts", attempts(&reversed)));
        assert_eq!(once, again);
    }
}

#[test]
fn percentages_are_rounded_half_to_even_on_the_binary_value() {
    assert_eq!(format!("{:.1}", 6.25), "6.2");
    assert_eq!(format!("{:.1}", 12.5), "12.5");
    assert_eq!(format!("{:.1}", 0.35), "0.3");
}

#[test]
fn attempts_add_up_as_in_the_originals_learner() {
    let (known, _) = learn(Learning::Backfill, Frames::new().with("attempts", attempts(&fixture())));
    let more: [AttemptRow; 3] = [
        (11, "r", "exact_url", true, 1.0, false),
        (12, "r", "fuzzy_title_price", true, 0.88, true),
        (13, "n", "none", false, 0.0, false),
    ];
    let step = |count: usize| {
        let frames = Frames::new()
            .with("attempts", attempts(&more[..count]))
            .with("patterns", outputs::patterns(&known).unwrap());
        learn(Learning::Increment, frames).0
    };
    let first = &step(1)["r"];
    assert_eq!(first.url_stability_score, Some(0.5));
    assert_eq!((first.sample_size, first.dedup_confidence_threshold), (Some(6), Some(1.0)));
    let second = &step(2)["r"];
    assert_eq!(second.url_stability_score, Some(0.4285714285714286));
    assert_eq!((second.sample_size, second.dedup_confidence_threshold), (Some(7), Some(1.0)));
    assert_eq!(second.best_dedup_method.as_deref(), Some("exact_url"));
    assert_eq!(second.notes, known["r"].notes);
    let new = &step(3)["n"];
    assert_eq!(new.best_dedup_method.as_deref(), Some("none"));
    assert_eq!(new.dedup_confidence_threshold, Some(0.0));
    assert_eq!(new.url_stability_score, Some(1.0));
}

fn linked(count: i64, from: i64, method: &str, product_page: &str) -> DataFrame {
    let ids: Vec<i64> = (from..from + count).collect();
    df!(
        "catalog_url" => ids.iter().map(|id| format!("https://r.com/{id}?a")).collect::<Vec<_>>(),
        "retailer" => ids.iter().map(|_| "r").collect::<Vec<_>>(),
        "linked_product_url" => ids.iter().map(|id| format!("https://r.com/{product_page}{id}")).collect::<Vec<_>>(),
        "link_confidence" => ids.iter().map(|_| 0.95).collect::<Vec<_>>(),
        "link_method" => ids.iter().map(|_| method).collect::<Vec<_>>(),
        "product_code" => ids.iter().map(|id| format!("c{id}")).collect::<Vec<_>>(),
        "discovered_date" => ids.iter().map(|_| None::<&str>).collect::<Vec<_>>(),
        "id" => ids,
    )
    .unwrap()
}

#[test]
fn everything_is_recomputed_from_earlier_links_and_tonights() {
    let earlier = linked(15, 100, "normalized_url", "").vstack(&linked(16, 200, "exact_title_price", "new/")).unwrap();
    let products = df!(
        "url" => (200..216).map(|id| format!("https://r.com/new/{id}")).collect::<Vec<_>>(),
        "product_code" => (200..216).map(|id| if id == 200 { "other".to_owned() } else { format!("c{id}") }).collect::<Vec<_>>(),
    )
    .unwrap();
    let frames =
        Frames::new().with("attempts", attempts(&fixture())).with("linked", earlier).with("products", products);
    let (patterns, stats) = learn(Learning::Recompute, frames);
    let r = &patterns["r"];
    assert_eq!(r.sample_size, Some(36));
    assert_eq!(r.url_changes_detected, Some(19));
    assert_eq!(r.url_stability_score, Some(1.0 - 19.0 / 36.0));
    assert_eq!(r.code_changes_detected, Some(1));
    // One change in sixteen is more than one in twenty.
    assert_eq!(r.product_code_stable, Some(0));
    assert_eq!(r.image_urls_consistent, None);
    // Of the 20 rows left to the title level 17 were linked; of the 37 left to the normalised URL 16.
    assert_eq!(r.best_dedup_method.as_deref(), Some("exact_title_price"));
    assert!(r.notes.as_deref().unwrap().ends_with("also_compare=on"));
    assert_eq!(stats.height(), 5);
    assert!(!patterns.contains_key("s"));
}

#[test]
fn running_again_after_the_links_were_written_changes_nothing() {
    let tonight: Vec<AttemptRow> =
        (100..130).map(|id| (id, "r", "normalized_url", true, 0.95, false)).chain(fixture()).collect();
    let (before, _) = learn(Learning::Recompute, Frames::new().with("attempts", attempts(&tonight)));
    let failures: Vec<AttemptRow> = tonight.into_iter().filter(|row| !row.3).collect();
    let stored = linked(30, 100, "normalized_url", "").vstack(&linked_fixture()).unwrap();
    let frames = Frames::new()
        .with("attempts", attempts(&failures))
        .with("linked", stored)
        .with("patterns", outputs::patterns(&before).unwrap());
    let (mut after, _) = learn(Learning::Recompute, frames);
    after.get_mut("r").unwrap().last_measured = before["r"].last_measured.clone();
    assert_eq!(before, after);
}

fn linked_fixture() -> DataFrame {
    let links: Vec<AttemptRow> = fixture().into_iter().filter(|row| row.3).collect();
    df!(
        "catalog_url" => links.iter().map(|row| format!("https://r.com/{}", row.0)).collect::<Vec<_>>(),
        "retailer" => links.iter().map(|row| row.1).collect::<Vec<_>>(),
        "linked_product_url" => links.iter().map(|row| format!("https://r.com/{}{}", if row.5 { "new/" } else { "" }, row.0)).collect::<Vec<_>>(),
        "link_confidence" => links.iter().map(|row| row.4).collect::<Vec<_>>(),
        "link_method" => links.iter().map(|row| row.2).collect::<Vec<_>>(),
        "product_code" => links.iter().map(|_| None::<&str>).collect::<Vec<_>>(),
        "discovered_date" => links.iter().map(|_| None::<&str>).collect::<Vec<_>>(),
        "id" => links.iter().map(|row| row.0).collect::<Vec<_>>(),
    )
    .unwrap()
}

#[test]
fn what_was_seen_lately_decides_whether_urls_are_trusted() {
    let dated = |frame: DataFrame, day: &str| {
        let days = columns::column("discovered_date", vec![day; frame.height()]);
        frame.lazy().drop(by_name(["discovered_date"], true, false)).collect().unwrap().hstack(&[days]).unwrap()
    };
    let by_title = linked(40, 100, "exact_title_price", "new/");
    let by_url = linked(40, 200, "normalized_url", "");
    let learned = |titles: &str, urls: &str| {
        let earlier = dated(by_title.clone(), titles).vstack(&dated(by_url.clone(), urls)).unwrap();
        let frames = Frames::new().with("attempts", attempts(&[])).with("linked", earlier);
        let mut frames = LearnRetailers::default().run(frames, &context()).unwrap();
        let patterns = outputs::read_patterns(&frames.take("patterns").unwrap().collect().unwrap()).unwrap();
        (patterns["r"].clone(), frames.take("recent_stability").unwrap().collect().unwrap())
    };
    // 180 days before the as-of time, two half-lives.
    let (pattern, recent) = learned("2026-03-01T04:30:00", "2025-09-02 04:30:00");
    assert_eq!((pattern.url_stability_score, pattern.sample_size), (Some(0.5), Some(80)));
    assert!(pattern.notes.as_deref().unwrap().ends_with("also_compare=on"));
    assert_eq!(columns::floats(&recent, "recent_links").unwrap(), [Some(50.0)]);
    assert_eq!(columns::floats(&recent, "recent_stability").unwrap(), [Some(1.0 - 40.0 / 50.0)]);
    let (pattern, recent) = learned("2025-09-02 04:30:00", "2026-03-01T04:30:00");
    assert_eq!(pattern.url_stability_score, Some(0.5));
    assert!(pattern.notes.as_deref().unwrap().ends_with("also_compare=off"));
    assert_eq!(columns::floats(&recent, "recent_stability").unwrap(), [Some(1.0 - 10.0 / 50.0)]);
}
