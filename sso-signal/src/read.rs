//! `sso-signal read`: signals as documents.

use std::path::Path;

use crate::folder::Reading;
use crate::host::Host;
use sso_tool::exit::Exit;
use sso_tool::settings::Settings;
use sso_tool::stream::Output;
use sso_tool::time;

/// Prints the signals of a profile, or every signal. Without one the answer is no.
pub fn print(settings: &Settings, wanted: Option<&str>, output: &mut Output) -> anyhow::Result<Exit> {
    let mut found = Exit::No;
    let mut folder = Host::new(settings)?.folder;
    let Reading { signals, unreadable } = folder.read(time::now()?)?;
    settings.debug(|| format!("{} signals, {} files that can't be read", signals.len(), unreadable.len()));
    for located in signals {
        if wanted.is_none_or(|wanted| wanted == located.signal.profile) {
            output.document(&located.signal.full_document())?;
            found = Exit::Done;
        }
    }
    let needed = |path: &Path| wanted.is_none_or(|wanted| found == Exit::No && folder.may_hold(path, wanted));
    match unreadable.into_iter().find(|(path, _)| needed(path)) {
        Some((_, err)) => Err(err),
        None => Ok(found),
    }
}
