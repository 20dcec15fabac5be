//! With documents on stdin it is a filter: an outcome is an answer in the document, not an error.

use serde_json::{Value, json};

use crate::login::bench::Bench;
use crate::support::{Ended, end};

const FILTER: &str = "sso-login - --via device --no-browser";

fn outcomes(ended: &Ended) -> Vec<String> {
    let documents = ended.documents().into_iter().filter(|document| document.get("event").is_none());
    documents.map(|document| document["outcome"].as_str().unwrap_or("none").to_owned()).collect()
}

#[test]
fn unknown_keys_pass_in_order_and_the_answer_is_added() {
    let bench = Bench::logged_in("");
    let ended = bench.feed(
        FILTER,
        "{\"x\":1,\"profile\":\"demo\",\"reason\":\"Credentials expired\",\"a\":{\"b\":[1.0]}}",
    );
    assert_eq!(ended.code, 0);
    assert_eq!(
        ended.stdout,
        "{\"x\":1,\"profile\":\"demo\",\"reason\":\"Credentials expired\",\"a\":{\"b\":[1.0]},\"ssoSession\":\"sandbox\",\
         \"startUrl\":\"https://d-1234567890.awsapps.com/start\",\"sessionProfiles\":[\"demo\",\"demo-admin\"],\
         \"outcome\":\"valid\",\"expiresAt\":\"2026-11-21T13:00:00Z\"}\n"
    );
}

#[test]
fn every_document_is_answered_whatever_came_of_the_ones_before() {
    let bench = Bench::start("--deny");
    let input = "{\"profile\":\"nobody\"}{\"event\":\"authorize\",\"url\":\"x\"}\n{\"profile\":\n\"demo\"}{\"profile\":\"other\"}";
    let ended = bench.feed(FILTER, input);
    assert_eq!(ended.code, 0);
    assert_eq!(outcomes(&ended), ["unknown-profile", "failed", "failed"]);
    assert!(ended.documents().contains(&json!({"event": "authorize", "url": "x"})));
    assert!(!ended.stderr.contains("sso-login: "), "{}", ended.stderr);
}

#[test]
fn the_first_answer_that_is_not_good_is_the_status_if_wanted() {
    let bench = Bench::logged_in("");
    let status = |input: &str| bench.feed(&format!("{FILTER} -e"), input).code;
    assert_eq!(status(""), 0);
    assert_eq!(status("{\"profile\":\"nobody\"}{\"profile\":\"demo\"}"), 78);
    assert_eq!(status("{\"profile\":\"demo\"}{\"profile\":\"nobody\"}"), 78);
    bench.faults(&json!({"deny": true}));
    assert_eq!(status("{\"profile\":\"other\"}"), 77);
    bench.faults(&json!({"deny": false, "fail": ["StartDeviceAuthorization=503"]}));
    assert_eq!(status("{\"profile\":\"other\"}"), 69);
    assert_eq!(status("{\"profile\":\"other\",\"mode\":\"notify\"}"), 75);
}

#[test]
fn nothing_in_is_nothing_done() {
    let bench = Bench::start("");
    for input in ["", " \n"] {
        let mut command = bench.command(FILTER);
        command.env("AWS_PROFILE", "demo").stdin(std::process::Stdio::piped());
        let ended = end(command, input);
        assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (0, "", ""));
    }
    assert_eq!(bench.counts(), [0, 0, 0]);
}

#[test]
fn a_document_without_a_profile_is_about_the_chosen_one() {
    let bench = Bench::logged_in("");
    let mut command = bench.command(FILTER);
    command.env("AWS_PROFILE", "demo");
    let last = end(command, "{\"x\":1}").succeeds("valid");
    assert_eq!((&last["profile"], &last["profileFrom"]), (&json!("demo"), &json!("AWS_PROFILE")));
}

#[test]
fn bad_documents_end_the_stream_with_line_and_column() {
    let bench = Bench::logged_in("");
    for (input, says) in [
        ("{\"profile\":\"demo\"}\n{\"profile\":NaN}", "line 2, column"),
        ("{\"profile\":\"demo\"}[]", "line 1, column"),
        ("{\"profile\":1}", "profile"),
        ("{\"profile\":\"demo\",\"profile\":\"other\"}", "duplicate"),
    ] {
        let ended = bench.feed(FILTER, input).exits(65).says(says);
        assert!(ended.documents().iter().all(|document| document["outcome"] == "valid"), "{input}");
    }
}

#[test]
fn the_outcome_of_a_signal_from_another_box_is_never_a_login_here() {
    let bench = Bench::start("");
    let ended = bench.feed(FILTER, "{\"profile\":\"demo\",\"host\":\"box\"}");
    let last = ended.last();
    assert_eq!(last["outcome"], "dismissed");
    assert!(last["reason"].as_str().unwrap().contains("box"), "{last}");
    assert_eq!(bench.counts(), [0, 0, 0]);
}

#[test]
fn hostile_profile_names_reach_no_terminal() {
    let bench = Bench::start("");
    for name in ["\u{1b}]0;x\u{7}", "a\nb", "--help", "../../etc/passwd", "\u{202e}demo", ""] {
        let input = json!({"profile": name}).to_string();
        let mut command = bench.command(FILTER);
        command.env("AWS_PROFILE", "nobody");
        let last: Value = end(command, &input).last();
        assert_eq!(last["outcome"], "unknown-profile", "{name:?}");
        if !name.starts_with('-') && !name.is_empty() {
            let mut command = bench.command("sso-login");
            command.arg(name);
            let ended = end(command, "");
            assert_eq!(ended.code, 78, "{name:?}");
            assert!(!ended.stderr.trim_end().contains(['\u{1b}', '\u{7}', '\u{202e}']), "{:?}", ended.stderr);
            ended.complaint();
        }
    }
}
