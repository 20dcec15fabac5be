//! Locks that no process holds.

use std::fs;
use std::process::Stdio;

use crate::lock::age;
use crate::support::{Ended, Sandbox, end, names};

#[test]
fn a_token_holds_the_lock_until_it_is_released() {
    let sandbox = Sandbox::new();
    let acquired = sandbox.run("sso-lock acquire deploy --ttl 10m").exits(0);
    let document = acquired.document();
    let token = document["token"].as_str().unwrap().to_owned();
    assert_eq!(document["name"], "deploy");
    assert_eq!(document["expiresAt"], "2026-11-21T12:10:00Z");
    let status = sandbox.run("sso-lock status deploy").exits(0);
    assert_eq!(status.document()["owner"]["pid"], std::process::id());
    assert_eq!(status.document()["owner"]["expiresAt"], "2026-11-21T12:10:00Z");
    assert!(!status.stdout.contains(&token));
    let content = fs::read_to_string(sandbox.state().join("deploy.lock/owner.json")).unwrap();
    assert!(!content.contains(&token), "{content}");

    let busy = sandbox.run("sso-lock run deploy -- true").exits(75).says("until 2026-11-21T12:10:00Z");
    assert!(!busy.stderr.contains(&token));
    sandbox.run("sso-lock break deploy").exits(75);
    sandbox.run("sso-lock release deploy --token wrong").exits(1);
    sandbox.run(&format!("sso-lock release other --token {token}")).exits(1);
    sandbox.run(&format!("sso-lock release deploy --token {token}")).exits(0);
    sandbox.run(&format!("sso-lock release deploy --token {token}")).exits(1);

    let again = sandbox.run("sso-lock acquire deploy").exits(0).stdout;
    sandbox.feed("sso-lock release other", &again).exits(65).says("the document is about the lock `deploy`");
    sandbox.feed("sso-lock release", &again).exits(0);
    sandbox.feed("sso-lock release", &again).exits(1);
    end(sandbox.shell("sso-lock acquire deploy | sso-lock release deploy"), "").exits(0);
    assert_eq!(names(sandbox.state()), [""; 0]);
}

#[test]
fn only_documents_of_acquire_release() {
    let sandbox = Sandbox::new();
    for (input, message) in [
        ("{}", "the document has no `name`"),
        (r#"{"name":"x"}"#, "the document has no `token`"),
        (r#"{"name":"../x","token":"canary"}"#, "a lock's name is"),
        (r#"{"name":"x","token":7}"#, "`token` is not a string"),
        ("[]", "a document is a JSON object"),
        (" ", "there is no document"),
    ] {
        let ended = sandbox.feed("sso-lock release", input).exits(65).says(message);
        assert!(!ended.stderr.contains("canary"));
    }
    sandbox.run("sso-lock release --token t").exits(2);
}

#[test]
fn a_tokens_time_ends_its_lock() {
    let sandbox = Sandbox::new();
    let old = sandbox.run("sso-lock acquire x --ttl 10m").exits(0).stdout;
    age(&sandbox.state().join("x.lock/owner.json"), 599);
    sandbox.run("sso-lock run x -- true").exits(75);
    age(&sandbox.state().join("x.lock/owner.json"), 601);
    assert_eq!(sandbox.run("sso-lock status x").exits(1).document()["stale"], true);
    let new = sandbox.run("sso-lock acquire x").exits(0).stdout;
    sandbox.feed("sso-lock release", &old).exits(1);
    sandbox.feed("sso-lock release", &new).exits(0);
    assert_eq!(names(sandbox.state()), [""; 0]);
}

#[test]
fn a_token_that_nobody_saw_holds_nothing() {
    let sandbox = Sandbox::new();
    let full = end(sandbox.shell("sso-lock acquire x > /dev/full"), "");
    full.exits(74).says("cannot write to standard output: No space left on device");
    assert_eq!(names(sandbox.state()), [""; 0]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut closed = sandbox.tool("sso-lock acquire x");
    let closed = closed.stdout(writer).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
    Ended::of(&closed, "acquire with a closed pipe").exits(0);
    assert_eq!(names(sandbox.state()), [""; 0]);
}

#[test]
fn a_lock_that_would_be_over_at_once_is_refused() {
    let sandbox = Sandbox::new();
    for ttl in ["0s", "999ms"] {
        let ended = sandbox.run(&format!("sso-lock acquire x --ttl {ttl}")).exits(2);
        assert_eq!(ended.says("it must be one second or more").stdout, "");
    }
    assert_eq!(names(sandbox.state()), [""; 0]);
    sandbox.run("sso-lock acquire x --ttl 1h").exits(0);
    sandbox.run("sso-lock status x").exits(0);
}
