//! A real browser: headless Chromium, by the W3C's `WebDriver` protocol.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::{Sandbox, peer};

/// A window of it; closed when dropped.
pub struct Browser {
    driver: Child,
    /// The URL of the session.
    session: String,
    _home: Sandbox,
}

impl Browser {
    /// Opens a window, if Chromium and its driver are installed.
    pub fn open() -> Option<Self> {
        let driver = peer("SSO_TEST_CHROMEDRIVER", "chromedriver")?;
        let chromium = peer("SSO_TEST_CHROMIUM", "chromium")?;
        let home = Sandbox::new();
        let (driver, port) = (0..5).find_map(|_| start(&home, &driver)).unwrap();
        let base = format!("http://127.0.0.1:{port}");
        let data = home.root().join("chromium");
        let capabilities = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:loggingPrefs": {"browser": "ALL"},
            "goog:chromeOptions": {"binary": chromium, "args": [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--disable-dev-shm-usage", "--window-size=800,600", "--hide-scrollbars",
                format!("--user-data-dir={}", data.display()),
            ]},
        }}});
        let session = post(&format!("{base}/session"), &capabilities);
        let id = session["sessionId"].as_str().unwrap_or_else(|| panic!("{session}")).to_owned();
        Some(Self { driver, session: format!("{base}/session/{id}"), _home: home })
    }

    pub fn go(&self, url: &str) {
        self.post("url", &json!({"url": url}));
    }

    /// Clicks the element that a CSS selector names.
    pub fn click(&self, selector: &str) {
        let element = self.post("element", &json!({"using": "css selector", "value": selector}));
        let id = element.as_object().unwrap().values().next().unwrap().as_str().unwrap();
        self.post(&format!("element/{id}/click"), &json!({}));
    }

    /// Types into the element that has the focus.
    pub fn keys(&self, text: &str) {
        let element = get(&format!("{}/element/active", self.session));
        let id = element.as_object().unwrap().values().next().unwrap().as_str().unwrap();
        self.post(&format!("element/{id}/value"), &json!({"text": text}));
    }

    /// Gives the page another size.
    pub fn resize(&self, width: u32, height: u32) {
        let params = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.post(
            "goog/cdp/execute",
            &json!({"cmd": "Emulation.setDeviceMetricsOverride", "params": params}),
        );
    }

    /// Waits until the page has this title.
    pub fn wait_for(&self, title: &str) {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let found = self.script("return document.title");
            if found == title {
                return;
            }
            assert!(Instant::now() < end, "the page is {found}, not {title}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn script(&self, script: &str) -> Value {
        self.post("execute/sync", &json!({"script": script, "args": []}))
    }

    /// Prefers `light` or `dark` from now on.
    pub fn prefer(&self, scheme: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        let params = json!({"cmd": "Emulation.setEmulatedMedia", "params": {"features": features}});
        self.post("goog/cdp/execute", &params);
    }

    /// What the console complained about.
    pub fn complaints(&self) -> String {
        self.post("se/log", &json!({"type": "browser"})).to_string()
    }

    /// The window as PNG.
    pub fn picture(&self) -> Vec<u8> {
        let value = get(&format!("{}/screenshot", self.session));
        STANDARD.decode(value.as_str().unwrap()).unwrap()
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        post(&format!("{}/{path}", self.session), body)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = agent().delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// Starts the driver on a port that is free for IPv4 and IPv6: it ends at once if the one that it draws is taken for either.
fn start(home: &Sandbox, driver: &Path) -> Option<(Child, u16)> {
    let mut command = home.command(driver);
    command.arg("--port=0").env_remove("SSO_NOW");
    let mut driver = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines().map_while(Result::ok);
    let port = lines.find_map(|line| {
        let (_, rest) = line.split_once("started successfully on port ")?;
        rest.trim_end_matches('.').parse::<u16>().ok()
    });
    let Some(port) = port else {
        let _ = driver.kill();
        let _ = driver.wait();
        return None;
    };
    // It goes on talking; a full pipe would stop it.
    std::thread::spawn(move || lines.for_each(drop));
    Some((driver, port))
}

fn post(url: &str, body: &Value) -> Value {
    value(agent().post(url).header("content-type", "application/json").send(body.to_string()))
}

fn get(url: &str) -> Value {
    value(agent().get(url).call())
}

#[track_caller]
fn value(reply: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Value {
    let text = reply.unwrap().body_mut().with_config().limit(64 << 20).read_to_string().unwrap();
    let mut reply: Value = serde_json::from_str(&text).unwrap();
    assert!(reply["value"]["error"].is_null(), "{text}");
    reply["value"].take()
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().into()
}
