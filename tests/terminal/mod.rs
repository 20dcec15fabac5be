//! On a terminal standard output is for people, in a pipe it is documents, and flags and `SSO_FORMAT` decide it by hand.

use crate::login::bench::Bench;
use crate::support::{Ended, end, script, tools};

/// Runs a line on a terminal of its own.
fn on_terminal(bench: &Bench, line: &str, variables: &[(&str, &str)]) -> Option<Ended> {
    let mut command = bench.command(script()?.to_str().unwrap());
    command
        .args(["-qec", line, "/dev/null"])
        .env("TERM", "xterm")
        .env("SHELL", "/bin/sh")
        .env("NO_COLOR", "1");
    command.env("PATH", format!("{}:/usr/bin:/bin", tools().display())).envs(variables.iter().copied());
    Some(end(command, ""))
}

#[test]
fn a_terminal_gets_a_sentence_and_a_pipe_a_document() {
    let bench = Bench::logged_in("");
    let Some(shown) = on_terminal(&bench, "sso-login demo", &[]) else { return };
    assert_eq!(shown.stdout, "demo: valid, 1h0m left\r\n", "{}", shown.stderr);
    let piped = on_terminal(&bench, "sso-login demo | cat", &[]).unwrap();
    assert!(piped.stdout.starts_with("{\"profile\":\"demo\""), "{}", piped.stdout);
    assert_eq!(bench.run("sso-login demo").exits(0).document()["outcome"], "valid");
}

#[test]
fn flags_and_the_setting_decide_it_by_hand_on_every_command() {
    let bench = Bench::logged_in("");
    assert_eq!(bench.run("sso-login demo --text").exits(0).stdout, "demo: valid, 1h0m left\n");
    assert_eq!(
        bench.run_with("sso-login demo", &[("SSO_FORMAT", "text")]).exits(0).stdout,
        "demo: valid, 1h0m left\n"
    );
    bench.run_with("sso-login demo --json", &[("SSO_FORMAT", "text")]).exits(0).document();
    let Some(shown) = on_terminal(&bench, "sso-login demo --json", &[]) else { return };
    assert!(shown.stdout.starts_with("{\"profile\":\"demo\""), "{}", shown.stdout);
    let shown = on_terminal(&bench, "sso-login demo", &[("SSO_FORMAT", "json")]).unwrap();
    assert!(shown.stdout.starts_with("{\"profile\":\"demo\""), "{}", shown.stdout);
    bench.run("sso-login demo --text --json").exits_somehow(2).says("can't be used together");
    bench.run_with("sso-login demo", &[("SSO_FORMAT", "yaml")]).exits_somehow(78).says("SSO_FORMAT");
}

#[test]
fn each_command_speaks_to_people_and_to_the_next_tool() {
    let bench = Bench::logged_in("");
    bench.run("sso-signal write other --reason test").exits(0);
    for line in [
        "sso-login demo",
        "sso-login refresh demo",
        "sso-login whoami demo",
        "sso-login accounts demo",
        "sso-login console demo --print",
        "sso-login logout demo",
        "sso-profile list",
        "sso-profile show demo",
        "sso-profile write added --start-url https://d-1234567890.awsapps.com/start --sso-region us-east-1",
        "sso-cache list",
        "sso-cache repair",
        "sso-lock status",
        "sso-signal write other",
        "sso-signal read other",
        "sso-signal snooze other 1h",
        "sso-signal quiet other",
        "sso-signal mode",
        "sso-signal status",
        "sso-signal request other",
        "sso-signal clear other",
    ] {
        let piped = bench.run(&format!("{line} --json"));
        assert!([0, 1].contains(&piped.code), "{line} --json: {} {}", piped.code, piped.stderr);
        piped.documents();
        let Some(shown) = on_terminal(&bench, line, &[]) else { return };
        assert!(!shown.stdout.contains("{\""), "{line}: {}", shown.stdout);
        let text = bench.run(&format!("{line} --text"));
        assert!([0, 1].contains(&text.code), "{line} --text: {} {}", text.code, text.stderr);
        assert!(!text.stdout.contains("{\""), "{line} --text: {}", text.stdout);
    }
}

#[test]
fn what_is_data_by_nature_is_data_on_a_terminal_too() {
    let bench = Bench::logged_in("");
    for (line, begin) in [
        ("sso-login credentials demo", "{"),
        ("sso-lock acquire deploy --ttl 10m", "{"),
        ("sso-profile env demo --shell bash", "export AWS_PROFILE"),
    ] {
        let Some(shown) = on_terminal(&bench, line, &[]) else { return };
        let text = shown.stdout.trim_start_matches("unset ").to_owned();
        assert!(shown.stdout.starts_with(begin) || text.contains(begin), "{line}: {}", shown.stdout);
    }
}

#[test]
fn a_failure_is_told_once() {
    let bench = Bench::start("--deny");
    let ended = bench.run("sso-login demo --via device --no-browser --text");
    assert_eq!((ended.code, ended.stdout.as_str()), (77, ""));
    assert_eq!(
        ended.stderr.lines().filter(|line| line.starts_with("sso-login: ")).count(),
        1,
        "{}",
        ended.stderr
    );
}

#[test]
fn colors_are_for_terminals_that_want_them() {
    let bench = Bench::logged_in("");
    let shown = |variables: &[(&str, &str)]| {
        on_terminal(&bench, "sso-login demo", variables).map(|ended| ended.stdout)
    };
    let Some(colored) = shown(&[("NO_COLOR", "")]) else { return };
    assert!(colored.contains("\u{1b}[32mvalid\u{1b}[0m"), "{colored:?}");
    assert!(!shown(&[]).unwrap().contains('\u{1b}'));
    assert!(!shown(&[("NO_COLOR", ""), ("TERM", "dumb")]).unwrap().contains('\u{1b}'));
}
