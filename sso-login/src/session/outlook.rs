//! Whether a session lasts for as long as somebody needs it, as far as its end is known (DESIGN 3).

use std::time::Duration;

use chrono::TimeDelta;
use sso_cache::session_ends::SessionEnds;
use sso_cache::token::Token;
use sso_tool::settings::Settings;
use sso_tool::time::{self, Moment};

use crate::session::cached::Session;

/// How far two forecasts of one end may lie apart.
pub(crate) const SLACK: TimeDelta = TimeDelta::seconds(60);

/// A session that is to last.
#[derive(Debug)]
pub(crate) struct Outlook<'a> {
    settings: &'a Settings,
    name: String,
    /// For how long.
    left: TimeDelta,
    /// The end that a signal names. It counts where nothing else is known.
    said: Option<Moment>,
}

/// What is known of a token and the session behind it.
#[derive(Clone, Copy, Debug)]
struct Known {
    token_ends: Moment,
    is_refreshable: bool,
    /// How long a token of this session lives that isn't cut short.
    token_life: Option<TimeDelta>,
    session_ends: Option<Moment>,
}

/// What that comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prospect {
    /// The session isn't known to end earlier, and its token lasts, or can be renewed.
    Lasts,
    /// A renewal helps, or tells more.
    NeedsRenewal,
    /// The session ends then, and nothing but a login helps.
    Ends(Moment),
}

impl<'a> Outlook<'a> {
    /// A session that is to last for `left`.
    pub(crate) fn lasting(settings: &'a Settings, session: &Session<'_>, left: Duration) -> Self {
        let left = TimeDelta::from_std(left).unwrap_or(TimeDelta::MAX);
        Self { settings, name: session.name().to_owned(), left, said: None }
    }

    /// A session that is to last beyond `end`, of which a signal of `raised` says that the session ends then. `None`: that is
    /// past, so that any valid session will do.
    pub(crate) fn beyond(
        settings: &'a Settings,
        session: &Session<'_>,
        end: Moment,
        raised: Option<Moment>,
    ) -> anyhow::Result<Option<Self>> {
        let now = time::now()?;
        if end <= now {
            return Ok(None);
        }
        let name = session.name().to_owned();
        let began = SessionEnds::read(settings, Duration::ZERO)?.record(&name).started_at();
        let is_old = raised.zip(began).is_some_and(|(raised, began)| raised < began);
        let said = Some(end).filter(|_| !is_old);
        Ok(Some(Self { settings, name, left: end - now + SLACK, said }))
    }

    /// What a token that is in the file now comes to.
    pub(crate) fn of(&self, token: &Token, now: Moment) -> anyhow::Result<Prospect> {
        let session_ends = SessionEnds::read(self.settings, Duration::ZERO)?;
        let forecast = session_ends.forecast(&self.name, now)?.map(|forecast| forecast.ends_at);
        let said = self.said.filter(|said| token.expires_at <= *said + SLACK);
        let known = Known {
            token_ends: token.expires_at,
            is_refreshable: token.is_refreshable(now),
            token_life: session_ends.record(&self.name).token_life,
            session_ends: forecast.or(said),
        };
        Ok(known.prospect(self.left, now))
    }

    /// Whether the end of the session isn't known, and its token alone doesn't last.
    pub(crate) fn is_unknown(&self, token: &Token, now: Moment) -> anyhow::Result<bool> {
        let session_ends = SessionEnds::read(self.settings, Duration::ZERO)?;
        let known = self.said.is_some() || session_ends.forecast(&self.name, now)?.is_some();
        Ok(!known && token.expires_at - now < self.left)
    }

    /// How long a session of that name lasts, if that is known to be shorter than what is needed: no login helps then.
    pub(crate) fn too_short(&self) -> anyhow::Result<Option<Duration>> {
        let session_ends = SessionEnds::read(self.settings, Duration::ZERO)?;
        let lasts = session_ends.lasts(&self.name)?.filter(|lasts| !self.is_about(*lasts));
        Ok(lasts.and_then(|lasts| lasts.to_std().ok()))
    }

    /// Whether a session that has `left` is as long as what is needed, but for the time that a login takes.
    pub(crate) fn is_about(&self, left: TimeDelta) -> bool {
        left >= self.left - SLACK
    }

    /// For how long it is to last.
    pub(crate) fn needed(&self) -> Duration {
        self.left.to_std().unwrap_or_default()
    }
}

impl Known {
    fn prospect(self, left: TimeDelta, now: Moment) -> Prospect {
        let token_left = self.token_ends - now;
        if token_left <= TimeDelta::zero() {
            let is_over = !self.is_refreshable;
            return if is_over { Prospect::Ends(self.token_ends) } else { Prospect::NeedsRenewal };
        }
        // No renewal gives more than a token's life: one that has most of it left isn't renewed again.
        let goal = self.token_life.map_or(left, |life| left.min(life * 3 / 4));
        let ends_with_session = self.session_ends.is_some_and(|end| self.token_ends + SLACK >= end);
        if self.is_refreshable && token_left < goal && !ends_with_session {
            return Prospect::NeedsRenewal;
        }
        match self.session_ends {
            Some(end) if end - now < left => Prospect::Ends(end),
            _ if self.is_refreshable || token_left >= left => Prospect::Lasts,
            _ => Prospect::Ends(self.token_ends),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_lasts_unless_it_is_known_to_end() {
        let now = time::parse("2026-11-21T15:00:00Z").unwrap();
        let at = |minutes: i64| now + TimeDelta::minutes(minutes);
        let hour = Some(TimeDelta::hours(1));
        for (token, refreshable, life, session, left, expected) in [
            (50, true, hour, None, 120, Prospect::Lasts),
            (50, true, hour, Some(180), 120, Prospect::Lasts),
            (50, true, hour, Some(60), 120, Prospect::Ends(at(60))),
            // A renewal is the one look that the service answers: it comes before a person is asked.
            (40, true, hour, None, 120, Prospect::NeedsRenewal),
            (40, true, hour, Some(60), 120, Prospect::NeedsRenewal),
            (40, true, hour, Some(40), 120, Prospect::Ends(at(40))),
            (40, true, hour, Some(40), 30, Prospect::Lasts),
            (50, true, None, None, 120, Prospect::NeedsRenewal),
            (20, true, hour, None, 30, Prospect::NeedsRenewal),
            (-5, true, hour, None, 0, Prospect::NeedsRenewal),
            (-5, false, hour, None, 0, Prospect::Ends(at(-5))),
            (50, false, hour, None, 30, Prospect::Lasts),
            (50, false, hour, None, 120, Prospect::Ends(at(50))),
            (480, false, hour, Some(60), 120, Prospect::Ends(at(60))),
        ] {
            let known = Known {
                token_ends: at(token),
                is_refreshable: refreshable,
                token_life: life,
                session_ends: session.map(at),
            };
            assert_eq!(known.prospect(TimeDelta::minutes(left), now), expected, "{known:?}, {left}");
            // However long it is to last, no clock runs over.
            known.prospect(TimeDelta::MAX, now);
        }
    }
}
