//! `sso-login exec`: what the command gets, and how it ends.

use std::fs;

use serde_json::json;

use crate::login::bench::{Bench, after};
use crate::support::end;

#[test]
fn a_command_gets_the_credentials_and_nothing_that_shadows_them() {
    let bench = Bench::logged_in("");
    let shadows = [
        ("AWS_PROFILE", "other"),
        ("AWS_DEFAULT_PROFILE", "other"),
        ("AWS_ACCESS_KEY_ID", "AKIAOLD"),
        ("AWS_SECURITY_TOKEN", "old"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/x"),
        ("AWS_REGION", "us-west-2"),
        ("MINE", "stays"),
    ];
    let mut command = bench.command("sso-login exec demo -- env");
    command.envs(shadows);
    let seen = end(command, "").exits(0).stdout;
    let value = |name: &str| seen.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    assert!(value("AWS_ACCESS_KEY_ID").unwrap().starts_with("ASIA"));
    assert!(value("AWS_SECRET_ACCESS_KEY").is_some() && value("AWS_SESSION_TOKEN").is_some());
    assert_eq!(value("AWS_CREDENTIAL_EXPIRATION"), Some("2026-11-21T13:00:00Z"));
    assert_eq!((value("AWS_REGION"), value("AWS_DEFAULT_REGION")), (Some("eu-west-1"), Some("eu-west-1")));
    assert_eq!(value("MINE"), Some("stays"));
    for name in ["AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SECURITY_TOKEN", "AWS_WEB_IDENTITY_TOKEN_FILE"] {
        assert_eq!(value(name), None, "{name}");
    }
}

#[test]
fn with_renewing_it_gets_the_profile_and_no_keys() {
    let bench = Bench::logged_in("");
    let mut command = bench.command("sso-login exec demo --renewing -- env");
    command.env("AWS_ACCESS_KEY_ID", "AKIAOLD").env("AWS_SECRET_ACCESS_KEY", "old");
    let seen = end(command, "").exits(0).stdout;
    assert!(seen.lines().any(|line| line == "AWS_PROFILE=demo"), "{seen}");
    assert!(!seen.contains("AWS_ACCESS_KEY_ID") && !seen.contains("AWS_SECRET_ACCESS_KEY"), "{seen}");
    // It is found out before the service starts, not by it.
    bench.run("sso-login exec other --renewing -- touch started").exits(77);
}

#[test]
fn status_signals_and_streams_are_the_commands_own() {
    let bench = Bench::logged_in("");
    for flags in ["", "--warn 1s "] {
        let exec = |script: &str| {
            let mut command = bench.command(&format!("sso-login exec demo {flags}-- sh -c"));
            command.arg(script);
            end(command, "input")
        };
        assert_eq!(exec("exit 7").code, 7);
        assert_eq!(exec("exit 77").stderr, "");
        assert_eq!(exec("kill -9 $$").code, 137);
        assert_eq!(exec("kill -TERM $$").code, 143);
        let ended = exec("cat; echo out; echo err >&2; exit 1");
        assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("inputout\n", "err\n"));
        let ended = bench.run(&format!("sso-login exec demo {flags}-- nothing-there")).exits(127);
        assert!(ended.stderr.starts_with("sso-login: cannot run nothing-there"), "{}", ended.stderr);
        bench.run(&format!("sso-login exec demo {flags}-- /etc")).exits(126);
    }
    bench.run("sso-login exec demo").exits(2);
}

#[test]
fn people_read_what_was_found_and_loaded() {
    let bench = Bench::logged_in("");
    let ended = bench.run("sso-login exec demo --text -- true");
    assert_eq!(
        ended.stderr,
        "[INFO] Profile 'demo' has no static credentials\n\
         [INFO] Detected SSO profile: demo\n\
         [✓] SSO credentials loaded for profile: demo\n\
         [✓] AWS region: eu-west-1\n\
         [INFO] These role credentials end at 2026-11-21T13:00:00Z (in 1h)\n\
         [INFO] SSO session \"sandbox\" is renewed without a login, until AWS ends it\n"
    );
    assert_eq!(ended.code, 0);
}

#[test]
fn people_read_an_expiry_a_refusal_and_an_outage_as_what_they_are() {
    let bench = Bench::logged_in("");
    let mut command = bench.command("sso-login exec demo --text -- true");
    command.env("SSO_NOW", after(9 * 3600));
    bench.forward(9 * 3600);
    let ended = end(command, "").exits(77);
    assert!(
        ended
            .stderr
            .contains("[!] SSO credentials expired\n[INFO] Try running: aws sso login --profile demo\n")
    );
    let ended = bench.run("sso-login exec other --text -- true").exits(77);
    assert!(
        ended.stderr.contains(
            "[!] Failed to load SSO credentials\n[INFO] Try running: aws sso login --profile other\n"
        )
    );

    let bench = Bench::logged_in("--error GetRoleCredentials=ForbiddenException");
    let ended = bench.run("sso-login exec demo --text -- true").exits(78);
    assert!(ended.stderr.contains("[!] Permission denied") && !ended.stderr.contains("aws sso login"));
    bench.faults(&json!({"error": [], "fail": ["GetRoleCredentials=500"]}));
    let ended = bench.run("sso-login exec demo --text -- true").exits(69);
    assert!(ended.stderr.contains("[!] AWS can't be reached") && !ended.stderr.contains("aws sso login"));
}

#[test]
fn an_environment_file_is_parsed_and_names_the_profile() {
    let bench = Bench::logged_in("");
    let file = bench.file("toolkit-env");
    fs::write(
        &file,
        "export BACKLOG_AWS_PROFILE=nobody\nexport BACKLOG_AWS_PROFILE=demo-admin # mine\nX=$(touch ran)\n",
    )
    .unwrap();
    let run = |flags: &str| {
        let mut command =
            bench.command(&format!("sso-login exec --text --env-file {} {flags} -- sh -c", file.display()));
        command.env("SSO_PROFILE_VARS", "BACKLOG_AWS_PROFILE").arg("echo \"$BACKLOG_AWS_PROFILE $X\"");
        let ended = end(command, "");
        assert!(ended.stderr.contains("Detected SSO profile: demo-admin\n"), "{}", ended.stderr);
        ended.stdout
    };
    // The variable is that of the profile; the rest of the file is nobody's business.
    assert_eq!(run(""), "demo-admin \n");
    assert_eq!(run("--pass-env"), "demo-admin $(touch ran)\n");
    bench.run("sso-login exec demo --pass-env -- true").exits(2).says("needs --env-file");
    let refuses = |file: &str, said: &str| {
        bench.run(&format!("sso-login exec demo --env-file {file} -- true")).exits(78).says(said);
    };
    refuses("/nothing/there", "there is no file /nothing/there");
    refuses("/dev/zero", "/dev/zero isn't a regular file");
    refuses("/dev", "/dev is a directory, not a file of settings");
    fs::File::create(bench.file("huge")).unwrap().set_len(1 << 40).unwrap();
    refuses(bench.file("huge").to_str().unwrap(), "huge is larger than 1 MiB");
}

#[test]
fn a_warning_comes_before_the_end_if_somebody_wants_one() {
    let bench = Bench::logged_in("");
    let mut command = bench.command("sso-login exec demo --warn 2h -- sh -c");
    // The command ends when it has seen the warning: nobody waits for a clock.
    command.arg("until grep -q hint warned; do sleep 0.01; done");
    let log = fs::File::create(bench.file("work/warned")).unwrap();
    let status = command.stderr(log).status().unwrap();
    assert!(status.success());
    assert_eq!(
        bench.text("work/warned"),
        "sso-login: the role credentials of profile \"demo\" end at 2026-11-21T13:00:00Z (in 1h)\n\
         sso-login: hint: restart the command for new ones (SSO session \"sandbox\" lasts: no login is needed)\n"
    );
}
