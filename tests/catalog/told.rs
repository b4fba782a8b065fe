//! What is told of runs: figures for Prometheus, alerts to a command and a webhook.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    sync::mpsc::channel,
    thread,
    time::Duration,
};

use serde_json::Value;

use super::shop::{FIRST, Shop};

/// A command that keeps what it is told.
const KEEPS: &str = r#"alerts.command=["sh", "-c", "cat >> told.ndjson; echo >> told.ndjson"]"#;

fn told(shop: &Shop) -> Vec<String> {
    let text = fs::read_to_string(shop.0.path("told.ndjson")).unwrap_or_default();
    let notice = |line: &str| {
        let json: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        format!("{} {}", json["tells"].as_str().expect("a word"), json["kind"].as_str().expect("a kind"))
    };
    text.lines().filter(|line| !line.is_empty()).map(notice).collect()
}

#[test]
fn figures_are_written_after_each_sync() {
    let shop = Shop::new(FIRST);
    shop.sync();
    let file = shop.0.path("search.db.shop.example.prom");
    let figures = || fs::read_to_string(&file).expect("figures");
    let has = |line: &str| {
        let line = line.replace("{", "{pipeline=\"catalog-sync@shop.example\"");
        assert!(figures().lines().any(|found| found == line), "{line}\n{}", figures());
    };
    has("nightloom_catalog_changes{,change=\"added\"} 3");
    has("nightloom_catalog_products{} 3");
    has("nightloom_index_products{} 3");
    has("nightloom_index_written_last_hour{} 3");
    has("nightloom_run_done{} 1");
    has("nightloom_alert{,kind=\"drift\"} 0");
    shop.write("[]");
    assert_eq!(shop.verb("sync", &[]).code, Some(3));
    has("nightloom_catalog_refused{} 1");
    has("nightloom_alert{,kind=\"mass_deletion_blocked\"} 1");
    // A look tells nothing.
    fs::remove_file(&file).expect("no figures");
    shop.verb("monitor", &[]);
    assert!(!file.exists());
}

#[test]
fn an_alert_is_told_when_it_begins_and_when_it_is_over_and_is_kept_as_a_row() {
    let shop = Shop::new(FIRST);
    shop.verb("sync", &["--set", KEEPS]).expect_success();
    assert!(told(&shop).is_empty());
    shop.write("[]");
    for _ in 0..2 {
        assert_eq!(shop.verb("sync", &["--set", KEEPS]).code, Some(3));
        assert_eq!(told(&shop), ["raised mass_deletion_blocked"], "once");
    }
    let status = shop.0.nightloom(["status", "--json", "--workspace", "work"]).expect_success();
    let status: Value = serde_json::from_str(&status.stdout).expect("JSON");
    assert_eq!(status["alerts"][0]["kind"], "mass_deletion_blocked");
    shop.write(FIRST);
    shop.verb("sync", &["--set", KEEPS]).expect_success();
    assert_eq!(told(&shop).last().expect("a notice"), "resolved mass_deletion_blocked");
    let rows = crate::support::rows(
        &shop.0.path("work/.nightloom/alerts.db"),
        "SELECT kind FROM alerts WHERE resolved_at IS NOT NULL",
    );
    assert_eq!(rows.len(), 1);
}

#[test]
fn three_failed_syncs_are_told_and_who_cannot_be_told_is_told_by_the_next_run() {
    let shop = Shop::new(FIRST);
    shop.sync();
    for _ in 0..3 {
        shop.write("nonsense");
        let broken = shop.verb("sync", &["--set", r#"alerts.command=["false"]"#]);
        assert_eq!(broken.code, Some(3));
    }
    let last = shop.verb("sync", &["--set", r#"alerts.command=["false"]"#]);
    assert!(last.stderr.contains("not all of it could be told"), "{}", last.stderr);
    shop.verb("sync", &["--set", KEEPS]);
    assert_eq!(told(&shop), ["raised sync_failures"]);
}

#[test]
fn a_webhook_is_posted_each_notice_and_wrong_thresholds_are_refused_before_work() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let (sender, posted) = channel();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a request");
        let mut request = Vec::new();
        let mut buffer = [0; 4_096];
        while !String::from_utf8_lossy(&request).ends_with('}') {
            match stream.read(&mut buffer) {
                Ok(0) | Err(_) => break,
                Ok(count) => request.extend_from_slice(&buffer[..count]),
            }
        }
        stream.write_all(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n").expect("an answer");
        sender.send(String::from_utf8_lossy(&request).into_owned()).expect("somebody listens");
    });
    let shop = Shop::new(FIRST);
    shop.sync();
    shop.write("[]");
    let webhook = format!("alerts.webhook=\"http://{address}/alerts\"");
    let refused = shop.verb("sync", &["--set", &webhook]);
    let request = posted.recv_timeout(Duration::from_secs(20)).unwrap_or_else(|_| panic!("{}", refused.stderr));
    assert!(request.starts_with("POST /alerts ") && request.contains("mass_deletion_blocked"), "{request}");
    for (set, words) in [
        ("alerts.failures=0", "at least 1"),
        ("alerts.changes=\"chances\"", "'changes'"),
        ("alerts.x=1", "unknown key"),
    ] {
        let wrong = shop.verb("sync", &["--set", set]);
        assert_eq!(wrong.code, Some(2), "{set}: {}", wrong.stderr);
        assert!(wrong.stderr.contains(words), "{set}: {}", wrong.stderr);
    }
}
