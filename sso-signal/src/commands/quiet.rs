//! `sso-signal quiet`: no reminders for a session that a person locked on purpose, until its next login.

use crate::queue::{Naming, Queue};
use crate::reminder::Reminder;
use crate::reminder_key::ReminderKey;
use crate::sighting::Sighting;
use sso_tool::exit::{Exit, Fault};
use sso_tool::filter::{self, Handled};
use sso_tool::profile_name::check_profile;
use sso_tool::settings::Settings;
use sso_tool::stream::{self, Document, Output};
use sso_tool::time;

/// Stop the reminders of a session, until its next login or for good
///
/// In any mode, the watcher doesn't ask about the session and opens no browser for it. Reminders come back after the next
/// login: one by `sso-login PROFILE`, one that `sso-signal settle` or `request` handles, or one that a monitor notices (it
/// sees the session without a valid token, and later with one). With --forever they stay off after logins, too. With
/// documents on stdin it is a filter: it marks the session of each (`ssoSession`, `sessionProfiles`, else `profile` alone)
/// and then passes the document on with `quiet`. In a pipe, put it before the logout. A name that isn't in the AWS config is
/// accepted with a warning, because the profile may exist only in a container. --off turns reminders on again without a
/// login.
#[derive(clap::Args, Clone, Debug)]
#[command(after_long_help = "\
Examples:
  sso-signal quiet corp
  sso-signal quiet corp --forever
  sso-signal quiet corp --off
  sso-profile key sessions --env dev | sso-signal quiet - | sso-login logout - |
    sso-signal settle

Exit status:
  0   done
  2   no profile is named
  65  bad document, bad profile name or state of a newer version
  74  a file failed
  75  not now: another process keeps the state locked")]
pub(crate) struct Args {
    /// A profile of the session; with `-`, the profiles of the documents on stdin
    pub(crate) profile: Option<String>,
    /// Turn the session's reminders on again
    #[arg(long)]
    pub(crate) off: bool,
    /// Stay quiet after logins, too, until --off
    #[arg(long, conflicts_with = "off")]
    pub(crate) forever: bool,
}

/// How long a session is to be quiet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Off,
    UntilLogin,
    Forever,
}

impl Wish {
    /// What a document says of it.
    fn tell(self, document: &mut Document) {
        document.set("quiet", self != Self::Off);
        if self == Self::Forever {
            document.set("forever", true);
        }
    }
}

/// Marks the session of PROFILE, or of each document on stdin.
pub(crate) fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let output = &mut Output::stdout();
    let wish = match (args.off, args.forever) {
        (true, _) => Wish::Off,
        (false, true) => Wish::Forever,
        (false, false) => Wish::UntilLogin,
    };
    match (stream::subjects(args.profile.as_deref())?, &args.profile) {
        (Some(documents), _) => filter(settings, documents, wish, output),
        (None, Some(profile)) => command(settings, profile, wish, output),
        (None, None) => Err(Fault::new(Exit::Usage, "no profile is named")
            .hint("sso-signal quiet PROFILE, or pipe in documents that have `profile`")
            .into()),
    }
}

/// Marks the session of one document, for a program that is about to end that session.
pub fn quiet_one(document: &Document, settings: &Settings) -> anyhow::Result<()> {
    filter(settings, std::iter::once(Ok(document.clone())), Wish::UntilLogin, &mut Output::nowhere())
        .map(drop)
}

/// Marks the session of a profile, as far as it is known here.
fn command(settings: &Settings, profile: &str, wish: Wish, output: &mut Output) -> anyhow::Result<Exit> {
    check_profile(profile)?;
    let mut queue = Queue::new(settings)?;
    // A slip would stay marked for good, and be no session's.
    if wish != Wish::Off {
        queue.warn_of_unknown(profile)?;
    }
    mark(&queue, &ReminderKey::of_profile(profile), wish)?;
    let mut document = Document::new().with("profile", profile);
    wish.tell(&mut document);
    output.document(&document)?;
    Ok(Exit::Done)
}

/// Marks the session of each document before it is passed on, with `quiet`: whoever logs out next finds the reminder
/// off already. Events, and documents that have an `error` in place of a session, are passed on untouched.
fn filter(
    settings: &Settings,
    documents: impl Iterator<Item = anyhow::Result<Document>>,
    wish: Wish,
    output: &mut Output,
) -> anyhow::Result<Exit> {
    let queue = Queue::new(settings)?;
    filter::filter(documents, false, output, |subject, document, _| {
        if subject.is_passed_on() {
            return Ok(Handled::PassedOn);
        }
        let whose = ReminderKey::of(&subject, document)?.ok_or_else(|| {
            Fault::new(Exit::Data, "the document has no `profile`")
                .hint("sso-profile key sessions | sso-signal quiet -")
        })?;
        // A session is marked by its own name, also for a profile that no signal can have: its others may have one.
        if whose.session.is_none()
            && let Some(profile) = document.text("profile")?
        {
            check_profile(profile)?;
        }
        mark(&queue, &whose, wish)?;
        // After a logout, what it says of the session holds for the new mark as well.
        if wish != Wish::Off && document.flag("loggedOut")? == Some(true) {
            queue.see(&whose, Some(Sighting::Over), None, Naming::Nothing)?;
        }
        wish.tell(document);
        Ok(Handled::Answered(Exit::Done))
    })
}

fn mark(queue: &Queue<'_>, whose: &ReminderKey, wish: Wish) -> anyhow::Result<()> {
    let now = time::now()?;
    queue.change_reminders(|reminders| {
        reminders.change(whose, |entry| {
            let after = match wish {
                Wish::Off => entry.unlocked(),
                Wish::UntilLogin => entry.locked(now),
                Wish::Forever => Reminder { forever: true, ..entry.locked(now) },
            };
            (after, ())
        });
    })
}
