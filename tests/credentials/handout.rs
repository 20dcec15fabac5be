//! Role credentials: from the cache, from the portal, and why there are none.

use std::fs;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::login::bench::{Bench, after};
use crate::support::{Ended, end, names};

const ROLE: &str = "e4a0dc24a2917f40fd43373c4ce31cb8469d8d3c.json";

fn credentials_after(bench: &Bench, seconds: u32, line: &str) -> Ended {
    let mut command = bench.command(&format!("sso-login credentials {line}"));
    command.env("SSO_NOW", after(seconds));
    end(command, "")
}

fn role_file(bench: &Bench) -> Value {
    let path = bench.home().join(".aws/cli/cache").join(ROLE);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn they_come_from_the_portal_once_and_then_from_the_aws_clis_cache() {
    let bench = Bench::logged_in("");
    let first = bench.run("sso-login credentials demo").exits(0);
    let printed: Value = serde_json::from_str(&first.stdout).unwrap();
    assert_eq!(printed["Version"], 1);
    assert_eq!(printed["Expiration"], "2026-11-21T13:00:00Z");

    let file = role_file(&bench);
    assert_eq!(file["ProviderType"], "sso");
    assert_eq!(file["Credentials"]["SessionToken"], printed["SessionToken"]);
    assert_eq!(file["Credentials"]["Expiration"], "2026-11-21T13:00:00Z");
    assert_eq!(file["Credentials"]["AccountId"], "111122223333");

    // A quarter of an hour is left: still good, without a question to anybody, and without a session.
    fs::remove_dir_all(bench.cache()).unwrap();
    assert_eq!(credentials_after(&bench, 45 * 60, "demo").exits(0).stdout, first.stdout);
    assert_eq!(bench.count("GetRoleCredentials"), 1);
}

#[test]
fn with_less_than_a_quarter_of_an_hour_left_new_ones_come() {
    let bench = Bench::logged_in("");
    let first = bench.run("sso-login credentials demo").exits(0).stdout;
    bench.forward(45 * 60 + 1);
    let second = credentials_after(&bench, 45 * 60 + 1, "demo").exits(0).stdout;
    assert_ne!(first, second);
    assert_eq!(bench.count("GetRoleCredentials"), 2);
}

#[test]
fn a_torn_token_file_is_called_so() {
    let bench = Bench::logged_in("");
    for file in fs::read_dir(bench.home().join(".aws/sso/cache")).unwrap() {
        fs::write(file.unwrap().path(), r#"{"startUrl": "https://d-12345"#).unwrap();
    }
    bench.run("sso-login credentials demo").exits(77).says(
        "profile \"demo\": the token file of SSO session \"sandbox\" is not one whole JSON object; run: sso-login demo",
    );
}

#[test]
fn a_torn_cache_entry_is_replaced() {
    let bench = Bench::logged_in("");
    bench.run("sso-login credentials demo").exits(0);
    fs::write(bench.home().join(".aws/cli/cache").join(ROLE), r#"{"ProviderType": "sso", "Cred"#).unwrap();
    bench.run("sso-login credentials demo").exits(0);
    assert_eq!(role_file(&bench)["ProviderType"], "sso");
}

#[test]
fn a_document_has_all_five_and_what_they_are_for() {
    let bench = Bench::logged_in("");
    let document = bench.run("sso-login credentials demo --format json").exits(0).document();
    for key in ["AccessKeyId", "SecretAccessKey", "SessionToken"] {
        assert!(document[key].as_str().is_some_and(|text| !text.is_empty()), "{key}");
    }
    assert_eq!(
        json!([
            document["profile"],
            document["Version"],
            document["Expiration"],
            document["accountId"],
            document["roleName"],
            document["region"]
        ]),
        json!(["demo", 1, "2026-11-21T13:00:00Z", "111122223333", "Developer", "eu-west-1"])
    );
    let input = "{\"profile\":\"demo\",\"mine\":1}\n{\"profile\":\"nobody\"}\n{\"profile\":\"other\"}\n";
    let documents = bench.feed("sso-login credentials --format json", input).exits(0).documents();
    assert_eq!((&documents[0]["mine"], &documents[0]["Version"]), (&json!(1), &json!(1)));
    assert_eq!(documents[1]["error"], "unknown-profile");
    assert_eq!(documents[2]["error"], "expired");
}

#[test]
fn with_documents_on_stdin_it_is_a_filter_that_loses_nothing() {
    let bench = Bench::logged_in("");
    let input = "{\"mine\":1,\"profile\":\"demo\"}{\"event\":\"x\"}\n{\"profile\":\"other\",\"a\":[]}\n{\"profile\":\"nobody\"}";
    let documents = bench.feed("sso-login credentials", input).exits(0).documents();
    assert_eq!(documents.len(), 4);
    assert_eq!((&documents[0]["mine"], &documents[0]["Version"]), (&json!(1), &json!(1)));
    assert_eq!(documents[1], json!({"event": "x"}));
    assert_eq!((&documents[2]["a"], &documents[2]["error"]), (&json!([]), &json!("expired")));
    assert_eq!(documents[3]["error"], "unknown-profile");
    for (profile, code) in [("demo", 0), ("other", 77), ("nobody", 78)] {
        let input = format!("{{\"profile\":\"{profile}\"}}");
        let ended = bench.feed("sso-login credentials -e", &input).exits(code);
        assert_eq!(ended.document()["profile"], profile);
    }
    assert_eq!(bench.run("sso-login credentials -").exits(0).stdout, "");
}

#[test]
fn a_credential_process_does_not_touch_its_stdin() {
    let bench = Bench::logged_in("");
    let expected = bench.run("sso-login credentials demo").exits(0).stdout;
    assert!(expected.starts_with("{\n  \"Version\": 1,\n"), "{expected}");
    // An SDK may have inherited any: one that stays open, one that is empty, one with somebody's documents, none.
    for line in [
        ": | sso-login credentials demo",
        "sso-login credentials demo < /dev/null",
        "sso-login credentials demo <&-",
        "printf '{\"profile\":\"other\"}rest' | { sso-login credentials demo && test \"$(cat)\" = '{\"profile\":\"other\"}rest'; }",
        ": | AWS_PROFILE=demo sso-login credentials",
        "AWS_PROFILE=demo sso-login credentials <&-",
    ] {
        let mut command = bench.command("bash -uc");
        command.arg(line);
        assert_eq!(end(command, "").exits(0).stdout, expected, "{line}");
    }
    let mut command = bench.command("sso-login credentials demo");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let held_open = child.stdin.take();
    assert_eq!(Ended::of(&child.wait_with_output().unwrap(), "held open").exits(0).stdout, expected);
    drop(held_open);
}

#[test]
fn what_an_earlier_tool_could_not_answer_is_handed_on_untouched() {
    let bench = Bench::logged_in("");
    // The keys of a role that nobody could list; there is no profile, and that of AWS_PROFILE isn't meant.
    let failed = "{\"error\":\"expired\",\"accountId\":\"111122223333\",\"reason\":\"it is over\"}\n";
    for tool in ["credentials", "credentials --format json", "whoami", "refresh", "accounts", "logout"] {
        for (input, status) in [
            (failed.to_owned(), 77),
            (failed.replace("expired", "denied"), 78),
            (failed.replace("expired", "unreachable"), 69),
            (
                failed.replace("{\"error\"", "{\"profile\":\"demo\",\"error\"").replace("expired", "no such"),
                78,
            ),
        ] {
            let run = |flag: &str| {
                let mut command = bench.command(&format!("sso-login {tool} {flag}"));
                command.env("AWS_PROFILE", "demo");
                end(command, &input)
            };
            assert_eq!(run("").exits(0).stdout, input, "{tool}");
            let ended = run("-e").exits(status);
            assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), (input.as_str(), ""), "{tool}");
        }
    }
    let mut command = bench.command("sso-login credentials --format env");
    command.env("AWS_PROFILE", "demo");
    assert_eq!(end(command, failed).exits(77).says("an earlier tool failed: it is over").stdout, "");
    assert_eq!(bench.counts()[2], 0);
}

#[test]
fn an_old_session_is_renewed_on_the_way() {
    let bench = Bench::logged_in("");
    bench.forward(3600);
    credentials_after(&bench, 3600, "demo").exits(0);
    assert_eq!(bench.counts()[1], 1);
}

#[test]
fn a_session_that_is_over_is_one_line_with_the_command_that_helps() {
    let bench = Bench::logged_in("");
    bench.forward(9 * 3600);
    for attempt in 0..3 {
        let ended = credentials_after(&bench, 9 * 3600, "demo").exits(77);
        assert_eq!(
            (ended.stdout.as_str(), ended.stderr.as_str()),
            ("", "sso-login: profile \"demo\": SSO session \"sandbox\" has expired; run: sso-login demo\n"),
        );
        // Once refused, the refresh token isn't tried again.
        assert_eq!(bench.count("CreateToken"), 1, "{attempt}");
    }
    let never = bench.run("sso-login credentials other").exits(77);
    assert_eq!(
        never.stderr,
        "sso-login: profile \"other\": SSO session \"other\" has no token in the cache: never logged in, or logged \
         out; run: sso-login other\n"
    );
}

#[test]
fn a_session_that_was_ended_at_the_service_takes_a_forced_login() {
    let bench = Bench::logged_in("");
    bench.served.tell("/sandbox/sign-out", &json!({}));
    let ended = bench.run("sso-login credentials demo").exits(77);
    assert!(ended.stderr.ends_with("; run: sso-login demo --force\n"), "{}", ended.stderr);
    bench.device("demo --force").succeeds("success");
    bench.run("sso-login credentials demo").exits(0);
}

#[test]
fn each_error_of_the_portal_is_told_apart() {
    let bench = Bench::logged_in("");
    for (error, code, says) in [
        ("UnauthorizedException", 77, "AWS no longer accepts"),
        ("ForbiddenException", 78, "no access to role Developer of account 111122223333"),
        ("ResourceNotFoundException", 78, "no access to role Developer"),
        ("InvalidRequestException", 78, "the SSO portal answered InvalidRequestException"),
    ] {
        bench.faults(&json!({"error": [format!("GetRoleCredentials={error}")], "fail": []}));
        let ended = bench.run("sso-login credentials demo").exits(code);
        assert!(ended.stdout.is_empty() && ended.stderr.contains(says), "{error}: {}", ended.stderr);
    }
    bench.faults(&json!({"fail": ["GetRoleCredentials=503"], "error": []}));
    let ended = bench.run("sso-login credentials demo").exits(69);
    assert!(ended.stderr.contains("the SSO portal can't be reached: it answers 503"), "{}", ended.stderr);
    assert_eq!(names(bench.home().join(".aws/cli/cache")).len(), 0);
}

#[test]
fn throttling_is_waited_out() {
    let bench = Bench::logged_in("--error GetRoleCredentials=TooManyRequestsExceptionx4");
    bench.run("sso-login credentials demo").exits(0);
}

#[test]
fn good_credentials_outlast_a_lost_network_and_bad_ones_do_not() {
    let bench = Bench::logged_in("");
    let first = bench.run("sso-login credentials demo").exits(0).stdout;
    bench.faults(&json!({"fail": ["GetRoleCredentials=503"]}));
    assert_eq!(credentials_after(&bench, 50 * 60, "demo").exits(0).stdout, first);
    bench.faults(&json!({"fail": ["GetRoleCredentials=503", "CreateToken=503"]}));
    credentials_after(&bench, 3600, "demo").exits(69).says("can't be reached");
}

#[test]
fn a_short_lived_role_is_handed_out_though_nobody_may_cache_it_for_long() {
    let bench = Bench::logged_in("--role-lifetime 10m");
    bench.run("sso-login credentials demo").exits(0);
    bench.run("sso-login credentials demo").exits(0);
    assert_eq!(bench.count("GetRoleCredentials"), 2);
}

#[test]
fn a_service_that_never_answers_is_given_up() {
    // Three at once, since each of them waits for its time to be over.
    let ended = std::thread::scope(|scope| {
        let hung = |flags: &'static str, seconds: u32| {
            scope.spawn(move || {
                let bench = Bench::logged_in("");
                bench.faults(&json!({"hang": [flags]}));
                credentials_after(&bench, seconds, "demo")
            })
        };
        let all = [hung("GetRoleCredentials", 0), hung("CreateToken", 3600)];
        all.map(|hung| hung.join().unwrap())
    });
    for ended in ended {
        assert_eq!(ended.code, 69, "{}", ended.stderr);
    }
}

#[test]
fn a_profile_that_cannot_be_used_is_named() {
    let bench = Bench::logged_in("");
    bench.run("sso-login credentials dmo").exits(78).says("profile `dmo` is not in ");
    bench.run_with("sso-login credentials", &[("SSO_PROFILE_VARS", "TOOL"), ("TOOL", "demo")]).exits(0);
    bench.run("sso-login credentials").exits(78).says("profile `default` is not in ");
    bench.run("sso-login credentials demo --format yaml").exits(2);
}

#[test]
fn a_shell_never_reads_a_reason_for_credentials() {
    let bench = Bench::logged_in("");
    let ended = bench.feed("sso-login credentials --format env", "{\"profile\":\"demo\"}").exits(0);
    assert!(ended.stdout.starts_with("export AWS_ACCESS_KEY_ID=ASIA"), "{}", ended.stdout);
    for (profile, code) in [("other", 77), ("nobody", 78)] {
        let input = format!("{{\"profile\":\"{profile}\"}}");
        assert_eq!(bench.feed("sso-login credentials --format env", &input).exits(code).stdout, "");
    }
}
