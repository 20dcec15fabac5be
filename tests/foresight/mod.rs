//! A session's end is foreseen: by a setting, or by what was observed, and never by a guess.

mod afternoon;
mod hosts;
mod lasting;
mod recipes;
mod weeks;

use serde_json::{Value, json};

use crate::login::bench::{Bench, after};
use crate::support::end;

/// A day at the bench: the clocks of client and service, moved together.
struct Day {
    bench: Bench,
    minutes: u32,
}

impl Day {
    fn begin(flags: &str) -> Self {
        Self { bench: Bench::start(flags), minutes: 0 }
    }

    fn at(&mut self, minutes: u32) {
        self.bench.forward((minutes - self.minutes) * 60);
        self.minutes = minutes;
    }

    fn run(&self, line: &str, variables: &[(&str, &str)]) -> Vec<Value> {
        let mut command = self.bench.command("bash -o pipefail -c");
        command.arg(line).env("SSO_NOW", after(self.minutes * 60)).envs(variables.iter().copied());
        end(command, "").documents()
    }

    fn log_in(&self) {
        let documents = self.run("sso-login --via device --no-browser demo 2> /dev/null", &[]);
        assert_eq!(documents.last().unwrap()["outcome"], "success");
    }

    fn check(&self, flags: &str, variables: &[(&str, &str)]) -> Value {
        self.run(&format!("sso-profile show demo | sso-cache check {flags}"), variables).remove(0)
    }

    fn renew(&self) {
        self.run("sso-profile show demo | sso-cache check | sso-login refresh", &[]);
    }

    /// Renews each hour until the session ends, and learns of it.
    fn through(&mut self, begin: u32, length: u32) {
        self.at(begin);
        self.log_in();
        for minutes in (begin + 61..begin + length).step_by(61) {
            assert!(self.minutes < minutes);
            self.at(minutes);
            self.renew();
        }
        self.at(begin + length + 1);
        self.renew();
    }
}

#[test]
fn a_session_is_claimed_to_end_only_once_one_was_seen_to_end() {
    let mut day = Day::begin("--session-length 3h --token-lifetime 1h");
    day.log_in();
    assert_eq!(day.check("--ahead 24h", &[]).get("session"), None);
    assert_eq!(day.check("--ahead 24h", &[])["token"]["state"], "valid");
    day.at(61);
    day.renew();
    assert_eq!(day.check("", &[]).get("session"), None);
    // The last token is cut short: it says when the session ends.
    day.at(122);
    day.renew();
    let seen = day.check("", &[]);
    assert_eq!(
        seen["session"],
        json!({"startedAt": after(0), "endsAt": after(180 * 60), "from": "observed"}),
        "{seen}"
    );
    // The next session is foreseen from its first minute.
    day.at(200);
    day.renew();
    day.log_in();
    let next = day.check("", &[]);
    let expected = json!({"startedAt": after(200 * 60), "endsAt": after(380 * 60), "from": "observed"});
    assert_eq!(next["session"], expected, "{next}");
    let store = std::fs::read_to_string(day.bench.home().join(".aws/sso-renewer/sessions.json")).unwrap();
    let token = day.bench.token();
    for secret in ["accessToken", "refreshToken", "clientSecret"] {
        assert!(!store.contains(token[secret].as_str().unwrap()), "{secret} is in sessions.json");
    }
}

#[test]
fn an_end_that_is_near_needs_a_login_and_is_an_episode_of_its_own() {
    let mut day = Day::begin("--session-length 3h --token-lifetime 1h");
    day.through(0, 180);
    day.at(200);
    day.log_in();
    day.at(261);
    day.renew();
    day.at(322);
    day.renew();
    let far = day.check("--ahead 30m", &[]);
    assert_eq!(
        (far["token"]["state"].as_str(), far["loginRequired"].as_bool()),
        (Some("valid"), Some(false)),
        "{far}"
    );
    day.at(355);
    let near = day.check("--ahead 30m", &[]);
    assert_eq!(
        (near["token"]["state"].as_str(), near["loginRequired"].as_bool()),
        (Some("ending"), Some(true)),
        "{near}"
    );
    assert!(near["reason"].as_str().unwrap().contains("in 25m"), "{near}");
    let episode = near["episode"].as_str().unwrap().to_owned();
    assert_eq!(day.check("", &[])["loginRequired"], false, "without --ahead nothing is near");
    day.at(381);
    day.renew();
    let over = day.check("--ahead 30m", &[]);
    assert!(over["loginRequired"] == true && over["episode"] != episode.as_str(), "{over}");
}

#[test]
fn the_setting_says_it_by_hand_and_beats_what_was_observed() {
    let mut day = Day::begin("--session-length 3h --token-lifetime 1h");
    day.log_in();
    let length = [("SSO_SESSION_LENGTH", "2h")];
    let expected = json!({"startedAt": after(0), "endsAt": after(7200), "from": "setting"});
    assert_eq!(day.check("", &length)["session"], expected);
    let own = [("SSO_SESSION_LENGTH", "2h"), ("SSO_SESSION_LENGTH_sandbox", "1h30m")];
    assert_eq!(day.check("", &own)["session"]["endsAt"], after(5400));
    day.at(50);
    assert_eq!(day.check("--ahead 45m", &own)["token"]["state"], "ending");
    let refused = day.bench.run_with("bash -c true", &[]);
    refused.exits(0);
    let mut command = day.bench.command("bash -o pipefail -c");
    command.arg("sso-profile show demo | sso-cache check").env("SSO_SESSION_LENGTH", "soon");
    let ended = end(command, "");
    assert!(
        ended.code == 78 && ended.stderr.contains("SSO_SESSION_LENGTH"),
        "{} {}",
        ended.code,
        ended.stderr
    );
}

#[test]
fn a_token_that_nobody_can_renew_is_ending_too() {
    let mut day = Day::begin("--no-refresh-token --token-lifetime 1h");
    day.log_in();
    assert_eq!(day.check("--ahead 15m", &[])["token"]["state"], "valid");
    day.at(50);
    let near = day.check("--ahead 15m -e || true", &[]);
    assert_eq!(near["token"]["state"], "ending", "{near}");
    assert_eq!(near["episode"], format!("ending {}", after(3600)));
}

#[test]
fn a_session_that_began_before_anybody_looked_has_no_end() {
    let mut day = Day::begin("--session-length 3h --token-lifetime 1h");
    day.log_in();
    std::fs::remove_file(day.bench.home().join(".aws/sso-renewer/sessions.json")).unwrap();
    day.at(61);
    day.renew();
    assert_eq!(day.check("", &[("SSO_SESSION_LENGTH", "8h")]).get("session"), None);
}
