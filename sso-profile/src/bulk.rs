//! Many profiles at once: what to change so that the config has each, and no longer those of ours that are gone.

use std::collections::HashSet;

use indexmap::IndexMap;
use sso_tool::exit::{Exit, Fault};

use crate::apply::SectionEdit;
use crate::aws_config::AwsConfig;
use crate::change::Change;
use crate::commands::remove::sourced_by;
use crate::config::{Content, Keys, Role};
use crate::ini::Value;
use crate::mark::mark;
use crate::plan::{profile_change, session_change, session_differs};
use crate::request::Request;

/// A profile that is to be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RoleProfile {
    pub(crate) name: String,
    pub(crate) session: String,
    pub(crate) account_id: String,
    pub(crate) role_name: String,
    /// All of the above again, and the rest.
    pub(crate) request: Request,
}

impl RoleProfile {
    /// Whether the other one is for the same role.
    pub(crate) fn is_same_role(&self, other: &Self) -> bool {
        (&self.session, &self.account_id, &self.role_name)
            == (&other.session, &other.account_id, &other.role_name)
    }
}

/// What is to be done.
#[derive(Debug)]
pub(crate) struct Bulk {
    pub(crate) changes: Vec<SectionEdit>,
    /// The names of profiles that go.
    pub(crate) gone: Vec<String>,
    /// The names of profiles that would go, if others didn't take their credentials from them.
    pub(crate) kept: Vec<String>,
    /// What becomes of each wanted profile.
    pub(crate) kinds: Vec<Change>,
}

/// Works it out. `marked` are the profiles that were written like this before; with `prune` those go that nobody wants any
/// more, of the sessions wanted and of the empty ones it has.
///
/// Status 78 if a profile that wasn't, or that was for another session, or a session, is there and differs, and `replace`
/// doesn't allow it.
pub(crate) fn plan(
    wanted: &[RoleProfile],
    config: &AwsConfig,
    marked: &HashSet<String>,
    prune: Option<&[String]>,
    replace: bool,
) -> Result<Bulk, Fault> {
    let content = config.content();
    let mut changes = sessions(wanted, content, replace)?;
    let mut kinds = Vec::with_capacity(wanted.len());
    let mut foreign = Vec::new();
    for wanted in wanted {
        let own = content.profiles.get(&wanted.name);
        let is_marked = marked.contains(&wanted.name);
        if is_marked && !replace {
            refuse_move(wanted, own)?;
        }
        let request = if is_marked && !replace {
            without_users_keys(&wanted.request, own)
        } else {
            wanted.request.clone()
        };
        let change = profile_change(&wanted.name, &wanted.session, &request, content, replace)?;
        kinds.push(match (&change, own) {
            (None, _) => Change::Unchanged,
            (Some(_), None) => Change::Added,
            (Some(_), Some(_)) => Change::Replaced,
        });
        let Some(mut change) = change else { continue };
        let is_ours = own.is_none() || (is_marked && change.remove.is_empty());
        if !is_ours && !replace {
            foreign.push(wanted.name.as_str());
        }
        change.mark = Some(mark(&wanted.name, &wanted.session, &wanted.account_id, &wanted.role_name));
        changes.push(change);
    }
    if !foreign.is_empty() {
        return Err(not_ours(&foreign));
    }
    let (gone, kept) = prune.map(|empty| stale(wanted, empty, config, marked)).unwrap_or_default();
    Ok(Bulk { changes, gone, kept, kinds })
}

/// Two organisations may give accounts and roles the same names. The profile of one isn't turned into the other's: whoever
/// uses it would be in another account.
fn refuse_move(wanted: &RoleProfile, own: Option<&Keys>) -> Result<(), Fault> {
    let Some(Value::Text(session)) = own.and_then(|keys| keys.get("sso_session")) else { return Ok(()) };
    if *session == wanted.session {
        return Ok(());
    }
    let RoleProfile { name, session: other, .. } = wanted;
    let message =
        format!("profile `{name}` is of sso-session `{session}`, and would become one of `{other}`");
    Err(Fault::new(Exit::Config, message)
        .hint("--name-template '{session}-{account}-{role}' tells them apart, --replace changes it"))
}

/// A region or output format that a written profile has by now is its owner's choice.
fn without_users_keys(request: &Request, own: Option<&Keys>) -> Request {
    let has = |key: &str| own.is_some_and(|keys| keys.contains_key(key));
    let mut request = request.clone();
    request.region = request.region.filter(|_| !has("region"));
    request.output = request.output.filter(|_| !has("output"));
    request
}

/// One change for each session that is new or differs.
fn sessions(wanted: &[RoleProfile], content: &Content, replace: bool) -> Result<Vec<SectionEdit>, Fault> {
    let mut sessions: IndexMap<&str, &RoleProfile> = IndexMap::new();
    for wanted in wanted {
        let first = *sessions.entry(&wanted.session).or_insert(wanted);
        let (a, b) = (&first.request, &wanted.request);
        if (&a.start_url, &a.sso_region, &a.scopes) != (&b.start_url, &b.sso_region, &b.scopes) {
            return Err(Fault::new(
                Exit::Data,
                format!(
                    "the documents disagree about the start URL, region or scopes of sso-session `{}`",
                    wanted.session
                ),
            ));
        }
    }
    let mut changes = Vec::new();
    for (session, wanted) in sessions {
        let Some(change) = session_change(session, &wanted.name, &wanted.request, content)? else { continue };
        if content.sessions.contains_key(session) && !replace {
            return Err(session_differs(session, "", &change, content));
        }
        changes.push(change);
    }
    Ok(changes)
}

/// Profiles of ours, of the sessions that were listed, that nobody wants any more.
fn stale(
    wanted: &[RoleProfile],
    empty: &[String],
    config: &AwsConfig,
    marked: &HashSet<String>,
) -> (Vec<String>, Vec<String>) {
    let names: HashSet<_> = wanted.iter().map(|wanted| wanted.name.as_str()).collect();
    let sessions: HashSet<_> =
        wanted.iter().map(|wanted| &wanted.session).chain(empty).map(String::as_str).collect();
    let is_stale = |name: &str, keys: &Keys| {
        let session = match keys.get("sso_session") {
            Some(Value::Text(session)) => session.as_str(),
            _ => return false,
        };
        marked.contains(name) && sessions.contains(session) && !names.contains(name)
    };
    let profiles = config.content().profiles.iter();
    let stale: Vec<String> =
        profiles.filter(|(name, keys)| is_stale(name, keys)).map(|(name, _)| name.clone()).collect();
    if stale.is_empty() {
        return Default::default();
    }
    let sources: HashSet<_> =
        config.names().filter_map(|name| config.text(name, "source_profile").ok()?).collect();
    stale
        .into_iter()
        .partition(|name| !sources.contains(name.as_str()) || sourced_by(name, config).next().is_none())
}

fn not_ours(names: &[&str]) -> Fault {
    let shown = names.iter().take(5).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let message = match names.len() {
        1 => format!(
            "profile {shown} exists, differs and was not written by write --all (or was changed since)"
        ),
        2..=5 => format!(
            "profiles {shown} exist, differ and were not written by write --all (or were changed since)"
        ),
        more => format!(
            "profiles {shown} and {} more exist, differ and were not written by write --all (or were changed since)",
            more - 5
        ),
    };
    Fault::new(Exit::Config, message)
        .hint("another --name-template avoids them, --replace overwrites them (--dry-run --text shows how)")
}

/// The config's roles of profiles by name.
pub(crate) fn roles(names: &[String]) -> Vec<Role> {
    names.iter().cloned().map(Role::Profile).collect()
}
