//! Where settings come from.

use std::fs;

use crate::support::{self, Ended, Sandbox};

fn status(sandbox: &Sandbox, environment: &[(&str, &str)]) -> Ended {
    let mut command = sandbox.tool("sso-signal status");
    command.envs(environment.iter().copied());
    support::end(command, "")
}

fn dotenv(sandbox: &Sandbox, content: &str) {
    fs::write(sandbox.root().join("work/.env"), content).unwrap();
}

#[test]
fn the_environment_beats_the_file_and_the_file_beats_the_default() {
    let sandbox = Sandbox::new();
    let read = |environment: &[(&str, &str)]| {
        let document = status(&sandbox, environment).exits(0).document();
        (document["pollSeconds"].as_i64().unwrap(), document["cooldownSeconds"].as_i64().unwrap())
    };
    assert_eq!(read(&[]), (5, 600));
    dotenv(&sandbox, "export SSO_POLL_SECONDS='7' # seconds\nSSO_COOLDOWN_SECONDS=60  # one minute\n");
    assert_eq!(read(&[]), (7, 60));
    assert_eq!(read(&[("SSO_POLL_SECONDS", "9"), ("SSO_COOLDOWN_SECONDS", "")]), (9, 60));
}

#[test]
fn a_strangers_env_file_gives_no_consent_and_shows_no_variable() {
    let sandbox = Sandbox::new();
    let ghost = "ghp_CANARY";
    dotenv(
        &sandbox,
        "SSO_PROFILE_VARS=GITHUB_TOKEN\nSSO_LOGIN_MODE=auto\nSSO_AUTO_PROFILES=prod-admin\nAWS_PROFILE=prod-admin\n",
    );
    for line in
        ["sso-signal status", "sso-signal mode", "sso-signal service check", "sso-profile show", "sso-login"]
    {
        let mut command = sandbox.tool(line);
        command.env("GITHUB_TOKEN", ghost);
        let ended = support::end(command, "");
        assert!(!ended.stdout.contains(ghost) && !ended.stderr.contains(ghost), "{line}: {}", ended.stdout);
    }
    let ended = sandbox.run("sso-signal mode").exits_warned();
    assert_eq!(ended.document()["mode"], "notify");
    assert!(
        ended.stderr.contains("SSO_LOGIN_MODE in .env of the working directory is ignored"),
        "{}",
        ended.stderr
    );
    // Asking for less needs nobody's consent.
    dotenv(&sandbox, "SSO_LOGIN_MODE=standalone\n");
    assert_eq!(sandbox.run("sso-signal mode").exits(0).document()["mode"], "standalone");
    // The same file, named on purpose.
    dotenv(&sandbox, "SSO_LOGIN_MODE=auto\n");
    let mut command = sandbox.tool("sso-signal mode");
    command.env("SSO_ENV_FILE", format!("/nothing/there:{}", sandbox.root().join("work/.env").display()));
    assert_eq!(support::end(command, "").exits(0).document()["mode"], "auto");
}

#[test]
fn a_hostile_file_of_settings_is_never_run() {
    let sandbox = Sandbox::new();
    dotenv(
        &sandbox,
        "touch pwned1\nSSO_POLL_SECONDS=$(touch pwned2)\nSSO_LOGIN_MODE=`touch pwned3`\nAWS_PROFILE=a;touch pwned4\n\
         X=\"$(touch pwned5)\"\n\u{0}\u{1b}[2J\nset -a\nFOO.BAR=1\n",
    );
    let ended = status(&sandbox, &[]).exits_warned();
    assert_eq!(support::names(sandbox.root().join("work")), [".env"]);
    assert!(!ended.stderr.contains('\u{1b}'), "{}", ended.stderr);
    assert_eq!(ended.stderr.lines().count(), 2, "{}", ended.stderr);
    assert_eq!(ended.document()["mode"], "notify");
}

#[test]
fn what_is_no_file_of_settings_is_none() {
    for kind in ["directory", "fifo", "dangling"] {
        let sandbox = Sandbox::new();
        let path = sandbox.root().join("work/.env");
        match kind {
            "directory" => fs::create_dir(&path).unwrap(),
            "fifo" => drop(support::end(sandbox.shell("mkfifo .env"), "").exits(0)),
            _ => std::os::unix::fs::symlink("nowhere", &path).unwrap(),
        }
        status(&sandbox, &[]).exits(0);
    }
}

#[test]
fn a_file_of_settings_that_is_too_large_is_not_read_by_half() {
    let sandbox = Sandbox::new();
    // The limit lies within the value.
    let begin = "SSO_POLL_SECONDS=1";
    dotenv(&sandbox, &format!("{}\n{begin}2\n", "#".repeat((1 << 20) - begin.len() - 1)));
    let ended = status(&sandbox, &[]).exits_warned();
    assert_eq!(ended.stderr, "sso-signal: cannot read .env: it is larger than 1 MiB\n");
    assert_eq!(ended.document()["pollSeconds"], 5);
}

#[test]
fn a_bad_value_is_a_warning_and_the_default_and_said_once() {
    let sandbox = Sandbox::new();
    for bad in ["abc", "1.5", "5s", "99999999999999999999"] {
        let ended = status(&sandbox, &[("SSO_POLL_SECONDS", bad)]).exits_warned().says("SSO_POLL_SECONDS");
        assert_eq!(ended.document()["pollSeconds"], 5);
        let ended =
            status(&sandbox, &[("SSO_COOLDOWN_SECONDS", bad)]).exits_warned().says("SSO_COOLDOWN_SECONDS");
        assert_eq!(ended.document()["cooldownSeconds"], 600);
    }
    status(&sandbox, &[("SSO_COOLDOWN_SECONDS", "-1")]).exits_warned().says("SSO_COOLDOWN_SECONDS");
    let ended = status(&sandbox, &[("SSO_LOGIN_MODE", "loud")]).exits_warned().says("SSO_LOGIN_MODE");
    assert_eq!(ended.document()["mode"], "notify");
    let mut watcher = sandbox.tool("sso-signal wait --timeout 100ms --poll 10ms");
    watcher.env("SSO_LOGIN_MODE", "loud").env("SSO_COOLDOWN_SECONDS", "long");
    assert_eq!(support::end(watcher, "").exits(124).stderr.lines().count(), 2);
}

#[test]
fn a_poll_of_zero_or_less_is_refused() {
    let sandbox = Sandbox::new();
    for bad in ["0", "-5"] {
        let mut command = sandbox.tool("sso-signal wait --timeout 0s");
        command.env("SSO_POLL_SECONDS", bad);
        support::end(command, "").exits(78).says("SSO_POLL_SECONDS");
        // Not a reason to lose an answer, or to hide what is wrong.
        assert_eq!(status(&sandbox, &[("SSO_POLL_SECONDS", bad)]).exits(0).document()["pollSeconds"], 5);
        let mut command = sandbox.tool("sso-signal settle");
        command.env("SSO_POLL_SECONDS", bad);
        support::end(command, r#"{"profile":"corp","outcome":"busy"}"#).exits(0);
    }
}

#[test]
fn absurd_numbers_overflow_nothing() {
    let sandbox = Sandbox::new();
    let longest =
        [("SSO_COOLDOWN_SECONDS", u64::MAX.to_string()), ("SSO_POLL_SECONDS", i64::MAX.to_string())];
    for outcome in ["dismissed", "busy", "failed"] {
        crate::signal::clock::raise(&sandbox, "corp", outcome);
        let mut command = sandbox.tool("sso-signal settle");
        command.envs(longest.clone());
        support::end(command, &format!(r#"{{"profile":"corp","outcome":"{outcome}"}}"#)).exits(0);
        let mut command = sandbox.tool("sso-signal wait --timeout 0s");
        command.envs(longest.clone());
        assert_eq!(support::end(command, "").exits(124).stderr, "");
    }
}

#[test]
fn places_and_the_clock_are_settings_too() {
    let sandbox = Sandbox::new();
    let at = |line: &str| {
        let mut command = sandbox.tool(line);
        command
            .env("SSO_STATE_DIR", sandbox.root().join("s"))
            .env("SSO_SIGNAL_FILE", sandbox.root().join("f/x.json"));
        command
    };
    for profile in ["a", "b"] {
        support::end(at(&format!("sso-signal write {profile}")), "").exits(0);
    }
    assert_eq!(support::names(sandbox.root().join("f")), ["x.json"]);
    assert_eq!(support::names(sandbox.root().join("s/signals")), ["b.json"]);
    let mut lost = sandbox.tool("sso-signal write corp");
    lost.env("SSO_NOW", "yesterday");
    support::end(lost, "").exits(2).says("SSO_NOW");
}

impl Ended {
    /// Done, with a warning.
    #[track_caller]
    fn exits_warned(self) -> Self {
        assert_eq!(self.code, 0, "{}", self.stderr);
        assert_ne!(self.stderr, "");
        self
    }
}

#[test]
fn a_dotenv_names_no_places() {
    let sandbox = Sandbox::new();
    let mine = sandbox.write("mine.json", "not a signal");
    let lines = format!(
        "SSO_SIGNAL_FILE={}\nSSO_STATE_DIR={}\n",
        mine.display(),
        sandbox.root().join("elsewhere").display()
    );
    std::fs::write(sandbox.root().join("work/.env"), lines).unwrap();
    sandbox.run("sso-signal status").exits(0);
    sandbox.run("sso-signal write corp").exits(0);
    assert_eq!(std::fs::read_to_string(mine).unwrap(), "not a signal");
    assert!(sandbox.state().join("login-required.json").exists());
    assert!(!sandbox.root().join("elsewhere").exists());
}

#[test]
fn the_log_says_what_was_done_and_is_off_by_default() {
    let sandbox = Sandbox::new();
    let document =
        r#"{"profile":"corp","loginRequired":true,"reason":"expired","episode":"one","token":"CANARY"}"#;
    let answer = r#"{"profile":"corp","outcome":"snoozed","seconds":900,"x":"CANARY"}"#;
    for (line, input, said) in [
        ("sso-signal write", document, "sso-signal: debug: corp: signal raised [expired]\n"),
        ("sso-signal write other", "", "sso-signal: debug: other: raised by sso-signal, episode "),
        ("sso-signal read --all", "", "sso-signal: debug: 2 signals, 0 files that can't be read\n"),
        ("sso-signal settle", answer, "1 signals kept until 2026-11-21T12:15:00Z, noted in state.json\n"),
        ("sso-signal wait", "", "corp snoozed until 2026-11-21T12:15:00Z, other due\n"),
        ("sso-signal wait --timeout 100ms --poll 10ms", "", "other retry until 2026-11-21T12:00:30Z\n"),
    ] {
        let mut command = sandbox.tool(line);
        command.env("SSO_LOG", "debug");
        let ended = support::end(command, input);
        assert!(ended.stderr.contains(said), "{line}: {}", ended.stderr);
        assert!(ended.stderr.lines().count() <= 2 && !ended.stderr.contains("CANARY"), "{}", ended.stderr);
    }
    sandbox.feed("sso-signal settle", answer).exits(0);
}
