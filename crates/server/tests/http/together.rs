//! Several at once.

use std::thread;

use nightloom_server::Role;
use serde_json::json;

use crate::world::{Row, World, insert};

#[test]
fn two_reviewers_at_once_lose_nothing() {
    let world = World::with(
        |results| {
            for rank in 4..=60 {
                insert(results, &Row { shop: "north", id: &format!("north-{rank}"), rank, title: "t", item: "mug" });
            }
        },
        |_| (),
    );
    let tokens = [world.token("ada", Role::Reviewer, None), world.token("bob", Role::Reviewer, None)];
    let answers: Vec<Vec<u16>> = thread::scope(|scope| {
        let reviewers = tokens.iter().enumerate().map(|(reviewer, token)| {
            let world = &world;
            scope.spawn(move || {
                let decide = |rank: usize| {
                    // Each says yes to what the other says no to.
                    let body = json!({ "isApproved": (rank + reviewer).is_multiple_of(2), "seen": 0 });
                    world
                        .json(token, "PATCH", &format!("/api/bundle-recommendations/north-{rank}/approve"), &body)
                        .status
                };
                (1..=60).map(decide).collect()
            })
        });
        let reviewers: Vec<_> = reviewers.collect();
        reviewers.into_iter().map(|reviewer| reviewer.join().unwrap()).collect()
    });
    for (ada, bob) in answers[0].iter().zip(&answers[1]) {
        let mut of_both = [*ada, *bob];
        of_both.sort_unstable();
        assert_eq!(of_both, [200, 409], "of two who differ one is told that the other was first");
    }
    assert_eq!(world.text("SELECT COUNT(*) || ' ' || COUNT(DISTINCT dedupe_hash) FROM bundle_decision_log"), "60 60");
    let told = "SELECT COUNT(*) || '' FROM bundle_decisions d JOIN bundle_decision_log l USING (dedupe_hash) \
                WHERE d.decided_by = l.decided_by AND d.decision = CASE l.action WHEN 'approve' THEN 'approved' ELSE 'rejected' END";
    assert_eq!(world.text(told), "60");
}

#[test]
fn a_run_that_replaces_its_table_meanwhile_undoes_no_decision() {
    let world = World::new();
    let token = world.token("ada", Role::Reviewer, None);
    let rerun = || {
        let results = world.results();
        results.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
        results.execute_batch("BEGIN IMMEDIATE; DELETE FROM bundle_recommendations WHERE shop_id = 'north'").unwrap();
        for rank in 1..=3 {
            insert(
                &results,
                &Row { shop: "north", id: &format!("north-{rank}"), rank, title: "of the new run", item: "mug" },
            );
        }
        results.execute_batch("COMMIT").unwrap();
    };
    thread::scope(|scope| {
        let runs = scope.spawn(|| (0..20).for_each(|_| rerun()));
        for (id, yes) in [("north-1", true), ("north-2", false)] {
            world
                .json(
                    &token,
                    "PATCH",
                    &format!("/api/bundle-recommendations/{id}/approve"),
                    &json!({ "isApproved": yes }),
                )
                .expect(200);
        }
        for _ in 0..30 {
            world.get(&token, "/api/bundle-recommendations?shopId=north").expect(200);
        }
        runs.join().unwrap();
    });
    rerun();
    let left = world.text("SELECT group_concat(id || is_approved) FROM (SELECT * FROM bundle_recommendations WHERE shop_id = 'north' ORDER BY id)");
    assert_eq!(left, "north-11,north-30");
}
