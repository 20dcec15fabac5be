//! What the cache knows about earlier logins, where the registration that a login wants isn't there. A file's name is a
//! hash of what is registered, so a registration is told by hashing what it could be for.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sso_cache::entry::{self, Entry};
use sso_cache::key::Registrant;
use sso_cache::registration::{LEFT, Registration};
use sso_cache::token::Token;
use sso_signal::time::Moment;

use super::reason::Reason;
use super::wanted::{Maker, Wanted};
use crate::session::Session;

/// Why the registration is missing, as far as that can be known. Files that can't be read tell nothing.
pub(super) fn reason(session: &Session<'_>, wanted: &Wanted, now: Moment) -> anyhow::Result<Reason> {
    let sso = session.sso;
    let token = session.token()?;
    if let Entry::Whole(token) = &token {
        if let Some(region) = token.region.as_ref().filter(|region| **region != sso.region) {
            return Ok(Reason::Region(region.clone()));
        }
        if let Some(url) = token.start_url.as_ref().filter(|url| **url != sso.start_url) {
            return Ok(Reason::StartUrl(url.clone()));
        }
    }
    let files = files(session);
    if let Some(reason) = registered(session, wanted, &files) {
        return Ok(reason);
    }
    Ok(match token {
        Entry::Whole(Token { registration_expires_at: Some(at), .. }) if at - now < LEFT => Reason::Over(at),
        Entry::Whole(_) | Entry::Corrupt(_) => Reason::Gone,
        Entry::Missing if files.iter().any(|file| file.is_token_of(&sso.start_url)) => Reason::Name,
        Entry::Missing => Reason::First,
    })
}

/// A registration of this session that doesn't serve this login, if there is one: with other scopes, or another program's.
fn registered(session: &Session<'_>, wanted: &Wanted, files: &[File]) -> Option<Reason> {
    let mut found: Vec<_> = files.iter().filter_map(|file| file.made_for(session, wanted)).collect();
    // Of several the latest.
    found.sort_by_key(|(_, registration)| registration.expires_at);
    let by_this = found.iter().rev().find(|(maker, _)| *maker == wanted.maker);
    if let Some((_, registration)) = by_this {
        return Some(Reason::Scopes(registration.scopes.clone().unwrap_or_default()));
    }
    found.last().map(|(maker, _)| Reason::Client(*maker))
}

/// A file of the cache.
struct File {
    path: PathBuf,
    object: serde_json::Map<String, Value>,
}

impl File {
    fn is_token_of(&self, start_url: &str) -> bool {
        let Entry::Whole(token) = Token::from_object(self.object.clone()) else { return false };
        token.start_url.as_deref() == Some(start_url)
    }

    /// Who made it, if it is a registration for this session.
    fn made_for(&self, session: &Session<'_>, wanted: &Wanted) -> Option<(Maker, Registration)> {
        let registration = Registration::from_object(self.object.clone()).whole()?;
        // The AWS CLI fills scopes in that the key hasn't got (AWS-FORMATS 2.2).
        let scopes = [registration.scopes.as_deref(), wanted.scopes.as_deref(), None];
        let is_by = |maker: &Maker| scopes.iter().any(|scopes| file(session, *maker, *scopes) == self.path);
        let maker = Maker::ALL.into_iter().find(is_by)?;
        Some((maker, registration))
    }
}

fn file(session: &Session<'_>, maker: Maker, scopes: Option<&[String]>) -> PathBuf {
    let sso = session.sso;
    session.cache.registration(Registrant {
        region: &sso.region,
        scopes,
        session_name: sso.session.as_deref(),
        start_url: &sso.start_url,
        tool: maker.tool(),
    })
}

fn files(session: &Session<'_>) -> Vec<File> {
    let Ok(entries) = fs::read_dir(session.cache.token_dir()) else { return Vec::new() };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let is_json = |path: &PathBuf| Path::extension(path).is_some_and(|extension| extension == "json");
    paths
        .filter(is_json)
        .filter_map(|path| {
            let object = entry::read(&path).ok()?.whole()?;
            Some(File { path, object })
        })
        .collect()
}
