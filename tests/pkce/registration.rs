//! Our client at the service: its own file, reused, and replaced when the service doesn't know it any more.

use std::fs;

use serde_json::{Value, json};

use crate::login::bench::{Bench, TOKEN, after};
use crate::pkce::under_way::UnderWay;
use crate::support::{Ended, names};

/// A whole login.
fn log_in(bench: &Bench) {
    let login = UnderWay::of(bench.command("sso-login --via pkce --force demo"));
    let page = login.get(&login.answer());
    assert!(page.contains("You are logged in"), "{page}");
    login.end().succeeds("success");
}

/// The registrations in the cache: names and contents.
fn registrations(bench: &Bench) -> Vec<(String, Value)> {
    let names = names(bench.cache()).into_iter().filter(|name| name != TOKEN);
    names
        .map(|name| {
            let text = fs::read_to_string(bench.cache().join(&name)).unwrap();
            (name, serde_json::from_str(&text).unwrap())
        })
        .collect()
}

#[test]
fn a_registration_is_kept_as_the_aws_cli_keeps_its_own_and_reused() {
    let bench = Bench::start("");
    log_in(&bench);
    let [(name, kept)] = &registrations(&bench)[..] else { panic!() };
    let text = fs::read_to_string(bench.cache().join(name)).unwrap();
    let secret = kept["clientSecret"].as_str().unwrap();
    assert_eq!(
        text,
        format!(
            "{{\"clientId\": {}, \"clientSecret\": \"{secret}\", \"expiresAt\": \"{}\", \
             \"scopes\": [\"sso:account:access\"], \"grantTypes\": [\"authorization_code\", \"refresh_token\"]}}",
            kept["clientId"],
            after(90 * 24 * 3600)
        )
    );
    log_in(&bench);
    assert_eq!((bench.count("RegisterClient"), bench.counts()[0]), (1, 2));
}

#[test]
fn each_flow_has_a_registration_of_its_own() {
    let bench = Bench::start("");
    log_in(&bench);
    bench.device("--force demo").succeeds("success");
    let both = registrations(&bench);
    assert_eq!(both.len(), 2);
    assert_ne!(both[0].1["clientId"], both[1].1["clientId"]);
    log_in(&bench);
    bench.device("--force demo").succeeds("success");
    assert_eq!((bench.count("RegisterClient"), registrations(&bench)), (2, both));
}

#[test]
fn a_registration_that_is_about_to_end_or_is_another_flows_is_not_used() {
    let bench = Bench::start("");
    log_in(&bench);
    let (name, good) = registrations(&bench).remove(0);
    let mut ending = good.clone();
    ending["expiresAt"] = json!(after(14 * 60));
    let mut other = good.clone();
    other["grantTypes"] = json!(["refresh_token"]);
    for (bad, count) in [(ending.to_string(), 2), (other.to_string(), 3), ("{\"clientId\":".to_owned(), 4)] {
        fs::write(bench.cache().join(&name), bad).unwrap();
        log_in(&bench);
        assert_eq!(bench.count("RegisterClient"), count);
    }
}

#[test]
fn a_registration_that_the_service_rejects_is_replaced_once() {
    let bench = Bench::start("");
    log_in(&bench);
    let (_, old) = registrations(&bench).remove(0);
    bench.faults(&json!({"error": ["CreateToken=invalid_clientx1"]}));
    let mut login = UnderWay::of(bench.command("sso-login --via pkce --force demo"));
    let (first_state, port) = (login.state().to_owned(), login.port());
    let page = login.get(&login.answer());
    assert!(page.contains("One more time, please"), "{page}");
    // It goes on by itself, with another page.
    login.next_event();
    assert_eq!(login.port(), port);
    assert_ne!(login.state(), first_state);
    // The first page's answer is nobody's now.
    let late = login.get(&format!("/oauth/callback?code=x&state={first_state}"));
    assert!(late.starts_with("HTTP/1.1 400 "), "{late}");
    let page = login.get(&login.answer());
    assert!(page.contains("You are logged in"), "{page}");
    login.end().succeeds("success");
    assert_ne!(registrations(&bench)[0].1["clientId"], old["clientId"]);

    // Once: a service that rejects every client isn't asked for ever.
    bench.faults(&json!({"error": ["CreateToken=invalid_client"]}));
    let mut login = UnderWay::of(bench.command("sso-login --via pkce --force demo"));
    login.get(&login.answer());
    login.next_event();
    let page = login.get(&login.answer());
    assert!(page.contains("The login did not work"), "{page}");
    login.end().fails(77, "failed", "invalid_client", "doesn't accept the client registration");
    assert_eq!(registrations(&bench), []);
}

#[test]
fn a_rejection_in_the_browser_counts_as_one() {
    let bench = Bench::start("");
    log_in(&bench);
    let mut login = UnderWay::of(bench.command("sso-login --via pkce --force demo"));
    let page = login.get(&format!("/oauth/callback?error=unauthorized_client&state={}", login.state()));
    assert!(page.contains("One more time, please"), "{page}");
    login.next_event();
    login.get(&login.answer());
    login.end().succeeds("success");
    assert_eq!(bench.count("RegisterClient"), 2);
}

#[test]
fn a_registration_that_somebody_else_wrote_meanwhile_stays() {
    let bench = Bench::start("");
    log_in(&bench);
    let (name, old) = registrations(&bench).remove(0);
    let file = bench.cache().join(name);
    let mut theirs = old.clone();
    theirs["clientId"] = json!("theirs");
    let there = || serde_json::from_str::<Value>(&fs::read_to_string(&file).unwrap()).unwrap();
    // The service rejects the one that this login began with, and it registers another.
    bench.faults(&json!({"error": ["CreateToken=invalid_clientx1"]}));
    let mut login = UnderWay::of(bench.command("sso-login --via pkce --force demo"));
    fs::write(&file, theirs.to_string()).unwrap();
    login.get(&login.answer());
    login.next_event();
    assert_eq!(there(), theirs, "not removed");
    login.get(&login.answer());
    login.end().succeeds("success");
    assert_eq!(there(), theirs, "not overwritten");
}

/// A login that nobody answers; the document at its end.
fn miss(bench: &Bench) -> (Value, String) {
    let is_shown = |ended: &Ended| ended.stdout.contains("authorize");
    let ended = bench.run_out("sso-login --via pkce --force demo", &[], is_shown);
    (ended.fails(124, "timeout", "", "did not return in time"), ended.stderr)
}

#[test]
fn a_registration_that_only_the_browser_learns_is_dead_is_given_up_the_second_time() {
    let bench = Bench::start("");
    log_in(&bench);
    let (name, mut kept) = registrations(&bench).remove(0);
    kept["clientId"] = json!("deleted");
    fs::write(bench.cache().join(name), kept.to_string()).unwrap();
    for _ in 0..2 {
        let (_, ended) = miss(&bench);
        // The service has nowhere to send this browser.
        let url = ended.lines().find_map(|line| line.trim().strip_prefix("http")).unwrap();
        assert_eq!(crate::sandbox::served::fetch(&format!("http{url}")).status, 400);
    }
    log_in(&bench);
}

#[test]
fn a_login_that_nobody_answered_costs_no_consent_and_an_answer_begins_anew() {
    let bench = Bench::start("");
    log_in(&bench);
    let (_, good) = registrations(&bench).remove(0);
    for _ in 0..2 {
        let (last, stderr) = miss(&bench);
        assert_eq!(last["registration"], "kept");
        assert!(!stderr.contains("AWS will ask"), "{stderr}");
        log_in(&bench);
        assert_eq!(registrations(&bench)[0].1, good);
    }
    // A no is an answer, too.
    miss(&bench);
    deny(UnderWay::of(bench.command("sso-login --via pkce --force demo")));
    miss(&bench);
    log_in(&bench);
    assert_eq!((bench.count("RegisterClient"), &registrations(&bench)[0].1), (1, &good));
}

/// Somebody is there, and says no.
fn deny(login: UnderWay) {
    login.get(&format!("/oauth/callback?error=access_denied&state={}", login.state()));
    login.end().fails(77, "failed", "access_denied", "the login was denied");
}

#[test]
fn logins_that_nobody_answers_register_ever_more_seldom_and_say_why() {
    let bench = Bench::start("");
    log_in(&bench);
    // Nobody has a token: that alone would look like a first login.
    fs::remove_file(bench.cache().join(TOKEN)).unwrap();
    let mut said = Vec::new();
    for _ in 0..6 {
        let (last, stderr) = miss(&bench);
        let notice = stderr.lines().find(|line| line.starts_with("AWS will ask")).map(str::to_owned);
        assert_eq!(notice.is_some(), last["registration"] == "new", "{stderr}");
        said.push((last["registrationReason"].as_str().map(str::to_owned), notice));
    }
    let reasons: Vec<_> = said.iter().map(|(reason, _)| reason.as_deref()).collect();
    assert_eq!(reasons, [None, None, Some("unanswered"), None, Some("unanswered"), None]);
    assert_eq!(
        said[2].1.as_deref().unwrap(),
        "AWS will ask you again to allow access for sso-login-sandbox: nobody answered the last 2 logins of session \
         sandbox, so a new client is registered."
    );
    assert_eq!(bench.count("RegisterClient"), 3);
    log_in(&bench);
    assert!(!registrations(&bench)[0].1.as_object().unwrap().contains_key("unanswered"));
}
