//! The README is true: its command lines run and print what it shows, its tables are the code's, and what it
//! promises of helps and recipes holds.
#![expect(unreachable_pub, reason = "modules of a test see each other's functions")]
#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a failing test panics")]

#[path = "readme/help.rs"]
mod help;
#[path = "readme/recipe.rs"]
mod recipe;
#[path = "readme/session.rs"]
mod session;
mod support;

use std::fs;
use std::path::{Path, PathBuf};

use sso_signal::exit::Exit;

/// A file of the project.
pub(crate) fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// The README itself.
pub(crate) fn readme() -> String {
    fs::read_to_string(project("README.md")).unwrap()
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
    let text = readme();
    let section = text.split("\n## ").find(|section| section.starts_with("Exit statuses\n")).unwrap();
    let rows: Vec<_> =
        section.lines().filter(|line| line.starts_with("| ") && !line.contains("status |")).collect();
    let expected: Vec<_> =
        Exit::ALL.iter().map(|exit| format!("| {} | {} |", exit.code(), exit.meaning())).collect();
    assert_eq!(rows, expected);
}
