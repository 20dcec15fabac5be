//! The README is true: its command lines run and print what it shows, its tables are the code's, and what it
//! promises of helps and recipes holds.

mod circles;
mod cures;
mod examples;
pub(crate) mod help;
mod hints;
mod pages;
mod printed;
mod recipe;
mod rooms;
mod run;
mod schemas;
mod session;
mod words;

use std::fs;
use std::path::{Path, PathBuf};

use sso_tool::exit::Exit;

/// A file of the project.
pub(crate) fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// The README itself.
pub(crate) fn readme() -> String {
    fs::read_to_string(project("README.md")).unwrap()
}

/// The page with the documents, statuses, files and variables.
fn reference() -> String {
    fs::read_to_string(project("docs/reference.md")).unwrap()
}

/// The blocks of a language, without their fences.
pub(crate) fn blocks(text: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(fence) = line.strip_prefix("```") {
            let block: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
            if fence == language {
                blocks.push(block.join("\n"));
            }
        }
    }
    blocks
}

#[test]
fn the_table_of_exit_statuses_is_the_enum() {
    let text = reference();
    let section = text.split("\n## ").find(|section| section.starts_with("Exit statuses\n")).unwrap();
    let rows: Vec<_> =
        section.lines().filter(|line| line.starts_with("| ") && !line.contains("status |")).collect();
    let expected: Vec<_> =
        Exit::ALL.iter().map(|exit| format!("| {} | {} |", exit.code(), exit.meaning())).collect();
    assert_eq!(rows, expected);
}

/// The sources of all tools, the unit tests in them too.
fn sources() -> String {
    fn add(folder: &Path, text: &mut String) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                add(&path, text);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                text.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }
    let mut text = String::new();
    for tool in ["lib/sso-tool", "sso-signal", "sso-lock", "sso-cache", "sso-profile", "sso-login"] {
        add(&project(tool).join("src"), &mut text);
    }
    text
}

#[test]
fn every_variable_of_the_suite_is_in_the_reference() {
    /// The name of a service, what the sandbox sets, and what the tool tells itself.
    const OTHERS: [&str; 3] = ["SSO_OIDC", "SSO_SANDBOX_URL", "SSO_LOGIN_PROCESS_CHAIN"];
    let (text, reference) = (sources(), reference());
    let is_variable = |word: &&str| {
        word.len() > 4
            && word.starts_with("SSO_")
            && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
    };
    let variables: std::collections::BTreeSet<_> = text.split('"').filter(is_variable).collect();
    assert!(variables.len() > 10, "{variables:?}");
    for variable in variables.into_iter().filter(|variable| !OTHERS.contains(variable)) {
        assert!(reference.contains(&format!("`{variable}`")), "{variable} is not in docs/reference.md");
    }
}

#[test]
fn comments_refer_to_what_the_design_has() {
    let (text, design) = (sources(), fs::read_to_string(project("docs/design.md")).unwrap());
    for (paper, head) in [("DESIGN ", "\n## "), ("AWS-FORMATS ", "\n")] {
        let mut seen = 0;
        for reference in text.split(paper).skip(1) {
            let number: String = reference.chars().take_while(char::is_ascii_digit).collect();
            if !number.is_empty() {
                assert!(design.contains(&format!("{head}{number}. ")), "there is no {paper}{number}");
                seen += 1;
            }
        }
        assert!(seen > 5, "{paper}");
    }
}
