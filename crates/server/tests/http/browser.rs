//! A real browser, where Debian's chromium and chromium-driver are there: approves and rejects, with a keyboard too, without
//! an error on the console, a request to anybody else, or a page that is wider than the screen.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use nightloom_server::Role;
use serde_json::{Value as Json, json};

use crate::{
    client::send,
    world::{Row, World, insert},
};

/// A browser that a driver drives; both end with the test.
struct Browser {
    driver: Child,
    address: SocketAddr,
    session: String,
}

/// The path of a program, if it is there.
fn program(name: &str) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH")?;
    std::env::split_paths(&paths).map(|folder| folder.join(name)).find(|path| path.is_file())
}

impl Browser {
    /// A browser of a width, light or dark; `None`, which is told, where none is installed.
    fn open(profile: &Path, width: u32, scheme: &str) -> Option<Self> {
        let (Some(driver), Some(_)) = (program("chromedriver"), program("chromium")) else {
            eprintln!("skipped: chromium and chromium-driver are not installed");
            return None;
        };
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let driver = Command::new(driver)
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut browser = Self { driver, address: SocketAddr::from(([127, 0, 0, 1], port)), session: String::new() };
        for _ in 0..100 {
            if std::net::TcpStream::connect(browser.address).is_ok() {
                break;
            }
            thread::sleep(Duration::from_millis(100));
        }
        let profile = profile.join(format!("chromium-{width}-{scheme}"));
        let capabilities = json!({ "capabilities": { "alwaysMatch": {
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
            "goog:chromeOptions": { "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                format!("--window-size={width},1000"), format!("--user-data-dir={}", profile.display()),
            ] },
        } } });
        let opened = browser.ask("POST", "/session", &capabilities);
        browser.session = format!("/session/{}", opened["sessionId"].as_str().expect("a session"));
        browser.act("POST", "/timeouts", &json!({ "script": 120_000 }));
        let emulated = json!({ "cmd": "Emulation.setEmulatedMedia", "params": { "features": [{ "name": "prefers-color-scheme", "value": scheme }] } });
        browser.act("POST", "/goog/cdp/execute", &emulated);
        let metrics = json!({ "width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": false });
        browser.act(
            "POST",
            "/goog/cdp/execute",
            &json!({ "cmd": "Emulation.setDeviceMetricsOverride", "params": metrics }),
        );
        Some(browser)
    }

    fn ask(&self, method: &str, target: &str, body: &Json) -> Json {
        let body = if method == "GET" { String::new() } else { body.to_string() };
        let headers = [("Content-Type", "application/json")];
        let answer = send(self.address, method, target, &headers, body.as_bytes());
        assert_eq!(answer.status, 200, "{target}: {}", answer.body);
        answer.json()["value"].clone()
    }

    fn act(&self, method: &str, target: &str, body: &Json) -> Json {
        self.ask(method, &format!("{}{target}", self.session), body)
    }

    fn visit(&self, url: &str) {
        self.act("POST", "/url", &json!({ "url": url }));
    }

    fn run(&self, script: &str) -> Json {
        self.act("POST", "/execute/sync", &json!({ "script": script, "args": [] }))
    }

    fn key(&self, key: &str) {
        let actions = json!({ "actions": [{ "type": "key", "id": "keys", "actions": [{ "type": "keyDown", "value": key }, { "type": "keyUp", "value": key }] }] });
        self.act("POST", "/actions", &actions);
    }

    fn click(&self, selector: &str) {
        let found = self.act("POST", "/element", &json!({ "using": "css selector", "value": selector }));
        let id = found
            .as_object()
            .and_then(|found| found.values().next())
            .and_then(Json::as_str)
            .expect("an element")
            .to_owned();
        self.act("POST", &format!("/element/{id}/click"), &json!({}));
    }

    #[track_caller]
    fn wait(&self, script: &str) {
        for _ in 0..150 {
            if self.run(script) == true {
                return;
            }
            thread::sleep(Duration::from_millis(100));
        }
        panic!("never came true: {script}\n{}", self.run("return document.documentElement.outerHTML"));
    }

    fn log(&self, kind: &str) -> Vec<Json> {
        self.act("POST", "/se/log", &json!({ "type": kind })).as_array().cloned().unwrap_or_default()
    }

    /// A picture of the page, where `SERVER_PICTURES` names a folder.
    fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("SERVER_PICTURES") else { return };
        let picture = self.act("GET", "/screenshot", &json!({}));
        fs::create_dir_all(&folder).unwrap();
        fs::write(Path::new(&folder).join(format!("{name}.b64")), picture.as_str().unwrap()).unwrap();
    }

    fn come_in(&self, world: &World, token: &str) {
        self.visit(&format!("http://{}/bundles", world.address));
        self.run(&format!("document.querySelector('#token').value = '{token}'; return true"));
        self.click("main form button");
        self.wait("return location.pathname === '/bundles'");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() && !thread::panicking() {
            self.act("DELETE", "", &json!({}));
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn fill(results: &rusqlite::Connection) {
    let hostile = "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\"> \u{202e}\u{5e9}\u{5dc}\u{5d5}\u{5dd}";
    let long = "Longword".repeat(1_250);
    for (rank, title) in [(4, hostile), (5, &long)] {
        insert(results, &Row { shop: "north", id: &format!("north-{rank}"), rank, title, item: title });
    }
}

#[test]
fn a_reviewer_approves_rejects_and_undoes_in_a_real_browser() {
    let world = World::with(fill, |_| ());
    let Some(browser) = Browser::open(world.folder.path(), 1_200, "light") else { return };
    browser.come_in(&world, &world.token("ada", Role::Reviewer, Some(&["north"])));
    browser.picture("bundles-light");
    browser.click("#b-north-1 button[value=approve]");
    browser.wait("return document.querySelector('#b-north-1').classList.contains('approved')");
    for key in ["j", "j", "r"] {
        browser.key(key);
    }
    browser.wait("return document.querySelector('#b-north-2').classList.contains('rejected')");
    browser.wait("return document.querySelector('#b-north-3').classList.contains('here')");
    browser.key("a");
    browser.wait("return document.querySelector('#b-north-3').classList.contains('approved')");
    browser.key("k");
    browser.key("u");
    browser.wait("return document.querySelector('.here').classList.contains('pending')");
    browser.picture("bundles-decided");
    let decided = world.text(
        "SELECT group_concat(recommendation_id || ' ' || decision) FROM (SELECT * FROM bundle_decisions ORDER BY 3)",
    );
    let undone = browser.run("return document.querySelector('.here').dataset.id");
    let expected: Vec<&str> =
        [("north-1", "north-1 approved"), ("north-2", "north-2 rejected"), ("north-3", "north-3 approved")]
            .into_iter()
            .filter(|(id, _)| undone != *id)
            .map(|(_, words)| words)
            .collect();
    assert_eq!(decided, expected.join(","));
    browser.visit(&format!("http://{}/bundles/north-4", world.address));
    browser.picture("bundle-hostile");
    assert_ne!(
        browser.run("return document.title.includes('taken') && !document.title.includes('<')"),
        true,
        "a script of the data ran"
    );
    let problems: Vec<Json> = browser.log("browser").into_iter().filter(|entry| entry["level"] != "DEBUG").collect();
    assert!(problems.is_empty(), "the console says {problems:?}");
    let own = format!("http://{}/", world.address);
    for entry in browser.log("performance") {
        let message: Json = serde_json::from_str(entry["message"].as_str().unwrap()).unwrap();
        if message["message"]["method"] == "Network.requestWillBeSent" {
            let url = message["message"]["params"]["request"]["url"].as_str().unwrap();
            // The browser's own first page is none of ours.
            let is_inside = ["data:", "chrome:", "chrome-untrusted:"].iter().any(|scheme| url.starts_with(scheme));
            assert!(url.starts_with(&own) || is_inside, "a request to {url}");
        }
    }
}

#[test]
fn pages_fit_a_narrow_screen_in_light_and_dark_and_axe_finds_no_serious_fault() {
    let world = World::with(fill, |_| ());
    let token = world.token("root", Role::Admin, None);
    let axe = std::env::var_os("AXE_CORE").map(|path| fs::read_to_string(path).expect("axe.min.js"));
    if axe.is_none() {
        eprintln!("skipped in part: AXE_CORE names no axe.min.js of axe-core (npm)");
    }
    for (width, scheme) in [(400, "light"), (400, "dark"), (1_600, "dark")] {
        let Some(browser) = Browser::open(world.folder.path(), width, scheme) else { return };
        browser.come_in(&world, &token);
        for target in [
            "/bundles?shop=north",
            "/bundles/north-1",
            "/bundles/north-5",
            "/runs",
            "/runs/run-north",
            "/flags",
            "/search?q=lamp",
            "/report",
            "/login",
        ] {
            browser.visit(&format!("http://{}{target}", world.address));
            let wide =
                browser.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth");
            let name = target.trim_start_matches('/').replace(['/', '?', '='], "-");
            browser.picture(&format!("{name}-{width}-{scheme}"));
            assert!(wide.as_f64().is_some_and(|wide| wide <= 0.0), "{target} is {wide} pixels wider than {width}");
            if let Some(axe) = &axe {
                let script = format!(
                    "{axe}; return axe.run().then(found => found.violations.filter(one => ['serious', 'critical'].includes(one.impact)).map(one => one.id + ': ' + one.nodes.map(node => node.html.slice(0, 120)).join(' | ')))"
                );
                let found = browser.run(&script);
                assert_eq!(found, json!([]), "{target} at {width}, {scheme}");
            }
        }
        let problems: Vec<Json> =
            browser.log("browser").into_iter().filter(|entry| entry["level"] == "SEVERE").collect();
        assert!(problems.is_empty(), "the console says {problems:?}");
    }
}
