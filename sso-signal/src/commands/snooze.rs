//! `sso-signal snooze`: no reminders of a session for a while.

use std::time::Duration;

use crate::commands::settle;
use crate::machine::{Answer, LONGEST_SNOOZE};
use crate::queue::Queue;
use crate::reminder_key::ReminderKey;
use sso_tool::exit::{Exit, Fault};
use sso_tool::outcome::Outcome;
use sso_tool::profile_name::check_profile;
use sso_tool::settings::Settings;
use sso_tool::stream::{Document, Output};
use sso_tool::time;

/// Postpone the reminders of a profile and its whole sso-session
///
/// The tool learns from a login, or from the monitor's next check, which profiles share the session. A name that isn't in
/// the AWS config is accepted with a warning, because the profile may exist only in a container.
/// `sso-signal clear PROFILE` ends a snooze early. It also removes the signal, which the monitor raises again while the
/// session is expired.
#[derive(clap::Args, Clone, Debug)]
#[command(after_long_help = "\
Examples:
  sso-signal snooze corp 4h
  sso-signal clear corp            to end it early

Exit status:
  0   done
  2   bad duration
  65  bad profile name or state of a newer version
  74  a file failed
  75  not now: another process keeps the state locked")]
pub(crate) struct Args {
    /// Profile whose reminders to postpone
    pub(crate) profile: String,
    /// For how long: 15m, 4h, at most 24h
    #[arg(value_parser = sso_tool::time::parse_duration)]
    pub(crate) duration: Duration,
}

/// Snoozes the session of a profile. A signal is never made by it.
pub(crate) fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let output = &mut Output::stdout();
    let Args { profile, duration } = args;
    check_profile(profile)?;
    if duration.is_zero() || *duration > LONGEST_SNOOZE {
        return Err(Fault::new(Exit::Usage, "a snooze lasts from 1s to 24h")
            .hint("sso-signal snooze PROFILE 4h")
            .into());
    }
    let answer = Answer { snooze: *duration, ..Outcome::Snoozed.into() };
    let mut queue = Queue::new(settings)?;
    queue.warn_of_unknown(profile)?;
    let answered = Document::new().with("profile", profile.as_str());
    let now = time::now()?;
    settle::settle(&mut queue, &ReminderKey::of_profile(profile), &answered, &answer)?;
    output.document(&answered.with("snoozedUntil", time::format(time::after(now, *duration))))?;
    Ok(Exit::Done)
}
