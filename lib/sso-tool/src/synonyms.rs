//! Words that people type, from other tools or by guess, and the command of the suite that each of them means.
//!
//! The one table for all tools. A word is looked up only where it means nothing to the tool itself, so that it takes no name
//! away from a profile, and needs no care when a subcommand is added.

use crate::recipe::{self, Recipe};
use crate::shell::shell_word;

/// What a word means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Means {
    /// A line. `{}` stands for the name that was typed behind the word.
    Line(&'static str),
    /// A command around the tools.
    Recipe(Recipe<'static>),
    /// A first login from a start URL.
    Setup,
}

use Means::{Line, Setup};

/// The words that lead to where a word is typed, the words, and what they mean.
const TABLE: &[(&str, &[&str], Means)] = &[
    // The AWS CLI, saml2aws, granted, aws-vault, aws-sso-cli, gcloud, az, gh.
    ("sso-login", &["login", "signin", "sign-in", "auth", "sso", "start"], Line("sso-login {}")),
    (
        "sso-login",
        &["get", "export", "export-credentials", "get-credentials", "creds", "credential", "process"],
        Line("sso-login credentials {}"),
    ),
    ("sso-login", &["assume", "run", "shell", "with"], Line("sso-login exec {} -- bash")),
    ("sso-login", &["env", "use", "switch"], Line("eval \"$(sso-profile env {})\"")),
    ("sso-login", &["status", "state"], Means::Recipe(Recipe::Status)),
    ("sso-login", &["monitor"], Means::Recipe(Recipe::Monitor)),
    ("sso-login", &["watch", "watcher"], Means::Recipe(Recipe::Watch)),
    ("sso-login", &["service", "install"], Means::Recipe(Recipe::Install)),
    ("sso-login", &["configure", "config", "init", "add", "new"], Setup),
    ("sso-login", &["list", "ls", "profiles"], Line("sso-profile list")),
    ("sso-login", &["roles", "account"], Line("sso-login accounts {}")),
    ("sso-login", &["check"], Line("sso-profile list | sso-cache check --text")),
    ("sso-login", &["renew"], Line("sso-login refresh {}")),
    ("sso-login", &["signout", "sign-out", "log-out", "logoff", "clear"], Line("sso-login logout {}")),
    ("sso-login", &["id", "identity", "get-caller-identity", "me"], Line("sso-login whoami {}")),
    ("sso-login", &["open", "web", "browser", "ui"], Line("sso-login console {}")),
    (
        "sso-cache",
        &["clear", "clean", "cleanup", "delete", "remove", "rm", "purge"],
        Line("sso-cache prune --expired --dry-run"),
    ),
    ("sso-cache", &["ls", "show", "get"], Line("sso-cache list")),
    ("sso-cache", &["fix", "heal"], Line("sso-cache repair")),
    ("sso-cache", &["status"], Line("sso-profile list | sso-cache check --text")),
    ("sso-cache", &["login"], Line("sso-login {}")),
    ("sso-cache", &["logout"], Line("sso-login logout {}")),
    ("sso-cache", &["refresh", "renew"], Line("sso-login refresh {}")),
    ("sso-lock", &["list", "ls", "show", "get"], Line("sso-lock status")),
    ("sso-lock", &["exec"], Line("sso-lock run {} -- true")),
    ("sso-lock", &["lock"], Line("sso-lock acquire {}")),
    ("sso-signal", &["list", "ls", "show", "get"], Line("sso-signal read")),
    ("sso-signal", &["unsnooze", "resume", "delete", "remove", "rm", "cancel"], Line("sso-signal clear {}")),
    ("sso-signal", &["unquiet", "unmute"], Line("sso-signal quiet {} --off")),
    ("sso-signal", &["mute", "silence"], Line("sso-signal quiet {}")),
    ("sso-signal", &["watch", "watcher"], Means::Recipe(Recipe::Watch)),
    ("sso-signal", &["monitor"], Means::Recipe(Recipe::Monitor)),
    ("sso-signal", &["install"], Means::Recipe(Recipe::Install)),
    ("sso-signal", &["uninstall"], Means::Recipe(Recipe::Uninstall)),
    ("sso-signal", &["login"], Line("sso-login {}")),
    ("sso-signal service", &["start"], Means::Recipe(Recipe::Restart)),
    ("sso-signal service", &["stop", "remove"], Means::Recipe(Recipe::Uninstall)),
    ("sso-profile", &["add", "create", "new", "set", "edit", "update"], Line("sso-profile write --help")),
    ("sso-profile", &["setup", "configure", "init"], Setup),
    ("sso-profile", &["use", "switch", "activate", "export"], Line("eval \"$(sso-profile env {})\"")),
    ("sso-profile", &["current", "whoami", "get"], Line("sso-profile show {}")),
    ("sso-profile", &["ls", "profiles"], Line("sso-profile list")),
    ("sso-profile", &["delete", "rm"], Line("sso-profile remove {}")),
    ("sso-profile", &["select", "pick"], Line("sso-profile list | sso-profile choose")),
    ("sso-profile", &["login"], Line("sso-login {}")),
    ("sso-profile", &["check", "status"], Line("sso-profile list | sso-cache check --text")),
];

/// Flags of other tools: where they are typed (with all subcommands), what is typed, and the flag that it means.
const FLAGS: &[(&str, &[&str], &str)] = &[
    ("sso-login", &["--duration", "--min-valid"], "--min-left"),
    ("sso-login", &["--account"], "--account-id"),
    ("sso-login", &["--role"], "--role-name"),
    ("sso-login", &["--session"], "--sso-session"),
    ("", &["-p"], "--profile"),
];

/// Commands about all profiles, or about documents, and what is meant by one that gets a name.
const ONE: &[(&str, &str)] = &[
    ("sso-cache check", "sso-profile show {} | sso-cache check"),
    ("sso-profile list", "sso-profile show {}"),
    ("sso-cache list", "sso-profile show {} | sso-cache check"),
];

/// The words of other tools that mean something behind `path`.
pub(crate) fn words(path: &str) -> impl Iterator<Item = &'static str> {
    let rows = TABLE.iter().filter(move |(place, _, _)| *place == path);
    rows.flat_map(|(_, words, _)| words.iter().copied())
}

/// The command about one profile, where `path` takes none.
pub(crate) fn for_one(path: &str, name: &str) -> Option<String> {
    let (_, line) = ONE.iter().find(|(place, _)| *place == path)?;
    Some(line.replace("{}", &shell_word(name)))
}

/// The command that `word` means behind `path`, with the `name` that was typed behind it.
pub fn command(path: &str, word: &str, name: Option<&str>) -> Option<String> {
    let (_, _, means) = TABLE.iter().find(|(place, words, _)| *place == path && words.contains(&word))?;
    let line = match means {
        Line(line) => line,
        Setup => {
            return Some(name.map_or_else(
                || recipe::SETUP.to_owned(),
                |name| format!("sso-login setup {}", shell_word(name)),
            ));
        }
        Means::Recipe(recipe) => return Some(recipe.to_string()),
    };
    Some(match name {
        Some(name) => line.replace("{}", &shell_word(name)),
        None => line.replace(" {}", ""),
    })
}

/// The flag that `typed` means behind `path`, among those that `is_known` there.
pub(crate) fn flag(path: &str, typed: &str, is_known: impl Fn(&str) -> bool) -> Option<&'static str> {
    let is_below = |place: &str| place.is_empty() || path == place || path.starts_with(&format!("{place} "));
    let mut rows = FLAGS.iter().filter(|(place, words, _)| is_below(place) && words.contains(&typed));
    rows.find(|(_, _, flag)| is_known(flag)).map(|(_, _, flag)| *flag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_has_one_meaning_in_one_place() {
        let all = TABLE.iter().flat_map(|(place, words, _)| words.iter().map(move |word| (place, word)));
        let mut all: Vec<_> = all.collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    #[test]
    fn the_name_that_was_typed_is_in_the_command() {
        for (path, word, name, line) in [
            ("sso-login", "login", Some("corp"), "sso-login corp"),
            ("sso-login", "login", None, "sso-login"),
            ("sso-login", "assume", Some("a b"), "sso-login exec 'a b' -- bash"),
            ("sso-login", "env", None, "eval \"$(sso-profile env)\""),
            ("sso-login", "configure", None, "sso-login setup NAME"),
            ("sso-login", "configure", Some("corp"), "sso-login setup corp"),
            ("sso-cache", "clear", None, "sso-cache prune --expired --dry-run"),
        ] {
            assert_eq!(command(path, word, name).as_deref(), Some(line), "{path} {word}");
        }
        assert_eq!(command("sso-lock", "login", None), None);
        assert_eq!(flag("sso-login console", "--role", |_| true), Some("--role-name"));
        assert_eq!(flag("sso-cache list", "-p", |_| false), None);
    }
}
