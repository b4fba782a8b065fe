//! Files that are sent, looked at, and put into the shop's folder.

use std::{fs, thread, time::Duration};

use nightloom_server::Role;
use serde_json::{Value as Json, json};

use crate::{
    client::{Answer, send},
    world::World,
};

fn form(world: &World, token: &str, fields: &[(&str, &str)], filename: &str, file: &[u8]) -> Answer {
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend(format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes());
    }
    body.extend(
        format!("--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{filename}\"\r\n\r\n").bytes(),
    );
    body.extend(file);
    body.extend(b"\r\n--x--\r\n");
    let headers = [("Authorization", &*format!("Bearer {token}")), ("Content-Type", "multipart/form-data; boundary=x")];
    send(world.address, "POST", "/api/upload-csv", &headers, &body)
}

/// The upload once it has been looked at.
fn looked_at(world: &World, token: &str, id: &str) -> Json {
    for _ in 0..200 {
        let upload = world.get(token, &format!("/api/csv-uploads/{id}")).expect(200).json();
        if upload["status"] != "processing" {
            return upload;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("nobody looked at the file");
}

#[test]
fn a_file_is_looked_at_and_put_into_its_shops_folder_whole() {
    let world = World::new();
    let token = world.token("ada", Role::Reviewer, Some(&["north"]));
    let sent =
        form(&world, &token, &[("runId", "sync-1"), ("csvType", "catalog")], "../Orders 1.csv", b"of north\n1\n2\n")
            .expect(200)
            .json();
    assert_eq!(
        (&sent["status"], &sent["runId"], &sent["shopId"]),
        (&json!("processing"), &json!("sync-1"), &json!("north"))
    );
    let upload = looked_at(&world, &token, sent["uploadId"].as_str().unwrap());
    assert_eq!(
        (&upload["status"], &upload["totalRows"], &upload["processedRows"], &upload["rejectedRows"]),
        (&json!("completed"), &json!(3), &json!(2), &json!(1))
    );
    assert_eq!((&upload["reasons"], &upload["csvType"]), (&json!(["1 no_line"]), &json!("orders")));
    assert!(upload["warnings"][0].as_str().unwrap().contains("sent as catalog"));
    let shops = world.folder.path().join("shops");
    assert_eq!(fs::read(shops.join("north/Orders_1.csv")).unwrap(), b"of north\n1\n2\n");
    assert_eq!(fs::read_dir(shops.join("north")).unwrap().count(), 1);
    assert_eq!(
        fs::read_dir(world.folder.path().join(".nightloom/uploads")).unwrap().count(),
        0,
        "nothing is left over"
    );
    assert_eq!(world.get(&token, "/api/csv-uploads/sync-1").expect(200).json()["id"], sent["uploadId"]);
    let list = world.get(&token, "/api/csv-uploads").expect(200).json();
    let ids: Vec<&Json> = list.as_array().unwrap().iter().map(|upload| &upload["id"]).collect();
    assert_eq!(ids, [&sent["uploadId"], &json!("north/orders.csv")]);
    let south = world.token("bob", Role::Viewer, Some(&["south"]));
    world.get(&south, &format!("/api/csv-uploads/{}", sent["uploadId"].as_str().unwrap())).expect(404);
}

#[test]
fn a_file_of_no_use_or_of_another_shop_goes_nowhere() {
    let world = World::new();
    let token = world.token("ada", Role::Reviewer, Some(&["north"]));
    for (file, problem) in [(&b"of south\n"[..], "another shop"), (b"broken", "no header")] {
        let sent = form(&world, &token, &[], "orders.csv", file).expect(200).json();
        let upload = looked_at(&world, &token, sent["uploadId"].as_str().unwrap());
        assert_eq!(upload["status"], "failed");
        assert!(upload["errorMessage"].as_str().unwrap().contains(problem), "{upload}");
    }
    form(&world, &token, &[("shopId", "south")], "orders.csv", b"of south").expect(403);
    form(&world, &token, &[], "orders.exe", b"of north").expect(422);
    form(&world, &token, &[("runId", "a b")], "orders.csv", b"of north").expect(422);
    assert!(!world.folder.path().join("shops").exists());
}

#[test]
fn a_file_that_is_too_large_is_refused_and_leaves_nothing() {
    let world = World::new();
    let token = world.token("ada", Role::Reviewer, Some(&["north"]));
    form(&world, &token, &[], "orders.csv", &vec![b'1'; 50 * 1024 * 1024 + 1]).expect(413);
    assert_eq!(fs::read_dir(world.folder.path().join(".nightloom/uploads")).unwrap().count(), 0);
}

#[test]
fn the_apps_uploads_bear_the_name_of_their_kind_and_may_start_a_run() {
    let world = World::new();
    let token = world.token("ada", Role::Reviewer, Some(&["north"]));
    let one = json!({ "shopId": "North", "csvType": "orders", "csvData": "of north\n1\n", "triggerPipeline": true });
    let sent = world.json(&token, "POST", "/api/shopify/upload", &one).expect(200).json();
    let id = sent["uploadId"].as_str().unwrap();
    looked_at(&world, &token, id);
    assert!(world.folder.path().join("shops/north/orders.csv").is_file());
    let mut seen = Vec::new();
    for _ in 0..100 {
        let status = world.get(&token, &format!("/api/shopify/status/{id}")).expect(200).json();
        seen.push(status["status"].as_str().unwrap().to_owned());
        if seen.last().is_some_and(|status| status == "failed") {
            break;
        }
        thread::sleep(Duration::from_millis(50));
    }
    assert!(seen.contains(&"generating_bundles".to_owned()), "{seen:?}");
    assert_eq!(seen.last().unwrap(), "failed", "what stands for the program makes no run");
    let four = json!({ "catalogCsv": "of north", "variantsCsv": "of north", "inventoryCsv": "of north", "ordersCsv": "of north" });
    let sent = world.json(&token, "POST", "/api/shopify/upload-batch", &four).expect(200).json();
    assert_eq!(sent["uploadId"], sent["ordersUploadId"]);
    for name in ["catalogUploadId", "variantsUploadId", "inventoryUploadId", "ordersUploadId"] {
        assert_eq!(looked_at(&world, &token, sent[name].as_str().unwrap())["runId"], sent["runId"]);
    }
    assert_eq!(fs::read_dir(world.folder.path().join("shops/north")).unwrap().count(), 4);
}

#[test]
fn of_a_shop_one_run_goes_on_at_a_time() {
    let world = World::new();
    let token = world.token("ada", Role::Reviewer, None);
    let begin = |upload: &str| world.json(&token, "POST", "/api/generate-bundles", &json!({ "csvUploadId": upload }));
    begin("north/orders.csv").expect(200);
    begin("north/orders.csv").expect(409);
    world.json(&token, "POST", "/api/generate-rules", &json!({ "csvUploadId": "south/orders.csv" })).expect(200);
    let active = world.get(&token, "/api/generation-progress/shop/north/active").expect(200).json();
    assert_eq!(
        (&active["active_sync"]["step"], &active["active_sync"]["upload_id"]),
        (&json!("queueing"), &json!("north/orders.csv"))
    );
    begin("nothing").expect(404);
    let admin = world.token("root", Role::Admin, None);
    world.json(&admin, "POST", "/api/force-reset/north%2Forders.csv", &json!({})).expect(409);
    thread::sleep(Duration::from_millis(1_800));
    assert_eq!(world.get(&token, "/api/generation-progress/shop/north/active").json()["active_sync"], json!(null));
    world.json(&admin, "POST", "/api/force-reset/north%2Forders.csv", &json!({})).expect(200);
}
