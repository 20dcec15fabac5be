//! The AWS CLI, the browser, the dialog.

use crate::doctor::{doctor, expect, healthy};

const V1: &str = "#!/bin/sh\necho aws-cli/1.46.2 Python/3.11.7 Linux/6 botocore/1.43.62\n";

#[test]
fn a_version_1_that_hides_version_2_is_named() {
    let sandbox = healthy();
    let v2 = sandbox.program("aws", "#!/bin/sh\necho aws-cli/2.36.7 Python/3.11.7\n");
    let venv = sandbox.root().join("venv");
    std::fs::create_dir(&venv).unwrap();
    let v1 = sandbox.program("aws1", V1);
    std::fs::rename(&v1, venv.join("aws")).unwrap();
    let path = format!("{}:{}", venv.display(), sandbox.path());
    let ended = doctor(&sandbox, "--offline", &[("PATH", &path)]);
    let fix = format!("export PATH={}:", v2.parent().unwrap().display());
    let found = expect(&ended, "aws-cli", "warning", "is AWS CLI 1.46.2, which has no `sso login`", &fix);
    assert!(found["seen"].as_str().unwrap().contains("comes first on PATH"), "{found}");
}

#[test]
fn without_version_2_the_installer_is_named() {
    let sandbox = healthy();
    let v1 = sandbox.program("aws", V1);
    let ended = doctor(&sandbox, "--offline", &[("SSO_AWS", v1.to_str().unwrap())]);
    expect(&ended, "aws-cli", "warning", "there is no AWS CLI v2", "https://awscli.amazonaws.com/");
}

#[test]
fn a_version_without_sessions_is_taken_only_if_there_is_no_other() {
    let sandbox = healthy();
    sandbox.program("aws", "#!/bin/sh\necho aws-cli/2.36.7 Python/3.11.7\n");
    let old = sandbox.root().join("old");
    std::fs::create_dir(&old).unwrap();
    std::fs::rename(sandbox.program("aws1", "#!/bin/sh\necho aws-cli/2.7.0 Python/3\n"), old.join("aws"))
        .unwrap();
    let alone = doctor(&sandbox, "--offline", &[("SSO_AWS", old.join("aws").to_str().unwrap())]);
    expect(&alone, "aws-cli", "warning", "is AWS CLI 2.7.0, which knows no sso-session", "install");
    let path = format!("{}:{}", old.display(), sandbox.path());
    let first = doctor(&sandbox, "--offline", &[("PATH", &path)]);
    let found = expect(
        &first,
        "aws-cli",
        "warning",
        "which knows no sso-session; it comes first on PATH",
        "export PATH=",
    );
    assert_eq!(found["version"], "2.36.7");
}

#[test]
fn a_config_that_the_aws_cli_refuses_hides_no_version_2() {
    let sandbox = healthy();
    let refuses =
        "#!/bin/sh\nif grep -s broken \"${AWS_CONFIG_FILE:-$HOME/.aws/config}\"; then exit 255; fi\n";
    sandbox.program("aws", &format!("{refuses}echo aws-cli/2.36.7 Python/3.11.7\n"));
    sandbox.write(".aws/config", "[broken\n");
    expect(&doctor(&sandbox, "--offline", &[]), "aws-cli", "ok", "AWS CLI 2.36.7", "");
}

#[test]
fn a_browser_that_would_block_the_aws_cli_is_named() {
    let sandbox = healthy();
    let browser = |value: &str, status, seen, fix| {
        expect(&doctor(&sandbox, "--offline", &[("BROWSER", value)]), "browser", status, seen, fix);
    };
    for name in ["lynx", "open-it"] {
        sandbox.program(name, "#!/bin/sh\n");
    }
    browser("lynx", "warning", "waits until", "export BROWSER='lynx %s &'");
    browser("open-it %s", "warning", "serves no page", "export BROWSER='open-it %s &'");
    browser("open-it %s &", "ok", "", "");
    browser("open-it", "ok", "", "");
    browser("not-there", "error", "`not-there`, which doesn't exist", "unset BROWSER");
}

#[test]
fn a_dialog_program_that_is_missing_is_named() {
    let sandbox = healthy();
    let dialog = |variables: &[(&str, &str)], status, seen, fix| {
        expect(&doctor(&sandbox, "--offline", variables), "dialog", status, seen, fix);
    };
    let own = sandbox.program("ask me", "#!/bin/sh\n");
    dialog(&[("SSO_DIALOG", "none")], "ok", "SSO_DIALOG is none", "");
    dialog(&[("SSO_DIALOG", own.to_str().unwrap())], "ok", "SSO_DIALOG is", "");
    dialog(
        &[("SSO_DIALOG", "not-there --x")],
        "error",
        "`not-there`, which doesn't exist",
        "unset SSO_DIALOG",
    );
    let bare = sandbox.root().join("bin");
    let path = ("PATH", bare.to_str().unwrap());
    dialog(&[("DISPLAY", ":9"), path], "warning", "no program for dialogs", "zenity");
    sandbox.program("zenity", "#!/bin/sh\n");
    dialog(&[("DISPLAY", ":9"), path], "ok", "zenity asks", "");
}
