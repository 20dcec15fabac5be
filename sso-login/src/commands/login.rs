//! `sso-login`: ensure a session.

use sso_tool::exit::Exit;
use sso_tool::filter::{Handled, filter};
use sso_tool::settings::Settings;
use sso_tool::stream::Output;

use crate::commands::subjects::{Asked, RoleFlags, SubjectFlags, document_of};
use crate::session::ensure::Ensure;
use crate::session::login_options::LoginOptions;

/// Ensures each session that is asked for.
pub fn run(
    flags: &SubjectFlags,
    profile: Option<&str>,
    is_status_wanted: bool,
    options: LoginOptions,
    settings: &Settings,
) -> anyhow::Result<Exit> {
    let ensure = Ensure::new(settings, options);
    let output = &mut Output::stdout();
    let subject = match flags.asked(profile, &RoleFlags::default())? {
        Asked::Command(subject) => subject,
        // An outcome is an answer, not an error, so that a loop of pipes goes on.
        Asked::Documents(documents) => {
            return filter(documents, is_status_wanted, output, |subject, document, output| {
                let Some(answer) = ensure.ensure(subject, document, output)? else {
                    return Ok(Handled::PassedOn);
                };
                Ok(match answer.exit() {
                    // Told to end while a login ran: the rest of the stream isn't handled, which 0 would say.
                    exit @ Exit::Command(_) => {
                        output.document(document)?;
                        Handled::Ended(exit)
                    }
                    exit => Handled::Answered(exit),
                })
            });
        }
    };
    let mut document = document_of(&subject);
    let Some(answer) = ensure.ensure(subject, &mut document, output)? else { return Ok(Exit::Done) };
    output.document(&document)?;
    let (noun, name) = match document.text("profile")? {
        Some(name) => ("profile", name),
        None => ("sso-session", document.text("ssoSession")?.unwrap_or_default()),
    };
    match answer.fault(noun, name) {
        Some(fault) if !answer.is_good() => Err(fault.into()),
        _ => Ok(answer.exit()),
    }
}
