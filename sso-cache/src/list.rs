//! What is in the two folders: a document per file, without anything secret in it.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;

use anyhow::Context as _;
use serde_json::{Map, Value};
use sso_tool::exit::{Exit, Fault};
use sso_tool::stream::Document;
use sso_tool::time::{self, Moment};

use crate::credentials::RoleCredentials;
use crate::entry::{self, Entry};
use crate::folder::Cache;
use crate::registration::Registration;
use crate::token::Token;
use crate::view::View;
use sso_tool::token_state::TokenState;

/// Shows every file of the cache, by folder and name. A file that may not be read is shown with an
/// `error`, the rest goes on, and the end is status 74.
pub fn list(cache: &Cache, now: Moment, view: &mut View) -> anyhow::Result<Exit> {
    let mut unreadable = 0_usize;
    for directory in [cache.token_dir(), cache.role_dir()] {
        for name in names(directory).with_context(|| format!("cannot list {}", directory.display()))? {
            let path = directory.join(name);
            let document = match describe(&path, now) {
                Ok(Some(document)) => document,
                // Gone since the folder was read: a temporary file, say.
                Ok(None) => continue,
                Err(err) => {
                    unreadable += 1;
                    about(&path, "other").with("error", format!("{err:#}"))
                }
            };
            view.show(&document)?;
        }
    }
    if unreadable > 0 {
        let message = format!("{unreadable} of the cache's files cannot be read");
        return Err(Fault::new(Exit::Io, message).hint("sso-cache list | jq 'select(.error)'").into());
    }
    Ok(Exit::Done)
}

/// The names of what is no folder, sorted. A folder that isn't there is empty.
pub(crate) fn names(directory: &Path) -> io::Result<Vec<OsString>> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(err) => return Err(err),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            names.push(entry.file_name());
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// The document of one file; `None` if it is gone.
pub(crate) fn describe(path: &Path, now: Moment) -> anyhow::Result<Option<Document>> {
    if path.extension().is_none_or(|extension| extension != "json") {
        return Ok(Some(about(path, "other")));
    }
    Ok(match entry::read(path)? {
        Entry::Missing => None,
        Entry::Corrupt(why) => Some(corrupt(about(path, "other"), why)),
        Entry::Whole(object) => Some(describe_object(path, object, now)),
    })
}

/// Tells the kinds apart by content, since any tool puts files here under any name (AWS-FORMATS 1).
fn describe_object(path: &Path, object: Map<String, Value>, now: Moment) -> Document {
    let has = |key: &str| object.contains_key(key);
    if has("accessToken") {
        return of_token(about(path, "token"), object, now);
    }
    if has("clientId") {
        return of_registration(about(path, "registration"), object, now);
    }
    if !object.get("Credentials").is_some_and(Value::is_object) {
        return about(path, "other");
    }
    let is_sso = object.get("ProviderType").is_some_and(|provider| provider == "sso");
    of_credentials(about(path, if is_sso { "role-credentials" } else { "assume-role" }), object, now)
}

fn of_token(document: Document, object: Map<String, Value>, now: Moment) -> Document {
    match Token::from_object(object) {
        Entry::Whole(token) => {
            let document = stated(document, token.state(now), token.expires_at);
            with(with(document, "startUrl", token.start_url), "region", token.region)
        }
        Entry::Corrupt(why) => corrupt(document, why),
        Entry::Missing => document,
    }
}

fn of_registration(document: Document, mut object: Map<String, Value>, now: Moment) -> Document {
    let start_url = entry::take_text(&mut object, "startUrl");
    let region = entry::take_text(&mut object, "region");
    match Registration::from_object(object) {
        Entry::Whole(registration) => {
            let state = if now < registration.expires_at { TokenState::Valid } else { TokenState::Expired };
            let document = stated(document, state, registration.expires_at);
            with(with(document, "startUrl", start_url), "region", region)
        }
        Entry::Corrupt(why) => corrupt(document, why),
        Entry::Missing => document,
    }
}

fn of_credentials(document: Document, object: Map<String, Value>, now: Moment) -> Document {
    match RoleCredentials::from_object(object) {
        Entry::Whole(credentials) => {
            let document = stated(document, credentials.state(now), credentials.expires_at);
            with(document, "accountId", credentials.account_id)
        }
        Entry::Corrupt(why) => corrupt(document, why),
        Entry::Missing => document,
    }
}

fn about(path: &Path, kind: &str) -> Document {
    Document::new().with("file", path.to_string_lossy()).with("kind", kind)
}

fn stated(document: Document, state: TokenState, expires_at: Moment) -> Document {
    document.with("state", state.word()).with("expiresAt", time::format(expires_at))
}

fn corrupt(document: Document, why: &str) -> Document {
    document.with("state", TokenState::Corrupt.word()).with("reason", format!("the file {why}"))
}

pub(crate) fn with(document: Document, key: &str, value: Option<String>) -> Document {
    match value {
        Some(value) => document.with(key, value),
        None => document,
    }
}
