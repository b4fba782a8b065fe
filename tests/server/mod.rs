//! The server through the binary: a real run's results, real uploads, runs that it starts, and what a kill leaves.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    process::{Child, Stdio},
    thread,
    time::Duration,
};

use rusqlite::Connection;
use serde_json::{Value as Json, json};

use crate::support::{Place, project};

/// A server of a place; killed with the test.
struct Served {
    process: Child,
    address: SocketAddr,
}

impl Served {
    fn start(place: &Place) -> Self {
        let pipeline = project().join("pipelines/bundles.toml");
        let mut command = place.command(["serve".as_ref(), pipeline.as_os_str()]);
        command.args([
            "--listen",
            "127.0.0.1:0",
            "--db",
            "bundles.db",
            "--shop-data",
            "shops",
            "--workspace",
            ".",
            "--rate-limit",
            "0",
        ]);
        command.args(["--set", "vars.out=out"]);
        let mut process = command.stdout(Stdio::piped()).spawn().expect("a server");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        let address = line.trim().rsplit("//").next().and_then(|address| address.parse().ok());
        Self { process, address: address.unwrap_or_else(|| panic!("no address in {line:?}")) }
    }

    fn ask(&self, token: &str, method: &str, target: &str, content_type: &str, body: &[u8]) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nAuthorization: Bearer {token}\r\nContent-Type: {content_type}\r\n\
             Content-Length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        let sent = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
        let mut answer = String::new();
        if sent.and_then(|()| stream.read_to_string(&mut answer)).is_err() {
            return (0, String::new());
        }
        let code = answer.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or_default();
        (code, answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
    }

    #[track_caller]
    fn json(&self, token: &str, method: &str, target: &str, body: &Json) -> Json {
        let (code, text) = self.ask(token, method, target, "application/json", body.to_string().as_bytes());
        assert!((200..300).contains(&code), "{method} {target}: {code} {text}");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{target}: {error} {text}"))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A place with bundles of two shops.
fn with_bundles() -> Place {
    let place = Place::new();
    place
        .nightloom(["sample", "orders", "--lines", "3000", "--shops", "2", "--seed", "1", "--out", "shops"])
        .expect_success();
    let pipeline = project().join("pipelines/bundles.toml");
    let mut command = place.command(["run".as_ref(), pipeline.as_os_str()]);
    for setting in ["vars.shop_data=shops", "vars.db=bundles.db", "vars.out=out"] {
        command.args(["--set", setting]);
    }
    let output = command.args(["--workspace", "."]).output().expect("a run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    place
}

fn token(place: &Place, role: &str, shop: Option<&str>) -> String {
    let mut arguments = vec!["token", "create", "ada", "--role", role, "--workspace", "."];
    match shop {
        Some(shop) => arguments.extend(["--shop", shop]),
        None => arguments.push("--all-shops"),
    }
    place.nightloom(arguments).expect_success().stdout.trim().to_owned()
}

#[test]
fn a_real_runs_bundles_are_served_decided_and_made_again_by_a_run_that_the_server_starts() {
    let place = with_bundles();
    let served = Served::start(&place);
    let results = Connection::open(place.path("bundles.db")).expect("results");
    let shop: String =
        results.query_row("SELECT MIN(shop_id) FROM bundle_recommendations", [], |row| row.get(0)).expect("a shop");
    let admin = token(&place, "admin", None);
    let reviewer = token(&place, "reviewer", Some(&shop));
    let rows = served.json(&reviewer, "GET", "/api/bundle-recommendations", &json!({}));
    let id = rows[0]["id"].as_str().expect("an id").to_owned();
    served.json(
        &reviewer,
        "PATCH",
        &format!("/api/bundle-recommendations/{id}/approve"),
        &json!({ "isApproved": true }),
    );
    for target in [
        "/api/dashboard-stats",
        "/api/analytics",
        "/api/analytics/insights",
        "/api/association-rules",
        "/api/csv-uploads",
        "/api/export/recommendations",
        "/api/bundles",
        "/api/decisions",
    ] {
        served.json(&reviewer, "GET", target, &json!({}));
    }
    for target in [
        "/api/runs",
        "/api/admin/flags",
        "/api/admin/metrics",
        "/api/admin/metrics/phases",
        "/api/admin/metrics/drops",
        "/api/health",
    ] {
        served.json(&admin, "GET", target, &json!({}));
    }
    served.json(&admin, "PUT", "/api/admin/flags/bundling.max_per_pair", &json!({ "value": 1 }));
    assert_eq!(
        place.nightloom(["flags", "get", "bundling.max_per_pair", "--workspace", "."]).expect_success().stdout.trim(),
        "1"
    );

    let orders = std::fs::read_dir(place.path("shops").join(&shop)).expect("files").filter_map(Result::ok);
    let orders = orders.map(|file| file.path()).find(|path| path.to_string_lossy().contains("orders")).expect("orders");
    let text = std::fs::read_to_string(&orders).expect("orders");
    let body = json!({ "csvType": "orders", "csvData": text });
    let sent = served.json(&reviewer, "POST", "/api/shopify/upload", &body);
    let upload = sent["uploadId"].as_str().expect("an upload").to_owned();
    let looked_at = wait(|| {
        let upload = served.json(&reviewer, "GET", &format!("/api/csv-uploads/{upload}"), &json!({}));
        (upload["status"] != "processing").then_some(upload)
    });
    assert_eq!(looked_at["status"], "completed", "{looked_at}");
    assert!(looked_at["processedRows"].as_i64().is_some_and(|rows| rows > 0), "{looked_at}");

    served.json(&reviewer, "POST", "/api/generate-bundles", &json!({ "csvUploadId": upload }));
    let ended = wait(|| {
        let progress = served.json(&reviewer, "GET", &format!("/api/generation-progress/{upload}"), &json!({}));
        (progress["status"] != "in_progress").then_some(progress)
    });
    assert_eq!((&ended["status"], &ended["progress"]), (&json!("completed"), &json!(100)), "{ended}");
    let (_, events) =
        served.ask(&reviewer, "GET", &format!("/api/shopify/progress/{upload}/stream"), "text/plain", b"");
    assert!(events.contains("event: complete"), "{events}");
    let status = served.json(&reviewer, "GET", &format!("/api/shopify/status/{upload}"), &json!({}));
    assert!(status["bundle_count"].as_i64().is_some_and(|count| count > 0), "{status}");
    let still = served.json(&reviewer, "GET", &format!("/api/bundle-recommendations/{id}"), &json!({}));
    assert_eq!(still["isApproved"], true);
}

/// Waits until something is there.
fn wait<T>(mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..1_200 {
        if let Some(found) = look() {
            return found;
        }
        thread::sleep(Duration::from_millis(100));
    }
    panic!("it never came");
}

#[test]
fn killed_while_it_writes_nothing_is_half_done() {
    let place = with_bundles();
    let reviewer = token(&place, "reviewer", None);
    let results = Connection::open(place.path("bundles.db")).expect("results");
    let ids: Vec<String> = {
        let mut statement = results.prepare("SELECT id FROM bundle_recommendations ORDER BY id").expect("rows");
        statement.query_map([], |row| row.get(0)).expect("rows").collect::<Result<_, _>>().expect("ids")
    };
    let mut told = Vec::new();
    for (round, part) in ids.chunks(8).take(6).enumerate() {
        let mut served = Served::start(&place);
        thread::scope(|scope| {
            let asked: Vec<_> = part
                .iter()
                .map(|id| {
                    let (served, reviewer) = (&served, &reviewer);
                    let ask = move || {
                        let body = json!({ "recommendationId": id }).to_string();
                        served.ask(reviewer, "POST", "/api/bundles", "application/json", body.as_bytes()).0
                    };
                    (id, scope.spawn(ask))
                })
                .collect();
            thread::sleep(Duration::from_millis(7 * round as u64));
            let pid = served.process.id().to_string();
            let _ = std::process::Command::new("kill").args(["-9", &pid]).status();
            told.extend(asked.into_iter().map(|(id, asked)| (id.clone(), asked.join().unwrap_or_default())));
        });
        let _ = served.process.wait();
    }
    let whole: String = results.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("a check");
    assert_eq!(whole, "ok");
    let half = "SELECT COUNT(*) FROM bundle_recommendations r LEFT JOIN bundle_decisions d USING (shop_id, dedupe_hash) LEFT JOIN bundles b USING (shop_id, dedupe_hash) \
                LEFT JOIN bundle_decision_log l USING (shop_id, dedupe_hash) \
                WHERE (r.is_used = 1) + (d.decision IS NOT NULL) + (b.is_active IS NOT NULL) + (l.action IS NOT NULL) NOT IN (0, 4)";
    let half: i64 = results.query_row(half, [], |row| row.get(0)).expect("rows");
    assert_eq!(half, 0, "a decision is there in part");
    for (id, _) in told.iter().filter(|(_, code)| *code == 200) {
        let sql = "SELECT COUNT(*) FROM bundles WHERE recommendation_id = ?1 AND is_active = 1";
        let kept: i64 = results.query_row(sql, [id], |row| row.get(0)).expect("rows");
        assert_eq!(kept, 1, "{id} was said to be done");
    }
}
