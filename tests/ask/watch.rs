//! The watcher's round on a person's machine, with dialog programs that do as they are told.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use serde_json::{Value, json};

use crate::login::bench::{Bench, after};
use crate::support::{Ended, end, tools};

/// One round of the watcher, as the recipe has it.
pub const ROUND: &str =
    "sso-signal wait --timeout 5s | sso-login - --via device --no-browser $FLAGS | sso-signal settle";

/// A machine with a watcher.
pub struct Watch {
    pub bench: Bench,
}

impl Watch {
    pub fn start(flags: &str) -> Self {
        Self { bench: Bench::start(flags) }
    }

    /// A dialog program, alone on PATH with the five tools. Its first run does `steps[0]`, the next `steps[1]` …; further
    /// ones print nothing. Each leaves its arguments.
    pub fn dialog(&self, program: &str, steps: &[&str]) {
        // Nothing but the shell's own commands: there is no other program on PATH.
        let script = "n=0; while [ -e \"$OUT/call-$n\" ]; do n=$((n+1)); done\n\
             printf '%s\\0' \"$@\" >\"$OUT/call-$n\"\n\
             if [ -e \"$OUT/step-$n\" ]; then . \"$OUT/step-$n\"; fi";
        self.bench.program(program, script);
        let first = self.calls().len();
        for (n, step) in steps.iter().enumerate() {
            fs::write(self.bench.file(&format!("step-{}", first + n)), step).unwrap();
        }
    }

    /// The arguments of each run of the dialog program.
    pub fn calls(&self) -> Vec<Vec<String>> {
        let mut calls = Vec::new();
        // One that has no words yet is being written.
        while let Ok(text) = fs::read_to_string(self.bench.file(&format!("call-{}", calls.len())))
            && !text.is_empty()
        {
            calls.push(text.split_terminator('\0').map(str::to_owned).collect());
        }
        calls
    }

    /// Raises a signal as a monitor does.
    pub fn raise(&self, profile: &str, episode: &str) {
        let document = json!({"profile": profile, "loginRequired": true, "reason": "Credentials expired",
            "episode": episode, "source": "sso-monitor-container"});
        self.bench.feed("sso-signal write", &document.to_string()).exits(0);
    }

    /// A shell line so many seconds after the start, with the fakes and the five tools on PATH and nothing else.
    pub fn shell(&self, seconds: u32, line: &str, flags: &str) -> Command {
        let mut command = self.bench.command("/bin/bash -euo pipefail -c");
        let bin = self.bench.file("bin");
        command
            .arg(line)
            .env("PATH", format!("{}:{}", bin.display(), tools().display()))
            .env("OUT", self.bench.served.sandbox.root())
            .env("FLAGS", flags)
            .env("SSO_NOW", after(seconds))
            // No foreground of a terminal that these tests may be run from.
            .process_group(0);
        command
    }

    /// One round; its last document.
    #[track_caller]
    pub fn round(&self, seconds: u32, flags: &str) -> Value {
        let ended = end(self.shell(seconds, ROUND, flags), "");
        assert_eq!(ended.code, 0, "stdout: {}\nstderr: {}", ended.stdout, ended.stderr);
        ended.last()
    }

    /// Whether a watcher would be handed a signal then.
    pub fn is_due(&self, seconds: u32) -> bool {
        let ended = end(self.shell(seconds, "sso-signal wait --timeout 0s", ""), "");
        match ended.code {
            0 => true,
            124 => false,
            code => panic!("wait ended with {code}: {}", ended.stderr),
        }
    }

    /// A person logs in, in another terminal.
    #[track_caller]
    pub fn log_in_elsewhere(&self) {
        let ended = end(self.shell(0, "sso-login demo --via device --no-browser", ""), "");
        assert_eq!(ended.code, 0, "{}", said(&ended));
    }

    /// The state of a profile's signal in words, and its seconds after the start; `None` without a signal.
    pub fn state(&self, profile: &str) -> Option<(String, i64)> {
        let status = self.bench.run("sso-signal status").exits(0).document();
        let signals = status["signals"].as_array().unwrap();
        let signal = signals.iter().find(|signal| signal["profile"] == profile)?;
        let moment = |text: &str| chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp();
        let until = signal["until"].as_str().map_or(0, |until| moment(until) - moment(&after(0)));
        Some((signal["state"].as_str().unwrap().to_owned(), until))
    }

    /// Whether the profile's next reminder is where the table of dialogs has it: the seconds; none if it is cleared.
    #[track_caller]
    pub fn waits(&self, profile: &str, state: &str, seconds: i64) {
        assert_eq!(self.state(profile), Some((state.to_owned(), seconds)));
        let seconds = u32::try_from(seconds).unwrap();
        assert!(!self.is_due(seconds - 1));
        assert!(self.is_due(seconds));
    }

    pub fn logins(&self) -> u64 {
        self.bench.counts()[0]
    }
}

/// What a round said that didn't end well, for the messages of a test.
pub fn said(ended: &Ended) -> String {
    format!("{}: {}{}", ended.code, ended.stdout, ended.stderr)
}
