//! Accounts and roles: all of them, in order, at the portal's pace.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use crate::login::bench::{Bench, after};
use crate::support::{Ended, NOW, end};

/// The roles of a whole listing: the last one, and no other, says how many they are.
#[track_caller]
fn roles(ended: &Ended) -> Vec<Value> {
    let mut documents = ended.documents();
    let count = documents.len();
    assert_eq!(
        documents.last_mut().unwrap().as_object_mut().unwrap().shift_remove("listed"),
        Some(count.into())
    );
    assert!(
        !documents.iter().any(|document| document.get("listed").is_some() || document.get("event").is_some())
    );
    documents
}

#[test]
fn every_account_and_role_is_a_document_in_order() {
    let bench = Bench::logged_in("--accounts 7 --roles 4");
    let documents = roles(&bench.run("sso-login accounts demo").exits(0));
    assert_eq!(documents.len(), 28);
    assert_eq!(
        documents[0],
        json!({
            "ssoSession": "sandbox", "startUrl": "https://d-1234567890.awsapps.com/start", "listedAt": NOW,
            "ssoRegion": "us-east-1", "scopes": ["sso:account:access"], "accountId": "900000000003", "accountName": "Account 0003",
            "emailAddress": "aws+account-0003@example.com", "roleName": "Administrator"
        })
    );
    let names: Vec<_> = documents
        .iter()
        .map(|document| (document["accountName"].to_string(), document["roleName"].to_string()))
        .collect();
    let mut sorted = names.clone();
    sorted.sort();
    assert_eq!(names, sorted);
    let text = bench.run("sso-login accounts demo --text").exits(0).stdout;
    assert_eq!(text.lines().next(), Some("900000000003  Administrator  Account 0003"));
}

#[test]
fn an_empty_listing_is_one_document_that_says_of_which_session() {
    let bench = Bench::logged_in("--accounts 0");
    let empty = json!({
        "event": "listed", "count": 0, "listedAt": NOW, "ssoSession": "sandbox",
        "startUrl": "https://d-1234567890.awsapps.com/start"
    });
    assert_eq!(bench.run("sso-login accounts demo").exits(0).document(), empty);
    assert_eq!(bench.run("sso-login accounts demo --text").exits(0).stdout, "");
}

#[test]
fn a_filter_lists_each_session_once_and_marks_the_end_of_each() {
    let bench = Bench::logged_in("");
    bench.device("other").succeeds("success");
    let input =
        "{\"profile\":\"demo\"}{\"profile\":\"demo-admin\"}{\"profile\":\"other\"}{\"profile\":\"nobody\"}";
    let documents = bench.feed("sso-login accounts", input).exits(0).documents();
    let ends: Vec<_> = documents.iter().map(|document| document["listed"].as_u64()).collect();
    let mut expected = vec![None; 13];
    (expected[5], expected[11]) = (Some(6), Some(6));
    assert_eq!(ends, expected);
    assert_eq!(
        (&documents[5]["ssoSession"], &documents[11]["ssoSession"]),
        (&json!("sandbox"), &json!("other"))
    );
    assert_eq!(documents[12]["error"], "unknown-profile");
    assert_eq!(bench.count("ListAccounts"), 2);
}

#[test]
fn all_pages_are_read() {
    let bench = Bench::logged_in("--accounts 1 --roles 230");
    assert_eq!(roles(&bench.run("sso-login accounts demo").exits(0)).len(), 230);
    assert_eq!(bench.count("ListAccountRoles"), 3);
}

#[test]
fn a_choice_becomes_a_profile_in_one_pipe() {
    let bench = Bench::logged_in("");
    let mut command = bench.command("bash -euo pipefail -c");
    command.arg("sso-login accounts demo | grep ReadOnly | tail -n 1 | sso-profile write read && sso-login whoami read");
    let written: Vec<Value> = end(command, "").exits(0).documents();
    assert!(written[1]["arn"].as_str().unwrap().contains("AWSReservedSSO_ReadOnly_"), "{written:?}");
}

#[test]
fn the_pace_stays_below_the_quota_over_all_processes() {
    let bench = Bench::logged_in("--accounts 20");
    // Its time is that of the next call's slot: each call moves it on, whoever makes it and however slow the machine is.
    let pace = std::fs::File::create(bench.home().join(".aws/sso-renewer/portal.pace")).unwrap();
    let slot = || pace.metadata().unwrap().modified().unwrap();
    let before = slot();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| bench.run("sso-login accounts demo").exits(0));
        }
    });
    // 2 x 21 calls.
    assert!(slot() >= before + 42 * Duration::from_millis(50));
}

#[test]
fn throttling_in_the_middle_is_waited_out_and_an_outage_ends_it() {
    let bench = Bench::logged_in("--accounts 3 --error ListAccountRoles=TooManyRequestsExceptionx4");
    assert_eq!(roles(&bench.run("sso-login accounts demo").exits(0)).len(), 9);
    bench.faults(&json!({"error": [], "fail": ["ListAccountRoles=503"]}));
    let cut = bench.run("sso-login accounts demo");
    assert!(!cut.stdout.contains("listed\""), "{}", cut.stdout);
    cut.exits(69).says("the SSO portal can't be reached: it answers 503");
}

#[test]
fn a_listing_that_is_cut_short_tells_all_that_it_knows_and_no_end() {
    let bench = Bench::logged_in("--accounts 60 --roles 3");
    let mut command = bench.command("sso-login accounts demo");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    bench.faults(&json!({"error": ["ListAccountRoles=InvalidRequestException"]}));
    let told: Vec<_> = [first].into_iter().chain(lines.map(Result::unwrap)).collect();
    let ended = Ended::of(&child.wait_with_output().unwrap(), "accounts");
    ended.exits(78).says("the SSO portal answered InvalidRequestException");
    // All roles of each account that could be asked about.
    assert!(told.len() % 3 == 0 && told.len() < 180, "{}", told.len());
    assert!(!told.iter().any(|line| line.contains("listed\"")), "{told:?}");
}

#[test]
fn each_error_of_the_portal_is_told_apart() {
    let bench = Bench::logged_in("");
    for (error, code) in [
        ("UnauthorizedException", 77),
        ("ForbiddenException", 78),
        ("ResourceNotFoundException", 78),
        ("InvalidRequestException", 78),
    ] {
        bench.faults(&json!({"error": [format!("ListAccounts={error}")]}));
        assert_eq!(bench.run("sso-login accounts demo").code, code, "{error}");
    }
    bench.run("sso-login accounts other").exits(77).says("run: sso-login other");
    bench.configure(|text| text + "\n[profile keys]\naws_access_key_id = A\naws_secret_access_key = S\n");
    bench
        .run("sso-login accounts keys")
        .exits(78)
        .says("is not an SSO profile (kind static): it needs no login");
}

#[test]
fn an_old_session_is_renewed_first() {
    let bench = Bench::logged_in("");
    bench.forward(3600);
    let mut command = bench.command("sso-login accounts demo");
    command.env("SSO_NOW", after(3600));
    assert_eq!(roles(&end(command, "").exits(0)).len(), 6);
    assert_eq!(bench.counts()[1], 1);
}

#[test]
fn the_first_is_there_before_the_last_is_asked_for() {
    let bench = Bench::logged_in("--accounts 60");
    let mut command = bench.command("bash -c");
    command.arg("sso-login accounts demo | head -n 1");
    assert_eq!(end(command, "").exits(0).documents().len(), 1);
    assert!(bench.count("ListAccountRoles") < 60);
}

#[test]
fn a_filter_for_people_prints_no_document_whatever_happens() {
    let bench = Bench::logged_in("");
    let input = "{\"profile\":\"other\"}\n{\"event\":\"x\"}\n{\"profile\":\"no\"}\n\
                 {\"profile\":\"torn\",\"error\":\"bad\",\"reason\":\"it is torn\"}\n{\"profile\":\"demo\"}\n";
    for (line, lines) in [("sso-login accounts --text", 6), ("sso-login whoami --text", 1)] {
        let ended = bench.feed(line, input);
        assert_eq!(ended.code, 0, "{line}: {}", ended.stderr);
        assert_eq!(ended.stdout.lines().count(), lines, "{line}: {}", ended.stdout);
        assert!(!ended.stdout.contains('{'), "{line}: {}", ended.stdout);
        let said: Vec<_> = ended.stderr.lines().filter(|line| !line.contains(": hint: ")).collect();
        assert_eq!(said.len(), 3, "{line}: {}", ended.stderr);
        assert!(
            said[0].contains("SSO session \"other\" has no token")
                && said[0].ends_with("run: sso-login other")
        );
        assert!(
            said[1].contains("profile `no` is not in ") && said[2].contains("profile \"torn\": it is torn")
        );
    }
    let ended = bench.feed("sso-login accounts --text -e", "{\"profile\":\"other\"}");
    assert_eq!((ended.code, ended.stdout.as_str()), (77, ""));
}
