//! The real `zenity` on a display without a screen, with a person played by `xdotool`.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::ask::watch::{ROUND, Watch, said};
use crate::support::{Ended, peer, tools};

const QUESTION: &str = "AWS SSO Login Required";
const WARNING: &str = "Disable SSO Reminders";

/// A display of its own; gone with the value.
struct Display {
    server: Child,
    name: String,
}

impl Display {
    /// `None`, and a named skip, where the programs aren't there.
    fn start() -> Option<Self> {
        let server = peer("SSO_TEST_XVFB", "Xvfb")?;
        peer("SSO_TEST_ZENITY", "zenity")?;
        peer("SSO_TEST_XDOTOOL", "xdotool")?;
        let mut command = Command::new(server);
        command.args(["-displayfd", "1", "-screen", "0", "1024x768x24", "-nolisten", "tcp", "-noreset"]);
        let mut server = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut number = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut number).unwrap();
        Some(Self { server, name: format!(":{}", number.trim()) })
    }

    /// Waits for the window of that title, gives it the keyboard and does something to it.
    fn act(&self, title: &str, action: &str) {
        let title = format!("^{title}");
        let found = ["search", "--sync", "--onlyvisible", "--name", &title];
        // Another window that goes while the search looks at it (the question before this one) ends the search.
        while let Err(err) = self.xdotool(&[&found[..], &["windowfocus", "--sync"]].concat()) {
            assert!(err.contains("BadWindow"), "{title}: {err}");
        }
        // By the keyboard, not by events sent to a window that may be gone before its key is up again.
        let keys: Vec<_> = action.split(' ').collect();
        let words = if action.starts_with("key ") { keys } else { [&found[..], &keys].concat() };
        self.xdotool(&words).unwrap();
    }

    fn xdotool(&self, words: &[&str]) -> Result<(), String> {
        let ended = Command::new("xdotool").args(words).env("DISPLAY", &self.name).output().unwrap();
        let err = || format!("{words:?}: {}", String::from_utf8_lossy(&ended.stderr));
        if ended.status.success() { Ok(()) } else { Err(err()) }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// One round of the watcher while a person does these things: a window's title, and what is done to it.
fn round(watch: &Watch, display: &Display, flags: &str, acts: &[(&str, &str)]) -> Value {
    round_with(watch, display, flags, || {
        for (title, action) in acts {
            display.act(title, action);
        }
    })
}

/// One round of the watcher while that happens.
fn round_with(watch: &Watch, display: &Display, flags: &str, meanwhile: impl FnOnce()) -> Value {
    let mut command = watch.shell(0, ROUND, flags);
    command
        .env("DISPLAY", &display.name)
        .env("PATH", format!("{}:/usr/bin:/bin", tools().display()))
        // No accessibility bus is started for a window that lives a second.
        .env("NO_AT_BRIDGE", "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    meanwhile();
    let ended = Ended::of(&child.wait_with_output().unwrap(), ROUND.to_owned());
    assert_eq!(ended.code, 0, "{}", said(&ended));
    ended.last()
}

#[test]
fn each_button_of_zenity_does_what_it_says() {
    let Some(display) = Display::start() else { return };
    let dont = (QUESTION, "key Tab key Tab key Return");
    let snooze = (QUESTION, "key Tab key Return");
    for (acts, outcome, seconds) in [
        (&[(QUESTION, "key Return")][..], "success", None),
        (&[snooze, ("Snooze", "key Return")], "snoozed", Some(900)),
        (&[snooze, ("Snooze", "key Tab key Return")], "snoozed", Some(1800)),
        (&[snooze, ("Snooze", "key Tab key Tab key Return")], "snoozed", Some(3600)),
        (&[snooze, ("Snooze", "key Tab key Tab key Tab key Return")], "snoozed", Some(14_400)),
        (&[snooze, ("Snooze", "key Escape")], "dismissed", None),
        (&[dont, (WARNING, "key Tab key Return")], "suppressed", None),
        // Cancel is what Enter means there.
        (&[dont, (WARNING, "key Return")], "dismissed", None),
        (&[dont, (WARNING, "key Escape")], "dismissed", None),
        (&[(QUESTION, "key Escape")], "dismissed", None),
        (&[(QUESTION, "windowkill")], "dismissed", None),
    ] {
        let watch = Watch::start("");
        watch.raise("demo", "one");
        let last = round(&watch, &display, "--ask-timeout 30s", acts);
        let seconds = seconds.map_or(Value::Null, |seconds: i64| json!(seconds));
        assert_eq!((&last["outcome"], &last["seconds"]), (&json!(outcome), &seconds), "{acts:?}");
        assert_eq!(watch.logins(), u64::from(outcome == "success"), "{acts:?}");
        let state = watch.state("demo").map(|(state, _)| state);
        let expected = match outcome {
            "snoozed" => Some("snoozed"),
            "dismissed" => Some("cooling-down"),
            _ => None,
        };
        assert_eq!(state.as_deref(), expected, "{acts:?}");
    }
}

#[test]
fn a_login_elsewhere_closes_the_question() {
    let Some(display) = Display::start() else { return };
    let watch = Watch::start("");
    watch.raise("demo", "one");
    let last = round_with(&watch, &display, "--ask-timeout 10m", || {
        display.xdotool(&["search", "--sync", "--onlyvisible", "--name", &format!("^{QUESTION}")]).unwrap();
        watch.log_in_elsewhere();
    });
    assert_eq!((&last["outcome"], watch.logins()), (&json!("valid"), 1));
    assert_eq!(watch.state("demo"), None, "the signal is settled");
    assert!(display.xdotool(&["search", "--name", &format!("^{QUESTION}")]).is_err(), "the window is gone");
}

#[test]
fn a_question_that_is_ignored_closes_by_itself() {
    let Some(display) = Display::start() else { return };
    let watch = Watch::start("");
    watch.raise("demo", "one");
    // Nobody looks for the window: on a busy machine a second may pass before it is seen, and the search would not end.
    let last = round(&watch, &display, "--ask-timeout 1s", &[]);
    assert_eq!((&last["outcome"], &last["reason"]), (&json!("dismissed"), &json!("Credentials expired")));
    watch.waits("demo", "cooling-down", 600);
}

#[test]
fn a_display_that_is_gone_is_no_question() {
    let Some(_) = Display::start() else { return };
    let watch = Watch::start("");
    watch.raise("demo", "one");
    let mut command = watch.shell(0, ROUND, "");
    // The number of a display that has ended is the next one's, of a test beside this one.
    command.env("DISPLAY", ":4999").env("PATH", format!("{}:/usr/bin:/bin", tools().display()));
    let last = crate::support::end(command, "").last();
    assert_eq!(last["outcome"], "dismissed");
    assert_eq!(last["reason"], "nobody could be asked: zenity: the display can't be opened");
}
