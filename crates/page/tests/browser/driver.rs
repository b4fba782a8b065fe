//! Headless Chromium by the WebDriver protocol: chromedriver is started on a free port of this machine and ends with the test.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use serde_json::{Value as Json, json};

pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
}

impl Browser {
    /// Starts it; nothing where chromedriver is not installed.
    pub fn start() -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new("chromedriver");
        command.arg(format!("--port={port}")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let driver = command.spawn().ok()?;
        let mut browser = Self { driver, port, session: String::new() };
        let options = json!({ "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-device-scale-factor=1"] });
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" } } } });
        for _ in 0..100 {
            thread::sleep(Duration::from_millis(100));
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                break;
            }
        }
        browser.session = browser.ask("POST", "/session", &wanted)["sessionId"].as_str().expect("a session").to_owned();
        Some(browser)
    }

    /// A request of the protocol; panics with what the driver says if it refuses.
    fn ask(&self, method: &str, path: &str, body: &Json) -> Json {
        let body = if method == "GET" { String::new() } else { body.to_string() };
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("chromedriver");
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let text = body_of(&mut BufReader::new(stream));
        let answer: Json = serde_json::from_str(&text).expect("JSON");
        assert!(answer["value"]["error"].is_null(), "{path}: {answer}");
        answer["value"].clone()
    }

    fn command(&self, path: &str, body: &Json) -> Json {
        self.ask("POST", &format!("/session/{}/{path}", self.session), body)
    }

    fn devtools(&self, command: &str, params: Json) {
        self.command("goog/cdp/execute", &json!({ "cmd": command, "params": params }));
    }

    pub fn prefer(&self, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features }));
    }

    /// Sets the width of the page itself: windows have a least width of their own.
    pub fn resize(&self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", size);
    }

    pub fn open(&mut self, path: &Path) {
        self.log("performance");
        self.log("browser");
        self.command("url", &json!({ "url": format!("file://{}", path.display()) }));
    }

    pub fn run(&self, script: &str) -> Json {
        self.command("execute/sync", &json!({ "script": script, "args": [] }))
    }

    pub fn run_async(&self, script: &str) -> Json {
        self.command("execute/async", &json!({ "script": script, "args": [] }))
    }

    fn log(&self, kind: &str) -> Vec<Json> {
        self.command("se/log", &json!({ "type": kind })).as_array().cloned().unwrap_or_default()
    }

    /// The addresses that were asked for since the page was opened, its own among them.
    pub fn requests(&self) -> Vec<String> {
        let events = self.log("performance");
        let message = |event: &Json| serde_json::from_str::<Json>(event["message"].as_str()?).ok();
        let messages = events.iter().filter_map(message);
        let sent = messages.filter(|message| message["message"]["method"] == "Network.requestWillBeSent");
        let addresses =
            sent.filter_map(|message| Some(message["message"]["params"]["request"]["url"].as_str()?.to_owned()));
        addresses.filter(|address| !address.starts_with("data:")).collect()
    }

    /// What stands in the console that is no mere information.
    pub fn errors(&self) -> Vec<String> {
        let entries = self.log("browser");
        let bad = entries.iter().filter(|entry| matches!(entry["level"].as_str(), Some("SEVERE" | "WARNING")));
        bad.map(|entry| entry["message"].to_string()).collect()
    }

    /// A picture of the whole page.
    pub fn shoot(&self, path: &Path) {
        let height = self.run("return document.documentElement.scrollHeight").as_f64().unwrap_or(900.0);
        let width = self.run("return window.innerWidth");
        let clip = json!({ "x": 0, "y": 0, "width": width, "height": height.min(16_000.0), "scale": 1 });
        let params = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let shot = self.command("goog/cdp/execute", &json!({ "cmd": "Page.captureScreenshot", "params": params }));
        let bytes =
            base64::Engine::decode(&base64::engine::general_purpose::STANDARD, shot["data"].as_str().unwrap_or(""))
                .unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// The body of an answer, as long as its header says: chromedriver leaves connections open.
fn body_of(stream: &mut impl BufRead) -> String {
    let mut length = 0;
    let mut line = String::new();
    while stream.read_line(&mut line).expect("an answer in a minute") > 2 {
        if let Some((name, value)) =
            line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        {
            length = value.trim().parse().expect(name);
        }
        line.clear();
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).expect("the whole answer");
    String::from_utf8(body).expect("UTF-8")
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() && !thread::panicking() {
            self.ask("DELETE", &format!("/session/{}", self.session), &json!({}));
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
