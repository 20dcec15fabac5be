//! `--warn`: before the end, at the end, and which of the things that end it is.

use crate::login::bench::{Bench, after};
use crate::support::{Sandbox, end};

/// What `sso-login exec demo FLAGS` says, in a sandbox of the real clock, until the hint after a text.
fn said(flags: &str, exec: &str, text: &str) -> String {
    let sandbox = Sandbox::new();
    let mut command = sandbox.tool(&format!("sso-login sandbox --pending 0 {flags}"));
    let wait = format!("until grep -A 1 \"{text}\" \"$HOME/said\" | grep -q hint:; do sleep 0.02; done");
    let script = format!(
        "sso-login demo --via device --no-browser > /dev/null 2>&1
        sso-login exec demo {exec} -- sh -c '{wait}' 2> \"$HOME/said\"; cat \"$HOME/said\""
    );
    command.env_remove("SSO_NOW").args(["--", "bash", "-euo", "pipefail", "-c", &script]);
    end(command, "").exits(0).stdout
}

#[test]
fn the_end_is_said_before_and_when_it_is_there() {
    // B15, B-c9
    let said = said("--role-lifetime 5s", "--warn 15m", "ended at");
    let lines: Vec<_> = said.lines().collect();
    assert!(lines[0].starts_with("sso-login: the role credentials of profile \"demo\" end at 20"), "{said}");
    assert!(lines[0].ends_with("s)"), "{said}");
    assert!(
        lines[2].starts_with("sso-login: the role credentials of profile \"demo\" ended at 20"),
        "{said}"
    );
    let hint = "sso-login: hint: restart the command for new ones (SSO session \"sandbox\" lasts: no login is needed)";
    assert_eq!((lines.len(), lines[1], lines[3]), (4, hint, hint), "{said}");
}

#[test]
fn nothing_is_said_before_its_time() {
    let said = said("--role-lifetime 4s", "--warn 1s", " at ");
    // A machine that is too busy may come late, and says the end alone; never early.
    assert!(said.contains("(in 0s)") || said.contains("(in 1s)") || said.contains("ended at"), "{said}");
}

#[test]
fn a_session_that_ends_with_the_credentials_is_named_apart() {
    // H37
    let said =
        said("--role-lifetime 1h --token-lifetime 30m --no-refresh-token", "--text --warn 2h", "end at .* (");
    assert!(said.contains("[INFO] These role credentials end at "), "{said}");
    assert!(
        said.contains("[INFO] SSO session \"sandbox\" ends at ") && said.contains("and can't be renewed\n"),
        "{said}"
    );
    assert!(said.contains("the role credentials of profile \"demo\" end at"), "{said}");
    let hint = "hint: sso-login demo && restart the command for new ones (SSO session \"sandbox\" has expired by then, too)";
    assert!(said.contains(hint), "{said}");
}

#[test]
fn a_command_that_renews_its_credentials_is_warned_about_the_session() {
    let said = said("--token-lifetime 6s --no-refresh-token", "--renewing --warn 1h", "ended at");
    let lines: Vec<_> = said.lines().collect();
    assert!(lines[0].starts_with("sso-login: SSO session \"sandbox\" ends at 20"), "{said}");
    assert!(lines[2].starts_with("sso-login: SSO session \"sandbox\" ended at 20"), "{said}");
    assert_eq!(lines[1], "sso-login: hint: sso-login demo (the command needs no restart)", "{said}");
    assert!(!said.contains("role credentials"), "{said}");
}

#[test]
fn credentials_that_would_be_warned_about_at_once_give_way_to_new_ones() {
    let bench = Bench::logged_in("");
    bench.run("sso-login credentials demo").exits(0);
    bench.forward(1800);
    let exec = |flags: &str| {
        let mut command = bench.command(&format!("sso-login exec demo {flags} -- sh -c"));
        command.arg("echo $AWS_CREDENTIAL_EXPIRATION").env("SSO_NOW", after(1800));
        end(command, "").exits(0).stdout
    };
    assert_eq!(exec(""), "2026-11-21T13:00:00Z\n");
    assert_eq!(exec("--warn 15m"), "2026-11-21T13:00:00Z\n");
    assert_eq!(bench.count("GetRoleCredentials"), 1);
    assert_eq!(exec("--warn 40m"), "2026-11-21T13:30:00Z\n");
    assert_eq!(bench.count("GetRoleCredentials"), 2);
}

/// The handlers of what came before it put back what a signal does by default.
#[test]
fn a_signal_reaches_the_command_also_after_a_helper_program_and_a_login() {
    let script = "trap 'echo told; exit 9' TERM; : > \"$HOME/ready\"; while :; do sleep 0.02; done";
    // `demo` logs in by itself, because nobody has.
    for profile in ["ok", "demo"] {
        let sandbox = Sandbox::new();
        let mut command = sandbox.tool("sso-login sandbox --pending 0");
        let outer = format!(
            "printf '%s' '{{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\",\"Expiration\":\"2099-01-01T00:00:00Z\"}}' > \"$HOME/keys\"
            printf '\\n[profile ok]\\ncredential_process = cat %s/keys\\n' \"$HOME\" >> \"$HOME/.aws/config\"
            export SSO_LOGIN_VIA=device
            sso-login exec {profile} --min-left 10m --yes --warn 1h -- sh -c '{}' & p=$!
            until [ -e \"$HOME/ready\" ] || ! kill -0 $p; do sleep 0.02; done
            kill -TERM $p; code=0; wait $p || code=$?; echo $code",
            script.replace('\'', "'\\''")
        );
        command.env_remove("SSO_NOW").args(["--", "bash", "-euo", "pipefail", "-c", &outer]);
        let ended = end(command, "").exits_somehow(0);
        assert!(ended.stdout.ends_with("told\n9\n"), "{profile}: {} {}", ended.stdout, ended.stderr);
    }
}
