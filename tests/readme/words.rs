//! Plain words: what a person reads is free of what was translated word by word.

use std::fs;

use crate::readme::help::{TOOLS, commands};
use crate::readme::project;
use crate::support::{Sandbox, names};

/// What is banned, and what stands for it. All the words that are banned are in this list, and nowhere else.
const BANNED: [(&str, &str); 12] = [
    (" is over", "has expired, has ended"),
    (" are over", "have expired, have ended"),
    (" box ", "host"),
    (" boxes ", "hosts"),
    (" box,", "host"),
    (" box's", "host's"),
    (", say ", "for example"),
    (", say,", "for example"),
    (", say)", "for example"),
    (" kin ", "the like"),
    (" is no ", "isn't a"),
    (" are no ", "aren't"),
];

/// Where a banned word is no mistake: as part of these.
const FINE: [&str; 7] = [
    "the answer is no ",
    "there is no ",
    "There is no ",
    "there are no ",
    "There are no ",
    "is no longer ",
    "is no more ",
];

fn banned(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.lines() {
        let line = FINE.iter().fold(format!(" {} ", line.trim()), |line, fine| line.replace(fine, " "));
        for (word, better) in BANNED {
            if line.contains(word) {
                found.push(format!("`{}` ({better}): {}", word.trim(), line.trim()));
            }
        }
        // A clause with "what" as its subject: "What isn't given is asked."
        let sentences = line.split(". ").map(str::trim);
        found.extend(
            sentences
                .filter(|sentence| sentence.starts_with("What ") && !sentence.contains('?'))
                .filter(|sentence| sentence.split(' ').count() > 5 && !sentence.starts_with("What to "))
                .map(|sentence| format!("a clause as subject: {sentence}")),
        );
    }
    found
}

#[test]
fn helps_and_man_pages_are_in_plain_words() {
    let sandbox = Sandbox::new();
    let mut found = Vec::new();
    for tool in TOOLS {
        sandbox.run(&format!("{tool} --generate share")).exits(0);
        let own = sandbox.run(&format!("{tool} --help")).exits(0).stdout;
        for name in commands(&own) {
            let help = sandbox.run(&format!("{tool} {name} --help")).exits(0).stdout;
            found.extend(banned(&help).into_iter().map(|what| format!("{tool} {name} --help: {what}")));
        }
        found.extend(banned(&own).into_iter().map(|what| format!("{tool} --help: {what}")));
    }
    let folder = sandbox.root().join("work/share/man/man1");
    for page in names(&folder) {
        let text = fs::read_to_string(folder.join(&page)).unwrap().replace("\\-", "-").replace("\\*(Aq", "'");
        found.extend(banned(&text).into_iter().map(|what| format!("{page}: {what}")));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn docs_and_recipes_are_in_plain_words() {
    let mut found = Vec::new();
    let pages = names(project("docs"))
        .into_iter()
        .filter(|name| std::path::Path::new(name).extension().is_some_and(|end| end == "md"));
    for page in pages
        .map(|name| format!("docs/{name}"))
        .chain(["README.md", "justfile", "mise.toml"].map(str::to_owned))
    {
        let text = fs::read_to_string(project(&page)).unwrap();
        found.extend(banned(&text).into_iter().map(|what| format!("{page}: {what}")));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_glossary_has_the_words_of_the_suite() {
    let text = fs::read_to_string(project("docs/reference.md")).unwrap();
    let glossary = text.split("\n## ").find(|section| section.starts_with("Words\n")).unwrap();
    for word in ["session", "profile", "signal", "reminder", "episode", "key", "lock"] {
        assert!(glossary.contains(&format!("\n| {word} | ")), "{word}");
    }
}

#[test]
fn the_flags_that_people_know_work_on_every_command() {
    let sandbox = Sandbox::new();
    sandbox.write(".aws/config", "[profile demo]\nregion = eu-west-1\n");
    sandbox.run("sso-profile show --profile demo --json").exits(0).document();
    sandbox.run("sso-profile remove --profile=demo --dry-run --json").exits(0).document();
    sandbox.run("sso-signal write --profile demo --json").exits(0);
    assert_eq!(sandbox.run("sso-signal snooze 1h --profile demo").exits(0).document()["profile"], "demo");
    assert_eq!(sandbox.run("sso-signal read --profile demo --json").exits(0).document()["profile"], "demo");
}

/// What is pasted from a help must not be wrapped, and the prompt's line must be one that a shell shows.
#[test]
fn examples_in_helps_are_not_wrapped_and_the_prompt_shows_the_profile() {
    let sandbox = Sandbox::new();
    let mut wrapped = Vec::new();
    for tool in TOOLS {
        let own = sandbox.run(&format!("{tool} --help")).exits(0).stdout;
        for name in commands(&own) {
            let help = sandbox.run(&format!("{tool} {name} --help")).exits(0).stdout;
            let Some((_, examples)) = help.split_once("Examples:\n") else { continue };
            let lines = examples.split("\n\n").next().unwrap().lines();
            wrapped.extend(
                lines.filter(|line| !line.starts_with("  ")).map(|line| format!("{tool} {name}: {line}")),
            );
        }
    }
    assert!(wrapped.is_empty(), "{}", wrapped.join("\n"));

    let help = sandbox.run("sso-cache check --help").exits(0).stdout;
    let line = help.lines().find_map(|line| line.trim().strip_prefix("PS1=").map(str::to_owned)).unwrap();
    let mut shell = sandbox.command("bash");
    shell.args(["--norc", "-c", &format!("PS1={line}; echo \"${{PS1@P}}\"")]);
    shell.env("PATH", format!("{}:/usr/bin:/bin", crate::support::tools().display()));
    fs::create_dir_all(sandbox.root().join("home/.aws")).unwrap();
    let shown = crate::support::end(shell, "");
    assert!(!shown.stderr.contains("not found"), "{}", shown.stderr);
    assert!(shown.stdout.ends_with("$ \n"), "{}", shown.stdout);
}
