//! What people decide, and that no later run undoes it.

use rusqlite::Connection;
use serde_json::{Value as Json, json};

use super::*;

/// A table as `pipelines/bundles.toml` writes it, without what nothing here asks for.
const RECOMMENDATIONS: &str = "CREATE TABLE bundle_recommendations (id TEXT, csv_upload_id TEXT, shop_id TEXT, \
    bundle_type TEXT, objective TEXT, products TEXT, pricing TEXT, ai_copy TEXT, confidence REAL, predicted_lift REAL, \
    support REAL, lift REAL, ranking_score REAL, discount_reference TEXT, is_approved INTEGER, is_used INTEGER, \
    rank_position INTEGER, created_at TEXT, dedupe_hash TEXT, explanation TEXT, ranking_components TEXT, sources TEXT)";

fn database() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(RECOMMENDATIONS).unwrap();
    connection
}

fn row(connection: &Connection, shop: Option<&str>, id: &str, rank: i64, price: f64) {
    let products =
        json!({ "items": [{ "variant_id": "1", "name": "Mug" }, { "variant_id": "2", "name": "Tray; large" }] });
    let pricing = json!({ "bundle_price": price, "currency": "EUR" });
    let copy = json!({ "title": format!("Title of {id}"), "description": "Both" });
    connection
        .execute(
            "INSERT INTO bundle_recommendations VALUES (?1, 'u1', ?2, 'FBT', 'increase_aov', ?3, ?4, ?5, 0.5, 1.15, 0.02, 2.5, \
             0.8, NULL, 0, 0, ?6, '2026-03-01T00:00:00Z', ?7, NULL, NULL, '[\"apriori\"]')",
            rusqlite::params![id, shop, products.to_string(), pricing.to_string(), copy.to_string(), rank, format!("hash-{id}")],
        )
        .unwrap();
}

/// What a sink does that replaces its table: all rows out, those of the new run in.
fn run(connection: &Connection, rows: &[(&str, i64, f64)]) {
    connection.execute("DELETE FROM bundle_recommendations", []).unwrap();
    for (id, rank, price) in rows {
        row(connection, Some("north"), id, *rank, *price);
    }
}

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

fn act(connection: &mut Connection, action: Action, given: &[&str]) -> Result<Vec<Recommendation>, ReviewError> {
    let decision = Decision { action, by: "ada", at: "2026-03-02T08:00:00Z", note: Some("looks right") };
    decide(connection, &ids(given), None, &decision)
}

fn shown(connection: &Connection) -> Vec<String> {
    let found = list(connection, &Query::default()).unwrap();
    let line = |of: Recommendation| format!("{} {} {}", of.id, of.status.name(), of.pricing["bundle_price"]);
    found.into_iter().map(line).collect()
}

#[test]
fn what_was_approved_stays_as_it_was_and_what_was_rejected_never_comes_back() {
    let mut connection = database();
    run(&connection, &[("aa", 1, 10.0), ("bb", 2, 20.0), ("cc", 3, 30.0)]);
    act(&mut connection, Action::Approve, &["aa"]).unwrap();
    act(&mut connection, Action::Reject, &["bb"]).unwrap();
    assert_eq!(shown(&connection), ["aa approved 10.0", "bb rejected 20.0", "cc pending 30.0"]);

    run(&connection, &[("cc", 1, 31.0), ("bb", 2, 21.0), ("aa", 3, 11.0)]);
    assert_eq!(shown(&connection), ["aa approved 10.0", "cc pending 31.0"]);
    run(&connection, &[("dd", 1, 40.0)]);
    assert_eq!(shown(&connection), ["aa approved 10.0", "dd pending 40.0"]);

    let upsert = "INSERT INTO bundle_recommendations (id, shop_id, dedupe_hash, pricing, is_approved) \
                  VALUES ('aa', 'north', 'hash-aa', '{}', 0) ON CONFLICT (id) DO UPDATE SET pricing = excluded.pricing, is_approved = 0";
    connection.execute("CREATE UNIQUE INDEX by_id ON bundle_recommendations (id)", []).unwrap();
    connection.execute(upsert, []).unwrap();
    connection
        .execute("UPDATE bundle_recommendations SET pricing = '{}', is_approved = 0 WHERE id = 'aa'", [])
        .unwrap();
    assert_eq!(shown(&connection), ["aa approved 10.0", "dd pending 40.0"]);
}

#[test]
fn who_decided_and_when_is_kept_and_of_two_the_first_who_said_the_same() {
    let mut connection = database();
    run(&connection, &[("aa", 1, 10.0)]);
    let found = act(&mut connection, Action::Approve, &["aa"]).unwrap();
    assert_eq!(
        (found[0].decided_by.as_deref(), found[0].decided_at.as_deref()),
        (Some("ada"), Some("2026-03-02T08:00:00Z"))
    );
    let again = Decision { action: Action::Approve, by: "bob", at: "2026-03-03T08:00:00Z", note: None };
    let found = decide(&mut connection, &ids(&["aa"]), None, &again).unwrap();
    assert_eq!((found[0].decided_by.as_deref(), found[0].note.as_deref()), (Some("ada"), Some("looks right")));
    let reject = Decision { action: Action::Reject, ..again };
    let found = decide(&mut connection, &ids(&["aa"]), None, &reject).unwrap();
    assert_eq!((found[0].status, found[0].decided_by.as_deref()), (Status::Rejected, Some("bob")));
    let log: i64 = connection.query_row("SELECT COUNT(*) FROM bundle_decision_log", [], |row| row.get(0)).unwrap();
    assert_eq!(log, 2);
}

#[test]
fn an_active_bundle_is_made_once_and_can_be_taken_back() {
    let mut connection = database();
    run(&connection, &[("aa", 1, 10.0), ("bb", 2, 20.0)]);
    let first = act(&mut connection, Action::Activate, &["aa"]).unwrap();
    let second = act(&mut connection, Action::Activate, &["aa"]).unwrap();
    assert_eq!((first[0].status, &first[0].bundle_id), (Status::Active, &second[0].bundle_id));
    let bundle = first[0].bundle_id.clone().unwrap();
    let exported = bundles(&connection, "north", "2026-03-02T09:00:00Z").unwrap();
    let exported = serde_json::to_value(exported).unwrap();
    assert_eq!((&exported["bundleCount"], &exported["bundles"][0]["name"]), (&json!(1), &json!("Title of aa")));
    assert_eq!(exported["bundles"][0]["id"], Json::from(bundle.as_str()));
    let used: bool = connection
        .query_row("SELECT is_used AND is_approved FROM bundle_recommendations WHERE id = 'aa'", [], |row| row.get(0))
        .unwrap();
    assert!(used);

    let refused = act(&mut connection, Action::Reject, &["bb", "aa"]).unwrap_err();
    assert!(refused.to_string().contains("deactivate it first"), "{refused}");
    assert_eq!(shown(&connection), ["aa active 10.0", "bb pending 20.0"], "of all or of none");
    act(&mut connection, Action::Deactivate, &[&bundle]).unwrap();
    assert_eq!(shown(&connection), ["aa inactive 10.0", "bb pending 20.0"]);
    assert!(act(&mut connection, Action::Deactivate, &["bb"]).is_err());
    act(&mut connection, Action::Reject, &["bb"]).unwrap();
    assert!(act(&mut connection, Action::Activate, &["bb"]).is_err());
}

#[test]
fn the_beginning_of_an_id_is_enough_where_it_is_one() {
    let mut connection = database();
    run(&connection, &[("abc", 1, 10.0), ("abd", 2, 20.0), ("ab", 3, 30.0)]);
    assert_eq!(act(&mut connection, Action::Approve, &["abd"]).unwrap().len(), 1);
    assert_eq!(act(&mut connection, Action::Approve, &["ab"]).unwrap()[0].id, "ab");
    let problem =
        |given: &str, connection: &mut Connection| act(connection, Action::Approve, &[given]).unwrap_err().to_string();
    assert!(problem("a", &mut connection).contains("(2 do)"));
    assert!(problem("x", &mut connection).contains("(0 do)"));
    assert!(problem("", &mut connection).contains("no one recommendation"));
}

#[test]
fn a_shop_without_a_name_and_a_run_that_is_not_done_are_no_other_shops() {
    let mut connection = database();
    row(&connection, None, "aa", 1, 10.0);
    row(&connection, Some("north"), "bb", 1, 10.0);
    connection
        .execute("UPDATE bundle_recommendations SET discount_reference = '__partial__:ranking' WHERE id = 'bb'", [])
        .unwrap();
    act(&mut connection, Action::Approve, &["aa"]).unwrap();
    assert_eq!(shown(&connection), ["aa approved 10.0"]);
    connection.execute("DELETE FROM bundle_recommendations", []).unwrap();
    assert_eq!(shown(&connection), ["aa approved 10.0"]);
}

#[test]
fn filters_hold_together_and_csv_quotes_what_must_be() {
    let connection = database();
    run(&connection, &[("aa", 2, 10.0), ("bb", 1, 20.0)]);
    stand_in(&connection).unwrap();
    let found = |query: Query| list(&connection, &query).unwrap().into_iter().map(|of| of.id).collect::<Vec<_>>();
    assert_eq!(found(Query { item: Some("tray".to_owned()), ..Query::default() }), ["bb", "aa"]);
    assert!(found(Query { min_score: Some(0.9), ..Query::default() }).is_empty());
    assert!(found(Query { bundle_type: Some("BOGO".to_owned()), ..Query::default() }).is_empty());
    assert_eq!(found(Query { limit: Some(1), status: vec![Status::Pending], ..Query::default() }), ["bb"]);
    let csv = recommendations_csv(&list(&connection, &Query { limit: Some(1), ..Query::default() }).unwrap());
    let expected = "ID,Bundle Type,Confidence,Predicted Lift,Products,AI Title,Is Approved,Created At\r\n\
                    bb,FBT,0.5,1.15,Mug; Tray; large,Title of bb,No,2026-03-01T00:00:00Z\r\n";
    assert_eq!(csv, expected);
    let exported =
        serde_json::to_value(recommendations(&connection, "north", "2026-03-02T00:00:00Z").unwrap()).unwrap();
    assert_eq!((&exported["uploadId"], &exported["recommendations"][1]["rankPosition"]), (&json!("u1"), &json!(2)));
}

#[test]
fn a_database_without_recommendations_is_told() {
    let connection = Connection::open_in_memory().unwrap();
    assert!(matches!(stand_in(&connection), Err(ReviewError::NoRecommendations)));
}

#[test]
fn a_shop_is_read_with_its_orders_rules_and_products() {
    let mut connection = database();
    run(&connection, &[("aa", 1, 10.0)]);
    connection
        .execute_batch(
            "CREATE TABLE orders (shop_id TEXT, order_id TEXT, created_at TEXT, total_cents INTEGER, basket_value_cents INTEGER);
             CREATE TABLE order_lines (shop_id TEXT, order_id TEXT, variant_id TEXT, quantity INTEGER, line_total_cents INTEGER);
             CREATE TABLE item_snapshots (shop_id TEXT, variant_id TEXT, product_id TEXT, product_title TEXT);
             CREATE TABLE association_rules (id TEXT, shop_id TEXT, antecedent TEXT, consequent TEXT, confidence REAL, lift REAL);
             INSERT INTO orders VALUES ('north', 'o1', '2026-03-01T10:00:00Z', 1500, 1500), ('north', 'o2', '2026-03-02T10:00:00Z', NULL, 700),
                                       ('south', 'o1', '2026-03-02T10:00:00Z', 1, 1);
             INSERT INTO order_lines VALUES ('north', 'o1', '1', 1, 1000), ('north', 'o1', '2', 2, 500), ('north', 'o2', '1', 1, 700),
                                            ('south', 'o1', '1', 1, 1);
             INSERT INTO item_snapshots VALUES ('north', '1', 'p1', 'Mug'), ('north', '2', 'p2', 'Tray'), ('north', '3', 'p2', 'Tray');
             INSERT INTO association_rules VALUES ('r', 'north', '{\"items\":[\"1\"]}', '{\"items\":[\"2\"]}', 0.579, 5.0);",
        )
        .unwrap();
    act(&mut connection, Action::Approve, &["aa"]).unwrap();
    let (shop, rules) = analytics::read(&connection, "north").unwrap();
    let figures = analytics::figures(&shop, &shop.held());
    assert_eq!((figures.total_orders, figures.total_products, figures.bundle_revenue), (2, 2, 15.0));
    assert_eq!((figures.conversion_rate, figures.avg_bundle_size), (0.5, 10.0));
    assert_eq!((rules[0].items.join("+"), rules[0].percent), ("Mug+Tray".to_owned(), 57));
}
