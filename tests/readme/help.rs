//! What `-h` and `--help` promise.

use crate::support::Sandbox;

pub(crate) const TOOLS: [&str; 5] = ["sso-signal", "sso-lock", "sso-cache", "sso-profile", "sso-login"];

/// The commands that a help lists.
pub(crate) fn commands(help: &str) -> Vec<String> {
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    listed
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_help_has_examples_and_exit_statuses_and_a_shorter_form() {
    let sandbox = Sandbox::new();
    for tool in TOOLS {
        let own = sandbox.run(&format!("{tool} --help")).exits(0).stdout;
        let names = commands(&own);
        assert!(!names.is_empty(), "{tool} lists no command");
        for line in std::iter::once(tool.to_owned()).chain(names.iter().map(|name| format!("{tool} {name}")))
        {
            let long = sandbox.run(&format!("{line} --help")).exits(0).stdout;
            let short = sandbox.run(&format!("{line} -h")).exits(0).stdout;
            assert!(long.contains("Examples:\n"), "{line} --help has no examples");
            assert_eq!(untabled(&long), Vec::<&str>::new(), "{line} --help: no table of exit statuses");
            assert!(
                long.contains(&format!("  {tool} ")) || long.contains(&format!("| {tool} ")),
                "{line}: {long}"
            );
            assert!(!short.is_empty() && short.len() < long.len(), "{line} -h isn't shorter than --help");
            assert_eq!(
                broken(&long),
                Vec::<&str>::new(),
                "{line} --help: a line that is too long was wrapped"
            );
            assert_eq!(torn(&long), Vec::<&str>::new(), "{line} --help: examples of more than a line");
        }
    }
}

#[test]
fn the_five_helps_alone_show_the_watcher() {
    let sandbox = Sandbox::new();
    for tool in ["sso-signal", "sso-login"] {
        let help = sandbox.run(&format!("{tool} --help")).exits(0).stdout;
        let watcher = "while sso-signal wait | sso-login - | sso-signal settle; do :; done";
        assert!(help.contains(watcher), "{tool} --help doesn't show {watcher}");
    }
}

/// The lines under *Exit status* that have no status before their words, or another column for them.
fn untabled(help: &str) -> Vec<&str> {
    let Some((_, rows)) = help.split_once("\nExit status:\n") else { return vec!["Exit status"] };
    let column = |row: &str| {
        let (status, words) = row.strip_prefix("  ")?.split_once(' ')?;
        let is_status = status.parse::<u8>().is_ok() || ["N", "128+N"].contains(&status);
        is_status.then(|| row.len() - words.trim_start().len())
    };
    let first = rows.lines().next().and_then(column);
    let goes_on = |row: &str| row.find(|c| c != ' ') == first;
    rows.lines().filter(|row| first.is_none() || (column(row) != first && !goes_on(row))).collect()
}

/// The lines behind the examples that hold what was left over of the line before.
fn broken(help: &str) -> Vec<&str> {
    let (_, rest) = help.split_once("Examples:\n").unwrap();
    let lines: Vec<_> = rest.lines().collect();
    let triples = lines.windows(3).filter(|three| three[0].len() > 80 && !three[2].is_empty());
    triples.map(|three| three[1]).filter(|line| !line.is_empty() && line.len() <= 12).collect()
}

/// The lines among the examples of a help that begin with no command and go on with none: a long one was wrapped there.
fn torn(help: &str) -> Vec<&str> {
    let (_, rest) = help.split_once("Examples:\n").unwrap();
    let lines: Vec<_> = rest.lines().take_while(|line| line.starts_with("  ")).collect();
    let others = ["aws", "curl", "echo", "eval", "just", "printf", "ssh", "until", "while", "xargs", "{"];
    let begins = |line: &str| {
        let word = line.split_whitespace().next().unwrap_or_default();
        word.starts_with("sso-") || word.contains('=') || others.contains(&word)
    };
    let before = std::iter::once("").chain(lines.iter().copied());
    let pairs = before.zip(lines.iter().copied());
    pairs
        .filter(|(before, line)| !before.ends_with(['\\', '|']) && !begins(line))
        .map(|(_, line)| line)
        .collect()
}
