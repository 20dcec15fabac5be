//! The AWS CLI: found, told apart from version 1, and run for a login.

use std::env;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use sso_tool::settings::{Settings, from_environment};
use sso_tool::time;

use crate::aws_cli::complaint::Complaint;
use crate::aws_cli::page::Page;
use crate::flows::progress::{Authorize, Progress};
use crate::process::{self, End, Line};
use crate::session::answer::Answer;
use crate::session::cached::Session;
use crate::session::login_options::after;

/// Where the installer puts it; a virtualenv's version 1 on PATH often hides it.
const USUAL: &str = "/usr/local/bin/aws";

/// The first version that knows sso-sessions (AWS-FORMATS 9).
pub(crate) const WITH_SESSIONS: Version = Version(2, 9, 0);

/// Variables that would make the AWS CLI, or an SDK, look elsewhere than at the profile that it is given.
pub(crate) const SHADOWS: [&str; 8] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_VAULT",
];

/// A version, as `aws --version` says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32, pub u32);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// An AWS CLI of version 2.
#[derive(Clone, Debug)]
pub struct Aws {
    /// The program.
    pub path: PathBuf,
    /// Its version.
    pub version: Version,
}

/// What the search found.
#[derive(Debug, Default)]
pub struct Found {
    /// The first version 2.
    pub aws: Option<Aws>,
    /// What came before it and is something else, in words.
    pub others: Vec<String>,
    /// The signal that ended the search, if one did.
    pub interrupted: Option<i32>,
}

/// Looks for a version 2: `SSO_AWS` alone if that is set, else PATH in order, then the usual place. One that knows no
/// sso-session is taken only if there is no other. Whatever hasn't said its version by `deadline` is none.
pub fn find(settings: &Settings, deadline: Instant) -> Found {
    let candidates = match from_environment("SSO_AWS") {
        Some(path) => vec![PathBuf::from(path)],
        None => {
            let path = env::var_os("PATH").unwrap_or_default();
            // Not what lies in the working directory, which a relative entry would name: it may be a stranger's.
            let on_path = env::split_paths(&path).filter(|dir| dir.is_absolute()).map(|dir| dir.join("aws"));
            on_path.chain([PathBuf::from(USUAL)]).filter(|file| file.is_file()).collect()
        }
    };
    let mut found = Found::default();
    let mut old = None;
    for path in candidates {
        match version(&path, deadline) {
            Ok(Asked::Version(version)) if version >= WITH_SESSIONS => {
                settings.debug(|| format!("{} is AWS CLI {version}", path.display()));
                found.others.extend(old.take().map(|aws| without_sessions(&aws)));
                found.aws = Some(Aws { path, version });
                break;
            }
            Ok(Asked::Version(version)) if version >= Version(2, 0, 0) => {
                old = old.or(Some(Aws { path, version }));
            }
            Ok(Asked::Version(version)) => found
                .others
                .push(format!("{} is AWS CLI {version}, which has no `sso login`", path.display())),
            Ok(Asked::Interrupted(signal)) => {
                found.interrupted = Some(signal);
                break;
            }
            Err(why) => found.others.push(format!("{}: {why}", path.display())),
        }
    }
    if found.interrupted.is_none() {
        found.aws = found.aws.or(old);
    }
    found
}

/// What is wrong with a version before [`WITH_SESSIONS`].
pub(crate) fn without_sessions(aws: &Aws) -> String {
    format!("{} is AWS CLI {}, which knows no sso-session", aws.path.display(), aws.version)
}

/// The commands that install version 2 (Amazon's own installer), for a person to run.
pub fn how_to_install() -> &'static str {
    if env::consts::OS == "macos" {
        return "curl -fsSo /tmp/AWSCLIV2.pkg https://awscli.amazonaws.com/AWSCLIV2.pkg && \
                sudo installer -pkg /tmp/AWSCLIV2.pkg -target /";
    }
    if env::consts::ARCH == "aarch64" {
        return "curl -fsSo /tmp/awscliv2.zip https://awscli.amazonaws.com/awscli-exe-linux-aarch64.zip && \
                unzip -q /tmp/awscliv2.zip -d /tmp && /tmp/aws/install -i /usr/local/aws-cli -b /usr/local/bin";
    }
    "curl -fsSo /tmp/awscliv2.zip https://awscli.amazonaws.com/awscli-exe-linux-x86_64.zip && \
     unzip -q /tmp/awscliv2.zip -d /tmp && /tmp/aws/install -i /usr/local/aws-cli -b /usr/local/bin"
}

enum Asked {
    Version(Version),
    Interrupted(i32),
}

/// Asks a program for its version. Python 2's version 1 answers on stderr (AWS-FORMATS 9).
fn version(path: &Path, deadline: Instant) -> Result<Asked, String> {
    /// A cold start of the AWS CLI on a busy machine takes some seconds.
    const PATIENCE: Duration = Duration::from_secs(20);
    let mut command = Command::new(path);
    command.arg("--version");
    unshadow(&mut command);
    // It reads them even for that, and a line that it can't parse would hide that it is an AWS CLI.
    for file in ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"] {
        command.env(file, "/dev/null");
    }
    let mut version = None;
    let end = process::run(command, "", deadline.min(after(PATIENCE)), |line| {
        let (Line::Out(line) | Line::Err(line)) = line;
        version = version.or_else(|| parse_version(&line));
    });
    match (end, version) {
        (Ok(End::Interrupted(signal)), _) => Ok(Asked::Interrupted(signal)),
        (Ok(End::Status(_)), Some(version)) => Ok(Asked::Version(version)),
        (Ok(End::Status(_)), None) => Err("it is no AWS CLI".to_owned()),
        (Ok(End::TimedOut), _) => Err("it does not say its version".to_owned()),
        (Err(err), _) => Err(format!("cannot run it: {err:#}")),
    }
}

fn parse_version(text: &str) -> Option<Version> {
    let numbers = text.trim_start().strip_prefix("aws-cli/")?.split(|c: char| !c.is_ascii_digit());
    let mut numbers = numbers.map_while(|number| number.parse().ok());
    Some(Version(numbers.next()?, numbers.next()?, numbers.next()?))
}

fn unshadow(command: &mut Command) {
    for name in SHADOWS {
        command.env_remove(name);
    }
}

impl Aws {
    /// Runs `aws sso login --profile PROFILE [--no-browser]`, always with the profile and never with `--sso-session`.
    /// Success is a valid token in the cache, not only a good exit status.
    pub fn login(
        &self,
        profile: &str,
        session: &Session<'_>,
        opens_browser: bool,
        deadline: Instant,
        progress: &mut Progress<'_>,
    ) -> anyhow::Result<Answer> {
        let mut command = Command::new(&self.path);
        command.args(["sso", "login"]);
        if profile.starts_with('-') {
            // By itself it would be taken for a flag.
            command.arg(format!("--profile={profile}"));
        } else {
            command.args(["--profile", profile]);
        }
        if !opens_browser {
            command.arg("--no-browser");
        }
        unshadow(&mut command);
        // Its pager would wait for somebody.
        command.env("AWS_PAGER", "");

        let mut page = Page::default();
        let mut complaint = Complaint::default();
        let end = process::run(command, "", deadline, |line| match line {
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
                    "`aws sso login` took too long and was ended; the page it opened is dead",
                ));
            }
            Ok(End::Interrupted(signal)) => return Ok(Answer::interrupted(signal)),
            Err(err) => {
                return Ok(Answer::failed("aws", format!("cannot run {}: {err:#}", self.path.display())));
            }
        };
        if !status.success() {
            return Ok(complaint.answer(process::code(status)));
        }
        Ok(match session.valid_token(time::now()?)? {
            Some(token) => Answer::success("aws", token.expires_at),
            None => {
                Answer::failed("no-token", "`aws sso login` ended well but left no valid token in the cache")
                    .hint(format!("look at {}", session.token_file().display()))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_apart() {
        for (text, version) in [
            ("aws-cli/1.46.2 Python/3.11.7 Linux/6 botocore/1.43.62", Some(Version(1, 46, 2))),
            ("aws-cli/2.36.7 Python/3.11.7 Linux/6 source/x86_64.debian.12\n", Some(Version(2, 36, 7))),
            ("aws-cli/2.0.0dev4 Python/3", Some(Version(2, 0, 0))),
            ("something else", None),
            ("aws-cli/x", None),
        ] {
            assert_eq!(parse_version(text), version, "{text}");
        }
    }
}
