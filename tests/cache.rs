//! `sso-cache` as a process: what it promises in pipes, to a person, and to the AWS CLI's own code.

#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a failing test panics")]
#![expect(unreachable_pub, reason = "modules of a test see each other's functions")]

mod support;

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use sso_cache::folder::Cache;
use sso_cache::key::{self, Registrant, Session};
use sso_cache::registration::{Flow, Registration};
use sso_cache::token::Token;
use sso_signal::time;
use support::{Sandbox, end, peer, python};

const URL: &str = "https://d-1234567890.awsapps.com/start";
const PROFILE: &str = r#"{"profile":"cc","kind":"sso-session","ssoSession":"corp","accountId":"111122223333","roleName":"R","x":1}"#;
const BEFORE: &str = "2026-11-21T11:00:00Z";
const AFTER: &str = "2026-11-21T13:00:00Z";

fn token_file(sandbox: &Sandbox, session: Session<'_>) -> std::path::PathBuf {
    Cache::of_home(sandbox.home()).token(session)
}

fn put_token(sandbox: &Sandbox, session: Session<'_>, changes: &Value) {
    let mut token = json!({
        "startUrl": URL, "region": "eu-west-1", "accessToken": "aoa-CANARY", "expiresAt": AFTER, "clientId": "id-CANARY",
        "clientSecret": "cs-CANARY", "registrationExpiresAt": "2027-01-01T00:00:00Z", "refreshToken": "aor-CANARY",
        "idToken": "idt-CANARY",
    });
    for (key, value) in changes.as_object().unwrap() {
        token[key] = value.clone();
    }
    fs::write(token_file(sandbox, session), token.to_string()).unwrap();
}

fn put_role(sandbox: &Sandbox, session: Session<'_>, expires_at: &str) {
    let path = Cache::of_home(sandbox.home()).role("111122223333", "R", session);
    let credentials = json!({"ProviderType": "sso", "Credentials": {
        "AccessKeyId": "ASIACANARY", "SecretAccessKey": "s-CANARY", "SessionToken": "t-CANARY",
        "Expiration": expires_at, "AccountId": "111122223333"}});
    fs::write(path, credentials.to_string()).unwrap();
}

const CORP: Session<'_> = Session::Named("corp");

/// Checks `PROFILE` after `prepare`, with `-e`, and the main points of the answer.
#[track_caller]
fn check(prepare: impl FnOnce(&Sandbox), code: i32, state: &str, reason: &str) -> Value {
    let sandbox = Sandbox::new();
    prepare(&sandbox);
    let ended = sandbox.feed("sso-cache check -e", PROFILE);
    assert_eq!((ended.code, ended.stderr.as_str()), (code, ""));
    let document = ended.document();
    assert_eq!(document["token"]["state"], state, "{document}");
    assert_eq!(document["reason"], format!("SSO session \"corp\": {reason}"), "{document}");
    assert_eq!(document["loginRequired"], code == 77, "{document}");
    assert_eq!(document.get("episode").is_some(), code == 77, "{document}");
    document
}

#[test]
fn a_valid_token_needs_no_login() {
    let document = check(
        |sandbox| {
            put_token(sandbox, CORP, &json!({}));
            put_role(sandbox, CORP, "2026-11-21T12:10:00Z");
        },
        0,
        "valid",
        "access token valid until 2026-11-21T13:00:00Z",
    );
    let keys: Vec<_> = document.as_object().unwrap().keys().map(String::as_str).collect();
    let theirs = ["profile", "kind", "ssoSession", "accountId", "roleName", "x"];
    assert_eq!(keys, [&theirs[..], &["token", "credentials", "loginRequired", "reason"]].concat());
    let token = document["token"].as_object().unwrap();
    let keys: Vec<_> = token.keys().map(String::as_str).collect();
    assert_eq!(keys, ["state", "expiresAt", "refreshable", "registrationExpiresAt", "file"]);
    assert_eq!(token["refreshable"], true);
    assert!(
        token["file"]
            .as_str()
            .unwrap()
            .ends_with(".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json")
    );
    // The AWS CLI's 15 minutes are a rule for use; what is shown is the true expiry.
    assert_eq!(document["credentials"], json!({"state": "valid", "expiresAt": "2026-11-21T12:10:00Z"}));
}

#[test]
fn a_refreshable_token_wakes_nobody() {
    let words = "access token expired at 2026-11-21T11:00:00Z and can be refreshed without a login";
    check(|sandbox| put_token(sandbox, CORP, &json!({"expiresAt": BEFORE})), 0, "refreshable", words);
}

#[test]
fn an_expired_token_says_which_of_the_things_that_expire_has_expired() {
    for (changes, why) in [
        (json!({"registrationExpiresAt": BEFORE}), "registration expired at 2026-11-21T11:00:00Z"),
        (json!({"refreshToken": null}), "no refresh token"),
        (json!({"clientSecret": null}), "no client registration in the token file"),
        (json!({"registrationExpiresAt": null}), "no registration expiry in the token file"),
    ] {
        let mut changes = changes;
        changes["expiresAt"] = "2026-11-21 11:00:00.5".into();
        let reason = format!("access token expired at 2026-11-21T11:00:00Z and can't be refreshed ({why})");
        let document = check(|sandbox| put_token(sandbox, CORP, &changes), 77, "expired", &reason);
        assert_eq!(document["episode"], "2026-11-21T11:00:00Z");
        assert_eq!(document["token"]["refreshable"], false);
    }
}

#[test]
fn role_credentials_that_outlive_the_session_are_told_apart_from_it() {
    let words = "no token in the cache (never logged in, or logged out)";
    let document = check(|_| {}, 77, "missing", words);
    assert_eq!(
        (&document["episode"], &document["credentials"]),
        (&json!("missing"), &json!({"state": "missing"}))
    );
    let token = &document["token"];
    assert_eq!((token["refreshable"].as_bool(), token.get("expiresAt")), (Some(false), None));

    let reason = format!("{words}; role credentials still good until {AFTER}");
    check(|sandbox| put_role(sandbox, CORP, AFTER), 77, "missing", &reason);

    let reason = format!(
        "access token valid until {AFTER}; role credentials expired at {BEFORE}, new ones come with the token"
    );
    let prepare = |sandbox: &Sandbox| {
        put_token(sandbox, CORP, &json!({}));
        put_role(sandbox, CORP, BEFORE);
    };
    check(prepare, 0, "valid", &reason);
}

#[test]
fn a_corrupt_file_needs_a_login_and_never_crashes_or_blocks() {
    let write = |content: &'static str| {
        move |sandbox: &Sandbox| fs::write(token_file(sandbox, CORP), content).unwrap()
    };
    let json = "the token file is not one whole JSON object";
    for (content, reason) in [
        ("", "the token file is empty"),
        ("{\"accessToken\": \"CANARY", json),
        ("{\"accessToken\":\"CANARY\",\"expiresAt\":\"2026-11-21T13:00:00Z\"}\"}", json),
        ("{\"accessToken\":\"CANARY\",\"accessToken\":\"CANARY\"}", json),
        ("[\"CANARY\"]", json),
        ("{\"expiresAt\":\"2026-11-21T13:00:00Z\"}", "the token file has no accessToken"),
        (
            "{\"accessToken\":\"CANARY\",\"expiresAt\":\"CANARY\"}",
            "the token file has no expiresAt that is a timestamp",
        ),
    ] {
        let document = check(write(content), 77, "corrupt", reason);
        assert_eq!(document["episode"], "missing");
    }
    check(
        |s| drop(fs::create_dir(token_file(s, CORP))),
        77,
        "corrupt",
        "the token file is not a regular file",
    );
    let fifo = |s: &Sandbox| {
        assert!(Command::new("mkfifo").arg(token_file(s, CORP)).status().unwrap().success());
    };
    check(fifo, 77, "corrupt", "the token file is not a regular file");
    let corrupt_role = |s: &Sandbox| {
        put_token(s, CORP, &json!({}));
        fs::write(Cache::of_home(s.home()).role("111122223333", "R", CORP), "{").unwrap();
    };
    let reason =
        format!("access token valid until {AFTER}; the role credentials file is not one whole JSON object");
    let document = check(corrupt_role, 0, "valid", &reason);
    assert_eq!(document["credentials"], json!({"state": "corrupt"}));
}

#[test]
fn a_token_behind_a_link_is_read() {
    let prepare = |sandbox: &Sandbox| {
        put_token(sandbox, CORP, &json!({}));
        let path = token_file(sandbox, CORP);
        fs::rename(&path, sandbox.home().join("token")).unwrap();
        symlink(sandbox.home().join("token"), path).unwrap();
    };
    check(prepare, 0, "valid", "access token valid until 2026-11-21T13:00:00Z");
}

#[test]
fn a_legacy_profile_is_found_by_its_start_url_and_says_so() {
    let sandbox = Sandbox::new();
    let input =
        json!({"profile": "old", "kind": "sso-legacy", "ssoSession": null, "startUrl": URL}).to_string();
    put_token(&sandbox, Session::Legacy(URL), &json!({"expiresAt": BEFORE, "refreshToken": null}));
    let document = sandbox.feed("sso-cache check", &input).exits(0).document();
    assert_eq!(
        document["reason"],
        format!(
            "SSO start URL \"{URL}\": access token expired at {BEFORE} and can't be refreshed (legacy profile without sso_session: no refresh token)"
        )
    );
    assert_eq!(document.get("credentials"), None);
}

#[test]
fn profiles_without_sso_are_no_ones_login() {
    let sandbox = Sandbox::new();
    for (kind, words) in [
        ("static", "static keys"),
        ("process", "a credential process"),
        ("assume-role", "a role of another profile"),
        ("web-identity", "a web identity token"),
        ("none", "no credentials in the config"),
        ("new-one", "new-one"),
    ] {
        let document = sandbox.feed("sso-cache check -e", &json!({"profile": "p", "kind": kind}).to_string());
        let reason = format!("not an SSO profile ({words})");
        let expected = json!({"profile": "p", "kind": kind, "loginRequired": false, "reason": reason});
        assert_eq!(document.exits(0).document(), expected);
    }
}

#[test]
fn a_profile_that_cannot_be_resolved_wakes_nobody() {
    let sandbox = Sandbox::new();
    let input = r#"{"profile":"x","error":"no sso-session `y`","loginRequired":true,"episode":"missing"}"#;
    let expected = json!({"profile": "x", "error": "no sso-session `y`", "reason": "no sso-session `y`"});
    assert_eq!(sandbox.feed("sso-cache check", input).exits(0).document(), expected);
    let ended = sandbox.feed("sso-cache check -e", input);
    assert_eq!((ended.code, ended.stderr.as_str()), (78, ""));
}

#[test]
fn events_pass_untouched_and_are_no_answer() {
    let sandbox = Sandbox::new();
    let event = r#"{"event":"authorize","reason":"r","loginRequired":true}"#;
    let ended = sandbox.feed("sso-cache check -e", &format!("{PROFILE}{event}"));
    assert_eq!(ended.code, 77);
    assert_eq!(ended.documents()[1], serde_json::from_str::<Value>(event).unwrap());
    sandbox.feed("sso-cache check -e", event).exits(65).says("no profile document");
}

#[test]
fn keys_of_an_earlier_check_are_replaced() {
    let sandbox = Sandbox::new();
    let once = sandbox.feed("sso-cache check", PROFILE).exits(0).stdout;
    assert_eq!(sandbox.feed("sso-cache check", &once).exits(0).stdout, once);
    put_token(&sandbox, CORP, &json!({}));
    let document = sandbox.feed("sso-cache check", &once).exits(0).document();
    assert_eq!((document.get("episode"), &document["loginRequired"]), (None, &json!(false)));
}

#[test]
fn a_document_without_profile_data_is_refused_with_the_next_command() {
    let sandbox = Sandbox::new();
    let ended = sandbox.feed("sso-cache check", r#"{"profile":"x"}"#).exits(65).says("`ssoSession`");
    assert!(
        ended.stderr.contains("sso-cache: hint: sso-profile show x | sso-cache check\n"),
        "{}",
        ended.stderr
    );
    let ended = sandbox.feed("sso-cache check", &format!("{PROFILE}\n{{")).exits(65).says("line 2, column 1");
    assert_eq!(ended.documents().len(), 1);
    sandbox.feed("sso-cache check", r#"{"ssoSession":1}"#).exits(65).says("`ssoSession`");
}

#[test]
fn the_last_answer_is_the_status_and_only_if_asked_for() {
    let sandbox = Sandbox::new();
    put_token(&sandbox, CORP, &json!({}));
    let other = r#"{"ssoSession":"other"}"#;
    for (line, input, code) in [
        ("sso-cache check", other.to_owned(), 0),
        ("sso-cache check --exit-status", format!("{PROFILE}{other}"), 77),
        ("sso-cache check -e", format!("{other}{PROFILE}"), 0),
    ] {
        let ended = sandbox.feed(line, &input);
        assert_eq!((ended.code, ended.stderr.as_str()), (code, ""), "{line}");
    }
    sandbox.run("sso-cache check").exits(0);
    sandbox.run("sso-cache check -e").exits(65).says("no profile document");
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_and_no_login() {
    let sandbox = Sandbox::new();
    fs::remove_dir(sandbox.token_dir()).unwrap();
    fs::write(sandbox.token_dir(), "").unwrap();
    let ended = sandbox.feed("sso-cache check", PROFILE).exits(74).says("sso-cache: cannot read ");
    assert_eq!(ended.stdout, "");
    sandbox.run("sso-cache list").exits(74).says("sso-cache: cannot list ");
}

#[test]
fn no_permission_is_an_error_and_no_login() {
    let Some(strace) = peer("SSO_TEST_STRACE", "strace") else { return };
    let sandbox = Sandbox::new();
    put_token(&sandbox, CORP, &json!({}));
    let traced = |line: &str| {
        let mut command = sandbox.command(&strace);
        let file = token_file(&sandbox, CORP);
        command.args(["-o", "/dev/null", "-e", "inject=openat:error=EACCES", "-P"]).arg(file);
        let mut words = line.split(' ');
        command.arg(support::tool(words.next().unwrap())).args(words);
        end(command, PROFILE)
    };
    traced("sso-cache check").exits(74).says("Permission denied");
    let ended = traced("sso-cache list").exits(74).says("1 of the cache's files cannot be read");
    assert!(ended.document()["error"].as_str().unwrap().contains("Permission denied"), "{}", ended.stdout);
}

/// A running `sso-cache check --every`.
struct Monitor {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Monitor {
    fn start(sandbox: &Sandbox, every: &str, input: &str) -> Self {
        let mut command = sandbox.tool(&format!("sso-cache check --every {every}"));
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    fn next(&mut self) -> Value {
        serde_json::from_str(&self.lines.next().unwrap().unwrap()).unwrap()
    }

    /// Waits for its end, which must be quiet and good.
    fn ends(self) {
        drop(self.lines);
        let output = self.child.wait_with_output().unwrap();
        assert_eq!(
            (output.status.code(), String::from_utf8(output.stderr).unwrap()),
            (Some(0), String::new())
        );
    }
}

#[test]
fn the_monitor_repeats_every_profile_and_sees_changes_and_mishaps() {
    let sandbox = Sandbox::new();
    let mut monitor =
        Monitor::start(&sandbox, "1s", &format!("{PROFILE}\n{{\"profile\":\"s\",\"kind\":\"static\"}}"));
    assert_eq!(monitor.next()["token"]["state"], "missing");
    put_token(&sandbox, CORP, &json!({}));
    assert_eq!(monitor.next()["profile"], "s");
    assert_eq!(monitor.next()["token"]["state"], "valid");

    fs::rename(sandbox.token_dir(), sandbox.home().join("kept")).unwrap();
    fs::write(sandbox.token_dir(), "").unwrap();
    assert_eq!(monitor.next()["profile"], "s");
    let failed = monitor.next();
    assert!(failed["error"].as_str().unwrap().starts_with("cannot read "), "{failed}");
    assert_eq!((failed.get("loginRequired"), &failed["reason"]), (None, &failed["error"]));

    fs::remove_file(sandbox.token_dir()).unwrap();
    fs::rename(sandbox.home().join("kept"), sandbox.token_dir()).unwrap();
    assert_eq!(monitor.next()["profile"], "s");
    let healed = monitor.next();
    assert_eq!((healed.get("error"), &healed["loginRequired"]), (None, &json!(false)));
    monitor.ends();
}

#[test]
fn the_monitor_ends_well_when_told_to_or_when_its_reader_goes() {
    let sandbox = Sandbox::new();
    for signal in ["TERM", "INT"] {
        let mut monitor = Monitor::start(&sandbox, "1h", PROFILE);
        monitor.next();
        let pid = monitor.child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
        // It stops although stdout stays open.
        assert_eq!(monitor.child.wait().unwrap().code(), Some(0), "{signal}");
    }
    let mut monitor = Monitor::start(&sandbox, "1h", PROFILE);
    monitor.next();
    monitor.ends();
}

#[test]
fn a_monitor_that_could_not_work_is_refused() {
    let sandbox = Sandbox::new();
    for line in ["--every 0s", "--every 999ms", "--every 60", "--every 60s -e"] {
        assert_eq!(sandbox.feed(&format!("sso-cache check {line}"), PROFILE).code, 2, "{line}");
    }
    sandbox.run("sso-cache check --every 60s").exits(65).says("no profile document");
    let ended =
        sandbox.feed("sso-cache check --every 60s", &format!("{PROFILE}{{\"profile\":\"x\"}}")).exits(65);
    assert_eq!(ended.stdout, "");
    let mut command = sandbox.tool("sso-cache check --every");
    command.env("SSO_CHECK_SECONDS", "0");
    end(command, PROFILE).exits(78).says("SSO_CHECK_SECONDS");
}

#[test]
fn list_tells_every_kind_and_state() {
    let sandbox = Sandbox::new();
    let token =
        |name: &str, value: Value| fs::write(sandbox.token_dir().join(name), value.to_string()).unwrap();
    token(
        "a.json",
        json!({"accessToken": "CANARY", "expiresAt": AFTER, "startUrl": URL, "region": "eu-west-1"}),
    );
    token(
        "b.json",
        json!({"accessToken": "CANARY", "expiresAt": BEFORE, "clientId": "CANARY", "clientSecret": "CANARY",
        "refreshToken": "CANARY", "registrationExpiresAt": 1_900_000_000}),
    );
    token("c.json", json!({"accessToken": "CANARY", "expiresAt": BEFORE}));
    token("d.json", json!({"accessToken": "CANARY"}));
    token(
        "e.json",
        json!({"clientId": "CANARY", "clientSecret": "CANARY", "expiresAt": "2026-11-21T13:00:00UTC"}),
    );
    token("f.json", json!({"clientId": "CANARY"}));
    token("g.json", json!({"other": "CANARY"}));
    fs::write(sandbox.token_dir().join("h.json"), "{\"CANARY\"").unwrap();
    fs::write(sandbox.token_dir().join("i.json.tmp-1"), "CANARY").unwrap();
    fs::create_dir(sandbox.token_dir().join("j.json")).unwrap();
    let keys = json!({"AccessKeyId": "CANARY", "SecretAccessKey": "CANARY", "SessionToken": "CANARY", "Expiration": AFTER,
        "AccountId": "111122223333"});
    fs::write(
        sandbox.role_dir().join("a.json"),
        json!({"ProviderType": "sso", "Credentials": keys}).to_string(),
    )
    .unwrap();
    fs::write(sandbox.role_dir().join("b.json"), json!({"Credentials": keys}).to_string()).unwrap();
    fs::write(sandbox.role_dir().join("session.db"), "SQLite CANARY").unwrap();

    let ended = sandbox.run("sso-cache list").exits(0);
    assert!(!ended.stdout.contains("CANARY"), "{}", ended.stdout);
    let mut lines = String::new();
    for document in ended.documents() {
        let text = |key: &str| document.get(key).and_then(Value::as_str).unwrap_or("-");
        let name = Path::new(text("file")).file_name().unwrap().to_str().unwrap();
        let rest = ["kind", "state", "expiresAt", "region", "accountId"].map(text).join(" ");
        writeln!(lines, "{name} {rest}").unwrap();
    }
    assert_eq!(
        lines,
        "\
a.json token valid 2026-11-21T13:00:00Z eu-west-1 -
b.json token refreshable 2026-11-21T11:00:00Z - -
c.json token expired 2026-11-21T11:00:00Z - -
d.json token corrupt - - -
e.json registration valid 2026-11-21T13:00:00Z - -
f.json registration corrupt - - -
g.json other - - - -
h.json other corrupt - - -
i.json.tmp-1 other - - - -
a.json role-credentials valid 2026-11-21T13:00:00Z - 111122223333
b.json assume-role valid 2026-11-21T13:00:00Z - 111122223333
session.db other - - - -
"
    );
    assert_eq!(sandbox.run("sso-cache list --text").exits(0).stdout.lines().count(), 13);
}

#[test]
fn no_cache_is_an_empty_list() {
    let sandbox = Sandbox::new();
    fs::remove_dir_all(sandbox.home().join(".aws")).unwrap();
    assert_eq!(sandbox.run("sso-cache list").exits(0).stdout, "");
    assert_eq!(sandbox.run("sso-cache list --text").exits(0).stdout, "");
}

#[test]
fn no_secret_is_ever_shown_even_with_the_log_on() {
    let sandbox = Sandbox::new();
    put_role(&sandbox, CORP, AFTER);
    for changes in [
        json!({}),
        json!({"expiresAt": BEFORE}),
        json!({"expiresAt": "CANARY"}),
        json!({"clientSecret": ["CANARY"]}),
        json!({"expiresAt": {"CANARY": 1}}),
    ] {
        put_token(&sandbox, CORP, &changes);
        for line in ["sso-cache check", "sso-cache check --text", "sso-cache list", "sso-cache list --text"] {
            let mut command = sandbox.tool(line);
            command.env("SSO_LOG", "debug");
            let ended = end(command, PROFILE);
            assert_eq!(ended.code, 0, "{line}: {}", ended.stderr);
            assert!(!ended.stdout.contains("CANARY") && !ended.stderr.contains("CANARY"), "{line}");
            assert_eq!(
                ended.stderr.contains("debug: cc: SSO session"),
                line.contains("check"),
                "{}",
                ended.stderr
            );
        }
    }
}

#[test]
fn people_get_a_table_without_tricks() {
    let sandbox = Sandbox::new();
    let input =
        json!({"profile": "a\u{1b}[31m\u{202e}b\nc", "ssoSession": "\u{1b}]0;x\u{7}corp"}).to_string();
    let ended = sandbox.feed("sso-cache check --text", &input).exits(0);
    let lines: Vec<_> = ended.stdout.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with("PROFILE ") && lines[1].starts_with("ab c "), "{lines:?}");
    assert!(
        lines[1].ends_with("SSO session \"corp\": no token in the cache (never logged in, or logged out)")
    );
}

#[test]
fn every_subcommand_has_a_short_and_a_long_help() {
    let sandbox = Sandbox::new();
    for line in ["sso-cache", "sso-cache check", "sso-cache list"] {
        let short = sandbox.run(&format!("{line} -h")).exits(0).stdout;
        let long = sandbox.run(&format!("{line} --help")).exits(0).stdout;
        assert!(
            !short.contains("Examples:") && long.contains("Examples:") && long.contains("Exit status:"),
            "{line}"
        );
    }
    assert_eq!(sandbox.run("sso-cache").code, 2);
}

/// Runs a Python script with JSON on its standard input and JSON on its standard output.
fn ask(sandbox: &Sandbox, python: &Path, script: &str, question: &Value) -> Value {
    let mut command = sandbox.command(python);
    command.args(["-c", script]);
    end(command, &question.to_string()).exits(0).document()
}

/// Free-form texts, the same in every run.
fn texts() -> Vec<String> {
    let mut runner = TestRunner::deterministic();
    let any = (0..200).map(|_| ".{1,12}".new_tree(&mut runner).unwrap().current());
    any.chain(["my", "é", "a\u{7f}b", "\"\\/\u{8}\t", "\u{1f600}", "0"].map(str::to_owned)).collect()
}

#[test]
fn botocore_computes_the_same_token_and_role_keys() {
    let Some(python) = python() else { return };
    let sandbox = Sandbox::new();
    let script = "
import json, sys
from botocore.utils import SSOTokenLoader
from botocore.credentials import SSOCredentialFetcher, AssumeRoleCredentialFetcher
def keys(text):
    loader = SSOTokenLoader()
    role = lambda **name: SSOCredentialFetcher(name.get('url'), 'r', text, text, None, sso_session_name=name.get('session'))._create_cache_key()
    arguments = {'ExternalId': text, 'DurationSeconds': 900, 'Policy': json.dumps({'b': [text, None, True], 'a': {'z': 1, 'c': text}})}
    assume = AssumeRoleCredentialFetcher(None, None, text, extra_args=arguments)
    return [loader._generate_cache_key('u', text), loader._generate_cache_key(text, None), role(session=text), role(url=text), assume._create_cache_key()]
print(json.dumps({'keys': [keys(text) for text in json.load(sys.stdin)]}))
";
    let texts = texts();
    let ours: Vec<_> = texts
        .iter()
        .map(|text| {
            let (named, legacy) = (Session::Named(text), Session::Legacy(text));
            let policy = json!({"b": [text, null, true], "a": {"z": 1, "c": text}});
            let arguments =
                json!({"RoleArn": text, "Policy": policy, "ExternalId": text, "DurationSeconds": 900});
            json!([
                key::token(named),
                key::token(legacy),
                key::role(text, text, named),
                key::role(text, text, legacy),
                key::assume_role(arguments.as_object().unwrap()),
            ])
        })
        .collect();
    assert_eq!(ask(&sandbox, &python, script, &json!(texts))["keys"], json!(ours));
}

#[test]
fn the_aws_cli_computes_the_same_registration_keys() {
    // PyPI's botocore registers nothing; the AWS CLI's own copy does.
    let Some(python) = peer("SSO_TEST_AWS_PYTHON", "/usr/bin/python3") else { return };
    let sandbox = Sandbox::new();
    let script = "
import json, sys
from awscli.botocore.utils import SSOTokenFetcher
def key(text, scopes, session):
    return SSOTokenFetcher(text, None)._registration_cache_key(text, session, scopes)
print(json.dumps({'keys': [[key(t, [t, 'a'], t), key(t, None, t), key(t, None, None)] for t in json.load(sys.stdin)]}))
";
    let texts = texts();
    let ours: Vec<_> = texts
        .iter()
        .map(|text| {
            let scopes = [text.clone(), "a".to_owned()];
            let of = |scopes, session_name| {
                key::registration(Registrant {
                    region: text,
                    scopes,
                    session_name,
                    start_url: text,
                    tool: "botocore",
                })
            };
            json!([of(Some(&scopes[..]), Some(text)), of(None, Some(text)), of(None, None)])
        })
        .collect();
    assert_eq!(ask(&sandbox, &python, script, &json!(texts))["keys"], json!(ours));
}

#[test]
fn botocore_takes_the_files_we_write() {
    let Some(python) = python() else { return };
    let sandbox = Sandbox::new();
    let cache = Cache::of_home(sandbox.home());
    let at = |text: &str| time::parse(text).unwrap();
    let mut token = Token::new("access-é".into(), at("2099-01-01T00:00:00Z"));
    token.start_url = Some(URL.to_owned());
    token.region = Some("eu-west-1".to_owned());
    token.write(&cache.token(Session::Named("corp"))).unwrap();
    let registrant = Registrant {
        region: "eu-west-1",
        scopes: None,
        session_name: Some("corp"),
        start_url: URL,
        tool: Flow::Device.tool(),
    };
    let registration =
        Registration::new("client", "secret-é".into(), at("2099-01-01T00:00:00Z"), Flow::Device);
    registration.write(&cache.registration(registrant)).unwrap();
    sandbox.write(".aws/config", format!("[profile p]\nsso_session = corp\n[sso-session corp]\nsso_start_url = {URL}\nsso_region = eu-west-1\n"));
    let script = "
import json, sys
from botocore.session import Session
from botocore.tokens import SSOTokenProvider
from botocore.utils import JSONFileCache
question = json.load(sys.stdin)
frozen = SSOTokenProvider(Session(profile='p')).load_token().get_frozen_token()
registration = JSONFileCache(question['dir'])[question['key']]
print(json.dumps({'token': frozen.token, 'expiration': frozen.expiration.isoformat(), 'secret': registration['clientSecret']}))
";
    let question = json!({"dir": cache.token_dir(), "key": key::registration(registrant)});
    let expected =
        json!({"token": "access-é", "expiration": "2099-01-01T00:00:00+00:00", "secret": "secret-é"});
    assert_eq!(ask(&sandbox, &python, script, &question), expected);
}
