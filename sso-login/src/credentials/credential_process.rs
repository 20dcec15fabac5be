//! `credential_process`: another program hands out the credentials (AWS-FORMATS 8).

use std::process::Command;
use std::time::Instant;

use anyhow::Context as _;
use sso_profile::AwsConfig;
use sso_profile::ini::words;
use sso_tool::exit::{Exit, Fault, WithFault as _};
use sso_tool::process::{End, Line, Program, code};
use sso_tool::sanitize::sanitize;
use sso_tool::secret::Secret;
use sso_tool::settings::from_environment;
use sso_tool::stream::{self, Document};
use sso_tool::time;

use crate::credentials::signing_keys::Credentials;
use crate::interrupt::{Interrupt, interrupted};
use crate::session::error::SessionError;

/// Profiles whose processes are running, separated by line feeds: a process may be this very tool.
const CHAIN: &str = "SSO_LOGIN_PROCESS_CHAIN";

/// Runs the program without a shell, as botocore does, and reads what it prints.
pub(crate) fn credentials(
    config: &AwsConfig,
    profile: &str,
    deadline: Instant,
) -> anyhow::Result<Result<Credentials, SessionError>> {
    let fault =
        |why: &str| Fault::new(Exit::Config, format!("credential_process of profile `{profile}` {why}"));
    let chain = from_environment(CHAIN).unwrap_or_default();
    if chain.split('\n').any(|running| running == profile) {
        return Err(fault("calls itself").into());
    }
    let line = config.text(profile, "credential_process")?.unwrap_or_default();
    let words = words::split(line).ok_or_else(|| fault("has an open quote"))?;
    let Some((program, arguments)) = words.split_first() else { return Err(fault("is empty").into()) };
    let mut command = Command::new(program);
    command.args(arguments).env(CHAIN, format!("{profile}\n{chain}"));
    printed_by(command, deadline, "credential_process", profile)
}

/// Runs a program that prints credentials, and reads them. `what` names it in errors.
pub(crate) fn printed_by(
    command: Command,
    deadline: Instant,
    what: &str,
    profile: &str,
) -> anyhow::Result<Result<Credentials, SessionError>> {
    let fault = |why: &str| Fault::new(Exit::Config, format!("{what} of profile `{profile}` {why}"));
    let (mut printed, mut said) = (String::new(), None);
    let interrupt = Interrupt::hold()?;
    let received = || interrupt.received();
    let program = Program::new(command).until(deadline).unless(&received);
    let end = program.run(|line| match line {
        Line::Out(line) => printed.extend([line.as_str(), "\n"]),
        Line::Err(line) if !line.trim().is_empty() => said = Some(line),
        Line::Err(_) => {}
    });
    match end.with_fault(|| fault("cannot be run"))? {
        End::Status(status) if status.success() => {
            read(printed.as_bytes()).with_fault(|| fault("prints something other than credentials")).map(Ok)
        }
        End::Status(status) => {
            // Its last line may be of any kind, but it was written for people to read.
            let said = said.map_or_else(|| "without a message".to_owned(), |line| sanitize(&line));
            let reason = format!("its {what} ended with {}: {said}", code(status));
            Ok(Err(match u8::try_from(code(status)) {
                Ok(code) if code == Exit::LoginRequired.code() => SessionError::expired_keys(reason),
                Ok(code) if code == Exit::Config.code() => SessionError::denied(reason),
                _ => SessionError::unreachable(reason),
            }))
        }
        End::TimedOut => Ok(Err(SessionError::unreachable(format!("its {what} did not end in time")))),
        End::TooMuch => Err(fault("prints something other than credentials").into()),
        End::Interrupted(signal) => Err(interrupted(signal)),
    }
}

/// Reads version 1 of the output. Errors show none of it.
pub(crate) fn read(printed: &[u8]) -> anyhow::Result<Credentials> {
    let document =
        stream::parse(printed, "its output").map_err(|_| anyhow::anyhow!("it isn't a JSON object"))?;
    anyhow::ensure!(
        document.get("Version").is_some_and(|version| version.as_i64() == Some(1)),
        "Version is not 1"
    );
    let text = |document: &Document, key: &str| -> anyhow::Result<Option<Secret>> {
        Ok(document.text(key)?.map(Secret::from))
    };
    let expires_at = match document.get("Expiration") {
        None | Some(serde_json::Value::Null) => None,
        Some(value) => Some(time::from_value(value).context("Expiration isn't a timestamp")?),
    };
    Ok(Credentials {
        access_key_id: text(&document, "AccessKeyId")?.context("AccessKeyId is missing")?,
        secret_access_key: text(&document, "SecretAccessKey")?.context("SecretAccessKey is missing")?,
        session_token: text(&document, "SessionToken")?,
        expires_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_must_be_version_1_and_whole_and_is_never_shown() {
        let whole = br#"{"Version":1,"AccessKeyId":"A","SecretAccessKey":"CANARY","Expiration":"2026-11-21T13:00:00Z"}"#;
        assert!(read(whole).unwrap().expires_at.is_some());
        for bad in [
            r#"{"Version":"1","AccessKeyId":"A","SecretAccessKey":"CANARY"}"#,
            r#"{"Version":1,"SecretAccessKey":"CANARY"}"#,
            r#"{"Version":1,"AccessKeyId":1,"SecretAccessKey":"CANARY"}"#,
            r#"{"Version":1,"AccessKeyId":"A","SecretAccessKey":"CANARY","Expiration":"soon"}"#,
            "CANARY",
        ] {
            let err = read(bad.as_bytes()).unwrap_err();
            assert!(!format!("{err:?}").contains("CANARY"), "{err:?}");
        }
    }
}
