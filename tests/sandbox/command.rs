//! The command in the sandbox: what it sees, how it ends, what is left.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::sandbox::served::Served;
use crate::support::{Sandbox, end, names, script, tool};

fn sandboxed(sandbox: &Sandbox, script: &str) -> std::process::Command {
    let mut command = sandbox.command(tool("sso-login"));
    command.args(["sandbox", "--", "sh", "-c", script]);
    command
}

/// Homes that are still there.
fn homes(sandbox: &Sandbox) -> Vec<String> {
    names(sandbox.root()).into_iter().filter(|name| name.starts_with("sso-sandbox-")).collect()
}

#[test]
fn the_status_is_the_commands() {
    let sandbox = Sandbox::new();
    for (script, code) in [("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", 143), ("kill -KILL $$", 137)] {
        let ended = end(sandboxed(&sandbox, script), "");
        assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (code, "", ""), "{script}");
    }
    sandbox.run("sso-login sandbox -- ./nothing").exits(127).says("cannot run ./nothing");
    sandbox.run("sso-login sandbox -- /etc/passwd").exits(126).says("cannot run /etc/passwd");
    assert_eq!(homes(&sandbox), Vec::<String>::new());
}

#[test]
fn the_command_sees_its_home_and_nothing_of_the_real_set_up() {
    let sandbox = Sandbox::new();
    let mut command =
        sandboxed(&sandbox, "env; echo; cat ~/.aws/config; ls -ld ~ ~/.aws ~/.aws/config ~/.aws/sso-renewer");
    let leaks = [
        "AWS_PROFILE",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_CONFIG_FILE",
        "AWS_CA_BUNDLE",
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_ENDPOINT_URL",
        "AWS_REGION",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
        "SSO_STATE_DIR",
        "SSO_SIGNAL_FILE",
        "SSO_LOGIN_MODE",
        "HTTPS_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "REQUESTS_CA_BUNDLE",
    ];
    for name in leaks {
        command.env(name, "canary");
    }
    let seen = end(command, "").exits(0).stdout;
    assert!(!seen.contains("canary"), "{seen}");
    for name in [
        "HOME",
        "SSO_SANDBOX_URL",
        "BROWSER",
        "AWS_ENDPOINT_URL_SSO_OIDC",
        "AWS_ENDPOINT_URL_SSO",
        "AWS_ENDPOINT_URL_STS",
    ] {
        assert!(
            seen.contains(&format!("\n{name}=")) || seen.starts_with(&format!("{name}=")),
            "{name}: {seen}"
        );
    }
    for line in [
        "[sso-session sandbox]",
        "[profile demo]",
        "[profile demo-admin]",
        "[sso-session other]",
        "[profile other]",
    ] {
        assert!(seen.contains(&format!("\n{line}\n")), "{line}: {seen}");
    }
    assert_eq!(
        (seen.matches("\ndrwx------").count(), seen.matches("\n-rw-------").count()),
        (3, 1),
        "{seen}"
    );
}

#[test]
fn a_dot_env_file_does_not_lead_out() {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.root().join("work/.env"), "SSO_STATE_DIR=/canary\nSSO_SIGNAL_FILE=/canary\n")
        .unwrap();
    let script = "test \"$SSO_STATE_DIR\" = ~/.aws/sso-renewer && test -d \"$SSO_STATE_DIR\"";
    end(sandboxed(&sandbox, script), "").exits(0);
}

#[test]
fn stdin_goes_to_the_command() {
    let sandbox = Sandbox::new();
    let ended = end(sandboxed(&sandbox, "cat"), "through\n").exits(0);
    assert_eq!(ended.stdout, "through\n");
}

#[test]
fn a_signal_ends_the_command_and_the_home() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let sandbox = Sandbox::new();
        let mut command = sandboxed(&sandbox, "echo ready; exec sleep 1000");
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(homes(&sandbox).len(), 1);
        kill_process(Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap(), signal).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(128 + signal.as_raw()));
        assert_eq!(homes(&sandbox), Vec::<String>::new());
    }
}

#[test]
fn a_command_that_cleans_up_after_a_signal_is_waited_for() {
    let sandbox = Sandbox::new();
    let script = "trap 'test -d ~/.aws && exit 9' TERM; echo ready; while :; do sleep 0.01; done";
    let mut child = sandboxed(&sandbox, script).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    kill_process(Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap(), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(9));
}

#[test]
fn without_a_command_it_says_what_to_export_and_serves_until_a_signal() {
    let mut served = Served::start("");
    let export = &served.document["export"];
    assert_eq!(export["HOME"], served.document["home"]);
    assert_eq!(export["AWS_ENDPOINT_URL_SSO_OIDC"], served.document["oidcUrl"]);
    assert_eq!(export["SSO_SANDBOX_URL"], served.document["url"]);
    assert_eq!(served.document["unset"], json!([]));
    // What setup asks for.
    let config =
        std::fs::read_to_string(format!("{}/.aws/config", export["HOME"].as_str().unwrap())).unwrap();
    for (key, name) in [("sso_start_url", "startUrl"), ("sso_region", "region")] {
        let line = format!("\n{key} = {}\n", served.document[name].as_str().unwrap());
        assert!(config.contains(&line), "{line}: {config}");
    }
    crate::support::schema::check("sso-login sandbox", Some(""), &served.document.to_string());
    assert!(served.document["oidcUrl"].as_str().unwrap().starts_with("http://127.0.0.1:"));
    assert_eq!(homes(&served.sandbox).len(), 1);
    assert_eq!(served.stop(), Some(0));
    assert_eq!(homes(&served.sandbox), Vec::<String>::new());
}

#[test]
fn a_person_keeps_their_browser() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.tool("sso-login sandbox --approve ask -- printenv BROWSER");
    command.env("BROWSER", "firefox");
    assert_eq!(end(command, "").exits(0).stdout, "firefox\n");
}

#[test]
fn bad_flags_are_refused_with_what_would_do() {
    let sandbox = Sandbox::new();
    for (flags, text) in [
        ("--fail CreateToken", "OPERATION=STATUS"),
        ("--fail Create=503", "RegisterClient, StartDeviceAuthorization"),
        ("--error CreateToken=nonsense", "invalid_grant"),
        ("--token-lifetime 5", "1h30m"),
        ("--deny --expire", "cannot be used with"),
    ] {
        let ended = sandbox.run(&format!("sso-login sandbox {flags} -- true")).exits(2);
        assert!(ended.stderr.contains(text), "{flags}: {}", ended.stderr);
    }
}

#[test]
fn a_shell_on_a_terminal_is_told_where_it_is() {
    let Some(script) = script() else { return };
    let sandbox = Sandbox::new();
    let shown = |line: &str| {
        let mut command = sandbox.command(&script);
        command.args(["--quiet", "--return", "--command", line, "/dev/null"]).env("SHELL", "/bin/sh");
        end(command, "").exits(0).stdout
    };
    let banner = shown("sso-login sandbox -- true");
    assert_eq!(banner.lines().count(), 2, "{banner}");
    assert!(banner.starts_with("In the sandbox: ") && banner.contains("leave (exit)"), "{banner}");
    assert!(banner.contains("demo and demo-admin (one session) and other"), "{banner}");
    // Neither a command that isn't a shell, nor one whose streams go elsewhere.
    for line in [
        "sso-login sandbox -- sh -c true",
        "sso-login sandbox -- true < /dev/null",
        "sso-login sandbox -- true | cat",
    ] {
        assert_eq!(shown(line), "", "{line}");
    }
}

#[test]
fn a_state_that_is_moved_takes_its_signals_along() {
    let sandbox = Sandbox::new();
    let moved = |state: &str| {
        let script = format!("SSO_STATE_DIR={state} sso-signal write demo > /dev/null && ls {state}");
        end(sandboxed(&sandbox, &script), "")
    };
    moved("/proc/nothing").exits(74).says("cannot make /proc/nothing");
    assert!(moved("~/elsewhere").exits(0).stdout.contains("login-required.json"));
}
