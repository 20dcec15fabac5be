//! The AWS CLI that the service would use.

use std::time::{Duration, Instant};

use sso_tool::aws_cli::{self, Aws};
use sso_tool::exit::{Exit, Fault};
use sso_tool::interrupt::interrupted;
use sso_tool::settings::{Settings, from_environment};

/// How long all AWS CLIs together may take to say their versions: Python starts slowly on a cold machine.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Finds the AWS CLI v2 that a login of the service takes. Status 78 if there is none, naming what was found instead.
pub(super) fn find(settings: &Settings) -> anyhow::Result<Aws> {
    let found = aws_cli::find(settings, Instant::now() + TIMEOUT);
    if let Some(signal) = found.interrupted {
        return Err(interrupted(signal));
    }
    found.aws.ok_or_else(|| {
        let others = found.others.join("; ");
        let what = match from_environment("SSO_AWS") {
            Some(named) => format!("SSO_AWS names {named}, which isn't an AWS CLI v2 ({others})"),
            None if others.is_empty() => "there is no AWS CLI v2 in PATH".to_owned(),
            None => format!("there is no AWS CLI v2 in PATH ({others})"),
        };
        let hint = "install the AWS CLI v2, or name it in SSO_AWS; with --without-aws you log in with a URL and a code instead";
        Fault::new(Exit::Config, what).hint(hint).into()
    })
}
