//! The tokens of sessions that no config names: of a set-up that was killed, or of a session that somebody removed.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use sso_cache::entry::Entry;
use sso_cache::folder::Cache;
use sso_cache::key::Session as Name;
use sso_cache::token::Token;
use sso_profile::Sso;
use sso_tool::settings::Settings;

/// The files in the cache, other than those of `known`, that hold a session's token, and what they say of it. An error is a
/// file that can't be read; the others are there all the same.
pub(super) fn find(
    settings: &Settings,
    known: &BTreeSet<PathBuf>,
) -> anyhow::Result<Vec<anyhow::Result<(PathBuf, Sso)>>> {
    let cache = Cache::of_home(settings.home()?);
    let folder = cache.token_dir();
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(err) if err.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(err) => return Err(err).with_context(|| format!("cannot list {}", folder.display())),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.with_context(|| format!("cannot list {}", folder.display()))?.path();
        if path.extension().is_some_and(|extension| extension == "json") && !known.contains(&path) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths.into_iter().filter_map(|path| Some(sso_of(&path).transpose()?.map(|sso| (path, sso)))).collect())
}

/// The token file of a session that no config names, and what it says of it.
pub(super) fn named(settings: &Settings, session: &str) -> anyhow::Result<Option<(PathBuf, Sso)>> {
    let file = Cache::of_home(settings.home()?).token(Name::Named(session));
    let sso = sso_of(&file)?;
    Ok(sso.map(|sso| (file, Sso { session: Some(session.to_owned()), ..sso })))
}

/// The session of a token file; `None` if it is something else. Other tools keep tokens of their own here, without a
/// start URL, and a region that is none would lead elsewhere than to AWS.
fn sso_of(path: &Path) -> anyhow::Result<Option<Sso>> {
    let Entry::Whole(token) = Token::read(path)? else { return Ok(None) };
    let is_region =
        |region: &String| !region.is_empty() && region.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let region = token.region.filter(is_region);
    let sso = |start_url, region| Sso { session: None, start_url, region, scopes: None };
    Ok(token
        .start_url
        .filter(|url| url.starts_with("http"))
        .zip(region)
        .map(|(url, region)| sso(url, region)))
}
