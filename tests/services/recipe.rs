//! `just sso-exec`: the messages, the statuses, and arguments that come through as they are.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use crate::login::bench::after;
use crate::services::place::Place;
use crate::support::end;

/// `start-services.sh` in the folder where people type the command.
fn start_script(place: &Place, script: &str) {
    let path = place.bench.file("work/start-services.sh");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_service_starts_with_the_words_of_the_document() {
    // B1, B3, B4 (the profile's region, not that of its session), B10, B12, B22
    let Some(place) = Place::logged_in("") else { return };
    start_script(&place, "echo \"$AWS_REGION ${AWS_SESSION_TOKEN:+token} ${AWS_PROFILE-unset}\"; exit 7");
    let ended = place.run(&["demo", "--", "./start-services.sh"]);
    assert_eq!(ended.stdout, "eu-west-1 token unset\n");
    assert!(
        ended.stderr.starts_with(
            "[INFO] Profile 'demo' has no static credentials\n\
             [INFO] Detected SSO profile: demo\n\
             [✓] SSO credentials loaded for profile: demo\n\
             [✓] AWS region: eu-west-1\n"
        ),
        "{}",
        ended.stderr
    );
    assert_eq!(ended.code, 7, "CMD's own status\n{}", ended.stderr);
    assert!(!ended.stderr.contains("ecipe"), "just has nothing to add: {}", ended.stderr);
    place.is_undisturbed();
}

#[test]
fn an_expired_session_is_said_in_the_words_of_the_document_and_starts_nothing() {
    // B13, B21, B26
    let Some(place) = Place::logged_in("") else { return };
    start_script(&place, "touch started");
    place.bench.forward(9 * 3600);
    let late = after(9 * 3600);
    let ended = place.run_with(&[("SSO_NOW", &late)], &["demo", "--", "./start-services.sh"]).exits(77);
    let words = "[!] SSO credentials expired\n[INFO] Try running: aws sso login --profile demo\n";
    assert!(ended.stderr.contains(words), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("SSO session \"sandbox\" has expired"),
        "which of them has expired: {}",
        ended.stderr
    );

    let ended = place.run(&["other", "--", "./start-services.sh"]).exits(77);
    let words = "[!] Failed to load SSO credentials\n[INFO] Try running: aws sso login --profile other\n";
    assert!(ended.stderr.contains(words), "{}", ended.stderr);
    assert!(!place.bench.file("work/started").exists());
    place.is_undisturbed();
}

#[test]
fn a_missing_permission_is_no_expiry_and_leads_to_no_login() {
    // B24, B-c11
    let Some(place) = Place::logged_in("--error GetRoleCredentials=ForbiddenException") else { return };
    let ended = place.run(&["demo", "--", "touch", "started"]).exits(78);
    assert!(ended.stderr.contains("[!] Permission denied: this isn't an expiry"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("sso login") && !ended.stderr.contains("expired"), "{}", ended.stderr);
    place.bench.faults(&json!({"error": [], "fail": ["GetRoleCredentials=500"]}));
    let ended = place.run(&["demo", "--", "touch", "started"]).exits(69);
    assert!(!ended.stderr.contains("sso login") && !ended.stderr.contains("expired"), "{}", ended.stderr);
    assert!(!place.bench.file("work/started").exists());
    place.is_undisturbed();
}

#[test]
fn a_profile_made_of_another_names_the_login_that_helps() {
    // H37: what is over is the session of `other`, by which neither of these can log in.
    let Some(place) = Place::logged_in("") else { return };
    let made_of_other = "[profile chained]\nrole_arn = arn:aws:iam::111122223333:role/x\nsource_profile = other\n\
                         [profile process]\ncredential_process = sso-login credentials other\n";
    place.bench.configure(|text| text + made_of_other);
    let ended = place.run(&["chained", "--", "true"]).exits(77);
    assert!(ended.stderr.contains("[INFO] Try running: aws sso login --profile other\n"), "{}", ended.stderr);
    let ended = place.run(&["process", "--", "true"]).exits(77);
    assert!(ended.stderr.contains("[!] Credentials expired\n"), "{}", ended.stderr);
    for profile in ["chained", "process"] {
        let ended = place.bench.run(&format!("sso-login credentials {profile}")).exits(77);
        assert!(ended.stderr.ends_with("logged out; run: sso-login other\n"), "{}", ended.stderr);
        assert_eq!(ended.stderr.matches("run: sso-login").count(), 1, "{}", ended.stderr);
    }
    place.bench.configure(|text| text.replace("credentials other", "credentials demo"));
    let ended = place.bench.run("sso-login exec process --renewing --warn 1h -- true");
    assert_eq!(
        ended.stderr,
        "sso-login: profile `process` has no SSO session, so there will be no warning\n"
    );
}

#[test]
fn no_secret_is_said() {
    let Some(place) = Place::logged_in("") else { return };
    start_script(
        &place,
        "printf '%s\\n' \"$AWS_ACCESS_KEY_ID\" \"$AWS_SECRET_ACCESS_KEY\" \"$AWS_SESSION_TOKEN\"",
    );
    let arguments = ["demo", "--warn", "2h", "--", "./start-services.sh"];
    let ended = place.run_with(&[("SSO_LOG", "debug"), ("DEBUG", "true")], &arguments);
    assert_eq!((ended.code, ended.stdout.lines().count()), (0, 3), "{}", ended.stderr);
    for secret in ended.stdout.lines() {
        assert!(secret.len() > 8 && !ended.stderr.contains(secret), "{}", ended.stderr);
    }
}

#[test]
fn flags_and_hostile_arguments_come_through_as_they_are() {
    let Some(place) = Place::logged_in("") else { return };
    let hostile = [
        "a  b",
        "$(touch ran)",
        "`touch ran`",
        "'; touch ran; '",
        "\"",
        "-x",
        "--",
        "",
        "new\nline",
        "{{x}}",
    ];
    let show = ["demo-admin", "--renewing", "--", "printf", "<%s>"];
    let ended = place.run(&[&show[..], &hostile].concat());
    let expected = format!("<{}>", hostile.join("><"));
    assert_eq!((ended.code, ended.stdout.as_str()), (0, expected.as_str()), "{}", ended.stderr);

    let ended = place.run(&[
        "demo-admin",
        "--renewing",
        "--text",
        "--",
        "sh",
        "-c",
        "echo $AWS_PROFILE ${AWS_SESSION_TOKEN-none}",
    ]);
    assert_eq!((ended.code, ended.stdout.as_str()), (0, "demo-admin none\n"), "{}", ended.stderr);
    place.run(&["$(touch ran)", "--", "true"]).exits(78);
    place.run(&["demo"]).exits(2);
    assert!(!place.bench.file("work/ran").exists());
}

#[test]
fn signals_and_streams_are_the_services_own() {
    let Some(place) = Place::logged_in("") else { return };
    for flags in [&[][..], &["--warn", "1s"]] {
        let run = |script: &str| {
            let words = [&["demo"], flags, &["--", "sh", "-c", script]].concat();
            end(place.exec(&words), "input")
        };
        let ended = run("cat; exit 3");
        assert_eq!((ended.code, ended.stdout.as_str()), (3, "input"), "{}", ended.stderr);
        assert_eq!(run("kill -TERM $$").code, 143);
    }
}
