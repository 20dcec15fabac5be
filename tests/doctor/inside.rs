//! Inside a box: a virtualenv's version 1 comes first on PATH, or there is no AWS CLI at all.

use crate::support::{Sandbox, aws_v2, end, peer, tool};

/// A virtualenv whose `aws` is version 1 and notes how it is called; its folder and its notes.
const VENV: &str = r#"#!/bin/sh
echo "$*" >>"$VENV_NOTES"
test "$1" = --version || exit 2
echo aws-cli/1.46.2 Python/3.11.7 Linux/6 botocore/1.43.62
"#;

#[test]
fn a_login_uses_version_2_by_its_path_though_version_1_comes_first() {
    let Some(aws) = aws_v2() else { return };
    let sandbox = Sandbox::new();
    let notes = sandbox.root().join("notes");
    sandbox.program("aws", VENV);
    let mut command = sandbox.tool("sso-login sandbox");
    let path = format!("{}:{}", sandbox.path(), aws.parent().unwrap().display());
    command.env_remove("SSO_NOW").env("PATH", &path).env("VENV_NOTES", &notes).args(["--"]);
    command.arg(tool("sso-login")).args(["demo", "--via", "aws"]);
    let ended = end(command, "");
    let outcome = ended.documents().pop().unwrap();
    assert_eq!(
        (&outcome["outcome"], &outcome["via"]),
        (&"success".into(), &"aws".into()),
        "{}",
        ended.stderr
    );
    assert_eq!(std::fs::read_to_string(notes).unwrap(), "--version\n");
}

#[test]
fn without_version_2_version_1_is_named_and_the_installer_is_the_hint() {
    let sandbox = Sandbox::new();
    let v1 = sandbox.program("aws", VENV);
    let mut command = sandbox.tool("sso-login sandbox");
    command.env_remove("SSO_NOW").env("VENV_NOTES", "/dev/null").env("SSO_AWS", &v1).args(["--"]);
    command.arg(tool("sso-login")).args(["demo", "--via", "aws"]);
    let ended = end(command, "");
    assert_eq!(ended.code, 78, "{}", ended.stderr);
    assert!(ended.stderr.contains("is AWS CLI 1.46.2, which has no `sso login`"), "{}", ended.stderr);
    let hint = ended.stderr.lines().find(|line| line.starts_with("sso-login: hint: ")).unwrap();
    assert!(hint.contains("--via device") && hint.contains("https://awscli.amazonaws.com/"), "{hint}");
    // The same box logs in without any AWS CLI.
    let mut command = sandbox.tool("sso-login sandbox");
    command.env_remove("SSO_NOW").env("VENV_NOTES", "/dev/null").env("SSO_AWS", &v1).args(["--"]);
    command.arg(tool("sso-login")).args(["demo", "--no-browser"]);
    assert_eq!(end(command, "").documents().pop().unwrap()["via"], "device");
}

#[test]
fn the_tools_need_no_library_but_those_of_every_system() {
    let Some(ldd) = peer("SSO_TEST_LDD", "ldd") else { return };
    let sandbox = Sandbox::new();
    for name in ["sso-signal", "sso-lock", "sso-cache", "sso-profile", "sso-login"] {
        let mut command = sandbox.command(&ldd);
        command.arg(tool(name));
        for line in end(command, "").stdout.lines() {
            let library = line.split_whitespace().next().unwrap();
            let base = [
                "linux-vdso",
                "libc.so",
                "libm.so",
                "libgcc_s.so",
                "libpthread",
                "libdl",
                "ld-linux",
                "statically",
            ];
            assert!(base.iter().any(|known| library.contains(known)), "{name} needs {library}");
        }
    }
}
