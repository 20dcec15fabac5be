//! What others write, remove and tear while a command is at it: nobody's newer word is overwritten, and one look is no
//! verdict.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::login::bench::{Bench, TOKEN, after};
use crate::support::{Ended, end, names, peer, tool, until};

/// A command that stops for a while before each of these system calls.
fn stopped(bench: &Bench, strace: &Path, call: &str, line: &str, seconds: u32) -> Child {
    let mut command: Command = bench.command(strace.to_str().unwrap());
    let mut words = line.split_whitespace();
    let program = tool(words.next().unwrap());
    let inject = format!("inject={call}:delay_enter=5000000");
    command.args(["-f", "-qq", "-o", "/dev/null", "-e", &inject]).arg(program).args(words);
    command.env("SSO_NOW", after(seconds)).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn finish(child: Child, what: &str) -> Ended {
    Ended::of(&child.wait_with_output().unwrap(), what)
}

fn token_file(bench: &Bench) -> PathBuf {
    bench.cache().join(TOKEN)
}

/// A session whose token is over and can be renewed, and a renewal that the service has answered and that isn't written.
fn renewal_under_way(bench: &Bench, strace: &Path, line: &str) -> Child {
    bench.forward(3600);
    let child = stopped(bench, strace, "renameat2", line, 3600);
    until("the renewal at the service", || bench.counts()[1] == 1);
    child
}

#[test]
fn a_session_that_ended_during_its_renewal_stays_ended() {
    let Some(strace) = peer("SSO_TEST_STRACE", "strace") else { return };
    for line in ["sso-login refresh demo", "sso-login credentials demo", "sso-login accounts demo"] {
        let bench = Bench::logged_in("");
        let child = renewal_under_way(&bench, &strace, line);
        fs::remove_file(token_file(&bench)).unwrap();
        finish(child, line).exits(77).says("run: sso-login demo");
        assert!(!token_file(&bench).exists(), "{line}");
        assert_eq!(names(bench.cache()).iter().filter(|name| name.contains(".tmp")).count(), 0);
    }
}

#[test]
fn a_login_during_a_renewal_stays_and_is_the_answer() {
    let Some(strace) = peer("SSO_TEST_STRACE", "strace") else { return };
    let bench = Bench::logged_in("");
    let child = renewal_under_way(&bench, &strace, "sso-login refresh demo");
    let mut newer = bench.token();
    newer["accessToken"] = "aoa-newer".into();
    newer["refreshToken"] = "aor-newer".into();
    newer["expiresAt"] = "2026-11-21T20:00:00Z".into();
    // As the AWS CLI writes: in place.
    bench.set_token(&newer);
    let document = finish(child, "refresh").exits(0).document();
    assert_eq!(document["expiresAt"], "2026-11-21T20:00:00Z");
    assert_eq!(bench.token(), newer);
}

#[test]
fn keys_that_arrive_after_a_logout_are_neither_kept_nor_handed_out() {
    let Some(strace) = peer("SSO_TEST_STRACE", "strace") else { return };
    let bench = Bench::logged_in("");
    let child = stopped(&bench, &strace, "/^rename", "sso-login credentials demo", 0);
    until("the keys at the service", || bench.count("GetRoleCredentials") == 1);
    bench.run("sso-login logout demo").exits(0);
    let ended = finish(child, "credentials").exits(77);
    assert_eq!(ended.stdout, "");
    let kept = fs::read_dir(bench.home().join(".aws/cli/cache")).unwrap();
    assert_eq!(kept.flatten().filter(|file| !file.file_name().to_string_lossy().starts_with('.')).count(), 0);
}

/// What the AWS CLI does when it renews: truncates, and then writes.
fn torn_for_a_moment(path: &Path, command: Command, input: &str) -> Ended {
    let whole = fs::read(path).unwrap();
    fs::write(path, "").unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(120));
            fs::write(path, &whole).unwrap();
        });
        end(command, input)
    })
}

#[test]
fn a_token_that_is_torn_for_a_moment_is_no_lost_session_to_any_reader() {
    let bench = Bench::logged_in("");
    let shown = bench.run("sso-profile show demo").exits(0).stdout;
    bench.run("sso-profile key set --env dev --key AWS_PROFILE --vault aws.iam.sso demo").exits(0);
    let before = bench.counts()[0];
    for line in [
        "sso-cache check -e",
        "sso-cache list",
        "sso-login demo --no-browser",
        "sso-login refresh demo",
        "sso-login credentials demo",
        "sso-login exec demo -- true",
        "sso-login whoami demo",
        "sso-login accounts demo",
        "sso-login credentials demo --format sts",
        "sso-login console demo --print",
        "sso-login console demo --print --federated",
        "sso-profile key get --env dev --key AWS_PROFILE",
        "sso-profile key list",
        "sso-cache check --prometheus",
        "sso-cache prune --corrupt",
        "sso-cache repair",
    ] {
        // The keys come anew each time, so that the token is read.
        for name in names(bench.home().join(".aws/cli/cache")) {
            fs::remove_file(bench.home().join(".aws/cli/cache").join(name)).unwrap();
        }
        let input = if line.starts_with("sso-cache check") { shown.as_str() } else { "" };
        let ended = torn_for_a_moment(&token_file(&bench), bench.command(line), input).exits_somehow(0);
        assert!(!ended.stdout.contains("corrupt\""), "{line}: {}", ended.stdout);
        assert!(names(bench.home().join(".aws/sso-renewer/quarantine")).is_empty(), "{line}");
    }
    assert_eq!(bench.counts()[0], before, "nobody logged in again");
}

#[test]
fn role_credentials_that_are_torn_for_a_moment_are_not_asked_for_again() {
    let bench = Bench::logged_in("");
    bench.run("sso-login credentials demo").exits(0);
    let folder = bench.home().join(".aws/cli/cache");
    let file = folder.join(names(&folder).into_iter().find(|name| !name.starts_with('.')).unwrap());
    torn_for_a_moment(&file, bench.command("sso-login credentials demo"), "").exits(0);
    assert_eq!(bench.count("GetRoleCredentials"), 1);
}

#[test]
fn ten_thousand_profiles_of_one_torn_file_wait_for_it_once() {
    let bench = Bench::logged_in("");
    let shown: Value = bench.run("sso-profile show demo").exits(0).document();
    fs::write(token_file(&bench), "{").unwrap();
    let Some(strace) = peer("SSO_TEST_STRACE", "strace") else { return };
    let trace = bench.file("trace");
    let mut command = bench.command(strace.to_str().unwrap());
    command.args(["-f", "-qq", "-e", "trace=clock_nanosleep,nanosleep", "-o"]).arg(&trace);
    command.arg(tool("sso-cache")).arg("check");
    let ended = end(command, &format!("{shown}\n").repeat(1000)).exits(0);
    assert_eq!(ended.documents().len(), 1000);
    let pauses = fs::read_to_string(trace).unwrap().lines().count();
    assert!((1..100).contains(&pauses), "{pauses} pauses");
}
