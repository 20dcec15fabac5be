//! `sso-signal clear`: signals removed, with what held them back.
#![expect(clippy::doc_markdown, reason = "doc comments here are help texts")]

use std::path::Path;

use crate::cooldown;
use crate::heartbeat;
use crate::machine::{self, Because, Circumstances, Stamp};
use crate::queue::Queue;
use crate::reminder::Reminder;
use crate::reminder_key::ReminderKey;
use crate::reminder_store::ReminderStore;
use crate::signal;
use crate::signal_store::Reading;
use sso_tool::atomic_write;
use sso_tool::exit::Exit;
use sso_tool::settings::Settings;
use sso_tool::stream::{Document, Output};
use sso_tool::time::Moment;

/// Remove signals, snoozes and cooldowns
///
/// Clears the signals, snoozes and cooldowns of PROFILE (else of the profile chosen by SSO_PROFILE_VARS or AWS_PROFILE, else
/// of `default`), or with --all those of every profile. `ended` in the document says what held reminders back until now, such
/// as `snoozed`. The monitor's next check raises a signal again for a session that is still expired. A session that was
/// locked on purpose stays quiet: `quiet --off` ends that. If neither the AWS config nor a signal or reminder has the name, a
/// warning says so. For a profile on another host, name the host with --host.
#[derive(clap::Args, Clone, Debug)]
#[command(after_long_help = "\
Examples:
  sso-signal clear corp
  sso-signal clear --all
  sso-signal clear softmax --host metta@metta1

Exit status:
  0   done
  65  state of a newer version
  74  a file failed
  75  not now: another process keeps the state locked")]
pub(crate) struct Args {
    /// Profile whose signals to remove
    pub(crate) profile: Option<String>,
    /// Remove every signal
    #[arg(long, conflicts_with = "profile")]
    pub(crate) all: bool,
    /// Remove the signal of PROFILE on HOST, not on this machine
    #[arg(long, conflicts_with = "all")]
    pub(crate) host: Option<String>,
}

/// Whose signals are removed.
struct Whose<'a> {
    profile: &'a str,
    host: Option<&'a str>,
    key: String,
}

/// Clears PROFILE, the chosen profile, or all.
pub(crate) fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let output = &mut Output::stdout();
    let profile = || args.profile.clone().unwrap_or_else(|| settings.profile());
    let wanted = (!args.all).then(profile);
    let host = args.host.as_deref();
    let whose = wanted.as_deref().map(|profile| Whose { profile, host, key: signal::key(profile, host) });
    clear(settings, whose.as_ref(), output)
}

/// What held signals back before it was ended.
struct Held {
    ended: Vec<Because>,
    /// Whether the session is locked on purpose, which stays so.
    is_quiet: bool,
    /// Whether the host knew anything of the profile.
    is_known: bool,
}

impl Held {
    /// Ends what holds back the signals of a profile and its session.
    fn end(
        reminders: &mut ReminderStore,
        profile: &str,
        stamped: Option<Moment>,
        at: &Circumstances,
    ) -> Self {
        let is_known_session = reminders.session_of(profile).is_some();
        // The stamp of another program holds for all, and goes on.
        let is_own = Stamp::new(stamped, reminders.stamped) == Stamp::Ours;
        let subject = ReminderKey::of_profile(profile);
        let before = reminders.change(&subject, |entry| (entry.without_pauses(), entry));
        Self {
            ended: machine::pauses(&before, before.dismissed.filter(|_| is_own), at),
            is_quiet: before.quiet,
            is_known: is_known_session || before != Reminder::default(),
        }
    }

    /// Clears all, and the cooldown whoever began it.
    fn end_all(reminders: &mut ReminderStore, stamped: Option<Moment>, at: &Circumstances) -> Self {
        let stamp = Stamp::new(stamped, reminders.stamped);
        let mut ended: Vec<_> = reminders
            .entries()
            .flat_map(|(_, _, entry)| machine::pauses(entry, stamp.dismissal(entry), at))
            .collect();
        ended.extend(machine::pauses(&Reminder::default(), stamp.dismissal(&Reminder::default()), at));
        reminders.change_all(Reminder::without_pauses);
        reminders.stamped = None;
        Self { ended, is_quiet: false, is_known: true }
    }
}

/// Clears a profile; or all, with the cooldown stamp and the monitors that were seen.
fn clear(settings: &Settings, whose: Option<&Whose<'_>>, output: &mut Output) -> anyhow::Result<Exit> {
    let wanted = whose.map(|whose| whose.key.as_str());
    let mut queue = Queue::new(settings)?;
    let at = queue.circumstances()?;
    let stamped = cooldown::read(&queue.state_dir);
    let mut cleared = 0;
    let Reading { signals, unreadable, left_out } = queue.signals.read(at.now)?;
    for located in signals {
        if wanted.is_none_or(|wanted| wanted == located.signal.key()) {
            cleared += usize::from(atomic_write::remove(&located.path)?);
        }
    }
    for path in
        left_out.iter().filter(|path| wanted.is_none_or(|wanted| queue.signals.may_hold(path, wanted)))
    {
        cleared += usize::from(atomic_write::remove(path)?);
    }
    if wanted.is_none() {
        atomic_write::remove(&cooldown::file(&queue.state_dir))?;
        heartbeat::forget(settings)?;
    }
    let held = queue.change_reminders(|reminders| match wanted {
        Some(profile) => Held::end(reminders, profile, stamped, &at),
        None => Held::end_all(reminders, stamped, &at),
    })?;
    let mut document = Document::new();
    if let Some(Whose { profile, host, .. }) = whose {
        document.set("profile", *profile);
        match host {
            Some(host) => document.set("host", *host),
            // A slip would leave the reminder on that was to be ended.
            None if cleared == 0 && !held.is_known => queue.warn_of_unknown(profile)?,
            None => {}
        }
    }
    document.set("cleared", cleared);
    if !held.ended.is_empty() {
        let mut words: Vec<&str> = Vec::new();
        for word in held.ended.iter().map(|because| because.word()) {
            if !words.contains(&word) {
                words.push(word);
            }
        }
        document.set("ended", words);
    }
    if wanted.is_some() && held.is_quiet {
        document.set("quiet", true);
    }
    output.document(&document)?;
    let needed = |path: &Path| wanted.is_none_or(|wanted| queue.signals.may_hold(path, wanted));
    match unreadable.into_iter().find(|(path, _)| needed(path)) {
        Some((_, err)) => Err(err),
        None => Ok(Exit::Done),
    }
}
