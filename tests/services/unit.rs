//! The unit of the page on services, before those who run it.

use std::fs;

use crate::login::bench::Bench;
use crate::services::place::project;
use crate::support::{Sandbox, end, peer};

/// The shell line of a setting, as systemd hands it on.
fn line(setting: &str) -> String {
    let text = fs::read_to_string(project().join("docs/services/litellm.service")).unwrap();
    let value = text.lines().find_map(|line| line.strip_prefix(setting)?.strip_prefix('=')).unwrap();
    let line =
        value.trim_start_matches('-').strip_prefix("/bin/sh -c \"").unwrap().strip_suffix('"').unwrap();
    line.replace("$$", "$").replace("PATH=$HOME/.local/bin:$PATH; ", "")
}

#[test]
fn the_units_lines_ask_for_a_login_and_start_what_renews() {
    let bench = Bench::logged_in("");
    let file = bench.home().join(".backlog-toolkit-env");
    bench.program("litellm", "echo \"$AWS_PROFILE ${AWS_ACCESS_KEY_ID-none} $*\"");
    let run = |setting: &str, profile: &str| {
        fs::write(&file, format!("export BACKLOG_AWS_PROFILE={profile}\n")).unwrap();
        let mut command = bench.command("/bin/sh -c");
        command.arg(line(setting));
        end(command, "")
    };
    run("ExecStartPre", "demo").exits(0);
    bench.run("sso-signal read --all").exits(1);
    run("ExecStartPre", "other").exits(0);
    assert_eq!(bench.run("sso-signal read other").exits(0).document()["source"], "litellm");
    run("ExecStart", "other").exits(77);
    let ended = run("ExecStart", "demo");
    let config = bench.home().join("litellm.yaml");
    assert_eq!(ended.stdout, format!("demo none --config {}\n", config.display()), "{}", ended.stderr);
}

#[test]
fn systemd_takes_the_unit() {
    let Some(analyze) = peer("SSO_TEST_SYSTEMD_ANALYZE", "systemd-analyze") else { return };
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(analyze);
    command.env("XDG_RUNTIME_DIR", sandbox.root()).args(["verify", "--user"]);
    command.arg(project().join("docs/services/litellm.service"));
    end(command, "").exits(0);
}
