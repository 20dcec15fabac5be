//! A command that a message names cures: after it is pasted, what failed works.

use std::fmt::Write as _;

use crate::support::{Sandbox, end};

/// What is broken first, and what fails by it and prints the command that helps: a hint, or after `run:`.
const ILLS: &[(&str, &str)] = &[
    ("sso-login logout demo", "sso-login credentials demo"),
    ("sso-login logout demo", "sso-login whoami demo"),
    ("sso-login logout demo", "sso-login accounts demo"),
    ("sso-login logout demo", "sso-login exec demo -- true"),
    ("sso-login logout demo", "sso-login refresh demo"),
    ("echo '{' > \"$TOKEN\"", "sso-login credentials demo"),
    ("export SSO_FORMAT=x", "sso-profile list"),
    ("touch ~/.aws/sso-renewer/a.lock", "sso-lock run a -- true"),
    ("mkdir ~/.aws/sso-renewer/a.lock", "sso-lock run a -- true"),
    ("export AWS_CA_BUNDLE=/nowhere", "sso-login accounts demo"),
];

/// Runs each in a shell of its own with a session of its own: a line with the statuses before and after, and the hint.
fn script() -> String {
    let mut script = "export SSO_LOGIN_VIA=device TOKEN=$(echo ~/.aws/sso/cache/9ed037b84943c4caa3a520e48a5540181c46c98c.json)\n\
         ill() {\n\
             mkdir -p ~/.aws/sso-renewer\n\
             sso-login demo > /dev/null 2>&1 || return\n\
             eval \"$2\" > /dev/null\n\
             eval \"$3\" > /dev/null 2> err; first=$?\n\
             hint=$(sed -n 's/^sso-[a-z]*: hint: //p; s/^sso-.*; run: //p' err)\n\
             eval \"$hint\" > /dev/null 2>&1\n\
             eval \"$3\" > /dev/null 2>&1; echo \"$1 $first $? $hint\"\n\
         }\n"
        .to_owned();
    for (number, (before, fails)) in ILLS.iter().enumerate() {
        writeln!(script, "(ill {number} {} {}) < /dev/null", quoted(before), quoted(fails)).unwrap();
    }
    script
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[test]
fn a_command_that_is_pasted_from_a_message_cures_what_printed_it() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.tool("sso-login sandbox --pending 0");
    command.args(["--", "bash", "-c", &format!("cd; {}", script())]);
    let ended = end(command, "");
    let mut wrong = String::new();
    for (number, (before, fails)) in ILLS.iter().enumerate() {
        let line = ended.stdout.lines().find_map(|line| line.strip_prefix(&format!("{number} ")));
        let mut words = line.unwrap_or("- - ").splitn(3, ' ');
        let (first, again, hint) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
        if first == "0" || again != "0" {
            writeln!(wrong, "{before}; {fails}: {first}, hint `{hint}`, then {again}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}{}", ended.stderr);
}
