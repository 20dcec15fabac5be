//! `wait` and `mode`.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::signal::clock::{NOW, after, is_due, main_signal, raise, settle};
use crate::support::{self, Sandbox};

/// A running `wait`, killed when it is dropped.
struct Waiting(Child);

impl Waiting {
    fn start(mut command: Command) -> Self {
        Self(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
    }

    /// Its next document; the line must come.
    fn next(&mut self) -> Value {
        let mut line = String::new();
        BufReader::with_capacity(1, self.0.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_due_signal_is_handed_over_with_mode_and_lease() {
    let sandbox = Sandbox::new();
    raise(&sandbox, "corp", "one");
    let handed = sandbox.run("sso-signal wait").exits(0).document();
    let expected = json!({"profile": "corp", "reason": "expired", "timestamp": support::NOW, "source": "sso-signal",
        "episode": "one", "nextAttemptAfter": NOW + 30, "mode": "notify"});
    assert_eq!(handed, expected);
    assert_eq!(main_signal(&sandbox)["nextAttemptAfter"], NOW + 30);
    // Whatever died with it, the signal comes back in 30 s.
    assert!(!is_due(&sandbox, 29));
    assert!(is_due(&sandbox, 30));
    assert!(!is_due(&sandbox, 59));
}

#[test]
fn a_timeout_is_silent_and_124() {
    let sandbox = Sandbox::new();
    for line in ["sso-signal wait --timeout 0s", "sso-signal wait --timeout 50ms --poll 10ms --follow"] {
        assert_eq!(sandbox.run(line).exits(124).stdout, "");
    }
    assert_eq!(sandbox.run("sso-signal wait --timeout 0s").stderr, "");
    sandbox
        .run("sso-signal wait --timeout 0s --poll 0s")
        .exits(2)
        .says("the poll interval must be more than zero");
    sandbox.run("sso-signal wait --poll -1s").exits(2).says("sso-signal: ");
}

#[test]
fn a_file_event_wakes_long_before_the_poll() {
    for first in [true, false] {
        let sandbox = Sandbox::new();
        if !first {
            sandbox.write(
                ".aws/sso-renewer/login-required.json",
                r#"{"profile":"other","timestamp":"2026-01-01T00:00:00Z","nextAttemptAfter":1795266000}"#,
            );
        }
        // Without the event, the time is over before the first poll.
        let mut waiting = Waiting::start(sandbox.tool("sso-signal wait --poll 1h --timeout 60s"));
        raise(&sandbox, "corp", "one");
        assert_eq!(waiting.next()["profile"], "corp");
    }
}

#[test]
fn polling_finds_what_no_event_tells() {
    let sandbox = Sandbox::new();
    // A folder that isn't there yet can't be watched.
    let file = sandbox.root().join("later/login-required.json");
    let mut command = sandbox.tool("sso-signal wait --poll 20ms");
    command.env("SSO_SIGNAL_FILE", &file);
    let mut waiting = Waiting::start(command);
    fs::create_dir(sandbox.root().join("later")).unwrap();
    fs::write(&file, r#"{"profile":"corp","timestamp":"2026-01-01T00:00:00Z"}"#).unwrap();
    assert_eq!(waiting.next()["profile"], "corp");
}

#[test]
fn a_running_wait_obeys_the_mode_and_standalone_is_never_due() {
    let sandbox = Sandbox::new();
    sandbox.run("sso-signal mode standalone").exits(0);
    raise(&sandbox, "corp", "one");
    assert!(!is_due(&sandbox, 1_000_000));
    let mut waiting = Waiting::start(sandbox.tool("sso-signal wait --poll 60s --follow"));
    sandbox.run("sso-signal mode auto").exits(0);
    assert_eq!(waiting.next()["mode"], "auto");
    sandbox.run("sso-signal mode notify").exits(0);
    raise(&sandbox, "other", "one");
    assert_eq!(waiting.next()["mode"], "notify");
}

#[test]
fn following_goes_on_with_every_signal_once() {
    let sandbox = Sandbox::new();
    for profile in ["a", "b", "c"] {
        raise(&sandbox, profile, "one");
    }
    let handed = sandbox.run("sso-signal wait --follow --timeout 0s").exits(124).documents();
    let mut handed: Vec<_> = handed.iter().map(|signal| signal["profile"].as_str().unwrap()).collect();
    handed.sort_unstable();
    assert_eq!(handed, ["a", "b", "c"]);
}

#[test]
fn two_watchers_never_get_the_same_signal() {
    let sandbox = Sandbox::new();
    for profile in 0..8 {
        raise(&sandbox, &format!("p{profile}"), "one");
    }
    let mut handed: Vec<String> = std::thread::scope(|scope| {
        let watchers: Vec<_> = (0..6)
            .map(|_| {
                scope.spawn(|| sandbox.run("sso-signal wait --follow --timeout 0s").exits(124).documents())
            })
            .collect();
        let all = watchers.into_iter().flat_map(|watcher| watcher.join().unwrap());
        all.map(|signal| signal["profile"].to_string()).collect()
    });
    handed.sort();
    let all = handed.len();
    handed.dedup();
    assert_eq!((all, handed.len()), (8, 8));
}

#[test]
fn the_lease_holds_for_a_known_session() {
    let sandbox = Sandbox::new();
    settle(
        &sandbox,
        -60,
        &json!({"profile": "a", "ssoSession": "s", "sessionProfiles": ["a", "b"], "outcome": "success"}),
    );
    for profile in ["a", "b"] {
        raise(&sandbox, profile, "one");
    }
    assert!(is_due(&sandbox, 0));
    assert!(!is_due(&sandbox, 0));
}

#[test]
fn the_mode_file_is_one_word_and_beats_the_setting() {
    let sandbox = Sandbox::new();
    let file = sandbox.state().join("mode");
    let show = |setting: &str| {
        let mut command = sandbox.tool("sso-signal mode");
        command.env("SSO_LOGIN_MODE", setting);
        let ended = support::end(command, "");
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        let document = ended.document();
        (document["mode"].as_str().unwrap().to_owned(), document["modeFrom"].as_str().unwrap().to_owned())
    };
    let is = |mode: &str, from: &str| (mode.to_owned(), from.to_owned());
    assert_eq!(show(""), is("notify", "default"));
    assert_eq!(show("auto"), is("auto", "SSO_LOGIN_MODE"));
    for mode in ["standalone", "auto", "notify"] {
        let document = sandbox.run(&format!("sso-signal mode {mode}")).exits(0).document();
        assert_eq!((&document["mode"], &document["modeFrom"]), (&json!(mode), &json!("file")));
        assert_eq!(fs::read_to_string(&file).unwrap(), format!("{mode}\n"));
    }
    assert_eq!(show("auto"), is("notify", "file"));
    for refused in ["AUTO", "silent", "auto\n"] {
        let mut command = sandbox.tool("sso-signal mode");
        command.arg(refused);
        support::end(command, "").exits(2).says("isn't a mode");
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "notify\n");
    for content in ["AUTO\n", "auto standalone", "", "\u{0}"] {
        fs::write(&file, content).unwrap();
        assert_eq!(show("standalone"), is("standalone", "SSO_LOGIN_MODE"), "{content:?}");
    }
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert_eq!(show(""), is("notify", "default"));
    sandbox.run("sso-signal mode").says("mode is not a regular file; notify is used");
    sandbox.run("sso-signal mode auto").exits(74).says("cannot write");
}

#[test]
fn a_clock_set_back_holds_nothing_for_long() {
    let sandbox = Sandbox::new();
    raise(&sandbox, "corp", "one");
    assert!(is_due(&sandbox, 0));
    assert!(is_due(&sandbox, -3600));
    sandbox.run("sso-signal snooze corp 4h").exits(0);
    assert!(is_due(&sandbox, -3600));
}

#[test]
fn status_says_what_everybody_waits_for() {
    let sandbox = Sandbox::new();
    let empty = sandbox.run("sso-signal status").exits(0).document();
    assert_eq!(
        (&empty["mode"], &empty["signals"], &empty["remembered"]),
        (&json!("notify"), &json!([]), &json!([]))
    );
    raise(&sandbox, "corp", "one");
    sandbox.run("sso-signal snooze corp 15m").exits(0);
    let text = sandbox.run("sso-signal status --text").exits(0).stdout;
    assert!(text.contains("corp: expired [snoozed until 2026-11-21T12:15:00Z]"), "{text}");
    let document = sandbox.run("sso-signal status").exits(0).document();
    assert_eq!(document["signals"][0]["until"], "2026-11-21T12:15:00Z");
    assert_eq!(document["remembered"][0]["profile"], "corp");
    assert_eq!(after(&sandbox, 900, "sso-signal status").document()["signals"][0]["state"], "due");
}

#[test]
fn a_joined_status_says_nothing_of_a_watcher_that_nobody_asked_about() {
    let sandbox = Sandbox::new();
    raise(&sandbox, "corp", "one");
    let doctor = r#"{"check":"session","status":"ok","profile":"other"}"#;
    let checked = r#"{"profile":"corp","loginRequired":true,"reason":"expired","episode":"one"}"#;
    let documents = format!("{doctor}\n{checked}\n");
    let joined = sandbox.feed("sso-signal status -", &documents).exits(0).document();
    assert_eq!(joined["watcher"], json!({}));
    assert_eq!(joined["profiles"].as_array().unwrap().len(), 1, "{joined}");
    assert_eq!(joined["profiles"][0]["nextAction"], "log in: sso-login corp | sso-signal settle");
    assert_eq!(joined["nextAction"], "corp: log in: sso-login corp | sso-signal settle");
    let text = sandbox.feed("sso-signal status - --text", &documents).exits(0).stdout;
    assert!(text.contains("  Running     not asked\n"), "{text}");
    let service = format!("{documents}{}\n", r#"{"service":"systemd","installed":true,"running":false}"#);
    let told = sandbox.feed("sso-signal status -", &service).exits(0).document();
    assert_eq!(told["watcher"], json!({"running": false}));
}

#[test]
fn a_folder_that_never_rests_keeps_no_watcher_from_looking() {
    let sandbox = Sandbox::new();
    raise(&sandbox, "other", "one");
    assert!(is_due(&sandbox, 0));
    let mut noise = fs::File::create(sandbox.state().join("signals/.noise")).unwrap();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                noise.write_all(b"x").unwrap();
            }
        });
        let mut waiting = Waiting::start(sandbox.tool("sso-signal wait --poll 1h --timeout 60s"));
        raise(&sandbox, "corp", "one");
        let handed = waiting.next();
        let ended = sandbox.run("sso-signal wait --timeout 100ms");
        is_over.store(true, Ordering::Relaxed);
        assert_eq!(handed["profile"], "corp");
        ended.exits(124);
    });
}

#[test]
fn a_mode_file_that_says_no_mode_is_a_warning_once_and_names_file_and_content() {
    let sandbox = Sandbox::new();
    let file = sandbox.write(".aws/sso-renewer/mode", "bo\u{1b}[31mgus\n");
    let message = format!("{} is not notify, auto or standalone: `bogus`; notify is used", file.display());
    for line in [
        "sso-signal mode",
        "sso-signal status",
        "sso-signal wait --timeout 100ms --poll 10ms",
        "sso-signal mode --text",
    ] {
        let ended = sandbox.run(line).says(&message);
        assert_eq!(
            (ended.code, ended.stderr.lines().count()),
            (if line.contains("wait") { 124 } else { 0 }, 1),
            "{line}"
        );
    }
    let mut next = sandbox.tool("sso-signal mode");
    next.env("SSO_LOGIN_MODE", "auto");
    support::end(next, "").says("; auto is used");
    // Whoever writes it in place makes it empty first.
    fs::write(&file, "\n").unwrap();
    sandbox.run("sso-signal mode").exits(0);
}
