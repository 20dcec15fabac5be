//! How it ends otherwise: what is named, and that nothing is left in the box.

use std::fs;
use std::net::TcpListener;

use rustix::process::Signal;
use serde_json::json;

use crate::pkce::under_way::UnderWay;
use crate::remote::metta::{Metta, page};
use crate::support::{Ended, end, free_port, until};

/// A login that waits for a browser which nobody opens.
fn under_way(metta: &Metta) -> UnderWay {
    let mut command = metta.command("sso-login tunnel metta1 demo --via pkce --no-browser");
    command.env_remove("BROWSER");
    UnderWay::of(command)
}

fn feed(metta: &Metta, arguments: &str, input: &str) -> Ended {
    let mut command = metta.command(&format!("sso-login tunnel {arguments}"));
    command.env_remove("BROWSER");
    end(command, input)
}

#[test]
fn ctrl_c_leaves_no_login_in_the_box() {
    let Some(metta) = Metta::start() else { return };
    let login = under_way(&metta);
    let port = login.port();
    login.signal(Signal::INT);
    let ended = login.end();
    ended.fails(130, "failed", "interrupted", "interrupted");
    metta.is_left_alone(port);
    TcpListener::bind(("127.0.0.1", port)).unwrap();
}

#[test]
fn a_killed_tunnel_leaves_no_login_and_no_port() {
    let Some(metta) = Metta::start() else { return };
    let login = under_way(&metta);
    let port = login.port();
    login.signal(Signal::KILL);
    assert_eq!(login.end().code, 137);
    metta.is_left_alone(port);
    until("the tunnel's port to be free", || TcpListener::bind(("127.0.0.1", port)).is_ok());
}

#[test]
fn a_tunnel_that_dies_is_opened_again() {
    let Some(metta) = Metta::start() else { return };
    let login = under_way(&metta);
    let port = login.port();
    let spec = format!("127.0.0.1:{port}:127.0.0.1:{port}");
    let pid = ssh_with(&spec).unwrap();
    rustix::process::kill_process(pid, Signal::KILL).unwrap();
    until("another tunnel", || ssh_with(&spec).is_some_and(|other| other != pid));
    until("the tunnel to lead to the box", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    login.get(&login.answer());
    let ended = login.end();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    metta.is_logged_in(&ended.last());
    assert!(ended.stderr.contains("sso-login: the tunnel to metta1 broke"), "{}", ended.stderr);
}

/// The ssh that forwards so.
fn ssh_with(spec: &str) -> Option<rustix::process::Pid> {
    fs::read_dir("/proc").unwrap().find_map(|entry| {
        let entry = entry.ok()?;
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let words = fs::read(entry.path().join("cmdline")).ok()?;
        let words: Vec<_> = words.split(|byte| *byte == 0).collect();
        let is_ssh = words.first().is_some_and(|program| program.ends_with(b"ssh"));
        (is_ssh && words.contains(&spec.as_bytes())).then(|| rustix::process::Pid::from_raw(pid))?
    })
}

#[test]
fn a_login_that_dies_in_the_box_is_named() {
    let Some(metta) = Metta::start() else { return };
    let login = under_way(&metta);
    let port = login.port();
    // As the box's reboot would, without a last word.
    let owner = metta.home().join(".aws/sso-renewer/login.lock/owner.json");
    let owner: serde_json::Value = serde_json::from_str(&fs::read_to_string(owner).unwrap()).unwrap();
    let pid = rustix::process::Pid::from_raw(owner["pid"].as_i64().unwrap().try_into().unwrap()).unwrap();
    rustix::process::kill_process(pid, Signal::KILL).unwrap();
    let ended = login.end();
    ended.fails(77, "failed", "login-gone", "the login on metta1 is gone, and its page no longer works");
    TcpListener::bind(("127.0.0.1", port)).unwrap();
}

#[test]
fn a_box_that_cannot_be_reached_is_named_and_no_login_is_started() {
    let Some(metta) = Metta::start() else { return };
    let ended = end(metta.command("sso-login tunnel dead demo"), "");
    ended.fails(69, "failed", "unreachable", "cannot ssh to dead");
    assert_eq!(metta.bench.counts()[0], 0);
}

#[test]
fn a_port_in_use_here_is_named() {
    let Some(metta) = Metta::start() else { return };
    let held = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = held.local_addr().unwrap().port();
    let ended = feed(&metta, "metta1", &format!("{}\n", json!({"event": "authorize", "url": page(port)})));
    ended.fails(75, "failed", "port", &format!("port {port} of this machine is in use"));
    assert!(!ended.stderr.contains("https://"), "{}", ended.stderr);
}

#[test]
fn what_a_page_that_nobody_saw_said_of_consent_comes_with_the_next() {
    let Some(mut metta) = Metta::start() else { return };
    let held = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let (taken, free) = (held.local_addr().unwrap().port(), metta.listen());
    let notice = "AWS will ask you to allow access for sso-login-sandbox: it is the first login.";
    // The second login there finds the registration of the first.
    let first = json!({"event": "authorize", "url": page(taken), "notice": notice});
    let second = json!({"event": "authorize", "url": page(free)});
    let failed = json!({"profile": "demo", "outcome": "failed", "reason": "denied"});
    metta.program(
        "sso-login",
        &format!(
            "if mkdir ~/once 2>/dev/null; then echo '{first}'; exec cat; fi; echo '{second}'; echo '{failed}'"
        ),
    );
    let ended = end(metta.command("sso-login tunnel metta1 demo --via pkce"), "");
    assert!(ended.stderr.starts_with(&format!("{notice}\n")), "{}", ended.stderr);
    assert_eq!(ended.stderr.matches(notice).count(), 1, "{}", ended.stderr);
    assert_eq!(ended.documents()[0]["notice"], notice, "{}", ended.stdout);
}

#[test]
fn nobody_at_the_other_end_is_named_before_a_page_is_shown() {
    let Some(metta) = Metta::start() else { return };
    let free = free_port();
    let ended = feed(&metta, "metta1", &format!("{}\n", json!({"event": "authorize", "url": page(free)})));
    ended.fails(77, "failed", "no-listener", &format!("nobody listens on port {free} of metta1"));
    assert!(!ended.stdout.contains("\"event\""), "{}", ended.stdout);
    let ended = feed(&metta, "dead", &format!("{}\n", json!({"event": "authorize", "url": page(free)})));
    ended.fails(69, "failed", "unreachable", &format!("cannot open a tunnel to port {free} of dead"));
}

#[test]
fn the_newest_page_counts_and_the_one_before_is_dead() {
    let Some(mut metta) = Metta::start() else { return };
    let (first, second) = (metta.listen(), metta.listen());
    let input = format!(
        "Welcome to the box!\r\n\u{1b}[31mwarning\u{1b}[0m {{}}\n{}\n{}\n{}\n{}\n",
        page(first),
        page(second),
        page(second),
        json!({"profile": "demo", "outcome": "failed", "reason": "denied\u{1b}[2J"}),
    );
    let ended = feed(&metta, "metta1", &input);
    assert_eq!(ended.code, 77, "{}", ended.stderr);
    let documents = ended.documents();
    let pages: Vec<_> = documents.iter().filter_map(|document| document["url"].as_str()).collect();
    assert_eq!(pages, [page(first), page(second)]);
    let warning = format!(
        "sso-login: the login on metta1 started again: the previous page no longer works, with the tunnel \
         to port {first}\n"
    );
    assert!(ended.stderr.contains(&warning), "{}", ended.stderr);
    assert_eq!(documents[2]["outcome"], "failed");
    assert!(ended.stderr.ends_with("sso-login: profile `demo`: denied\n"), "{}", ended.stderr);
}

#[test]
fn what_a_box_says_about_consent_is_shown_without_harm() {
    let Some(metta) = Metta::start() else { return };
    let notice = format!("AWS will ask\u{1b}[2J\n\u{202e}(code)\nsso-login: never\n{}", "x".repeat(9999));
    let event = json!({"event": "authorize", "profile": "demo", "url": "https://example.com/device",
                       "userCode": "ABCD-EFGH", "registration": "new", "notice": notice});
    let ended = feed(&metta, "metta1", &format!("{event}\n"));
    let page = ended.stderr.find("To log in as profile demo on metta1, open this page:").unwrap();
    let shown: Vec<_> = ended.stderr[..page].lines().collect();
    assert_eq!(shown.len(), 2, "{}", ended.stderr);
    assert!(shown[0].starts_with("AWS will ask") && shown[1].ends_with("(code)"), "{shown:?}");
    assert!(
        !ended.stderr.contains(['\u{1b}', '\u{202e}']) && !ended.stderr.contains("never"),
        "{}",
        ended.stderr
    );
}

#[test]
fn what_is_no_login_is_named() {
    let Some(metta) = Metta::start() else { return };
    let port = metta.bench.served.url("oidcUrl", "").rsplit_once(':').unwrap().1.parse::<u16>().unwrap();
    for (input, error, says) in [
        ("garbage\n{\"a\":\n\0\n", "no-login", "there is no login on metta1"),
        ("{\"event\":\"authorize\",\"url\":\"file:///etc/passwd\"}\n", "page", "its page isn't an https URL"),
        (
            "https://x.example/authorize?redirect_uri=http%3A%2F%2Fevil.example%3A8080%2F\n",
            "page",
            "the redirect_uri of its page isn't on loopback",
        ),
        (
            &format!("{}\n", json!({"event": "authorize", "url": page(port), "port": 1})),
            "port-mismatch",
            &format!("says port 1, its page port {port}"),
        ),
    ] {
        feed(&metta, "metta1", input).fails(77, "failed", error, says);
    }
}

#[test]
fn a_session_that_does_not_work_in_the_box_is_no_success() {
    let Some(metta) = Metta::start() else { return };
    metta.bench.faults(&json!({"error": ["GetRoleCredentials=ForbiddenException"]}));
    let ended = end(metta.command("sso-login tunnel metta1 demo --via device"), "");
    assert_eq!(ended.code, 77, "{}", ended.stdout);
    let last = ended.last();
    assert_eq!((&last["outcome"], &last["error"]), (&json!("failed"), &json!("unverified")), "{last}");
}

#[test]
fn a_name_that_ssh_would_take_for_an_option_is_refused() {
    let Some(metta) = Metta::start() else { return };
    let mut command = metta.command("sso-login tunnel");
    command.args(["--", "-oProxyCommand=touch x", "demo"]);
    assert_eq!(end(command, "").code, 2);
    feed(&metta, "a%h demo", "").exits(2).says("isn't a host that ssh can take");
}
