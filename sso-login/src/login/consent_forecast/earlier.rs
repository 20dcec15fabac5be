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
use super::wanted_registration::{Maker, WantedRegistration};
use crate::session::cached::Session;

/// Why the registration is missing, as far as that can be known. Files that can't be read tell nothing.
pub(super) fn reason(
    session: &Session<'_>,
    wanted: &WantedRegistration,
    now: Moment,
) -> anyhow::Result<Reason> {
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
    let Traces { mut registrations, tokens, ide_clients } = Traces::in_cache(session, wanted);
    let other_token = tokens.iter().any(|client| !client.as_ref().is_some_and(|id| ide_clients.contains(id)));
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
struct Traces {
    /// The session's registrations that don't serve this login: with other scopes, or another program's.
    registrations: Vec<(Maker, Registration)>,
    /// The clients of tokens of the same start URL, which are other sessions' or an IDE's.
    tokens: Vec<Option<String>>,
    /// The clients of IDEs, which name their files in words: their logins are none of a session under another name.
    ide_clients: Vec<String>,
}

impl Traces {
    fn in_cache(session: &Session<'_>, wanted: &WantedRegistration) -> Self {
        let mut traces = Self::default();
        let Ok(entries) = fs::read_dir(session.cache.token_dir()) else { return traces };
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let Some(object) = entry::read(&path).ok().and_then(Entry::whole) else { continue };
            let text = |key: &str| object.get(key).and_then(Value::as_str).map(str::to_owned);
            let is_hash = path.file_stem().is_some_and(|stem| stem.len() == 40);
            if object.contains_key("accessToken") {
                if is_hash && text("startUrl").as_ref() == Some(&session.sso.start_url) {
                    traces.tokens.push(text("clientId"));
                }
            } else if !is_hash && !is_old_aws_cli(&path) {
                traces.ide_clients.extend(text("clientId"));
            } else if let Entry::Whole(registration) = Registration::from_object(object)
                && let Some(maker) = maker(&path, &registration, session, wanted)
            {
                traces.registrations.push((maker, registration));
            }
        }
        traces
    }
}

/// The registration of an AWS CLI before 2.7.32, which has a name in words, too.
fn is_old_aws_cli(path: &Path) -> bool {
    path.file_stem().is_some_and(|stem| stem.to_string_lossy().starts_with("botocore-client-id-"))
}

/// Who made a registration, if it is for this session: its name is the hash of that.
fn maker(
    path: &Path,
    found: &Registration,
    session: &Session<'_>,
    wanted: &WantedRegistration,
) -> Option<Maker> {
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
