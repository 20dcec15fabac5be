//! What a hint tells a person to type exists: collected from the sources, so that a new hint is looked at as well.

use std::collections::HashMap;
use std::process::Command;

use crate::readme::sources;
use crate::support::tool;

const TOOLS: [&str; 5] = ["sso-signal", "sso-lock", "sso-cache", "sso-profile", "sso-login"];

/// The arguments of every `.hint(…)` in the sources.
fn arguments(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (begin, call) in text.match_indices(".hint(") {
        let (mut depth, mut is_text, mut is_escaped) = (1, false, false);
        let argument = text[begin + call.len()..].chars().take_while(|c| {
            match c {
                _ if is_escaped => {}
                '"' => is_text = !is_text,
                '(' if !is_text => depth += 1,
                ')' if !is_text => depth -= 1,
                _ => {}
            }
            is_escaped = *c == '\\' && !is_escaped;
            depth > 0
        });
        found.push(argument.collect());
    }
    found
}

/// The commands of our tools in an argument: each up to the end of its stage or clause.
fn commands(argument: &str) -> Vec<Vec<String>> {
    // A literal goes on in the next line after a backslash.
    let argument = argument.replace("\\\n", " ");
    let mut found = Vec::new();
    for literal in argument.split('"').skip(1).step_by(2) {
        for stage in literal.split(['|', ';', '&', '`', ',', '(', ')', ':']) {
            let words: Vec<&str> = stage.split_whitespace().collect();
            let at = words.iter().position(|word| TOOLS.contains(word));
            found.extend(at.map(|at| words[at..].iter().map(|word| (*word).to_owned()).collect()));
        }
    }
    found
}

struct Helps(HashMap<Vec<String>, String>);

impl Helps {
    fn of(&mut self, words: &[String]) -> &str {
        self.0.entry(words.to_vec()).or_insert_with(|| {
            let output = Command::new(tool(&words[0])).args(&words[1..]).arg("--help").output().unwrap();
            String::from_utf8(output.stdout).unwrap()
        })
    }

    fn has_subcommand(&mut self, words: &[String], name: &str) -> bool {
        let listed = self.of(words).split_once("Commands:\n").map(|(_, listed)| listed.to_owned());
        let listed = listed.unwrap_or_default();
        listed
            .lines()
            .take_while(|line| line.is_empty() || line.starts_with("  "))
            .any(|line| line.strip_prefix("  ").is_some_and(|line| line.split(' ').next() == Some(name)))
    }
}

#[test]
fn every_command_in_a_hint_has_the_subcommand_and_the_flags_that_it_names() {
    let mut helps = Helps(HashMap::new());
    let (mut seen, mut wrong) = (0, Vec::new());
    for command in arguments(&sources()).iter().flat_map(|argument| commands(argument)) {
        seen += 1;
        let mut path = vec![command[0].clone()];
        let mut rest = command[1..].iter().peekable();
        while let Some(word) = rest.next_if(|word| helps.has_subcommand(&path, word)) {
            path.push(word.clone());
        }
        // `sso-login PROFILE` is a command; the others do nothing without a subcommand.
        let is_whole = path.len() > 1 || path[0] == "sso-login" || rest.peek().is_none();
        let flags = rest.take_while(|word| *word != "--").filter(|word| word.starts_with("--"));
        let flags = flags.map(|word| word.split(['=', '.']).next().unwrap().to_owned());
        let unknown: Vec<_> = flags.filter(|flag| !helps.of(&path).contains(flag.as_str())).collect();
        if !is_whole || !unknown.is_empty() {
            wrong.push(command.join(" "));
        }
    }
    assert_eq!(wrong, [""; 0]);
    assert!(seen > 50, "{seen} commands were found in hints: they are called in another way now");
}
