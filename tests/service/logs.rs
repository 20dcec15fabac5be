//! `service logs`.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use crate::service::fakes::{bare, mac};

fn numbered(count: usize) -> String {
    (1..=count).fold(String::new(), |mut text, n| {
        writeln!(text, "line {n}").unwrap();
        text
    })
}

#[test]
fn the_last_fifty_lines_are_shown_and_errors_only_if_there_are_any() {
    let sandbox = mac();
    let log = "Library/Logs/sso-watcher.log";
    let none = sandbox.run("sso-signal service logs").exits(0).stdout;
    assert!(none.starts_with("=== Log ===\nNo log file yet: "), "{none}");
    sandbox.write(log, numbered(80));
    sandbox.write("Library/Logs/sso-watcher.error.log", "");
    let shown = sandbox.run("sso-signal service logs").exits(0).stdout;
    let lines: Vec<_> = shown.lines().collect();
    assert_eq!((lines.len(), lines[0], lines[1], lines[50]), (51, "=== Log ===", "line 31", "line 80"));

    sandbox.write("Library/Logs/sso-watcher.error.log", "trouble\u{1b}[2J\n");
    let shown = sandbox.run("sso-signal service logs --lines 1").exits(0).stdout;
    assert_eq!(shown, "=== Errors ===\ntrouble\\u{1b}[2J\n=== Log ===\nline 80\n");
}

#[test]
fn elsewhere_the_logs_are_in_the_state_folder() {
    let sandbox = bare();
    sandbox.write(".local/state/sso-watcher.log", "here\n");
    assert_eq!(sandbox.run("sso-signal service logs").exits(0).stdout, "=== Log ===\nhere\n");
}

#[test]
fn following_shows_what_comes_and_ends_well_when_interrupted() {
    let sandbox = mac();
    let log = sandbox.write("Library/Logs/sso-watcher.log", "one\n");
    let mut command = sandbox.tool("sso-signal service logs --follow");
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || lines.next().unwrap().unwrap();
    assert_eq!((next(), next()), ("=== Log ===".to_owned(), "one".to_owned()));
    OpenOptions::new().append(true).open(&log).unwrap().write_all(b"two\nthr").unwrap();
    assert_eq!(next(), "two");
    OpenOptions::new().append(true).open(&log).unwrap().write_all(b"ee\n").unwrap();
    assert_eq!(next(), "three");
    // A log that was rotated away begins anew.
    fs::rename(&log, log.with_extension("1")).unwrap();
    fs::write(&log, "four\n").unwrap();
    assert_eq!(next(), "four");
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
