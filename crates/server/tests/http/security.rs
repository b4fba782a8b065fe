//! Nobody gets in where they don't belong, and nobody learns of the inside.

use nightloom_server::{NewToken, Role};
use serde_json::json;

use crate::{client::send, world::World};

#[test]
fn without_a_token_or_with_a_wrong_one_only_health_is_told() {
    let world = World::new();
    let token = world.token("ada", Role::Viewer, None);
    let over = NewToken {
        name: "old".to_owned(),
        role: Role::Admin,
        shops: None,
        expires_at: Some("2020-01-01T00:00:00Z".to_owned()),
    };
    let over = world.store.make_token(&over).unwrap();
    let document = send(world.address, "GET", "/api/openapi.json", &[], b"").json();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let is_open = operation["security"].as_array().unwrap().is_empty();
            let (method, target) = (method.to_ascii_uppercase(), path.replace(['{', '}'], ""));
            let bare = send(world.address, &method, &target, &[], b"");
            assert_eq!(bare.status == 401, !is_open, "{method} {target}: {}", bare.status);
            for wrong in [over.as_str(), "nlt_a_b", "", &token[..token.len() - 1]] {
                let headers = [("Authorization", &*format!("Bearer {wrong}"))];
                assert_eq!(send(world.address, &method, &target, &headers, b"").status, 401, "{method} {target}");
            }
        }
    }
    let answer = send(world.address, "GET", "/api/runs", &[("Authorization", "Basic YTpi")], b"").expect(401);
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    world.get(&token, "/api/runs").expect(200);
    let id = token.split('_').nth(1).unwrap();
    assert!(world.store.revoke_token(id).unwrap());
    world.get(&token, "/api/runs").expect(401);
}

#[test]
fn each_role_may_what_it_may_and_no_more() {
    let world = World::new();
    let document = send(world.address, "GET", "/api/openapi.json", &[], b"").json();
    for role in Role::ALL {
        let token = world.token("ada", role, Some(&["north"]));
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let needed = operation["x-role"].as_str().and_then(Role::of_name);
                let (method, target) = (method.to_ascii_uppercase(), path.replace(['{', '}'], ""));
                let status = world.json(&token, &method, &target, &json!({})).status;
                if needed.is_some_and(|needed| role < needed) {
                    assert_eq!(status, 403, "{role:?} {method} {target}");
                }
                assert!(status < 500, "{role:?} {method} {target}: {status}");
            }
        }
    }
}

#[test]
fn failures_say_what_is_wrong_twice_with_the_request_and_nothing_of_the_inside() {
    let world = World::new();
    let token = world.token("ada", Role::Admin, None);
    let answer = world.get(&token, "/api/bundle-recommendations").expect(422);
    let body = answer.json();
    assert_eq!(body["detail"][0]["loc"], json!(["query", "shopId"]));
    assert_eq!(answer.header("x-request-id"), body["requestId"].as_str());
    let missing = world.get(&token, "/api/bundles/nothing").expect(404).json();
    assert_eq!(missing["error"], missing["detail"]);
    for target in [
        "/api/bundle-recommendations?shopId=north&after=x",
        "/api/bundle-recommendations?shopId=north&limit=0",
        "/api/runs?limit=x",
        "/api/bundle-recommendations?shop=north",
        "/api/search?q=",
    ] {
        world.get(&token, target).expect(422);
    }
    world.results().execute("DROP TABLE bundle_edits", []).unwrap();
    world.results().execute("CREATE TABLE bundle_edits (other TEXT)", []).unwrap();
    let broken = world.get(&token, "/api/bundle-recommendations?shopId=north").expect(500);
    for inside in ["SELECT", "sqlite", "column", "bundle_edits", "/"] {
        assert!(!broken.json()["error"].as_str().unwrap().contains(inside), "{}", broken.body);
    }
    let log = world.log.lock().unwrap().join("\n");
    assert!(log.contains(broken.json()["requestId"].as_str().unwrap()), "{log}");
}

#[test]
fn bodies_have_limits_and_types() {
    let world = World::new();
    let token = world.token("ada", Role::Reviewer, Some(&["north"]));
    let authorization = format!("Bearer {token}");
    let post = |target: &str, content_type: &str, body: &[u8]| {
        let headers = [("Authorization", authorization.as_str()), ("Content-Type", content_type)];
        send(world.address, "POST", target, &headers, body)
    };
    post("/api/bundles", "text/plain", b"{}").expect(415);
    post("/api/bundles", "application/json", b"{").expect(422);
    post("/api/bundles", "application/json", b"{\"recommendationId\":\"x\",\"more\":1}").expect(422);
    post("/api/bundles", "application/json", &vec![b' '; 70_000]).expect(413);
    post("/api/upload-csv", "application/json", b"{}").expect(415);
    send(world.address, "PUT", "/api/bundles", &[("Authorization", &authorization)], b"").expect(405);
    send(world.address, "GET", "/api/nothing", &[("Authorization", &authorization)], b"").expect(404);
}

#[test]
fn a_name_that_leads_here_by_chance_is_not_answered() {
    let world = World::with(|_| (), |settings| settings.hosts = vec!["shop.example".to_owned()]);
    let ask = |host: &str| send(world.address, "GET", "/healthz", &[("Host", host)], b"").status;
    assert_eq!(["localhost", "127.0.0.1:80", "[::1]:80", "shop.example", "SHOP.example:443"].map(ask), [200; 5]);
    assert_eq!(["evil.example", "127.0.0.1.evil.example", ""].map(ask), [421; 3]);
}

#[test]
fn too_many_requests_are_told_to_wait_and_guessing_costs_more() {
    let world = World::with(|_| (), |settings| settings.requests_per_minute = 120);
    let (ada, bob) = (world.token("ada", Role::Viewer, None), world.token("bob", Role::Viewer, None));
    let answers: Vec<_> = (0..25).map(|_| world.get(&ada, "/api/runs")).collect();
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status == 429).collect();
    assert!(!refused.is_empty() && refused.len() <= 6, "{}", refused.len());
    assert!(refused[0].header("retry-after").is_some_and(|seconds| seconds.parse::<u64>().unwrap() >= 1));
    world.get(&bob, "/api/runs").expect(200);
    let guesses: Vec<u16> = (0..8).map(|_| world.get("nlt_0_0", "/api/runs").status).collect();
    assert_eq!((guesses[0], guesses[7]), (401, 429), "{guesses:?}");
}

#[test]
fn every_answer_keeps_browsers_careful() {
    let world = World::new();
    for target in ["/healthz", "/login", "/nothing", "/bundles", "/assets/style.css"] {
        let answer = send(world.address, "GET", target, &[], b"");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{target}");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-frame-options"), Some("DENY"));
    }
}
