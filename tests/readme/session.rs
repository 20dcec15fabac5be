//! The README's command lines, run in order in one shell inside one sandbox.
//!
//! What a `console` block shows after a command is all it prints, errors included. White space doesn't count (long
//! documents are folded there), `…` stands for any text, and `/home/me` for the sandbox's HOME.

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use crate::readme::{blocks, project, readme};
use crate::support::{Sandbox, tool};

/// A command line and what it prints.
struct Step {
    line: String,
    shown: String,
}

fn steps(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for line in blocks(text, "console").iter().flat_map(|block| block.lines()) {
        if let Some(line) = line.strip_prefix("$ ") {
            steps.push(Step { line: line.to_owned(), shown: String::new() });
            continue;
        }
        let step = steps.last_mut().unwrap_or_else(|| panic!("a block starts with {line}"));
        match line.strip_prefix("> ") {
            Some(more) if step.shown.is_empty() => step.line.extend(["\n", more]),
            _ => step.shown.extend([line, "\n"]),
        }
    }
    steps
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Runs a script in a sandbox of the suite's own within a sandbox of the tests.
#[track_caller]
fn run(sandbox: &Sandbox, script: &str) {
    let path = sandbox.root().join("session.sh");
    fs::write(&path, format!("set -o pipefail\ncd \"$HOME\"\n{script}")).unwrap();
    let mut command = sandbox.command(tool("sso-login"));
    command.args(["sandbox", "--", "bash"]).arg(path);
    let output = assert_cmd::Command::from_std(command).timeout(Duration::from_secs(120)).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && stderr.is_empty(), "{}: {stderr}", output.status);
}

/// Whether `text` is what a README shows, white space aside.
fn is_shown(shown: &str, text: &str) -> bool {
    let dense = |text: &str| text.split_whitespace().collect::<String>();
    let (shown, text) = (dense(shown), dense(text));
    let mut parts = shown.split('…');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut parts: Vec<_> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[test]
fn every_command_line_of_the_readme_prints_what_is_shown() {
    check(&readme(), 5, "");
}

#[test]
fn every_command_line_of_the_tour_prints_what_is_shown() {
    check_page("docs/tour.md", 20);
}

#[test]
fn every_command_line_of_the_page_on_services_prints_what_is_shown() {
    check_page("docs/services.md", 8);
}

#[test]
fn every_command_line_of_the_page_on_keys_prints_what_is_shown() {
    check_page("docs/keys.md", 6);
}

/// A page whose command lines have recipes among them.
#[track_caller]
fn check_page(path: &str, least: usize) {
    let Some(just) = crate::support::peer("SSO_TEST_JUST", "just") else { return };
    let text = fs::read_to_string(project(path)).unwrap();
    let target = crate::support::tools();
    let before = format!(
        "export CARGO_TARGET_DIR={}\njust() {{ {} --justfile {} \"$@\"; }}\n",
        quoted(target.parent().unwrap().to_str().unwrap()),
        quoted(just.to_str().unwrap()),
        quoted(project("justfile").to_str().unwrap()),
    );
    check(&text, least, &before);
}

/// Runs the command lines of a page in order, after a script of the test's own.
#[track_caller]
fn check(page: &str, least: usize, before: &str) {
    let steps = steps(page);
    assert!(steps.len() >= least);
    let sandbox = Sandbox::new();
    let results = sandbox.root().join("results");
    fs::create_dir(&results).unwrap();
    let mut script =
        format!("{before}r={}\necho \"$HOME\" > \"$r/home\"\n", quoted(results.to_str().unwrap()));
    for (number, step) in steps.iter().enumerate() {
        let line = quoted(&step.line);
        writeln!(script, "eval {line} > \"$r/{number}\" 2>&1 < /dev/null; echo $? > \"$r/{number}.status\"")
            .unwrap();
    }
    run(&sandbox, &script);

    let home = fs::read_to_string(results.join("home")).unwrap();
    for (number, Step { line, shown }) in steps.iter().enumerate() {
        let text = fs::read_to_string(results.join(number.to_string())).unwrap();
        let text = text.replace(home.trim(), "/home/me");
        assert!(is_shown(shown, &text), "$ {line}\nshown:\n{shown}\nprinted:\n{text}");
        let status = fs::read_to_string(results.join(format!("{number}.status"))).unwrap();
        assert_eq!(status, "0\n", "$ {line}\n{text}");
    }
}

#[test]
fn the_endless_command_lines_of_the_readme_get_to_work() {
    let text = readme();
    let endless: Vec<_> = blocks(&text, "sh")
        .iter()
        .flat_map(|block| block.lines())
        .map(|line| line.split("  #").next().unwrap_or_default().to_owned())
        .filter(|line| line.contains("| sso-"))
        .collect();
    assert_eq!(endless.len(), 2, "{endless:?}");
    // Each is stopped as soon as it has printed something; the shell's own words about that are not of interest.
    let mut script =
        "set -m\nsso-signal write demo > /dev/null\nexport SSO_DIALOG=false\nexec 3>&2 2> /dev/null\n"
            .to_owned();
    for line in endless {
        writeln!(
            script,
            "eval {} > out 2> err < /dev/null &\nuntil [ -s out ] || [ -s err ]; do sleep 0.05; done\n\
             kill -- -$!\nwait $!\ncat err >&3\ngrep -q '^{{\"profile\":\"demo\"' out || {{ cat out >&3; exit 1; }}\nrm out err",
            quoted(&line)
        )
        .unwrap();
    }
    run(&Sandbox::new(), &script);
}

#[test]
fn an_ellipsis_stands_for_any_text() {
    assert!(is_shown("{\"a\":1,\n  \"b\":…}\n", "{\"a\":1,\"b\":[2, 3]}"));
    assert!(is_shown("", ""));
    assert!(!is_shown("", "x"));
    assert!(!is_shown("a…c", "abd"));
    assert!(!is_shown("a…b…c", "acb"));
}
