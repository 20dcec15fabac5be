//! A login by the AWS CLI.

use std::process::Command;
use std::time::Instant;

use sso_profile::{Kind, Profile};
use sso_tool::aws_cli::{Aws, unshadow};
use sso_tool::interrupt::Interrupt;
use sso_tool::process::{End, Line, Program, code};

use crate::aws_cli::complaint::Complaint;
use crate::aws_cli::page::Page;
use crate::flows::progress::{Authorize, Progress};
use crate::session::answer::Answer;
use crate::session::cached::Session;
use crate::session::login_options::Via;
use crate::session::obtain::{HowFar, Want, obtain};

/// Runs `aws sso login --profile PROFILE [--no-browser] [--use-device-code]`; with `--sso-session` only where no profile
/// stands for the session. Success is a valid token in the cache, not only a good exit status.
pub(crate) fn login(
    aws: &Aws,
    profile: &Profile,
    session: &Session<'_>,
    opens_browser: bool,
    uses_code: bool,
    deadline: Instant,
    progress: &mut Progress<'_>,
) -> anyhow::Result<Answer> {
    let mut command = Command::new(&aws.path);
    command.args(["sso", "login"]);
    let name = profile.login_name();
    let flag = match profile.kind {
        Kind::Session => "--sso-session",
        _ => "--profile",
    };
    if name.starts_with('-') {
        // By itself it would be taken for a flag.
        command.arg(format!("{flag}={name}"));
    } else {
        command.args([flag, name]);
    }
    if !opens_browser {
        command.arg("--no-browser");
    }
    if uses_code {
        command.arg("--use-device-code");
    }
    unshadow(&mut command);
    // Its pager would wait for somebody.
    command.env("AWS_PAGER", "");

    let mut page = Page::default();
    let mut complaint = Complaint::default();
    let interrupt = Interrupt::hold()?;
    let interrupted = || interrupt.received();
    let program = Program::new(command).until(deadline).unless(&interrupted);
    let end = program.run(|line| match line {
        Line::Out(line) => {
            if let Some(authorize) = page.read(&line) {
                progress.authorize(&Authorize { is_opened: opens_browser, ..authorize });
            }
        }
        Line::Err(line) => complaint.read(&line),
    });
    let status = match end {
        Ok(End::Status(status)) => status,
        Ok(End::TimedOut) => {
            return Ok(Answer::timeout(
                "`aws sso login` took too long and was stopped; the page it opened no longer works",
            ));
        }
        Ok(End::Interrupted(signal)) => return Ok(Answer::interrupted(signal)),
        Ok(End::TooMuch) => {
            return Ok(Answer::failed("aws", "`aws sso login` printed too much and was stopped"));
        }
        Err(err) => {
            return Ok(Answer::failed("aws", format!("cannot run {}: {err}", aws.path.display())));
        }
    };
    if !status.success() {
        return Ok(complaint.answer(code(status)));
    }
    session.note_login();
    Ok(match obtain(session, Want::Valid, HowFar::Cached)?.cached() {
        Some(token) => Answer::success(Via::Aws, token.expires_at),
        None => Answer::failed("no-token", "`aws sso login` succeeded but left no valid token in the cache")
            .hint(format!("look at {}", session.token_file().display())),
    })
}
