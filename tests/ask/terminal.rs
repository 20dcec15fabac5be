//! The question on a terminal: a pseudo-terminal of `script`, and a person who types.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use serde_json::{Value, json};

use crate::ask::watch::{ROUND, Watch};
use crate::support::{script, until_or};

pub(super) const PROMPT: &str = "later > ";
const LENGTHS: &str = "Enter is 30m > ";
const AGAIN: &str = "Please type one of these:";
pub(super) const WARNING: &str = "Enter is no > ";

/// A person at a terminal where a shell line runs.
pub(super) struct Person {
    child: Child,
    shown: Receiver<String>,
    pub(super) seen: String,
}

impl Person {
    /// Runs `line` so many seconds after the start; its documents go to a file, so that the terminal shows the rest.
    pub(super) fn watching(watch: &Watch, script: PathBuf, seconds: u32, line: &str, flags: &str) -> Self {
        let file = watch.bench.file("round");
        fs::write(&file, format!("{{ {line}; }} >\"$OUT/documents\" 2>\"$OUT/errors\"\n")).unwrap();
        let environment = watch.shell(seconds, "", flags);
        let mut command = Command::new(script);
        command
            .args(["--quiet", "--return", "--command"])
            .arg(format!("/bin/stty rows 40 cols 100; exec /bin/bash -uo pipefail {}", file.display()))
            .arg("/dev/null")
            .env_clear()
            .envs(environment.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .env("SHELL", "/bin/sh")
            .env("TERM", "xterm")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut output = child.stdout.take().unwrap();
        let (sender, shown) = mpsc::channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = output.read(&mut bytes) {
                let _ = sender.send(String::from_utf8_lossy(&bytes[..length]).into_owned());
            }
        });
        Self { child, shown, seen: String::new() }
    }

    /// Waits until the terminal has shown a text.
    #[track_caller]
    pub(super) fn sees(&mut self, text: &str) {
        while !self.seen.contains(text) {
            match self.shown.recv_timeout(Duration::from_secs(20)) {
                Ok(shown) => self.seen.push_str(&shown),
                Err(err) => panic!("{err}: no {text:?} in {:?}", self.seen),
            }
        }
    }

    pub(super) fn types(&mut self, text: &str) {
        self.child.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// The status, once it is over; all that the terminal showed is in `seen`.
    pub(super) fn leaves(&mut self) -> i32 {
        // The input stays open: its end would be Ctrl-D.
        let stdin = self.child.stdin.take();
        let code = self.child.wait().unwrap().code().unwrap();
        drop(stdin);
        self.seen.extend(self.shown.iter());
        code
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        // Ended already, unless the test failed.
        let _ = self.child.kill();
    }
}

/// The last document of a round.
pub(super) fn last(watch: &Watch) -> Value {
    let text = watch.bench.text("documents");
    let errors = watch.bench.text("errors");
    serde_json::from_str(text.lines().last().unwrap_or_else(|| panic!("no document: {errors}"))).unwrap()
}

#[test]
fn each_answer_on_the_terminal_is_an_outcome() {
    let Some(script) = script() else { return };
    for (dialogue, outcome, seconds) in [
        (&[(PROMPT, "r\n")][..], "success", None),
        (&[(PROMPT, "Refresh\n")], "success", None),
        (&[(PROMPT, "s\n"), (LENGTHS, "\n")], "snoozed", Some(1800)),
        (&[(PROMPT, "s\n"), (LENGTHS, "15m\n")], "snoozed", Some(900)),
        (&[(PROMPT, "s\n"), (LENGTHS, "1h\n")], "snoozed", Some(3600)),
        (&[(PROMPT, "s\n"), (LENGTHS, "4h\n")], "snoozed", Some(14_400)),
        (&[(PROMPT, "s\n"), (LENGTHS, "3h\n"), (AGAIN, "1h\n")], "snoozed", Some(3600)),
        (&[(PROMPT, "d\n"), (WARNING, "yes\n")], "suppressed", None),
        (&[(PROMPT, "d\n"), (WARNING, "y\n")], "dismissed", None),
        (&[(PROMPT, "d\n"), (WARNING, "\n")], "dismissed", None),
        (&[(PROMPT, "\n")], "dismissed", None),
        (&[(PROMPT, "later\n")], "dismissed", None),
        (&[(PROMPT, "refersh\n"), (AGAIN, "r\n")], "success", None),
        (&[(PROMPT, "\u{4}")], "dismissed", None),
    ] {
        let watch = Watch::start("");
        watch.raise("demo", "one");
        let mut person = Person::watching(&watch, script.clone(), 0, ROUND, "");
        for (prompt, answer) in dialogue {
            person.sees(prompt);
            person.types(answer);
        }
        assert_eq!(person.leaves(), 0, "{}", watch.bench.text("errors"));
        let last = last(&watch);
        let seconds = seconds.map_or(Value::Null, |seconds: i64| json!(seconds));
        assert_eq!((&last["outcome"], &last["seconds"]), (&json!(outcome), &seconds), "{dialogue:?}");
        assert!(person.seen.contains("Account: 111122223333, role Developer"), "{}", person.seen);
        assert_eq!(watch.logins(), u64::from(outcome == "success"));
    }
}

#[test]
fn what_was_typed_before_the_question_is_no_consent() {
    let Some(script) = script() else { return };
    let watch = Watch::start("");
    let mut person = Person::watching(&watch, script, 0, ROUND, "");
    // The terminal has it: it echoes.
    person.types("r\n");
    person.sees("r\r\n");
    watch.raise("demo", "one");
    person.sees(PROMPT);
    person.types("\n");
    assert_eq!(person.leaves(), 0);
    assert_eq!((&last(&watch)["outcome"], watch.logins()), (&json!("dismissed"), 0));
}

#[test]
fn a_question_nobody_answers_goes_away_with_what_was_half_typed() {
    let Some(script) = script() else { return };
    let watch = Watch::start("");
    watch.raise("demo", "one");
    let line = format!("{ROUND}; read -r -t 0.1 left || true; echo \"left=${{left:-}}\" >\"$OUT/left\"");
    let mut person = Person::watching(&watch, script, 0, &line, "--ask-timeout 1s");
    person.sees("1s without an answer: later > ");
    person.types("re");
    assert_eq!(person.leaves(), 0);
    assert_eq!(last(&watch)["outcome"], "dismissed");
    assert_eq!(watch.bench.text("left"), "left=\n");
    // As many lines up as the question had, then erased.
    let question = person.seen.split("AWS SSO Login Required").nth(1).unwrap();
    let (question, _) = question.split_once('\u{1b}').unwrap();
    let lines = question.matches('\n').count() + 1;
    assert!(person.seen.contains(&format!("\u{1b}[{lines}A\r\u{1b}[J")), "{lines} lines: {:?}", person.seen);
}

#[test]
fn a_login_elsewhere_ends_the_question() {
    let Some(script) = script() else { return };
    for is_snoozing in [false, true] {
        let watch = Watch::start("");
        watch.raise("demo", "one");
        let mut person = Person::watching(&watch, script.clone(), 0, ROUND, "");
        person.sees(PROMPT);
        if is_snoozing {
            // The choice of a snooze is a question, too.
            person.types("s\n");
            person.sees(LENGTHS);
        }
        watch.log_in_elsewhere();
        assert_eq!(person.leaves(), 0, "{}", watch.bench.text("errors"));
        assert_eq!((&last(&watch)["outcome"], watch.logins()), (&json!("valid"), 1));
        assert_eq!(watch.state("demo"), None, "the signal is settled");
        assert!(person.seen.contains("\u{1b}[J"), "the question is erased: {:?}", person.seen);
    }
}

#[test]
fn ctrl_c_ends_the_question_and_leaves_nothing() {
    let Some(script) = script() else { return };
    let watch = Watch::start("");
    watch.raise("demo", "one");
    let mut person = Person::watching(&watch, script, 0, ROUND, "");
    person.sees(PROMPT);
    person.types("\u{3}");
    assert_ne!(person.leaves(), 0);
    assert!(!watch.bench.home().join(".aws/sso-renewer/ask.lock").exists());
    assert_eq!(watch.logins(), 0);
    assert!(watch.is_due(30), "the signal comes back");
}

#[test]
fn a_job_in_the_background_asks_nobody_and_is_not_stopped() {
    let Some(script) = script() else { return };
    let watch = Watch::start("");
    watch.raise("demo", "one");
    // With tostop even writing would stop it.
    let line = format!("/bin/stty tostop; set -m; {ROUND} & wait $!");
    let mut person = Person::watching(&watch, script, 0, &line, "");
    assert_eq!(person.leaves(), 0, "{}", watch.bench.text("errors"));
    let last = last(&watch);
    assert_eq!(last["outcome"], "dismissed");
    let reason = "nobody could be asked: there is no dialog program and no terminal here (name a program \
                  in SSO_DIALOG)";
    assert_eq!(last["reason"], reason);
    assert!(!person.seen.contains("AWS SSO"), "{:?}", person.seen);
}

/// `sso-login` catches Ctrl-C at a question and ends by itself; the loop around it must not go on to the next question.
#[test]
fn ctrl_c_at_the_question_ends_the_whole_watcher() {
    let Some(script) = script() else { return };
    let watch = Watch::start("");
    watch.raise("demo", "one");
    let watcher = crate::watcher::running::project().join("scripts/sso-watch");
    let line = format!(
        "PATH=$PATH:/usr/bin:/bin SSO_DIALOG=terminal SSO_POLL_SECONDS=1 exec /bin/bash {} --via device",
        watcher.display()
    );
    let mut person = Person::watching(&watch, script, 0, &line, "");
    person.sees(PROMPT);
    person.types("\u{3}");
    until_or(|| person.child.try_wait().unwrap().is_some(), || "the watcher goes on".to_owned());
    assert_ne!(person.leaves(), 0);
    assert_eq!(person.seen.matches(PROMPT).count(), 1, "{:?}", person.seen);
    for lock in ["ask.lock", "watcher.lock"] {
        assert!(!watch.bench.home().join(".aws/sso-renewer").join(lock).exists(), "{lock}");
    }
    assert_eq!(watch.logins(), 0);
}
