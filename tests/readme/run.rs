//! Every command line that the project prints does what it is printed for.
//!
//! Each runs in a home of its own, with a session that is valid, signals that stand, a lock, a key and the files that the
//! lines name, beside an AWS SSO on loopback. It ends well, or with the answer that it is there to give; one without end is
//! stopped once it has said something. In place of other people's programs stand-ins do nothing, or what the line is for.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use crate::readme::help::{TOOLS, commands};
use crate::readme::printed::{Form, Printed, printed};
use crate::readme::project;
use crate::support::warm_aws::aws_warm;
use crate::support::{Sandbox, end, peer, tools};

/// What a reader puts into a line.
const PLACEHOLDERS: &[(&str, &str)] = &[
    ("PROFILE", "corp"),
    ("HOST", "metta1"),
    ("NAME.json", "3ece1471f44f63177cbc35ba0b904e0c096b6783.json"),
    ("NAME", "corp-new"),
    ("CMD", "true"),
    ("--ahead D", "--ahead 15m"),
    ("--min-left D", "--min-left 15m"),
    ("/home/me", "$HOME"),
    ("/usr/local/bin/aws", "aws"),
    // The fields of a crontab.
    ("*/5 * * * *", ""),
];

/// Lines whose status is their answer.
const ANSWERS: &[(&str, i32)] = &[
    // The table of the README has measured it without a signal.
    ("sso-signal read demo", 1),
    // Nobody holds it.
    ("sso-lock status login", 1),
    ("sso-lock status watcher", 1),
    ("sso-lock break login", 1),
    // AWS knows no such keys.
    ("sso-login key-set AWS_PROFILE ci aws.static ci", 78),
];

/// What can't run here, by its beginning, and why.
const ELSEWHERE: &[(&str, &str)] = &[
    ("sso-signal service ", "changes a user's service manager; tests/service has stand-ins for it"),
    ("{ sso-profile list | sso-cache check; sso-lock status; sso-signal service status", "the same"),
    ("sso-profile env corp --shell fish", "fish's own words"),
    ("sso-login setup corp", "asks a person; tests/setup does"),
    ("sso-login setup", "asks a person"),
    ("sso-login key-set AWS_PROFILE dev aws.iam.sso --text", "asks a person; tests/roundtrip does"),
    ("just sso-key-set AWS_PROFILE dev aws.iam.sso             # asks", "asks a person"),
    ("eval \"$(sso-profile list | sso-profile choose", "asks a person; tests/choose does"),
    ("sso-profile list | sso-profile choose", "asks a person"),
    ("sso-login accounts corp | sso-profile choose | ", "asks a person"),
    ("curl -fsSo /tmp/awscliv2.zip", "installs the AWS CLI"),
    ("rustup target add", "builds"),
    ("just torture", "takes hours"),
    ("just fuzz", "builds, and takes its time"),
    ("URL=https://github.com/", "downloads a release"),
    ("just install ", "builds; tests/watcher/installed does it"),
    ("cargo install --locked just", "builds"),
    ("cat > .env <<'END'", "installs services; tests/service does"),
    ("docker network create", "needs a container engine"),
    ("SSO_UID=$(id -u) SSO_GID=$(id -g) just containers-up", "needs a container engine"),
    ("curl -H \"Authorization: $(cat", "needs the server that the page starts; tests/serve does"),
    ("just sso-auth-test", "needs a server that a person started; tests/serve does"),
    ("sso-cache check -", "the end of a pipe"),
    ("ssh metta1 aws sso login", "needs a person who takes a moment to allow it; tests/remote has one"),
    ("ssh metta@metta1 sso-login softmax", "the same"),
];

/// Stand-ins for the programs of others, and what they do.
const OTHERS: &[(&str, &str)] = &[
    ("git make terraform agent nightly-backup brew scp npm", "exit 0"),
    // What a reminder calls says so.
    ("notify-send mail", "echo called"),
    ("curl", "case \"$*\" in *127.0.0.1*) exec /usr/bin/curl \"$@\";; *hook) echo called;; esac"),
    // The host is this machine.
    (
        "ssh",
        "while :; do case $1 in -o|-p|-J|-R) shift 2;; -*) shift;; *) break;; esac; done; shift; exec bash -c \"$*\"",
    ),
    ("docker", "case $1 in exec) shift 3; exec \"$@\";; esac"),
    ("dialog", "echo '{\"answer\":\"refresh\"}'"),
];

/// The home that every line gets a copy of.
const ROOM: &str = r#"
unset SSO_STATE_DIR
outer=$HOME; export HOME=$outer/room; mkdir -p ~/.aws ~/.local/bin ~/bin; cp -r "$outer/.aws/." ~/.aws/; cd
for tool in sso-signal sso-lock sso-cache sso-profile sso-login; do ln -s "$TOOLS/$tool" .local/bin/$tool; done
# One session, of the name that most lines have.
sed -i '/sso-session other/,$d; s/sso-session sandbox/sso-session corp/; s/= sandbox/= corp/' .aws/config
sso-login demo --no-browser > /dev/null 2>&1
for name in corp softmax dev corp-dev; do sso-profile show demo | sso-profile write $name > /dev/null; done
printf '\n[profile %s]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = example\n' robot ci >> .aws/config
sso-profile key set --env dev --key AWS_PROFILE --vault aws.iam.sso corp > /dev/null
sso-signal write corp > /dev/null
echo '{"profile":"softmax","host":"metta@metta1","loginRequired":true}' | sso-signal write > /dev/null
sso-signal mode auto > /dev/null
cp "$(grep -l accessToken .aws/sso/cache/*.json)" token; cp token .aws/sso/cache/3ece1471f44f63177cbc35ba0b904e0c096b6783.json
sso-login register corp | sso-login authorize > login.json
sso-login accounts corp > roles.ndjson
sso-lock acquire nightly --ttl 10m > /dev/null
echo metta1 | tee hosts.txt > .aws/sso-renewer/hosts
echo API_TOKEN=secret > .env; cp .env .secrets.env; echo TOKEN=secret >> .secrets.env
for job in backup.sh deploy.sh service start-services.sh long-job start test.sh bin/nightly-backup; do printf '#!/bin/sh\nexit 0\n' > $job; chmod +x $job; done
"#;

/// Runs the line `$1` in a home of its own: its status, or `endless`, or `silent`.
const LINE: &str = r#"
export HOME=$OUTER/home$1 line=$RESULTS/$1; cp -r "$OUTER/room" "$HOME"; cd
export AWS_PROFILE=corp API_TOKEN=secret XDG_RUNTIME_DIR=$HOME
case $(cat "$line") in *"sso-lock release"*)
    sso-lock acquire deploy --ttl 10m > lock.json; export token=$(sed 's/.*"token":"\([^"]*\)".*/\1/' lock.json);;
esac
# What ends a session at the service ends its own.
case $(cat "$line") in *logout*|*setup*|*key*|*relock*|*min-left*)
    rm .aws/sso/cache/3ece*.json; sso-login demo --force --no-browser > /dev/null 2>&1;;
esac
# What goes on in the background is waited for.
grep -q '&$' "$line" && echo wait >> "$line"
if grep -qE -- '--every|--follow|^while|sso-login serve|sandbox$|sandbox >' "$line"; then
    setsid bash -o pipefail "$line" > "$line.out" 2> "$line.err" < /dev/null & job=$!
    until [ -s "$line.out" ] || [ -s sandbox.json ] || ! kill -0 $job 2> /dev/null || [ "$((tries += 1))" -gt 1200 ]; do sleep 0.05; done
    if kill -- -$job 2> /dev/null; then [ -s "$line.out" ] || [ -s sandbox.json ] && status=0 || status=silent; else wait $job; status=$?; fi
else
    timeout 60 bash -o pipefail "$line" > "$line.out" 2> "$line.err" < /dev/null; status=$?
fi
echo "$1 $status $(grep -v '^AWS will ask' "$line.err" | tail -n 2 | tr '\n' ' ')"
rm -rf "$HOME"
"#;

/// Pages whose every console line runs in order, and is compared with what it prints (`session.rs`).
const COMPARED: [&str; 4] = ["README.md", "docs/tour.md", "docs/services.md", "docs/keys.md"];

/// Whether a line runs here. The name of a command within a sentence is nothing to be run.
pub(crate) fn is_run(printed: &Printed, names: &BTreeSet<String>) -> bool {
    let Printed { place, form, line } = printed;
    let is_name = *form == Form::Inline && names.contains(line);
    let is_compared = *form == Form::Console && COMPARED.contains(&place.as_str());
    !is_name && !is_compared && !ELSEWHERE.iter().any(|(begin, _)| line.starts_with(begin))
}

/// The names of all commands.
pub(crate) fn names() -> BTreeSet<String> {
    fn add(sandbox: &Sandbox, command: &str, names: &mut BTreeSet<String>) {
        for name in commands(&sandbox.run(&format!("{command} --help")).stdout) {
            let command = format!("{command} {name}");
            add(sandbox, &command, names);
            names.insert(command);
        }
    }
    let (sandbox, mut names) = (Sandbox::new(), BTreeSet::new());
    for tool in TOOLS {
        add(&sandbox, tool, &mut names);
    }
    names
}

/// A line with what a reader puts in the place of its placeholders.
fn filled(line: &str) -> String {
    PLACEHOLDERS.iter().fold(line.to_owned(), |line, (placeholder, value)| {
        let mut filled = String::new();
        let mut rest = line.as_str();
        while let Some((before, after)) = rest.split_once(placeholder) {
            // Not the end of a longer name.
            let is_part = before.ends_with(|c: char| c.is_ascii_uppercase() || c == '_' || c == '-')
                || after.starts_with(|c: char| c.is_ascii_uppercase() || c == '_' || c == '=');
            filled.extend([before, if is_part { placeholder } else { value }]);
            rest = after;
        }
        filled + rest
    })
}

#[test]
fn every_command_line_that_is_printed_works_where_it_should_help() {
    let Some(just) = peer("SSO_TEST_JUST", "just") else { return };
    let sandbox = Sandbox::new();
    let names = names();
    let all = printed(&sandbox);
    let run: Vec<&Printed> = all.iter().filter(|printed| is_run(printed, &names)).collect();
    for (begin, _) in ELSEWHERE {
        assert!(all.iter().any(|printed| printed.line.starts_with(begin)), "nobody prints {begin}");
    }
    for (programs, script) in OTHERS {
        for program in programs.split(' ') {
            sandbox.program(program, &format!("#!/bin/bash\n{script}\n"));
        }
    }
    let Some(aws) = aws_warm() else { return };
    sandbox.program("aws", &format!("#!/bin/sh\n[ \"$1\" = s3 ] || exec '{}' \"$@\"\n", aws.display()));
    let quoted = |path: &std::path::Path| format!("'{}'", path.display());
    sandbox.program(
        "just",
        &format!("#!/bin/bash\nexec {} --justfile {} \"$@\"\n", quoted(&just), quoted(&project("justfile"))),
    );
    let results = sandbox.root().join("results");
    fs::create_dir(&results).unwrap();
    for (number, printed) in run.iter().enumerate() {
        fs::write(results.join(number.to_string()), filled(&printed.line) + "\n").unwrap();
    }
    fs::write(results.join("line.sh"), LINE).unwrap();
    let mut command = sandbox.tool("sso-login sandbox --pending 0");
    command.args(["--", "bash", "-c"]).arg(format!(
        "{ROOM}\nexport OUTER=\"$outer\"\nseq 0 {} | xargs -P 4 -n 1 bash \"$RESULTS/line.sh\"",
        run.len() - 1
    ));
    command.env("RESULTS", &results).env("TOOLS", tools()).env_remove("SSO_NOW");
    command.env("SSO_LOGIN_VIA", "device").env("SSO_DIALOG", sandbox.root().join("bin/dialog"));
    command.env("CARGO_TARGET_DIR", tools().parent().unwrap());
    let ended = end(command, "");
    let mut wrong = String::new();
    for (number, printed) in run.iter().enumerate() {
        let said = ended.stdout.lines().find_map(|line| line.strip_prefix(&format!("{number} ")));
        let (status, why) = said.and_then(|said| said.split_once(' ')).unwrap_or(("not run", ""));
        let expected =
            ANSWERS.iter().find(|(line, _)| *line == printed.line).map_or(0, |(_, status)| *status);
        if status != expected.to_string() {
            writeln!(wrong, "{}: {}\n    {status}: {why}", printed.place, printed.line).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}{}", ended.stderr);
    assert!(run.len() > 150, "{} lines ran", run.len());
}
