//! `sso-login whoami`: what the credentials of a profile are good for, asked of STS itself.

use sso_profile::{Kind as ProfileKind, Profile};
use sso_tool::exit::{Exit, Fault};
use sso_tool::sanitize::sanitize;
use sso_tool::settings::Settings;
use sso_tool::stream::{Document, Output};
use sso_tool::subject::Subject;
use sso_tool::time;

use crate::commands::credentials::of_any_settings;
use crate::commands::subjects::{self, Asked, Elsewhere, Question, Reply, RoleFlags};
use crate::credentials::identity::{identity, of_profile};
use crate::credentials::signing_keys::Credentials;

/// Ask STS who the credentials of a profile are
#[derive(clap::Args, Clone, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    question: Question,
    #[command(flatten)]
    role: RoleFlags,
}

const EXAMPLES: &str = "\
Examples:
  sso-login whoami corp | jq -r .arn
  sso-login whoami corp --text
  sso-profile list | sso-login whoami --text     shows which profiles work

The document gets `arn`, `accountId`, `userId` and `expiresAt`, the end of the role's credentials.
Without an answer it gets `error`: `expired` (log in), `denied` (a login won't help) or
`unreachable`, and `reason`.

Exit status:
  0   answered
  2   bad command line
  65  bad document
  69  a service can't be reached
  74  a file failed
  75  not now: another login is under way
  77  expired: a person must log in
  78  denied, or profile or configuration wrong";

/// Asks about each profile.
pub fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let question = &args.question;
    let asked = question.asked(&args.role)?;
    if let Asked::Command(Subject::Chosen { role }) = &asked
        && role.is_empty()
        && let Some((credentials, place)) = of_any_settings(settings)?
    {
        return of_keys(&credentials, place, question.text);
    }
    let form = question.form("whoami", true, Elsewhere::Refused);
    subjects::answer(asked, form, settings, |target, document, output| {
        let answer = of_profile(settings, target.config, &target.profile)?;
        let (identity, credentials) = match answer {
            Ok(found) => found,
            Err(error) => {
                if target.is_command && !question.text {
                    error.add_to(document);
                    output.document(document)?;
                }
                return Ok(Reply::Failed(error));
            }
        };
        if question.text {
            let name = sanitize(&target.profile.name);
            output.text(&format!(
                "{name}: {} (user id {})",
                sanitize(&identity.arn),
                sanitize(&identity.user_id)
            ))?;
            return Ok(Reply::Written(Exit::Done));
        }
        document.set("arn", identity.arn);
        document.set("accountId", identity.account_id);
        document.set("userId", identity.user_id);
        if let Some(end) = credentials.expires_at {
            document.set("expiresAt", time::format(end));
        }
        output.document(document)?;
        Ok(Reply::Written(Exit::Done))
    })
}

/// Who keys are that nobody needs a profile for.
fn of_keys(credentials: &Credentials, place: &'static str, is_text: bool) -> anyhow::Result<Exit> {
    let nobody = Profile::elsewhere("default", ProfileKind::None);
    let identity = identity(&nobody, credentials)?.map_err(|failure| {
        Fault::new(failure.kind.exit(), format!("the keys of the {place}: {}", failure.reason()))
    })?;
    let output = &mut Output::stdout();
    if is_text {
        let (arn, user_id) = (sanitize(&identity.arn), sanitize(&identity.user_id));
        output.text(&format!("keys of the {place}: {arn} (user id {user_id})"))?;
        return Ok(Exit::Done);
    }
    let document = Document::new().with("arn", identity.arn).with("accountId", identity.account_id);
    output.document(&document.with("userId", identity.user_id))?;
    Ok(Exit::Done)
}
