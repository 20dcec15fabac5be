//! What is to be done so that a profile is gone, and what nothing else needs with it.

use sso_tool::exit::{Exit, Fault};
use sso_tool::shell::shell_word;

use crate::aws_config::AwsConfig;
use crate::config::Role;
use crate::cut::is_commented;
use crate::ini::source_text::Source;
use crate::plan::write::SESSION_KEYS;
use crate::plan::{Before, Change, Plan, ProfileChange};

/// The removal of a profile and of its sso-session, if that says no more than `write` would write again, or `session` asks
/// for it. Status 78 if there is no such profile, or another one takes its credentials from it and `force` isn't set.
pub(crate) fn remove(name: &str, before: &Before<'_>, force: bool, session: bool) -> anyhow::Result<Plan> {
    let config = &before.config;
    let in_credentials = config.keys(name).credentials.is_some();
    if !config.content().profiles.contains_key(name) {
        let fault = if in_credentials {
            let message =
                format!("profile `{name}` is only in the credentials file, which this tool never changes");
            Fault::new(Exit::Config, message).hint(format!("remove section [{name}] from it in an editor"))
        } else {
            config.unknown(name)
        };
        return Err(fault.into());
    }
    if !force {
        refuse_if_used(name, config)?;
    }
    let lonely = lonely_session(name, config)?.filter(|name| is_removable(name, &before.source, session));
    let mut profile = ProfileChange::new(name, Change::Removed);
    if in_credentials {
        profile.warnings =
            vec![format!("section `[{name}]` of the credentials file stays; its keys are never touched")];
    }
    let dropped = [Some(Role::Profile(name.to_owned())), lonely.map(Role::Session)];
    Ok(Plan { dropped: dropped.into_iter().flatten().collect(), profiles: vec![profile], ..Plan::default() })
}

fn refuse_if_used(name: &str, config: &AwsConfig) -> Result<(), Fault> {
    let users: Vec<_> = sourced_by(name, config).map(|user| format!("`{user}`")).collect();
    if users.is_empty() {
        return Ok(());
    }
    let verb = if users.len() == 1 { "takes its" } else { "take their" };
    Err(Fault::new(
        Exit::Config,
        format!("{} {verb} credentials from profile `{name}` (source_profile)", users.join(", ")),
    )
    .hint(format!("change that first, or sso-profile remove {} --force", shell_word(name))))
}

/// The profiles that name this one as their `source_profile`.
pub(super) fn sourced_by<'c>(name: &'c str, config: &'c AwsConfig) -> impl Iterator<Item = &'c str> {
    config
        .names()
        .filter(move |user| *user != name && config.text(user, "source_profile").ok().flatten() == Some(name))
}

/// The session of a profile, if no other profile of either file names it.
fn lonely_session(name: &str, config: &AwsConfig) -> anyhow::Result<Option<String>> {
    let Some(session) = config.text(name, "sso_session")? else { return Ok(None) };
    let is_shared = config
        .names()
        .any(|user| user != name && config.text(user, "sso_session").ok().flatten() == Some(session));
    Ok((!is_shared).then(|| session.to_owned()))
}

/// Whether the session is there, and says no more than `write` would write again: whoever wrote it, nothing is lost with it.
fn is_removable(name: &str, source: &Source<'_>, whatever_it_says: bool) -> bool {
    let role = Role::Session(name.to_owned());
    let mut sections =
        source.ini.sections.iter().filter(|section| Role::of(section.header) == role).peekable();
    sections.peek().is_some()
        && sections.all(|section| {
            let is_usual = section.entries.iter().all(|entry| SESSION_KEYS.contains(&entry.key.as_ref()));
            whatever_it_says || (is_usual && !is_commented(source, section))
        })
}
