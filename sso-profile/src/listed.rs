//! Whether a listing of `sso-login accounts` came in whole. Each of its documents says when it was listed (`listedAt`),
//! and one at the end (`"event":"listed"`) that there are no more. Documents by hand say neither.

use std::collections::BTreeSet;

use sso_signal::exit::{Exit, Fault};
use sso_signal::wire::Document;

/// The listings that begin and end in a stream, by session (else start URL) and time.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    begun: BTreeSet<(String, String)>,
    ended: BTreeSet<(String, String)>,
}

impl Listed {
    /// Takes note of one document.
    pub(crate) fn note(&mut self, document: &Document) -> anyhow::Result<()> {
        let Some(at) = document.text("listedAt")? else { return Ok(()) };
        let session = match document.text("ssoSession")? {
            Some(session) => session,
            None => document.text("startUrl")?.unwrap_or_default(),
        };
        let listing = (session.to_owned(), at.to_owned());
        match document.text("event")? {
            Some("listed") => drop(self.ended.insert(listing)),
            Some(_) => {}
            None => drop(self.begun.insert(listing)),
        }
        Ok(())
    }

    /// Refuses a listing without its end (65): what it doesn't name may be there all the same.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        let Some((session, _)) = self.begun.difference(&self.ended).next() else { return Ok(()) };
        let message = format!(
            "the listing of session `{session}` has no end: it was cut short, or a filter dropped its last document (`event`)"
        );
        Err(Fault::new(Exit::Data, message)
            .hint("list again; or say --complete, and what these documents don't name is removed"))
    }
}
