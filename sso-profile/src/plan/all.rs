//! Many profiles at once: what to change so that the config has each, and no longer those of ours that are gone.

use std::collections::HashSet;

use indexmap::IndexMap;
use sso_tool::exit::{Exit, Fault};

use crate::aws_config::AwsConfig;
use crate::config::{Content, Keys, Role};
use crate::ini::Value;
use crate::mark::{mark, marked};
use crate::plan::remove::sourced_by;
use crate::plan::write::{profile_change, session_change, session_differs};
use crate::plan::{Before, Change, Plan, ProfileChange};
use crate::request::Request;
use crate::section_edit::SectionEdit;

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

/// Works out what makes the config have each wanted profile. With `prune` those that were written like this before go if
/// nobody wants them any more, of the sessions wanted and of the empty ones that it has.
///
/// Status 78 if a profile that wasn't, or that was for another session, or a session, is there and differs, and `replace`
/// doesn't allow it.
pub(crate) fn all(
    wanted: &[RoleProfile],
    before: &Before<'_>,
    prune: Option<&[String]>,
    replace: bool,
) -> Result<Plan, Fault> {
    let content = before.config.content();
    let marked = marked(&before.source, content);
    let mut plan = Plan { edits: sessions(wanted, content, replace)?, ..Plan::default() };
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
        let edit = profile_change(&wanted.name, &wanted.session, &request, content, replace)?;
        let Some(mut edit) = edit else {
            plan.profiles.push(ProfileChange::new(&wanted.name, Change::Unchanged));
            continue;
        };
        let change = if own.is_none() { Change::Added } else { Change::Replaced };
        let asked = Some(Request { region: None, ..wanted.request.clone() });
        plan.profiles.push(ProfileChange { asked, ..ProfileChange::new(&wanted.name, change) });
        let is_ours = own.is_none() || (is_marked && edit.remove.is_empty());
        if !is_ours && !replace {
            foreign.push(wanted.name.as_str());
        }
        edit.mark = Some(mark(&wanted.name, &wanted.session, &wanted.account_id, &wanted.role_name));
        plan.edits.push(edit);
    }
    if !foreign.is_empty() {
        return Err(not_ours(&foreign));
    }
    if let Some(empty) = prune {
        plan.prune(stale(wanted, empty, &before.config, &marked), &before.config);
    }
    Ok(plan)
}

impl Plan {
    /// The removal of profiles, but for those that other profiles take their credentials from.
    fn prune(&mut self, stale: Vec<String>, config: &AwsConfig) {
        if stale.is_empty() {
            return;
        }
        let sources: HashSet<_> =
            config.names().filter_map(|name| config.text(name, "source_profile").ok()?).collect();
        let is_source =
            |name: &String| sources.contains(name.as_str()) && sourced_by(name, config).next().is_some();
        let (kept, gone): (Vec<_>, Vec<_>) = stale.into_iter().partition(is_source);
        self.dropped.extend(gone.iter().cloned().map(Role::Profile));
        self.profiles.extend(gone.into_iter().map(|name| ProfileChange::new(name, Change::Removed)));
        self.profiles.extend(kept.into_iter().map(|name| {
            let why = "no longer has a role, but stays because another profile has it as its source_profile";
            let warnings = vec![format!("profile `{name}` {why}")];
            ProfileChange { warnings, ..ProfileChange::new(name, Change::Kept) }
        }));
    }
}

/// Two organisations may give accounts and roles the same names. The profile of one isn't turned into the other's: whoever
/// uses it would be in another account.
fn refuse_move(wanted: &RoleProfile, own: Option<&Keys>) -> Result<(), Fault> {
    let Some(Value::Text(session)) = own.and_then(|keys| keys.get("sso_session")) else { return Ok(()) };
    if *session == wanted.session {
        return Ok(());
    }
    let RoleProfile { name, session: other, .. } = wanted;
    let message = format!("profile `{name}` belongs to sso-session `{session}`, and would move to `{other}`");
    Err(Fault::new(Exit::Config, message)
        .conflict()
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
) -> Vec<String> {
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
    profiles.filter(|(name, keys)| is_stale(name, keys)).map(|(name, _)| name.clone()).collect()
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
        .conflict()
        .hint("another --name-template avoids them, --replace overwrites them (--dry-run --text shows how)")
}
