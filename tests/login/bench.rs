//! A person's machine beside an AWS SSO on loopback.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::sandbox::served::Served;
use crate::support::{self, Ended, NOW, end};

/// The cache key of the session `sandbox`, which the profiles `demo` and `demo-admin` share.
pub const TOKEN: &str = "9ed037b84943c4caa3a520e48a5540181c46c98c.json";

pub struct Bench {
    pub served: Served,
}

impl Bench {
    /// An AWS SSO with these flags, whose user approves at the first poll unless they say otherwise.
    pub fn start(flags: &str) -> Self {
        let pending = if flags.contains("--pending") { "" } else { "--pending 0" };
        Self { served: Served::start(&format!("{flags} {pending}")) }
    }

    /// The same, with a session.
    pub fn logged_in(flags: &str) -> Self {
        let bench = Self::start(flags);
        bench.device("demo").succeeds("success");
        bench.served.forget("/sandbox/log");
        bench
    }

    pub fn home(&self) -> PathBuf {
        self.served.document["home"].as_str().unwrap().into()
    }

    /// A command on the machine; words are split at spaces.
    pub fn command(&self, line: &str) -> Command {
        let mut words = line.split_whitespace();
        let program = words.next().unwrap();
        let mut command = if program.starts_with("sso-") {
            self.served.sandbox.command(support::tool(program))
        } else {
            self.served.sandbox.command(program)
        };
        command.args(words);
        for (name, value) in self.served.document["export"].as_object().unwrap() {
            command.env(name, value.as_str().unwrap());
        }
        // The stand-in for a browser is for logins that need one: these approve themselves.
        command.env_remove("BROWSER");
        command
    }

    pub fn run(&self, line: &str) -> Ended {
        end(self.command(line), "")
    }

    /// Runs a shell line under `bash -euo pipefail`.
    pub fn shell(&self, line: &str) -> Ended {
        let mut command = self.command("bash -euo pipefail -c");
        command.arg(line);
        end(command, "")
    }

    /// With further variables.
    pub fn run_with(&self, line: &str, variables: &[(&str, &str)]) -> Ended {
        let mut command = self.command(line);
        command.envs(variables.iter().copied());
        end(command, "")
    }

    /// A line whose time is to run out once something has happened: with the shortest limit in which that happens here.
    pub fn run_out(
        &self,
        line: &str,
        variables: &[(&str, &str)],
        has_happened: impl Fn(&Ended) -> bool,
    ) -> Ended {
        let mut tries = ["700ms", "5s", "40s"]
            .iter()
            .map(|limit| self.run_with(&format!("{line} --timeout {limit}"), variables));
        tries.find(|ended| has_happened(ended)).unwrap_or_else(|| panic!("{line}: it never happened"))
    }

    pub fn feed(&self, line: &str, input: &str) -> Ended {
        end(self.command(line), input)
    }

    /// A login by our own device flow, without a browser.
    pub fn device(&self, arguments: &str) -> Ended {
        self.run(&format!("sso-login --via device --no-browser {arguments}"))
    }

    /// The same, when the clock of everybody shows that many seconds more.
    pub fn device_after(&self, seconds: u32, arguments: &str) -> Ended {
        let mut command = self.command(&format!("sso-login --via device --no-browser {arguments}"));
        command.env("SSO_NOW", after(seconds));
        end(command, "")
    }

    /// Moves the service's clock on.
    pub fn forward(&self, seconds: u32) {
        assert_eq!(self.served.tell("/sandbox/clock", &json!({"forwardSeconds": seconds})).status, 200);
    }

    /// Changes the service's faults.
    pub fn faults(&self, faults: &Value) {
        let reply = self.served.tell("/sandbox/faults", faults);
        assert_eq!(reply.status, 200, "{reply:?}");
    }

    /// How many logins, refreshes and requests there were.
    pub fn counts(&self) -> [u64; 3] {
        let stats = self.served.admin("/sandbox/stats").json();
        ["logins", "refreshes", "requests"].map(|name| stats[name].as_u64().unwrap())
    }

    pub fn count(&self, operation: &str) -> u64 {
        self.served.admin("/sandbox/stats").json()["operations"][operation].as_u64().unwrap()
    }

    pub fn cache(&self) -> PathBuf {
        self.home().join(".aws/sso/cache")
    }

    /// The token file of the session `sandbox`.
    pub fn token(&self) -> Value {
        serde_json::from_str(&self.token_text()).unwrap()
    }

    pub fn token_text(&self) -> String {
        fs::read_to_string(self.cache().join(TOKEN)).unwrap()
    }

    pub fn set_token(&self, token: &Value) {
        fs::create_dir_all(self.cache()).unwrap();
        fs::write(self.cache().join(TOKEN), token.to_string()).unwrap();
    }

    /// Changes the config file.
    pub fn configure(&self, change: impl FnOnce(String) -> String) {
        let path = self.home().join(".aws/config");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, change(text)).unwrap();
    }

    /// A fake program, first on PATH; its path.
    pub fn program(&self, name: &str, script: &str) -> PathBuf {
        self.served.sandbox.program(name, &format!("#!/bin/sh\n{script}\n"))
    }

    /// A place for what scripts write.
    pub fn file(&self, name: &str) -> PathBuf {
        self.served.sandbox.root().join(name)
    }

    pub fn text(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap_or_default()
    }

    /// That nothing but the folder of signals is left in the state directory.
    pub fn state(&self) -> Vec<String> {
        let mut names = support::names(self.home().join(".aws/sso-renewer"));
        // What is remembered of sessions stays for good.
        names.retain(|name| name != "sessions.json" && !name.starts_with(".sessions.json."));
        names
    }
}

/// The clock of the tests, moved on.
pub fn after(seconds: u32) -> String {
    let start = chrono::DateTime::parse_from_rfc3339(NOW).unwrap();
    (start + chrono::TimeDelta::seconds(seconds.into())).format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

impl Ended {
    /// The last document, which has the outcome. Everything else before it is progress.
    #[track_caller]
    pub fn last(&self) -> Value {
        let mut documents = self.documents();
        let last = documents.pop().unwrap_or_else(|| panic!("no document; stderr: {}", self.stderr));
        assert!(documents.iter().all(|document| document["event"] == "authorize"), "{documents:?}");
        last
    }

    /// Asserts status 0 and the outcome; stderr has nothing but what a person acts on. The final document.
    #[track_caller]
    pub fn succeeds(&self, outcome: &str) -> Value {
        assert_eq!(self.code, 0, "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        assert!(
            self.page().is_empty() || self.page().starts_with("To log in as "),
            "stderr: {}",
            self.stderr
        );
        let last = self.last();
        assert_eq!(last["outcome"], outcome, "{last}");
        last
    }

    /// What a person reads of the login itself: stderr without the notice that AWS will ask for consent.
    pub fn page(&self) -> &str {
        let mut rest = self.stderr.as_str();
        for begin in ["AWS will ask you ", "(AWS CLI "] {
            if let Some((_, next)) = rest.split_once('\n').filter(|_| rest.starts_with(begin)) {
                rest = next;
            }
        }
        rest
    }

    /// Asserts a failed command: its status, outcome and `error`, and what a person reads: one line, maybe a hint.
    #[track_caller]
    pub fn fails(&self, code: i32, outcome: &str, error: &str, says: &str) -> Value {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        let last = self.last();
        let found = last["error"].as_str().unwrap_or_default();
        assert_eq!((last["outcome"].as_str(), found), (Some(outcome), error), "{last}");
        assert!(self.complaint().contains(says), "stderr: {}", self.stderr);
        last
    }

    /// What a person reads after a failure: `sso-login: …`, one line (and maybe one hint).
    #[track_caller]
    pub fn complaint(&self) -> String {
        let lines: Vec<_> = self.stderr.lines().filter(|line| line.starts_with("sso-login: ")).collect();
        let hints = lines.iter().filter(|line| line.starts_with("sso-login: hint: ")).count();
        assert!(lines.len() - hints == 1 && hints <= 1, "stderr: {}", self.stderr);
        assert!(self.stderr.ends_with(&format!("{}\n", lines.join("\n"))), "stderr: {}", self.stderr);
        lines.join("\n")
    }
}
