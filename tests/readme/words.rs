//! Plain words: what a person reads is free of what was translated word by word.

use std::fs;

use crate::readme::help::{TOOLS, commands};
use crate::readme::project;
use crate::support::{Sandbox, names};

/// What is banned, and what stands for it. All the words that are banned are in this list, and nowhere else.
const BANNED: [(&str, &str); 27] = [
    (" is over", "has expired, has ended"),
    (" is still over", "has still expired"),
    (" seems over", "seems expired"),
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
    (" mend ", "fix, repair"),
    (" mends ", "fixes, repairs"),
    (" vouches ", "trusts"),
    (" reads along", "inspects TLS"),
    (" is dead", "no longer works"),
    (" prints without end", "prints too much"),
    (" passed over", "skipped"),
    (" is none of ", "must be one of"),
    (" exclude each other", "can't be used together"),
    (" close to it", "did you mean"),
    (" aren't taken", "are refused"),
    (" gives nothing", "has no value"),
    (" stands in its place", "intercepts"),
];

/// Where a banned word is no mistake: as part of these.
const FINE: [&str; 8] = [
    "Enter is no ",
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

/// The string literals of a source, without those of its tests: each with its line.
fn literals(source: &str) -> Vec<(usize, String)> {
    let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let mut found = Vec::new();
    let (mut line, mut rest) = (1, source);
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            // A quote as a character, and a lifetime.
            '\'' if rest.starts_with("'\"'") => 3,
            '\'' if rest.starts_with("'\\") => 4,
            'r' if rest.starts_with("r#\"") => {
                let length = 3 + rest[3..].find("\"#").unwrap();
                found.push((line, rest[3..length].to_owned()));
                length + 2
            }
            '"' => {
                let mut is_escaped = false;
                let end = rest[1..].find(|c| {
                    let is_end = c == '"' && !is_escaped;
                    is_escaped = c == '\\' && !is_escaped;
                    is_end
                });
                let end = 1 + end.unwrap();
                let text = &rest[1..end];
                // A line that ends in a backslash goes on in the next one.
                let joined: Vec<_> = text.split("\\\n").map(str::trim_start).collect();
                found.push((line, joined.concat().replace("\\n", "\n")));
                end + 1
            }
            other => other.len_utf8(),
        };
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    found
}

/// Every source of the suite.
fn sources(folder: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
    for name in names(folder) {
        let path = folder.join(&name);
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") && name != "tests.rs" {
            found.push(path);
        }
    }
}

#[test]
fn errors_hints_and_questions_are_in_plain_words() {
    let mut files = Vec::new();
    for crate_name in ["lib/sso-tool", "sso-signal", "sso-lock", "sso-cache", "sso-profile", "sso-login"] {
        sources(&project(&format!("{crate_name}/src")), &mut files);
    }
    let (mut found, mut count) = (Vec::new(), 0);
    for file in files {
        let source = fs::read_to_string(&file).unwrap();
        for (line, text) in literals(&source) {
            count += 1;
            let at = format!("{}:{line}", file.display());
            found.extend(banned(&text).into_iter().map(|what| format!("{at}: {what}")));
        }
    }
    assert!(count > 3000, "only {count} literals were found");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn literals_are_found_where_they_are() {
    let source = "a(\"one \\\"x\\\" \\\n    two\"); // \"no\"\nlet q = '\"'; b(r#\"raw \"x\"\"#);\n#[cfg(test)]\nmod tests { \"no\" }";
    let texts: Vec<_> = literals(source);
    assert_eq!(texts, [(1, "one \\\"x\\\" two".to_owned()), (3, "raw \"x\"".to_owned())]);
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
