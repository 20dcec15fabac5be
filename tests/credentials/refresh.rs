//! `sso-login refresh`, as a command and in the monitor's pipe.

use serde_json::{Value, json};

use crate::login::bench::{Bench, after};
use crate::support::{Ended, end};

fn refresh_after(bench: &Bench, seconds: u32, line: &str, input: &str) -> Ended {
    let mut command = bench.command(line.trim_end());
    command.env("SSO_NOW", after(seconds));
    end(command, input)
}

/// What the monitor's first two stages say.
fn checked(bench: &Bench, seconds: u32) -> String {
    let mut list = bench.command("bash -c");
    list.arg("sso-profile list | sso-cache check").env("SSO_NOW", after(seconds));
    end(list, "").exits(0).stdout
}

#[test]
fn a_command_renews_what_ends_within_a_quarter_of_an_hour() {
    let bench = Bench::logged_in("");
    assert_eq!(
        refresh_after(&bench, 44 * 60, "sso-login refresh demo", "").exits(0).document()["outcome"],
        "valid"
    );
    assert_eq!(bench.counts()[1], 0);
    bench.forward(46 * 60);
    let document = refresh_after(&bench, 46 * 60, "sso-login refresh demo", "").exits(0).document();
    assert_eq!(
        json!([
            document["outcome"],
            document["loginRequired"],
            document["expiresAt"],
            document["token"]["state"]
        ]),
        json!(["success", false, "2026-11-21T13:46:00Z", "valid"])
    );
    assert_eq!(bench.counts()[1], 1);
}

#[test]
fn a_filter_renews_the_refreshable_and_passes_on_the_rest() {
    let bench = Bench::logged_in("");
    bench.forward(3600);
    let input = checked(&bench, 3600);
    let ended =
        refresh_after(&bench, 3600, "sso-login refresh", &(input.clone() + "{\"event\":\"x\"}\n")).exits(0);
    let documents = ended.documents();
    let before: Vec<Value> = input.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(before[0]["token"]["state"], "refreshable");
    assert_eq!(
        (&documents[0]["outcome"], &documents[0]["token"]["state"]),
        (&json!("success"), &json!("valid"))
    );
    assert_eq!(documents[0]["loginRequired"], false);
    // The second profile of the session finds it renewed; the other session has none.
    assert_eq!(documents[1]["outcome"], "valid");
    assert_eq!(documents[2], before[2]);
    assert_eq!(documents[3], json!({"event": "x"}));
    assert_eq!(bench.counts()[1], 1);
}

#[test]
fn what_was_valid_before_a_renewal_is_looked_at_again_after_it() {
    let bench = Bench::logged_in("");
    bench.forward(3600);
    let input = checked(&bench, 3600);
    let lines: Vec<Value> = input.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (refreshable, mut gone) = (&lines[0], lines[2].clone());
    assert_eq!(
        (&refreshable["token"]["state"], &gone["token"]["state"]),
        (&json!("refreshable"), &json!("missing"))
    );
    // As it was seen before somebody logged out.
    gone["token"]["state"] = json!("valid");
    gone["loginRequired"] = json!(false);
    let answers =
        |input: String| refresh_after(&bench, 3600, "sso-login refresh", &input).exits(0).documents();
    assert_eq!(answers(format!("{refreshable}\n{gone}\n"))[1]["loginRequired"], true);
    assert_eq!(answers(gone.to_string()), [gone]);
}

#[test]
fn a_refusal_is_a_login_and_a_lost_network_is_none() {
    let bench = Bench::logged_in("");
    bench.forward(3600);
    let input = checked(&bench, 3600);
    bench.faults(&json!({"fail": ["CreateToken=503"]}));
    let document = refresh_after(&bench, 3600, "sso-login refresh", &input).exits(0).documents().remove(0);
    assert!(document["note"].as_str().unwrap().contains("can't be reached"), "{document}");
    let mut unchanged = document.clone();
    unchanged.as_object_mut().unwrap().remove("note");
    assert_eq!(unchanged, serde_json::from_str::<Value>(input.lines().next().unwrap()).unwrap());
    refresh_after(&bench, 3600, "sso-login refresh demo", "").exits(69);

    bench.faults(&json!({"fail": []}));
    bench.served.tell("/sandbox/sign-out", &json!({}));
    let before = bench.count("CreateToken");
    for _ in 0..3 {
        let documents = refresh_after(&bench, 3600, "sso-login refresh", &input).exits(0).documents();
        for document in &documents[..2] {
            assert_eq!(
                json!([document["outcome"], document["loginRequired"], document["episode"]]),
                json!(["failed", true, "2026-11-21T13:00:00Z"])
            );
        }
        refresh_after(&bench, 3600, "sso-login refresh -e", &input).exits(77);
        refresh_after(&bench, 3600, "sso-login refresh demo", "")
            .exits(77)
            .says("has expired; run: sso-login demo");
    }
    assert_eq!(bench.count("CreateToken"), before + 1, "what was refused is not tried again");
}

#[test]
fn a_document_that_names_a_profile_only_is_looked_up() {
    let bench = Bench::logged_in("");
    bench.forward(3600);
    let document =
        refresh_after(&bench, 3600, "sso-login refresh", "{\"profile\":\"demo\"}").exits(0).document();
    assert_eq!(
        json!([document["outcome"], document["ssoSession"], document["loginRequired"]]),
        json!(["success", "sandbox", false])
    );
    let unknown = refresh_after(&bench, 3600, "sso-login refresh", "{\"profile\":\"x\"}").exits(0).document();
    assert_eq!(unknown["error"], "unknown-profile");
}

#[test]
fn the_monitors_pipe_raises_a_signal_only_when_a_person_is_needed() {
    let bench = Bench::logged_in("");
    let pipe = |seconds: u32| {
        let mut command = bench.command("bash -c");
        let line = "sso-profile show demo | sso-cache check | sso-login refresh | sso-signal write";
        command.arg(line).env("SSO_NOW", after(seconds));
        end(command, "").exits(0).document()["signal"].clone()
    };
    bench.forward(3600);
    assert_eq!(pipe(3600), "none");
    bench.forward(8 * 3600);
    assert_eq!(pipe(9 * 3600), "raised");
    bench.device_after(9 * 3600, "demo").succeeds("success");
    // A login that nobody's signal asked for settles the signal itself, and leaves the monitor nothing to clear.
    bench.run("sso-signal read --all").exits(1);
    assert_eq!(pipe(9 * 3600), "none");
}
