//! What a host sends that it shouldn't: pages of others, tokens, more than anybody reads. No ssh is needed for that.

use std::fs;

use serde_json::{Value, json};

use crate::login::bench::Bench;
use crate::support::{Ended, end};

/// A person's machine whose browser writes down what it is to open.
struct Person {
    bench: Bench,
}

impl Person {
    fn new() -> Self {
        let bench = Bench::start("");
        bench.program("browser", "echo \"$1\" >> \"$HOME/opened\"");
        Self { bench }
    }

    fn run(&self, line: &str, input: &str) -> Ended {
        let mut command = self.bench.command(line);
        command.env("BROWSER", self.bench.program("browser", "echo \"$1\" >> \"$HOME/opened\""));
        end(command, input)
    }

    fn opened(&self) -> String {
        fs::read_to_string(self.bench.home().join("opened")).unwrap_or_default()
    }

    /// An ssh that prints what a host would.
    fn ssh(&self, script: &str) {
        self.bench.served.sandbox.program("ssh", &format!("#!/bin/sh\n{script}\n"));
    }
}

fn page(url: &str) -> String {
    format!("{}\n", json!({"event": "authorize", "profile": "demo", "url": url}))
}

#[test]
fn a_page_that_only_looks_like_this_machine_is_not_opened() {
    let person = Person::new();
    for url in [
        "http://127.0.0.1:9000@evil.example/login",
        "http://localhost:x@evil.example/",
        "http://[::1]:80@evil.example/",
        "https://d-1234567890.awsapps.com/ x",
        "http://evil.example/",
    ] {
        person.run("sso-login tunnel metta1", &page(url)).fails(77, "failed", "page", "can't be followed");
    }
    assert_eq!(person.opened(), "");
}

#[test]
fn a_strangers_page_is_shown_and_not_opened() {
    let person = Person::new();
    for (url, host) in [
        ("https://evil.example/device?user_code=ABCD-EFGH", "evil.example"),
        ("https://d-1.awsapps.com.evil.example/", "d-1.awsapps.com.evil.example"),
        ("http://127.0.0.1:1/device", "127.0.0.1"),
    ] {
        let ended = person.run("sso-login tunnel metta1", &page(url));
        assert!(ended.stderr.contains(&format!("warning: the page is on {host}, ")), "{}", ended.stderr);
        assert!(ended.stderr.contains(&format!("open this page:\n\n    {url}\n")), "{}", ended.stderr);
        assert_eq!(ended.documents()[0]["url"], url);
    }
    assert_eq!(person.opened(), "");
}

#[test]
fn documents_are_read_however_they_are_printed() {
    let person = Person::new();
    let outcome = json!({"profile": "demo", "outcome": "failed", "reason": "denied"});
    let input = serde_json::to_string_pretty(&outcome).unwrap();
    let ended = person.run("sso-login tunnel metta1", &input);
    assert_eq!((ended.code, &ended.last()["reason"]), (77, &json!("denied")), "{}", ended.stderr);
}

#[test]
fn secrets_and_deceptive_characters_stay_on_the_host() {
    let person = Person::new();
    let document = json!({"profile": "demo", "note": "a\u{202e}b\u{9b}2J", "accessToken": "CANARY",
                          "token": {"refreshToken": "CANARY", "state": "valid"}});
    let ended = person.run("sso-login tunnel metta1", &format!("{document}\n"));
    assert!(!ended.stdout.contains("CANARY"), "{}", ended.stdout);
    let passed = &ended.documents()[0];
    assert_eq!((&passed["note"], &passed["token"]), (&json!("ab"), &json!({"state": "valid"})), "{passed}");
}

#[test]
fn the_aws_clis_own_success_is_one_though_no_profile_was_named() {
    let person = Person::new();
    let lines = "Please visit the following URL:\nhttps://device.sso.us-east-1.amazonaws.com/\n\nThen enter the code:\n\nABCD-EFGH\n";
    let good = format!("{lines}Successfully logged into Start URL: https://d-1234567890.awsapps.com/start\n");
    let ended = person.run("sso-login tunnel metta1", &good);
    assert_eq!((ended.code, &ended.last()["outcome"]), (0, &json!("success")), "{}", ended.stderr);
    assert!(ended.stderr.contains("--profile PROFILE"), "{}", ended.stderr);
    person.run("sso-login tunnel metta1", lines).fails(77, "failed", "login-gone", "without an outcome");
}

#[test]
fn a_damaged_registration_on_the_host_is_named_with_the_command_that_removes_it() {
    let person = Person::new();
    person.ssh("echo \"aws: [ERROR]: 'd4bd9b730be541f8dec04c80d04f20fb73065f62'\" >&2; exit 255");
    let ended = person.run("sso-login tunnel metta1 demo", "");
    let file = ".aws/sso/cache/d4bd9b730be541f8dec04c80d04f20fb73065f62.json";
    ended.fails(77, "failed", "corrupt", file);
    assert!(ended.complaint().contains(&format!("ssh metta1 rm {file}")), "{}", ended.stderr);
}

#[test]
fn a_proof_that_hangs_ends_with_the_time_limit_and_says_what_it_was() {
    let person = Person::new();
    let outcome = json!({"profile": "demo", "outcome": "success"});
    person.ssh(&format!("case $* in *whoami*) sleep 600 ;; *) echo '{outcome}' ;; esac"));
    let ended = person.run("sso-login tunnel metta1 demo --timeout 3s", "");
    ended.fails(124, "timeout", "", "logged in on metta1, but it did not say in time");
}

#[test]
fn one_hosts_nonsense_is_that_hosts_error() {
    let person = Person::new();
    for (answer, key) in
        [(r#"{"profile":5}"#, "profile"), (r#"{"profile":"p","loginRequired":"yes"}"#, "loginRequired")]
    {
        person.ssh(&format!("echo '{answer}'; echo '{}'", r#"{"profile":"good","loginRequired":false}"#));
        let documents = person.run("sso-login inspect metta1", "").exits(0).documents();
        let (last, others) = documents.split_last().unwrap();
        assert_eq!(others.iter().map(|document| &document["profile"]).collect::<Vec<_>>(), ["good"]);
        assert_eq!((&last["error"], &last["host"]), (&json!("failed"), &json!("metta1")));
        assert!(last["reason"].as_str().unwrap().contains(key), "{last}");
    }
}

#[test]
fn a_host_that_prints_without_end_is_left_with_its_error() {
    let person = Person::new();
    let document = json!({"profile": "p", "loginRequired": false, "more": "x".repeat(1000)});
    person.ssh(&format!("exec yes '{document}'"));
    let ended = person.run("sso-login inspect metta1 --timeout 5m", "").exits(0);
    let last = ended.documents().pop().unwrap();
    assert!(last["reason"] == "it prints too much", "{}", last["reason"]);
    assert!(ended.stdout.len() < 5 << 20, "{}", ended.stdout.len());
}

#[test]
fn what_is_no_host_is_accounted_for() {
    let person = Person::new();
    let ended = person.run("sso-login inspect a\"b", "").exits(2);
    assert_eq!(ended.last()["error"], Value::from("failed"));
}

/// A host's AWS CLI of this version, which notes how it is called.
fn aws_of(bench: &Bench, folder: &str, version: &str) -> std::path::PathBuf {
    let dir = bench.file(folder);
    fs::create_dir(&dir).unwrap();
    let identity = json!({"Account": "111122223333", "Arn": "arn:aws:sts::111122223333:assumed-role/R/u"});
    let script = format!(
        "case $1 in --version) echo 'aws-cli/{version} Python/3.13';; sts) echo '{identity}';; esac; \
         echo \"{folder} $*\" >> {}",
        bench.file("calls").display()
    );
    fs::copy(bench.program(&format!("aws-{folder}"), &script), dir.join("aws")).unwrap();
    dir
}

#[test]
fn the_newest_aws_cli_of_a_host_logs_in_whatever_comes_first_there() {
    let person = Person::new();
    let bench = &person.bench;
    let (first, second) = (aws_of(bench, "first", "2.9.0"), aws_of(bench, "second", "2.100.1"));
    // The command that ssh is given, in a shell where no tool of ours is.
    let host = |variables: &str| {
        let (first, second) = (first.display(), second.display());
        person.ssh(&format!(
            "for line; do :; done; exec env -i HOME=\"$HOME\" PATH={first}:{second}:/usr/bin {variables} sh -c \"$line\""
        ));
    };
    for (variables, expected) in [
        // What it names isn't there.
        ("SSO_AWS=/nonexistent/aws".to_owned(), "second"),
        (format!("SSO_AWS={}/aws", first.display()), "first"),
    ] {
        host(&variables);
        let _ = fs::remove_file(bench.file("calls"));
        let ended = person.run("sso-login tunnel metta1 demo", "");
        assert_eq!(ended.succeeds("success")["accountId"], "111122223333");
        let calls = bench.text("calls");
        let made: Vec<_> = calls.lines().filter(|call| !call.ends_with("--version")).collect();
        let login = format!("{expected} sso login --profile demo --no-browser");
        let proof = format!("{expected} sts get-caller-identity --profile demo --output json");
        assert_eq!(made, [login, proof], "{variables}");
        // Each takes a second to say its version.
        assert_eq!(
            calls.matches("second --version").count(),
            if expected == "first" { 0 } else { 2 },
            "{calls}"
        );
    }
}
