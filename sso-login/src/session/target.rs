//! The profile or session of this machine that a document, or a command line, is about.

use sso_profile::{AwsConfig, Kind, Profile, Selected, select};
use sso_tool::document::Document;
use sso_tool::exit::{Exit, Fault};
use sso_tool::sanitize::sanitize;
use sso_tool::settings::Settings;
use sso_tool::shell::shell_word;
use sso_tool::subject::Subject;

/// Names the profile that the environment chooses, in the subject and in the document, where nobody named one.
///
/// A document with a start URL and nothing else is about a legacy session, which no environment may turn into another one.
pub(crate) fn choose(
    subject: Subject,
    document: &mut Document,
    settings: &Settings,
) -> anyhow::Result<Subject> {
    Ok(match subject {
        Subject::Chosen { role } if document.text("startUrl")?.is_none_or(str::is_empty) => {
            let Selected { name, from } = select(None, None, settings)?;
            document.set("profile", name.as_str());
            document.set("profileFrom", from);
            Subject::Profile { name, role }
        }
        subject => subject,
    })
}

/// Looks the subject up in the config. Status 78: it isn't there, can't be used, or isn't of this machine.
pub(crate) fn find(config: &AwsConfig, subject: &Subject, document: &Document) -> anyhow::Result<Profile> {
    match subject {
        Subject::Profile { name, .. } => config.known_profile(name),
        Subject::Session { name, .. } => config.known_session(name),
        Subject::Chosen { .. } => {
            let start_url = document.text("startUrl")?.unwrap_or_default();
            config.legacy_profile(start_url).ok_or_else(|| {
                let message = format!("no profile here has the SSO session of {}", sanitize(start_url));
                Fault::new(Exit::Config, message).hint("sso-profile list").into()
            })
        }
        Subject::Nobody | Subject::Failure(_) | Subject::Remote(_) => {
            Err(Fault::new(Exit::Config, "the document is about no profile of this machine").into())
        }
    }
}

/// The fault of a subcommand that needs a session, for a profile that has none. Most such profiles work as they are: the
/// command says whether they do.
pub(crate) fn no_sso(profile: &Profile) -> Fault {
    let (name, kind) = (&profile.name, profile.kind.name());
    let (needs, hint) = match profile.kind {
        Kind::None => ("", "sso-profile list".to_owned()),
        Kind::Login => (": `aws login` is its login", format!("aws login --profile {}", shell_word(name))),
        _ => (": it needs no login", format!("sso-login whoami {}", shell_word(name))),
    };
    Fault::new(Exit::Config, format!("profile `{name}` is not an SSO profile (kind {kind}){needs}"))
        .hint(hint)
}
