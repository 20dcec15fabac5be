//! The AWS CLI of this machine: found, and told apart from version 1. One search for a login and for the service, so that
//! the watcher logs in with the AWS CLI that the person's shell logs in with.

use std::env;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::interrupt::Interrupt;
use crate::process::{End, Line, Program, all_on_path};
use crate::settings::{Settings, from_environment};

/// Where installers put it; a virtualenv's version 1 on PATH often hides it.
const USUAL: [&str; 3] = ["/usr/local/bin/aws", "/opt/homebrew/bin/aws", "/usr/bin/aws"];

/// Variables that an SDK, or the AWS CLI, takes credentials or another profile from before it looks at the profile that
/// `AWS_PROFILE` names, in one SDK or another. `AWS_VAULT` tells that the shell has such credentials.
pub const BEFORE_THE_PROFILE: [&str; 9] = [
    "AWS_DEFAULT_PROFILE",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_VAULT",
];

/// The first version that knows sso-sessions (AWS-FORMATS 9).
pub const WITH_SESSIONS: Version = Version(2, 9, 0);
/// Since then a session's login is one of PKCE, unless `--use-device-code` asks for a code (AWS-FORMATS 9).
pub const WITH_PKCE: Version = Version(2, 22, 0);
/// The first version that takes the endpoints of services from the environment and the config (AWS-FORMATS 6).
pub const WITH_ENDPOINTS: Version = Version(2, 13, 0);

/// A version, as `aws --version` says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(
    /// The major number.
    pub u32,
    /// The minor number.
    pub u32,
    /// The patch number.
    pub u32,
);

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
    /// What it says of itself.
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
            let usual = USUAL.iter().map(PathBuf::from);
            each_once(all_on_path("aws").chain(usual.filter(|file| file.is_file())))
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
pub fn without_sessions(aws: &Aws) -> String {
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
    let program = Program::new(command).until(deadline.min(Instant::now() + TIMEOUT)).unless(&interrupted);
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
pub fn unshadow(command: &mut Command) {
    for name in BEFORE_THE_PROFILE.iter().chain(&["AWS_PROFILE"]) {
        command.env_remove(name);
    }
}

impl Aws {
    /// Whether a login of a session needs `--use-device-code` to be one by a code.
    pub fn has_pkce(&self) -> bool {
        self.version >= WITH_PKCE
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
