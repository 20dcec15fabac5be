//! `sso-signal clear`: signals removed, with what held them back.

use std::path::Path;

use crate::cooldown;
use crate::entry::Entry;
use crate::folder::{self, Reading};
use crate::heartbeat;
use crate::host::Host;
use crate::memory::Subject;
use sso_tool::exit::Exit;
use sso_tool::settings::Settings;
use sso_tool::stream::{Document, Output};
use sso_tool::time;

/// Clears a profile; or all, with the cooldown stamp and the monitors that were seen.
pub fn clear(settings: &Settings, wanted: Option<&str>, output: &mut Output) -> anyhow::Result<Exit> {
    let mut host = Host::new(settings)?;
    let mut cleared = 0;
    let Reading { signals, unreadable } = host.folder.read(time::now()?)?;
    for located in signals {
        if wanted.is_none_or(|wanted| wanted == located.signal.profile) {
            cleared += usize::from(folder::remove(&located.path)?);
        }
    }
    if wanted.is_none() {
        folder::remove(&cooldown::file(&host.state_dir))?;
        heartbeat::forget(settings)?;
    }
    host.change_memory(|memory| match wanted {
        Some(profile) => {
            let subject = Subject { profile, session: None, session_profiles: &[] };
            memory.change(&subject, |entry| (entry.without_pauses(), ()));
        }
        None => {
            memory.change_all(Entry::without_pauses);
            memory.stamped = None;
        }
    })?;
    let mut document = Document::new();
    if let Some(profile) = wanted {
        document.set("profile", profile);
    }
    output.document(&document.with("cleared", cleared))?;
    let needed = |path: &Path| wanted.is_none_or(|wanted| host.folder.may_hold(path, wanted));
    match unreadable.into_iter().find(|(path, _)| needed(path)) {
        Some((_, err)) => Err(err),
        None => Ok(Exit::Done),
    }
}
