//! What a person hears who waits for somebody else's login.

use std::fs;

use crate::login::bench::Bench;
use crate::support::{end, script};

#[test]
fn on_a_terminal_it_is_said_what_is_waited_for() {
    let Some(script) = script() else { return };
    let bench = Bench::start("");
    fs::create_dir_all(bench.home().join(".aws/sso-renewer/login.lock")).unwrap();
    let line = "sso-login demo --via device --no-browser --timeout 4s";
    let waiting = "waiting up to 1s for a login or refresh: its holder is unknown";
    let mut command = bench.command(script.to_str().unwrap());
    command.args(["--quiet", "--return", "--command", line, "/dev/null"]).env("SHELL", "/bin/sh");
    let ended = end(command, "");
    assert!(ended.code == 75 && ended.stdout.contains(waiting), "{} {}", ended.code, ended.stdout);
    // In a crowd of programs it would be noise.
    let ended = bench.run(line);
    assert!(ended.code == 75 && !ended.stderr.contains("waiting"), "{} {}", ended.code, ended.stderr);
    assert!(ended.complaint().contains("another login is under way: its holder is unknown"));
    assert!(ended.complaint().contains("the lock lasts 5 minutes at most"), "{}", ended.complaint());
    // A folder that nobody says to be his own ends by the command that is named.
    let hint = ended.last()["hint"].as_str().unwrap().to_owned();
    assert!(hint.starts_with("rmdir ") && hint.ends_with("/login.lock"), "{hint}");
    bench.shell(&hint).exits(0);
    bench.device("demo").succeeds("success");
}
