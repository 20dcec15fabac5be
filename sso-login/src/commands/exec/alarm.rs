//! `--warn`: before the end of what the command lives on, and at the end, a line for people with what to do.
//!
//! The wall clock is looked at again and again: a machine that slept, or whose clock was set, is told when it wakes,
//! not hours later.

use std::thread;
use std::time::Duration;

use sso_cache::entry::Entry;
use sso_cache::token::Token;
use sso_profile::{Profile, Sso};
use sso_tool::exit::warn;
use sso_tool::sanitize::sanitize;
use sso_tool::settings::Settings;
use sso_tool::time::{self, Moment, format_left};

use crate::credentials::signing_keys::Credentials;
use crate::session::cached::Session;
use crate::session::error::named;

/// The longest time between two looks at the clock.
const LOOK: Duration = Duration::from_secs(20);

const RESTART: &str = "restart the command for new ones";

/// A watch over an end.
pub(super) struct Alarm {
    tool: &'static str,
    before: Duration,
    /// The profile, if there is one.
    profile: Option<Profile>,
    watched: Watched,
}

/// What ends.
enum Watched {
    /// Keys in the command's environment: nothing can renew them there.
    Credentials(Moment),
    /// The session that the command's SDK renews its credentials by.
    Session,
}

/// What the person was warned of last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Warned {
    #[default]
    Nothing,
    Soon,
    Ended,
}

impl Alarm {
    /// Watches credentials. `None` if they don't end.
    pub(super) fn of_credentials(
        tool: &'static str,
        before: Duration,
        profile: Option<&Profile>,
        credentials: &Credentials,
    ) -> Option<Self> {
        Some(Self {
            tool,
            before,
            profile: profile.cloned(),
            watched: Watched::Credentials(credentials.expires_at?),
        })
    }

    /// Watches the session of a profile. `None` if it has none.
    pub(super) fn of_session(tool: &'static str, before: Duration, profile: &Profile) -> Option<Self> {
        profile.sso.as_ref()?;
        Some(Self { tool, before, profile: Some(profile.clone()), watched: Watched::Session })
    }

    /// Sets the alarm, in a thread that ends with this process.
    pub(super) fn set(self) {
        thread::spawn(move || {
            let mut story = None;
            loop {
                thread::sleep(self.look(&mut story).unwrap_or(LOOK));
            }
        });
    }

    /// Tells what is new, and answers when to look again. What can't be read now may be read later.
    fn look(&self, story: &mut Option<(Moment, Warned)>) -> anyhow::Result<Duration> {
        let Some(end) = self.end()? else {
            *story = None;
            return Ok(LOOK);
        };
        // Another end (a new session) is another story.
        let warned = story.filter(|(about, _)| *about == end).map(|(_, warned)| warned).unwrap_or_default();
        let now = time::now()?;
        let (due, pause) = step(warned, now, end, self.before);
        if due > warned {
            self.tell(due, end, now)?;
        }
        *story = Some((end, due));
        Ok(pause)
    }

    /// The end that is watched, if there is one in sight.
    fn end(&self) -> anyhow::Result<Option<Moment>> {
        match self.watched {
            Watched::Credentials(end) => Ok(Some(end)),
            Watched::Session => {
                let now = time::now()?;
                Ok(match self.token()? {
                    Some(Entry::Whole(token)) if token.is_refreshable(now) => None,
                    Some(Entry::Whole(token)) => Some(token.expires_at),
                    // Logged out, or torn: over, whenever that was.
                    _ => Some(Moment::UNIX_EPOCH),
                })
            }
        }
    }

    fn sso(&self) -> Option<&Sso> {
        self.profile.as_ref()?.sso.as_ref()
    }

    fn token(&self) -> anyhow::Result<Option<Entry<Token>>> {
        let Some(sso) = self.sso() else { return Ok(None) };
        Session::new(&Settings::new(self.tool), sso)?.token().map(Some)
    }

    fn tell(&self, due: Warned, end: Moment, now: Moment) -> anyhow::Result<()> {
        let when = match due {
            Warned::Ended if end == Moment::UNIX_EPOCH => "has expired".to_owned(),
            Warned::Ended => format!("ended at {}", time::format(end)),
            _ => {
                let left = format_left(end, now);
                format!("ends at {} (in {left})", time::format(end))
            }
        };
        let (line, hint) = match self.watched {
            Watched::Credentials(_) => {
                // What can't be read now must not keep the end from being said.
                let advice = self.advice(end).unwrap_or_else(|_| RESTART.to_owned());
                (self.about_credentials(&when), advice)
            }
            Watched::Session => {
                let (session, login) = self.session_and_login()?;
                (
                    format!("{session} {when}, and the command can't renew its credentials after that"),
                    format!("{login} (the command needs no restart)"),
                )
            }
        };
        warn(self.tool, &line);
        warn(self.tool, &format!("hint: {hint}"));
        Ok(())
    }

    fn about_credentials(&self, when: &str) -> String {
        let when = when.replacen("ends at", "end at", 1);
        match &self.profile {
            Some(profile) => {
                format!("the role credentials of {} \"{}\" {when}", profile.noun(), sanitize(&profile.name))
            }
            None => format!("the credentials of this command {when}"),
        }
    }

    /// What helps when the credentials are over: new ones, for which a login may be needed by then.
    fn advice(&self, end: Moment) -> anyhow::Result<String> {
        let Some(token) = self.token()? else { return Ok(RESTART.to_owned()) };
        let (session, login) = self.session_and_login()?;
        let lasts = match &token {
            Entry::Whole(token) => token.is_refreshable(end) || end < token.expires_at,
            _ => false,
        };
        Ok(if lasts {
            format!("{RESTART} ({session} lasts: no login is needed)")
        } else {
            format!("{login} && {RESTART} ({session} has expired by then, too)")
        })
    }

    fn session_and_login(&self) -> anyhow::Result<(String, String)> {
        let session = match self.sso() {
            Some(sso) => named(&Session::new(&Settings::new(self.tool), sso)?),
            None => "the session".to_owned(),
        };
        let login = self.profile.as_ref().map(Profile::arguments).unwrap_or_default();
        Ok((session, format!("sso-login {login}")))
    }
}

/// How far the story is to be told by now, and when to look again. What was told isn't told again, whatever the
/// clock does.
fn step(warned: Warned, now: Moment, end: Moment, before: Duration) -> (Warned, Duration) {
    let due = if now >= end {
        Warned::Ended
    } else if time::after(now, before) >= end {
        Warned::Soon
    } else {
        Warned::Nothing
    };
    let until_end = (end - now).to_std().ok();
    let pause = match due {
        Warned::Nothing => until_end.map(|left| left.saturating_sub(before)),
        Warned::Soon => until_end,
        Warned::Ended => None,
    };
    (due.max(warned), pause.map_or(LOOK, |pause| pause.min(LOOK)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_is_told_once_whatever_the_clock_does() {
        let end = time::parse("2026-11-21T13:00:00Z").unwrap();
        let before = Duration::from_secs(900);
        let minutes = |left: i64| end - chrono::TimeDelta::minutes(left);
        let mut warned = Warned::Nothing;
        for (left, expected, pause) in [
            (60, Warned::Nothing, LOOK),
            (16, Warned::Nothing, LOOK),
            (15, Warned::Soon, LOOK),
            // Set back: it was said.
            (60, Warned::Soon, LOOK),
            (0, Warned::Ended, LOOK),
            (10, Warned::Ended, LOOK),
        ] {
            assert_eq!(step(warned, minutes(left), end, before), (expected, pause), "{left} minutes left");
            warned = expected;
        }
        // Slept through the warning: the end is what counts.
        assert_eq!(step(Warned::Nothing, minutes(-60), end, before).0, Warned::Ended);
        // Less is left at the start than was asked for.
        assert_eq!(step(Warned::Nothing, minutes(1), end, before).0, Warned::Soon);
        assert_eq!(step(Warned::Nothing, minutes(1), end, Duration::MAX).0, Warned::Soon);
    }

    #[test]
    fn the_last_look_is_on_time() {
        let end = time::parse("2026-11-21T13:00:00Z").unwrap();
        let now = end - chrono::TimeDelta::seconds(15);
        assert_eq!(step(Warned::Nothing, now, end, Duration::from_secs(10)).1, Duration::from_secs(5));
        assert_eq!(step(Warned::Soon, now, end, Duration::from_secs(20)).1, Duration::from_secs(15));
    }
}
