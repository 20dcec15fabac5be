//! Every recipe in a checkout whose path is hostile to whoever pastes it, and the scripts as they are installed.

use std::fs;
use std::path::Path;

use crate::support;
use crate::watcher::running::{Desk, project};

/// A folder's name that a shell would run, end a quote at, and split.
const HOSTILE: &str = "it's $(touch pwned) `touch pwned` \"x";

/// A checkout of that name, without its sources.
fn checkout(desk: &Desk) -> std::path::PathBuf {
    let root = desk.bench.served.sandbox.root().join(HOSTILE);
    fs::create_dir(&root).unwrap();
    for name in ["justfile", "scripts", "tests", "docs", "Cargo.toml"] {
        std::os::unix::fs::symlink(project().join(name), root.join(name)).unwrap();
    }
    // Just takes the folder of the file, not of the link, for its own.
    fs::remove_file(root.join("justfile")).unwrap();
    fs::copy(project().join("justfile"), root.join("justfile")).unwrap();
    root
}

fn recipes() -> Vec<String> {
    let text = fs::read_to_string(project().join("justfile")).unwrap();
    text.lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase() || c == '_'))
        .filter(|line| line.contains(':') && !line.contains(":="))
        .map(|line| line.split([' ', ':']).next().unwrap().to_owned())
        .collect()
}

#[test]
fn every_recipe_runs_in_a_checkout_whose_path_holds_quotes_and_commands() {
    let Some(desk) = Desk::new("") else { return };
    let root = checkout(&desk);
    for name in ["cargo", "podman"] {
        desk.bench.served.sandbox.program(name, "#!/bin/sh\nexit 0\n");
    }
    let arguments = |recipe: &str| -> Vec<&'static str> {
        match recipe {
            "sandbox" => vec!["--help"],
            "sso-monitor" => vec!["1s", "nobody"],
            "sso-watch" => vec!["0s", "--no-such-flag"],
            "sso-exec" => vec!["demo", "--", "true"],
            "sso-login-device" | "sso-remote" | "sso-key-set" => vec!["nobody", "x", "y"],
            "sso-auth-test" => vec!["nobody"],
            "sso-fleet" => vec!["/dev/null"],
            "sso-metrics" => vec!["sso.prom"],
            "sso-serve" => vec!["--listen", "nonsense"],
            "sso-snooze" => vec!["demo"],
            _ => Vec::new(),
        }
    };
    // Those need a whole checkout; what they paste is checked by --dry-run below.
    let skipped = [
        "demo",
        "demo-watch",
        "test",
        "_tests",
        "macos",
        "lint",
        "bench",
        "bench-serve",
        "install",
        "sso-logs-follow",
        "deny",
        "fuzz",
        "torture",
        "package",
        "package-twice",
        "image",
        "containers-up",
    ];
    for recipe in recipes() {
        let mut run = desk.bench.command("just --justfile");
        run.arg(root.join("justfile"));
        if skipped.contains(&recipe.as_str()) {
            run.arg("--dry-run");
        }
        run.arg(&recipe).args(arguments(&recipe));
        desk.dress(&mut run);
        run.current_dir(&root);
        let ended = support::end(run, "");
        let text = format!("{}{}", ended.stdout, ended.stderr);
        for trace in ["unexpected EOF", "syntax error", "No such file or directory", "command not found"] {
            assert!(!text.contains(trace), "{recipe}:\n{text}");
        }
        if skipped.contains(&recipe.as_str()) {
            let mut parsed = desk.bench.command("bash -n");
            parsed.current_dir(&root);
            support::end(parsed, &ended.stderr).exits(0);
        }
        assert!(!Path::new(&root.join("pwned")).exists(), "{recipe} ran what the path says");
        assert!(!desk.bench.home().join("pwned").exists(), "{recipe} ran what the path says");
    }
}

#[test]
fn gauges_replace_the_old_ones_whole_or_not_at_all() {
    let Some(desk) = Desk::new("") else { return };
    let file = desk.bench.file("sso.prom");
    let write = || {
        let mut command = desk.command("sso-metrics");
        command.arg(&file);
        support::end(command, "")
    };
    write().exits(0);
    let first = fs::read_to_string(&file).unwrap();
    assert!(first.contains("sso_login_required{profile=\"demo\",session=\"sandbox\"} 1"), "{first}");
    fs::write(desk.bench.home().join(".aws/config"), "[profile broken\nregion = x\n").unwrap();
    assert_ne!(write().code, 0, "a config that can't be read");
    assert_eq!(fs::read_to_string(&file).unwrap(), first);
    let left = fs::read_dir(file.parent().unwrap()).unwrap().flatten();
    let left = left.filter(|entry| entry.file_name().to_string_lossy().starts_with("sso.prom")).count();
    assert_eq!(left, 1, "a part of a file is left");
}

#[test]
fn a_hosts_file_with_a_stray_quote_leaves_no_host_out() {
    let Some(desk) = Desk::new("") else { return };
    desk.bench.served.sandbox.program("ssh", "#!/bin/sh\nexit 255\n");
    let hosts = desk.bench.file("hosts");
    fs::write(&hosts, "box1 # a comment\n\n  box'2\nbox\"3\nbox4\n").unwrap();
    let mut command = desk.command("sso-fleet");
    command.arg(&hosts);
    let ended = support::end(command, "");
    for host in ["box1", "box'2", "box\\\"3", "box4"] {
        assert!(
            ended.stdout.contains(host) || ended.stderr.contains(&host.replace('\\', "")),
            "{host}: {}\n{}",
            ended.stdout,
            ended.stderr
        );
    }
}

#[test]
fn the_scripts_say_the_same_as_the_recipes() {
    let Some(desk) = Desk::new("") else { return };
    let script = |name: &str| {
        let mut command = desk.bench.command("bash");
        command.arg(project().join("scripts").join(name));
        desk.dress(&mut command);
        support::end(command, "").exits(0)
    };
    let (by_hand, recipe) =
        (script("sso-status").document(), desk.just("sso-status-json").exits(0).document());
    assert_eq!(by_hand["mode"], recipe["mode"]);
    assert_eq!(by_hand["nextAction"], recipe["nextAction"]);
    let mut watch = desk.bench.command("bash");
    watch.arg(project().join("scripts/sso-watch")).args(["0s", "--no-such-flag"]);
    desk.dress(&mut watch);
    support::end(watch, "").exits(2).says("--no-such-flag");
    // Flags alone need no WAIT, and what nobody can mean is told.
    for (name, arguments, code, said) in [
        ("sso-watch", "--no-such-flag", 2, "--no-such-flag"),
        ("sso-watch", "--text", 2, "--text has no effect here"),
        ("sso-watch", "soon", 2, "sso-watch: soon isn't a length of time"),
        ("sso-monitor", "--no-such-flag", 2, "hint: sso-monitor --help"),
        ("sso-monitor", "demo", 2, "hint: sso-monitor 60s demo"),
        ("sso-monitor", "5parsecs", 2, "--every"),
        ("sso-monitor", "60s dmeo", 78, "sso-monitor: profile `dmeo` is not in"),
        ("sso-status", "--no-such-flag", 2, "hint: sso-status --help"),
        ("sso-status", "dmeo", 78, "; did you mean `demo`"),
        ("sso-auth-test", "--no-such-flag", 2, "hint: sso-auth-test --help"),
        ("sso-auth-test", "--url http://localhost:1 demo", 2, "can't be used together"),
    ] {
        let mut command = desk.bench.command("bash");
        command.arg(project().join("scripts").join(name)).args(arguments.split(' '));
        desk.dress(&mut command);
        let ended = support::end(command, "").exits(code).says(said);
        // No other tool's name stands before the lines.
        let is_own = |line: &str| {
            line.starts_with(&format!("{name}: ")) || name == "sso-watch" || arguments == "5parsecs"
        };
        assert!(ended.stderr.lines().all(is_own), "{}", ended.stderr);
    }
    let mut status = desk.bench.command("bash");
    status.arg(project().join("scripts/sso-status")).arg("other");
    desk.dress(&mut status);
    let one = support::end(status, "").exits(0).document();
    let names: Vec<_> =
        one["profiles"].as_array().unwrap().iter().map(|profile| &profile["profile"]).collect();
    assert_eq!(names, ["other"]);
    for name in ["sso-watch", "sso-monitor", "sso-status", "sso-auth-test"] {
        let mut command = desk.bench.command("bash");
        command.arg(project().join("scripts").join(name)).arg("--help");
        let help = support::end(command, "").exits(0).stdout;
        for part in [&format!("Usage: {name} "), "\nExamples:\n", "\nExit status:\n"] {
            assert!(help.contains(part), "{name} --help: {help}");
        }
    }
}

#[test]
fn the_sandbox_recipe_starts_in_its_own_home() {
    let Some(desk) = Desk::new("") else { return };
    let mut command = desk.command("sandbox");
    command.env("SHELL", "/bin/pwd");
    let ended = support::end(command, "");
    let folder = ended.stdout.lines().last().unwrap_or_default().to_owned();
    assert!(!folder.is_empty() && !Path::new(&folder).starts_with(project()), "{folder}: {}", ended.stderr);
}
