//! `nightloom catalog watch`: file events, the clock, signed requests.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use super::shop::{FIRST, Shop};

const SECRET: &str = "sixteen bytes or more of it";
const LONG: Duration = Duration::from_secs(60);

struct Watch {
    child: Child,
    lines: Receiver<Value>,
}

impl Watch {
    fn start(shop: &Shop, more: &[&str]) -> Self {
        let mut arguments = vec!["--json"];
        arguments.extend(more);
        let mut command = shop.command("watch", &arguments);
        command.env("NIGHTLOOM_WEBHOOK_SECRET", SECRET).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the program starts");
        let output = BufReader::new(child.stdout.take().expect("its output"));
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let line = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, lines }
    }

    /// The next line of this event; others are left out.
    fn next(&self, event: &str) -> Value {
        loop {
            let line = self.lines.recv_timeout(LONG).unwrap_or_else(|_| panic!("no event {event}"));
            if line["event"] == event {
                return line;
            }
        }
    }

    /// Asks it to end, and waits until it has.
    fn stop(mut self) -> Value {
        let id = i32::try_from(self.child.id()).expect("a process id");
        // SAFETY: a signal to a process of our own that was not waited for yet.
        assert_eq!(unsafe { libc::kill(id, libc::SIGINT) }, 0);
        let last = self.next("stopped");
        assert_eq!(self.child.wait().expect("it ends").code(), Some(0));
        last
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn post(address: &str, body: &str, secret: &str) -> (u16, Value) {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
    mac.update(body.as_bytes());
    let signature: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let mut stream = TcpStream::connect(address).expect("somebody listens");
    let request = format!(
        "POST /catalog-updated HTTP/1.1\r\nHost: x\r\nX-Nightloom-Signature: sha256={signature}\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
    let body = answer.split("\r\n\r\n").nth(1).and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default();
    (status, body)
}

#[test]
fn a_catalog_that_is_written_is_synced_when_it_is_whole_and_small_changes_wait() {
    let shop = Shop::new(FIRST);
    let watch = Watch::start(&shop, &["--interval", "3600", "--time-threshold", "4"]);
    assert_eq!(watch.next("synced")["run"]["added"], 3);
    shop.write("[{\"id\": \"a\"");
    assert!(watch.next("look_failed")["text"].as_str().is_some_and(|text| !text.is_empty()));
    assert_eq!(shop.indexed().len(), 3);
    shop.write(&FIRST.replace("$30.00", "$25.00"));
    let synced = watch.next("synced");
    assert_eq!((&synced["run"]["updated"], synced["reason"].as_str()), (&1.into(), Some("urgent changes")));
    shop.write(&FIRST.replace("$30.00", "$25.00").replace("Soft cotton", "Softest cotton"));
    assert_eq!(watch.next("pending")["changes"], 1);
    let waited = watch.next("synced");
    assert_eq!(waited["reason"], "changes that waited");
    let last = watch.stop();
    assert_eq!((&last["syncs"], &last["failed"], &last["products"]), (&3.into(), &0.into(), &5.into()));
}

#[test]
fn a_signed_request_sets_off_a_sync_under_the_id_it_was_promised() {
    let shop = Shop::new(FIRST);
    let watch =
        Watch::start(&shop, &["--interval", "3600", "--no-events", "--webhook", "127.0.0.1:0", "--most-per-hour", "2"]);
    let address = watch.next("watching")["webhook"].as_str().expect("an address").to_owned();
    watch.next("synced");
    shop.write(&FIRST.replace("$30.00", "$25.00"));
    assert_eq!(post(&address, "{}", "another secret of sixteen").0, 401);
    let (status, answer) = post(&address, "{}", SECRET);
    assert_eq!(status, 202, "{answer}");
    let (again, busy) = post(&address, "{}", SECRET);
    assert!(again == 409 && busy["run_id"] == answer["run_id"] || again == 429, "{again} {busy}");
    let synced = watch.next("synced");
    assert_eq!((&synced["run_id"], &synced["run"]["run_id"]), (&answer["run_id"], &answer["run_id"]));
    assert_eq!(synced["run"]["updated"], 1);
    // Two syncs wrote within the hour.
    let (limited, told) = post(&address, "{}", SECRET);
    assert!(limited == 429 && told["retry_after"].as_u64().is_some_and(|seconds| seconds > 3_000), "{limited} {told}");
    watch.stop();
}

#[test]
fn a_webhook_needs_a_secret_and_a_free_address() {
    let shop = Shop::new(FIRST);
    let mut without = shop.command("watch", &["--webhook", "127.0.0.1:0"]);
    let finished = without.env_remove("NIGHTLOOM_WEBHOOK_SECRET").output().expect("it ends");
    assert_eq!(finished.status.code(), Some(2), "{}", String::from_utf8_lossy(&finished.stderr));
    let mut short = shop.command("watch", &["--webhook", "127.0.0.1:0"]);
    let finished = short.env("NIGHTLOOM_WEBHOOK_SECRET", "short").output().expect("it ends");
    assert!(String::from_utf8_lossy(&finished.stderr).contains("needs 16"));
}
