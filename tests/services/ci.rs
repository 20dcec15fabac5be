//! Without SSO and without a terminal: static keys of a profile, of the environment, of the toolkit's file.

use std::fs;

use crate::services::place::Place;
use crate::support::end;

const SHOW: [&str; 4] = ["--", "sh", "-c", "echo ${AWS_ACCESS_KEY_ID-none} ${AWS_SESSION_TOKEN-none}"];

/// A machine without any profile.
fn place() -> Option<Place> {
    let place = Place::logged_in("")?;
    place.bench.configure(|_| String::new());
    Some(place)
}

#[test]
fn a_static_profile_works_and_is_called_one() {
    // B19, B26
    let Some(place) = place() else { return };
    let keys = "[ci]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = canary\n";
    fs::write(place.bench.home().join(".aws/credentials"), keys).unwrap();
    place.toolkit_env("export BACKLOG_AWS_PROFILE=ci\n");
    for arguments in [&SHOW[..], &[&["ci"], &SHOW[..]].concat()] {
        let ended = place.run(arguments);
        assert_eq!((ended.code, ended.stdout.as_str()), (0, "AKIAEXAMPLE none\n"), "{}", ended.stderr);
        assert!(ended.stderr.starts_with("[INFO] Detected profile: ci (static)\n"), "{}", ended.stderr);
        assert!(ended.stderr.contains("[✓] Credentials loaded for profile: ci\n"), "{}", ended.stderr);
        assert!(!ended.stderr.contains("SSO") && !ended.stderr.contains("canary"), "{}", ended.stderr);
    }
    place.is_undisturbed();
}

#[test]
fn the_keys_of_a_job_work_without_any_profile_and_say_where_they_are() {
    // B19, B26
    let Some(place) = place() else { return };
    let keys = [
        ("AWS_ACCESS_KEY_ID", "AKIAJOB"),
        ("AWS_SECRET_ACCESS_KEY", "canary"),
        ("AWS_SESSION_TOKEN", "t"),
        ("AWS_REGION", "eu-west-1"),
    ];
    let ended = place.run_with(&keys, &SHOW);
    assert_eq!((ended.code, ended.stdout.as_str()), (0, "AKIAJOB t\n"), "{}", ended.stderr);
    let said = "[INFO] No profile: the keys of the environment are used\n[✓] AWS region: eu-west-1\n";
    assert_eq!(ended.stderr, said);

    place.toolkit_env("export AWS_ACCESS_KEY_ID=AKIAFILE\nexport AWS_SECRET_ACCESS_KEY='canary'\n");
    let ended = place.run(&SHOW);
    assert_eq!((ended.code, ended.stdout.as_str()), (0, "AKIAFILE none\n"), "{}", ended.stderr);
    assert!(ended.stderr.contains("the keys of the settings file are used"), "{}", ended.stderr);
    // All of a key comes from one place.
    let ended = place.run_with(&[keys[0], keys[1]], &SHOW);
    assert_eq!(ended.stdout, "AKIAJOB none\n");
    // A checkout's own `.env` is nobody's choice of keys.
    fs::remove_file(place.bench.home().join(".backlog-toolkit-env")).unwrap();
    fs::write(place.bench.file("work/.env"), "AWS_ACCESS_KEY_ID=AKIADOT\nAWS_SECRET_ACCESS_KEY=x\n").unwrap();
    place.run(&SHOW).exits(78);
}

/// What the command finds, and what was said about it.
const FOUND: [&str; 4] =
    ["--", "sh", "-c", "echo ${AWS_ACCESS_KEY_ID-none} ${AWS_REGION-none} ${AWS_DEFAULT_REGION-none}"];

#[test]
fn a_default_profile_that_nobody_named_and_that_has_no_credentials_does_not_beat_keys() {
    // B19, B26
    let Some(place) = place() else { return };
    let keys = [("AWS_ACCESS_KEY_ID", "AKIAJOB"), ("AWS_SECRET_ACCESS_KEY", "canary")];
    place
        .bench
        .configure(|_| "[default]\nregion = eu-west-1\n[profile empty]\nregion = eu-west-1\n".to_owned());
    let ended = place.run_with(&keys, &FOUND);
    assert_eq!((ended.code, ended.stdout.as_str()), (0, "AKIAJOB eu-west-1 eu-west-1\n"), "{}", ended.stderr);
    let said = "[INFO] No profile: the keys of the environment are used\n[✓] AWS region: eu-west-1\n";
    assert_eq!(ended.stderr, said);
    let bench = &place.bench;
    let ended = bench.run_with("sso-login credentials --format env-no-export", &keys).exits(0);
    assert_eq!(ended.stdout, "AWS_ACCESS_KEY_ID=AKIAJOB\nAWS_SECRET_ACCESS_KEY=canary\n");
    let ended = place.run_with(&[keys[0], keys[1], ("AWS_REGION", "us-east-2")], &FOUND);
    assert_eq!(ended.stdout, "AKIAJOB us-east-2 none\n");

    // Somebody named these, or meant what is in them.
    for (name, from) in [("empty", "AWS_PROFILE"), ("default", "BACKLOG_AWS_PROFILE")] {
        place.run_with(&[keys[0], keys[1], (from, name)], &FOUND).exits(78);
    }
    place.run_with(&keys, &[&["default"], &FOUND[..]].concat()).exits(78);
    place.bench.configure(|_| {
        "[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = canary\n".to_owned()
    });
    assert_eq!(place.run_with(&keys, &FOUND).stdout, "AKIADEFAULT none none\n");
}

#[test]
fn the_region_of_the_toolkits_file_counts_as_that_of_the_environment_does() {
    // B16, B26
    let Some(place) = place() else { return };
    let keys = "export AWS_ACCESS_KEY_ID=AKIAFILE\nexport AWS_SECRET_ACCESS_KEY=canary\n";
    for name in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
        place.toolkit_env(&format!("{keys}export {name}=us-east-1\nexport {name}=eu-west-2\n"));
        for flags in [&[][..], &["--pass-env"]] {
            let run = |variables: &[(&str, &str)]| place.run_with(variables, &[flags, &FOUND].concat());
            let ended = run(&[]);
            assert_eq!(ended.stdout, "AKIAFILE eu-west-2 eu-west-2\n", "{}", ended.stderr);
            assert!(ended.stderr.contains("[✓] AWS region: eu-west-2\n"), "{}", ended.stderr);
            assert_eq!(run(&[("AWS_REGION", "eu-west-3")]).stdout, "AKIAFILE eu-west-3 none\n");
        }
    }
    // The profile knows better; one without a region doesn't.
    let profile = "aws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = canary\n";
    place
        .bench
        .configure(|_| format!("[profile near]\n{profile}[profile far]\nregion = sa-east-1\n{profile}"));
    for (name, region) in [("near", "eu-west-2"), ("far", "sa-east-1")] {
        let ended = place.run(&[&[name], &FOUND[..]].concat());
        assert_eq!(ended.stdout, format!("AKIAEXAMPLE {region} {region}\n"), "{}", ended.stderr);
    }
}

#[test]
fn where_nothing_is_there_it_says_what_could_be_and_starts_nothing() {
    // B26
    let Some(place) = place() else { return };
    for (variables, said) in [
        (&[][..], "[!] No credentials: nobody named a profile"),
        (&[("AWS_ACCESS_KEY_ID", "AKIAHALF")], "[!] No credentials: nobody named a profile"),
        (
            &[("BACKLOG_AWS_PROFILE", "gone")],
            "[!] No credentials for profile: gone (named by BACKLOG_AWS_PROFILE)\n",
        ),
    ] {
        let ended = place.run_with(variables, &["--", "touch", "started"]).exits(78);
        assert!(ended.stderr.contains(said), "{}", ended.stderr);
        assert!(!ended.stderr.contains("sso login") && !ended.stderr.contains("y/N"), "{}", ended.stderr);
    }
    assert!(!place.bench.file("work/started").exists());
    place.is_undisturbed();
}

#[test]
fn what_a_shell_still_has_does_not_shadow_the_profile() {
    // B9, H33: stale keys of last week, and a profile that was asked for.
    let Some(place) = Place::logged_in("") else { return };
    let mut command = place.exec(&["demo", "--", "sh", "-c", "echo $AWS_ACCESS_KEY_ID"]);
    command.env("AWS_ACCESS_KEY_ID", "AKIASTALE").env("AWS_SECRET_ACCESS_KEY", "canary");
    let ended = end(command, "");
    assert!(ended.code == 0 && ended.stdout.starts_with("ASIA"), "{}", ended.stderr);
    assert!(ended.stderr.contains("[INFO] The keys of the environment are set aside"), "{}", ended.stderr);
}
