//! Credentials for containers: handed out while they are good, renewed once for all, and missed out loud.

use std::fs;
use std::io::{PipeReader, PipeWriter, Read as _, Write as _, pipe};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::json;

use super::serving::{Reply, Serving};
use crate::login::bench::Bench;
use crate::support::until;

#[test]
fn an_sdk_gets_what_it_expects_for_the_token_of_the_profile_alone() {
    let bench = Bench::logged_in("");
    let serving = Serving::start(&bench, "--credentials demo --credentials demo-admin", &[]);
    let one = &serving.listening["credentials"][0];
    let file = one["tokenFile"].as_str().unwrap();
    assert!(file.ends_with(".aws/sso-renewer/serve/credentials/demo.token"), "{file}");
    assert_eq!(one["url"], format!("http://{}/credentials/demo", serving.host));
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    let token = serving.token_of("demo");
    assert!(!token.contains(char::is_whitespace));
    let answer = serving.credentials("demo");
    answer.has("cache-control: no-store");
    let body = answer.is(200);
    assert!(body["AccessKeyId"].as_str().unwrap().starts_with("ASIA"), "{body}");
    assert!(
        ["SecretAccessKey", "Token", "RoleArn"].iter().all(|key| !body[key].as_str().unwrap().is_empty())
    );
    assert_eq!(
        (&body["AccountId"], &body["Expiration"]),
        (&json!("111122223333"), &json!("2026-11-21T13:00:00Z"))
    );
    for given in ["", "wrong", &token[1..], &serving.token_of("demo-admin"), &format!("{token}x")] {
        serving.get("/credentials/demo", &[("Authorization", given)]).refuses(
            401,
            "unauthorized",
            "isn't the token of this profile",
        );
    }
    serving.get("/credentials/demo", &[]).refuses(401, "unauthorized", "there is no Authorization header");
    for path in ["/credentials/other", "/credentials/%ff"] {
        serving.get(path, &[("Authorization", &token)]).refuses(404, "unknown-profile", "--credentials");
    }
    assert_eq!(
        serving.get("/credentials/demo", &[("Authorization", &format!("Bearer {token}"))]).status,
        200
    );
    assert_eq!(bench.count("GetRoleCredentials"), 1);
    // The same token after a restart: a container keeps the one that it has read.
    serving.stop(Signal::TERM);
    assert_eq!(Serving::start(&bench, "--credentials demo", &[]).token_of("demo"), token);
    bench.run("sso-login serve --listen 0 --credentials nobody").exits(78).says("profile `nobody`");
}

#[test]
fn every_profile_is_handed_out_if_that_is_wanted() {
    let bench = Bench::logged_in("");
    let serving = Serving::start(&bench, "--all-profiles", &[]);
    let all = serving.listening["credentials"].as_array().unwrap().len();
    assert_eq!(all, 3);
    serving.credentials("demo-admin").is(200);
    bench.configure(|text| format!("{text}\n[profile \"a/new one\"]\nsso_session = sandbox\nsso_account_id = 111122223333\nsso_role_name = Developer\n"));
    let file = bench.home().join(".aws/sso-renewer/serve/credentials/a%2Fnew%20one.token");
    while !file.exists() {
        std::thread::yield_now();
    }
    let token = fs::read_to_string(file).unwrap();
    serving.get("/credentials/a%2Fnew%20one", &[("Authorization", &token)]).is(200);
}

#[test]
fn a_missed_session_is_a_reminder_and_its_return_ends_it() {
    let bench = Bench::start("");
    let serving = Serving::start(&bench, "--credentials demo", &[]);
    let reply = serving.credentials("demo");
    reply.refuses(401, "expired", "run: sso-login demo");
    let missed = serving.document();
    assert_eq!(
        (&missed["profile"], &missed["loginRequired"], &missed["episode"]),
        (&json!("demo"), &json!(true), &json!("missing"))
    );
    assert!(missed["reason"].as_str().unwrap().contains("sandbox"), "{missed}");
    // Said once, however often a container asks.
    serving.credentials("demo").is(401);
    assert!(serving.has_no_document());
    bench.device("demo").succeeds("success");
    // Nobody has to ask for it to be noticed.
    let back = serving.document();
    assert_eq!((&back["profile"], &back["loginRequired"]), (&json!("demo"), &json!(false)));
    serving.credentials("demo").is(200);
    // After a logout nothing is handed out, whatever the cache has.
    let cached = bench.home().join(".aws/cli/cache");
    let kept = fs::read_dir(&cached).unwrap().next().unwrap().unwrap().path();
    let text = fs::read(&kept).unwrap();
    bench.run("sso-login logout demo").exits(0);
    fs::write(&kept, text).unwrap();
    serving.credentials("demo").refuses(401, "expired", "run: sso-login demo");
    assert_eq!(serving.document()["loginRequired"], true);
    // A session that comes back while no server runs ends its reminder, too.
    serving.stop(Signal::TERM);
    bench.device("demo").succeeds("success");
    assert_eq!(Serving::start(&bench, "--credentials demo", &[]).document()["loginRequired"], false);
}

#[test]
fn good_credentials_outlast_an_expired_session_with_a_reminder() {
    let bench = Bench::logged_in("--role-lifetime 12h");
    bench.run("sso-login credentials demo").exits(0);
    let mut token = bench.token();
    token["expiresAt"] = json!("2026-11-21T11:00:00Z");
    token.as_object_mut().unwrap().remove("refreshToken");
    bench.set_token(&token);
    let serving = Serving::start(&bench, "--credentials demo", &[]);
    serving.credentials("demo").is(200);
    let missed = serving.document();
    assert_eq!(
        (&missed["loginRequired"], &missed["episode"]),
        (&json!(true), &json!("2026-11-21T11:00:00Z"))
    );
}

#[test]
fn a_session_that_the_portal_refuses_is_missed_whatever_its_file_says() {
    let bench = Bench::logged_in("");
    bench.served.tell("/sandbox/sign-out", &json!({}));
    let serving = Serving::start(&bench, "--credentials demo", &[]);
    serving.credentials("demo").refuses(401, "expired", "--force");
    assert_eq!(serving.document()["loginRequired"], true);
    bench.device("demo --force").succeeds("success");
    serving.credentials("demo").is(200);
}

#[test]
fn fifty_requests_for_an_expired_access_token_make_one_renewal() {
    let bench = Bench::logged_in("");
    let mut token = bench.token();
    token["expiresAt"] = json!("2026-11-21T11:00:00Z");
    bench.set_token(&token);
    let serving = Serving::start(&bench, "--credentials demo", &[]);
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..50).map(|_| scope.spawn(|| serving.credentials("demo").status)).collect();
        assert!(all.into_iter().all(|one| one.join().unwrap() == 200));
    });
    assert_eq!((bench.count("CreateToken"), bench.count("GetRoleCredentials")), (1, 1));
}

#[test]
fn what_is_no_session_s_fault_makes_no_reminder() {
    let bench = Bench::logged_in("");
    let serving = Serving::start(&bench, "--credentials demo", &[]);
    bench.faults(&json!({"fail": ["GetRoleCredentials=503"]}));
    serving.credentials("demo").has("retry-after").refuses(503, "unreachable", "can't be reached");
    bench.faults(&json!({"error": ["GetRoleCredentials=ForbiddenException"], "fail": []}));
    serving.credentials("demo").refuses(403, "forbidden", "no access to role");
    assert!(serving.has_no_document());
}

#[test]
fn static_keys_are_handed_out_with_an_end_that_makes_sdks_look_again() {
    let bench = Bench::start("");
    bench.configure(|text| {
        format!("{text}\n[profile keys]\naws_access_key_id = AKIA\naws_secret_access_key = s\n")
    });
    let serving = Serving::start(&bench, "--credentials keys", &[]);
    let body = serving.credentials("keys").is(200);
    assert_eq!(
        (&body["AccessKeyId"], &body["Token"], &body["Expiration"]),
        (&json!("AKIA"), &json!(""), &json!("2026-11-21T13:00:00Z"))
    );
}

#[test]
fn a_reminder_that_nobody_heard_is_said_again() {
    let bench = Bench::start("");
    let (reader, writer) = pipe().unwrap();
    let (mut child, host) = serving_into(&bench, &reader, writer, Stdio::null());
    drop(reader);
    let token = token_of_demo(&bench);
    Reply::to(&host, &ask_for_demo(&host, &token)).refuses(401, "expired", "run: sso-login demo");
    assert_eq!(child.wait().unwrap().code(), Some(74), "a server that nobody hears fails");
    let serving = Serving::start(&bench, "--credentials demo", &[]);
    serving.credentials("demo").refuses(401, "expired", "run: sso-login demo");
    assert_eq!(serving.document()["loginRequired"], true);
}

#[test]
fn a_reader_or_a_log_that_stands_still_holds_nobody_up() {
    let bench = Bench::start("");
    let ((reader, mut writer), (log, log_writer)) = (pipe().unwrap(), pipe().unwrap());
    let (mut child, host) = serving_into(&bench, &reader, writer.try_clone().unwrap(), log_writer.into());
    // All that a pipe takes (pipe(7)): the document has no room.
    writer.write_all(" ".repeat(1 << 16).as_bytes()).unwrap();
    let token = token_of_demo(&bench);
    Reply::to(&host, &ask_for_demo(&host, &token)).refuses(401, "expired", "run: sso-login demo");
    // More lines than a pipe takes.
    let healthz = format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    for _ in 0..2200 {
        Reply::to(&host, &healthz).is(200);
    }
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    drop((reader, log));
}

/// A server that writes into a pipe; its first document is read already.
fn serving_into(bench: &Bench, mut reader: &PipeReader, writer: PipeWriter, log: Stdio) -> (Child, String) {
    let mut command = bench.command("sso-login serve --listen 127.0.0.1:0 --credentials demo");
    let child = command.stdout(writer).stderr(log).spawn().unwrap();
    // What it has of the pipe's ends goes with it.
    drop(command);
    let mut first = Vec::new();
    while first.last() != Some(&b'\n') {
        let mut byte = [0];
        reader.read_exact(&mut byte).unwrap();
        first.push(byte[0]);
    }
    let first: serde_json::Value = serde_json::from_slice(&first).unwrap();
    (child, first["url"].as_str().unwrap().trim_start_matches("http://").to_owned())
}

fn token_of_demo(bench: &Bench) -> String {
    fs::read_to_string(bench.home().join(".aws/sso-renewer/serve/credentials/demo.token")).unwrap()
}

fn ask_for_demo(host: &str, token: &str) -> String {
    format!(
        "GET /credentials/demo HTTP/1.1\r\nHost: {host}\r\nAuthorization: {token}\r\nConnection: close\r\n\r\n"
    )
}

#[test]
fn a_pipe_into_write_raises_and_clears_the_signal() {
    let bench = Bench::start("");
    let log = bench.file("pipe.log");
    let script = format!(
        "sso-login serve --listen 127.0.0.1:0 --credentials demo 2>/dev/null | tee '{}' | sso-signal write --source sso-serve",
        log.display()
    );
    let mut command = bench.command("bash");
    command.args(["-euo", "pipefail", "-c", &script]).stdout(Stdio::null()).process_group(0);
    let pipe = Pipe(command.spawn().unwrap());
    until("the server listens", || fs::read_to_string(&log).is_ok_and(|text| text.ends_with('\n')));
    let text = fs::read_to_string(&log).unwrap();
    let listening: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let host = listening["url"].as_str().unwrap().trim_start_matches("http://").to_owned();
    let token = fs::read_to_string(listening["credentials"][0]["tokenFile"].as_str().unwrap()).unwrap();
    let ask = || {
        ureq::get(format!("http://{host}/credentials/demo"))
            .header("authorization", &token)
            .config()
            .http_status_as_error(false)
            .proxy(None)
            .build()
            .call()
            .unwrap()
            .status()
            .as_u16()
    };
    assert_eq!(ask(), 401);
    let is_raised = || bench.run("sso-signal read").stdout.contains("\"demo\"");
    until("the signal stands", is_raised);
    assert!(bench.run("sso-signal read").stdout.contains("sso-serve"));
    bench.device("demo").succeeds("success");
    until("the signal is gone", || !is_raised());
    assert_eq!(ask(), 200);
    drop(pipe);
}

/// A pipe of processes in a group of its own, of which none outlives the test.
struct Pipe(Child);

impl Drop for Pipe {
    fn drop(&mut self) {
        let group = Pid::from_raw(i32::try_from(self.0.id()).unwrap()).unwrap();
        let _ = kill_process_group(group, Signal::KILL);
        let _ = self.0.wait();
    }
}
