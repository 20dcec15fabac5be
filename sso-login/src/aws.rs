//! The AWS CLI: found, told apart from version 1, and run for a login.

use std::env;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use sso_signal::exit::Exit;
use sso_signal::settings::{Settings, from_environment};
use sso_signal::text::harmless;
use sso_signal::time;

use crate::answer::Answer;
use crate::child::{self, End, Line};
use crate::progress::{Authorize, Progress, redirect_uri};
use crate::session::Session;

/// Where the installer puts it; a virtualenv's version 1 on PATH often hides it.
const USUAL: &str = "/usr/local/bin/aws";

/// Variables that would make the AWS CLI look elsewhere than at the profile that it is given (H33).
const SHADOWS: [&str; 8] = [
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
}

/// Looks for a version 2: `SSO_AWS` alone if that is set, else PATH in order, then the usual place.
pub fn find(settings: &Settings) -> Found {
    let candidates = match from_environment("SSO_AWS") {
        Some(path) => vec![PathBuf::from(path)],
        None => {
            let path = env::var_os("PATH").unwrap_or_default();
            let on_path = env::split_paths(&path).map(|dir| dir.join("aws"));
            on_path.chain([PathBuf::from(USUAL)]).filter(|file| file.is_file()).collect()
        }
    };
    let mut found = Found::default();
    for path in candidates {
        match version(&path) {
            Ok(version) if version >= Version(2, 0, 0) => {
                settings.debug(|| format!("{} is AWS CLI {version}", path.display()));
                found.aws = Some(Aws { path, version });
                break;
            }
            Ok(version) => found
                .others
                .push(format!("{} is AWS CLI {version}, which has no `sso login`", path.display())),
            Err(why) => found.others.push(format!("{}: {why}", path.display())),
        }
    }
    found
}

/// Asks a program for its version. Python 2's version 1 answers on stderr (AWS-FORMATS 9.4).
fn version(path: &Path) -> Result<Version, String> {
    let mut command = Command::new(path);
    command.arg("--version").stdin(Stdio::null());
    unshadow(&mut command);
    let output = command.output().map_err(|err| format!("cannot run it: {err}"))?;
    let text = [output.stdout, output.stderr].concat();
    parse_version(&String::from_utf8_lossy(&text)).ok_or_else(|| "it is no AWS CLI".to_owned())
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
        command.args(["sso", "login", "--profile", profile]);
        if !opens_browser {
            command.arg("--no-browser");
        }
        unshadow(&mut command);
        // Its pager would wait for somebody.
        command.env("AWS_PAGER", "");

        let mut page = Page::default();
        let mut complaint = Complaint::default();
        let end = child::run(command, "", deadline, |line| match line {
            Line::Out(line) => match page.read(&line) {
                Some(authorize) => progress.authorize(&authorize),
                None => Ok(()),
            },
            Line::Err(line) => {
                complaint.read(&line);
                Ok(())
            }
        });
        let status = match end {
            Ok(End::Status(status)) => status,
            Ok(End::TimedOut) => {
                return Ok(Answer::timeout(
                    "`aws sso login` took too long and was ended; the page it opened is dead",
                ));
            }
            Ok(End::Interrupted(signal)) => {
                let code = u8::try_from(128 + signal).unwrap_or(u8::MAX);
                return Ok(Answer::interrupted(Exit::Command(code)));
            }
            Err(err) => {
                return Ok(Answer::failed("aws", format!("cannot run {}: {err:#}", self.path.display())));
            }
        };
        if !status.success() {
            return Ok(complaint.answer(child::code(status)));
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

/// Finds the URL and the code in what `aws sso login` prints. Its prose changes between versions; a line that is a URL
/// and a line that is a code don't (AWS-FORMATS 9.1).
#[derive(Default)]
struct Page {
    url: Option<String>,
    is_told: bool,
}

impl Page {
    fn read(&mut self, line: &str) -> Option<Authorize> {
        let line = line.trim();
        if self.is_told {
            return None;
        }
        if (line.starts_with("https://") || line.starts_with("http://"))
            && !line.contains(char::is_whitespace)
        {
            if redirect_uri(line).is_some() {
                return Some(self.tell(line.to_owned(), None));
            }
            self.url = Some(line.to_owned());
        } else if is_user_code(line)
            && let Some(url) = self.url.take()
        {
            return Some(self.tell(url, Some(line.to_owned())));
        }
        None
    }

    fn tell(&mut self, url: String, user_code: Option<String>) -> Authorize {
        self.is_told = true;
        Authorize { url, user_code, expires_at: None, via: "aws" }
    }
}

/// `XXXX-XXXX`.
fn is_user_code(line: &str) -> bool {
    let is_group =
        |group: &str| group.len() == 4 && group.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    line.split_once('-').is_some_and(|(first, second)| is_group(first) && is_group(second))
}

/// What it said on stderr: the last line is the reason.
#[derive(Default)]
struct Complaint(String);

impl Complaint {
    fn read(&mut self, line: &str) {
        if !line.trim().is_empty() {
            self.0 = harmless(line.trim().trim_start_matches("aws: [ERROR]: "));
        }
    }

    fn answer(self, code: i32) -> Answer {
        const NO_NETWORK: [&str; 5] = [
            "Could not connect to the endpoint",
            "Connect timeout",
            "Read timeout",
            "Connection was closed",
            "Failed to connect to proxy",
        ];
        let reason =
            if self.0.is_empty() { format!("`aws sso login` ended with status {code}") } else { self.0 };
        if NO_NETWORK.iter().any(|words| reason.contains(words)) {
            return Answer::unreachable(reason);
        }
        Answer::failed("aws", reason).with("awsStatus", code)
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

    #[test]
    fn url_and_code_are_found_whatever_the_prose() {
        let mut page = Page::default();
        let told: Vec<_> = [
            "Browser will not be automatically opened.",
            "Please visit the following URL:",
            "",
            "https://device.sso.us-east-1.amazonaws.com/",
            "",
            "Then enter the code:",
            "",
            "ABCD-EFGH",
            "",
            "Alternatively, you may visit the following URL which will autofill the code upon loading:",
            "https://device.sso.us-east-1.amazonaws.com/?user_code=ABCD-EFGH",
        ]
        .iter()
        .filter_map(|line| page.read(line))
        .collect();
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].user_code.as_deref(), Some("ABCD-EFGH"));

        let url = "https://oidc.us-east-1.amazonaws.com/authorize?redirect_uri=http%3A%2F%2F127.0.0.1%3A1234%2Foauth%2Fcallback";
        assert_eq!(Page::default().read(url).map(|told| told.url).as_deref(), Some(url));
    }
}
