//! What the cache knows about earlier logins, where the registration that a login wants isn't there. A file's name is a
//! hash of what is registered, so a registration is told by hashing what it could be for.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sso_cache::entry::{self, Entry};
use sso_cache::key::Registrant;
use sso_cache::registration::{LEFT, Registration};
use sso_cache::token::Token;
use sso_tool::time::Moment;

use super::reason::Reason;
use super::wanted::{Maker, Wanted};
use crate::session::cached::Session;

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
    let Seen { mut registrations, other_token } = Seen::in_cache(session, wanted);
    // Of several the latest; this program's first.
    registrations.sort_by_key(|(maker, found)| (*maker == wanted.maker, found.expires_at));
    Ok(match (registrations.pop(), token) {
        (Some((maker, found)), _) if maker == wanted.maker => {
            Reason::Scopes(found.scopes.unwrap_or_default())
        }
        (Some((maker, _)), _) => Reason::Client(maker),
        (None, Entry::Whole(Token { registration_expires_at: Some(at), .. })) if at - now < LEFT => {
            Reason::Over(at)
        }
        (None, Entry::Whole(_) | Entry::Corrupt(_)) => Reason::Gone,
        (None, Entry::Missing) if other_token => Reason::Name,
        (None, Entry::Missing) => Reason::First,
    })
}

/// What the files of the cache say about a session. Only what matters is kept: there may be thousands.
#[derive(Default)]
struct Seen {
    /// Its registrations that don't serve this login: with other scopes, or another program's.
    registrations: Vec<(Maker, Registration)>,
    /// Whether another session has a token of the same start URL.
    other_token: bool,
}

impl Seen {
    fn in_cache(session: &Session<'_>, wanted: &Wanted) -> Self {
        let mut seen = Self::default();
        let Ok(entries) = fs::read_dir(session.cache.token_dir()) else { return seen };
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let Some(object) = entry::read(&path).ok().and_then(Entry::whole) else { continue };
            if object.contains_key("accessToken") {
                seen.other_token |=
                    object.get("startUrl").and_then(Value::as_str) == Some(&session.sso.start_url);
            } else if let Entry::Whole(registration) = Registration::from_object(object)
                && let Some(maker) = maker(&path, &registration, session, wanted)
            {
                seen.registrations.push((maker, registration));
            }
        }
        seen
    }
}

/// Who made a registration, if it is for this session: its name is the hash of that.
fn maker(path: &Path, found: &Registration, session: &Session<'_>, wanted: &Wanted) -> Option<Maker> {
    // The AWS CLI fills scopes in that the key hasn't got (AWS-FORMATS 2).
    let scopes = [found.scopes.as_deref(), wanted.scopes.as_deref(), None];
    Maker::ALL.into_iter().find(|maker| scopes.iter().any(|scopes| file(session, *maker, *scopes) == path))
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
