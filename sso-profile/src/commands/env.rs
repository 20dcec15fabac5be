//! `env`: the line of a shell that selects a profile, and nothing else.

use std::path::Path;

use clap::ValueEnum;
use clap::builder::NonEmptyStringValueParser;
use sso_tool::exit::{Exit, Fault};
use sso_tool::failure::FailureKind as Failure;
use sso_tool::settings::{Settings, from_environment};
use sso_tool::shell::shell_word;
use sso_tool::stream::{self, Output};
use sso_tool::subject::{AskedRole, Subject};

use crate::aws_config::AwsConfig;
use crate::profile::Profile;
use crate::select::{Selected, select};
use sso_tool::aws_cli::BEFORE_THE_PROFILE;

/// Print the shell command that selects a profile
///
/// The command sets `AWS_PROFILE` and unsets the variables that would override it: those of `SSO_PROFILE_VARS`
/// (`BACKLOG_AWS_PROFILE`), `AWS_DEFAULT_PROFILE` and static keys. The profile is PROFILE, else that of the document on
/// standard input. If no document comes in, because nobody chose one, nothing is printed.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  eval \"$(sso-profile env corp)\"
  eval \"$(sso-profile list | sso-profile choose | sso-profile env)\"
  sso-profile env corp --shell fish | source

Exit status:
  0   done
  1   no document came in
  2   bad command line, or several documents
  65  bad document on standard input
  74  a file or stream failed
  78  no such profile, or the document is about another role or host")]
pub(crate) struct Args {
    /// The profile; if it is given, standard input is not read
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    profile: Option<String>,
    /// The shell that reads it [default: that of SHELL, else bash]
    #[arg(long, value_name = "SHELL")]
    shell: Option<Shell>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    /// bash, and any other POSIX shell
    Bash,
    /// zsh
    Zsh,
    /// fish
    Fish,
    /// PowerShell
    Pwsh,
}

/// Prints the line that selects the profile that is meant, or that of the document on stdin. No document in a pipe is a
/// choice that nobody made: nothing is printed, and the status is 1.
pub(crate) fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let selected = match &args.profile {
        Some(_) => select(args.profile.as_deref(), None, settings)?,
        None => match stream::piped_stdin() {
            None => select(None, None, settings)?,
            Some(documents) => match from_documents(documents, settings)? {
                Some(selected) => selected,
                None => return Ok(Exit::No),
            },
        },
    };
    let config = AwsConfig::load(settings)?;
    // A profile that isn't there would make every later command fail.
    let profile = config.known_profile(&selected.name)?;
    let shell =
        args.shell.unwrap_or_else(|| Shell::of_program(&from_environment("SHELL").unwrap_or_default()));
    Output::stdout().text(&shell.line(&profile.name, &settings.profile_variables()))?;
    Ok(Exit::Done)
}

/// The profile of the one document on stdin.
fn from_documents(
    documents: impl Iterator<Item = anyhow::Result<stream::Document>>,
    settings: &Settings,
) -> anyhow::Result<Option<Selected>> {
    let mut selected = None;
    for document in documents {
        let document = document?;
        let subject = Subject::of(&document)?;
        let (name, role) = match subject {
            Subject::Nobody => continue,
            Subject::Failure(kind) => return Err(failed(&document, kind).into()),
            Subject::Remote(remote) => {
                let message = format!(
                    "the document is about host {}, whose profiles aren't this machine's",
                    remote.host
                );
                return Err(Fault::new(Failure::Remote.exit(), message)
                    .hint("name a profile of this machine")
                    .into());
            }
            Subject::Session { name, role } => return Err(nameless(&name, &role).into()),
            Subject::Profile { name, role } => (Some(name), role),
            Subject::Chosen { role } => (None, role),
        };
        if selected.is_some() {
            return Err(Fault::new(Exit::Usage, "several documents came in for one profile")
                .hint("pick one with sso-profile choose")
                .into());
        }
        let found = select(name.as_deref(), None, settings)?;
        check_role(&AwsConfig::load(settings)?.known_profile(&found.name)?, &role)?;
        selected = Some(found);
    }
    Ok(selected)
}

/// Refuses a profile of another role than the document names.
fn check_role(profile: &Profile, role: &AskedRole) -> Result<(), Fault> {
    if profile.is_role(role) { Ok(()) } else { Err(profile.other_role()) }
}

fn nameless(session: &str, role: &AskedRole) -> Fault {
    let what = if role.is_empty() { "a session" } else { "a role" };
    Fault::new(Exit::Config, format!("the document names {what} of sso-session `{session}` and no profile"))
        .hint("sso-profile write NAME makes a profile of the document")
}

fn failed(document: &stream::Document, kind: Failure) -> Fault {
    let text = |key: &str| document.get(key).and_then(|value| value.as_str());
    let why = text("reason").or_else(|| text("error")).unwrap_or_else(|| kind.word());
    Fault::new(kind.exit(), format!("an earlier tool failed: {}", sso_tool::sanitize::sanitize(why)))
}

impl Shell {
    /// The shell of a program, by its name.
    fn of_program(path: &str) -> Self {
        match Path::new(path).file_name().and_then(|name| name.to_str()) {
            Some("zsh") => Self::Zsh,
            Some("fish") => Self::Fish,
            Some("pwsh") => Self::Pwsh,
            _ => Self::Bash,
        }
    }

    /// The line: `listed` are the variables that name a profile before `AWS_PROFILE` does.
    fn line(self, profile: &str, listed: &[String]) -> String {
        let is_name = |name: &&str| {
            !name.starts_with(|c: char| c.is_ascii_digit())
                && !name.is_empty()
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        };
        // What is no name of a variable would be code.
        let listed = listed.iter().map(String::as_str).filter(is_name).filter(|name| *name != "AWS_PROFILE");
        let others =
            BEFORE_THE_PROFILE.into_iter().filter(|name| !listed.clone().any(|other| other == *name));
        let unset: Vec<_> = listed.clone().chain(others).collect();
        match self {
            Self::Bash | Self::Zsh => {
                format!("unset {}; export AWS_PROFILE={}", unset.join(" "), shell_word(profile))
            }
            Self::Fish => {
                let quoted = profile.replace('\\', r"\\").replace('\'', r"\'");
                format!("set -e {}; set -gx AWS_PROFILE '{quoted}'", unset.join(" "))
            }
            Self::Pwsh => {
                let names = unset.iter().map(|name| format!("Env:{name}")).collect::<Vec<_>>().join(",");
                // PowerShell ends a quoted word at a typographic quote, too.
                let quoted: String = profile
                    .chars()
                    .flat_map(|c| {
                        let count = if matches!(c, '\'' | '\u{2018}'..='\u{201b}') { 2 } else { 1 };
                        std::iter::repeat_n(c, count)
                    })
                    .collect();
                format!("Remove-Item {names} -ErrorAction SilentlyContinue; $Env:AWS_PROFILE = '{quoted}'")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shell_gets_its_own_quoting_and_no_code() {
        let listed = ["TOOL_PROFILE", "x;id", "AWS_PROFILE", "1A"].map(str::to_owned);
        let line = |shell: Shell, profile| shell.line(profile, &listed);
        let bash = line(Shell::Bash, "it's $(id)");
        assert!(bash.starts_with("unset TOOL_PROFILE AWS_DEFAULT_PROFILE AWS_ACCESS_KEY_ID "), "{bash}");
        assert!(bash.ends_with(r"; export AWS_PROFILE='it'\''s $(id)'"), "{bash}");
        assert!(!bash.contains(";id") && !bash.contains("1A") && !bash.contains(" AWS_PROFILE "), "{bash}");
        assert!(line(Shell::Fish, r"it's\").ends_with(r"set -gx AWS_PROFILE 'it\'s\\'"));
        assert!(line(Shell::Pwsh, "it's\u{2019}").ends_with("$Env:AWS_PROFILE = 'it''s\u{2019}\u{2019}'"));
        assert_eq!(line(Shell::Zsh, "corp"), line(Shell::Bash, "corp"));
    }

    #[test]
    fn the_shell_is_the_one_of_the_person() {
        for (path, shell) in [
            ("/usr/bin/fish", Shell::Fish),
            ("/bin/zsh", Shell::Zsh),
            ("/bin/dash", Shell::Bash),
            ("", Shell::Bash),
        ] {
            assert_eq!(Shell::of_program(path), shell, "{path}");
        }
    }
}
