//! Profiles in, signals out, for three or for a thousand.

use std::fmt::Write as _;

use crate::login::bench::Bench;
use crate::pipeline::{Desk, MONITOR, WATCHER};

#[test]
fn the_monitor_looks_at_every_tick_until_nobody_listens() {
    let desk = Desk::new(Bench::logged_in(""));
    let line = "sso-profile list | sso-cache check --every 1s | sso-signal write | head -n 9";
    let ended = desk.shell(0, line).exits(0);
    let seen: Vec<_> = ended
        .documents()
        .iter()
        .map(|document| {
            format!("{} {}", document["profile"].as_str().unwrap(), document["signal"].as_str().unwrap())
        })
        .collect();
    assert_eq!(seen[..3], ["demo none", "demo-admin none", "other raised"]);
    assert_eq!(seen[3..6], ["demo none", "demo-admin none", "other kept"]);
    assert_eq!(seen[3..6], seen[6..]);
}

#[test]
fn a_session_that_can_be_renewed_wakes_nobody() {
    let desk = Desk::new(Bench::logged_in(""));
    desk.bench.device("other").succeeds("success");
    desk.monitor(4000);
    assert_eq!((desk.signals(), desk.watch(4000), desk.questions()), (vec![], vec![], 0));
}

#[test]
fn a_thousand_profiles_are_a_thousand_answers() {
    let desk = Desk::new(Bench::start(""));
    desk.bench.configure(|mut config| {
        for number in 0..1000 {
            let _ = write!(
                config,
                "\n[profile p{number}]\nsso_session = s{number}\nsso_account_id = 111122223333\nsso_role_name = R\n\
                 [sso-session s{number}]\nsso_start_url = https://d-1234567890.awsapps.com/start\nsso_region = us-east-1\n"
            );
        }
        config
    });
    let seen = desk.monitor(0);
    assert_eq!(seen.len(), 1003);
    assert!(seen.iter().all(|document| document["signal"] == "raised"));
    assert_eq!(desk.signals().len(), 1003);
    // And through the watcher's stages as one stream.
    let line = "sso-signal read --all | sso-login - --via device --ask always | sso-signal settle";
    desk.dialog("echo '{\"answer\":\"suppress\"}'");
    let limited = line.replace("read --all", "read --all | head -n 50");
    let ended = desk.shell(0, &limited).exits(0);
    assert_eq!(ended.documents().len(), 50);
    assert!(desk.signals().len() <= 953);
}

#[test]
fn failures_of_a_stage_are_seen_under_pipefail() {
    let desk = Desk::new(Bench::start("--deny"));
    let ended = desk.shell(
        0,
        &format!("{{ {WATCHER}; }} <<< x; echo '{{\"profile\":' | sso-login - | sso-signal settle"),
    );
    assert_eq!(ended.code, 65, "{}", ended.stderr);
    let input = "{\"profile\":\"demo\",\"mode\":\"standalone\"}";
    desk.shell(0, &format!("{MONITOR} >/dev/null; echo '{input}' | sso-login - -e | cat")).exits(75);
}

#[test]
fn a_role_of_an_sso_profile_raises_the_signal_of_its_session() {
    let desk = Desk::new(Bench::start(""));
    desk.bench.configure(|config| {
        config
            + "\n[profile test]\nrole_arn = arn:aws:iam::444455556666:role/T\nsource_profile = demo\n\
               [profile far]\nrole_arn = arn:aws:iam::444455556666:role/F\nsource_profile = test\n"
    });
    let raised = |desk: &Desk| -> Vec<String> {
        let documents = desk.monitor(0);
        let raised = documents.iter().filter(|document| document["loginRequired"] == true);
        raised.map(|document| document["profile"].as_str().unwrap().to_owned()).collect()
    };
    for profile in ["test", "far"] {
        assert!(raised(&desk).iter().any(|one| one == profile), "{:?}", raised(&desk));
    }
    desk.bench.device("demo").succeeds("success");
    assert_eq!(raised(&desk), ["other"]);
}
