//! `settle`, `snooze`, `quiet`: the table of DESIGN 3 on disk.

use std::fs;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::signal::clock::{
    NOW, after, is_due, main_file, main_signal, profiles, raise, settle, status, valid,
};
use crate::support::{Sandbox, names};

pub fn outcome(outcome: &str) -> Value {
    json!({"profile": "corp", "outcome": outcome, "keep": ["me"]})
}

fn stamp(sandbox: &Sandbox) -> Option<String> {
    fs::read_to_string(sandbox.state().join("last-login-at.txt")).ok()
}

#[test]
fn every_outcome_does_what_the_table_says() {
    // Outcome; due again after so many seconds, not one earlier; 0: cleared; below: cleared, and due that much later once raised.
    for (document, seconds) in [
        (outcome("success"), 0),
        (outcome("valid"), -5),
        (outcome("failed"), 30),
        (outcome("timeout"), 30),
        (outcome("dismissed"), 600),
        (outcome("busy"), 5),
        (outcome("unknown-profile"), 30),
        (json!({"profile": "corp", "outcome": "snoozed", "seconds": 900}), 900),
        (json!({"profile": "corp", "outcome": "snoozed", "seconds": 14_400}), 14_400),
    ] {
        let sandbox = Sandbox::new();
        raise(&sandbox, "corp", "one");
        sandbox.run("sso-signal wait").exits(0);
        settle(&sandbox, 0, &document);
        assert_eq!(main_file(&sandbox).exists(), seconds > 0, "{document}");
        let is_dismissed = document["outcome"] == "dismissed";
        assert_eq!(stamp(&sandbox), is_dismissed.then(|| format!("{NOW}\n")), "{document}");
        if seconds > 0 {
            assert_eq!(main_signal(&sandbox)["nextAttemptAfter"], NOW + seconds, "{document}");
            assert!(!is_due(&sandbox, seconds - 1), "{document}");
        } else {
            raise(&sandbox, "corp", "one");
            assert!(seconds == 0 || !is_due(&sandbox, -seconds - 1), "{document}");
        }
        assert!(is_due(&sandbox, seconds.abs()), "{document}");
    }
}

#[test]
fn a_suppressed_episode_stays_quiet_and_a_new_one_asks_again() {
    let sandbox = Sandbox::new();
    raise(&sandbox, "corp", "one");
    let handed = sandbox.run("sso-signal wait").exits(0).document();
    settle(&sandbox, 60, &json!({"profile": "corp", "outcome": "suppressed", "episode": handed["episode"]}));
    assert_eq!(profiles(&sandbox), [""; 0]);
    raise(&sandbox, "corp", "one");
    assert_eq!(status(&sandbox, "corp").0, "suppressed");
    assert!(!is_due(&sandbox, 1_000_000));
    // Another monitor calls the same dead token otherwise: once said for that, too, both are quiet.
    raise(&sandbox, "corp", "missing");
    // At most one question a cooldown, though: the episode's name is the writer's choice.
    assert!(!is_due(&sandbox, 659));
    assert!(is_due(&sandbox, 660));
    settle(&sandbox, 660, &json!({"profile": "corp", "outcome": "suppressed", "episode": "missing"}));
    for episode in ["one", "missing", "one"] {
        raise(&sandbox, "corp", episode);
        assert!(!is_due(&sandbox, 1_000_000), "{episode}");
    }
    raise(&sandbox, "corp", "three");
    assert!(is_due(&sandbox, 200));
}

#[test]
fn a_session_that_was_valid_asks_again_even_for_an_episode_of_the_same_name() {
    let sandbox = Sandbox::new();
    raise(&sandbox, "corp", "missing");
    settle(&sandbox, 0, &json!({"profile": "corp", "outcome": "suppressed", "episode": "missing"}));
    sandbox.feed("sso-signal write", &valid("corp").to_string()).exits(0);
    raise(&sandbox, "corp", "missing");
    assert!(is_due(&sandbox, 60));
}

#[test]
fn another_sources_good_news_undoes_no_snooze() {
    let sandbox = Sandbox::new();
    raise(&sandbox, "corp", "one");
    sandbox.run("sso-signal snooze corp 4h").exits(0);
    sandbox.feed("sso-signal write --source elsewhere", &valid("corp").to_string()).exits(0);
    assert!(!is_due(&sandbox, 14_399));
}

#[test]
fn an_unknown_profile_is_quiet_until_the_config_changes_and_alone() {
    let sandbox = Sandbox::new();
    let config = sandbox.write(".aws/config", "[profile a]\n");
    for profile in ["a", "gone"] {
        raise(&sandbox, profile, "one");
    }
    let both =
        json!({"profile": "gone", "ssoSession": "s", "sessionProfiles": ["a", "gone"], "outcome": "busy"});
    settle(&sandbox, -60, &both);
    let modified = || {
        let modified = fs::metadata(&config).unwrap().modified().unwrap();
        chrono::DateTime::<chrono::Utc>::from(modified).to_rfc3339_opts(chrono::SecondsFormat::Nanos, true)
    };
    settle(
        &sandbox,
        0,
        &json!({"profile": "gone", "outcome": "unknown-profile", "configFile": config, "configModified": modified()}),
    );
    assert_eq!(status(&sandbox, "gone").0, "unknown-profile");
    assert_eq!(status(&sandbox, "a").0, "due");
    fs::remove_file(main_file(&sandbox)).unwrap();
    assert!(!is_due(&sandbox, 1_000_000));
    // An edit within the same second counts.
    let before = modified();
    while modified() == before {
        fs::write(&config, "[profile gone]\n").unwrap();
    }
    assert!(is_due(&sandbox, 0));
    // The lease is a new try, and so is what comes of it.
    settle(&sandbox, 0, &json!({"profile": "gone", "outcome": "success"}));
    assert_eq!(profiles(&sandbox), [""; 0]);
}

#[test]
fn snoozing_never_brings_a_cleared_signal_back() {
    let sandbox = Sandbox::new();
    raise(&sandbox, "corp", "one");
    sandbox.run("sso-signal wait").exits(0);
    fs::remove_file(main_file(&sandbox)).unwrap();
    settle(&sandbox, 0, &json!({"profile": "corp", "outcome": "snoozed", "seconds": 900}));
    sandbox.run("sso-signal snooze corp 15m").exits(0);
    assert!(!main_file(&sandbox).exists());
    raise(&sandbox, "corp", "one");
    assert!(!is_due(&sandbox, 899));
    assert!(is_due(&sandbox, 900));
}

#[test]
fn a_forged_next_attempt_neither_shortens_nor_blocks_for_ever() {
    let sandbox = Sandbox::new();
    let forge = |next: Value| {
        let signal =
            json!({"profile": "corp", "timestamp": "2026-11-21T12:00:00Z", "nextAttemptAfter": next});
        fs::write(main_file(&sandbox), signal.to_string()).unwrap();
    };
    sandbox.run("sso-signal snooze corp 1h").exits(0);
    for next in [json!(0), json!(-1), json!(NOW + 1), json!(null), json!(NOW + 900_000)] {
        forge(next.clone());
        assert!(!is_due(&sandbox, 3599), "{next}");
    }
    sandbox.run("sso-signal clear --all").exits(0);
    for next in [NOW + 14_401, 99_999_999_999, 253_402_300_799] {
        forge(json!(next));
        assert!(is_due(&sandbox, 0), "{next}");
        sandbox.run("sso-signal clear --all").exits(0);
    }
    forge(json!(NOW + 14_400));
    assert!(!is_due(&sandbox, 14_399));
    assert!(is_due(&sandbox, 14_400));
}

#[test]
fn the_cooldown_stamp_is_everybodys_to_see_and_to_remove() {
    let sandbox = Sandbox::new();
    let path = sandbox.state().join("last-login-at.txt");
    raise(&sandbox, "corp", "one");
    settle(&sandbox, 0, &outcome("dismissed"));
    assert!(!is_due(&sandbox, 599));
    // Removing it ends the cooldown, whatever the signal's file says.
    fs::remove_file(&path).unwrap();
    assert!(is_due(&sandbox, 1));
    // Written by hand it holds for all.
    sandbox.run("sso-signal clear --all").exits(0);
    raise(&sandbox, "other", "one");
    for content in [format!("{NOW}\n"), format!("{NOW}.25")] {
        fs::write(&path, content).unwrap();
        assert_eq!(status(&sandbox, "other").0, "cooling-down");
        assert!(!is_due(&sandbox, 599));
    }
    // Nonsense and the far future hold nobody.
    for content in ["", "nan", "inf", "soon", "99999999999", &(NOW + 3600).to_string(), "-1"] {
        fs::write(&path, content).unwrap();
        assert_eq!(status(&sandbox, "other").0, "due", "{content}");
    }
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert_eq!(status(&sandbox, "other").0, "due");
}

#[test]
fn auto_backs_off_and_gives_up_after_five_failures() {
    let sandbox = Sandbox::new();
    sandbox.run("sso-signal mode auto").exits(0);
    raise(&sandbox, "corp", "one");
    let mut now = 0;
    for pause in [30, 60, 120, 240, 0] {
        let handed = after(&sandbox, now, "sso-signal wait --timeout 0s").exits(0).document();
        assert_eq!(handed["mode"], "auto");
        settle(
            &sandbox,
            now,
            &json!({"profile": "corp", "outcome": "failed", "mode": "auto", "episode": "one"}),
        );
        if pause > 0 {
            assert!(!is_due(&sandbox, now + pause - 1));
        }
        now += pause;
    }
    assert!(!is_due(&sandbox, now + 1_000_000));
    assert_eq!(status(&sandbox, "corp").0, "waiting-for-user");
    // Another episode is no login: a writer of signals would get five more by each new word.
    raise(&sandbox, "corp", "two");
    assert!(!is_due(&sandbox, now + 480));
    sandbox.feed("sso-signal write", &valid("corp").to_string()).exits(0);
    raise(&sandbox, "corp", "three");
    assert!(is_due(&sandbox, now + 480));
}

#[test]
fn quiet_lasts_until_the_next_login() {
    let sandbox = Sandbox::new();
    assert_eq!(
        sandbox.run("sso-signal quiet corp").exits(0).document(),
        json!({"profile": "corp", "quiet": true})
    );
    // It was valid when it was locked, and is for a while.
    sandbox.feed("sso-signal write", &valid("corp").to_string()).exits(0);
    // The same expiry; a new one would show that somebody logged in between.
    for episode in ["one", "one"] {
        raise(&sandbox, "corp", episode);
        assert!(!is_due(&sandbox, 1_000_000));
    }
    sandbox.run("sso-signal clear corp").exits(0);
    raise(&sandbox, "corp", "three");
    assert_eq!(status(&sandbox, "corp").0, "quiet");
    settle(&sandbox, 0, &outcome("success"));
    raise(&sandbox, "corp", "four");
    assert!(is_due(&sandbox, 0));
    sandbox.run("sso-signal quiet $x").exits(65);
}

#[test]
fn settle_refuses_what_it_does_not_know_and_passes_the_rest() {
    let sandbox = Sandbox::new();
    raise(&sandbox, "corp", "one");
    for passed in [
        json!({"profile": "corp"}),
        json!({"profile": "corp", "event": "authorize", "outcome": "success"}),
        json!({}),
        json!({"profile": "corp", "outcome": null}),
    ] {
        settle(&sandbox, 0, &passed);
    }
    assert_eq!(profiles(&sandbox), ["corp"]);
    for (refused, message) in [
        (json!({"profile": "corp", "outcome": "maybe"}), "`maybe` isn't an outcome"),
        (json!({"profile": "corp", "outcome": 1}), "`outcome`"),
        (json!({"outcome": "success"}), "no `profile`"),
        (json!({"profile": "corp", "outcome": "snoozed"}), "`seconds`"),
        (json!({"profile": "corp", "outcome": "snoozed", "seconds": 0}), "`seconds`"),
        (json!({"profile": "corp", "outcome": "snoozed", "seconds": -1}), "`seconds`"),
        (json!({"profile": "corp", "outcome": "snoozed", "seconds": 86_401}), "`seconds`"),
        (json!({"profile": "corp", "outcome": "snoozed", "seconds": "900"}), "`seconds`"),
        (json!({"profile": "corp", "outcome": "success", "sessionProfiles": "corp"}), "`sessionProfiles`"),
    ] {
        let ended = sandbox.feed("sso-signal settle", &refused.to_string()).exits(65).says(message);
        assert_eq!(ended.stdout, "", "{refused}");
    }
    assert_eq!(profiles(&sandbox), ["corp"]);
    assert!(is_due(&sandbox, 0));
}

#[test]
fn snooze_takes_reasonable_durations_only() {
    let sandbox = Sandbox::new();
    let document = sandbox.run("sso-signal snooze corp 1h30m").exits(0).document();
    assert_eq!(document, json!({"profile": "corp", "snoozedUntil": "2026-11-21T13:30:00Z"}));
    for bad in ["0s", "25h", "soon", "15"] {
        sandbox.run(&format!("sso-signal snooze corp {bad}")).exits(2);
    }
    sandbox.run("sso-signal snooze ../x 15m").exits(65);
}

#[test]
fn fifty_answers_at_once_lose_nothing() {
    let sandbox = Sandbox::new();
    thread::scope(|scope| {
        for n in 0..50 {
            let sandbox = &sandbox;
            scope.spawn(move || {
                settle(
                    sandbox,
                    0,
                    &json!({"profile": format!("p{n}"), "outcome": "snoozed", "seconds": 900 + n}),
                );
            });
        }
    });
    let remembered = sandbox.run("sso-signal status").exits(0).document()["remembered"].clone();
    assert_eq!(remembered.as_array().unwrap().len(), 50);
    assert_eq!(names(sandbox.state()), ["state.json"]);
}

#[test]
fn an_answer_waits_while_the_state_is_changed_by_another() {
    let sandbox = Sandbox::new();
    raise(&sandbox, "corp", "one");
    let held = fs::File::open(sandbox.state()).unwrap();
    fs2::FileExt::lock_exclusive(&held).unwrap();
    thread::scope(|scope| {
        let settling = scope.spawn(|| settle(&sandbox, 0, &outcome("dismissed")));
        thread::sleep(Duration::from_millis(100));
        assert_eq!(stamp(&sandbox), None);
        fs2::FileExt::unlock(&held).unwrap();
        settling.join().unwrap();
    });
    assert!(stamp(&sandbox).is_some());
}
