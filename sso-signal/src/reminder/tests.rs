//! What ends a lock on purpose: a row per history, and what holds for every one of them.

use super::*;
use crate::machine::{self, Answer, Circumstances};
use crate::mode::Mode;
use proptest::prelude::*;
use sso_tool::outcome::Outcome;

/// What happens to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Lock,
    Seen(Sighting),
    Settle(&'static str),
    Clear,
}

use Sighting::{Over, Valid};
use Step::{Clear, Lock, Seen, Settle};

fn answer(word: &str) -> Answer {
    Answer { snooze: Duration::from_secs(900), ..Outcome::of_word(word).unwrap().into() }
}

fn after(steps: &[Step]) -> Reminder {
    let at = Circumstances {
        now: time::from_epoch(1_700_000_000.0).unwrap(),
        mode: Mode::Notify,
        cooldown: Duration::from_secs(600),
        poll: Duration::from_secs(5),
    };
    steps.iter().fold(Reminder::default(), |entry, step| match step {
        Lock => entry.locked(at.now),
        Seen(sighting) => entry.seen(*sighting),
        Settle(word) => machine::settle(&entry, &answer(word), "one", &["one"], &at).entry,
        Clear => entry.without_pauses(),
    })
}

#[test]
fn a_lock_ends_with_a_login_that_was_settled_or_seen() {
    for (steps, is_quiet) in [
        (&[Lock][..], true),
        (&[Lock, Settle("success")], false),
        (&[Lock, Settle("valid")], false),
        (&[Lock, Settle("failed")], true),
        (&[Lock, Settle("dismissed"), Seen(Valid)], true),
        // Locked while it is valid: it may be seen valid as long as it likes, and it stays locked through its expiry.
        (&[Lock, Seen(Valid), Seen(Valid)], true),
        (&[Lock, Seen(Valid), Seen(Over)], true),
        (&[Lock, Seen(Over), Seen(Over)], true),
        // Valid once more: only a login can have come between.
        (&[Lock, Seen(Over), Seen(Valid)], false),
        (&[Lock, Seen(Valid), Seen(Over), Seen(Valid)], false),
        (&[Lock, Seen(Over), Settle("snoozed"), Clear, Seen(Valid)], false),
        // What was seen before the lock, or before the last one, says nothing.
        (&[Seen(Over), Lock, Seen(Valid)], true),
        (&[Lock, Seen(Over), Lock, Seen(Valid)], true),
        (&[Lock, Seen(Over), Seen(Valid), Lock], true),
        (&[Lock, Settle("success"), Seen(Over), Lock, Seen(Valid)], true),
    ] {
        let entry = after(steps);
        assert_eq!(entry.quiet, is_quiet, "{steps:?}");
        assert!(entry.quiet || !entry.over, "{steps:?}: what isn't locked has nothing to remember");
    }
}

#[test]
fn a_merge_keeps_a_lock_that_nobody_saw_end() {
    let [free, locked, over] = [after(&[]), after(&[Lock]), after(&[Lock, Seen(Over)])];
    for (a, b, is_quiet_when_valid) in [
        (&free, &locked, true),
        (&free, &over, false),
        (&locked, &over, true),
        (&over, &over, false),
        (&locked, &locked, true),
    ] {
        for merged in [a.clone().merged(b.clone()), b.clone().merged(a.clone())] {
            assert!(merged.quiet);
            assert_eq!(merged.seen(Valid).quiet, is_quiet_when_valid, "{a:?} {b:?}");
        }
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        Just(Lock),
        Just(Seen(Valid)),
        Just(Seen(Over)),
        prop::sample::select(vec!["success", "valid", "failed", "dismissed", "snoozed"]).prop_map(Settle),
        Just(Clear),
    ];
    prop::collection::vec(step, 0..20)
}

proptest! {
    #[test]
    fn a_session_is_quiet_exactly_while_no_login_can_have_come_after_its_lock(steps in steps()) {
        let since = steps.iter().rposition(|step| *step == Lock).map(|lock| &steps[lock..]);
        let logged_in = |steps: &[Step]| {
            let is_settled = steps.iter().any(|step| matches!(step, Settle("success" | "valid")));
            let over = steps.iter().position(|step| *step == Seen(Over));
            is_settled || over.is_some_and(|over| steps[over..].contains(&Seen(Valid)))
        };
        prop_assert_eq!(after(&steps).quiet, since.is_some_and(|since| !logged_in(since)));
    }
}
