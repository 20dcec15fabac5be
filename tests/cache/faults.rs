//! Reads that fail are errors; a write that is killed or fails at any system call leaves the old token or the new one.

use std::env;
use std::fs;
use std::path::Path;

use serde_json::json;
use sso_cache::token::Token;
use sso_tool::time;

use crate::cache::{AFTER, CORP, PROFILE, put_token, token_file};
use crate::support::{Sandbox, end, names, peer, tool};

#[test]
fn a_file_that_cannot_be_read_is_an_error_and_no_login() {
    let sandbox = Sandbox::new();
    fs::remove_dir(sandbox.token_dir()).unwrap();
    fs::write(sandbox.token_dir(), "").unwrap();
    for line in ["sso-cache check", "sso-cache check -e"] {
        let document = sandbox.feed(line, PROFILE).exits(74).says("sso-cache: cannot read ").document();
        assert!(document["error"].as_str().unwrap().starts_with("cannot read "), "{document}");
        assert_eq!((document.get("loginRequired"), &document["x"]), (None, &json!(1)));
    }
    sandbox.run("sso-cache list").exits(74).says("sso-cache: cannot list ");
}

#[test]
fn no_permission_is_an_error_and_no_login() {
    let Some(strace) = peer("SSO_TEST_STRACE", "strace") else { return };
    let sandbox = Sandbox::new();
    put_token(&sandbox, CORP, &json!({}));
    let traced = |line: &str, input: &str| {
        let mut command = sandbox.command(&strace);
        let file = token_file(&sandbox, CORP);
        command.args(["-o", "/dev/null", "-e", "inject=openat:error=EACCES", "-P"]).arg(file);
        let mut words = line.split(' ');
        command.arg(tool(words.next().unwrap())).args(words);
        end(command, input)
    };
    traced("sso-cache check", PROFILE).exits(74).says("Permission denied");
    // The others of the stream are answered, and the file of two profiles is named once.
    let other = r#"{"profile":"other","ssoSession":"other"}"#;
    let stream = format!("{other}\n{PROFILE}\n{PROFILE}\n{other}");
    for (line, code) in [("sso-cache check", 74), ("sso-cache check -e", 77)] {
        let ended = traced(line, &stream).exits(code).says("Permission denied");
        let documents = ended.documents();
        for n in [0, 3] {
            assert_eq!((&documents[n]["loginRequired"], documents[n].get("error")), (&json!(true), None));
        }
        for n in [1, 2] {
            assert!(
                documents[n]["error"].as_str().unwrap().contains("Permission denied"),
                "{}",
                ended.stdout
            );
            assert_eq!(documents[n].get("loginRequired"), None);
        }
    }
    traced("sso-cache check -e", &format!("{PROFILE}{{\"profile\":\"k\",\"kind\":\"static\"}}")).exits(74);
    let ended = traced("sso-cache list", "").exits(74).says("1 of the cache's files cannot be read");
    assert!(ended.document()["error"].as_str().unwrap().contains("Permission denied"), "{}", ended.stdout);
}

/// Not a test: the process that the test below runs under strace.
#[test]
#[ignore = "writes a token where SSO_TEST_HOME says"]
fn write_one_token() {
    let Some(home) = env::var_os("SSO_TEST_HOME") else { return };
    let cache = sso_cache::folder::Cache::of_home(home);
    new_token().write(&cache.token(CORP)).unwrap();
}

fn new_token() -> Token {
    Token::new("new".into(), time::parse(AFTER).unwrap())
}

/// Writes a token over another with a fault at the nth such call; answers the status.
fn injected(strace: &Path, sandbox: &Sandbox, fault: &str) -> i32 {
    let mut command = sandbox.command(strace);
    command
        .args(["-f", "-qq", "-o", "/dev/null", "-e", fault])
        .arg(env::current_exe().unwrap())
        .args(["--ignored", "--exact", "cache::faults::write_one_token"])
        .env("SSO_TEST_HOME", sandbox.home());
    end(command, "").code
}

#[test]
fn a_fault_at_any_step_of_a_write_leaves_the_old_or_the_new_token() {
    let Some(strace) = peer("SSO_TEST_STRACE", "strace") else { return };
    let new = sso_cache::python::dumps(&new_token().to_object(), sso_cache::python::Separators::Spaced);
    let (mut killed_before, mut killed_after, mut failed) = (0, 0, 0);
    // The test runner's own writes are hit too; what counts is the file.
    for (call, last) in
        [("write", 2), ("fsync", 2), ("/^rename", 1), ("/^fchmod", 1), ("flock", 1), ("mkdir", 1)]
    {
        for fault in ["error=ENOSPC", "error=EIO", "signal=SIGKILL"] {
            for when in 1..=last {
                let sandbox = Sandbox::new();
                put_token(&sandbox, CORP, &json!({}));
                let path = token_file(&sandbox, CORP);
                let old = fs::read_to_string(&path).unwrap();
                let code = injected(&strace, &sandbox, &format!("inject={call}:{fault}:when={when}"));
                let found = fs::read_to_string(&path).unwrap();
                assert!(found == old || found == new, "{call} {fault} {when}: {code}: {found}");
                failed += usize::from(fault.starts_with("error") && found == old);
                killed_before += usize::from(fault.starts_with("signal") && found == old);
                killed_after += usize::from(fault.starts_with("signal") && found == new);
                // Whatever was left, the next writer succeeds and sweeps it.
                new_token().write(&path).unwrap();
                assert_eq!(fs::read_to_string(&path).unwrap(), new);
                assert_eq!(names(sandbox.token_dir()).len(), 1, "{call} {fault} {when}");
            }
        }
    }
    assert!(
        killed_before >= 3 && killed_after >= 1 && failed >= 4,
        "hit: {killed_before} {killed_after} {failed}"
    );
}
