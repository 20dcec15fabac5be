//! Repairs while others write: what they wrote last is there in the end, and whole.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use sso_cache::token::Token;
use sso_tool::time;

use crate::repair::{AFTER, BEFORE, LATER, put, read, token, token_file};
use crate::support::{Ended, Sandbox, aws_v2, end, names, peer, tool, until};

/// `sso-cache repair` under strace, with something injected.
fn traced(sandbox: &Sandbox, strace: &Path, inject: &str) -> Command {
    let mut command = sandbox.command(strace);
    command.args(["-f", "-qq", "-o", "/dev/null", "-e", inject]).arg(tool("sso-cache")).arg("repair");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn finish(child: Child) -> Ended {
    Ended::of(&child.wait_with_output().unwrap(), "repair")
}

#[test]
fn a_token_written_between_look_and_exchange_stays() {
    let Some(strace) = peer("SSO_TEST_STRACE", "strace") else { return };
    let sandbox = Sandbox::new();
    let corp = token_file(&sandbox, "corp");
    put(&corp, token("aoa-old", AFTER) + "}");
    let child = traced(&sandbox, &strace, "inject=renameat2:delay_enter=700000").spawn().unwrap();
    let taken = corp.with_file_name(format!(".{}.taken", corp.file_name().unwrap().to_str().unwrap()));
    until("the exchange to begin", || taken.exists());
    Token::new("aoa-new".into(), time::parse(LATER).unwrap()).write(&corp).unwrap();
    let document = finish(child).exits(0).document();
    assert_eq!(document["action"], "none", "{document}");
    assert!(read(&corp).contains("aoa-new"));
    assert_eq!(names(sandbox.token_dir()).len(), 1);
}

#[test]
fn a_token_written_between_look_and_removal_stays() {
    let Some(strace) = peer("SSO_TEST_STRACE", "strace") else { return };
    let sandbox = Sandbox::new();
    let corp = token_file(&sandbox, "corp");
    put(&corp, "{");
    let child = traced(&sandbox, &strace, "inject=rename:delay_enter=700000").spawn().unwrap();
    until("the repair to begin", || sandbox.state().exists());
    // Before the second look or after it: either way the token stays.
    thread::sleep(Duration::from_millis(400));
    Token::new("aoa-new".into(), time::parse(LATER).unwrap()).write(&corp).unwrap();
    finish(child).exits(0);
    assert!(read(&corp).contains("aoa-new"));
    assert_eq!(names(sandbox.token_dir()).len(), 1);
}

#[test]
fn a_slow_writer_that_had_the_file_open_loses_nothing() {
    let Some(strace) = peer("SSO_TEST_STRACE", "strace") else { return };
    for before in ["", "{\"accessToken\"", &(token("aoa-old", AFTER) + "}")] {
        let sandbox = Sandbox::new();
        let corp = token_file(&sandbox, "corp");
        put(&corp, before);
        let mut slow = OpenOptions::new().write(true).open(&corp).unwrap();
        let child = traced(&sandbox, &strace, "inject=clock_nanosleep:delay_exit=700000").spawn().unwrap();
        until("the quarantine", || !names(sandbox.state().join("quarantine")).is_empty());
        slow.set_len(0).unwrap();
        slow.write_all(token("aoa-slow", LATER).as_bytes()).unwrap();
        let document = finish(child).exits(0).document();
        assert_eq!(document["reason"], "the file was being written, and is whole now", "{before}");
        assert_eq!(read(&corp), token("aoa-slow", LATER), "{before}");
    }
}

#[test]
fn a_writer_that_is_about_to_finish_is_waited_for() {
    let sandbox = Sandbox::new();
    let corp = token_file(&sandbox, "corp");
    let mut slow = File::create(&corp).unwrap();
    let child =
        sandbox.tool("sso-cache repair").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until("the first look", || sandbox.state().exists());
    slow.write_all(token("aoa", AFTER).as_bytes()).unwrap();
    assert_eq!(finish(child).exits(0).document()["action"], "none");
    assert_eq!(read(&corp), token("aoa", AFTER));
}

#[test]
fn a_repair_killed_or_failing_anywhere_is_finished_by_the_next() {
    let Some(strace) = peer("SSO_TEST_STRACE", "strace") else { return };
    let mut unfinished = 0;
    for call in ["renameat2", "rename", "fsync", "unlink", "openat", "write", "mkdir", "flock"] {
        for fault in ["signal=SIGKILL", "error=EIO", "error=ENOSPC"] {
            for when in 1..=4 {
                let sandbox = Sandbox::new();
                let (corp, dev) = (token_file(&sandbox, "corp"), token_file(&sandbox, "dev"));
                let good = token_file(&sandbox, "good");
                put(&corp, token("aoa", AFTER) + "}");
                put(&dev, "{");
                put(&good, token("aoa-good", AFTER));
                let mut command = traced(&sandbox, &strace, &format!("inject={call}:{fault}:when={when}"));
                // The system calls of the start of the program are not the ones meant.
                if call == "openat" {
                    command = traced(&sandbox, &strace, &format!("inject={call}:{fault}:when={}", when + 6));
                }
                let first = end(command, "");
                unfinished += usize::from(first.code != 0);
                assert!(first.code != 101, "{call} {fault} {when}: {}", first.stderr);
                assert_eq!(read(&good), token("aoa-good", AFTER));
                sandbox.run("sso-cache repair").exits(0);
                assert_eq!(read(&corp), token("aoa", AFTER), "{call} {fault} {when}");
                assert_eq!(
                    names(sandbox.token_dir()).len(),
                    2,
                    "{call} {fault} {when}: {:?}",
                    names(sandbox.token_dir())
                );
            }
        }
    }
    assert!(unfinished >= 20, "{unfinished}");
}

const WRITER: &str = "
import os, sys
from awscli.botocore.utils import JSONFileCache
directory, key, stop, name, count = sys.argv[1:]
cache = JSONFileCache(directory)
token = {'startUrl': 'https://d-1234567890.awsapps.com/start', 'region': 'eu-west-1', 'accessToken': name * int(count),
         'expiresAt': '2026-11-21T13:00:00Z', 'clientId': 'id', 'clientSecret': 'cs', 'registrationExpiresAt': '2027-01-01T00:00:00Z'}
print('ready', flush=True)
while not os.path.exists(stop):
    cache[key] = token
";

#[test]
fn a_cache_that_two_aws_clis_tear_at_full_rate_heals_without_a_login() {
    // The AWS CLI's own copy of botocore writes in place; PyPI's doesn't any more.
    let Some(python) = peer("SSO_TEST_AWS_PYTHON", "/usr/bin/python3") else { return };
    let (mut torn, mut salvaged) = (0, 0);
    for round in 0..6 {
        let sandbox = Sandbox::new();
        let corp = token_file(&sandbox, "corp");
        let key = corp.file_stem().unwrap().to_str().unwrap().to_owned();
        let stop = sandbox.root().join("stop");
        let writers: Vec<_> = [("a", "40"), ("b", "900")]
            .into_iter()
            .map(|(name, count)| {
                let mut command = sandbox.command(&python);
                command
                    .args(["-c", WRITER])
                    .arg(sandbox.token_dir())
                    .args([&key])
                    .arg(&stop)
                    .args([name, count]);
                command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
            })
            .collect();
        until("the writers", || corp.exists());
        for _ in 0..4 {
            for document in sandbox.run("sso-cache repair").exits(0).documents() {
                torn += usize::from(document.get("reason").is_some());
            }
        }
        put(&stop, "");
        for writer in writers {
            finish(writer).exits(0);
        }
        // Whatever the two left in the end: one of them wrote last, and all of it is there.
        salvaged += sandbox
            .run("sso-cache repair")
            .exits(0)
            .documents()
            .iter()
            .filter(|document| document["action"] == "salvaged")
            .count();
        let left: Value = serde_json::from_str(&read(&corp)).unwrap_or_else(|err| panic!("{round}: {err}"));
        let access = left["accessToken"].as_str().unwrap();
        assert!(access == "a".repeat(40) || access == "b".repeat(900), "{round}: {access}");
        assert!(names(sandbox.token_dir()).len() == 1, "{round}: {:?}", names(sandbox.token_dir()));
    }
    eprintln!("torn at a look: {torn}; salvaged at the end: {salvaged}");
}

#[test]
fn aws_clis_that_refresh_at_once_leave_a_session_that_repair_keeps() {
    let Some(aws) = aws_v2() else { return };
    let sandbox = Sandbox::new();
    // Ten minutes are less than the fifteen that the AWS CLI wants left, so every call refreshes.
    let script = "aws sso login --profile demo --no-browser >/dev/null
        for i in 1 2 3 4; do aws sts get-caller-identity --profile demo >/dev/null 2>&1 & done
        while [ -n \"$(jobs -r)\" ]; do sso-cache repair >/dev/null; done
        wait
        sso-cache repair >/dev/null
        sso-profile show demo | sso-cache check -e";
    let mut command = sandbox.tool("sso-login sandbox --token-lifetime 10m");
    let script = script.replace("aws s", &format!("{} s", aws.display()));
    command.env_remove("SSO_NOW").args(["--", "bash", "-uo", "pipefail", "-c", &script]);
    let document = end(command, "").exits(0).document();
    assert_eq!(document["token"]["state"], "valid", "{document}");
}

#[test]
fn two_repairs_at_once_do_each_thing_once() {
    let sandbox = Sandbox::new();
    for n in 0..10 {
        put(&token_file(&sandbox, &format!("s{n}")), token("aoa", BEFORE) + "}");
    }
    let start =
        || sandbox.tool("sso-cache repair").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let repairs = [start(), start(), start()];
    let mut salvaged = 0;
    for repair in repairs {
        let documents = finish(repair).exits(0).documents();
        salvaged += documents.iter().filter(|document| document["action"] == "salvaged").count();
    }
    assert_eq!(salvaged, 10);
    assert_eq!(names(sandbox.token_dir()).len(), 10);
    assert!(
        names(sandbox.token_dir()).iter().all(|name| fs::metadata(sandbox.token_dir().join(name)).is_ok())
    );
}
