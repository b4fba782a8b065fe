//! What people decide between two runs and during one: no run undoes it.

use std::fs;

use super::{command, database, go_on, number, run, sample_shops, stopped_at, texts};
use crate::support::{Finished, Place};

fn decide(place: &Place, action: &str, id: &str) {
    let mut command = place.command(["bundles", action, id, "--by", "ada", "--db", "bundles.db"]);
    Finished::from(command.output().expect("the program starts")).expect_success();
}

/// The ids of a shop's bundles, best first.
fn ids(place: &Place) -> Vec<String> {
    let first = "(SELECT MIN(shop_id) FROM bundle_recommendations)";
    texts(
        &database(place),
        &format!("SELECT id FROM bundle_recommendations WHERE shop_id = {first} ORDER BY rank_position, id"),
    )
}

/// All that a row says.
fn row(place: &Place, id: &str) -> Vec<rusqlite::types::Value> {
    let found =
        crate::support::rows(&database(place), &format!("SELECT * FROM bundle_recommendations WHERE id = '{id}'"));
    found.into_iter().next().expect("a row")
}

#[test]
fn what_was_rejected_gives_its_place_to_another_and_does_not_come_back_with_other_orders() {
    let place = Place::new();
    sample_shops(&place, 3_000, 2);
    run(&place, "bundles.toml", &[]);
    let before = ids(&place);
    let (approved, rejected) = (before[2].clone(), before[0].clone());
    decide(&place, "approve", &approved);
    decide(&place, "reject", &rejected);
    let kept = row(&place, &approved);
    // The decision alone makes the phases from the deduplication on stale.
    run(&place, "bundles.toml", &[]);
    let after = ids(&place);
    assert!(!after.contains(&rejected) && after.contains(&approved));
    assert_eq!(row(&place, &approved), kept);
    let ranks = "SELECT COUNT(*) FROM bundle_recommendations WHERE is_approved = 0 AND rank_position = 1";
    assert_eq!(number(&database(&place), ranks), 2, "the next best is the first now");
    let left_out = fs::read(place.path("out/bundle_recommendations.parquet")).expect("a file");
    assert!(!left_out.is_empty());
    assert!(run(&place, "bundles.toml", &[]).contains("fresh; nothing to do"));

    fs::remove_dir_all(place.path("shops")).expect("the folder");
    sample_shops(&place, 4_000, 2);
    run(&place, "bundles.toml", &[]);
    assert_eq!(row(&place, &approved), kept);
    assert!(!ids(&place).contains(&rejected));
}

#[test]
fn what_is_decided_while_a_run_is_under_way_holds() {
    for point in ["stage-outputs-written:3", "commit-before-intents", "commit-after-intents"] {
        let place = Place::new();
        sample_shops(&place, 3_000, 2);
        run(&place, "bundles.toml", &[]);
        let before = ids(&place);
        fs::remove_dir_all(place.path("shops")).expect("the folder");
        sample_shops(&place, 3_500, 2);
        let under_way = stopped_at(command(&place, "bundles.toml", &[]), point);
        decide(&place, "approve", &before[1]);
        decide(&place, "activate", &before[2]);
        decide(&place, "reject", &before[0]);
        let kept = [row(&place, &before[1]), row(&place, &before[2])];
        go_on(under_way).expect_success();
        assert_eq!([row(&place, &before[1]), row(&place, &before[2])], kept, "{point}");
        assert!(!ids(&place).contains(&before[0]), "{point}: what was rejected is there");
        assert_eq!(number(&database(&place), "SELECT COUNT(*) FROM bundles WHERE is_active = 1"), 1, "{point}");
        // And the night after.
        run(&place, "bundles.toml", &[]);
        assert_eq!([row(&place, &before[1]), row(&place, &before[2])], kept, "{point}, the night after");
        assert!(!ids(&place).contains(&before[0]), "{point}, the night after");
    }
}
