//! `--min-left`: a session that lasts for as long as is needed, by a renewal, or by a new login that ends the old one first.

use serde_json::Value;

use super::Day;
use crate::login::bench::after;
use crate::support::Ended;

const EIGHT: [(&str, &str); 2] = [("SSO_SESSION_LENGTH", "8h"), ("SSO_DIALOG", "none")];

impl Day {
    fn ends(&self, line: &str, variables: &[(&str, &str)]) -> Ended {
        let mut command = self.bench.command("bash -o pipefail -c");
        command.arg(line).env("SSO_NOW", after(self.minutes * 60)).envs(variables.iter().copied());
        crate::support::end(command, "")
    }

    fn session_end(&self) -> Value {
        self.check("", &EIGHT)["session"]["endsAt"].clone()
    }
}

#[test]
fn a_session_that_lasts_is_enough_and_a_token_that_does_not_is_renewed() {
    let mut day = Day::begin("--session-length 8h --keep-session");
    day.log_in();
    day.ends("sso-login demo --min-left 30m", &EIGHT).succeeds("valid");
    assert_eq!(day.bench.counts()[..2], [1, 0]);
    day.at(40);
    let renewed = day.ends("sso-login demo --min-left 2h", &EIGHT).succeeds("success");
    assert_eq!(renewed["via"], "refresh");
    // Nobody renews for nothing: this one has its life before it.
    day.ends("sso-login demo --min-left 2h", &EIGHT).succeeds("valid");
    assert_eq!(day.bench.counts()[..2], [1, 1]);
    assert_eq!(day.bench.count("Logout"), 0);
}

#[test]
fn where_nobody_can_agree_the_old_session_stays() {
    let mut day = Day::begin("--session-length 8h --keep-session");
    day.log_in();
    day.at(6 * 60 + 40);
    let line = "sso-login demo --via device --no-browser --min-left 2h < /dev/null";
    let ended = day.ends(line, &EIGHT);
    ended.fails(77, "dismissed", "", "ends at");
    assert!(ended.stderr.contains("--yes"), "{}", ended.stderr);
    let job = day.ends("sso-login exec demo --min-left 2h -- touch began < /dev/null", &EIGHT);
    assert!(job.code == 77 && job.stderr.contains("2h"), "{} {}", job.code, job.stderr);
    // In notify a person is asked, whatever the flag says.
    let notify = r#"echo '{"profile":"demo","mode":"notify"}' | sso-login - --min-left 2h --yes"#;
    assert_eq!(day.ends(notify, &EIGHT).last()["outcome"], "dismissed");
    assert_eq!((day.bench.counts()[0], day.bench.count("Logout")), (1, 0));
    assert_eq!(day.session_end(), after(8 * 3600));
}

#[test]
fn a_new_login_ends_the_old_session_first_since_aws_would_hand_it_out_again() {
    let mut day = Day::begin("--session-length 8h --keep-session");
    day.log_in();
    day.at(6 * 60 + 40);
    day.renew();
    let ended = day.ends("sso-login demo --via device --no-browser --min-left 2h --yes", &EIGHT);
    assert_eq!((ended.code, ended.last()["outcome"].as_str()), (0, Some("success")), "{}", ended.stderr);
    let (said, opened) = (ended.stderr.find("is ended").unwrap(), ended.stderr.find("http").unwrap());
    assert!(said < opened, "{}", ended.stderr);
    assert_eq!((day.bench.counts()[0], day.bench.count("Logout")), (2, 1));
    assert_eq!(day.session_end(), after((6 * 60 + 40 + 480) * 60));
}

#[test]
fn a_session_that_no_login_can_make_last_is_said_and_stays() {
    let mut day = Day::begin("--session-length 4h --keep-session");
    let four = [("SSO_SESSION_LENGTH", "4h"), ("SSO_DIALOG", "none")];
    day.log_in();
    day.at(60);
    let line = "sso-login demo --via device --no-browser --min-left 6h --yes";
    day.ends(line, &four).fails(75, "failed", "short-session", "a new session lasts 4h, but 6h are needed");
    assert_eq!((day.bench.counts()[0], day.bench.count("Logout")), (1, 0));
    // Where none runs, a person gets what there is, and hears how long it lasts.
    day.bench.run("sso-login logout demo").exits(0);
    let ended = day.ends(line, &four);
    let last = ended.last();
    assert_eq!(
        (ended.code, last["outcome"].as_str(), last["error"].as_str()),
        (75, Some("success"), Some("short-session")),
        "{last} {}",
        ended.stderr
    );
}

/// A login takes seconds, which a session of just the length that is needed lacks afterwards.
#[test]
fn a_new_session_of_about_the_length_that_is_needed_will_do() {
    let mut day = Day::begin("--session-length 8h --keep-session");
    day.log_in();
    day.at(60);
    let line = "sso-login demo --via device --no-browser --min-left 28830s --yes";
    let ended = day.ends(line, &EIGHT);
    assert_eq!((ended.code, ended.last()["outcome"].as_str()), (0, Some("success")), "{}", ended.stderr);
    assert_eq!((day.bench.counts()[0], day.bench.count("Logout")), (2, 1));
}

#[test]
fn a_portal_that_cannot_be_told_keeps_the_old_session() {
    let mut day = Day::begin("--session-length 8h --keep-session --fail Logout=503");
    day.log_in();
    day.at(6 * 60 + 40);
    let ended = day.ends("sso-login demo --via device --no-browser --min-left 2h --yes", &EIGHT);
    assert_eq!(ended.code, 69, "{}", ended.stderr);
    assert_eq!(day.check("", &EIGHT)["token"]["state"], "valid");
    assert_eq!(day.bench.counts()[0], 1);
}

/// The job needs three hours, the session's day has eight: whenever the job begins, it outlives the day's end.
#[test]
fn a_job_of_three_hours_outlives_the_day_of_the_session_whenever_it_begins() {
    for begin in [0, 119, 301, 400, 475, 540] {
        let mut day = Day::begin("--session-length 8h --keep-session --role-lifetime 4h");
        day.log_in();
        day.at(begin);
        day.bench.program("xdg-open", "exit 1");
        let variables = [EIGHT[0], EIGHT[1], ("SSO_LOGIN_VIA", "device")];
        let line = "sso-login exec demo --renewing --min-left 3h --yes -- sh -c 'echo $AWS_PROFILE'";
        let ended = day.ends(line, &variables);
        assert_eq!((ended.code, ended.stdout.trim()), (0, "demo"), "{begin}: {}", ended.stderr);
        // The job is at work: its SDK renews by the same cache, as the AWS CLI does.
        for _ in 0..3 {
            day.at(day.minutes + 59);
            day.renew();
            let state = day.check("", &[])["token"]["state"].clone();
            assert!(state == "valid", "began at {begin}, {state} at {}", day.minutes);
        }
    }
}

#[test]
fn keys_that_end_before_the_job_are_said_before_it_begins() {
    let day = Day::begin("--session-length 8h --role-lifetime 1h");
    day.log_in();
    let ended = day.ends("sso-login exec demo --min-left 2h -- true", &EIGHT);
    assert!(ended.code == 0 && ended.stderr.contains("--renewing"), "{} {}", ended.code, ended.stderr);
    let ended = day.ends("sso-login exec demo --renewing --min-left 2h -- true", &EIGHT);
    assert!(ended.code == 0 && ended.stderr.is_empty(), "{} {}", ended.code, ended.stderr);
}

#[test]
fn an_end_that_nobody_knows_is_said_and_the_session_will_do() {
    let nobody = [("SSO_DIALOG", "none")];
    let day = Day::begin("--session-length 8h");
    let hint = "sso-login: hint: sso-login demo --min-left 2h --yes";
    let job = day.ends("sso-login exec demo --min-left 2h -- true < /dev/null", &nobody);
    assert!(
        job.code == 77
            && job.stderr.contains(
                "has no token in the cache (never logged in, or logged out); nobody could be asked"
            )
            && job.stderr.contains(hint),
        "{}",
        job.stderr
    );
    day.log_in();
    for line in ["sso-login demo --min-left 2h", "sso-login exec demo --renewing --min-left 2h -- true"] {
        let ended = day.ends(line, &nobody).exits_somehow(0);
        assert!(
            ended.stderr.contains("nobody knows yet") && ended.stderr.contains("SSO_SESSION_LENGTH=8h"),
            "{}",
            ended.stderr
        );
        // The token alone lasts that long.
        let ended = day.ends(&line.replace("2h", "30m"), &nobody).exits_somehow(0);
        assert_eq!(ended.stderr, "");
        let ended = day.ends(line, &EIGHT).exits_somehow(0);
        assert!(!ended.stderr.contains("nobody knows"), "{}", ended.stderr);
    }
}

#[test]
fn a_length_beyond_every_clock_is_a_session_that_does_not_last() {
    let day = Day::begin("--session-length 8h");
    day.log_in();
    for length in ["99999999d", "584542046000y"] {
        let ended = day.ends(&format!("sso-login demo --min-left {length} < /dev/null"), &EIGHT);
        assert!([2, 75].contains(&ended.code), "{length}: {} {}", ended.code, ended.stderr);
        assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
        let set = [("SSO_SESSION_LENGTH", length)];
        let ended = day.ends("sso-profile show demo | sso-cache check --ahead 1h", &set);
        assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
    }
}
