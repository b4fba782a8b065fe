//! The OpenAPI document: whole, true, and walked by a token of one shop that must learn nothing of the other.

use nightloom_server::Role;
use serde_json::{Value as Json, json};

use crate::{
    client::{Answer, send},
    world::World,
};

/// A token of north asks for everything of south: in all the places where a request can name a shop, a thing or an upload.
#[test]
fn a_shops_token_sees_and_changes_that_shop_alone_in_every_endpoint() {
    let world = World::new();
    world.store.fail_forgotten_uploads().unwrap();
    for role in Role::ALL {
        let token = world.token("nora", role, Some(&["north"]));
        let before = fingerprint(&world);
        let document = send(world.address, "GET", "/api/openapi.json", &[], b"").expect(200).json();
        let mut walked = 0;
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                for target in targets(path, operation) {
                    let answer = ask(&world, &token, method, &target, operation);
                    assert!(answer.status < 500, "{method} {target}: {} {}", answer.status, answer.body);
                    // What was asked for comes back in some answers; what is south's own never does.
                    for secret in [
                        "south title",
                        "south mug",
                        "south description",
                        "south customers",
                        "south why",
                        "south-o1",
                        "south-sku",
                        "run-south-problem",
                        "run-all-problem",
                        "run-south-step",
                        "run-all-step",
                        "south-lamp",
                        "7200000029",
                    ] {
                        assert!(
                            !answer.body.contains(secret),
                            "{role:?} {method} {target} tells {secret}: {}",
                            answer.body
                        );
                    }
                    walked += 1;
                }
            }
        }
        assert!(walked > 120, "only {walked} requests: the document is not whole");
        assert_eq!(fingerprint(&world), before, "something of south was changed with a token of north");
    }
}

/// The requests of an operation: of things of south, and of the shop by its name.
fn targets(path: &str, operation: &Json) -> Vec<String> {
    let mut targets = Vec::new();
    for id in ["south-1", "south", "south%2Forders.csv", "run-south", "run-all", "hash-south-1", "bundling.enabled"] {
        let filled: Vec<String> =
            path.split('/').map(|part| if part.starts_with('{') { id.to_owned() } else { part.to_owned() }).collect();
        let filled = filled.join("/");
        let names = |named: &[&str]| {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let of_query = parameters.filter(|parameter| parameter["in"] == "query");
            let value = |name: &str| match name {
                "shopId" => Some("south"),
                "uploadId" => Some("south%2Forders.csv"),
                "recommendationId" => Some("south-1"),
                "q" => Some("lamp"),
                _ => None,
            };
            let of_query: Vec<String> = of_query
                .filter_map(|parameter| parameter["name"].as_str())
                .filter(|name| named.contains(name) || *name == "q")
                .filter_map(|name| Some(format!("{name}={}", value(name)?)))
                .collect();
            of_query.join("&")
        };
        for named in [&["shopId", "uploadId", "recommendationId"][..], &["uploadId", "recommendationId"], &[]] {
            let query = names(named);
            let target = if query.is_empty() { filled.clone() } else { format!("{filled}?{query}") };
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
    }
    targets
}

fn ask(world: &World, token: &str, method: &str, target: &str, operation: &Json) -> Answer {
    let method = method.to_ascii_uppercase();
    if operation["requestBody"]["content"].get("multipart/form-data").is_some() {
        let body = "--x\r\nContent-Disposition: form-data; name=\"shopId\"\r\n\r\nsouth\r\n--x\r\nContent-Disposition: form-data; \
                    name=\"file\"; filename=\"orders.csv\"\r\n\r\nof south\r\n--x--\r\n";
        let headers =
            [("Authorization", &*format!("Bearer {token}")), ("Content-Type", "multipart/form-data; boundary=x")];
        return send(world.address, &method, target, &headers, body.as_bytes());
    }
    if operation.get("requestBody").is_none() {
        return send(world.address, &method, target, &[("Authorization", &format!("Bearer {token}"))], b"");
    }
    let schema = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str().unwrap_or_default();
    let body = match schema.rsplit('/').next().unwrap_or_default() {
        "Approval" => json!({ "isApproved": true }),
        "Change" => json!({ "title": "of north" }),
        "Seen" => json!({}),
        "NewBundle" => json!({ "recommendationId": "south-1" }),
        "OfShop" => json!({ "shop_id": "south" }),
        "Upload" => json!({ "csvUploadId": "south/orders.csv" }),
        "NewValue" => json!({ "value": false, "shop_id": "south" }),
        "NewValues" => json!({ "flags": { "bundling.enabled": false }, "shop_id": "south" }),
        "Switch" => json!({ "name": "disable_all_bundling", "active": true, "shop_id": "south" }),
        "OneFile" => json!({ "shopId": "south", "csvType": "orders", "csvData": "of south" }),
        "FourFiles" => {
            json!({ "shopId": "south", "catalogCsv": "a", "variantsCsv": "a", "inventoryCsv": "a", "ordersCsv": "a" })
        }
        other => panic!("the walk does not know the body {other} of {target}"),
    };
    world.json(token, &method, target, &body)
}

/// All that is south's: its rows, what was decided of them, its files, its flags.
fn fingerprint(world: &World) -> String {
    let rows = world.text(
        "SELECT group_concat(id || is_approved || is_used || pricing || ai_copy) FROM bundle_recommendations WHERE shop_id = 'south'",
    );
    let decided = world.text("SELECT COUNT(*) || '' FROM bundle_decision_log WHERE shop_id = 'south'");
    let files = std::fs::read_dir(world.folder.path().join("shops/south")).map_or(0, Iterator::count);
    let admin = world.token("root", Role::Admin, None);
    let flags = world.get(&admin, "/api/admin/flags?shopId=south").expect(200).json();
    format!("{rows} {decided} {files} {}", flags["flags"]["bundling.enabled"])
}

#[test]
fn the_document_has_every_path_of_the_contract_and_no_reference_without_an_end() {
    let world = World::new();
    let document = send(world.address, "GET", "/api/openapi.json", &[], b"").expect(200).json();
    assert_eq!(document["openapi"], "3.1.0");
    let contract = [
        ("post", "/api/upload-csv"),
        ("get", "/api/csv-uploads"),
        ("get", "/api/csv-uploads/{id}"),
        ("get", "/api/uploads"),
        ("get", "/api/upload-status/{id}"),
        ("post", "/api/generate-bundles"),
        ("get", "/api/generation-progress/{id}"),
        ("get", "/generation-progress/{id}"),
        ("get", "/api/generation-progress/shop/{shop}/active"),
        ("post", "/api/generate-bundles/{id}/resume"),
        ("post", "/api/retry-bundle-generation/{id}"),
        ("post", "/api/force-reset/{id}"),
        ("get", "/api/bundle-recommendations"),
        ("get", "/api/bundle-recommendations/{id}"),
        ("patch", "/api/bundle-recommendations/{id}/approve"),
        ("get", "/api/bundle-recommendations/{id}/partial"),
        ("get", "/api/bundles"),
        ("post", "/api/bundles"),
        ("get", "/api/bundles/{id}"),
        ("delete", "/api/bundles/{id}"),
        ("post", "/api/generate-rules"),
        ("get", "/api/association-rules"),
        ("get", "/api/dashboard-stats"),
        ("get", "/api/analytics"),
        ("get", "/api/analytics/insights"),
        ("get", "/api/export/bundles"),
        ("get", "/api/export/recommendations"),
        ("get", "/api/export/analytics"),
        ("get", "/api/recommendations/{id}/export"),
        ("post", "/api/shopify/upload"),
        ("post", "/api/shopify/upload-batch"),
        ("get", "/api/shopify/status/{id}"),
        ("get", "/api/bundle-status/{id}"),
        ("get", "/api/shopify/progress/{id}/stream"),
        ("get", "/api/shopify/recommendations"),
        ("post", "/api/shopify/recommendations/{id}/approve"),
        ("get", "/api/admin/flags"),
        ("get", "/api/admin/flags/{key}"),
        ("put", "/api/admin/flags/{key}"),
        ("post", "/api/admin/flags/bulk"),
        ("get", "/api/admin/metrics"),
        ("post", "/api/admin/kill-switch"),
        ("get", "/healthz"),
        ("get", "/api/health"),
        ("get", "/api/health/pool"),
    ];
    for (method, path) in contract {
        assert!(document["paths"][path].get(method).is_some(), "{method} {path} is not there");
    }
    let mut ids = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (_, operation) in methods.as_object().unwrap() {
            ids.push(operation["operationId"].as_str().unwrap().to_owned());
            let named = path.matches('{').count();
            let parameters = operation["parameters"].as_array().unwrap();
            assert_eq!(parameters.iter().filter(|parameter| parameter["in"] == "path").count(), named, "{path}");
        }
    }
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all, "two operations have one id");
    references(&document, &document);
}

fn references(part: &Json, document: &Json) {
    match part {
        Json::Object(fields) => {
            assert_ne!(fields.get("type"), Some(&Json::Null), "a type that is none: {part}");
            if let Some(reference) = fields.get("$ref").and_then(Json::as_str) {
                assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference} has no end");
            }
            fields.values().for_each(|field| references(field, document));
        }
        Json::Array(items) => items.iter().for_each(|item| references(item, document)),
        _ => {}
    }
}
