//! The AWS CLI: found, told apart from version 1, and run for a login.

use std::env;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use sso_profile::select::BEFORE_THE_PROFILE;
use sso_profile::{Kind, Profile};
use sso_tool::process::{End, Line, Program, code};
use sso_tool::settings::{Settings, from_environment};

use crate::aws_cli::complaint::Complaint;
use crate::aws_cli::page::Page;
use crate::flows::progress::{Authorize, Progress};
use crate::interrupt::Interrupt;
use crate::session::answer::Answer;
use crate::session::cached::Session;
use crate::session::login_options::{Via, after};
use crate::session::obtain::{HowFar, Want, obtain};

/// Where installers put it; a virtualenv's version 1 on PATH often hides it.
const USUAL: [&str; 2] = ["/usr/local/bin/aws", "/usr/bin/aws"];

/// The first version that knows sso-sessions (AWS-FORMATS 9).
pub(crate) const WITH_SESSIONS: Version = Version(2, 9, 0);
/// Since then a session's login is one of PKCE, unless `--use-device-code` asks for a code (AWS-FORMATS 9).
pub(crate) const WITH_PKCE: Version = Version(2, 22, 0);

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
    pub version: Version,
}

/// The AWS CLIs of this machine.
#[derive(Debug, Default)]
pub struct Installed {
    /// The newest version 2, or the one that `SSO_AWS` names.
    pub aws: Option<Aws>,
    /// What else there is under the name, in words.
    pub others: Vec<String>,
    /// The signal that ended the search, if one did.
    pub interrupted: Option<i32>,
}

/// Looks for a version 2: `SSO_AWS` alone if that is set, else the first of PATH and the usual places that knows every kind
/// of login, else the newest. Whatever hasn't said its version by `deadline` is none.
pub fn find(settings: &Settings, deadline: Instant) -> Installed {
    let named = from_environment("SSO_AWS");
    let candidates = match &named {
        Some(path) => vec![PathBuf::from(path)],
        None => {
            let path = env::var_os("PATH").unwrap_or_default();
            // Not what lies in the working directory, which a relative entry would name: it may be a stranger's.
            let on_path = env::split_paths(&path).filter(|dir| dir.is_absolute()).map(|dir| dir.join("aws"));
            let usual = USUAL.iter().map(PathBuf::from);
            each_once(on_path.chain(usual).filter(|file| file.is_file()))
        }
    };
    let mut installed = Installed::default();
    let mut versions = Vec::new();
    for path in candidates {
        match version(&path, deadline) {
            Ok(Asked::Version(version)) if version >= Version(2, 0, 0) => {
                versions.push(Aws { path, version });
                // It knows every kind of login: to ask a further one costs a person a second.
                if version >= WITH_PKCE {
                    break;
                }
            }
            Ok(Asked::Version(version)) if versions.is_empty() => installed
                .others
                .push(format!("{} is AWS CLI {version}, which has no `sso login`", path.display())),
            Ok(Asked::Version(_)) => {}
            Ok(Asked::Interrupted(signal)) => {
                return Installed { interrupted: Some(signal), ..Installed::default() };
            }
            Err(_) if !versions.is_empty() => {}
            Err(why) => installed.others.push(format!("{}: {why}", path.display())),
        }
    }
    // Of two of one version the first on PATH.
    let newest = versions.iter().map(|aws| aws.version).max();
    let at = versions.iter().position(|aws| Some(aws.version) == newest);
    for older in versions.iter().take(at.unwrap_or_default()) {
        installed.others.push(if older.version < WITH_SESSIONS {
            without_sessions(older)
        } else {
            format!("{} is the older AWS CLI {}", older.path.display(), older.version)
        });
    }
    installed.aws = at.map(|at| versions.swap_remove(at));
    if let Some(aws) = &installed.aws {
        settings.debug(|| format!("{} is AWS CLI {}", aws.path.display(), aws.version));
    }
    installed
}

/// The files, without those that are links to one before: each takes a second to say its version.
fn each_once(files: impl Iterator<Item = PathBuf>) -> Vec<PathBuf> {
    let mut known = Vec::new();
    files
        .filter(|file| {
            let real = file.canonicalize().unwrap_or_else(|_| file.clone());
            let is_new = !known.contains(&real);
            known.push(real);
            is_new
        })
        .collect()
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
    const TIMEOUT: Duration = Duration::from_secs(20);
    let mut command = Command::new(path);
    command.arg("--version");
    unshadow(&mut command);
    // It reads them even for that, and a line that it can't parse would hide that it is an AWS CLI.
    for file in ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"] {
        command.env(file, "/dev/null");
    }
    let mut version = None;
    let interrupt = Interrupt::hold().map_err(|err| format!("cannot run it: {err:#}"))?;
    let interrupted = || interrupt.received();
    let program = Program::new(command).until(deadline.min(after(TIMEOUT))).unless(&interrupted);
    let end = program.run(|line| {
        let (Line::Out(line) | Line::Err(line)) = line;
        version = version.or_else(|| parse_version(&line));
    });
    match (end, version) {
        (Ok(End::Interrupted(signal)), _) => Ok(Asked::Interrupted(signal)),
        (Ok(End::Status(_)), Some(version)) => Ok(Asked::Version(version)),
        (Ok(End::Status(_) | End::TooMuch), _) => Err("it isn't an AWS CLI".to_owned()),
        (Ok(End::TimedOut), _) => Err("it does not say its version".to_owned()),
        (Err(err), _) => Err(format!("cannot run it: {err}")),
    }
}

fn parse_version(text: &str) -> Option<Version> {
    let numbers = text.trim_start().strip_prefix("aws-cli/")?.split(|c: char| !c.is_ascii_digit());
    let mut numbers = numbers.map_while(|number| number.parse().ok());
    Some(Version(numbers.next()?, numbers.next()?, numbers.next()?))
}

/// Takes out of a command's environment what would make the AWS CLI look elsewhere than at the profile that it is given.
pub(crate) fn unshadow(command: &mut Command) {
    for name in BEFORE_THE_PROFILE.iter().chain(&["AWS_PROFILE"]) {
        command.env_remove(name);
    }
}

impl Aws {
    /// Whether a login of a session needs `--use-device-code` to be one by a code.
    pub(crate) fn has_pkce(&self) -> bool {
        self.version >= WITH_PKCE
    }

    /// Runs `aws sso login --profile PROFILE [--no-browser] [--use-device-code]`; with `--sso-session` only where no profile
    /// stands for the session. Success is a valid token in the cache, not only a good exit status.
    pub fn login(
        &self,
        profile: &Profile,
        session: &Session<'_>,
        opens_browser: bool,
        uses_code: bool,
        deadline: Instant,
        progress: &mut Progress<'_>,
    ) -> anyhow::Result<Answer> {
        let mut command = Command::new(&self.path);
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
                return Ok(Answer::failed("aws", format!("cannot run {}: {err}", self.path.display())));
            }
        };
        if !status.success() {
            return Ok(complaint.answer(code(status)));
        }
        session.note_login();
        Ok(match obtain(session, Want::Valid, HowFar::Cached)?.cached() {
            Some(token) => Answer::success(Via::Aws, token.expires_at),
            None => {
                Answer::failed("no-token", "`aws sso login` succeeded but left no valid token in the cache")
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
