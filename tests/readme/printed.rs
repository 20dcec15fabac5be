//! Every command line that the project prints in a help, a page or an example is one that bash and the tools take: those that
//! don't run with the real tools (`run.rs`), and all ways through the others.
//!
//! Each line is collected where it is printed, so that a new one is looked at as well, and runs in bash twice: once
//! while every tool succeeds, once while every tool fails, so that what follows `&&` and `||` is seen. In place of a
//! tool a stand-in asks the tool itself whether it takes the words; what belongs to other programs does nothing.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use crate::readme::help::{TOOLS, commands};
use crate::readme::{blocks, project, run};
use crate::support::{Sandbox, end, names, tools};

/// Programs of other people that the lines use: they do nothing here, and needn't be installed.
const OTHERS: &str = "aws brew cargo crontab curl docker fish git just launchctl litellm loginctl mail make mise \
                      notify-send npm openssl podman rustup scp ssh sso-monitor sso-status sso-watch sudo systemctl terraform unzip xdg-open jq";

/// Where a line is printed, and the line.
pub(crate) struct Printed {
    pub(crate) place: String,
    pub(crate) form: Form,
    pub(crate) line: String,
}

/// How a line is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Among the examples of a help.
    Example,
    /// In a block of its own.
    Block,
    /// In a block that shows what it prints as well.
    Console,
    /// Within a sentence.
    Inline,
}

/// Whole command lines of a block: one that ends in `\`, `|`, `&&` or within quotes goes on in the next.
fn whole(block: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut is_open = false;
    for line in block.lines() {
        match found.last_mut().filter(|_| is_open) {
            Some(before) => before.extend(["\n", line]),
            None => found.push(line.to_owned()),
        }
        is_open = line.trim_end().ends_with(['\\', '|']) || line.trim_end().ends_with("&&");
    }
    found
}

/// The examples of a help, without what explains them in a column of its own.
fn examples(help: &str) -> Vec<String> {
    let Some((_, rest)) = help.split_once("Examples:\n") else { return Vec::new() };
    let lines = rest.lines().take_while(|line| line.starts_with("  "));
    let lines: Vec<_> = lines.map(|line| line.trim().split("   ").next().unwrap_or_default()).collect();
    whole(&lines.join("\n"))
}

/// The examples of a command's help and of all commands below it.
pub(crate) fn of_helps(sandbox: &Sandbox, command: &str, found: &mut Vec<Printed>) {
    let help = sandbox.run(&format!("{command} --help")).exits(0).stdout;
    let place = format!("{command} --help");
    let form = Form::Example;
    found.extend(examples(&help).into_iter().map(|line| Printed { place: place.clone(), form, line }));
    for name in commands(&help) {
        of_helps(sandbox, &format!("{command} {name}"), found);
    }
}

/// What stands between single back-ticks and begins with one of our tools.
fn inline(text: &str) -> Vec<String> {
    let prose = text.split("```").step_by(2).collect::<String>();
    let parts = prose.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
    parts
        .filter(|part| TOOLS.iter().any(|tool| part.starts_with(&format!("{tool} "))))
        .filter(|part| !part.contains(['…', '[']))
        .map(|part| part.replace("\\|", "|"))
        .collect()
}

fn of_page(page: &str, found: &mut Vec<Printed>) {
    let text = fs::read_to_string(project(page)).unwrap();
    let mut add = |form: Form, line: String| found.push(Printed { place: page.to_owned(), form, line });
    for block in ["sh", "bash"].iter().flat_map(|kind| blocks(&text, kind)) {
        add(Form::Block, block);
    }
    for block in blocks(&text, "console") {
        let typed = block.lines().filter_map(|line| line.strip_prefix("$ ").or(line.strip_prefix("> ")));
        add(Form::Console, typed.collect::<Vec<_>>().join("\n"));
    }
    for line in inline(&text) {
        add(Form::Inline, line);
    }
}

/// The command lines that the project prints, a block of a page as one.
pub(crate) fn printed(sandbox: &Sandbox) -> Vec<Printed> {
    let mut found = Vec::new();
    for tool in TOOLS {
        of_helps(sandbox, tool, &mut found);
    }
    let names = names(project("docs"));
    let pages = names.iter().filter_map(|name| name.strip_suffix(".md"));
    for page in pages.map(|name| format!("docs/{name}.md")).chain(["README.md".to_owned()]) {
        of_page(&page, &mut found);
    }
    for line in fs::read_to_string(project("docs/examples/crontab")).unwrap().lines() {
        if !line.is_empty() && !line.starts_with('#') {
            let line = line.split_whitespace().skip(5).collect::<Vec<_>>().join(" ");
            found.push(Printed { place: "docs/examples/crontab".to_owned(), form: Form::Block, line });
        }
    }
    // What is printed at several places is looked at once.
    let mut seen = BTreeSet::new();
    found.retain(|printed| seen.insert(printed.line.clone()));
    found
}

/// A stand-in for each tool: the tool itself says whether it takes the words, by `--help` after them. The first call
/// ends with `$OUTCOME`, the same call again with the other status, so that a loop ends.
const STAND_IN: &str = r#"#!/bin/bash
words=() asked=
for word; do
    if [ -z "$asked" ] && [ "$word" = -- ]; then words+=(--help); asked=1; fi
    words+=("$word")
done
[ -n "$asked" ] || words+=(--help)
said=$("$TOOLS/${0##*/}" "${words[@]}" 2>&1 > /dev/null) || echo "${0##*/} $*: ${said%%$'\n'*}" >> "$REFUSED"
call="${0##*/} $*"
if mkdir "$CALLS/$(printf %s "$call" | cksum | tr ' ' -)" 2> /dev/null; then exit "$OUTCOME"; else exit "$((1 - OUTCOME))"; fi
"#;

/// Whether what a line does depends on how a command in it ends.
fn is_branched(line: &str) -> bool {
    ["&&", "||", "if ", "while ", "until ", "$?"].iter().any(|part| line.contains(part))
}

/// What bash and the tools have against the lines.
fn refused(sandbox: &Sandbox, lines: &[Printed]) -> String {
    for tool in TOOLS {
        sandbox.program(tool, STAND_IN);
    }
    for other in OTHERS.split_whitespace() {
        sandbox.program(other, "#!/bin/sh\nexit 0\n");
    }
    let mut script = "command_not_found_handle() { echo \"$1: not found\" >> \"$REFUSED\"; }\n\
                      export -f command_not_found_handle\nexport REFUSED=$PWD/refused CALLS OUTCOME\n"
        .to_owned();
    for (number, printed) in lines.iter().enumerate() {
        let file = sandbox.root().join(format!("line{number}"));
        fs::write(&file, format!("{}\n", printed.line)).unwrap();
        // The other outcome shows what follows an operator, and nothing new elsewhere.
        let outcomes = if is_branched(&printed.line) { "0 1" } else { "0" };
        writeln!(
            script,
            "export LINE={number}; : > refused; bash -n '{file}' 2>> refused\n\
             for OUTCOME in {outcomes}; do\n\
             mkdir -p run{number}/$OUTCOME calls{number}/$OUTCOME; CALLS=$PWD/calls{number}/$OUTCOME\n\
             (cd run{number}/$OUTCOME; touch hosts.txt login.json lock.json; bash '{file}') > /dev/null 2>&1 < /dev/null\n\
             done\n\
             sed 's/^/{number} /' refused",
            file = file.display()
        )
        .unwrap();
    }
    let mut command = sandbox.command("bash");
    command.args(["-c", &script]).env("TOOLS", tools());
    let ended = end(command, "");
    let mut wrong = BTreeSet::new();
    for (number, said) in ended.stdout.lines().filter_map(|line| line.split_once(' ')) {
        let printed = &lines[number.parse::<usize>().unwrap()];
        wrong.insert(format!("{}: {}\n    {said}", printed.place, printed.line));
    }
    wrong.into_iter().collect::<Vec<_>>().join("\n")
}

#[test]
fn bash_and_the_tools_take_every_command_line_that_is_printed() {
    let sandbox = Sandbox::new();
    let mut lines = printed(&sandbox);
    assert!(lines.len() > 200, "{} lines were found: they are printed in another way now", lines.len());
    // What runs with the real tools needs no stand-in, but for the way that it didn't take there.
    let names = run::names();
    lines.retain(|printed| is_branched(&printed.line) || !run::is_run(printed, &names));
    let halves = lines.chunks(lines.len() / 4 + 1);
    let wrong: Vec<_> = std::thread::scope(|scope| {
        let running: Vec<_> = halves.map(|lines| scope.spawn(|| refused(&Sandbox::new(), lines))).collect();
        running.into_iter().map(|refused| refused.join().unwrap()).filter(|wrong| !wrong.is_empty()).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_flag_that_a_tool_lacks_and_a_program_that_nobody_has_are_found() {
    let line = |line: &str| Printed { place: "x".to_owned(), form: Form::Inline, line: line.to_owned() };
    let wrong = refused(
        &Sandbox::new(),
        &[
            line("sso-login corp --no-such-flag || true"),
            line("sso-lock status || sso-lock nonsense"),
            line("no-such-program --x"),
            line("if sso-login"),
            line("while sso-signal wait | sso-login - | sso-signal settle; do :; done"),
        ],
    );
    for said in ["--no-such-flag", "nonsense", "no-such-program: not found", "syntax error"] {
        assert!(wrong.contains(said), "{said}: {wrong}");
    }
    assert!(!wrong.contains("while"), "{wrong}");
}

#[test]
fn no_help_names_what_only_a_checkout_has() {
    let sandbox = Sandbox::new();
    let mut found = Vec::new();
    for tool in TOOLS {
        of_helps(&sandbox, tool, &mut found);
    }
    let of_checkout: Vec<_> =
        found.iter().filter(|printed| printed.line.contains("just ")).map(|printed| &printed.line).collect();
    assert_eq!(of_checkout, [""; 0]);
}
