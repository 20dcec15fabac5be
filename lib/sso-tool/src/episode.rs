//! The name of an episode: what expired, or what is about to. The same until the next expiry.

use chrono::TimeDelta;

use crate::time::{self, Moment};

/// Stands before the time of an end that is near.
const ENDING: &str = "ending ";

/// How far two forecasts of one end may lie apart: the last token of a session tells its end better than its length does.
const SLACK: TimeDelta = TimeDelta::minutes(2);

/// The name of an end that is near: another episode than the end that is here, which nobody has decided about then.
pub fn ending(end: Moment) -> String {
    format!("{ENDING}{}", time::format(end))
}

/// When the session of such an episode ends; `None` for an end that is here.
pub fn end_of(episode: &str) -> Option<Moment> {
    episode.strip_prefix(ENDING).and_then(time::parse)
}

/// Whether two names are of one episode.
pub fn is_same(one: &str, other: &str) -> bool {
    one == other || end_of(one).zip(end_of(other)).is_some_and(|(one, other)| (one - other).abs() <= SLACK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_forecasts_of_one_end_are_one_episode_and_the_end_itself_is_another() {
        let at = |text: &str| time::parse(text).unwrap();
        let near = ending(at("2026-11-21T16:00:00Z"));
        assert_eq!(end_of(&near), Some(at("2026-11-21T16:00:00Z")));
        assert_eq!(end_of("2026-11-21T16:00:00Z"), None);
        assert!(is_same(&near, &ending(at("2026-11-21T15:59:01Z"))));
        assert!(!is_same(&near, &ending(at("2026-11-22T16:00:00Z"))));
        assert!(!is_same(&near, "2026-11-21T16:00:00Z") && !is_same("ending soon", "ending now"));
        assert!(is_same("missing", "missing"));
    }
}
