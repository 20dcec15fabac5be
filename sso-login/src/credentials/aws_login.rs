//! `login_session`: console credentials of `aws login`, which the AWS CLI alone renews and hands out (AWS-FORMATS 11).

use std::process::Command;
use std::time::Instant;

use sso_cache::console_session::{self, ConsoleSession};
use sso_cache::folder::Cache;
use sso_tool::aws_cli::{self, Version, unshadow};
use sso_tool::exit::{Exit, Fault};
use sso_tool::settings::Settings;
use sso_tool::shell::shell_word;
use sso_tool::time;

use crate::credentials::credential_process::printed_by;
use crate::credentials::signing_keys::Credentials;
use crate::interrupt::interrupted;
use crate::session::error::SessionError;

/// The first version that knows `login_session`.
const WITH_LOGIN: Version = Version(2, 32, 0);

/// What `aws configure export-credentials` prints for the profile. Status 78 where no AWS CLI is new enough.
pub(crate) fn credentials(
    settings: &Settings,
    profile: &str,
    login_session: &str,
    deadline: Instant,
) -> anyhow::Result<Result<Credentials, SessionError>> {
    let login = console_session::login_command(profile);
    let installed = aws_cli::find(settings, deadline);
    if let Some(signal) = installed.interrupted {
        return Err(interrupted(signal));
    }
    let Some(aws) = installed.aws.filter(|aws| aws.version >= WITH_LOGIN) else {
        let message = format!(
            "profile `{profile}` has credentials of `aws login` (login_session), which only an AWS CLI of version {WITH_LOGIN} or \
             newer renews and hands out, and none is found"
        );
        let export = format!("aws configure export-credentials --profile {}", shell_word(profile));
        return Err(Fault::new(Exit::Config, message)
            .hint(format!("install it, then {export}; expired: {login}"))
            .into());
    };
    let path = Cache::of_home(settings.home()?).console_session(login_session);
    let (entry, now) = (ConsoleSession::read(&path)?, time::now()?);
    if console_session::state(&entry, now).needs_login() {
        let reason = console_session::reason(&entry, profile, now);
        return Ok(Err(SessionError::expired_keys(reason).hint(login)));
    }
    let mut command = Command::new(&aws.path);
    command.args(["configure", "export-credentials", "--format", "process"]);
    // By itself, a name with a dash would be taken for a flag.
    command.arg(format!("--profile={profile}"));
    unshadow(&mut command);
    let answer = printed_by(command, deadline, "aws configure export-credentials", profile)?;
    Ok(answer.map_err(|failure| failure.hint(login)))
}
