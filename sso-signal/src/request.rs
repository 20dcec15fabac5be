//! `sso-signal request`: a person wants a login. Nothing that was said before holds it back.

use serde_json::Value;

use crate::cooldown;
use crate::entry::Entry;
use crate::folder;
use crate::host::Host;
use crate::machine::Stamp;
use crate::memory::Subject;
use crate::mode::{self, Mode};
use crate::signal::Signal;
use sso_tool::exit::Exit;
use sso_tool::profile_name::check_profile;
use sso_tool::sanitize::sanitize;
use sso_tool::settings::Settings;
use sso_tool::shell::shell_word;
use sso_tool::state_dir;
use sso_tool::stream::{Document, Output};
use sso_tool::subject::Subject as Whom;
use sso_tool::time;

/// Requests a login for every document's profile. Documents with `event` or `error` alone ask for nothing. For people it
/// says first which session a document of `sso-login logout` ended.
pub fn filter(
    settings: &Settings,
    documents: impl Iterator<Item = anyhow::Result<Document>>,
    reason: &str,
    as_text: bool,
    output: &mut Output,
) -> anyhow::Result<Exit> {
    let mut last = Exit::Done;
    for document in documents {
        let document = document?;
        if as_text && let Some(said) = logged_out(&document)? {
            output.text(&said)?;
        }
        // A profile of another host isn't this machine's of the same name, and an earlier failure asks for nothing.
        if let Whom::Profile { name, .. } = Whom::of(&document)? {
            last = request(settings, &name, reason, as_text, output)?;
        }
    }
    Ok(last)
}

/// Raises a new episode for the profile, after clearing its snooze, cooldown, "Don't remind" and lock on purpose.
/// In mode `standalone` nobody would take it: nothing is raised, and the answer is no.
pub fn request(
    settings: &Settings,
    profile: &str,
    reason: &str,
    as_text: bool,
    output: &mut Output,
) -> anyhow::Result<Exit> {
    check_profile(profile)?;
    let mut host = Host::new(settings)?;
    let mode = mode::current(settings, &host.state_dir).0;
    let then = what_follows(settings, profile, mode)?;
    let document = Document::new()
        .with("event", "request")
        .with("profile", profile)
        .with("mode", mode.word())
        .with("next", then.as_str());
    if mode != Mode::Standalone {
        raise(&mut host, profile, reason)?;
    }
    if as_text {
        output.text(&then)?;
    } else {
        output.document(&document)?;
    }
    Ok(if mode == Mode::Standalone { Exit::No } else { Exit::Done })
}

fn raise(host: &mut Host<'_>, profile: &str, reason: &str) -> anyhow::Result<()> {
    let now = time::now()?;
    state_dir::make_private(&host.state_dir)?;
    let lock = state_dir::lock(&host.state_dir)?;
    let mut memory = host.memory()?;
    let subject = Subject { profile, session: None, session_profiles: &[] };
    let before = memory.entry(profile);
    let mut episode = format!("request {}", time::format(now));
    // Twice within a second is still a new one.
    while before.suppressed.contains(&episode) {
        episode.push('+');
    }
    memory.change(&subject, |entry| {
        // What was mirrored into the session's other signals is still no wish of their writers.
        (Entry { quiet: false, over: false, mirrored: entry.mirrored, ..entry.without_pauses() }, ())
    });
    // A stamp that isn't ours would hold back everything.
    let stamp = Stamp::new(cooldown::read(&host.state_dir), memory.stamped);
    memory.save(&host.state_dir)?;
    if let Stamp::Foreign(_) = stamp {
        folder::remove(&cooldown::file(&host.state_dir))?;
    }
    let signal = Document::new()
        .with("profile", profile)
        .with("reason", sanitize(reason))
        .with("timestamp", time::format(now))
        .with("source", "sso-login")
        .with("episode", episode);
    // Not raised again but anew: what was postponed in the old file is over, too.
    for located in host.folder.read(now)?.signals.iter().filter(|located| located.signal.profile == profile) {
        folder::remove(&located.path)?;
    }
    host.folder.raise(&Signal::from_document(signal, "the request")?, now)?;
    drop(lock);
    Ok(())
}

/// What a logout did, for the person who asked for it; `None` if the document is about none.
pub(crate) fn logged_out(document: &Document) -> anyhow::Result<Option<String>> {
    if document.flag("loggedOut")? != Some(true) {
        return Ok(None);
    }
    let session = match document.text("ssoSession")? {
        Some(name) => format!("session `{name}`"),
        None => format!("the session of {}", document.text("startUrl")?.unwrap_or("its start URL")),
    };
    let was_logged_in = document.flag("wasLoggedIn")?.unwrap_or(true);
    let names = document.get("sessionProfiles").and_then(Value::as_array).into_iter().flatten();
    let names: Vec<_> = names.filter_map(Value::as_str).map(|name| format!("`{name}`")).collect();
    Ok(Some(sanitize(&if was_logged_in {
        let whom = if names.is_empty() { "no profile has it".to_owned() } else { names.join(", ") };
        format!("logged out of {session}: {whom}")
    } else {
        format!("nobody was logged in to {session}")
    })))
}

/// What will happen, for the person who waits for it.
fn what_follows(settings: &Settings, profile: &str, mode: Mode) -> anyhow::Result<String> {
    let poll = time::format_duration(settings.poll_interval()?);
    let is_trusted = settings.auto_profiles().iter().any(|known| known == profile);
    Ok(match mode {
        Mode::Standalone => {
            let profile = shell_word(profile);
            format!("mode standalone, no watcher acts: sso-login {profile} | sso-signal settle")
        }
        Mode::Auto if is_trusted => {
            format!("login of `{profile}` requested: a running watcher opens a browser within {poll}")
        }
        Mode::Auto | Mode::Notify => {
            format!("login of `{profile}` requested: a running watcher asks within {poll}")
        }
    })
}
