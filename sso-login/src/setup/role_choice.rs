//! A role of a session, chosen by a person or by what is asked for.

use serde_json::Value;
use sso_profile::Profile;
use sso_profile::choice::{Choice, Chooser, Pick, nothing_to_choose_from};
use sso_profile::template::{Names, Template};
use sso_tool::exit::Fault;
use sso_tool::settings::Settings;
use sso_tool::stream::Document;

use super::stop::cancelled;
use crate::credentials::listing;
use crate::interrupt::interrupted;
use crate::session::error::SessionError;

/// How profiles are named, unless somebody says otherwise.
const TEMPLATE: &str = "{account}-{role}";

/// Has one of the roles of a profile's session chosen. `failed` says why they can't be listed, `none_fits` that none is what
/// is asked for.
pub(crate) fn choose(
    settings: Settings,
    profile: Profile,
    picks: &[Pick],
    failed: impl Fn(&SessionError, &Profile) -> Fault + Send + 'static,
    none_fits: impl FnOnce() -> Fault,
) -> anyhow::Result<Document> {
    let choice =
        Chooser::new(picks)?.choose(move |each| match listing::rows(&settings, &profile, each)? {
            Some(failure) => Err(failed(&failure, &profile).into()),
            None => Ok(()),
        })?;
    match choice {
        Choice::Document(role) => Ok(*role),
        Choice::Nothing => Err(cancelled()),
        Choice::Interrupted(signal) => Err(interrupted(signal)),
        Choice::Empty if picks.is_empty() => Err(nothing_to_choose_from().into()),
        Choice::Empty | Choice::NoneFits(_) => Err(none_fits().into()),
    }
}

/// The usual template.
pub(crate) fn template() -> anyhow::Result<Template> {
    Ok(TEMPLATE.parse()?)
}

/// What a profile of that role is usually called.
pub(crate) fn suggested_name(role: &Document, session: &str) -> anyhow::Result<String> {
    let text = |key: &str| role.get(key).and_then(Value::as_str).unwrap_or_default();
    Ok(template()?.name(&Names {
        account: text("accountName"),
        account_id: text("accountId"),
        role: text("roleName"),
        session,
        email: text("emailAddress"),
    }))
}
