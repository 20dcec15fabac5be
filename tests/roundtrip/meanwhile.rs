//! What others do while a key is set, and what a set-up that was killed or is no longer listened to leaves behind.

use std::fs;
use std::io::{BufRead as _, BufReader, Lines};
use std::process::{Child, ChildStdout, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::roundtrip::machine::Machine;
use crate::support::names;
use crate::support::screen::Screen;

const NEW: &str = "AWS_PROFILE dev aws.iam.sso corp-dev --sso-session sandbox --account-id 444455556666 --role-name ReadOnly";

/// An edit of somebody else.
const THEIRS: &str = "\n[profile theirs]\nregion = eu-west-3\n";

/// Runs key-set until it says so.
fn run_until(machine: &Machine, words: &str, says: &str) -> (Child, Lines<BufReader<ChildStdout>>) {
    let mut command = machine.command(&format!("sso-login key-set {words}"));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains(says)), "it never said {says}");
    (child, lines)
}

fn left(machine: &Machine) -> Vec<String> {
    let state = names(machine.home().join(".aws/sso-renewer"));
    state.into_iter().filter(|name| name.starts_with("set-up-")).collect()
}

#[test]
fn an_edit_while_a_new_profile_is_proven_stays_when_the_profile_goes() {
    let Some(machine) = Machine::start("") else { return };
    machine.faults(&json!({"hang": ["GetCallerIdentity"]}));
    let before = machine.config();
    let (mut child, _lines) = run_until(&machine, NEW, "\"step\":\"unlock\"");
    assert!(machine.config().contains("[profile corp-dev]"));
    machine.append(THEIRS);
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(128 + 15));
    assert_eq!(machine.config(), format!("{before}{THEIRS}"));
}

#[test]
fn an_edit_during_the_question_stays_whatever_the_answer() {
    for (answer, code) in [("n", 1), ("y", 78)] {
        let Some(machine) = Machine::start("") else { return };
        machine.faults(&json!({"error": ["GetRoleCredentials=ForbiddenException"]}));
        let before = machine.config();
        let words = NEW.replace("corp-dev", "demo") + " --region eu-west-1";
        let line = format!("sso-login key-set {words}");
        let Some(screen) = Screen::show_with(&[], &machine.variables(), &line) else { return };
        screen.sees("Replace it? [y/N]:");
        machine.append(THEIRS);
        screen.types(&[answer, "Enter"]);
        if answer == "n" {
            screen.sees("Another name for the profile");
            screen.types(&["C-d"]);
        }
        assert_eq!(screen.leaves(), code, "{}", screen.text("errors"));
        assert_eq!(machine.config(), format!("{before}{THEIRS}"), "{answer}");
    }
}

#[test]
fn a_key_that_is_stored_stays_with_its_profile_though_nobody_reads_the_end() {
    let Some(machine) = Machine::start("") else { return };
    let (mut child, lines) = run_until(&machine, NEW, "\"step\":\"relock\"");
    drop(lines);
    child.wait().unwrap();
    assert_eq!(machine.status("AWS_PROFILE"), 77);
    assert!(machine.config().contains("[profile corp-dev]"), "{}", machine.config());
}

#[test]
fn the_copy_of_the_config_that_a_killed_set_up_leaves_goes_with_the_next() {
    let Some(machine) = Machine::start("--pending 1000") else { return };
    let (mut child, _lines) = run_until(&machine, NEW, "\"event\":\"authorize\"");
    kill_process(Pid::from_child(&child), Signal::KILL).unwrap();
    child.wait().unwrap();
    assert_eq!(left(&machine).len(), 2);
    let ended = machine.run_with("sso-login key-set VARIABLE dev env", &[("VARIABLE", "x")]);
    let says = "was interrupted: a login, perhaps of session \"sandbox\", is still under way\n";
    assert!(ended.stderr.contains(says), "{}", ended.stderr);
    assert_eq!(left(&machine), [""; 0]);
    machine.faults(&json!({"pending": 0}));
    machine.key_set(NEW).exits_somehow(0);
    assert_eq!(left(&machine), [""; 0]);
}

#[test]
fn a_person_may_have_a_profile_of_the_temporary_name() {
    let Some(machine) = Machine::start("") else { return };
    machine.append("\n[profile sso-key-set]\nregion = eu-west-1\n");
    machine.key_set(NEW).exits_somehow(0);
    assert_eq!(machine.argv(), ["sso login --profile sso-key-set-2"]);
}

#[test]
fn a_config_that_is_no_file_is_refused_and_not_waited_for() {
    let Some(machine) = Machine::start("") else { return };
    let config = machine.home().join(".aws/config");
    fs::remove_file(&config).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, &config, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    let words = NEW.replace("sandbox", "corp")
        + " --start-url https://d-1234567890.awsapps.com/start --sso-region us-east-1";
    let ended = machine.key_set(&words);
    assert_eq!(ended.code, 78, "{}", ended.stderr);
    assert_eq!(machine.counts(), [0, 0, 0]);
}

#[test]
fn a_profile_that_no_signal_can_have_is_locked_all_the_same() {
    let Some(machine) = Machine::start("") else { return };
    for name in ["\u{fc}-corp", "-corp", "a'b"] {
        let section =
            format!("\n[profile \"{name}\"]\nsso_session = sandbox\nsso_account_id = 111122223333\n");
        machine.append(&format!("{section}sso_role_name = Developer\nregion = eu-west-1\n"));
        let [logins, _, logouts] = machine.counts();
        let ended = machine.key_set(&format!("AWS_PROFILE dev aws.iam.sso -- {name}"));
        assert_eq!(ended.code, 0, "{name}: {}", ended.stderr);
        let [logins_since, _, logouts_since] = machine.counts();
        assert_eq!((logins_since - logins, logouts_since - logouts), (1, 1), "{name}");
        assert_eq!(
            (machine.status("AWS_PROFILE"), machine.quiet()),
            (77, vec!["sandbox".to_owned()]),
            "{name}"
        );
    }
}

#[test]
fn a_mark_that_can_not_be_made_keeps_no_session_alive() {
    let Some(machine) = Machine::start("") else { return };
    machine.faults(&json!({"hang": ["GetCallerIdentity"]}));
    let (mut child, _lines) = run_until(&machine, "AWS_PROFILE dev aws.iam.sso demo", "\"step\":\"unlock\"");
    let state = machine.home().join(".aws/sso-renewer/state.json");
    let _ = fs::remove_file(&state);
    fs::create_dir(&state).unwrap();
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    child.wait().unwrap();
    let [logins, _, logouts] = machine.counts();
    assert_eq!((logins, logouts), (1, 1));
}

#[test]
fn a_profile_that_somebody_removes_while_it_is_proven_keeps_no_session_alive() {
    let Some(machine) = Machine::start("") else { return };
    machine.faults(&json!({"hang": ["GetCallerIdentity"]}));
    let (mut child, _lines) = run_until(&machine, "AWS_PROFILE dev aws.iam.sso demo", "\"step\":\"unlock\"");
    machine.run("sso-profile remove demo").exits_somehow(0);
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(128 + 15));
    let [logins, _, logouts] = machine.counts();
    assert_eq!((logins, logouts, machine.quiet()), (1, 1, vec!["sandbox".to_owned()]));
    assert!(!machine.files().values().any(|text| text.contains("accessToken")));
}

#[test]
fn what_a_killed_set_up_leaves_is_said_or_ended_by_the_next() {
    let Some(machine) = Machine::start("") else { return };
    machine.faults(&json!({"hang": ["GetCallerIdentity"]}));
    let (mut child, _lines) = run_until(&machine, NEW, "\"step\":\"unlock\"");
    kill_process(Pid::from_child(&child), Signal::KILL).unwrap();
    child.wait().unwrap();
    assert_eq!(left(&machine).len(), 2);
    // Another kind of set-up removes the copy of the config, and leaves the record to who can follow it.
    let line =
        "sso-login setup mine --start-url https://d-1234567890.awsapps.com/start --pick roleName=Nobody";
    machine.run(line).exits(78).says("you have no role with roleName=Nobody");
    assert_eq!(left(&machine).len(), 1);

    let ended = machine.run_with("sso-login key-set VARIABLE dev env", &[("VARIABLE", "x")]);
    let says = "sso-login: an earlier attempt to set key `dev.AWS_PROFILE` was interrupted: profile \
                corp-dev is in the config, \
                and session \"sandbox\" is logged in\n\
                sso-login: hint: sso-login logout demo; sso-profile remove corp-dev\n";
    assert_eq!((ended.code, ended.stderr.as_str()), (0, says));
    machine.run("sso-profile key get --trial --env dev --key AWS_PROFILE").exits(1);
    assert_eq!(left(&machine), [""; 0]);
    // Once is enough.
    machine.run_with("sso-login key-set VARIABLE dev env", &[("VARIABLE", "x")]).exits(0);
    // A name of several words is one in the command that a person may paste.
    machine.append("\n[profile \"my dev\"]\nregion = us-east-1\n");
    let killed = machine.home().join(".aws/sso-renewer/set-up-killed");
    fs::create_dir(&killed).unwrap();
    fs::write(killed.join("trail.json"), r#"{"slug":"dev.VARIABLE","profile":"my dev"}"#).unwrap();
    let ended = machine.run_with("sso-login key-set VARIABLE dev env", &[("VARIABLE", "x")]);
    assert!(ended.stderr.ends_with("sso-login: hint: sso-profile remove 'my dev'\n"), "{}", ended.stderr);
}

#[test]
fn a_wait_for_another_set_up_ends_by_a_signal_and_by_its_timeout() {
    let Some(machine) = Machine::start("--pending 1000") else { return };
    let (mut first, _lines) = run_until(&machine, NEW, "\"event\":\"authorize\"");
    let ended = machine.run_with("sso-login key-set --timeout 1s VARIABLE dev env", &[("VARIABLE", "x")]);
    assert_eq!(ended.code, 75, "{}", ended.stderr);
    assert!(ended.stderr.contains("another key is being set"), "{}", ended.stderr);

    let mut second = machine.command("sso-login key-set VARIABLE dev env");
    let mut second = second.env("VARIABLE", "x").stderr(Stdio::null()).spawn().unwrap();
    // It waits when it sleeps.
    let of_second = |file: &str| fs::read_to_string(format!("/proc/{}/{file}", second.id())).unwrap();
    while !of_second("cmdline").contains("key-set") || !of_second("stat").contains(") S ") {
        std::thread::yield_now();
    }
    kill_process(Pid::from_child(&second), Signal::TERM).unwrap();
    assert!(!second.wait().unwrap().success());
    assert!(first.try_wait().unwrap().is_none(), "it waited for the first");
    kill_process(Pid::from_child(&first), Signal::TERM).unwrap();
    first.wait().unwrap();
}
