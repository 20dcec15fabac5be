//! A signal becomes a question, a login, or peace.

use serde_json::json;

use crate::login::bench::Bench;
use crate::pipeline::{Desk, WATCHER};

#[test]
fn an_expiry_becomes_a_signal_a_question_per_session_a_login_and_no_signal() {
    let desk = Desk::new(Bench::logged_in("--no-refresh-token"));
    desk.answers("refresh", None);
    // The session `sandbox` is valid, `other` never was.
    desk.monitor(0);
    assert_eq!(desk.signals(), ["other"]);
    assert_eq!(desk.watch(0), ["other success"]);
    assert_eq!((desk.signals(), desk.questions()), (vec![], 1));

    desk.bench.served.forget("/sandbox/log");
    desk.bench.forward(3600);
    let seen = desk.monitor(3600);
    assert!(seen.iter().all(|document| document["signal"] == "raised"), "{seen:?}");
    assert_eq!(desk.signals().len(), 3);
    assert_eq!(desk.watch(3600), ["demo success", "other success"]);
    assert_eq!((desk.signals(), desk.questions()), (vec![], 2));
    assert_eq!(desk.bench.counts()[0], 2);

    assert!(desk.monitor(3600).iter().all(|document| document["loginRequired"] == false));
    assert_eq!((desk.watch(3600), desk.questions()), (vec![], 0));
    assert_eq!(desk.bench.counts()[0], 2);
}

#[test]
fn a_session_that_somebody_renewed_meanwhile_is_no_question() {
    let desk = Desk::new(Bench::start(""));
    desk.monitor(0);
    // By a pipe that settles nothing: a plain login would settle the signals itself.
    for profile in ["demo", "other"] {
        desk.bench
            .shell(&format!("sso-profile show {profile} | sso-login - --via device --no-browser"))
            .exits_somehow(0);
    }
    assert_eq!(desk.watch(0), ["demo valid", "other valid"]);
    assert_eq!((desk.signals(), desk.questions()), (vec![], 0));
}

#[test]
fn a_snooze_holds_for_the_whole_session_whatever_the_monitor_says() {
    let desk = Desk::new(Bench::start(""));
    desk.answers("snooze", Some(900));
    desk.monitor(0);
    assert_eq!(desk.watch(0), ["demo snoozed", "other snoozed"]);
    assert_eq!((desk.signals().len(), desk.questions()), (3, 2));
    for seconds in [60, 899] {
        desk.monitor(seconds);
        assert_eq!((desk.watch(seconds), desk.questions()), (vec![], 0), "{seconds}");
    }
    desk.answers("refresh", None);
    assert_eq!(desk.watch(901), ["demo success", "other success"]);
    assert_eq!(desk.signals(), [""; 0]);
}

#[test]
fn a_dismissal_cools_down_for_ten_minutes() {
    let desk = Desk::new(Bench::start(""));
    desk.monitor(0);
    assert_eq!(desk.watch(0), ["demo dismissed", "other dismissed"]);
    desk.monitor(599);
    assert_eq!((desk.watch(599), desk.signals().len()), (vec![], 3));
    assert_eq!(desk.watch(601), ["demo dismissed", "other dismissed"]);
    assert_eq!((desk.questions(), desk.bench.counts()), (4, [0, 0, 0]));
}

#[test]
fn what_nobody_wants_to_hear_of_stays_quiet_until_the_next_expiry() {
    let desk = Desk::new(Bench::logged_in("--no-refresh-token"));
    desk.bench.device("other").succeeds("success");
    desk.bench.forward(3600);
    desk.answers("suppress", None);
    desk.monitor(3600);
    assert_eq!(desk.watch(3600), ["demo suppressed", "other suppressed"]);
    assert_eq!((desk.signals(), desk.questions()), (vec![], 2));
    for seconds in [3660, 90_000] {
        desk.monitor(seconds);
        assert_eq!((desk.watch(seconds), desk.questions()), (vec![], 0), "{seconds}");
    }
    // A login by hand, and its end: another episode.
    desk.answers("dismiss", None);
    desk.bench.forward(90_000 - 3600);
    desk.bench.device_after(90_000, "demo").succeeds("success");
    desk.bench.forward(3600);
    desk.monitor(93_600);
    assert_eq!((desk.watch(93_600), desk.questions()), (vec!["demo dismissed".to_owned()], 1));
}

#[test]
fn a_failed_login_is_an_answer_and_comes_again_after_30_seconds() {
    let desk = Desk::new(Bench::start("--deny"));
    desk.answers("refresh", None);
    desk.monitor(0);
    assert_eq!(desk.watch(0), ["demo failed", "other failed"]);
    assert_eq!(desk.watch(29), [""; 0]);
    desk.bench.faults(&json!({"deny": false}));
    assert_eq!(desk.watch(31), ["demo success", "other success"]);
    assert_eq!(desk.signals(), [""; 0]);
}

#[test]
fn in_auto_the_own_profile_is_logged_in_unasked_and_others_are_not() {
    let desk = Desk::new(Bench::start(""));
    desk.monitor(0);
    desk.shell(0, "sso-signal mode auto >/dev/null").exits(0);
    let ended = desk.shell_with(0, WATCHER, &[("AWS_PROFILE", "demo")]);
    assert_eq!(crate::pipeline::outcomes(&ended), ["demo success", "other dismissed"]);
    assert_eq!(desk.questions(), 1);
}

#[test]
fn in_standalone_nothing_is_ever_due() {
    let desk = Desk::new(Bench::start(""));
    desk.monitor(0);
    desk.shell(0, "sso-signal mode standalone >/dev/null").exits(0);
    assert_eq!((desk.watch(0), desk.questions(), desk.signals().len()), (vec![], 0, 3));
}

#[test]
fn a_profile_that_the_config_lost_waits_for_the_config() {
    let desk = Desk::new(Bench::start(""));
    desk.answers("refresh", None);
    desk.shell(0, "sso-signal write gone >/dev/null").exits(0);
    assert_eq!(desk.watch(0), ["gone unknown-profile"]);
    assert_eq!(desk.watch(100_000), [""; 0]);
    desk.bench.configure(|config| format!("{config}[profile gone]\nsso_session = sandbox\n"));
    assert_eq!(desk.watch(100_000), ["gone success"]);
    assert_eq!((desk.signals(), desk.questions()), (vec![], 1));
}

#[test]
fn a_stream_of_signals_asks_once_a_session() {
    let desk = Desk::new(Bench::start(""));
    desk.monitor(0);
    let follow = "sso-signal wait --follow --timeout 300ms --poll 100ms | sso-login - --via device | sso-signal settle || true";
    let ended = desk.shell(0, follow).exits(0);
    assert_eq!(
        crate::pipeline::outcomes(&ended),
        ["demo dismissed", "demo-admin dismissed", "other dismissed"]
    );
    assert_eq!(desk.questions(), 2);
}

#[test]
fn a_login_ends_a_lock_and_what_a_lock_leaves_out_is_said_once() {
    let raised = "sso-profile show demo | sso-cache check | sso-signal write";
    let expire =
        |bench: &Bench| std::fs::remove_file(bench.cache().join(crate::login::bench::TOKEN)).unwrap();
    // Locked while it was valid, and over since: nobody is asked, which the log says once.
    let bench = Bench::logged_in("");
    bench.run("sso-signal quiet demo").exits(0);
    expire(&bench);
    assert_eq!(bench.shell(raised).exits(0).document()["signal"], "raised");
    let left_out = bench.run("sso-signal wait --timeout 0s").exits(124).stderr;
    assert!(left_out.contains("locked on purpose until its next login"), "{left_out}");
    assert_eq!(bench.run("sso-signal wait --timeout 0s").exits(124).stderr, "");
    // Whoever asks for the session by hand wants it again, whether it is still valid or not.
    for is_valid in [true, false] {
        let bench = Bench::logged_in("");
        bench.run("sso-signal quiet demo").exits(0);
        if !is_valid {
            expire(&bench);
        }
        bench.device("demo").succeeds(if is_valid { "valid" } else { "success" });
        expire(&bench);
        assert_eq!(bench.shell(raised).exits(0).document()["signal"], "raised");
        assert_eq!(bench.run("sso-signal wait --timeout 0s").exits(0).document()["profile"], "demo");
    }
}
