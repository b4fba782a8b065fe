//! Data that wants to be more than data.

use nightloom_server::Role;
use serde_json::json;

use crate::{
    pages::Visitor,
    world::{Row, World, insert},
};

const SCRIPT: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7777*7777 }}{% raw %}";

#[test]
fn texts_are_escaped_cut_and_kept_apart_wherever_they_stand() {
    let long = "x".repeat(10_000);
    let world = World::with(
        |results| {
            let hebrew = "\u{202e}\u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{2066}";
            for (rank, (id, title)) in
                [("h1", SCRIPT), ("h2", &long), ("h3", hebrew), ("\"><b>", "id")].into_iter().enumerate()
            {
                insert(results, &Row { shop: "north", id, rank: rank as i64, title, item: SCRIPT });
                insert(
                    results,
                    &Row { shop: "<b>shop</b>", id: &format!("s{rank}"), rank: rank as i64, title, item: &long },
                );
            }
            results
                .execute("UPDATE bundle_recommendations SET products = 'no json', sources = '[1,{}]', explanation = '[]' WHERE id = 's3'", [])
                .unwrap();
        },
        |_| (),
    );
    let visitor = Visitor::of(&world, &world.token(SCRIPT, Role::Admin, None));
    for target in [
        "/bundles?shop=north",
        "/bundles/h1",
        "/bundles/h2",
        "/bundles/h3",
        "/bundles/%22%3E%3Cb%3E",
        "/search?q=%3Cscript%3E",
        "/bundles?shop=north&item=%3Cscript%3E",
        "/flags?shop=%3Cscript%3E&part=%22%3E%3Cb%3E",
    ] {
        let page = visitor.get(target).expect(200).body;
        for mark in ["<script>alert", "<img src=x", "<b>", "60481729"] {
            assert!(!page.contains(mark), "{mark} stands in {target}\n{page}");
        }
        assert!(page.len() < 60_000, "{target} has {} bytes", page.len());
    }
    assert!(visitor.get("/bundles?shop=north").body.contains("&lt;script&gt;alert(1)"));
    visitor.get("/bundles?shop=%3Cb%3Eshop%3C%2Fb%3E").expect(500);
    let token = world.token("ada", Role::Viewer, Some(&["<b>shop</b>"]));
    let rows = world.get(&token, "/api/bundle-recommendations").expect(200).json();
    assert_eq!(
        (rows.as_array().unwrap().len(), &rows[3]["products"]),
        (4, &json!(null)),
        "a damaged part is null, the others stand"
    );
}

#[test]
fn requests_that_make_no_sense_are_answered() {
    let world = World::new();
    let token = world.token("ada", Role::Admin, None);
    for target in [
        "/api/bundle-recommendations/%00",
        "/api/bundle-recommendations/%ff",
        "/api/bundle-recommendations/..%2F..%2Fetc",
        "/api/bundle-recommendations?shopId=%27%20OR%201=1--",
        "/api/search?q=%22%27%28%29%2A%3A",
        "/api/runs?before=%27",
        "/api/bundle-recommendations?shopId=north&after=[1e999,1,%22%22,%22%22]",
        "/api/decisions?before=-9223372036854775808",
        "/api/admin/flags/%E2%80%AE",
        "/api/generation-progress/%27%3B",
        "//",
        "/api//bundles",
    ] {
        let answer = world.get(&token, target);
        assert!(answer.status < 500, "{target}: {} {}", answer.status, answer.body);
    }
    for body in [
        "null",
        "[]",
        "0",
        "\"x\"",
        "{\"recommendationId\":null}",
        "{\"recommendationId\":\"\\u0000\"}",
        &"[".repeat(60_000),
    ] {
        let headers = [("Authorization", &*format!("Bearer {token}")), ("Content-Type", "application/json")];
        let answer = crate::client::send(world.address, "POST", "/api/bundles", &headers, body.as_bytes());
        assert!((400..500).contains(&answer.status), "{body:.40}: {} {}", answer.status, answer.body);
    }
}
