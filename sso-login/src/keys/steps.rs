//! The steps of a round trip, each with what undoes it.

use anyhow::Context as _;
use sso_profile::key::{self, KeyReading, Standing};
use sso_tool::exit::{Exit, Fault, status_of};
use sso_tool::stream::Document;

use super::keepsake::{Login, relock};
use super::rollback;
use super::round::Round;
use super::vault::adapter;
use super::wizard;
use crate::interrupt;
use crate::setup::stop::is_cancelled;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Finds out where to log in for a new profile.
    FindSession,
    /// Logs in there, by a copy of the config.
    LogIn,
    /// Has a role chosen.
    ChooseRole,
    /// Writes the profile.
    WriteProfile,
    /// Stores the key, on trial.
    Set,
    /// Unlocks the key, with a person if need be.
    Unlock,
    /// Gets the key, and tries what it gives.
    Get,
    /// Locks the key again.
    Relock,
    /// Keeps the key: it is on trial no more.
    Keep,
}

/// What a profile that isn't there yet needs before.
const SET_UP: [Step; 4] = [Step::FindSession, Step::LogIn, Step::ChooseRole, Step::WriteProfile];
/// What makes a key.
const TRIAL: [Step; 5] = [Step::Set, Step::Unlock, Step::Get, Step::Relock, Step::Keep];

/// The steps to a key, with the set-up of its profile or without.
pub(super) fn steps(sets_up: bool) -> Vec<Step> {
    let set_up = SET_UP.into_iter().filter(|_| sets_up);
    set_up.chain(TRIAL).collect()
}

impl Step {
    /// The word of a failure, for the four that people know a key by.
    fn word(self) -> Option<&'static str> {
        match self {
            Self::Set => Some("set"),
            Self::Unlock => Some("unlock"),
            Self::Get => Some("get"),
            Self::Relock => Some("relock"),
            Self::FindSession | Self::LogIn | Self::ChooseRole | Self::WriteProfile | Self::Keep => None,
        }
    }
}

impl rollback::Step<Round<'_>> for Step {
    fn run(&self, round: &mut Round<'_>) -> anyhow::Result<()> {
        let done = match self {
            Self::FindSession => wizard::find_session(round),
            Self::LogIn => wizard::log_in(round),
            Self::ChooseRole => wizard::choose_role(round),
            Self::WriteProfile => wizard::write_profile(round),
            Self::Set => set(round),
            Self::Unlock => unlock(round),
            Self::Get => get(round),
            Self::Relock => lock_again(round),
            Self::Keep => store(round, Standing::Kept),
        };
        // In which step it failed; status and hint stay.
        done.map_err(|err| match self.word() {
            Some(word) if !is_cancelled(&err) => Fault::reworded(&err, format!("{word}: {err:#}")).into(),
            _ => err,
        })
    }

    fn undo(&self, round: &mut Round<'_>) -> anyhow::Result<()> {
        match self {
            Self::LogIn => undo_login(round),
            Self::WriteProfile => match round.config_change.take() {
                Some(change) => change.undo(round.settings).context("the config file could not be put back"),
                None => Ok(()),
            },
            Self::Set => {
                key::end_trial(round.slug, round.settings).context("the test of the key could not be stopped")
            }
            Self::Unlock => undo_unlock(round),
            // They change nothing that lasts, and what is kept stays.
            Self::FindSession | Self::ChooseRole | Self::Get | Self::Relock | Self::Keep => Ok(()),
        }
    }
}

fn set(round: &mut Round<'_>) -> anyhow::Result<()> {
    store(round, Standing::OnTrial)?;
    interrupt::check()?;
    let (vault, reference) = (round.args.vault.as_str(), round.reference.as_str());
    let words = format!("{} points at {reference} in {vault}", round.slug);
    round.reporter.step("set", &words, &Document::new().with("vault", vault).with("reference", reference))
}

fn store(round: &Round<'_>, standing: Standing) -> anyhow::Result<()> {
    key::set(round.slug, round.args.vault, &round.reference, standing, round.settings).map(drop)
}

fn unlock(round: &mut Round<'_>) -> anyhow::Result<()> {
    let held = adapter(round.args.vault).unlock(round)?;
    round.reporter.step("unlock", &held.words, &held.more)
}

fn get(round: &mut Round<'_>) -> anyhow::Result<()> {
    let KeyReading { document, end } = look(round)?;
    if end? == Exit::No {
        let why = document.text("reason")?.unwrap_or("it has no value").to_owned();
        return Err(Fault::new(Exit::Config, why).into());
    }
    let value = document.text("value")?.context("the key has no value")?;
    let held = adapter(round.args.vault).prove(round, value)?;
    round.reporter.step("get", &held.words, &held.more)?;
    round.proof = held.more;
    Ok(())
}

fn lock_again(round: &mut Round<'_>) -> anyhow::Result<()> {
    let vault = adapter(round.args.vault);
    let held = vault.relock(round)?;
    let exit = look(round)?.end.unwrap_or_else(|fault| status_of(&fault.into()));
    let is_locked = vault.locks() && !round.keeps_session();
    let expected = if is_locked { Exit::LoginRequired } else { Exit::Done };
    if exit != expected {
        let message = format!("afterwards its status is {} instead of {}", exit.code(), expected.code());
        return Err(Fault::new(Exit::Io, message).into());
    }
    round.reporter.step("relock", &held.words, &held.more)
}

fn look(round: &Round<'_>) -> anyhow::Result<KeyReading> {
    interrupt::check()?;
    key::look(round.slug, Standing::OnTrial, round.settings)
}

/// Ends the session that was unlocked for the key, or what a login that failed has left.
fn undo_unlock(round: &mut Round<'_>) -> anyhow::Result<()> {
    let Some(profile) = round.unlocked.take() else { return undo_login(round) };
    // What the login left ends with its session; a registration that was proven spares the next consent.
    let login = round.login.take();
    let ended = relock(&profile, round.settings).or_else(|err| match &login {
        // Somebody has removed the profile: its session is there all the same.
        Some(Login { copy, profile, .. }) if status_of(&err) == Exit::Config => {
            relock(profile, &copy.settings)
        }
        _ => Err(err),
    });
    ended.map(drop).context("the session could not be ended")
}

fn undo_login(round: &mut Round<'_>) -> anyhow::Result<()> {
    match round.login.take() {
        Some(login) => login.undo().context("the login could not be undone"),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_kept_last_and_its_profile_is_set_up_before_it_is_set() {
        assert_eq!(steps(false), TRIAL);
        let all = steps(true);
        assert_eq!((all.first(), all.last()), (Some(&Step::FindSession), Some(&Step::Keep)));
        assert!(all.ends_with(&TRIAL) && all.starts_with(&SET_UP), "{all:?}");
    }
}
