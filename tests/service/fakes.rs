//! Fake programs: launchctl and systemctl that remember what they were told, and an AWS CLI.

use std::fs;

use crate::support::Sandbox;

pub const INSTALL: &str = "sso-signal service install -- just sso-watch";

const LAUNCHCTL: &str = r#"#!/bin/bash
echo "$*" >> "$HOME/told"
loaded="$HOME/loaded"
case "$1 $2" in
    "print gui/"*/*) [ -f "$loaded" ] || exit 113
        printf '%s = {\n\tpath = %s\n\tstate = running\n\tpid = 4242\n}\n' "$2" "$(cat "$loaded")" ;;
    "print gui/"*) [ ! -f "$HOME/no-desktop" ] ;;
    "bootstrap "*) if [ -f "$HOME/busy" ]; then rm "$HOME/busy"; echo 'Bootstrap failed: 5: Input/output error' >&2; exit 5; fi
        [ ! -f "$loaded" ] && echo "$3" > "$loaded" ;;
    "bootout "*) rm -f "$loaded" ;;
    *) exit 64 ;;
esac
"#;

const SYSTEMCTL: &str = r#"#!/bin/bash
echo "$*" >> "$HOME/told"
unit="$HOME/.config/systemd/user/$3"
case "$*" in
    "--user show-environment") [ ! -f "$HOME/no-bus" ] ;;
    "--user is-active --quiet graphical-session.target") [ -f "$HOME/desktop" ] ;;
    "--user show "*) if [ -f "$HOME/loaded" ]; then echo MainPID=4242; else echo MainPID=0; fi
        if [ -f "$HOME/elsewhere" ] && [ "$3" = sso-watcher.service ]; then echo "FragmentPath=/usr/lib/systemd/user/sso-watcher.service"
        elif [ -f "$unit" ]; then echo "FragmentPath=$unit"; else echo "FragmentPath="; fi ;;
    "--user start "* | "--user restart "*) : > "$HOME/loaded" ;;
    "--user --quiet disable --now "*) rm -f "$HOME/loaded" ;;
esac
"#;

/// A Mac, as far as PATH tells.
pub fn mac() -> Sandbox {
    let sandbox = bare();
    sandbox.program("launchctl", LAUNCHCTL);
    sandbox
}

/// A Linux with a user's systemd.
pub fn linux() -> Sandbox {
    let sandbox = bare();
    sandbox.program("systemctl", SYSTEMCTL);
    sandbox
}

/// A box where nobody runs services, with `just` and an AWS CLI v2.
pub fn bare() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.program("systemctl", "#!/bin/sh\nexit 1\n");
    sandbox.program("just", "#!/bin/sh\n");
    aws(&sandbox, "2.22.1");
    sandbox
}

/// An AWS CLI of some version, on PATH.
pub fn aws(sandbox: &Sandbox, version: &str) {
    sandbox.program("aws", &format!("#!/bin/sh\necho aws-cli/{version} Python/3.12 Linux/6 exe\n"));
}

/// What the service manager was told since the last time, but for questions.
pub fn told(sandbox: &Sandbox) -> Vec<String> {
    let path = sandbox.home().join("told");
    let text = fs::read_to_string(&path).unwrap_or_default();
    let _ = fs::remove_file(path);
    let is_question = |line: &&str| {
        line.starts_with("print ") || line.starts_with("--user show") || line.starts_with("--user is-active")
    };
    text.lines().filter(|line| !is_question(line)).map(str::to_owned).collect()
}

/// A file of the sandbox's home.
pub fn mark(sandbox: &Sandbox, name: &str) {
    sandbox.write(name, "");
}

/// `.env` of the directory that is installed from.
pub fn dotenv(sandbox: &Sandbox, text: &str) {
    sandbox.write(".backlog-toolkit-env", text);
}
