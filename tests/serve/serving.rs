//! A running `sso-login serve`, and a client for it that sends exactly what it is told to.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::login::bench::Bench;
use crate::support::until;

/// What a web application's `.env` has.
pub const APP: [(&str, &str); 4] = [
    ("AWS_SSO_START_URL", "https://d-1234567890.awsapps.com/start"),
    ("AWS_SSO_REGION", "us-east-1"),
    ("AWS_SSO_ACCOUNT_ID", "111122223333"),
    ("AWS_SSO_ROLE_NAME", "Developer"),
];

/// Serves until dropped.
pub struct Serving {
    pub listening: Value,
    pub host: String,
    documents: Mutex<Receiver<Value>>,
    log: PathBuf,
    child: Child,
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: String,
    pub text: String,
}

impl Serving {
    pub fn start(bench: &Bench, flags: &str, variables: &[(&str, &str)]) -> Self {
        let mut command = bench.command(&format!("sso-login serve --listen 127.0.0.1:0 {flags}"));
        command.envs(variables.iter().copied());
        Self::of(bench, command)
    }

    pub fn of(bench: &Bench, mut command: Command) -> Self {
        let log = bench.file("serve.log");
        let file = fs::OpenOptions::new().create(true).append(true).open(&log).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(file).spawn().unwrap();
        let (sender, documents) = channel();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let _ = sender.send(serde_json::from_str(&line).unwrap());
            }
        });
        let listening = documents.recv_timeout(Duration::from_secs(60));
        let listening: Value =
            listening.unwrap_or_else(|err| panic!("{err}: {:?}", fs::read_to_string(&log)));
        let host = listening["url"].as_str().unwrap().trim_start_matches("http://").to_owned();
        Self { listening, host, documents: Mutex::new(documents), log, child }
    }

    /// The next document on standard output.
    pub fn document(&self) -> Value {
        self.documents.lock().unwrap().recv_timeout(Duration::from_secs(60)).unwrap()
    }

    pub fn has_no_document(&self) -> bool {
        self.documents.lock().unwrap().try_recv().is_err()
    }

    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    pub fn get(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        self.ask("GET", path, headers, "")
    }

    pub fn post(&self, path: &str, body: &Value) -> Reply {
        self.ask("POST", path, &[("Content-Type", "application/json")], &body.to_string())
    }

    /// With a token of a sign-in.
    pub fn with(&self, method: &str, path: &str, token: &str) -> Reply {
        self.ask(method, path, &[("Authorization", &format!("Bearer {token}"))], "")
    }

    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            head = format!("{head}Host: {}\r\n", self.host);
        }
        for (name, value) in headers {
            head = format!("{head}{name}: {value}\r\n");
        }
        if method == "POST" {
            head = format!("{head}Content-Length: {}\r\n", body.len());
        }
        self.raw(&format!("{head}\r\n{body}"))
    }

    pub fn raw(&self, request: &str) -> Reply {
        Reply::to(&self.host, request)
    }

    /// `register-client` and `device-authorization`: what `token` is asked with, and what a person sees.
    pub fn begin(&self) -> (Value, Value) {
        let client = self.ask("POST", "/api/auth/register-client", &[], "").is(200);
        let ids = json!({"client_id": client["client_id"], "client_secret": client["client_secret"]});
        let device = self.post("/api/auth/device-authorization", &ids).is(200);
        let mut asked = ids;
        asked["device_code"] = device["device_code"].clone();
        (asked, device)
    }

    /// Polls until there is a token.
    pub fn sign_in(&self) -> Value {
        let (asked, _) = self.begin();
        let mut token = Value::Null;
        until("the token of a sign-in", || {
            let reply = self.post("/api/auth/token", &asked);
            token = reply.json();
            if reply.status != 200 {
                let error = token["error"].as_str().unwrap();
                assert!(["authorization_pending", "slow_down"].contains(&error), "{reply:?}");
                std::thread::sleep(Duration::from_millis(300));
            }
            reply.status == 200
        });
        token
    }

    pub fn token_of(&self, profile: &str) -> String {
        let all = self.listening["credentials"].as_array().unwrap();
        let one = all.iter().find(|one| one["profile"] == profile).unwrap();
        fs::read_to_string(one["tokenFile"].as_str().unwrap()).unwrap()
    }

    pub fn credentials(&self, profile: &str) -> Reply {
        self.get(&format!("/credentials/{profile}"), &[("Authorization", &self.token_of(profile))])
    }

    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it by a signal; its status.
    pub fn stop(mut self, signal: Signal) -> Option<i32> {
        self.signal(signal);
        self.child.wait().unwrap().code()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Reply {
    /// What a server says to these bytes.
    pub fn to(host: &str, request: &str) -> Self {
        let mut stream = TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        // A server that refuses early may have closed already.
        let _ = stream.write_all(request.as_bytes());
        let mut text = String::new();
        let _ = stream.read_to_string(&mut text);
        Self::of(&text)
    }

    fn of(text: &str) -> Self {
        let (headers, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        let status = headers.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        Self { status, headers: headers.to_ascii_lowercase(), text: body.to_owned() }
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|err| panic!("{err}: {self:?}"))
    }

    /// Asserts the status; the body.
    #[track_caller]
    pub fn is(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        self.json()
    }

    /// Asserts a refusal: its status, `error` and what `detail` contains.
    #[track_caller]
    pub fn refuses(&self, status: u16, error: &str, says: &str) {
        let body = self.is(status);
        assert_eq!(body["error"], error, "{self:?}");
        assert!(body["detail"].as_str().unwrap().contains(says), "{self:?}");
    }

    #[track_caller]
    pub fn has(&self, header: &str) -> &Self {
        assert!(self.headers.contains(&header.to_ascii_lowercase()), "{header}: {self:?}");
        self
    }
}
