//! Signal files that a stranger made. None of them blocks, is followed, is trusted or keeps a good one back.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::signal::clock::{main_file, main_signal, profiles, raise, settle};
use crate::support::{Sandbox, names};

/// Every kind of thing that is no signal.
const KINDS: [&str; 28] = [
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
    "wrong time",
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
        "wrong time" => signal("timestamp", json!([])).into(),
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
        let waited = sandbox.run("sso-signal wait --timeout 0s").says("moved to");
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
        let written = sandbox.run("sso-signal write corp").says("moved to");
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
            sandbox.run("sso-signal status").says("moved to").document()["signals"][0]["profile"],
            "corp"
        );
        put_again(&sandbox, kind, &bad);
        let settled = sandbox.feed("sso-signal settle", r#"{"profile":"corp","outcome":"success"}"#);
        assert_eq!(settled.says("moved to").code, 0, "{kind}");
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
    let status = sandbox.run("sso-signal status");
    assert_eq!(status.code, 0, "{}", status.stderr);
    sandbox.run("sso-signal mode auto").exits(0);
    raise(&sandbox, "corp", "one");
    for _ in 0..2 {
        settle_quietly(&sandbox);
    }
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
    for line in ["sso-signal read --all", "sso-signal status", "sso-signal status --text", "sso-signal wait"]
    {
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
    assert_eq!(crate::signal::clock::status(&sandbox, "corp").0, "suppressed");
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
fn a_signal_without_a_time_was_raised_when_its_file_was_written() {
    for content in [r#"{"profile":"corp","reason":"expired"}"#, r#"{"profile":"corp","timestamp":null}"#] {
        let sandbox = Sandbox::new();
        let file = sandbox.write(".aws/sso-renewer/signals/corp.json", content);
        let written = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        fs::File::options().write(true).open(&file).unwrap().set_modified(written).unwrap();
        let read = sandbox.run("sso-signal read corp").exits(0).document();
        let expected = json!("2023-11-14T22:13:20Z");
        assert_eq!((&read["timestamp"], &read["episode"]), (&expected, &expected), "{content}");
        // The lease is written into the file; the time stays.
        assert_eq!(sandbox.run("sso-signal wait --timeout 0s").exits(0).document()["timestamp"], expected);
        assert_eq!(sandbox.run("sso-signal read corp").exits(0).document()["timestamp"], expected);
        // "Don't remind me" is about this one.
        settle(&sandbox, 0, &json!({"profile": "corp", "outcome": "suppressed", "episode": expected}));
        fs::write(&file, content).unwrap();
        fs::File::options().write(true).open(&file).unwrap().set_modified(written).unwrap();
        assert_eq!(crate::signal::clock::status(&sandbox, "corp").0, "suppressed");
    }
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
    assert_eq!((read.code, read.documents().len(), read.stderr.lines().count()), (0, 950, 1));
    assert!(read.stderr.contains("; the same for 49 more bad files"), "{}", read.stderr);
    assert_eq!(names(sandbox.state().join("quarantine")).len(), 20);
    sandbox.run("sso-signal status").exits(0);
    sandbox.run("sso-signal wait --timeout 0s").exits(0);
}

#[test]
fn lists_of_lists_and_many_names_of_one_file_take_little_memory_and_are_said_once() {
    let sandbox = Sandbox::new();
    let folder = sandbox.state().join("signals");
    fs::create_dir_all(&folder).unwrap();
    let deep = |profile: &str| {
        let head = format!(r#"{{"profile":"{profile}","timestamp":"2026-01-01T00:00:00Z","x":[[0]"#);
        let lists = ",[0]".repeat((65_000 - head.len()) / 4);
        format!("{head}{lists}]}}")
    };
    fs::write(folder.join("one.json"), deep("one")).unwrap();
    for n in 0..999 {
        fs::hard_link(folder.join("one.json"), folder.join(format!("one{n}.json"))).unwrap();
    }
    for n in 0..170 {
        fs::write(folder.join(format!("copy{n}.json")), deep(&format!("copy{n}"))).unwrap();
    }
    // All of it at once is more than a gigabyte.
    for line in ["wait --timeout 0s", "settle"] {
        let limited = sandbox.shell(&format!("ulimit -v 400000; exec sso-signal {line}"));
        let ended =
            crate::support::end(limited, r#"{"profile":"other","outcome":"success"}"#).exits_somehow(0);
        assert_eq!(ended.stderr.matches("are not read: ").count(), 1, "{line}: {}", ended.stderr);
    }
    crate::support::end(sandbox.shell("ulimit -v 400000; exec sso-signal clear --all"), "").exits_somehow(0);
    assert_eq!(names(&folder), [""; 0]);
}

#[test]
fn what_a_look_keeps_in_memory_takes_no_unknown_key_out_of_the_file() {
    let sandbox = Sandbox::new();
    let file = sandbox.write(
        ".aws/sso-renewer/signals/corp.json",
        r#"{"profile":"corp","timestamp":"2026-01-01T00:00:00Z","mine":{"a":[1]}}"#,
    );
    sandbox.run("sso-signal wait --timeout 0s").exits(0);
    sandbox.feed("sso-signal settle", r#"{"profile":"corp","outcome":"failed"}"#).exits(0);
    let kept: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(kept["mine"], json!({"a": [1]}));
    assert_eq!(sandbox.run("sso-signal read corp").exits(0).document()["mine"], json!({"a": [1]}));
}

#[test]
fn any_number_of_bad_files_is_one_line_a_look() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.state().join("signals")).unwrap();
    for n in 0..50 {
        make_fifo(&sandbox.state().join(format!("signals/x{n}.json")));
    }
    let ended = sandbox.run("sso-signal wait --timeout 0s").exits_somehow(124);
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    assert!(
        ended.stderr.contains("moved to") && ended.stderr.contains("; the same for 49 more bad files"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_log_file_that_nobody_rotates_starts_anew_and_a_file_that_is_not_appended_to_stays() {
    let sandbox = Sandbox::new();
    let log = sandbox.home().join("log");
    let size = || fs::metadata(&log).unwrap().len();
    for (redirection, is_cut) in [(">>", true), ("1<>", false)] {
        fs::File::create(&log).unwrap().set_len(17 << 20).unwrap();
        let line = format!("sso-signal log {redirection} {}", log.display());
        crate::support::end(sandbox.shell(&line), "one line\n").exits(0);
        assert_eq!(size() < 1000, is_cut, "{redirection}");
    }
}

#[test]
fn a_loop_around_a_wait_that_fails_at_once_pauses() {
    let Some(strace) = crate::support::peer("SSO_TEST_STRACE", "strace") else { return };
    let sandbox = Sandbox::new();
    for (setting, state) in [("0", "{}"), ("1", r#"{"version": 99}"#)] {
        sandbox.write(".aws/sso-renewer/state.json", state);
        raise_quietly(&sandbox);
        let mut command = sandbox.command(&strace);
        command.args(["-f", "-e", "trace=clock_nanosleep,nanosleep"]).arg(crate::support::tool("sso-signal"));
        command.args(["wait", "--timeout", "0s"]).env("SSO_POLL_SECONDS", setting);
        let ended = crate::support::end(command, "");
        assert_eq!(ended.code, if setting == "0" { 78 } else { 65 }, "{}", ended.stderr);
        assert!(ended.stderr.contains("tv_sec=1"), "{}", ended.stderr);
    }
}

fn raise_quietly(sandbox: &Sandbox) {
    sandbox.write(
        ".aws/sso-renewer/login-required.json",
        r#"{"profile":"corp","timestamp":"2026-01-01T00:00:00Z"}"#,
    );
}

#[test]
fn a_signal_of_a_valid_session_that_is_written_again_and_again_is_handed_over_once_a_pause() {
    let sandbox = Sandbox::new();
    let write = |number: u32| {
        let signal = format!(
            r#"{{"profile":"corp","reason":"r","timestamp":"2026-11-21T11:00:{number:02}Z","episode":"{number}"}}"#
        );
        sandbox.write(".aws/sso-renewer/signals/corp.json", signal);
        sandbox.run("sso-signal wait --timeout 0s")
    };
    write(0).exits(0);
    sandbox.feed("sso-signal settle", r#"{"profile":"corp","outcome":"valid"}"#).exits(0);
    for number in 1..4 {
        write(number).exits(124);
    }
}

/// What a leftover of a killed writer becomes between the look at the folder and its opening: a pipe that nobody writes to.
#[test]
fn a_leftover_that_turns_into_a_pipe_between_the_look_and_the_opening_holds_no_lock() {
    let Some(strace) = crate::support::peer("SSO_TEST_STRACE", "strace") else { return };
    for (line, input) in
        [("sso-signal write other", ""), ("sso-signal settle", r#"{"profile":"corp","outcome":"dismissed"}"#)]
    {
        let sandbox = Sandbox::new();
        raise(&sandbox, "corp", "one");
        let leftover = sandbox.write(".aws/sso-renewer/signals/.x.abcdef.tmp", "{");
        let (trace, tool) = (sandbox.root().join("trace"), sandbox.tool(line));
        let mut command = sandbox.command(&strace);
        command.args(["-f", "-P"]).arg(&leftover).args(["-e", "inject=openat:delay_enter=1000000", "-o"]);
        command.arg(&trace).args(["timeout", "30"]).arg(tool.get_program()).args(tool.get_args());
        thread::scope(|scope| {
            let running = scope.spawn(|| crate::support::end(command, input).exits_somehow(0));
            let is_opened = || fs::read_to_string(&trace).is_ok_and(|text| text.contains(".x.abcdef.tmp"));
            crate::support::until("the opening of the leftover", || running.is_finished() || is_opened());
            assert!(is_opened(), "{line} doesn't look at what killed writers left");
            fs::remove_file(&leftover).unwrap();
            make_fifo(&leftover);
            running.join().unwrap();
        });
        // Whoever needs the lock next has it.
        sandbox.run("sso-signal mode auto").exits(0);
    }
}
