//! DESIGN 3's table, a row per test row, and what holds for every history.

use super::*;
use proptest::prelude::*;
use serde_json::json;

const COOLDOWN: u64 = 600;
const POLL: u64 = 5;

fn moment(seconds: i64) -> Moment {
    time::from_epoch(1_700_000_000.0).unwrap() + chrono::TimeDelta::seconds(seconds)
}

fn at(seconds: i64, mode: Mode) -> Circumstances {
    Circumstances {
        now: moment(seconds),
        mode,
        cooldown: Duration::from_secs(COOLDOWN),
        poll: Duration::from_secs(POLL),
    }
}

fn notify(seconds: i64) -> Circumstances {
    at(seconds, Mode::Notify)
}

fn signal(episode: &str, next: Option<i64>) -> Signal {
    let document = json!({"profile": "corp", "timestamp": "2023-11-14T00:00:00Z", "episode": episode,
        "nextAttemptAfter": next.map(|next| moment(next).timestamp())});
    Signal::parse(document.to_string().as_bytes(), "signal").unwrap()
}

fn stamp_of(entry: &Reminder) -> Stamp {
    if entry.dismissed.is_some() { Stamp::Ours } else { Stamp::Absent }
}

/// Whether a signal of episode `one` is due, its file mirroring what the host wrote.
fn judge(entry: &Reminder, at: &Circumstances) -> Due {
    let mut signal = signal("one", None);
    signal.next_attempt_after = entry.mirrored;
    due(entry, &signal, stamp_of(entry), false, at)
}

fn config() -> ConfigStamp {
    ConfigStamp { file: "/home/me/.aws/config".into(), modified: Some("2023-11-14T00:00:00Z".into()) }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn of(outcome: Outcome) -> Answer {
    outcome.into()
}

fn snoozed(snooze: Duration) -> Answer {
    Answer { snooze, ..of(Outcome::Snoozed) }
}

fn unknown(config: Option<ConfigStamp>) -> Answer {
    Answer { config, ..of(Outcome::UnknownProfile) }
}

/// The signal that is answered is the only one that stands.
fn settle(entry: &Reminder, answer: &Answer, episode: &str, at: &Circumstances) -> Transition {
    super::settle(entry, answer, episode, &[episode], at)
}

#[test]
fn what_stands_besides_the_answered_signal_is_answered_too() {
    for (answer, standing, suppressed, is_waiting) in [
        (of(Outcome::Suppressed), &["one", "two"][..], &["one", "two"][..], true),
        (of(Outcome::Suppressed), &[], &["one"], true),
        (of(Outcome::Dismissed), &["one", "two"], &[], false),
        // A name that nobody raised a signal for leaves no trace.
        (unknown(Some(config())), &[], &[], false),
        (unknown(Some(config())), &["two"], &[], true),
        (unknown(None), &[], &[], false),
        (unknown(None), &["two"], &[], true),
    ] {
        let entry = super::settle(&Reminder::default(), &answer, "one", standing, &notify(0)).entry;
        assert_eq!(entry.suppressed, suppressed, "{answer:?}");
        let waits = entry.unknown_in.is_some() || entry.retry.is_some();
        assert_eq!(waits, is_waiting, "{answer:?} {standing:?}");
    }
}

#[test]
fn a_document_tells_nothing_that_its_outcome_says_better() {
    use Sighting::{Over, Valid};
    for (outcome, seen, told) in [
        (None, None, None),
        (None, Some(Valid), Some(Valid)),
        (None, Some(Over), Some(Over)),
        (Some(Outcome::Success), Some(Over), None),
        (Some(Outcome::Valid), Some(Valid), None),
        (Some(Outcome::Failed), Some(Valid), None),
        (Some(Outcome::Dismissed), Some(Over), Some(Over)),
    ] {
        assert_eq!(super::told(outcome, seen), told, "{outcome:?} {seen:?}");
    }
}

#[test]
fn every_row_of_the_table() {
    use Because::{CoolingDown, Retry, Snoozed, Suppressed, UnknownProfile};
    use Fate::{Cleared, Postponed};
    let until = |seconds| Postponed(moment(seconds));
    let wait = |seconds, because| Due::At(moment(seconds), because);
    let rows = [
        (of(Outcome::Success), Cleared, false, Due::Now),
        (of(Outcome::Valid), Cleared, false, wait(5, Retry)),
        (of(Outcome::Failed), until(30), false, wait(30, Retry)),
        (of(Outcome::Timeout), until(30), false, wait(30, Retry)),
        (snoozed(seconds(900)), until(900), false, wait(900, Snoozed)),
        (snoozed(seconds(1800)), until(1800), false, wait(1800, Snoozed)),
        (snoozed(seconds(3600)), until(3600), false, wait(3600, Snoozed)),
        (snoozed(seconds(14_400)), until(14_400), false, wait(14_400, Snoozed)),
        (of(Outcome::Dismissed), until(600), true, wait(600, CoolingDown)),
        (of(Outcome::Suppressed), Cleared, false, Due::Not(Suppressed)),
        (of(Outcome::Busy), until(5), false, wait(5, Retry)),
        (unknown(Some(config())), until(0), false, Due::Not(UnknownProfile)),
        (unknown(None), until(30), false, wait(30, Retry)),
    ];
    let (leased, _) = lease(&Reminder::default(), moment(-120));
    for (outcome, fate, stamps_cooldown, due) in rows {
        let transition = settle(&leased, &outcome, "one", &notify(0));
        assert_eq!((transition.fate, transition.stamps_cooldown), (fate, stamps_cooldown), "{outcome:?}");
        assert_eq!(judge(&transition.entry, &notify(0)), due, "{outcome:?}");
        if let Due::At(until, _) = due {
            let just_then = Circumstances { now: until, ..notify(0) };
            assert_eq!(judge(&transition.entry, &just_then), Due::Now, "{outcome:?}");
        }
    }
}

#[test]
fn every_reason_not_to_be_due() {
    let entry = |change: &dyn Fn(&mut Reminder)| {
        let mut entry = Reminder::default();
        change(&mut entry);
        entry
    };
    let pause = |length| Some(Pause::starting(moment(0), seconds(length)));
    let wait = |seconds, because| Due::At(moment(seconds), because);
    let none = Stamp::Absent;
    for (entry, stamp, mode, next, expected) in [
        (Reminder::default(), none, Mode::Notify, None, Due::Now),
        (Reminder::default(), none, Mode::Auto, None, Due::Now),
        (Reminder::default(), none, Mode::Standalone, None, Due::Not(Because::Standalone)),
        (entry(&|e| e.quiet = true), none, Mode::Notify, None, Due::Not(Because::Quiet)),
        (entry(&|e| e.suppress("one")), none, Mode::Notify, None, Due::Not(Because::Suppressed)),
        (entry(&|e| e.suppress("two")), none, Mode::Notify, None, Due::Now),
        (
            entry(&|e| e.unknown_in = Some(config())),
            none,
            Mode::Notify,
            None,
            Due::Not(Because::UnknownProfile),
        ),
        (entry(&|e| e.gave_up = Some("one".into())), none, Mode::Auto, None, Due::Not(Because::GaveUp)),
        (entry(&|e| e.gave_up = Some("one".into())), none, Mode::Notify, None, Due::Now),
        (entry(&|e| e.gave_up = Some("two".into())), none, Mode::Auto, None, Due::Not(Because::GaveUp)),
        (entry(&|e| e.snooze = pause(60)), none, Mode::Auto, None, wait(60, Because::Snoozed)),
        (entry(&|e| e.retry = pause(30)), none, Mode::Auto, None, wait(30, Because::Retry)),
        (
            entry(&|e| e.dismissed = Some(moment(0))),
            Stamp::Ours,
            Mode::Auto,
            None,
            wait(600, Because::CoolingDown),
        ),
        (entry(&|e| e.dismissed = Some(moment(0))), none, Mode::Notify, None, Due::Now),
        (Reminder::default(), Stamp::Ours, Mode::Notify, None, Due::Now),
        (
            Reminder::default(),
            Stamp::Foreign(moment(-60)),
            Mode::Notify,
            None,
            wait(540, Because::CoolingDown),
        ),
        (Reminder::default(), Stamp::Foreign(moment(3600)), Mode::Notify, None, Due::Now),
        (Reminder::default(), none, Mode::Notify, Some(60), wait(60, Because::Postponed)),
        (Reminder::default(), none, Mode::Notify, Some(14_400), wait(14_400, Because::Postponed)),
        // A forged wish delays by four hours at most, and shortens nothing.
        (Reminder::default(), none, Mode::Notify, Some(14_401), Due::Now),
        (entry(&|e| e.snooze = pause(60)), none, Mode::Notify, Some(-1), wait(60, Because::Snoozed)),
        (entry(&|e| e.snooze = pause(60)), none, Mode::Notify, Some(20), wait(60, Because::Snoozed)),
        (entry(&|e| e.snooze = pause(60)), none, Mode::Notify, Some(90), wait(90, Because::Postponed)),
    ] {
        let case = format!("{entry:?} {stamp:?} {mode} {next:?}");
        assert_eq!(due(&entry, &signal("one", next), stamp, false, &at(0, mode)), expected, "{case}");
    }
    let unknown = entry(&|e| e.unknown_in = Some(config()));
    assert_eq!(due(&unknown, &signal("one", None), none, true, &notify(0)), Due::Now);
}

#[test]
fn auto_backs_off_to_the_cooldown_and_waits_for_a_person_after_five_failures() {
    let mut entry = Reminder::default();
    let mut now = 0;
    for pause in [30, 60, 120, 240] {
        entry = settle(&entry, &of(Outcome::Failed), "one", &at(now, Mode::Auto)).entry;
        let until = moment(now + pause);
        assert_eq!(judge(&entry, &at(now, Mode::Auto)), Due::At(until, Because::Retry));
        now += pause;
        assert_eq!(judge(&entry, &at(now, Mode::Auto)), Due::Now);
    }
    entry = settle(&entry, &of(Outcome::Timeout), "one", &at(now, Mode::Auto)).entry;
    assert_eq!(judge(&entry, &at(now + 1_000_000, Mode::Auto)), Due::Not(Because::GaveUp));
    // An answer is no login.
    let snoozed = settle(&entry, &snoozed(seconds(60)), "one", &at(now, Mode::Notify)).entry;
    assert_eq!(judge(&snoozed, &at(now + 61, Mode::Auto)), Due::Not(Because::GaveUp));
    // A new episode is no login: whoever writes signals would begin the count anew by another word.
    assert_eq!(
        due(&entry, &signal("two", None), Stamp::Absent, false, &at(now + 1000, Mode::Auto)),
        Due::Not(Because::GaveUp)
    );
    let next = settle(&entry, &of(Outcome::Failed), "two", &at(now, Mode::Auto)).entry;
    assert_eq!((next.failures, next.gave_up.is_some()), (entry.failures + 1, true));
    assert_eq!(judge(&entry.seen(Sighting::Valid), &at(now, Mode::Auto)), Due::Now);
    // What ends it is a login by hand.
    let after = settle(&entry, &of(Outcome::Success), "one", &notify(0)).entry;
    assert_eq!((after.failures, after.gave_up, after.decided), (0, None, Some(moment(0))));
    // The pause is never longer than the cooldown, nor shorter than the first.
    for (cooldown, longest) in [(100, 100), (10, 30)] {
        let at = Circumstances { cooldown: seconds(cooldown), ..at(0, Mode::Auto) };
        let tired = Reminder { failures: 40, ..Reminder::default() };
        let Fate::Postponed(until) = settle(&tired, &of(Outcome::Failed), "one", &at).fate else { panic!() };
        assert_eq!(until, moment(longest));
    }
    // A person stands between the retries of `notify`.
    let tired = Reminder { failures: 9, ..Reminder::default() };
    assert_eq!(settle(&tired, &of(Outcome::Failed), "one", &notify(0)).fate, Fate::Postponed(moment(30)));
}

#[test]
fn a_clock_that_was_set_back_ends_pauses_and_a_small_correction_does_not() {
    for outcome in [snoozed(seconds(900)), of(Outcome::Dismissed), of(Outcome::Failed)] {
        let entry = settle(&Reminder::default(), &outcome, "one", &notify(0)).entry;
        assert!(matches!(judge(&entry, &notify(-59)), Due::At(..)), "{outcome:?}");
        assert_eq!(judge(&entry, &notify(-61)), Due::Now, "{outcome:?}");
        assert_eq!(judge(&entry, &notify(-1_000_000)), Due::Now, "{outcome:?}");
        assert_eq!(judge(&entry, &notify(1_000_000)), Due::Now, "{outcome:?}");
    }
}

#[test]
fn absurd_lengths_block_no_longer_than_they_say_and_never_panic() {
    let absurd = Pause { until: moment(10), length: Duration::MAX };
    let entry = Reminder { snooze: Some(absurd), dismissed: Some(moment(0)), ..Reminder::default() };
    let at = Circumstances { cooldown: Duration::MAX, ..notify(0) };
    assert!(matches!(due(&entry, &signal("one", None), Stamp::Absent, false, &at), Due::At(..)));
    assert!(matches!(due(&entry, &signal("one", None), Stamp::Ours, false, &at), Due::At(..)));
    let _ = settle(&entry, &of(Outcome::Dismissed), "one", &at);
}

#[test]
fn suppressing_an_episode_keeps_the_others_suppressed_until_the_session_was_valid() {
    let suppressed =
        |entry: &Reminder, episode: &str| settle(entry, &of(Outcome::Suppressed), episode, &notify(0)).entry;
    let entry = suppressed(&suppressed(&Reminder::default(), "one"), "two");
    for episode in ["one", "two"] {
        let due = due(&entry, &signal(episode, None), Stamp::Absent, false, &notify(1_000_000));
        assert_eq!(due, Due::Not(Because::Suppressed));
    }
    // At most one question a cooldown, whatever the episode is called.
    let third = |seconds| due(&entry, &signal("three", None), Stamp::Absent, false, &notify(seconds));
    assert_eq!(third(599), Due::At(moment(600), Because::Retry));
    assert_eq!(third(600), Due::Now);
    assert_eq!(judge(&entry.seen(Sighting::Valid), &notify(1)), Due::Now);
    let many = (0..1000).fold(Reminder::default(), |entry, n| suppressed(&entry, &n.to_string()));
    assert!(many.suppressed.len() < 100 && many.suppressed.ends_with(&["999".to_owned()]));
}

#[test]
fn a_lease_lasts_thirty_seconds_and_hides_nothing_longer() {
    let (entry, until) = lease(&Reminder::default(), moment(0));
    assert_eq!(until, moment(30));
    assert_eq!(judge(&entry, &notify(29)), Due::At(moment(30), Because::Retry));
    assert_eq!(judge(&entry, &notify(30)), Due::Now);
    let snoozed = Reminder { snooze: Some(Pause::starting(moment(0), seconds(900))), ..Reminder::default() };
    assert_eq!(judge(&lease(&snoozed, moment(0)).0, &notify(31)), Due::At(moment(900), Because::Snoozed));
}

#[test]
fn what_either_entry_held_back_stays_held_back_after_a_merge() {
    let snoozed = Reminder { snooze: Some(Pause::starting(moment(0), seconds(900))), ..Reminder::default() };
    let mut suppressed = Reminder { quiet: true, failures: 2, ..Reminder::default() };
    suppressed.suppress("one");
    let mut other = Reminder { dismissed: Some(moment(5)), failures: 1, ..Reminder::default() };
    other.suppress("two");
    let merged = snoozed.clone().merged(suppressed).merged(other);
    assert_eq!(merged.snooze, snoozed.snooze);
    assert_eq!(merged.suppressed.len(), 2);
    assert!(merged.quiet);
    assert_eq!((merged.failures, merged.dismissed), (2, Some(moment(5))));
}

fn outcomes() -> impl Strategy<Value = Answer> {
    prop_oneof![
        Just(of(Outcome::Success)),
        Just(of(Outcome::Valid)),
        Just(of(Outcome::Failed)),
        Just(of(Outcome::Timeout)),
        (1_u64..=86_400).prop_map(|length| snoozed(seconds(length))),
        Just(of(Outcome::Dismissed)),
        Just(of(Outcome::Suppressed)),
        Just(of(Outcome::Busy)),
        Just(unknown(None)),
        Just(unknown(Some(config()))),
    ]
}

fn modes() -> impl Strategy<Value = Mode> {
    prop_oneof![Just(Mode::Notify), Just(Mode::Auto), Just(Mode::Standalone)]
}

/// What happens next: an outcome or a lease, a jump of the clock, a mode, and a forged `nextAttemptAfter`.
fn steps() -> impl Strategy<Value = Vec<(Option<Answer>, i64, Mode, Option<i64>)>> {
    let step = (
        proptest::option::of(outcomes()),
        -100_000_i64..100_000,
        modes(),
        proptest::option::of(-10_000_000_i64..10_000_000),
    );
    prop::collection::vec(step, 1..20)
}

proptest! {
    #[test]
    fn no_history_blocks_for_ever(steps in steps()) {
        let (mut entry, mut now) = (Reminder::default(), 0);
        let (mut in_a_row, mut gave_up) = (0, false);
        for (outcome, jump, mode, forged) in steps {
            now += jump;
            let at = at(now, mode);
            match outcome.as_ref().map(|answer| answer.outcome) {
                Some(Outcome::Failed | Outcome::Timeout) => in_a_row += 1,
                Some(Outcome::Success | Outcome::Valid) => (in_a_row, gave_up) = (0, false),
                Some(Outcome::Snoozed | Outcome::Dismissed | Outcome::Suppressed) => in_a_row = 0,
                Some(Outcome::Busy | Outcome::UnknownProfile) | None => {}
            }
            // An answer ends the row, but not the wait for a person: that takes a login or a new episode.
            gave_up |= in_a_row >= MOST_FAILURES;
            entry = match outcome {
                Some(outcome) => settle(&entry, &outcome, "one", &at).entry,
                None => lease(&entry, at.now).0,
            };
            let judged = due(&entry, &signal("one", forged), stamp_of(&entry), false, &at);
            match judged {
                // Whatever the clock did: a day (the longest snooze) and the tolerance is the end of it.
                Due::At(until, _) => prop_assert!(until <= moment(now + 86_400 + 60), "{:?}", entry),
                Due::Not(Because::Standalone) => prop_assert_eq!(mode, Mode::Standalone),
                Due::Not(Because::Suppressed) => prop_assert!(!entry.suppressed.is_empty()),
                Due::Not(Because::UnknownProfile) => prop_assert!(entry.unknown_in.is_some()),
                Due::Not(Because::GaveUp) => prop_assert!(gave_up && mode == Mode::Auto),
                Due::Not(because) => prop_assert!(false, "{:?} out of nowhere", because),
                Due::Now => prop_assert!(!gave_up || mode != Mode::Auto),
            }
        }
    }

    #[test]
    fn a_snooze_is_never_shortened_by_the_signal_file(
        length in 60_u64..86_400, later in 0_i64..86_400, forged in -10_000_000_i64..10_000_000, steps in steps(),
    ) {
        let entry = steps.into_iter().fold(Reminder::default(), |entry, (outcome, _, mode, _)| match outcome {
            Some(outcome) => settle(&entry, &outcome, "two", &at(0, mode)).entry,
            None => lease(&entry, moment(0)).0,
        });
        let entry = settle(&entry, &snoozed(seconds(length)), "one", &notify(0)).entry;
        if later < i64::try_from(length).unwrap() {
            let judged = due(&entry, &signal("one", Some(forged)), stamp_of(&entry), false, &notify(later));
            let is_due = match judged {
                Due::Now => true,
                Due::At(until, _) => until < moment(i64::try_from(length).unwrap()),
                Due::Not(_) => false,
            };
            prop_assert!(!is_due, "{:?}", judged);
        }
    }

    #[test]
    fn any_dismissal_cools_down_for_the_cooldown_and_no_longer(later in 0_i64..2000, foreign in any::<bool>()) {
        let (entry, stamp) = if foreign {
            (Reminder::default(), Stamp::Foreign(moment(0)))
        } else {
            (settle(&Reminder::default(), &of(Outcome::Dismissed), "one", &notify(0)).entry, Stamp::Ours)
        };
        let judged = due(&entry, &signal("one", None), stamp, false, &notify(later));
        prop_assert_eq!(judged == Due::Now, later >= 600);
    }
}
