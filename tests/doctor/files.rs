//! Variables, config, cache, permissions, sessions, watcher, monitor.

use std::fs;
use std::os::unix::fs::chown;

use crate::doctor::{CONFIG, chmod, doctor, expect, healthy, of, put_token};
use crate::support::{Sandbox, end};

#[test]
fn variables_that_stand_before_a_profile() {
    let sandbox = healthy();
    let check = |variables: &[(&str, &str)], status, seen, fix| {
        expect(&doctor(&sandbox, "--offline", variables), "variables", status, seen, fix);
    };
    let keys = [("AWS_ACCESS_KEY_ID", "AKIACANARY"), ("AWS_SECRET_ACCESS_KEY", "CANARY")];
    check(&keys, "warning", "come before AWS_PROFILE", "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY");
    check(&keys[..1], "error", "without the rest of the key", "unset AWS_ACCESS_KEY_ID");
    check(&[("AWS_SESSION_TOKEN", "CANARY")], "warning", "AWS_SESSION_TOKEN", "unset AWS_SESSION_TOKEN");
    check(&[("AWS_PROFILE", "")], "error", "set and empty", "unset AWS_PROFILE");
    check(&[("AWS_PROFILE", "cd")], "error", "`cd`, which is in no config", "sso-profile list");
    check(&[("AWS_DEFAULT_PROFILE", "cc")], "warning", "beats AWS_PROFILE", "unset AWS_DEFAULT_PROFILE");
    let both = [("AWS_PROFILE", "cc"), ("AWS_DEFAULT_PROFILE", "other")];
    check(
        &both,
        "warning",
        "AWS_PROFILE is `cc` and AWS_DEFAULT_PROFILE is `other`",
        "unset AWS_DEFAULT_PROFILE",
    );
    let same = [("AWS_PROFILE", "cc"), ("AWS_DEFAULT_PROFILE", "cc")];
    check(&same, "ok", "no variable overrides a profile", "");
    let role = [("AWS_ROLE_ARN", "arn:aws:iam::1:role/R"), ("AWS_WEB_IDENTITY_TOKEN_FILE", "/t")];
    check(&role, "warning", "AWS_ROLE_ARN and", "unset AWS_ROLE_ARN AWS_WEB_IDENTITY_TOKEN_FILE");
    check(&role[1..], "error", "without AWS_ROLE_ARN", "unset AWS_WEB_IDENTITY_TOKEN_FILE");
    check(&role[..1], "ok", "no variable overrides a profile", "");
    check(&[("SSO_ENV_FILE", "/nothing/there")], "warning", "which doesn't exist", "unset SSO_ENV_FILE");
    check(
        &[("HOME", "rel")],
        "error",
        "HOME is `rel`, a relative path",
        "export HOME=\"$(cd \"$HOME\" && pwd)\"",
    );
    check(&[("AWS_CONFIG_FILE", "")], "warning", "AWS_CONFIG_FILE is set and empty", "unset AWS_CONFIG_FILE");
    check(&[("AWS_REGION", "a"), ("AWS_DEFAULT_REGION", "b")], "warning", "boto", "unset AWS_DEFAULT_REGION");
}

#[test]
fn static_keys_beside_an_sso_profile_are_named_and_the_command_takes_them_out() {
    let sandbox = healthy();
    expect(&doctor(&sandbox, "--offline", &[]), "static-keys", "skipped", "no credentials file", "");
    let keys = "aws_access_key_id = AKIACANARY\naws_secret_access_key = CANARY\n";
    let file = sandbox.write(".aws/credentials", format!("[cc]\n{keys}region = x\n[ci]\n{keys}"));
    let found =
        expect(&doctor(&sandbox, "--offline", &[]), "static-keys", "warning", "profile `cc`", "sed -i.bak");
    assert_eq!(found["profile"], "cc");
    crate::support::end(sandbox.shell(found["fix"].as_str().unwrap()), "").exits(0);
    assert_eq!(std::fs::read_to_string(file).unwrap(), format!("[cc]\nregion = x\n[ci]\n{keys}"));
    expect(&doctor(&sandbox, "--offline", &[]), "static-keys", "ok", "no SSO profile has static keys", "");
}

#[test]
fn a_config_that_is_refused_names_its_line() {
    let sandbox = healthy();
    sandbox.write(".aws/config", format!("{CONFIG}[profile cc]\n"));
    let ended = doctor(&sandbox, "--offline -e", &[]);
    assert_eq!(ended.code, 78);
    expect(&ended, "config", "error", "line 8: section `[profile cc]` appears twice", "fix line 8");
    expect(&ended, "session", "skipped", "the config can't be read", "");
}

#[test]
fn profiles_that_cannot_be_used_are_named() {
    let sandbox = healthy();
    sandbox.write(
        ".aws/config",
        format!("{CONFIG}[profile lost]\nsso_session = gone\nsso_account_id = 1\nsso_role_name = R\n"),
    );
    let ended = doctor(&sandbox, "--offline", &[]);
    expect(
        &ended,
        "config",
        "warning",
        "sso-session `gone`, which does not exist",
        "sso-profile write lost --sso-session corp --replace",
    );
    let ended = doctor(&sandbox, "lost --offline -e", &[]);
    expect(&ended, "config", "error", "`gone`", "sso-profile");
    expect(
        &doctor(&sandbox, "ccc --offline", &[]),
        "config",
        "error",
        "did you mean `cc`?",
        "sso-profile list",
    );
    sandbox.write(".aws/config", "");
    expect(
        &doctor(&sandbox, "--offline", &[]),
        "config",
        "warning",
        "there is no profile",
        "sso-login setup NAME",
    );
}

#[test]
fn lines_that_some_sdks_read_otherwise_are_named() {
    let sandbox = healthy();
    sandbox.write(".aws/config", format!("{CONFIG}[profile 'x y']\nregion: eu-west-1\n[profile r]\nsso_session = corp\nsso_region = eu-west-1\n"));
    let ended = doctor(&sandbox, "--offline", &[]);
    for (line, seen, fix) in [
        (8, "JS and Rust SDKs drop", "[profile x-y]"),
        (9, "Rust SDK refuses", "region ="),
        (12, "`sso_region`", "remove"),
    ] {
        assert_eq!(expect(&ended, "readers", "warning", seen, fix)["line"], line);
    }
    sandbox.write(".aws/config", format!("\u{feff}{CONFIG}"));
    expect(&doctor(&sandbox, "--offline", &[]), "readers", "warning", "byte order mark", "sed");
}

#[test]
fn a_torn_cache_file_leads_to_repair_which_heals_it() {
    let sandbox = healthy();
    fs::write(sandbox.role_dir().join(format!("{}.json", "b".repeat(40))), "{\"Cred").unwrap();
    let ended = doctor(&sandbox, "--offline -e", &[]);
    assert_eq!(ended.code, 65);
    expect(&ended, "cache", "error", "is not one whole JSON object", "sso-cache repair");
    sandbox.run("sso-cache repair").exits(0);
    expect(&doctor(&sandbox, "--offline -e", &[]).exits(0), "cache", "ok", "no file", "");
    sandbox.run("sso-cache list").exits(0);
}

#[test]
fn files_that_others_may_read_or_write_are_named() {
    let sandbox = healthy();
    let permissions = |status, seen: &str, fix: &str| {
        expect(&doctor(&sandbox, "--offline", &[]), "permissions", status, seen, fix);
    };
    let token = fs::read_dir(sandbox.token_dir()).unwrap().next().unwrap().unwrap().path();
    chmod(&token, 0o644);
    permissions("ok", "", "");
    chmod(&sandbox.token_dir(), 0o755);
    permissions("warning", "others may read", "chmod go=");
    chmod(&sandbox.token_dir(), 0o777);
    permissions("error", "others may put files", "chmod go-w");
    chmod(&sandbox.token_dir(), 0o500);
    permissions("error", "nothing can be written", "chmod u+rwx");
    chmod(&sandbox.token_dir(), 0o700);
    if chown(&token, Some(12345), None).is_ok() {
        permissions("error", "belongs to user 12345", "sudo chown");
    }
}

/// Before the first login there is no cache yet: what counts is whether it can be made.
#[test]
fn a_folder_that_could_not_be_made_is_an_error_and_a_refused_write_leads_to_the_doctor() {
    let sandbox = healthy();
    fs::remove_dir_all(sandbox.home().join(".aws/sso")).unwrap();
    chmod(&sandbox.home().join(".aws"), 0o500);
    let ended = doctor(&sandbox, "--offline", &[]);
    for check in ["permissions", "state-directory"] {
        let found =
            expect(&ended, check, "error", "can't be made: nothing can be written to ", "chmod u+rwx ");
        assert!(found["fix"].as_str().unwrap().ends_with("/.aws"), "{found}");
    }
    if fs::create_dir(sandbox.home().join(".aws/x")).is_err() {
        sandbox.run("sso-signal mode auto").exits(74).says("hint: sso-login doctor --text");
    }
    chmod(&sandbox.home().join(".aws"), 0o700);
    chmod(&sandbox.config(), 0o000);
    if fs::read(sandbox.config()).is_err() {
        let ended = doctor(&sandbox, "--offline", &[]);
        expect(&ended, "config", "error", "Permission denied", "chmod u+rw ");
        expect(&ended, "readers", "skipped", "the config can't be read", "");
    }
}

#[test]
fn a_state_directory_that_others_may_write_to_is_an_error() {
    let sandbox = healthy();
    fs::create_dir(sandbox.state()).unwrap();
    for (mode, status, seen) in
        [(0o700, "ok", "private"), (0o755, "warning", "others may read"), (0o777, "error", "forge")]
    {
        chmod(&sandbox.state(), mode);
        let fix = if status == "ok" { "" } else { "chmod 700" };
        expect(&doctor(&sandbox, "--offline", &[]), "state-directory", status, seen, fix);
    }
    fs::remove_dir(sandbox.state()).unwrap();
    fs::write(sandbox.state(), "").unwrap();
    expect(&doctor(&sandbox, "--offline", &[]), "state-directory", "error", "isn't a directory", "rm ");
}

#[test]
fn a_session_that_is_over_leads_to_a_login() {
    let sandbox = healthy();
    let session = |status, seen: &str, fix: &str| {
        expect(&doctor(&sandbox, "--offline", &[]), "session", status, seen, fix);
    };
    put_token(&sandbox, "2026-11-21T11:00:00Z", "2027-01-01T00:00:00Z");
    session("ok", "is renewed without a login", "");
    put_token(&sandbox, "2026-11-21T11:00:00Z", "2026-11-21T11:00:00Z");
    session("warning", "ended at 2026-11-21T11:00:00Z", "sso-login cc");
    let token = fs::read_dir(sandbox.token_dir()).unwrap().next().unwrap().unwrap().path();
    fs::write(&token, "{").unwrap();
    session("warning", "is not one whole JSON object", "sso-cache repair; sso-login cc");
    fs::remove_file(&token).unwrap();
    session("warning", "nobody is logged in to sso-session corp", "sso-login cc");
}

#[test]
fn a_registration_that_ends_is_told_before_consent_is_asked_again() {
    let sandbox = healthy();
    for (until, status, seen) in [
        ("2027-01-01T00:00:00Z", "ok", "lasts until"),
        ("2026-11-25T00:00:00Z", "warning", "then AWS will ask for consent again"),
        ("2026-11-21T00:00:00Z", "warning", "ended at 2026-11-21T00:00:00Z: AWS will ask for consent again"),
    ] {
        put_token(&sandbox, crate::doctor::AFTER, until);
        let fix = if status == "ok" { "" } else { "sso-login cc --force" };
        expect(&doctor(&sandbox, "--offline", &[]), "registration", status, seen, fix);
    }
}

#[test]
fn a_watcher_that_lives_or_died_is_told() {
    let sandbox = healthy();
    let mut command = sandbox.tool("sso-lock run watcher --");
    command.arg(crate::support::tool("sso-login")).args(["doctor", "--offline"]);
    expect(&end(command, ""), "watcher", "ok", "a watcher runs", "");
    expect(&doctor(&sandbox, "--offline", &[]), "watcher", "skipped", "no watcher runs", "");
    let dead = sandbox.shell("sso-lock run watcher -- bash -c 'kill -9 $PPID' || true");
    end(dead, "");
    expect(&doctor(&sandbox, "--offline", &[]), "watcher", "warning", "the watcher died", "sso-watch");
}

#[test]
fn a_monitor_that_fell_silent_is_told() {
    let sandbox: Sandbox = healthy();
    let beat = |now: &str| {
        let mut write = sandbox.tool("sso-signal write --source box");
        write.env("SSO_NOW", now);
        end(write, "{\"profile\":\"cc\",\"loginRequired\":false}").exits(0);
    };
    beat("2026-11-21T11:50:00Z");
    let ended = doctor(&sandbox, "--offline", &[]);
    expect(&ended, "monitor", "warning", "`box` was last seen at 2026-11-21T11:50:00Z", "sso-monitor");
    beat("2026-11-21T11:59:00Z");
    assert_eq!(of(&doctor(&sandbox, "--offline", &[]), "monitor")[0]["status"], "ok");
}

#[test]
fn a_role_of_an_sso_profile_is_about_its_session() {
    let sandbox = healthy();
    let chain = "[profile test]\nrole_arn = arn:aws:iam::444455556666:role/T\nsource_profile = cc\n\
                 [profile far]\nrole_arn = arn:aws:iam::444455556666:role/F\nsource_profile = test\n";
    sandbox.write(".aws/config", format!("{CONFIG}{chain}"));
    let session = |profile: &str, status: &str, seen: &str| {
        let ended = doctor(&sandbox, &format!("--offline {profile}"), &[]);
        let finding = expect(&ended, "session", status, seen, "");
        assert_eq!(finding["profile"], profile);
    };
    for profile in ["test", "far"] {
        session(profile, "ok", "is logged in");
    }
    std::fs::remove_dir_all(sandbox.token_dir()).unwrap();
    for profile in ["test", "far"] {
        session(profile, "warning", "nobody is logged in to sso-session corp");
    }
}
