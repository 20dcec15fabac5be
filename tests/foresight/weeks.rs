//! Days of the real tools at an AWS SSO on loopback. The weeks of every client, with chance, are simulated in `sso-cache`
//! (`forecast/tests/weeks.rs`).

use std::fs;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::Day;
use crate::login::bench::{TOKEN, after};

impl Day {
    /// Another client of the same cache, which tells our tools nothing: one with a state of its own.
    fn elsewhere(&self, line: &str) {
        let state = self.bench.file("elsewhere");
        self.run(line, &[("SSO_STATE_DIR", state.to_str().unwrap())]);
        // Its file is as old as the clock of the tests says.
        let now = chrono::DateTime::parse_from_rfc3339(&after(self.minutes * 60)).unwrap();
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(now.timestamp()).unwrap());
        let file = fs::File::options().write(true).open(self.bench.cache().join(TOKEN)).unwrap();
        file.set_modified(now).unwrap();
    }

    /// A tick of the monitor; its document.
    fn tick(&mut self, minutes: u32) -> Value {
        self.at(minutes);
        self.run("sso-profile show demo | sso-cache check --ahead | sso-login refresh", &[]).remove(0)
    }

    fn end(&self) -> Option<String> {
        self.check("", &[])["session"]["endsAt"].as_str().map(str::to_owned)
    }

    fn is_to_end(&self, minutes: u32) {
        assert_eq!(self.end(), Some(after(minutes * 60)), "at minute {}", self.minutes);
    }
}

/// Renewals each hour, and the last token, which is cut short.
fn hours(day: &mut Day, begin: u32, length: u32) {
    for minutes in (begin + 61..begin + length).step_by(61) {
        day.tick(minutes);
    }
}

#[test]
fn the_session_of_another_client_is_foreseen_as_ours_is_after_the_first_end() {
    let mut day = Day::begin("--session-length 3h --keep-session");
    fs::create_dir_all(day.bench.home().join(".aws/sso-renewer")).unwrap();
    day.tick(0);
    // The first session: another client's, watched by a monitor of ours. Nothing is claimed before its last token.
    day.elsewhere("sso-login --via device --no-browser demo 2> /dev/null");
    day.tick(1);
    assert_eq!(day.end(), None);
    day.tick(61);
    assert_eq!(day.end(), None);
    day.tick(122);
    day.is_to_end(180);
    day.tick(181);
    // The second: ours. The third: another client's again, which also renews.
    day.log_in();
    day.is_to_end(181 + 180);
    hours(&mut day, 181, 180);
    day.tick(181 + 181);
    let begin = 181 + 185;
    day.at(begin);
    day.elsewhere("sso-login --via device --no-browser demo 2> /dev/null");
    let seen = day.tick(begin + 1);
    assert_eq!(seen["outcome"], Value::Null, "a monitor renews nothing that is valid: {seen}");
    day.is_to_end(begin + 180);
    day.at(begin + 50);
    day.elsewhere("sso-login refresh demo");
    day.tick(begin + 51);
    day.is_to_end(begin + 180);
}

#[test]
fn a_session_that_nobody_saw_begin_ends_at_the_latest_when_it_is_said_to() {
    let mut day = Day::begin("--session-length 3h --keep-session");
    day.log_in();
    hours(&mut day, 0, 180);
    day.tick(181);
    // Nobody looks for an hour, in which another client logs in and renews.
    day.at(200);
    day.elsewhere("sso-login --via device --no-browser demo 2> /dev/null");
    day.at(250);
    day.elsewhere("sso-login refresh demo");
    let said = |day: &Day| day.check("", &[])["reason"].as_str().unwrap().to_owned();
    day.tick(255);
    day.is_to_end(250 + 180);
    assert!(said(&day).ends_with("at the latest: nobody saw it begin"), "{}", said(&day));
    // The last token, which is cut short, is sure.
    day.tick(311);
    day.tick(372);
    day.is_to_end(200 + 180);
    assert!(!said(&day).contains("at the latest"), "{}", said(&day));
}

#[test]
fn a_policy_that_becomes_shorter_is_said_to_disagree_and_then_counts() {
    let mut day = Day::begin("--session-length 4h --keep-session");
    day.log_in();
    hours(&mut day, 0, 240);
    day.tick(241);
    day.bench.faults(&json!({"sessionLifetimeSeconds": 2 * 3600}));
    day.log_in();
    day.is_to_end(241 + 240);
    // Its last token tells that it ends earlier: the earlier end counts, and the check says so.
    day.tick(241 + 63);
    day.is_to_end(241 + 120);
    let said = day.check("", &[])["reason"].as_str().unwrap().to_owned();
    assert!(said.contains("other evidence says") && said.contains("the earlier one counts"), "{said}");
    day.tick(241 + 121);
    day.log_in();
    day.is_to_end(241 + 121 + 120);
    let said = day.check("", &[])["reason"].as_str().unwrap().to_owned();
    assert!(said.contains(&after((241 + 121 + 240) * 60)), "the longer length counts no more: {said}");
}

#[test]
fn what_was_learned_is_lost_with_its_file_and_a_clock_that_is_set_back_claims_nothing() {
    let mut day = Day::begin("--session-length 2h");
    day.log_in();
    day.tick(63);
    day.tick(121);
    day.log_in();
    day.is_to_end(241);
    // An hour earlier than when the token was given.
    let earlier = [("SSO_NOW", "2026-11-21T13:01:00Z")];
    let line = "sso-profile show demo | sso-cache check";
    assert_eq!(
        day.run(&format!("export SSO_NOW=2026-11-21T13:01:00Z; {line}"), &earlier)[0].get("session"),
        None
    );
    let store = day.bench.home().join(".aws/sso-renewer/sessions.json");
    for text in ["", "{", r#"{"version":1,"salt":"x","sessions":{"sandbox":{"state":"odd","starts":[5]}}}"#] {
        fs::write(&store, text).unwrap();
        assert_eq!(day.end(), None, "{text}");
    }
    fs::remove_file(&store).unwrap();
    day.tick(184);
    assert_eq!(day.end(), None);
    day.tick(242);
    // The next end teaches it anew.
    day.log_in();
    day.tick(242 + 63);
    day.is_to_end(242 + 120);
}
