//! `sso-signal request`: a person wants a login. Nothing that was said before holds it back.
#![expect(clippy::doc_markdown, reason = "doc comments here are help texts")]

use crate::cooldown;
use crate::logout_report::logged_out;
use crate::machine::Stamp;
use crate::mode::{self, Mode};
use crate::queue::Queue;
use crate::reminder_key::ReminderKey;
use crate::signal::Signal;
use sso_tool::atomic_write;
use sso_tool::exit::Exit;
use sso_tool::filter::{self, Handled};
use sso_tool::profile_name::check_profile;
use sso_tool::sanitize::sanitize;
use sso_tool::settings::Settings;
use sso_tool::shell::shell_word;
use sso_tool::state_dir;
use sso_tool::stream::{self, Document, Output};
use sso_tool::subject::Subject;
use sso_tool::time;

/// Ask the watcher for a login
///
/// Clears everything that holds the profile's signal back (snooze, cooldown, "Don't remind", a lock on purpose), and raises
/// a new episode. In mode `standalone` no watcher would act on it, so nothing is raised and the answer is no.
#[derive(clap::Args, Clone, Debug)]
#[command(after_long_help = "\
Examples:
  sso-signal request corp || sso-login corp | sso-signal settle

Exit status:
  0   the watcher handles it
  1   mode standalone: log in directly
  65  bad profile name
  74  a file failed")]
pub(crate) struct Args {
    /// Profile to log in, else that of SSO_PROFILE_VARS or AWS_PROFILE, else `default`; with `-`, the profiles of the
    /// documents on stdin
    pub(crate) profile: Option<String>,
    /// Say why, for the person who is asked
    #[arg(long, value_name = "TEXT", default_value = "Somebody requested a login")]
    pub(crate) reason: String,
    /// Print a sentence for people
    #[arg(long)]
    pub(crate) text: bool,
}

/// Requests a login of PROFILE, of the chosen profile, or of what the documents on stdin name.
pub(crate) fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let output = &mut Output::stdout();
    match args.profile.as_deref().filter(|profile| !profile.is_empty()) {
        Some("-") => filter(settings, stream::stdin()?, &args.reason, args.text, output),
        profile => {
            let profile = profile.map_or_else(|| settings.profile(), str::to_owned);
            check_profile(&profile)?;
            Queue::new(settings)?.warn_of_unknown(&profile)?;
            request(settings, &profile, &args.reason, args.text, output)
        }
    }
}

/// Requests a login for every document's profile. Documents with `event` or `error` alone ask for nothing. For people it
/// says first which session a document of `sso-login logout` ended.
fn filter(
    settings: &Settings,
    documents: impl Iterator<Item = anyhow::Result<Document>>,
    reason: &str,
    as_text: bool,
    output: &mut Output,
) -> anyhow::Result<Exit> {
    let mut last = Exit::Done;
    filter::filter(documents, false, output, |subject, document, output| {
        if as_text && let Some(said) = logged_out(document)? {
            output.text(&said)?;
        }
        match subject {
            Subject::Profile { name, .. } => last = request(settings, &name, reason, as_text, output)?,
            // A profile of another host isn't this machine's of the same name, a request has a profile, and an earlier failure
            // asks for nothing.
            Subject::Nobody
            | Subject::Failure(_)
            | Subject::Remote(_)
            | Subject::Session { .. }
            | Subject::Chosen { .. } => {}
        }
        Ok(Handled::Written(last))
    })?;
    Ok(last)
}

/// Raises a new episode for the profile, after clearing its snooze, cooldown, "Don't remind" and lock on purpose.
/// In mode `standalone` nobody would take it: nothing is raised, and the answer is no.
fn request(
    settings: &Settings,
    profile: &str,
    reason: &str,
    as_text: bool,
    output: &mut Output,
) -> anyhow::Result<Exit> {
    check_profile(profile)?;
    let mut queue = Queue::new(settings)?;
    let mode = mode::current(settings, &queue.state_dir).0;
    let then = what_follows(settings, profile, mode)?;
    let document = Document::new()
        .with("event", "request")
        .with("profile", profile)
        .with("mode", mode.word())
        .with("next", then.as_str());
    if mode != Mode::Standalone {
        raise(&mut queue, profile, reason)?;
    }
    if as_text {
        output.text(&then)?;
    } else {
        output.document(&document)?;
    }
    Ok(if mode == Mode::Standalone { Exit::No } else { Exit::Done })
}

fn raise(queue: &mut Queue<'_>, profile: &str, reason: &str) -> anyhow::Result<()> {
    let now = time::now()?;
    state_dir::make_private(&queue.state_dir)?;
    let lock = state_dir::lock(&queue.state_dir)?;
    let mut reminders = queue.reminders()?;
    let subject = ReminderKey::of_profile(profile);
    let before = reminders.entry(profile);
    let mut episode = format!("request {}", time::format(now));
    // Twice within a second is still a new one.
    while before.suppressed.contains(&episode) {
        episode.push('+');
    }
    reminders.change(&subject, |entry| (entry.asked_for(), ()));
    // A stamp that isn't ours would hold back everything.
    let stamp = Stamp::new(cooldown::read(&queue.state_dir), reminders.stamped);
    reminders.save(&queue.state_dir)?;
    if let Stamp::Foreign(_) = stamp {
        atomic_write::remove(&cooldown::file(&queue.state_dir))?;
    }
    let signal = Document::new()
        .with("profile", profile)
        .with("reason", sanitize(reason))
        .with("timestamp", time::format(now))
        .with("source", "sso-login")
        .with("episode", episode);
    // Not raised again but anew: what was postponed in the old file no longer holds.
    queue.signals.raise_anew(&Signal::from_document(signal, "the request")?, now)?;
    drop(lock);
    Ok(())
}

/// What will happen, for the person who waits for it.
fn what_follows(settings: &Settings, profile: &str, mode: Mode) -> anyhow::Result<String> {
    let poll = time::format_duration(settings.poll_interval()?);
    let is_trusted = settings.auto_profiles().iter().any(|known| known == profile);
    Ok(match mode {
        Mode::Standalone => {
            let profile = shell_word(profile);
            format!("no watcher acts in mode standalone: sso-login {profile} | sso-signal settle")
        }
        Mode::Auto if is_trusted => {
            format!("login of `{profile}` requested: a running watcher opens a browser within {poll}")
        }
        Mode::Auto | Mode::Notify => {
            format!("login of `{profile}` requested: a running watcher asks within {poll}")
        }
    })
}
