//! Logging out of one session: at the service, in its files, and nowhere else.

use std::fs;

use serde_json::json;

use crate::login::bench::{Bench, TOKEN, after};
use crate::support::{end, names, peer, tool};

/// Two sessions, credentials of three profiles, and a token of another tool.
fn busy() -> Bench {
    let bench = Bench::logged_in("");
    bench.device("other").succeeds("success");
    for profile in ["demo", "demo-admin", "other"] {
        bench.run(&format!("sso-login credentials {profile}")).exits(0);
    }
    fs::write(
        bench.cache().join("foreign.json"),
        r#"{"accessToken": "theirs", "expiresAt": "2126-01-01T00:00:00Z"}"#,
    )
    .unwrap();
    bench
}

fn roles(bench: &Bench) -> usize {
    names(bench.home().join(".aws/cli/cache")).len()
}

#[test]
fn one_session_goes_and_everything_else_stays() {
    let bench = busy();
    let before = names(bench.cache()).len();
    let document = bench.run("sso-login logout demo").exits(0).document();
    assert_eq!(
        json!([
            document["ssoSession"],
            document["loggedOut"],
            document["wasLoggedIn"],
            document["serviceTold"],
            document["sessionProfiles"]
        ]),
        json!(["sandbox", true, true, true, ["demo", "demo-admin"]])
    );
    assert_eq!(document["removed"].as_array().unwrap().len(), 3);
    assert!(!bench.cache().join(TOKEN).exists());
    assert_eq!((names(bench.cache()).len(), roles(&bench)), (before - 1, 1));
    assert!(bench.cache().join("foreign.json").exists());
    assert_eq!(bench.count("Logout"), 1);
    bench.run("sso-login whoami other").exits(0);
    bench.run("sso-login credentials demo").exits(77);
    // Registrations stay: nobody has to consent to this client again.
    bench.device("demo").succeeds("success");
    let again = bench.run("sso-login logout demo").exits(0).document();
    assert_eq!(again["removed"].as_array().unwrap().len(), 1);
    let nothing = bench.run("sso-login logout demo").exits(0).document();
    assert_eq!(
        json!([nothing["loggedOut"], nothing["wasLoggedIn"], nothing["serviceTold"], nothing["removed"]]),
        json!([true, false, false, []])
    );
}

#[test]
fn all_sessions_of_the_config_go_only_if_asked() {
    let bench = busy();
    let documents = bench.run("sso-login logout --all").exits(0).documents();
    assert_eq!(documents.len(), 2);
    assert_eq!((bench.count("Logout"), roles(&bench)), (2, 0));
    assert!(bench.cache().join("foreign.json").exists(), "another tool's");
    bench.run("sso-login logout demo --all").exits(2);
}

#[test]
fn all_means_the_tokens_of_sessions_that_no_config_names_too() {
    let bench = busy();
    // A session without a profile, one that was removed from the config, and one without a refresh token.
    let other = "[sso-session other]\nsso_start_url = https://d-1234567890.awsapps.com/start\nsso_region = us-east-1\n";
    bench.configure(|_| other.to_owned());
    let mut dead = bench.token();
    dead["expiresAt"] = json!("2026-01-01T00:00:00Z");
    dead.as_object_mut().unwrap().shift_remove("refreshToken");
    fs::write(bench.cache().join("dead.json"), dead.to_string()).unwrap();
    // None of these is a token of SSO: they stay.
    let mut elsewhere = bench.token();
    elsewhere["region"] = json!("evil.example/");
    fs::write(bench.cache().join("region.json"), elsewhere.to_string()).unwrap();
    fs::write(bench.cache().join("torn.json"), &bench.token_text()[..40]).unwrap();
    fs::write(bench.cache().join("token.txt"), bench.token_text()).unwrap();
    let others: Vec<_> = names(bench.cache());
    let documents = bench.run("sso-login logout --all").exits(0).documents();

    let ended: Vec<_> = documents
        .iter()
        .map(|document| json!([document["ssoSession"], document["wasLoggedIn"], document["sessionProfiles"]]))
        .collect();
    assert_eq!(ended, [json!(["other", true, []]), json!([null, true, []]), json!([null, false, []])]);
    for document in &documents {
        assert_eq!(document["startUrl"], "https://d-1234567890.awsapps.com/start");
        assert_eq!(
            (&document["loggedOut"], document["removed"].as_array().unwrap().len()),
            (&json!(true), 1)
        );
        assert!(document.get("profile").is_none(), "{document}");
    }
    assert_eq!(names(bench.cache()).len(), others.len() - 3);
    for name in ["foreign.json", "region.json", "torn.json", "token.txt"] {
        assert!(bench.cache().join(name).exists(), "{name}");
    }
    assert!(!bench.cache().join(TOKEN).exists());
    assert_eq!(bench.run("sso-login logout --all").exits(0).stdout, "");
}

#[test]
fn a_stray_session_that_the_service_is_not_told_about_is_named_by_its_start_url() {
    let bench = Bench::logged_in("--fail Logout=503");
    bench.configure(|_| String::new());
    let ended = bench.run("sso-login logout --all").exits(69);
    let ended =
        ended.says("the SSO session of https://d-1234567890.awsapps.com/start: the files are removed, but");
    assert_eq!(ended.document()["serviceTold"], false);
    assert!(!bench.cache().join(TOKEN).exists());
}

#[test]
fn the_files_go_though_the_service_cannot_be_told() {
    let bench = busy();
    bench.faults(&json!({"fail": ["Logout=503"]}));
    let ended =
        bench.run("sso-login logout demo").exits(69).says("the files are removed, but the SSO service");
    let document = ended.document();
    assert_eq!((&document["loggedOut"], &document["serviceTold"]), (&json!(true), &json!(false)));
    assert!(document["note"].is_string() && !bench.cache().join(TOKEN).exists());
}

#[test]
fn a_token_that_is_over_is_renewed_to_end_the_sign_in_behind_it() {
    let bench = Bench::logged_in("");
    let refresh_token = bench.token()["refreshToken"].clone();
    bench.forward(3600);
    let mut command = bench.command("sso-login logout demo");
    command.env("SSO_NOW", after(3600));
    assert_eq!(end(command, "").exits(0).document()["serviceTold"], true);
    assert_eq!((bench.counts()[1], bench.count("Logout")), (1, 1));
    assert!(refresh_token.is_string() && !bench.cache().join(TOKEN).exists());
}

#[test]
fn a_session_that_is_over_at_the_service_is_told_already() {
    let bench = Bench::logged_in("");
    bench.served.tell("/sandbox/sign-out", &json!({}));
    assert_eq!(bench.run("sso-login logout demo").exits(0).document()["serviceTold"], true);
}

#[test]
fn a_filter_logs_out_of_each() {
    let bench = busy();
    let input = "{\"profile\":\"demo\",\"mine\":1}\n{\"profile\":\"nobody\"}\n";
    let documents = bench.feed("sso-login logout", input).exits(0).documents();
    assert_eq!((&documents[0]["mine"], &documents[0]["loggedOut"]), (&json!(1), &json!(true)));
    assert_eq!(documents[1]["error"], "unknown-profile");
}

#[test]
fn somebody_elses_lock_is_named_while_it_is_waited_for_and_after() {
    let bench = Bench::logged_in("");
    fs::create_dir_all(bench.home().join(".aws/sso-renewer/login.lock")).unwrap();
    let ended = bench.run("sso-login logout demo");
    assert_eq!(ended.code, 75, "{}", ended.stderr);
    let lines: Vec<_> = ended.stderr.lines().collect();
    let unknown = "its holder is unknown; the lock lasts 5 minutes at most";
    assert_eq!(lines[0], format!("sso-login: waiting up to 13s for a login or refresh: {unknown}"));
    assert!(lines[1].contains("a login or refresh is under way: its holder is unknown"), "{lines:?}");
    let folder = bench.home().join(".aws/sso-renewer/login.lock");
    assert_eq!(lines[2..], [format!("sso-login: hint: rmdir {}", folder.display())]);
    assert!(bench.cache().join(TOKEN).exists());
}

#[test]
fn copies_of_the_token_that_a_repair_and_a_killed_writer_left_end_with_the_session() {
    let bench = busy();
    let token = bench.token()["accessToken"].as_str().unwrap().to_owned();
    fs::write(bench.cache().join(format!(".{TOKEN}.abcdef.tmp")), bench.token_text()).unwrap();
    fs::write(bench.cache().join(TOKEN), format!("{}Z\"}}", bench.token_text())).unwrap();
    bench.run("sso-cache repair").exits_somehow(0);
    let holders = || {
        let ended = bench.shell(&format!("grep -rlF '{token}' '{}' || true", bench.home().display()));
        ended.stdout.lines().count()
    };
    assert!(holders() >= 2, "the repair keeps what it put aside");
    bench.run("sso-login logout demo").exits(0);
    assert_eq!(holders(), 0);
}

#[test]
fn a_repair_that_was_killed_brings_no_session_back_that_was_ended_since() {
    let Some(strace) = peer("SSO_TEST_STRACE", "strace") else { return };
    let mut killed = 0;
    for (call, when) in [("renameat2", 1), ("renameat2", 2), ("rename", 1), ("rename", 2), ("unlink", 1)] {
        let bench = Bench::logged_in("");
        fs::write(bench.cache().join(TOKEN), bench.token_text() + "Z\"}").unwrap();
        let mut repair = bench.command(strace.to_str().unwrap());
        let inject = format!("inject={call}:signal=SIGKILL:when={when}");
        repair.args(["-f", "-qq", "-o", "/dev/null", "-e", &inject]).arg(tool("sso-cache")).arg("repair");
        killed += usize::from(end(repair, "").code != 0);
        bench.run("sso-login logout demo").exits(0);
        bench.run("sso-cache repair").exits(0);
        assert!(!bench.cache().join(TOKEN).exists(), "{call} {when}: {:?}", names(bench.cache()));
        bench.run("sso-login refresh demo").exits(77);
    }
    assert!(killed >= 2, "{killed}");
}

#[test]
fn a_sessions_name_in_a_profiles_place_leads_to_the_same_command_about_the_session() {
    let bench = Bench::logged_in("");
    for command in ["logout", "refresh", "accounts", "whoami"] {
        let ended = bench.run(&format!("sso-login {command} sandbox")).exits_somehow(78);
        let hint = match command {
            "whoami" => "sso-login accounts --sso-session sandbox | sso-profile choose | sso-login whoami -"
                .to_owned(),
            command => format!("sso-login {command} --sso-session sandbox"),
        };
        assert!(ended.stderr.contains("which has an sso-session of that name"), "{}", ended.stderr);
        assert!(ended.stderr.ends_with(&format!("hint: {hint}\n")), "{}", ended.stderr);
    }
    bench.run("sso-login logout --sso-session sandbox").exits(0);
}
