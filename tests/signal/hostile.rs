//! Signal files that a stranger made. None of them blocks, is followed, is trusted or keeps a good one back.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::clock::{expired, main_file, main_signal, profiles, raise, settle, valid};
use crate::support::{self, Sandbox, names};

/// Every kind of thing that is no signal.
const KINDS: [&str; 27] = [
    "link",
    "dangling",
    "loop",
    "fifo",
    "directory",
    "full directory",
    "device",
    "socket",
    "huge",
    "sparse",
    "deep",
    "array",
    "empty",
    "zeros",
    "wrong profile",
    "option",
    "path",
    "script",
    "long profile",
    "wrong reason",
    "infinity",
    "nan",
    "text number",
    "duplicate",
    "not utf-8",
    "two documents",
    "torn",
];

/// Puts one there.
fn put(sandbox: &Sandbox, kind: &str, path: &Path) {
    let signal = |key: &str, value: Value| {
        let mut signal = json!({"profile": "bad", "timestamp": "2026-01-01T00:00:00Z"});
        signal[key] = value;
        signal.to_string()
    };
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let content: Vec<u8> = match kind {
        "link" => return symlink(victim(sandbox), path).unwrap(),
        "dangling" => return symlink("nowhere", path).unwrap(),
        "loop" => return symlink(path.file_name().unwrap(), path).unwrap(),
        "device" => return symlink("/dev/zero", path).unwrap(),
        "fifo" => return make_fifo(path),
        "directory" => return fs::create_dir(path).unwrap(),
        "full directory" => return fs::create_dir_all(path.join("a/b")).unwrap(),
        "socket" => return drop(std::os::unix::net::UnixListener::bind(path).unwrap()),
        "sparse" => return fs::File::create(path).unwrap().set_len(1 << 40).unwrap(),
        "huge" => signal("note", json!("x".repeat(64 << 10))).into(),
        "deep" => format!("{}1{}", "{\"profile\":".repeat(5000), "}".repeat(5000)).into(),
        "array" => "[]".into(),
        "empty" => "".into(),
        "zeros" => vec![0; 4096],
        "wrong profile" => signal("profile", json!(["bad"])).into(),
        "option" => signal("profile", json!("--bad")).into(),
        "path" => signal("profile", json!("../../bad")).into(),
        "script" => signal("profile", json!("bad\" & (do shell script \"touch x\") & \"")).into(),
        "long profile" => signal("profile", json!("x".repeat(129))).into(),
        "wrong reason" => signal("reason", json!({"a": 1})).into(),
        "infinity" => signal("nextAttemptAfter", json!(0)).replace(":0}", ":1e999}").into(),
        "nan" => signal("nextAttemptAfter", json!(0)).replace(":0}", ":NaN}").into(),
        "text number" => signal("nextAttemptAfter", json!("1700000000")).into(),
        "duplicate" => {
            "{\"profile\":\"bad\",\"profile\":\"worse\",\"timestamp\":\"2026-01-01T00:00:00Z\"}".into()
        }
        "not utf-8" => {
            b"{\"profile\":\"bad\",\"timestamp\":\"2026-01-01T00:00:00Z\",\"reason\":\"\xff\"}".into()
        }
        "two documents" => format!("{}{}", signal("source", json!("a")), signal("source", json!("b"))).into(),
        "torn" => "{\"profile\":\"bad\",\"timest".into(),
        _ => panic!("{kind}"),
    };
    fs::write(path, content).unwrap();
}

fn victim(sandbox: &Sandbox) -> std::path::PathBuf {
    sandbox.write("victim", r#"{"profile":"victim","timestamp":"2026-01-01T00:00:00Z"}"#)
}

fn make_fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// Runs a check for every kind, all at once: each of them gives a writer a moment to finish.
fn for_every_kind(check: impl Fn(&str) + Sync) {
    thread::scope(|scope| {
        for kind in KINDS {
            scope.spawn(|| check(kind));
        }
    });
}

#[test]
fn bad_files_in_the_folder_go_to_quarantine_and_good_ones_are_handed_over() {
    for_every_kind(|kind| {
        let sandbox = Sandbox::new();
        raise(&sandbox, "good", "one");
        put(&sandbox, kind, &sandbox.state().join("signals/bad.json"));
        let waited = sandbox.run("sso-signal wait --timeout 0s").says("put aside as");
        assert_eq!((waited.code, waited.document()["profile"].as_str()), (0, Some("good")), "{kind}");
        assert_eq!(names(sandbox.state().join("signals")), [""; 0], "{kind}");
        assert_eq!(names(sandbox.state().join("quarantine")), ["20261121T120000Z-0000-bad.json"], "{kind}");
        assert!(!waited.stderr.contains('\u{1b}'));
        // Once is enough.
        assert_eq!(profiles(&sandbox), ["good"], "{kind}");
        if kind == "link" {
            assert!(fs::read_to_string(victim(&sandbox)).unwrap().contains("victim"));
        }
    });
}

#[test]
fn a_bad_file_in_the_first_place_stops_no_writer() {
    for_every_kind(|kind| {
        let sandbox = Sandbox::new();
        put(&sandbox, kind, &main_file(&sandbox));
        let written = sandbox.run("sso-signal write corp").says("put aside as");
        assert_eq!((written.code, main_signal(&sandbox)["profile"].as_str()), (0, Some("corp")), "{kind}");
    });
}

#[test]
fn a_bad_file_stops_neither_status_nor_an_answer() {
    for_every_kind(|kind| {
        let sandbox = Sandbox::new();
        raise(&sandbox, "corp", "one");
        let bad = sandbox.state().join("signals/corp.json");
        put(&sandbox, kind, &bad);
        assert_eq!(
            sandbox.run("sso-signal status").says("put aside as").document()["signals"][0]["profile"],
            "corp"
        );
        put_again(&sandbox, kind, &bad);
        let settled = sandbox.feed("sso-signal settle", r#"{"profile":"corp","outcome":"success"}"#);
        assert_eq!(settled.says("put aside as").code, 0, "{kind}");
        assert_eq!(profiles(&sandbox), [""; 0], "{kind}");
    });
}

/// Sockets are made by name, so the earlier one must be out of the way.
fn put_again(sandbox: &Sandbox, kind: &str, path: &Path) {
    assert!(fs::symlink_metadata(path).is_err(), "{kind}");
    put(sandbox, kind, path);
}

#[test]
fn a_fifo_in_any_place_blocks_nothing() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.state().join("signals")).unwrap();
    for name in ["login-required.json", "mode", "state.json", "last-login-at.txt", "signals/x.json"] {
        make_fifo(&sandbox.state().join(name));
    }
    let begin = Instant::now();
    let status = sandbox.run("sso-signal status");
    assert_eq!(status.code, 0, "{}", status.stderr);
    sandbox.run("sso-signal mode auto").exits(0);
    raise(&sandbox, "corp", "one");
    for _ in 0..2 {
        settle_quietly(&sandbox);
    }
    assert!(begin.elapsed() < Duration::from_secs(20));
    assert_eq!(main_signal(&sandbox)["profile"], "corp");
}

fn settle_quietly(sandbox: &Sandbox) {
    let ended = sandbox.feed("sso-signal settle", r#"{"profile":"corp","outcome":"dismissed"}"#);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
}

#[test]
fn escapes_and_bidirectional_marks_reach_no_output() {
    let sandbox = Sandbox::new();
    let evil = "\u{1b}]0;x\u{7}a\u{1b}[31mb\u{202e}c\r\n\td\u{0}\u{9b}31me\u{200b}";
    let signal = json!({"profile": "corp", "timestamp": "2026-01-01T00:00:00Z", "reason": evil, "source": evil, "episode": evil,
        "host": evil, "note": {evil: [evil]}});
    sandbox.write(".aws/sso-renewer/login-required.json", signal.to_string());
    let name = format!("x\u{1b}[31m\u{202e}\n{}.json", "y".repeat(200));
    sandbox.write(&format!(".aws/sso-renewer/signals/{name}"), "{");
    let mut outputs = Vec::new();
    for line in ["sso-signal read corp", "sso-signal status", "sso-signal status --text", "sso-signal wait"] {
        let ended = sandbox.run(line);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        outputs.push(ended.stdout.replace('\n', ""));
        outputs.push(ended.stderr.replace('\n', ""));
    }
    for output in outputs {
        assert!(output.chars().all(|c| !c.is_control() && !"\u{202e}\u{200b}".contains(c)), "{output:?}");
        assert!(!output.contains("\\u001b[") && !output.contains("\\u0007"), "{output}");
    }
    assert_eq!(sandbox.run("sso-signal read").document()["reason"], "abc de");
    // A person's answer is about what was shown.
    let read = sandbox.run("sso-signal read").document();
    let (episode, host) = (&read["episode"], &read["host"]);
    settle(
        &sandbox,
        0,
        &json!({"profile": "corp", "host": host, "outcome": "suppressed", "episode": episode}),
    );
    sandbox.write(".aws/sso-renewer/login-required.json", signal.to_string());
    assert_eq!(crate::clock::status(&sandbox, "corp").0, "suppressed");
}

#[test]
fn what_a_monitor_says_is_cut_to_what_is_read_back() {
    let sandbox = Sandbox::new();
    let document = json!({"profile": "corp", "loginRequired": true, "reason": "x\u{1b}[1m".repeat(50_000),
        "episode": "e".repeat(100_000), "source": "s".repeat(100_000)});
    sandbox.feed("sso-signal write", &document.to_string()).exits(0);
    assert_eq!(profiles(&sandbox), ["corp"]);
    let again = sandbox.feed("sso-signal write", &document.to_string()).exits(0);
    assert_eq!(again.document()["signal"], "kept");
}

#[test]
fn a_writer_that_is_not_atomic_gets_a_moment_to_finish() {
    // A slow machine may miss the moment: then the file is in quarantine, and the test tries again.
    let is_kept = (0..20).any(|_| {
        let sandbox = Sandbox::new();
        let file = sandbox.write(".aws/sso-renewer/login-required.json", r#"{"profile":"corp","time"#);
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(60));
                if file.exists() {
                    fs::write(&file, r#"{"profile":"corp","timestamp":"2026-01-01T00:00:00Z"}"#).unwrap();
                }
            });
            let read = sandbox.run("sso-signal read corp");
            read.code == 0 && read.stderr.is_empty()
        })
    });
    assert!(is_kept);
}

#[test]
fn an_unreadable_file_is_an_error_no_bad_file_and_keeps_no_other_back() {
    let sandbox = Sandbox::new();
    raise(&sandbox, "good", "one");
    let file = sandbox.write(".aws/sso-renewer/signals/corp.json", "{}");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    let run =
        |line: &str, input: &str| unprivileged(&sandbox, line).map(|command| support::end(command, input));
    let message = "signals/corp.json: Permission denied";
    let Some(waited) = run("sso-signal wait --timeout 0s", "") else { return };
    assert_eq!((waited.code, waited.says(message).document()["profile"].as_str()), (0, Some("good")));
    // It goes on waiting, and says so once.
    run("sso-signal wait --timeout 100ms --poll 10ms", "").unwrap().exits(124).says(message);
    let read = run("sso-signal read --all", "").unwrap().exits(74).says(message);
    assert_eq!(read.document()["profile"], "good");
    run("sso-signal read good", "").unwrap().exits(0);
    run("sso-signal read other", "").unwrap().exits(1);
    run("sso-signal read corp", "").unwrap().exits(74).says(message);
    for line in ["sso-signal status", "sso-signal status -"] {
        let status = run(line, "").unwrap().says(message);
        assert_eq!((status.code, &status.document()["signals"][0]["profile"]), (0, &json!("good")), "{line}");
    }
    run("sso-signal write corp", "").unwrap().exits(74).says(message);
    run("sso-signal write good", "").unwrap().exits(0);
    run("sso-signal clear other", "").unwrap().exits(0);
    run("sso-signal clear corp", "").unwrap().exits(74).says(message);
    run("sso-signal settle", r#"{"profile":"good","outcome":"success"}"#).unwrap().exits(0);
    assert!(file.exists() && !main_file(&sandbox).exists());
    assert_eq!(names(sandbox.state().join("quarantine")), [""; 0]);
}

#[test]
fn an_unreadable_file_is_one_documents_error_and_the_stream_goes_on() {
    let sandbox = Sandbox::new();
    raise(&sandbox, "first", "one");
    let file = sandbox.write(".aws/sso-renewer/signals/corp.json", "{}");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    let input: String = [expired("a", "one"), expired("corp", "one"), valid("corp"), expired("b", "one")]
        .map(|d| format!("{d}\n"))
        .concat();
    let Some(write) = unprivileged(&sandbox, "sso-signal write") else { return };
    let ended = support::end(write, &input).exits(74).says("signals/corp.json: Permission denied");
    let signals: Vec<_> = ended.documents().iter().map(|document| document["signal"].clone()).collect();
    assert_eq!(signals, ["raised", "none", "none", "raised"]);
    for n in [1, 2] {
        let error = ended.documents()[n]["error"].as_str().unwrap().to_owned();
        assert!(error.ends_with("signals/corp.json: Permission denied (os error 13)"), "{error}");
    }
}

#[test]
fn an_unreadable_file_in_the_first_place_stops_no_other_profile() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.state().join("signals")).unwrap();
    let file = sandbox.write(".aws/sso-renewer/login-required.json", "{}");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    let run =
        |line: &str, input: &str| unprivileged(&sandbox, line).map(|command| support::end(command, input));
    let message = "login-required.json: Permission denied";
    let Some(written) = run("sso-signal write corp", "") else { return };
    assert_eq!((written.code, &written.says(message).document()["profile"]), (0, &json!("corp")));
    assert_eq!(names(sandbox.state().join("signals")), ["corp.json"]);
    run("sso-signal read corp", "").unwrap().exits(0);
    run("sso-signal read other", "").unwrap().exits(74).says(message);
    let waited = run("sso-signal wait --timeout 0s", "").unwrap().says(message);
    assert_eq!((waited.code, &waited.document()["profile"]), (0, &json!("corp")));
    let cleared = run("sso-signal write", &valid("corp").to_string()).unwrap().says(message);
    assert_eq!((cleared.code, &cleared.document()["signal"]), (0, &json!("cleared")));
    assert!(file.exists());
}

/// The tool as a user whom permissions stop. As root that is another one; without a way to be that one the test
/// is a named skip.
fn unprivileged(sandbox: &Sandbox, line: &str) -> Option<Command> {
    let is_root = fs::read("/proc/self/status").is_ok_and(|status| {
        String::from_utf8_lossy(&status).lines().any(|line| line.starts_with("Uid:\t0\t"))
    });
    if !is_root {
        return Some(sandbox.tool(line));
    }
    let setpriv = support::peer("SSO_TEST_SETPRIV", "setpriv")?;
    // The other user must get at the tool and own the sandbox.
    let tool = sandbox.root().join("sso-signal");
    if !tool.exists() {
        fs::copy(support::tool("sso-signal"), &tool).unwrap();
        fs::set_permissions(sandbox.root(), fs::Permissions::from_mode(0o755)).unwrap();
        let owned = Command::new("chown").args(["-R", "65534:65534"]).arg(sandbox.root()).status().unwrap();
        assert!(owned.success());
    }
    let mut command = sandbox.command(setpriv);
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).arg(tool);
    command.args(line.split(' ').skip(1));
    Some(command)
}

#[test]
fn a_wrong_type_is_named_with_line_and_column_and_changes_nothing() {
    let good = "{\"profile\":\"a\",\"outcome\":\"busy\"}\n";
    for (command, bad, message) in [
        ("write", r#"{"profile":5}"#, "`profile` is not a string"),
        ("write", r#"{"profile":"a","loginRequired":"yes"}"#, "`loginRequired` is not true or false"),
        ("write", r#"{"profile":"a","loginRequired":true,"reason":1}"#, "`reason` is not a string"),
        ("settle", r#"{"profile":"a","outcome":7}"#, "`outcome` is not a string"),
        (
            "settle",
            r#"{"profile":"a","outcome":"snoozed","seconds":"900"}"#,
            "`seconds` is not a whole number",
        ),
        ("settle", r#"{"profile":"a","outcome":"failed","mode":[]}"#, "`mode` is not a string"),
        (
            "settle",
            r#"{"profile":"a","outcome":"busy","sessionProfiles":["a",1]}"#,
            "is not a list of strings",
        ),
        ("quiet -", r#"{"profile":{}}"#, "`profile` is not a string"),
        ("request -", r#"{"profile":5}"#, "`profile` is not a string"),
    ] {
        let sandbox = Sandbox::new();
        let input = if command == "settle" { format!("{good} {bad}") } else { format!("\n {bad}") };
        let ended = sandbox.feed(&format!("sso-signal {command}"), &input).exits(65).says(message);
        assert!(ended.stderr.contains("document at line 2, column 2: "), "{command}: {}", ended.stderr);
        assert_eq!(profiles(&sandbox), [""; 0], "{command} {bad}");
    }
}

#[test]
fn a_thousand_files_good_and_bad_are_read_at_once() {
    let sandbox = Sandbox::new();
    let folder = sandbox.state().join("signals");
    fs::create_dir_all(&folder).unwrap();
    for n in 0..1000 {
        let signal = json!({"profile": format!("p{n}"), "timestamp": "2026-01-01T00:00:00Z"}).to_string();
        fs::write(folder.join(format!("p{n}.json")), if n % 20 == 0 { "{" } else { &signal }).unwrap();
        fs::write(folder.join(format!(".p{n}.json.tmp")), "{").unwrap();
    }
    let read = sandbox.run("sso-signal read --all");
    assert_eq!((read.code, read.documents().len(), read.stderr.lines().count()), (0, 950, 50));
    assert_eq!(names(sandbox.state().join("quarantine")).len(), 20);
    sandbox.run("sso-signal status").exits(0);
    sandbox.run("sso-signal wait --timeout 0s").exits(0);
}
