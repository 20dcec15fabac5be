//! Which login `auto` is, and what overrides it. (The table of surroundings is a unit test: a test can't leave its
//! container.)

use std::fs;

use rustix::process::Signal;

use crate::login::bench::Bench;
use crate::pkce::under_way::UnderWay;

/// How a login with these variables and arguments begins.
fn via(bench: &Bench, variables: &[(&str, &str)], arguments: &str) -> String {
    let mut command = bench.command(&format!("sso-login demo {arguments}"));
    // No AWS CLI v2 here.
    command.env("SSO_AWS", "/nonexistent/aws").envs(variables.iter().copied());
    let login = UnderWay::of(command);
    let via = login.event["via"].as_str().unwrap().to_owned();
    login.signal(Signal::TERM);
    login.end();
    via
}

#[test]
fn a_shell_over_ssh_and_a_box_without_a_browser_get_a_code() {
    let bench = Bench::start("--approve ask");
    assert_eq!(
        via(&bench, &[("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22"), ("BROWSER", "true")], ""),
        "device"
    );
    assert_eq!(via(&bench, &[("BROWSER", "true")], "--no-browser"), "device");
    assert_eq!(via(&bench, &[], ""), "device");
}

#[test]
fn what_was_asked_for_beats_the_setting_and_that_beats_the_surroundings() {
    let bench = Bench::start("--approve ask");
    let ssh = ("SSH_TTY", "/dev/pts/0");
    assert_eq!(via(&bench, &[ssh, ("SSO_LOGIN_VIA", "pkce")], ""), "pkce");
    assert_eq!(via(&bench, &[ssh, ("SSO_LOGIN_VIA", "PKCE")], "--no-browser"), "pkce");
    assert_eq!(via(&bench, &[ssh, ("SSO_LOGIN_VIA", "pkce")], "--via device"), "device");
    assert_eq!(via(&bench, &[ssh, ("SSO_LOGIN_VIA", "device")], "--via pkce"), "pkce");
    // From `.env`, too.
    let dotenv = bench.served.sandbox.root().join("work/.env");
    fs::write(&dotenv, "SSO_LOGIN_VIA=pkce\n").unwrap();
    assert_eq!(via(&bench, &[ssh], ""), "pkce");
    assert_eq!(via(&bench, &[ssh, ("SSO_LOGIN_VIA", "device")], ""), "device");
}

#[test]
fn a_setting_that_is_none_is_a_warning() {
    let bench = Bench::start("");
    let variables =
        [("SSO_LOGIN_VIA", "carrier-pigeon"), ("SSO_AWS", "/nonexistent/aws"), ("SSH_TTY", "/dev/pts/0")];
    let ended = bench.run_with("sso-login demo", &variables);
    assert_eq!((ended.code, &ended.last()["via"]), (0, &"device".into()), "{}", ended.stderr);
    let warning =
        "sso-login: SSO_LOGIN_VIA must be auto, aws, pkce or device, not `carrier-pigeon`; auto is used\n";
    assert!(ended.stderr.starts_with(warning), "{}", ended.stderr);
}

#[test]
fn a_legacy_profile_gets_a_code_and_is_told_so() {
    let bench = Bench::start("");
    bench.configure(|text| {
        text + "[profile old]\nsso_start_url = https://d-1234567890.awsapps.com/start\nsso_region = us-east-1\n\
                sso_account_id = 111122223333\nsso_role_name = Developer\n"
    });
    let ended = bench.run("sso-login --via pkce old");
    assert_eq!((ended.code, &ended.last()["via"]), (0, &"device".into()), "{}", ended.stderr);
    assert!(ended.stderr.starts_with("sso-login: profile `old` has no sso_session"), "{}", ended.stderr);
    // Who didn't ask for it is told nothing.
    let ended = bench.run("sso-login --via device --force old");
    assert!(!ended.stderr.contains("sso_session"), "{}", ended.stderr);
}

#[test]
fn who_opens_the_page_is_said_as_it_is() {
    let bench = Bench::start("");
    let opened = "use the browser that opens now. If none opens, open this page";
    for via in ["pkce", "device"] {
        for (variables, arguments, says) in [
            (&[("BROWSER", "true")][..], "", opened),
            (&[("BROWSER", "true")], "--no-browser", "open this page"),
            (&[], "", "open this page"),
        ] {
            let line = format!("sso-login demo --force --via {via} {arguments}");
            let ended = bench.run_out(&line, variables, |ended| ended.stdout.contains("authorize"));
            let begin = format!("To log in as profile demo, {says}");
            let rest = ended.page().strip_prefix(&begin).unwrap_or_else(|| panic!("{via}: {}", ended.stderr));
            assert!(rest.starts_with(':') || rest.starts_with(" in a browser on this machine"), "{rest}");
        }
    }
}
