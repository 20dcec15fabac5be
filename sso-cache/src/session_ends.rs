//! What a check knows of the ends of sessions: `sessions.json`, the lengths that a person has set, and how far ahead to look.

use std::time::Duration;

use chrono::TimeDelta;
use sso_tool::exit::{Exit, Fault};
use sso_tool::settings::Settings;
use sso_tool::time::{self, Moment};

use crate::forecast::{Forecast, Record};
use crate::session_store::SessionStore;

/// The setting for the length of every session; `SSO_SESSION_LENGTH_corp` is that of session `corp`.
const LENGTH: &str = "SSO_SESSION_LENGTH";

/// What is known of the ends of sessions.
pub struct SessionEnds<'a> {
    settings: Option<&'a Settings>,
    sessions: SessionStore,
    ahead: TimeDelta,
}

impl<'a> SessionEnds<'a> {
    /// Nothing is known, and nothing is looked for.
    pub fn none() -> Self {
        Self { settings: None, sessions: SessionStore::default(), ahead: TimeDelta::zero() }
    }

    /// What is known now; ends within `ahead` count as near.
    pub fn read(settings: &'a Settings, ahead: Duration) -> anyhow::Result<Self> {
        let ahead = TimeDelta::from_std(ahead).unwrap_or(TimeDelta::MAX);
        Ok(Self { settings: Some(settings), sessions: SessionStore::read(&settings.state_dir()?), ahead })
    }

    /// The end of a session, by its name or start URL. One that has passed was wrong, and isn't claimed, nor is one that was
    /// counted on a clock which was set back since.
    pub fn forecast(&self, session: &str, now: Moment) -> anyhow::Result<Option<Forecast>> {
        let record = self.sessions.record(session);
        let forecast = record.forecast(self.length(session)?);
        Ok(forecast.filter(|forecast| now < forecast.ends_at && !record.is_set_back(now)))
    }

    /// What is remembered of a session, by its name or start URL.
    pub fn record(&self, session: &str) -> Record {
        self.sessions.record(session)
    }

    /// How long a session lasts, by its name or start URL, where that is set or was observed.
    pub fn lasts(&self, session: &str) -> anyhow::Result<Option<TimeDelta>> {
        let set = self.length(session)?.map(|length| TimeDelta::from_std(length).unwrap_or(TimeDelta::MAX));
        Ok(set.or(self.sessions.record(session).length))
    }

    /// Whether `end` is near.
    pub(crate) fn is_near(&self, end: Moment, now: Moment) -> bool {
        !self.ahead.is_zero() && end - now <= self.ahead
    }

    fn length(&self, session: &str) -> anyhow::Result<Option<Duration>> {
        let Some(settings) = self.settings else { return Ok(None) };
        let own = format!("{LENGTH}_{session}");
        // A name that no variable can have is written with `_` for what isn't a letter or digit.
        let plain: String = own.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        for name in [own.as_str(), plain.as_str(), LENGTH] {
            let Some(text) = settings.text(name) else { continue };
            return match time::parse_duration(&text) {
                Ok(length) if !length.is_zero() => Ok(Some(length)),
                _ => Err(Fault::new(Exit::Config, format!("{name} isn't a duration: `{text}`"))
                    .hint(format!("{LENGTH}=8h"))
                    .into()),
            };
        }
        Ok(None)
    }
}
