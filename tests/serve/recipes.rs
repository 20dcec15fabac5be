//! `just sso-serve`, `just sso-auth-test` and the tasks of the same names.

use std::fs;
use std::process::Command;

use serde_json::json;

use super::serving::{APP, Serving};
use crate::support::{self, Ended, end};
use crate::watcher::running::{Desk, project};

/// A desk that has no profile: its folder's `.env` says where people sign in.
fn desk(flags: &str) -> Option<Desk> {
    let desk = Desk::new(flags)?;
    desk.bench.configure(|_| String::new());
    let lines = APP.map(|(name, value)| format!("{name}={value}\n")).concat();
    fs::write(desk.bench.served.sandbox.root().join("work/.env"), lines).unwrap();
    Some(desk)
}

fn command(desk: &Desk, recipe: &str) -> Command {
    let mut command = desk.command(recipe);
    command.env_remove("AWS_PROFILE");
    command
}

fn tested(desk: &Desk, arguments: &str) -> Ended {
    end(command(desk, &format!("sso-auth-test {arguments}")), "")
}

#[test]
fn the_test_of_the_sign_in_shows_url_and_code_and_ends_in_success() {
    let Some(desk) = desk("--pending 1 --interval 1") else { return };
    let ended = tested(&desk, "").exits_somehow(0);
    assert_eq!(ended.stdout, "success\n");
    assert!(ended.stderr.contains("user_code="), "{}", ended.stderr);
    let counts = ["RegisterClient", "StartDeviceAuthorization", "CreateToken"];
    assert_eq!(counts.map(|name| desk.bench.count(name)), [1, 1, 2]);
    assert_eq!(support::names(desk.bench.cache()), [""; 0], "a test leaves no session behind");
}

#[test]
fn an_authorization_that_nobody_completes_times_out() {
    let Some(desk) = desk("--expire") else { return };
    let ended = tested(&desk, "").exits_somehow(124);
    assert_eq!(ended.stdout, "Authorization timed out\n");
    desk.bench.faults(&json!({"fail": ["RegisterClient=503"]}));
    let ended = tested(&desk, "").exits_somehow(69);
    assert!(ended.stderr.contains("failed to register with AWS SSO"), "{}", ended.stderr);
    assert_eq!(ended.stdout, "");
}

#[test]
fn by_the_api_the_same_is_said() {
    let Some(_) = support::peer("SSO_TEST_CURL", "curl") else { return };
    let Some(desk) = desk("--pending 1 --interval 1") else { return };
    let serving = Serving::start(&desk.bench, "", &[]);
    let url = format!("--url http://{}/", serving.host);
    let ended = tested(&desk, &url).exits_somehow(0);
    assert_eq!(ended.stdout, "success\n");
    assert!(ended.stderr.contains("user_code="), "{}", ended.stderr);
    assert!(serving.log().contains("POST /api/auth/token 200 "), "{}", serving.log());
    desk.bench.faults(&json!({"expire": true}));
    let ended = tested(&desk, &url).exits_somehow(124);
    assert_eq!(ended.stdout, "Authorization timed out\n");
    desk.bench.faults(&json!({"expire": false, "deny": true}));
    let ended = tested(&desk, &url).exits_somehow(77);
    assert!(ended.stderr.contains("sso-auth-test: the sign-in was denied (status 400)"), "{}", ended.stderr);
    desk.bench.faults(&json!({"fail": ["RegisterClient=503"]}));
    let ended = tested(&desk, &url).exits_somehow(69);
    assert!(ended.stderr.contains("Failed to register with AWS SSO: "), "{}", ended.stderr);
    serving.stop(rustix::process::Signal::TERM);
    let ended = tested(&desk, &url).exits_somehow(69);
    assert!(ended.stderr.contains("curl: (7)"), "{}", ended.stderr);
    for wrong in ["--url", "--url http://localhost x", "-x", "a b"] {
        tested(&desk, wrong).exits_somehow(2);
    }
}

#[test]
fn the_recipe_serves_and_raises_a_signal_for_who_asks_in_vain() {
    let Some(desk) = Desk::new("") else { return };
    let serving = Serving::of(&desk.bench, desk.command("sso-serve --listen 127.0.0.1:0 --credentials demo"));
    serving.credentials("demo").refuses(401, "expired", "run: sso-login demo");
    let signal = serving.document();
    assert_eq!((&signal["signal"], &signal["profile"]), (&json!("raised"), &json!("demo")));
    assert_eq!(desk.bench.run("sso-signal read demo").exits(0).document()["source"], "sso-serve");
    desk.bench.device("demo").succeeds("success");
    // Cleared, by this document or by the login itself.
    assert_eq!(serving.document()["loginRequired"], false);
    desk.bench.run("sso-signal read demo").exits(1);
    serving.credentials("demo").is(200);
    for (id, _) in crate::watcher::running::family(i32::try_from(serving.id()).unwrap()) {
        crate::watcher::running::kill(id);
    }
}

#[test]
fn the_tasks_are_one_line_each() {
    let tasks = fs::read_to_string(project().join("mise.toml")).unwrap();
    for task in ["sso-serve", "sso-auth-test"] {
        let line = tasks.lines().find(|line| line.starts_with(&format!("\"{task}\" = ")));
        assert!(line.is_some_and(|line| line.ends_with(&format!("run = \"just {task}\" }}"))), "{task}");
    }
}
