//! Several nights on a made-up shop: what one night learned is kept, and the links are as right as they should be.

use std::path::Path;

use rusqlite::{Connection, types::Value};

use crate::support::{Place, project, rows};

fn made_up_shop(place: &Place, rows: &str) -> std::path::PathBuf {
    let database = place.path("shop.db");
    let out = database.display().to_string();
    place.nightloom(["sample", "shop", "--rows", rows, "--seed", "1", "--out", &out]).expect_success();
    database
}

/// Runs a pipeline; what it printed.
fn night(place: &Place, pipeline: &str, database: &Path, as_of: &str, more: &[String]) -> String {
    let mut arguments = vec![
        "run".to_owned(),
        project().join("pipelines").join(pipeline).display().to_string(),
        "--set".to_owned(),
        format!("vars.db={}", database.display()),
        "--as-of".to_owned(),
        as_of.to_owned(),
        "--workspace".to_owned(),
        place.path("workspace").display().to_string(),
    ];
    arguments.extend_from_slice(more);
    arguments.push("--verbose".to_owned());
    place.nightloom(arguments).expect_success().stdout
}

fn link(place: &Place, database: &Path, as_of: &str) {
    let out = ["--set".to_owned(), format!("vars.out={}", place.path("out").display())];
    night(place, "linking.toml", database, as_of, &out);
}

#[test]
fn a_method_that_tonight_did_not_use_keeps_the_night_it_was_last_used() {
    let place = Place::new();
    let database = made_up_shop(&place, "400");
    link(&place, &database, "2026-03-02T00:00:00Z");
    Connection::open(&database)
        .expect("a database")
        .execute_batch(
            "UPDATE catalog_products SET linked_product_url = NULL, link_method = NULL, link_confidence = NULL
             WHERE id = (SELECT MIN(id) FROM catalog_products WHERE link_method = 'exact_url')",
        )
        .expect("an update");
    link(&place, &database, "2026-03-03T00:00:00Z");
    let used = "SELECT COUNT(*) FROM retailer_method_stats WHERE last_used = '2026-03-03T00:00:00Z'";
    assert_eq!(rows(&database, used), [[Value::Integer(1)]]);
    let never = "SELECT COUNT(*) FROM retailer_method_stats WHERE last_used IS NULL";
    assert_eq!(rows(&database, never), [[Value::Integer(0)]]);
    let recent = "SELECT COUNT(*) FROM retailer_recent_stability AS r JOIN retailer_url_patterns AS p USING (retailer)
                  WHERE r.recent_links <= p.sample_size AND r.last_measured = '2026-03-03T00:00:00Z'";
    assert_eq!(rows(&database, recent), rows(&database, "SELECT COUNT(*) FROM retailer_url_patterns"));
}

#[test]
fn a_shop_without_the_table_of_what_was_learned_has_it_after_the_first_night() {
    let learned = |drop: bool| {
        let place = Place::new();
        let database = made_up_shop(&place, "400");
        if drop {
            let connection = Connection::open(&database).expect("a database");
            connection.execute_batch("DROP TABLE retailer_url_patterns").expect("the table goes");
        }
        link(&place, &database, "2026-03-02T00:00:00Z");
        rows(&database, "SELECT * FROM retailer_url_patterns ORDER BY retailer")
    };
    let made = learned(true);
    assert!(!made.is_empty());
    assert_eq!(made, learned(false));
}

#[test]
fn the_links_of_a_made_up_shop_are_measured_against_the_true_ones() {
    let place = Place::new();
    let database = made_up_shop(&place, "2000");
    link(&place, &database, "2026-03-02T00:00:00Z");
    let printed = night(&place, "examples/demo-quality.toml", &database, "2026-03-02T00:00:00Z", &[]);
    for heading in ["High confidence (0.95 and more)", "Medium confidence (below 0.95)", "precision", "recall"] {
        assert!(printed.contains(heading), "{printed}");
    }
    let right = "SELECT ROUND(SUM(p.id = t.product_id) * 100.0 / COUNT(*)) FROM true_links AS t
                 JOIN catalog_products AS c ON c.id = t.catalog_id
                 LEFT JOIN products AS p ON p.url = c.linked_product_url";
    let share = rows(&database, right);
    assert!(matches!(share[0][0], Value::Real(share) if share >= 93.0), "{share:?}");
}
