//! The monitor: the same profiles again and again, a document per profile and tick, until its reader
//! goes away or a signal asks it to end.

use std::io::Read;
use std::time::Duration;

use sso_tool::beat::Beat;
use sso_tool::exit::{Exit, Fault};
use sso_tool::filter::{Handled, filter};
use sso_tool::settings::Settings;
use sso_tool::stream::{Documents, Output};
use sso_tool::subject::Subject;
use sso_tool::time;

use crate::check::{Answer, answer, fail, log, shown};
use crate::folder::Cache;
use crate::pointer::Pointer;
use crate::session_ends::SessionEnds;
use crate::view::View;

/// Reads all documents, then checks them at once and every `every` from then on. A file that can't be read is
/// an answer (`error`), no end. Ends with 0; errors: a bad document or none at all (65), before the
/// first tick.
pub fn watch(
    documents: Documents<impl Read>,
    every: Duration,
    cache: &Cache,
    settings: &Settings,
    ahead: Duration,
    view: &mut View,
) -> anyhow::Result<Exit> {
    let documents = documents.collect::<anyhow::Result<Vec<_>>>()?;
    for document in &documents {
        match Subject::of(document)? {
            Subject::Nobody | Subject::Failure(_) | Subject::Remote(_) => {}
            Subject::Profile { .. } | Subject::Session { .. } | Subject::Chosen { .. } => {
                Pointer::of(document)?;
            }
        }
    }
    if documents.is_empty() {
        return Err(Fault::new(Exit::Data, "no profile document on standard input")
            .hint("sso-profile list | sso-cache check --every 60s")
            .into());
    }
    let mut beat = Beat::start(every)?;
    loop {
        let session_ends = SessionEnds::read(settings, ahead)?;
        let again = documents.iter().cloned().map(Ok);
        filter(again, false, &mut Output::stdout(), |subject, document, _| {
            if beat.is_ended() {
                return Ok(Handled::Ended(Exit::Done));
            }
            let answer =
                answer(&subject, document, cache, &session_ends, time::now()?).unwrap_or_else(|err| {
                    fail(document, &err);
                    Some(Answer::Unreadable)
                });
            log(document, settings);
            shown(&subject, answer, document, view)
        })?;
        if !beat.goes_on()? {
            return Ok(Exit::Done);
        }
    }
}
