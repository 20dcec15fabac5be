//! Every command that changes something, and the machine that it finds.

use std::fs;

use serde_json::Value;

use crate::login::bench::{Bench, TOKEN};

/// How the machine is made as the act finds it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Prepared {
    /// By a copy: nothing that the service counts is used up.
    Copied,
    /// By the commands themselves each time.
    Anew,
}

#[derive(Clone, Copy)]
pub struct Act {
    pub name: &'static str,
    pub line: &'static str,
    pub input: &'static str,
    pub prepare: fn(&Bench),
    pub prepared: Prepared,
    /// What runs afterwards, undisturbed; it must end with 0, or with one of these.
    pub then: (&'static str, &'static [i32]),
}

const RAISE: &str = r#"{"profile":"demo","loginRequired":true,"reason":"expired","episode":"one"}"#;
const VALID: &str = r#"{"profile":"demo","loginRequired":false}"#;
const DISMISSED: &str = r#"{"profile":"demo","ssoSession":"sandbox","outcome":"dismissed","episode":"one"}"#;
const SNOOZED: &str = r#"{"profile":"demo","ssoSession":"sandbox","sessionProfiles":["demo"],"outcome":"snoozed","seconds":900,"episode":"one"}"#;
const SUCCESS: &str = r#"{"profile":"demo","ssoSession":"sandbox","sessionProfiles":["demo"],"outcome":"success","episode":"one"}"#;
const DEVICE: &str = "sso-login --via device --no-browser demo";
const WRITE: &str =
    "sso-profile write corp --start-url https://d-1234567890.awsapps.com/start --sso-region us-east-1";

fn fresh(_: &Bench) {}

fn signal(bench: &Bench) {
    bench.feed("sso-signal write --source monitor", RAISE).exits_somehow(0);
}

fn session(bench: &Bench) {
    bench.run(DEVICE).exits_somehow(0);
}

/// A session whose access token has expired; its refresh token works once.
pub fn expired(bench: &Bench) {
    session(bench);
    let mut token = bench.token();
    token["expiresAt"] = "2026-11-21T11:00:00Z".into();
    bench.set_token(&token);
}

fn torn(bench: &Bench) {
    session(bench);
    let text = bench.token_text();
    fs::write(bench.cache().join(TOKEN), format!("{text}}}")).unwrap();
}

fn stale(bench: &Bench) {
    expired(bench);
    let mut token: Value = bench.token();
    let members = token.as_object_mut().unwrap();
    for name in ["refreshToken", "clientId", "clientSecret", "registrationExpiresAt"] {
        members.remove(name);
    }
    token["expiresAt"] = "2026-01-01T00:00:00Z".into();
    bench.set_token(&token);
}

fn keys(bench: &Bench) {
    session(bench);
    bench.run("sso-profile key set --env dev --key A --vault aws.iam.sso demo").exits_somehow(0);
}

const fn on_disk(name: &'static str, line: &'static str, input: &'static str, prepare: fn(&Bench)) -> Act {
    Act { name, line, input, prepare, prepared: Prepared::Copied, then: (line, &[]) }
}

const fn at_service(name: &'static str, line: &'static str, prepare: fn(&Bench)) -> Act {
    Act { name, line, input: "", prepare, prepared: Prepared::Anew, then: (DEVICE, &[]) }
}

const fn then(act: Act, line: &'static str, codes: &'static [i32]) -> Act {
    Act { then: (line, codes), ..act }
}

pub const ALL: &[Act] = &[
    on_disk("signal write", "sso-signal write --source monitor", RAISE, fresh),
    on_disk("signal write, recovered", "sso-signal write --source monitor", VALID, signal),
    on_disk("signal settle, dismissed", "sso-signal settle", DISMISSED, signal),
    on_disk("signal settle, snoozed", "sso-signal settle", SNOOZED, signal),
    on_disk("signal settle, success", "sso-signal settle", SUCCESS, signal),
    on_disk("signal snooze", "sso-signal snooze demo 1h", "", signal),
    on_disk("signal quiet", "sso-signal quiet demo", "", signal),
    on_disk("signal mode", "sso-signal mode auto", "", fresh),
    on_disk("signal request", "sso-signal request demo", "", signal),
    then(on_disk("signal clear", "sso-signal clear demo", "", signal), "sso-signal clear demo", &[1]),
    then(
        on_disk("signal notify", "sso-signal notify -- true", "", signal),
        "sso-signal notify -- true",
        &[1],
    ),
    then(
        on_disk("lock acquire", "sso-lock acquire work --ttl 1h", "", fresh),
        "sso-lock acquire work",
        &[75],
    ),
    on_disk("lock run", "sso-lock run work -- true", "", fresh),
    on_disk("cache repair", "sso-cache repair", "", torn),
    on_disk("cache prune", "sso-cache prune --expired", "", stale),
    on_disk("profile write", WRITE, "", fresh),
    then(
        on_disk("profile remove", "sso-profile remove demo-admin", "", fresh),
        "sso-profile remove demo-admin",
        &[78],
    ),
    on_disk("profile key set", "sso-profile key set --env dev --key B --vault aws.iam.sso demo", "", keys),
    then(
        on_disk("profile key remove", "sso-profile key remove --env dev --key A", "", keys),
        "sso-profile key remove --env dev --key A",
        &[1],
    ),
    at_service("login, the first", DEVICE, fresh),
    at_service("login --force", "sso-login --via device --no-browser --force demo", session),
    at_service("login refresh", "sso-login refresh demo", expired),
    at_service("login credentials", "sso-login credentials demo", expired),
    at_service("login logout", "sso-login logout demo", session),
    at_service(
        "login setup",
        "sso-login setup corp --start-url https://d-1234567890.awsapps.com/start --sso-region us-east-1 --all --via device --no-browser",
        fresh,
    ),
];
