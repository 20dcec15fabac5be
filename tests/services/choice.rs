//! Which profile: one rule, in every tool and from every place that may name one.

use std::fs;

use serde_json::Value;

use crate::login::bench::Bench;
use crate::services::place::Place;
use crate::support::end;

const VARIABLE: (&str, &str) = ("SSO_PROFILE_VARS", "BACKLOG_AWS_PROFILE");

/// The account of `demo` and `demo-admin` is another than that of `other`; the roles of the first two differ.
fn detected(place: &Place, variables: &[(&str, &str)]) -> String {
    let ended = place.run_with(variables, &["--", "true"]);
    let line = ended.stderr.lines().find_map(|line| line.strip_prefix("[INFO] Detected SSO profile: "));
    line.unwrap_or_else(|| panic!("{}", ended.stderr)).to_owned()
}

#[test]
fn the_toolkits_variable_beats_aws_profile_which_beats_default() {
    // B6, B7, B8, B9
    let Some(place) = Place::logged_in("") else { return };
    place.bench.configure(|text| text.replace("[profile other]", "[default]\nsso_session = sandbox\nsso_account_id = 111122223333\nsso_role_name = ReadOnly\n\n[profile other]"));
    let both = [("BACKLOG_AWS_PROFILE", "demo"), ("AWS_PROFILE", "demo-admin")];
    assert_eq!(detected(&place, &both), "demo");
    assert_eq!(detected(&place, &both[1..]), "demo-admin");
    assert_eq!(detected(&place, &[("BACKLOG_AWS_PROFILE", ""), both[1]]), "demo-admin");
    assert_eq!(detected(&place, &[]), "default");
    let ended = place.run_with(&both, &["demo-admin", "--", "true"]);
    assert!(
        ended.stderr.contains("Detected SSO profile: demo-admin\n"),
        "an argument beats all: {}",
        ended.stderr
    );
}

#[test]
fn the_toolkits_file_is_read_and_never_run() {
    // B16, B17, B18, B-c4 (no other condition)
    let Some(place) = Place::logged_in("") else { return };
    place.toolkit_env("export AWS_PROFILE=demo-admin\n");
    assert_eq!(detected(&place, &[]), "demo-admin");
    place.toolkit_env(
        "# AWS SSO Profile para Backlog Toolkit\n\
         export BACKLOG_AWS_PROFILE=nobody\nX=$(touch ran)\n`touch ran`\ntouch ran\n\
         export BACKLOG_AWS_PROFILE='demo'   # the last one counts\n",
    );
    assert_eq!(detected(&place, &[]), "demo");
    assert_eq!(detected(&place, &[("BACKLOG_AWS_PROFILE", "demo-admin")]), "demo-admin");
    // Variable by variable: the file's BACKLOG_AWS_PROFILE still beats the shell's AWS_PROFILE.
    assert_eq!(detected(&place, &[("AWS_PROFILE", "demo-admin")]), "demo");
    fs::write(place.bench.file("work/.env"), "BACKLOG_AWS_PROFILE=demo-admin\n").unwrap();
    assert_eq!(detected(&place, &[]), "demo", "the named file beats a .env that happens to be there");
    fs::write(place.bench.file("work/mine"), "BACKLOG_AWS_PROFILE=demo-admin\n").unwrap();
    let ended = place.run(&["--env-file", "mine", "--", "true"]);
    assert!(ended.stderr.contains("Detected SSO profile: demo-admin\n"), "{}", ended.stderr);
    assert!(!place.bench.file("work/ran").exists());
}

/// Which profile each tool takes, with these variables.
fn taken(bench: &Bench, variables: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut taken = Vec::new();
    for line in [
        "sso-profile show",
        "sso-profile show | sso-cache check",
        "sso-login",
        "sso-login refresh",
        "sso-login whoami",
        "sso-login credentials --format json",
    ] {
        let mut command = bench.command("bash -uo pipefail -c");
        command.arg(line).envs(variables.iter().copied());
        let ended = end(command, "");
        let document: Value =
            ended.stdout.lines().last().and_then(|line| serde_json::from_str(line).ok()).unwrap_or_default();
        taken.push((line.to_owned(), document["profile"].as_str().unwrap_or(&ended.stderr).to_owned()));
    }
    // The role says whose credentials these are.
    let mut command = bench.command("sso-login exec --text -- true");
    command.envs(variables.iter().copied());
    let said = end(command, "").stderr;
    let name = said.lines().find_map(|line| line.strip_prefix("[✓] SSO credentials loaded for profile: "));
    taken.push(("exec".to_owned(), name.unwrap_or(&said).to_owned()));
    taken
}

#[test]
fn every_tool_takes_the_same_profile() {
    let bench = Bench::logged_in("");
    let file = bench.file("toolkit-env");
    fs::write(&file, "export BACKLOG_AWS_PROFILE=demo-admin\n").unwrap();
    let named = ("SSO_ENV_FILE", file.to_str().unwrap());
    let check = |variables: &[(&str, &str)], expected: &str| {
        for (line, profile) in taken(&bench, variables) {
            assert_eq!(profile, expected, "{line} with {variables:?}");
        }
    };
    check(&[VARIABLE, ("BACKLOG_AWS_PROFILE", "demo"), ("AWS_PROFILE", "nobody")], "demo");
    check(&[VARIABLE, ("AWS_PROFILE", "demo")], "demo");
    // The file of SSO_ENV_FILE is read by all, behind the environment and before `.env`.
    check(&[VARIABLE, named, ("AWS_PROFILE", "nobody")], "demo-admin");
    check(&[VARIABLE, named, ("BACKLOG_AWS_PROFILE", "demo")], "demo");
    fs::write(bench.file("work/.env"), "SSO_PROFILE_VARS=BACKLOG_AWS_PROFILE\nBACKLOG_AWS_PROFILE=demo\n")
        .unwrap();
    check(&[], "demo");
    check(&[named], "demo-admin");
    check(&[("SSO_ENV_FILE", "/nothing/there")], "demo");
    // All of that is the default.
    fs::remove_file(bench.file("work/.env")).unwrap();
    check(&[("BACKLOG_AWS_PROFILE", "demo"), ("AWS_PROFILE", "nobody")], "demo");
    let usual = bench.home().join(".backlog-toolkit-env");
    fs::write(&usual, "export BACKLOG_AWS_PROFILE=demo-admin\n").unwrap();
    check(&[("AWS_PROFILE", "nobody")], "demo-admin");
    check(&[named, ("BACKLOG_AWS_PROFILE", "demo")], "demo");
    check(&[("SSO_ENV_FILE", ""), ("AWS_PROFILE", "demo")], "demo");
    check(&[("SSO_PROFILE_VARS", ""), ("AWS_PROFILE", "demo")], "demo");
    fs::write(&usual, "SSO_PROFILE_VARS=\nBACKLOG_AWS_PROFILE=nobody\nAWS_PROFILE=demo\n").unwrap();
    check(&[], "demo");
}

#[test]
fn what_runs_inside_takes_the_same_profile_again() {
    let Some(place) = Place::logged_in("") else { return };
    place.toolkit_env("export BACKLOG_AWS_PROFILE=nobody\n");
    for flags in [&[][..], &["--renewing"]] {
        let inner = ["--", "sh", "-c", "sso-profile show; sso-login whoami"];
        let ended = place.run(&[&["demo-admin"], flags, &inner].concat());
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        let documents = ended.documents();
        assert_eq!(
            (&documents[0]["profile"], &documents[1]["profile"]),
            (&"demo-admin".into(), &"demo-admin".into())
        );
    }
}

#[test]
fn a_strangers_env_file_names_no_variable_of_the_command() {
    let bench = Bench::logged_in("");
    let hostile = "SSO_PROFILE_VARS=LD_LIBRARY_PATH,PATH\nSSO_ENV_FILE=hostile\n";
    fs::write(bench.file("work/.env"), hostile).unwrap();
    fs::write(bench.file("work/hostile"), "SSO_PROFILE_VARS=LD_LIBRARY_PATH\nAWS_PROFILE=nobody\n").unwrap();
    let show = "echo \"${LD_LIBRARY_PATH-none}\"; command -v sh";
    let mut command = bench.command("sso-login exec demo -- sh -c");
    command.arg(show);
    assert!(end(command, "").exits(0).stdout.starts_with("none\n/"));
}
