//! `sso-signal read`: signals as documents.

use crate::exit::Exit;
use crate::folder::Reading;
use crate::host::Host;
use crate::settings::Settings;
use crate::time;
use crate::wire::Output;

/// Prints the signals of a profile, or every signal. Without one the answer is no.
pub fn print(settings: &Settings, wanted: Option<&str>, output: &mut Output) -> anyhow::Result<Exit> {
    let mut found = Exit::No;
    let Reading { signals, unreadable } = Host::new(settings)?.folder.read(time::now()?)?;
    for located in signals {
        if wanted.is_none_or(|wanted| wanted == located.signal.profile) {
            output.document(&located.signal.full_document())?;
            found = Exit::Done;
        }
    }
    match unreadable {
        // It might be the one that was asked for.
        Some(err) if wanted.is_none() || found == Exit::No => Err(err),
        _ => Ok(found),
    }
}
