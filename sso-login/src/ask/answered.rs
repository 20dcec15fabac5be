//! What was answered in this run, so that a session's second document isn't a second question.
//!
//! `sso-signal wait --follow` hands over every profile of a session, and again after each lease, while the question
//! is open: those documents wait in the pipe, older than the answer. What is handed over after the answer was
//! settled is a new question.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use sso_signal::LEASE;
use sso_tool::outcome::Outcome;
use sso_tool::settings::Settings;
use sso_tool::stream::Document;
use sso_tool::time::{self, Moment};

use crate::session::answer::Answer;

/// How long `sso-signal settle` may take to know an answer.
const SETTLING: Duration = Duration::from_secs(2);

/// The answers, by session.
#[derive(Debug, Default)]
pub(super) struct Answered(RefCell<BTreeMap<String, Past>>);

#[derive(Clone, Debug)]
struct Past {
    profile: String,
    answer: Answer,
    given: Moment,
    until: Moment,
}

impl Answered {
    /// Keeps what came of a question about `profile`: a refusal, or a login that failed.
    pub(super) fn keep(
        &self,
        session: &str,
        profile: &str,
        answer: &Answer,
        settings: &Settings,
    ) -> anyhow::Result<()> {
        let lasts = match answer.outcome() {
            Outcome::Snoozed => Duration::from_secs(answer.seconds().unwrap_or_default()),
            Outcome::Dismissed => settings.cooldown(),
            Outcome::Suppressed => Duration::MAX,
            Outcome::Failed | Outcome::Timeout => LEASE,
            _ => return Ok(()),
        };
        let given = time::now()?;
        let (profile, answer) = (profile.to_owned(), answer.clone());
        let past = Past { profile, answer, given, until: time::after(given, lasts) };
        self.0.borrow_mut().insert(session.to_owned(), past);
        Ok(())
    }

    /// The answer that holds for a document of `session`, if it was handed over before that was given.
    pub(super) fn find(&self, session: &str, document: &Document) -> anyhow::Result<Option<Answer>> {
        let answers = self.0.borrow();
        let Some(past) = answers.get(session) else { return Ok(None) };
        let now = time::now()?;
        if now >= past.until || is_newer(document, past.given) {
            return Ok(None);
        }
        let answer = match past.answer.seconds() {
            // The snooze ends for all at once.
            Some(_) => Answer::snoozed((past.until - now).num_seconds().max(1).unsigned_abs()),
            None => past.answer.clone(),
        };
        Ok(Some(answer.with("answeredFor", past.profile.as_str())))
    }
}

/// Whether a document was handed over after `given`. `wait` writes the end of its lease into it; a document of
/// somebody else's says nothing.
fn is_newer(document: &Document, given: Moment) -> bool {
    let lease_end = document.get("nextAttemptAfter").and_then(Value::as_i64);
    let handed_over = lease_end.and_then(|end| end.checked_sub(LEASE.as_secs().try_into().ok()?));
    handed_over.is_some_and(|handed_over| handed_over > time::after(given, SETTLING).timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handed_over(seconds: i64) -> Document {
        let now = time::now().unwrap().timestamp();
        Document::new().with("nextAttemptAfter", now + 30 + seconds)
    }

    #[test]
    fn an_answer_holds_for_what_was_handed_over_before_it() {
        let settings = &Settings::new("sso-login");
        for answer in [Answer::dismissed(None), Answer::suppressed(), Answer::failed("x", "y")] {
            let answered = Answered::default();
            answered.keep("s", "a", &answer, settings).unwrap();
            let same = Some(answer.with("answeredFor", "a"));
            assert_eq!(answered.find("s", &handed_over(-100)).unwrap(), same);
            assert_eq!(answered.find("s", &handed_over(0)).unwrap(), same);
            assert_eq!(answered.find("s", &Document::new()).unwrap(), same);
            assert_eq!(answered.find("s", &handed_over(10)).unwrap(), None);
            assert_eq!(answered.find("t", &handed_over(0)).unwrap(), None);
        }
    }

    #[test]
    fn a_snooze_ends_for_all_at_once_and_success_is_not_kept() {
        let settings = &Settings::new("sso-login");
        let answered = Answered::default();
        answered.keep("s", "a", &Answer::snoozed(900), settings).unwrap();
        let found = answered.find("s", &handed_over(0)).unwrap().unwrap();
        assert!((890..=900).contains(&found.seconds().unwrap()));
        answered.keep("t", "a", &Answer::valid(time::now().unwrap()), settings).unwrap();
        let lock = sso_lock::Lock::new("/nowhere", "login".parse().unwrap());
        answered.keep("t", "a", &Answer::busy(&lock, None), settings).unwrap();
        assert_eq!(answered.find("t", &handed_over(0)).unwrap(), None);
    }
}
