//! The pipelines that people build, with a real shell and all five tools.

mod deaths;
mod monitor;
mod usage;
mod watcher;

use std::fs;

use crate::login::bench::{Bench, after};
use crate::support::{Ended, end};
use serde_json::Value;

/// The monitor's pipeline, once.
const MONITOR: &str = "sso-profile list | sso-cache check | sso-signal write";
/// The watcher's loop. It ends when nothing is due: the status of `wait` then is 124.
const WATCHER: &str = "rounds=0; while sso-signal wait --timeout 300ms --poll 100ms | sso-login - --via device --no-browser \
                       | sso-signal settle; do rounds=$((rounds + 1)); test $rounds -lt 20; done";

/// A machine on which a person is asked by a script.
struct Desk {
    bench: Bench,
}

impl Desk {
    fn new(bench: Bench) -> Self {
        let desk = Self { bench };
        desk.answers("dismiss", None);
        desk
    }

    /// From now on the person says that.
    fn answers(&self, answer: &str, seconds: Option<u32>) {
        let seconds = seconds.map_or(String::new(), |seconds| format!(",\"seconds\":{seconds}"));
        self.dialog(&format!("cat >>$OUT/questions; echo '{{\"answer\":\"{answer}\"{seconds}}}'"));
    }

    fn dialog(&self, script: &str) {
        self.bench.program("dialog", script);
    }

    /// A line under `bash -euo pipefail`, when everybody's clock shows that many seconds more.
    fn shell(&self, seconds: u32, line: &str) -> Ended {
        self.shell_with(seconds, line, &[])
    }

    fn shell_with(&self, seconds: u32, line: &str, variables: &[(&str, &str)]) -> Ended {
        let mut command = self.bench.command("bash -euo pipefail -c");
        command.arg(line).env("SSO_NOW", after(seconds)).env("OUT", self.bench.served.sandbox.root());
        command.env("SSO_DIALOG", self.bench.file("bin/dialog")).envs(variables.iter().copied());
        end(command, "")
    }

    /// The monitor looks once.
    fn monitor(&self, seconds: u32) -> Vec<Value> {
        self.shell(seconds, MONITOR).exits(0).documents()
    }

    /// The watcher works until nothing is due; the outcomes in order.
    fn watch(&self, seconds: u32) -> Vec<String> {
        let ended = self.shell(seconds, WATCHER);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert!(!ended.stderr.lines().any(|line| line.starts_with("sso-")), "{}", ended.stderr);
        outcomes(&ended)
    }

    /// How many questions there were since the last time.
    fn questions(&self) -> usize {
        let count = self.bench.text("questions").lines().count();
        fs::write(self.bench.file("questions"), "").unwrap();
        count
    }

    /// The profiles with a signal.
    fn signals(&self) -> Vec<String> {
        let ended = self.bench.run("sso-signal read --all");
        assert!([0, 1].contains(&ended.code), "{}", ended.stderr);
        ended.documents().iter().map(|signal| signal["profile"].as_str().unwrap().to_owned()).collect()
    }
}

/// The outcomes, as `profile outcome`.
fn outcomes(ended: &Ended) -> Vec<String> {
    let documents = ended.documents();
    let outcomes = documents.iter().filter(|document| document.get("event").is_none());
    outcomes
        .map(|document| {
            format!(
                "{} {}",
                document["profile"].as_str().unwrap(),
                document["outcome"].as_str().unwrap_or("-")
            )
        })
        .collect()
}
