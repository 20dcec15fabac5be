//! Whatever fails, nothing is half-stored: key and config are as they were, and no new session stays.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::roundtrip::machine::{Files, Machine, steps};
use crate::support::{Ended, names};

const NEW: &str = "AWS_PROFILE dev aws.iam.sso corp-dev --sso-session sandbox --account-id 444455556666 --role-name ReadOnly";

/// Without what a login that was proven leaves on purpose: the registration, which spares the next consent.
fn but_registrations(files: Files) -> Files {
    let is_registration = |text: &str| text.contains("clientSecret") && !text.contains("accessToken");
    files.into_iter().filter(|(_, text)| !is_registration(text)).collect()
}

#[track_caller]
fn refused(ended: &Ended, code: i32, says: &str) {
    assert_eq!(ended.code, code, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stderr.contains(says), "{}", ended.stderr);
    // A session in use is spoken of before it is logged out.
    let is_warning = |line: &&str| line.contains("is in use (");
    let own: Vec<_> = ended.stderr.lines().filter(|line| line.starts_with("sso-login: ")).collect();
    let is_hint = |line: &&str| line.contains(": hint: ");
    let own: Vec<_> = own.into_iter().filter(|line| !is_warning(line) && !is_hint(line)).collect();
    assert!(
        own.len() <= 2 && own.iter().skip(1).all(|line| line.ends_with("for the reason above")),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_refused_login_leaves_everything_as_it_was() {
    let Some(machine) = Machine::start("--deny") else { return };
    let before = machine.files();
    for words in [NEW, "AWS_PROFILE dev aws.iam.sso demo"] {
        let ended = machine.key_set(words);
        refused(&ended, 77, "key `dev.AWS_PROFILE` is not stored: ");
        assert_eq!(but_registrations(machine.files()), before, "{words}");
    }
    assert_eq!(machine.quiet(), [""; 0]);
    assert_eq!(machine.status("AWS_PROFILE"), 1);
}

#[test]
fn an_organisation_that_does_not_answer_ends_the_session_again() {
    let Some(machine) = Machine::start("") else { return };
    let before = machine.files();
    machine.fail("ListAccounts", 503);
    refused(&machine.key_set(NEW), 69, "key `dev.AWS_PROFILE` is not stored: ");
    assert_eq!(machine.files(), before);
    assert_eq!(machine.counts(), [1, 1, 1]);
}

#[test]
fn a_role_that_is_not_there_ends_the_session_again() {
    let Some(machine) = Machine::start("") else { return };
    let before = machine.files();
    let ended = machine.key_set(&NEW.replace("ReadOnly", "Nobody"));
    refused(&ended, 78, "is not stored: accountId=444455556666, roleName=Nobody isn't a role that you have");
    assert_eq!(machine.files(), before);
    assert_eq!(machine.counts(), [1, 1, 1]);
}

#[test]
fn a_session_that_was_there_stays_when_the_set_up_fails() {
    let Some(machine) = Machine::start("") else { return };
    machine.run("sso-login demo --via aws").exits_somehow(0);
    let before = machine.files();
    refused(&machine.key_set(&NEW.replace("ReadOnly", "Nobody")), 78, "isn't a role that you have");
    assert_eq!((machine.files(), machine.counts()), (before, [1, 1, 0]));
}

#[test]
fn a_key_that_does_not_work_is_locked_again_and_forgotten() {
    let Some(machine) = Machine::start("") else { return };
    let before = machine.files();
    machine.faults(&json!({"error": ["GetRoleCredentials=ForbiddenException"]}));
    for words in [NEW, "AWS_PROFILE dev aws.iam.sso demo"] {
        let ended = machine.key_set(words);
        refused(&ended, 78, "key `dev.AWS_PROFILE` is not stored: get: ");
        assert_eq!(steps(&ended).last().unwrap(), "unlock");
        assert_eq!(but_registrations(machine.files()), before, "{words}");
        assert_eq!(machine.quiet(), ["sandbox"]);
    }
    assert_eq!(machine.counts(), [2, 1, 2]);
}

#[test]
fn a_key_that_was_there_stays_what_it_was() {
    let Some(machine) = Machine::start("") else { return };
    machine.run("sso-profile key set --env dev --key AWS_PROFILE --vault env SOMETHING").exits(0);
    let before = machine.files();
    machine.fail("GetCallerIdentity", 503);
    let ended = machine.key_set("AWS_PROFILE dev aws.iam.sso demo");
    refused(&ended, 69, "key `dev.AWS_PROFILE` stays as it was: get: ");
    assert_eq!(but_registrations(machine.files()), before);
}

#[test]
fn a_relock_that_does_not_hold_is_no_success() {
    let Some(machine) = Machine::start("") else { return };
    let before = machine.files();
    machine.fail("Logout", 503);
    let ended = machine.key_set(NEW);
    let says = "key `dev.AWS_PROFILE` is not stored: relock: the files are removed, but the SSO service couldn't be told";
    refused(&ended, 69, says);
    assert_eq!(steps(&ended).last().unwrap(), "get");
    assert_eq!(but_registrations(machine.files()), before);
}

#[test]
fn a_store_that_can_not_be_read_is_left_alone_with_all_else() {
    let Some(machine) = Machine::start("") else { return };
    std::fs::create_dir_all(machine.home().join(".aws/sso-renewer")).unwrap();
    std::fs::write(machine.home().join(".aws/sso-renewer/keys.json"), "{\"version\": 2}").unwrap();
    let before = machine.files();
    refused(&machine.key_set(NEW), 65, "is not stored: set: ");
    assert_eq!(machine.files(), before);
    assert_eq!(machine.counts(), [1, 1, 1]);
}

#[test]
fn a_signal_during_the_login_leaves_no_process_and_nothing_else() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let Some(machine) = Machine::start("--pending 1000") else { return };
        let before = machine.files();
        let mut command = machine.command(&format!("sso-login key-set {NEW}"));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert!(line.contains("\"event\":\"authorize\""), "{line}");
        kill_process(Pid::from_child(&child), signal).unwrap();
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(128 + signal.as_raw()), "{stderr}");
        assert!(
            stderr.ends_with("sso-login: key `dev.AWS_PROFILE` is not stored: interrupted\n"),
            "{stderr}"
        );
        assert_eq!(machine.files(), before);
        // No lock, no copy of the config.
        let state = names(machine.home().join(".aws/sso-renewer"));
        assert!(!state.iter().any(|name| name.contains(".lock") || name.starts_with("set-up-")), "{state:?}");
    }
}

#[test]
fn a_proof_that_is_killed_leaves_the_key_that_was_there_or_none() {
    let Some(machine) = Machine::start("") else { return };
    // Until it is done the proof hangs at STS.
    machine.faults(&json!({"hang": ["GetCallerIdentity"]}));
    for earlier in [None, Some("SOMETHING")] {
        if let Some(variable) = earlier {
            let line = format!("sso-profile key set --env dev --key AWS_PROFILE --vault env {variable}");
            machine.run(&line).exits(0);
        }
        let before = machine.run_with("sso-profile key list", &[("SOMETHING", "x")]).stdout;
        let mut command = machine.command("sso-login key-set AWS_PROFILE dev aws.iam.sso demo");
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains("\"step\":\"unlock\"")));
        kill_process(Pid::from_child(&child), Signal::KILL).unwrap();
        child.wait().unwrap();

        let on_trial = machine.run("sso-profile key get --trial --env dev --key AWS_PROFILE").document();
        assert_eq!(on_trial["reference"], "demo");
        assert_eq!(machine.run_with("sso-profile key list", &[("SOMETHING", "x")]).stdout, before);
    }
    machine.served.forget("/sandbox/faults");
    machine.key_set("AWS_PROFILE dev aws.iam.sso demo").exits_somehow(0);
    assert_eq!(machine.status("AWS_PROFILE"), 77);
    machine.run("sso-profile key get --trial --env dev --key AWS_PROFILE").exits(1);
}

#[test]
fn a_listing_that_can_not_be_is_not_taken_for_a_role_that_is_not_there() {
    let Some(machine) = Machine::start("") else { return };
    let ended =
        machine.run_with(&format!("sso-login key-set {NEW}"), &[("AWS_CA_BUNDLE", "/nowhere/ca.pem")]);
    refused(&ended, 78, "cannot read /nowhere/ca.pem, which AWS_CA_BUNDLE names");
    assert!(!ended.stderr.contains("isn't a role that you have"), "{}", ended.stderr);
}

#[test]
fn a_session_that_somebody_ends_meanwhile_leads_nobody_to_the_temporary_profile() {
    let Some(machine) = Machine::start("") else { return };
    machine.faults(&json!({"error": ["ListAccounts=UnauthorizedException"]}));
    let ended = machine.key_set(NEW);
    refused(&ended, 77, "session \"sandbox\" was ended by somebody else meanwhile");
    assert!(!ended.stderr.contains("sso-key-set"), "{}", ended.stderr);
    machine.served.forget("/sandbox/faults");
    machine.fail("ListAccounts", 503);
    let ended = machine.key_set(NEW);
    refused(&ended, 69, "is not stored: the SSO portal can't be reached");
}

/// A disk of its own for the state directory. Only root can have that.
struct Disk(std::path::PathBuf);

impl Disk {
    fn of(machine: &Machine, size: &str) -> Option<Self> {
        let state = machine.home().join(".aws/sso-renewer");
        let options = format!("size={size},mode=700");
        let mut mount = Command::new("mount");
        let mount = mount.args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&state);
        let is_mounted = mount.stderr(Stdio::null()).status().is_ok_and(|status| status.success());
        is_mounted.then_some(Self(state))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_keeps_no_session_alive() {
    let Some(machine) = Machine::start("") else { return };
    machine.run("sso-login demo --via aws").exits_somehow(0);
    let Some(disk) = Disk::of(&machine, "4k") else { return };
    std::fs::write(disk.0.join("full"), [0; 4096]).unwrap();
    let document = machine.run("sso-login logout demo").exits(0).document();
    assert_eq!((&document["loggedOut"], &document["serviceTold"]), (&json!(true), &json!(true)));
    assert!(!machine.files().values().any(|text| text.contains("accessToken")));
    assert_eq!(machine.counts(), [1, 1, 1]);
}

#[test]
fn a_disk_that_fills_up_on_the_way_leaves_everything_as_it_was() {
    let Some(machine) = Machine::start("") else { return };
    // With ever more room.
    let before = machine.files();
    let mut codes = Vec::new();
    for pages in 1..40 {
        let Some(disk) = Disk::of(&machine, &format!("{}k", pages * 4)) else { return };
        let ended = machine.key_set(NEW);
        let files = machine.files();
        drop(disk);
        codes.push(ended.code);
        if ended.code == 0 {
            break;
        }
        assert_eq!(but_registrations(files), before, "{pages}: {}", ended.stderr);
        refused(&ended, 74, "No space left on device");
    }
    assert!(codes.len() > 2 && codes.last() == Some(&0), "{codes:?}");
    let [logins, _, logouts] = machine.counts();
    assert_eq!(logins, logouts);
}

#[test]
fn a_proxy_that_wants_a_password_is_no_refused_login() {
    let Some(machine) = Machine::start("") else { return };
    let proxy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", proxy.local_addr().unwrap());
    std::thread::spawn(move || {
        let page = "<html>\n<body>Who are you?</body>\n</html>\n";
        let head =
            "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Type: text/html\r\nConnection: close";
        for mut stream in proxy.incoming().flatten() {
            let _ = stream.read(&mut [0; 8192]);
            let _ = write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{page}", page.len());
        }
    });
    let before = machine.files();
    let none = ["NO_PROXY", "no_proxy"].map(|name| (name, ""));
    let proxies = ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"].map(|name| (name, url.as_str()));
    let variables: Vec<_> = none.into_iter().chain(proxies).collect();
    let ended = machine.run_with(&format!("sso-login key-set {NEW}"), &variables);
    refused(&ended, 69, "it answers 407 with unexpected content: the proxy wants a user and a password");
    assert_eq!(machine.files(), before);
}

#[test]
fn a_failure_that_can_not_be_written_down_for_others_is_told_all_the_same() {
    let Some(machine) = Machine::start("--deny") else { return };
    std::fs::create_dir_all(machine.home().join(".aws/sso-renewer/login-failed.json/not-a-file")).unwrap();
    refused(&machine.key_set(NEW), 77, "is not stored: An error occurred (AccessDeniedException)");
}
