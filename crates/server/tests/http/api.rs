//! What endpoints answer.

use nightloom_server::Role;
use serde_json::{Value as Json, json};

use crate::world::{Row, World, insert};

#[test]
fn recommendations_are_listed_by_score_and_a_page_says_where_the_next_is() {
    let world = World::new();
    let token = world.token("ada", Role::Viewer, Some(&["north"]));
    let list = world.get(&token, "/api/bundle-recommendations").expect(200);
    let rows = list.json();
    let ids: Vec<&str> = rows.as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["north-1", "north-2", "north-3"]);
    let first = &rows[0];
    let fields = [
        "id",
        "csvUploadId",
        "shopId",
        "bundleType",
        "objective",
        "products",
        "pricing",
        "aiCopy",
        "confidence",
        "predictedLift",
        "support",
        "lift",
        "rankingScore",
        "discountReference",
        "isApproved",
        "isUsed",
        "rankPosition",
        "createdAt",
    ];
    let mut names: Vec<&String> = first.as_object().unwrap().keys().collect();
    names.sort();
    let mut wanted: Vec<&str> = fields.to_vec();
    wanted.sort_unstable();
    assert_eq!(names, wanted);
    assert_eq!((&first["confidence"], &first["predictedLift"]), (&json!("0.500000"), &json!("1.150000")));
    assert_eq!(first["pricing"]["bundle_price"], 31.95);

    let mut seen = Vec::new();
    let mut target = "/api/bundle-recommendations?limit=1".to_owned();
    loop {
        let page = world.get(&token, &target).expect(200);
        seen.push(page.json()[0]["id"].as_str().unwrap().to_owned());
        let Some(link) = page.header("link") else { break };
        target = link[1..link.find('>').unwrap()].to_owned();
    }
    assert_eq!(seen, ["north-1", "north-2", "north-3"]);
    for target in [
        "/api/bundle-recommendations/north",
        "/api/shopify/recommendations",
        "/api/shopify/recommendations/north?limit=2",
    ] {
        world.get(&token, target).expect(200);
    }
    let of_upload = world.get(&token, "/api/bundle-recommendations?uploadId=north%2Forders.csv").expect(200).json();
    assert_eq!(of_upload.as_array().unwrap().len(), 3);
    assert_eq!(world.get(&token, "/api/bundle-recommendations/north-2").expect(200).json()["rankPosition"], 2);
}

#[test]
fn a_page_costs_nothing_twice_and_a_decision_is_seen_at_once() {
    let world = World::new();
    let token = world.token("ada", Role::Reviewer, Some(&["north"]));
    let is_approved = || world.get(&token, "/api/bundle-recommendations").json()[0]["isApproved"].clone();
    assert_eq!([is_approved(), is_approved()], [json!(false), json!(false)]);
    world
        .json(&token, "PATCH", "/api/bundle-recommendations/north-1/approve", &json!({ "isApproved": true }))
        .expect(200);
    assert_eq!(is_approved(), true);
    world.results().execute("UPDATE bundle_recommendations SET is_approved = 1 WHERE id = 'north-2'", []).unwrap();
    assert_eq!(world.get(&token, "/api/bundle-recommendations").json()[1]["isApproved"], true, "another program wrote");
}

#[test]
fn a_bundle_is_approved_offered_taken_away_undone_and_all_is_logged() {
    let world = World::new();
    let token = world.token("ada", Role::Reviewer, Some(&["north"]));
    let approve = |yes: bool| json!({ "isApproved": yes, "note": "looks right" });
    let done =
        world.json(&token, "PATCH", "/api/bundle-recommendations/north-1/approve", &approve(true)).expect(200).json();
    assert_eq!(done["success"], true);
    let made = world.json(&token, "POST", "/api/bundles", &json!({ "recommendationId": "north-1" })).expect(200).json();
    let bundle = made["bundleId"].as_str().unwrap();
    assert_eq!(world.get(&token, &format!("/api/bundles/{bundle}")).expect(200).json()["isActive"], true);
    assert_eq!(world.get(&token, "/api/export/bundles").expect(200).json()["bundleCount"], 1);
    world.json(&token, "PATCH", "/api/bundle-recommendations/north-1/approve", &approve(false)).expect(409);
    world.json(&token, "DELETE", &format!("/api/bundles/{bundle}"), &json!({})).expect(200);
    let undone = world.json(&token, "POST", "/api/bundle-recommendations/north-1/undo", &json!({})).expect(200).json();
    assert_eq!(undone["status"], "active");
    let seen = json!({ "seen": 1 });
    let changed = world.json(&token, "POST", "/api/bundle-recommendations/north-1/undo", &seen).expect(409).json();
    assert!(changed["error"].as_str().unwrap().contains("ada did 'undo'"), "{changed}");
    let log = world.get(&token, "/api/decisions").expect(200).json();
    let actions: Vec<&str> = log.as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["undo", "deactivate", "activate", "approve"]);
    let admin = world.token("root", Role::Admin, None);
    let audit = world.get(&admin, "/api/admin/audit").expect(200).json();
    let codes: Vec<&Json> = audit.as_array().unwrap().iter().map(|entry| &entry["status"]).collect();
    assert_eq!(codes, [409, 200, 200, 409, 200, 200]);
    assert_eq!((&audit[1]["who"], &audit[1]["shop_id"]), (&json!("ada"), &json!("north")));
}

#[test]
fn an_undo_brings_back_what_was_before_the_last_act() {
    let world = World::new();
    let token = world.token("ada", Role::Reviewer, Some(&["north"]));
    let state = "SELECT group_concat(r.is_approved || r.is_used || COALESCE(d.decision, '') || COALESCE(b.is_active, '') || COALESCE(e.pricing, '')) \
                 FROM bundle_recommendations r LEFT JOIN bundle_decisions d USING (dedupe_hash) LEFT JOIN bundles b USING (dedupe_hash) \
                 LEFT JOIN bundle_edits e USING (dedupe_hash) WHERE r.id = 'north-2'";
    let mut states = vec![world.text(state)];
    let change = |method: &str, target: &str, body: Json| world.json(&token, method, target, &body).expect(200);
    change("PATCH", "/api/bundle-recommendations/north-2", json!({ "bundlePrice": 30.5, "title": "Mug and tray" }));
    states.push(world.text(state));
    change("PATCH", "/api/bundle-recommendations/north-2/approve", json!({ "isApproved": false }));
    states.push(world.text(state));
    change("PATCH", "/api/bundle-recommendations/north-2/approve", json!({ "isApproved": true }));
    states.push(world.text(state));
    change("POST", "/api/bundles", json!({ "recommendationId": "north-2" }));
    assert_eq!(world.text("SELECT name || json_extract(pricing, '$.bundle_price') FROM bundles"), "Mug and tray30.5");
    let offered = world.text(state);
    let log: i64 = world.results().query_row("SELECT MAX(id) FROM bundle_decision_log", [], |row| row.get(0)).unwrap();
    change("POST", "/api/bundle-recommendations/north-2/undo", json!({ "seen": log }));
    assert_eq!(Some(world.text(state)), states.pop(), "it is approved, as before it was offered");
    assert_eq!(world.text("SELECT COUNT(*) || '' FROM bundles"), "0");
    change("POST", "/api/bundle-recommendations/north-2/undo", json!({}));
    assert_ne!(world.text(state), offered, "a bundle that is gone is not made again by an undo");
}

#[test]
fn a_price_is_changed_within_the_caps_and_a_later_run_leaves_it() {
    let world = World::new();
    let token = world.token("ada", Role::Reviewer, Some(&["north"]));
    let change = |body: Json| world.json(&token, "PATCH", "/api/bundle-recommendations/north-1", &body);
    let refused = change(json!({ "bundlePrice": 20.0 })).expect(422).json();
    assert!(refused["error"].as_str().unwrap().contains("26.88 to 34.03"), "{refused}");
    for body in [
        json!({}),
        json!({ "title": "" }),
        json!({ "title": "a".repeat(61) }),
        json!({ "bundlePrice": 30.001 }),
        json!({ "price": 3 }),
    ] {
        change(body).expect(422);
    }
    let edited = change(json!({ "bundlePrice": 33.0, "title": " Both " })).expect(200).json();
    assert_eq!((&edited["pricing"]["bundle_price"], &edited["aiCopy"]["title"]), (&json!(33.0), &json!("Both")));
    assert_eq!(edited["aiCopy"]["description"], "north description");
    let results = world.results();
    results.execute("DELETE FROM bundle_recommendations WHERE shop_id = 'north'", []).unwrap();
    insert(&results, &Row { shop: "north", id: "north-1", rank: 7, title: "of the new run", item: "mug" });
    let row = world.get(&token, "/api/bundle-recommendations/north-1").expect(200).json();
    assert_eq!(
        (&row["pricing"]["bundle_price"], &row["aiCopy"]["title"], &row["rankPosition"]),
        (&json!(33.0), &json!("Both"), &json!(7))
    );
    results
        .execute("UPDATE bundle_recommendations SET pricing = json_set(pricing, '$.original_total', 40)", [])
        .unwrap();
    let row = world.get(&token, "/api/bundle-recommendations/north-1").expect(200).json();
    assert_eq!(row["pricing"]["bundle_price"], 31.95, "of other prices it is no price any more");
}

#[test]
fn figures_rules_exports_and_search_are_of_the_shop() {
    let world = World::new();
    let token = world.token("ada", Role::Reviewer, Some(&["north"]));
    let stats = world.get(&token, "/api/dashboard-stats?shopId=north").expect(200).json();
    assert_eq!(
        (&stats["totalRecommendations"], &stats["totalOrders"], &stats["totalProducts"]),
        (&json!(3), &json!(2), &json!(2))
    );
    let analytics = world.get(&token, "/api/analytics?timeRange=week").expect(200).json();
    assert_eq!(analytics["timeSeries"].as_array().unwrap().len(), 2);
    let insights = world.get(&token, "/api/analytics/insights").expect(200).json();
    assert_eq!((&insights["revenue"], &insights["repeatShare"]), (&json!(22.0), &json!(1.0)));
    assert_eq!(world.get(&token, "/api/association-rules").expect(200).json()[0]["id"], "7100000017");
    let csv = world.get(&token, "/api/recommendations/north%2Forders.csv/export").expect(200);
    assert!(csv.body.starts_with("ID,Bundle Type") && csv.body.lines().count() == 4, "{}", csv.body);
    assert!(csv.header("content-disposition").unwrap().contains("north-recommendations.csv"));
    assert!(world.get(&token, "/api/export/analytics").expect(200).body.contains("totalOrders,,2"));
    let found = world.get(&token, "/api/search?q=lamp").expect(200).json();
    assert_eq!((found["found"].as_array().unwrap().len(), &found["found"][0]["id"]), (1, &json!("north-product")));
}

#[test]
fn flags_are_set_all_or_none_and_a_shops_administrator_sets_the_shops() {
    let world = World::new();
    let (admin, of_north) =
        (world.token("root", Role::Admin, None), world.token("nora", Role::Admin, Some(&["north"])));
    let bulk = |flags: Json| world.json(&admin, "POST", "/api/admin/flags/bulk", &json!({ "flags": flags }));
    bulk(json!({ "bundling.max_per_pair": 3, "bundling.enabled": "yes" })).expect(422);
    let value = |token: &str, target: &str| world.get(token, target).expect(200).json()["value"].clone();
    assert_eq!(value(&admin, "/api/admin/flags/bundling.max_per_pair"), 2);
    bulk(json!({ "bundling.max_per_pair": 3 })).expect(200);
    assert_eq!(value(&of_north, "/api/admin/flags/bundling.max_per_pair"), 3);
    let set = world
        .json(&of_north, "PUT", "/api/admin/flags/bundling.max_per_pair", &json!({ "value": 5 }))
        .expect(200)
        .json();
    assert_eq!((&set["value"], &set["from"]), (&json!(5), &json!("shop")));
    assert_eq!(value(&admin, "/api/admin/flags/bundling.max_per_pair"), 3);
    world
        .json(&admin, "POST", "/api/admin/kill-switch", &json!({ "name": "disable_all_bundling", "active": true }))
        .expect(200);
    let held = world.get(&admin, "/api/admin/flags/bundling.enabled").json();
    assert_eq!((&held["value"], &held["from"]), (&json!(false), &json!("kill switch")));
    world.json(&admin, "POST", "/api/admin/kill-switches/disable_all_bundling/deactivate", &json!({})).expect(200);
    world.json(&admin, "POST", "/api/admin/kill-switches/nothing/activate", &json!({})).expect(404);
    world.get(&admin, "/api/admin/metrics").expect(200);
    world.get(&of_north, "/api/admin/metrics").expect(403);
}

#[test]
fn progress_is_known_queueing_or_too_long_ago() {
    let world = World::new();
    let (all, north) = (world.token("root", Role::Admin, None), world.token("ada", Role::Viewer, Some(&["north"])));
    let known = world.get(&all, "/api/generation-progress/run-north").expect(200).json();
    assert_eq!(
        (&known["status"], &known["progress"], &known["step"]),
        (&json!("failed"), &json!(60), &json!("ranking"))
    );
    assert_eq!(known["recommended_poll_interval_ms"], 0);
    let other = world.get(&north, "/api/generation-progress/run-south").expect(202).json();
    assert_eq!((&other["step"], &other["progress"]), (&json!("queueing"), &json!(5)));
    let journal = rusqlite::Connection::open(world.folder.path().join(".nightloom/journal.db")).unwrap();
    journal.execute("UPDATE runs SET ended_at = '2020-01-01T00:00:00Z' WHERE run_id = 'run-north'", []).unwrap();
    world.get(&all, "/generation-progress/run-north").expect(410);
    let events = world.get(&north, "/api/shopify/progress/run-north/stream").expect(200);
    assert!(events.header("content-type").unwrap().starts_with("text/event-stream"));
    assert!(events.body.contains("event: error"), "{}", events.body);
}
