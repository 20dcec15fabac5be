//! `sso-signal quiet`: no reminders for a session that a person locked on purpose, until its next login.

use crate::host::{Host, Naming};
use crate::memory::Subject;
use crate::settle::Concerned;
use crate::sighting::Sighting;
use sso_tool::exit::{Exit, Fault};
use sso_tool::profile_name::check_profile;
use sso_tool::settings::Settings;
use sso_tool::stream::{Document, Output};
use sso_tool::subject::Subject as Whom;

/// Marks the session of a profile, as far as it is known here.
pub fn command(settings: &Settings, profile: &str, output: &mut Output) -> anyhow::Result<Exit> {
    check_profile(profile)?;
    let document = Document::new().with("profile", profile);
    mark(&Host::new(settings)?, &Concerned::of(&document, profile)?)?;
    output.document(&document.with("quiet", true))?;
    Ok(Exit::Done)
}

/// Marks the session of each document before it is passed on, with `quiet`: whoever logs out next finds the reminder
/// off already. Events, and documents that have an `error` in place of a session, are passed on untouched.
pub fn filter(
    settings: &Settings,
    documents: impl Iterator<Item = anyhow::Result<Document>>,
    output: &mut Output,
) -> anyhow::Result<Exit> {
    let host = Host::new(settings)?;
    for document in documents {
        let mut document = document?;
        if !Whom::of(&document)?.is_passed_on() {
            let profile = document.text("profile")?.ok_or_else(|| {
                Fault::new(Exit::Data, "the document has no `profile`")
                    .hint("sso-profile key sessions | sso-signal quiet -")
            })?;
            let whom = Concerned::of(&document, profile)?;
            // A session is marked by its own name, also for a profile that no signal can have: its others may have one.
            if whom.subject().session.is_none() {
                check_profile(profile)?;
            }
            mark(&host, &whom)?;
            // After a logout, what it says of the session holds for the new mark as well.
            if document.flag("loggedOut")? == Some(true) {
                host.see(&whom.subject(), Some(Sighting::Over), Naming::Nothing)?;
            }
            document.set("quiet", true);
        }
        output.document(&document)?;
    }
    Ok(Exit::Done)
}

fn mark(host: &Host<'_>, concerned: &Concerned) -> anyhow::Result<()> {
    let subject: Subject<'_> = concerned.subject();
    host.change_memory(|memory| {
        memory.change(&subject, |entry| (entry.locked(), ()));
    })
}
