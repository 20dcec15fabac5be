//! `just sso-key-unlock`: whom it logs in, how often, and by which command.

use std::os::unix::process::CommandExt as _;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::json;

use crate::support::{Ended, until_or};
use crate::unlock::ring::Ring;
use crate::watcher::running::family;

const DEMO: &str = "sso login --profile demo";
const OTHER: &str = "sso login --profile other";

#[test]
fn one_login_per_session_that_is_over_none_for_valid_ones_and_only_the_asked_for_env() {
    let Some(ring) = Ring::new("--pending 0") else { return };
    let ended = ring.unlock("sso-key-unlock dev");
    ring.asked(&[DEMO], [1, 1, 1]);
    assert!(
        ended.stderr.contains("botocore-client-sandbox"),
        "the first login asks for consent, and that is said"
    );
    assert!(ended.stdout.contains(" demo: login successful, signal cleared\n"), "{}", ended.stdout);
    let table: Vec<_> = ended.stdout.lines().filter(|line| line.contains("granted")).collect();
    assert_eq!(table.len(), 3, "{}", ended.stdout);
    assert!(!ended.stdout.contains("prod") && !ended.stdout.contains("canary"), "{}", ended.stdout);
    let granted = json!({"dev.A": "granted", "dev.B": "granted", "dev.TOKEN": "granted",
        "prod.A": "locked", "ci.A": "granted", "ci.TOKEN": "granted"});
    assert_eq!(ring.states(), granted);

    let requests = ring.bench.counts()[2];
    let again = ring.unlock("sso-key-unlock dev");
    assert!(again.stdout.contains(" demo: session valid already, signal cleared\n"), "{}", again.stdout);
    assert_eq!(ring.bench.counts()[2], requests, "nobody was called");

    // The client is registered: an unlock needs no further consent.
    ring.expire();
    let ended = ring.unlock("sso-key-unlock");
    assert!(!ended.stderr.contains("botocore-client-sandbox"), "{}", ended.stderr);
    ring.asked(&[DEMO, DEMO, OTHER], [2, 3, 3]);
}

#[test]
fn keys_without_a_session_lead_to_no_login_at_all() {
    let Some(ring) = Ring::new("--pending 0") else { return };
    ring.unlock("sso-key-unlock ci");
    let mut unset = ring.command("sso-key-unlock ci");
    unset.env_remove("TOKEN");
    let ended = crate::support::end(unset, "");
    assert_eq!((ended.code, ended.stderr.as_str()), (78, ""));
    assert!(ended.stdout.contains("TOKEN is not set"), "{}", ended.stdout);
    ring.asked(&[], [0, 0, 0]);
}

#[test]
fn an_env_of_no_key_is_a_typo() {
    let Some(ring) = Ring::new("--pending 0") else { return };
    for recipe in ["sso-key-unlock", "sso-key-relock", "sso-keys -e --env"] {
        let ended = ring.just(&format!("{recipe} dve"));
        assert_eq!((ended.code, ended.stdout.as_str()), (78, ""), "{recipe}");
        ended.says(
            "sso-profile: there is no key in env `dve`\nsso-profile: hint: there are keys in ci, dev, prod",
        );
    }
    ring.asked(&[], [0, 0, 0]);
}

#[test]
fn a_key_that_is_blocked_is_told_and_never_logged_in_for() {
    let Some(ring) = Ring::new("--pending 0") else { return };
    // As a legacy profile it would register under a new name each time.
    ring.bench.configure(|text| {
        text.replacen(
            "sso_session = sandbox",
            "sso_start_url = https://d-1234567890.awsapps.com/start\nsso_region = us-east-1",
            1,
        )
    });
    let ended = ring.just("sso-key-unlock dev");
    assert_eq!(ended.code, 78, "{}", ended.stderr);
    assert!(ended.stdout.contains("profile `demo` has no sso-session"), "{}", ended.stdout);
    ring.asked(&["sso login --profile demo-admin"], [1, 1, 1]);
}

#[test]
fn ten_unlocks_at_once_are_one_login() {
    let Some(ring) = Ring::new("--pending 0") else { return };
    let start = |_| {
        let mut command = ring.command("sso-key-unlock dev");
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let children: Vec<_> = (0..10).map(start).collect();
    for child in children {
        let ended = Ended::of(&child.wait_with_output().unwrap(), "one of ten unlocks");
        assert_eq!(ended.code, 0, "{}", ended.stderr);
    }
    ring.asked(&[DEMO], [1, 1, 1]);
}

#[test]
fn a_session_that_is_refused_is_asked_for_once_and_keeps_no_other_from_being_tried() {
    let Some(ring) = Ring::new("--pending 0") else { return };
    ring.bench.faults(&json!({"error": ["CreateToken=AccessDeniedExceptionx1"]}));
    let ended = ring.just("sso-key-unlock");
    assert_eq!(ended.code, 77, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains(" demo: login failed ("), "{}", ended.stdout);
    assert!(!ended.stdout.contains("tried again"), "{}", ended.stdout);
    assert!(ended.stdout.contains(" other: login successful"), "{}", ended.stdout);
    ring.asked(&[DEMO, OTHER], [2, 2, 1]);
    let states = ring.states();
    assert_eq!((&states["dev.A"], &states["prod.A"]), (&json!("locked"), &json!("granted")));
}

#[test]
fn whoever_types_the_command_is_held_back_by_nothing_and_ends_what_held_back() {
    let Some(ring) = Ring::new("--pending 0") else { return };
    ring.run("sso-signal write demo --source test").exits(0);
    for settle in ["suppressed", "dismissed"] {
        let signal = json!({"profile": "demo", "ssoSession": "sandbox", "outcome": settle, "episode": "x"});
        ring.bench.feed("sso-signal settle", &signal.to_string()).exits(0);
    }
    ring.run("sso-signal snooze demo 4h").exits(0);
    ring.run("sso-signal quiet demo").exits(0);
    ring.run("sso-signal mode standalone").exits(0);
    ring.unlock("sso-key-unlock dev");
    ring.asked(&[DEMO], [1, 1, 1]);
    let mut remembered = ring.run("sso-signal status").exits(0).document()["remembered"].clone();
    remembered[0].as_object_mut().unwrap().remove("decidedAt");
    assert_eq!(remembered, json!([{"ssoSession": "sandbox", "profiles": ["demo", "demo-admin"]}]));
}

#[test]
fn another_way_to_log_in_is_taken_if_it_is_asked_for() {
    let Some(ring) = Ring::new("--pending 0") else { return };
    for recipe in ["sso-key-unlock dev --via device --no-browser", "sso-key-unlock --via device --no-browser"]
    {
        let ended = ring.just(recipe);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
    }
    ring.asked(&[], [2, 2, 2]);
}

#[test]
fn without_an_aws_cli_the_way_out_is_named() {
    let Some(ring) = Ring::new("--pending 0") else { return };
    let mut command = ring.command("sso-key-unlock dev");
    command.env("SSO_AWS", "/nonexistent/aws");
    let ended = crate::support::end(command, "");
    assert_eq!((ended.code, ended.stderr.as_str()), (77, ""), "{}", ended.stdout);
    for words in [" demo: login failed (there is no AWS CLI v2: ", "use --via device", "dev.A "] {
        assert!(ended.stdout.contains(words), "{}", ended.stdout);
    }
    ring.asked(&[], [0, 0, 0]);
}

#[test]
fn ctrl_c_leaves_no_process_no_lock_and_the_cache_as_it_was() {
    let Some(ring) = Ring::new("--pending 0") else { return };
    ring.unlock("sso-key-unlock dev");
    ring.expire();
    let before = ring.cache();
    ring.bench.faults(&json!({"pending": 1000}));
    let tokens = ring.bench.count("CreateToken");
    // A terminal's Ctrl-C goes to the whole foreground group.
    let mut command = ring.command("sso-key-unlock dev");
    command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    until_or(
        || ring.bench.count("CreateToken") > tokens,
        || "the AWS CLI never asked for a token".to_owned(),
    );
    let pid = i32::try_from(child.id()).unwrap();
    let family = family(pid);
    assert!(family.iter().any(|(_, line)| line.contains(DEMO)), "{family:?}");
    kill_process_group(Pid::from_raw(pid).unwrap(), Signal::INT).unwrap();
    let ended = Ended::of(&child.wait_with_output().unwrap(), "an unlock that was given up");
    assert_eq!(ended.code, 130, "{}", ended.stderr);
    let lives = |pid: &i32| {
        std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
    };
    until_or(|| !family.iter().any(|(pid, _)| lives(pid)), || format!("{family:?}"));
    assert_eq!(ring.cache(), before);
    let locks: Vec<_> = ring.bench.state().into_iter().filter(|name| name.contains("lock")).collect();
    assert_eq!(locks, [""; 0]);
}

#[test]
fn relock_ends_the_sessions_of_one_env_and_unlock_begins_them_again() {
    let Some(ring) = Ring::new("--pending 0") else { return };
    ring.unlock("sso-key-unlock");
    let ended = ring.just("sso-key-relock dev").exits(0);
    assert!(
        ended.stdout.contains("logged out of session `sandbox`: `demo`, `demo-admin`\n"),
        "{}",
        ended.stdout
    );
    assert!(!ring.has_token() && ring.states()["prod.A"] == "granted");
    ring.run("sso-profile key get --env dev --key A").exits(77).says("key `dev.A` is locked");
    let ended = ring.just("sso-key-relock dev").exits(0);
    assert!(ended.stdout.contains("nobody was logged in to session `sandbox`\n"), "{}", ended.stdout);
    ring.unlock("sso-key-unlock dev");
    let got = ring.run("sso-profile key get --env dev --key A").exits(0).document();
    assert_eq!(got["value"], "demo");
    ring.asked(&[DEMO, OTHER, DEMO], [2, 3, 3]);
}

#[test]
fn a_login_that_nobody_settled_ends_the_lock_at_the_monitors_next_look() {
    let Some(ring) = Ring::new("--pending 0") else { return };
    ring.unlock("sso-key-unlock dev");
    ring.just("sso-key-relock dev").exits(0);
    let is_quiet = || {
        let remembered = ring.run("sso-signal status").exits(0).document()["remembered"].clone();
        remembered.as_array().unwrap().iter().any(|session| session["quiet"] == true)
    };
    assert!(is_quiet());
    // No monitor looked between the logout and this: that it was logged out came out of the recipe itself.
    // A login by a pipe settles nothing; a plain one would.
    let login =
        ring.feed("sso-login --via device --no-browser -", "{\"profile\":\"demo\"}\n").exits_somehow(0);
    assert_eq!(login.documents().last().unwrap()["outcome"], "success");
    assert!(is_quiet());
    let shown = ring.run("sso-profile show demo").exits(0).stdout;
    let checked = ring.feed("sso-cache check", &shown).exits(0).stdout;
    assert_eq!(ring.feed("sso-signal write", &checked).exits(0).document()["loginRequired"], false);
    assert!(!is_quiet());
}

#[test]
fn relock_of_a_service_that_is_away_removes_the_files_and_says_so() {
    let Some(ring) = Ring::new("--pending 0") else { return };
    ring.unlock("sso-key-unlock dev");
    let mut command = ring.command("sso-key-relock");
    command.env("AWS_ENDPOINT_URL_SSO", "http://127.0.0.1:9");
    let ended = crate::support::end(command, "");
    assert_eq!(ended.code, 69, "{}", ended.stderr);
    assert!(ended.stdout.contains("the SSO service couldn't be told"), "{}", ended.stdout);
    assert!(!ring.has_token());
    let remembered = ring.run("sso-signal status").exits(0).document()["remembered"].clone();
    assert!(remembered.as_array().unwrap().iter().all(|session| session["quiet"] == true), "{remembered}");
}
