//! What a request comes to, given what the config says already: changes of sections, or a refusal.

use sso_tool::exit::{Exit, Fault};

use crate::config::{Content, Keys, Role};
use crate::ini::Value;
use crate::plan::{Change, Plan, ProfileChange};
use crate::profile::{Sso, USUAL_SCOPE};
use crate::request::{Request, writable_name};
use crate::section_edit::SectionEdit;
use crate::start_url::StartUrl;
use crate::values::scopes;

/// Keys that the session says; the SDK for Rust refuses a profile that repeats them (AWS-FORMATS 7).
pub(super) const SESSION_KEYS: [&str; 3] = ["sso_start_url", "sso_region", "sso_registration_scopes"];

/// Keys that take the credentials from elsewhere, in one SDK or another, whatever SSO keys say (AWS-FORMATS 7).
const OTHER_SOURCES: [&str; 5] =
    ["role_arn", "source_profile", "credential_source", "web_identity_token_file", "credential_process"];

/// Keys that are secrets or belong to one. They are never removed: nothing could bring them back.
const ACCESS_KEYS: [&str; 4] =
    ["aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token"];

/// Works out the changes that make `name` what `request` says. Status 78 if that can't be, or if it would
/// change what is there and `replace` doesn't allow it.
pub fn write(name: &str, request: &Request, content: &Content, replace: bool) -> Result<Plan, Fault> {
    writable_name("profile", name)?;
    let asked = request;
    let request = &request.cleaned()?;
    let profile = content.profiles.get(name);
    if is_legacy(profile) && request.sso_session.is_none() {
        let own = legacy_change(name, request, content)?;
        refuse_overwriting(name, own.as_ref(), profile, replace)?;
        let is_new = own.as_ref().is_some_and(|change| overwritten(change, profile).is_empty());
        return Ok(plan_of(name, asked, own.into_iter().collect(), is_new));
    }
    let session_name = match &request.sso_session {
        Some(session) => session.clone(),
        None => owned(profile, "sso_session").unwrap_or_else(|| name.to_owned()),
    };
    let session = session_change(&session_name, name, request, content)?;
    let own = profile_change(name, &session_name, request, content, replace)?;
    let there = content.sessions.get(&session_name);
    let is_overwriting = |change: &SectionEdit| {
        there.is_some()
            && (!overwritten(change, there).is_empty()
                // Other scopes are another registration, for every profile of the session.
                || change.set.iter().any(|(key, _)| *key == "sso_registration_scopes"))
    };
    if let (Some(change), false) = (session.as_ref().filter(|change| is_overwriting(change)), replace) {
        return Err(session_differs(&session_name, name, change, content));
    }
    refuse_overwriting(name, own.as_ref(), profile, replace)?;
    // What was missing makes the profile whole: that takes nothing away.
    let is_new = !session.as_ref().is_some_and(is_overwriting)
        && own.as_ref().is_none_or(|change| overwritten(change, profile).is_empty());
    Ok(plan_of(name, asked, own.into_iter().chain(session).collect(), is_new))
}

/// The plan of one profile. `is_new` says that something is added, and nothing that is there changes.
fn plan_of(name: &str, asked: &Request, edits: Vec<SectionEdit>, is_new: bool) -> Plan {
    let change = match (edits.is_empty(), is_new) {
        (true, _) => Change::Unchanged,
        (false, true) => Change::Added,
        (false, false) => Change::Replaced,
    };
    let profile = ProfileChange { asked: Some(asked.clone()), ..ProfileChange::new(name, change) };
    Plan { edits, profiles: vec![profile], ..Plan::default() }
}

/// Whether a profile says itself where to log in, and names no session.
fn is_legacy(profile: Option<&Keys>) -> bool {
    profile.is_some_and(|keys| keys.contains_key("sso_start_url") && !keys.contains_key("sso_session"))
}

/// The keys that a change takes away or gives another value. What is only added isn't among them.
fn overwritten(change: &SectionEdit, there: Option<&Keys>) -> Vec<&'static str> {
    let is_there = |key: &&str| there.is_some_and(|keys| keys.contains_key(key));
    change.set.iter().map(|(key, _)| *key).filter(is_there).chain(change.remove.iter().copied()).collect()
}

/// What a profile lacks is filled in; what differs is changed only where that was asked for.
fn refuse_overwriting(
    name: &str,
    change: Option<&SectionEdit>,
    profile: Option<&Keys>,
    replace: bool,
) -> Result<(), Fault> {
    let keys = change.map(|change| overwritten(change, profile)).unwrap_or_default();
    if keys.is_empty() || replace {
        return Ok(());
    }
    Err(Fault::new(Exit::Config, format!("profile `{name}` exists and differs in {}", keys.join(", ")))
        .conflict()
        .hint("--dry-run --replace --text shows the change, --replace makes it"))
}

/// The request, by the session that the config has for the same portal already, if it names none: another one would be
/// another registration, consent and login. A profile that has a session keeps it; else that of the profile's own name
/// comes first, then the first in the file. Region and scopes are compared where they are asked for. Where no scopes are, a
/// session without the one that roles need isn't for this: it is some other tool's, of the same portal.
pub fn sharing(request: &Request, name: &str, content: &Content) -> Request {
    let profile = content.profiles.get(name);
    let said = |key| owned(profile, key);
    let request = request.clone();
    let Some(url) = request.start_url.clone().or_else(|| said("sso_start_url")) else { return request };
    // A legacy profile stays one unless a session is asked for: its token is found by its own start URL.
    if request.sso_session.is_some() || is_legacy(profile) {
        return request;
    }
    let region = request.sso_region.clone().or_else(|| said("sso_region"));
    let is_same = |sso: &Sso| {
        StartUrl::of(&sso.start_url) == StartUrl::of(&url)
            && region.as_ref().is_none_or(|region| sso.region == *region)
            && request.scopes.as_ref().is_none_or(|list| sso.scopes.as_ref() == Some(&scopes(list)))
    };
    let is_usual = |sso: &Sso| request.scopes.is_some() || sso.is_for_roles();
    let own = said("sso_session");
    let first = content.sessions.get_key_value(own.as_deref().unwrap_or(name));
    let others = content.sessions.iter().filter(|_| own.is_none());
    let of_portal = |(name, keys): &(&String, &Keys)| Sso::of_session(name, keys).filter(is_same);
    let first = first.filter(|session| of_portal(session).is_some());
    let session = first
        .or_else(|| others.into_iter().find(|session| of_portal(session).is_some_and(|sso| is_usual(&sso))));
    match session {
        Some((session, _)) => {
            Request { sso_session: Some(session.clone()), start_url: None, scopes: None, ..request }
        }
        None => request,
    }
}

pub(super) fn profile_change(
    name: &str,
    session: &str,
    request: &Request,
    content: &Content,
    replace: bool,
) -> Result<Option<SectionEdit>, Fault> {
    let profile = content.profiles.get(name);
    let wanted = [("sso_session", Some(session.to_owned()))];
    let shared = content.sessions.get(session);
    // The same as the session says it: only some SDKs mind, and nobody asked to change it.
    let is_repeated =
        |key: &str| !replace && shared.is_some_and(|shared| text(Some(shared), key) == text(profile, key));
    let goes = SESSION_KEYS.into_iter().filter(|key| !is_repeated(key));
    changed_profile(name, wanted, request, goes, content)
}

/// A legacy profile that stays one.
fn legacy_change(name: &str, request: &Request, content: &Content) -> Result<Option<SectionEdit>, Fault> {
    let wanted = [
        ("sso_start_url", request.start_url.clone()),
        ("sso_region", request.sso_region.clone()),
        ("sso_registration_scopes", request.scopes.clone()),
    ];
    changed_profile(name, wanted, request, std::iter::empty(), content)
}

/// What makes a profile say `session` and the rest of the request, without the keys that `goes` names.
fn changed_profile<const N: usize>(
    name: &str,
    session: [(&'static str, Option<String>); N],
    request: &Request,
    goes: impl Iterator<Item = &'static str>,
    content: &Content,
) -> Result<Option<SectionEdit>, Fault> {
    let profile = content.profiles.get(name);
    let has = |key: &&str| profile.is_some_and(|keys| keys.contains_key(key));
    if let Some(key) = ACCESS_KEYS.iter().find(|key| has(key)) {
        return Err(Fault::new(Exit::Config, format!("profile `{name}` holds access keys (`{key}`)"))
            .hint("choose another name, or first remove the keys in an editor"));
    }
    let account = request.account_id.clone().or_else(|| owned(profile, "sso_account_id"));
    let role = request.role_name.clone().or_else(|| owned(profile, "sso_role_name"));
    if account.is_some() != role.is_some() {
        let missing = if role.is_some() { "--account-id" } else { "--role-name" };
        return Err(Fault::new(
            Exit::Config,
            format!("profile `{name}` needs an account and a role, or neither"),
        )
        .hint(format!("add {missing}; the access portal (the start URL) shows both")));
    }
    let role = [
        ("sso_account_id", account),
        ("sso_role_name", role),
        ("region", request.region.clone()),
        ("output", request.output.clone()),
    ];
    let set = differing(session.into_iter().chain(role), profile);
    // What it only inherits isn't in its section.
    let is_own = |key: &&str| has(key) && profile.and_then(|keys| keys.get(key)) != content.defaults.get(key);
    // A request for another region or format keeps the source of the credentials.
    let others = OTHER_SOURCES.into_iter().filter(|_| request.names_credentials());
    let remove: Vec<_> = goes.chain(others).filter(is_own).collect();
    Ok(change(Role::Profile(name.to_owned()), set, remove, profile.is_none()))
}

pub(super) fn session_change(
    session: &str,
    name: &str,
    request: &Request,
    content: &Content,
) -> Result<Option<SectionEdit>, Fault> {
    writable_name("sso-session", session)?;
    let there = content.sessions.get(session);
    // A legacy profile has them itself: so it becomes one with a session.
    let legacy = content.profiles.get(name).filter(|keys| !keys.contains_key("sso_session"));
    let known = |key: &str| owned(there, key).or_else(|| owned(legacy, key));
    let required = |given: &Option<String>, key: &str, flag: &str| {
        given.clone().or_else(|| known(key)).ok_or_else(|| {
            Fault::new(Exit::Config, format!("sso-session `{session}` has no {key}"))
                .hint(format!("add {flag}, or name a session that exists with --sso-session"))
        })
    };
    let start_url = required(&request.start_url, "sso_start_url", "--start-url")?;
    let region = required(&request.sso_region, "sso_region", "--sso-region")?;
    let given = request.scopes.as_deref().map(|list| scopes(list).join(","));
    let list = match (&given, owned(there, "sso_registration_scopes")) {
        // The same scopes, spaced otherwise.
        (Some(given), Some(list)) if scopes(given) == scopes(&list) => None,
        (None, _) if there.is_some() => None,
        (None, _) => Some(owned(legacy, "sso_registration_scopes").unwrap_or_else(|| USUAL_SCOPE.to_owned())),
        (Some(_), _) => given,
    };
    let wanted =
        [("sso_start_url", Some(start_url)), ("sso_region", Some(region)), ("sso_registration_scopes", list)];
    Ok(change(Role::Session(session.to_owned()), differing(wanted, there), Vec::new(), there.is_none()))
}

fn differing(
    wanted: impl IntoIterator<Item = (&'static str, Option<String>)>,
    there: Option<&Keys>,
) -> Vec<(&'static str, String)> {
    wanted
        .into_iter()
        .filter_map(|(key, value)| Some((key, value?)))
        .filter(|(key, value)| text(there, key).is_none_or(|said| !is_same(key, said, value)))
        .collect()
}

/// Whether a key says the same by either text: a portal has many spellings.
fn is_same(key: &str, one: &str, other: &str) -> bool {
    one == other || (key == "sso_start_url" && StartUrl::of(one) == StartUrl::of(other))
}

fn change(
    role: Role,
    set: Vec<(&'static str, String)>,
    remove: Vec<&'static str>,
    is_new: bool,
) -> Option<SectionEdit> {
    (is_new || !set.is_empty() || !remove.is_empty()).then_some(SectionEdit { role, set, remove, mark: None })
}

pub(super) fn session_differs(session: &str, name: &str, change: &SectionEdit, content: &Content) -> Fault {
    let users: Vec<_> = content
        .profiles
        .iter()
        .filter(|(user, keys)| *user != name && text(Some(keys), "sso_session") == Some(session))
        .map(|(user, _)| format!("`{user}`"))
        .collect();
    let shown = users.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", ");
    let used = match users.len() {
        0 => String::new(),
        1..=5 => format!("; {shown} would change, too"),
        more => format!("; {shown} and {} more would change, too", more - 5),
    };
    Fault::new(
        Exit::Config,
        format!("sso-session `{session}` exists and differs in {}{used}", keys_of(change)),
    )
    .conflict()
    .hint("give another --sso-session, or --replace to change it for all of them")
}

fn keys_of(change: &SectionEdit) -> String {
    let keys: Vec<_> = change.set.iter().map(|(key, _)| *key).chain(change.remove.iter().copied()).collect();
    keys.join(", ")
}

fn text<'k>(keys: Option<&'k Keys>, key: &str) -> Option<&'k str> {
    match keys?.get(key)? {
        Value::Text(text) => Some(text),
        Value::Block(_) => None,
    }
}

fn owned(keys: Option<&Keys>, key: &str) -> Option<String> {
    text(keys, key).map(str::to_owned)
}
