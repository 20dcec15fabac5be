//! `--via aws`: which program is run, with what, and how it is ended.

use std::fs;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::login::bench::Bench;
use crate::support::{end, tools, until};

const VERSION_2: &str = "case $1 in --version) echo 'aws-cli/2.30.0 Python/3.13'; exit;; esac";

/// A bench whose `aws` is this script, after it said that it is version 2.
fn with_aws(script: &str) -> Bench {
    let bench = Bench::start("");
    bench.program("aws", &format!("{VERSION_2}\n{script}"));
    bench
}

/// Writes a valid token, as a good login does.
const TOKEN: &str = "mkdir -p ~/.aws/sso/cache; echo '{\"accessToken\": \"x\", \"expiresAt\": \"2026-11-21T20:00:00Z\"}' \
                     > ~/.aws/sso/cache/9ed037b84943c4caa3a520e48a5540181c46c98c.json";

/// Whether a process whose id a script wrote is still there and runs.
fn runs(bench: &Bench, file: &str) -> bool {
    let id = bench.text(file).trim().to_owned();
    assert!(!id.is_empty(), "{file} has no process id");
    // A zombie that nobody reaps (no init here) doesn't run.
    fs::read_to_string(format!("/proc/{id}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

fn gone(bench: &Bench, file: &str) {
    until(&format!("the end of {file}"), || !runs(bench, file));
}

#[test]
fn exactly_one_command_is_run_with_nothing_that_shadows_the_profile() {
    let bench =
        with_aws(&format!("printf '%s\\n' \"$@\" >$OUT/argv; env >$OUT/env; cat >$OUT/stdin; {TOKEN}"));
    let shadows = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"];
    for (arguments, argv) in [
        ("demo", "sso\nlogin\n--profile\ndemo\n"),
        ("demo --force --no-browser", "sso\nlogin\n--profile\ndemo\n--no-browser\n"),
    ] {
        let mut command = bench.command(&format!("sso-login --via aws {arguments}"));
        // A desktop: a browser comes back to it.
        command.env("DISPLAY", ":0");
        command.env("OUT", bench.served.sandbox.root()).env("AWS_PROFILE", "other");
        command.env("AWS_DEFAULT_PROFILE", "other").envs(shadows.map(|name| (name, "canary")));
        let ended = end(command, "");
        let last = ended.succeeds("success");
        assert_eq!((&last["via"], ended.page()), (&json!("aws"), ""));
        // Where this machine is a container, a browser can't come back, and the AWS CLI is told so.
        assert_eq!(bench.text("argv").replace("--use-device-code\n", ""), argv);
        let environment = bench.text("env");
        for name in shadows.iter().chain(&["AWS_PROFILE", "AWS_DEFAULT_PROFILE"]) {
            assert!(!environment.contains(&format!("{name}=")), "{name}");
        }
        assert!(environment.contains("AWS_ENDPOINT_URL_SSO_OIDC=") && !environment.contains("canary"));
        assert_eq!(bench.text("stdin"), "");
    }
}

const NOTICE: &str = "AWS will ask you to allow access for botocore-client-sandbox: it is the first login of session \
                      sandbox here, as far as the cache knows.";

#[test]
fn the_page_is_shown_as_soon_as_it_is_printed() {
    let url = "https://oidc.us-east-1.amazonaws.com/authorize?response_type=code&redirect_uri=http%3A%2F%2F127.0.0.1%3A43210%2Foauth%2Fcallback&state=y";
    let bench = with_aws(&format!("echo prose; echo; echo '{url}'; sleep 600"));
    let is_shown = |ended: &crate::support::Ended| !ended.stdout.is_empty() && ended.stdout.contains(url);
    let ended = bench.run_out("sso-login --via aws demo", &[("DISPLAY", ":0")], is_shown);
    ended.fails(124, "timeout", "", "took too long and was stopped; the page it opened no longer works");
    // Where this machine is a container, the AWS CLI is asked for a code.
    let code = "\n(AWS CLI 2.30.0 shows a code to compare.)";
    let mut event = ended.documents()[0].clone();
    event["notice"] = event["notice"].as_str().unwrap().replace(code, "").into();
    assert_eq!(
        event,
        json!({"event": "authorize", "profile": "demo", "ssoSession": "sandbox", "via": "aws", "url": url,
               "port": 43210, "redirectUri": "http://127.0.0.1:43210/oauth/callback", "registration": "new",
               "registrationReason": "first", "notice": NOTICE})
    );
    let page = "To log in as profile demo, use the browser that the AWS CLI opens now. If none opens, open this page in a \
                browser on this machine (it returns to port 43210):";
    assert!(
        ended.stderr.replace(code, "").starts_with(&format!("{NOTICE}\n{page}\n\n    {url}\n\n")),
        "{}",
        ended.stderr
    );
    assert_eq!(bench.state(), [""; 0]);
}

#[test]
fn a_good_end_without_a_token_is_no_success() {
    let bench = with_aws("exit 0");
    let ended = bench.run("sso-login --via aws demo");
    ended.fails(77, "failed", "no-token", "succeeded but left no valid token");
    let bench = with_aws(&TOKEN.replace("20:00", "02:00"));
    bench.run("sso-login --via aws demo").fails(77, "failed", "no-token", "left no valid token");
}

#[test]
fn its_last_words_are_the_reason() {
    let bench = with_aws(
        "echo noise >&2; echo 'aws: [ERROR]: An error occurred: \u{1b}[31mdenied\u{1b}[0m' >&2; echo >&2; exit 254",
    );
    let ended = bench.run("sso-login --via aws demo");
    let last = ended.fails(77, "failed", "aws", "An error occurred: ");
    assert_eq!(last["awsStatus"], 254);
    assert!(!ended.stderr.contains('\u{1b}') && !ended.stdout.contains('\u{1b}'), "{}", ended.stderr);

    let bench = with_aws("exit 3");
    bench.run("sso-login --via aws demo").fails(77, "failed", "aws", "`aws sso login` ended with status 3");
    let bench = with_aws("echo 'Could not connect to the endpoint URL: \"https://x/\"' >&2; exit 255");
    bench.run("sso-login --via aws demo").fails(
        69,
        "failed",
        "unreachable",
        "the AWS CLI says: Could not connect",
    );
}

#[test]
fn hostile_output_reaches_no_terminal() {
    let bench = with_aws(
        "printf 'https://x/\\033]0;evil\\007\\n\\377\\376\\nhttps://a b/\\nABCD-EFGH\\n\\033[2J\\n'; printf '\\033[2J\\r\\n' >&2; exit 1",
    );
    let ended = bench.run("sso-login --via aws demo");
    assert_eq!(ended.documents().len(), 1);
    assert!(!ended.stderr.contains(['\u{1b}', '\u{7}', '\r']), "{:?}", ended.stderr);
}

#[test]
fn a_flood_takes_no_memory_and_puts_no_end_off() {
    let bench = with_aws(
        "tr '\\0' x </dev/zero | head -c 300000; echo; echo $$ >$OUT/flood; exec yes https://x.example.com/",
    );
    let mut command = bench.command("sso-login --via aws demo --timeout 60s");
    command.env("OUT", bench.served.sandbox.root());
    end(command, "").fails(77, "failed", "aws", "printed too much");
    gone(&bench, "flood");
}

#[test]
fn the_whole_group_ends_with_the_time_limit() {
    let script = "trap '' TERM; echo $$ >$OUT/parent; (trap '' TERM; sh -c 'echo $$ >$OUT/child; exec sleep 600') & \
                  while :; do sleep 0.05; done";
    let bench = with_aws(script);
    let out = bench.served.sandbox.root().to_str().unwrap().to_owned();
    let runs =
        |_: &crate::support::Ended| !bench.text("parent").is_empty() && !bench.text("child").is_empty();
    let ended = bench.run_out("sso-login --via aws demo", &[("OUT", &out)], runs);
    ended.fails(124, "timeout", "", "took too long");
    gone(&bench, "parent");
    gone(&bench, "child");
    assert_eq!(bench.state(), [""; 0]);
}

#[test]
fn a_browser_that_outlives_it_keeps_nobody_waiting() {
    let bench = with_aws(&format!("sleep 600 & echo $! >$OUT/browser; {TOKEN}"));
    let mut command = bench.command("sso-login --via aws demo");
    command.env("OUT", bench.served.sandbox.root());
    end(command, "").succeeds("success");
    assert!(runs(&bench, "browser"), "it was waited for");
    let browser = bench.text("browser").trim().parse().unwrap();
    kill_process(Pid::from_raw(browser).unwrap(), Signal::KILL).unwrap();
}

#[test]
fn a_signal_ends_the_group_and_frees_the_lock() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let bench = with_aws("echo $$ >$OUT/aws; mv $OUT/aws $OUT/ready; exec sleep 600");
        let mut command = bench.command("sso-login --via aws demo");
        command.env("OUT", bench.served.sandbox.root()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        while !bench.file("ready").exists() {
            assert_eq!(child.try_wait().unwrap(), None);
        }
        kill_process(Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap(), signal).unwrap();
        let ended = crate::support::Ended::of(&child.wait_with_output().unwrap(), "login");
        ended.fails(code, "failed", "interrupted", "the login was interrupted");
        gone(&bench, "ready");
        assert_eq!(bench.state(), [""; 0]);
    }
}

#[test]
fn a_signal_ends_a_stream_after_the_login_it_met() {
    let bench = with_aws("echo $$ >$OUT/aws; mv $OUT/aws $OUT/ready; exec sleep 600");
    let mut command = bench.command("sso-login - --via aws");
    command.env("OUT", bench.served.sandbox.root()).stdout(Stdio::piped()).stdin(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let input = "{\"profile\":\"demo\"}{\"profile\":\"other\"}";
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
    while !bench.file("ready").exists() {
        assert_eq!(child.try_wait().unwrap(), None);
    }
    kill_process(Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap(), Signal::TERM).unwrap();
    let ended = crate::support::Ended::of(&child.wait_with_output().unwrap(), "login");
    assert_eq!((ended.code, ended.documents().len()), (143, 1));
    assert_eq!(ended.last()["error"], "interrupted");
}

#[test]
fn a_signal_ends_a_device_login_too() {
    let bench = Bench::start("--pending 1000");
    let mut command = bench.command("sso-login --via device --no-browser demo");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    while bench.count("CreateToken") == 0 {
        std::thread::yield_now();
    }
    kill_process(Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap(), Signal::TERM).unwrap();
    let ended = crate::support::Ended::of(&child.wait_with_output().unwrap(), "login");
    ended.fails(143, "failed", "interrupted", "the login was interrupted");
    assert_eq!(bench.state(), [""; 0]);
}

#[test]
fn version_1_is_passed_over_for_version_2() {
    let bench = with_aws(&format!("touch $OUT/two; {TOKEN}"));
    let first = bench.file("first");
    fs::create_dir(&first).unwrap();
    fs::copy(bench.program("one", "echo 'aws-cli/1.46.2 Python/3.11.7' >&2"), first.join("aws")).unwrap();
    let mut command = bench.command("sso-login --via aws demo");
    let path = format!("{}:{}", first.display(), bench.served.sandbox.path());
    command.env("PATH", path).env("OUT", bench.served.sandbox.root());
    end(command, "").succeeds("success");
    assert!(bench.file("two").exists());
}

#[test]
fn without_version_2_the_others_are_named_and_auto_over_ssh_takes_the_device_flow() {
    let bench = Bench::start("");
    let one = bench.program("one", "echo 'aws-cli/1.46.2 Python/3.11.7'");
    let login = |arguments: &str, program: &str| {
        let variables = [("SSO_AWS", program), ("BROWSER", "true"), ("SSH_TTY", "/dev/pts/0")];
        bench.run_with(&format!("sso-login {arguments} demo"), &variables)
    };
    let ended = login("--via aws", one.to_str().unwrap());
    let says =
        format!("there is no AWS CLI v2: {} is AWS CLI 1.46.2, which has no `sso login`", one.display());
    ended.fails(78, "failed", "no-aws-cli", &says);
    for way in ["awscli-exe-linux-", "SSO_AWS", "--via device"] {
        assert!(ended.complaint().contains(way), "{}", ended.stderr);
    }
    login("--via aws", "/nonexistent/aws").fails(
        78,
        "failed",
        "no-aws-cli",
        "/nonexistent/aws: cannot run it",
    );
    let other = bench.program("other", "echo hello");
    login("--via aws", other.to_str().unwrap()).fails(78, "failed", "no-aws-cli", "it isn't an AWS CLI");
    let ended = login("", one.to_str().unwrap());
    assert_eq!((ended.code, &ended.last()["via"]), (0, &"device".into()), "{}", ended.stderr);
}

#[test]
fn a_program_that_says_no_version_takes_no_longer_than_the_login() {
    let bench = Bench::start("");
    let silent = bench.program("silent", "exec sleep 600");
    for via in ["aws", "auto"] {
        let line = format!("sso-login --via {via} demo --timeout 1s");
        let ended =
            bench.run_with(&line, &[("SSO_AWS", silent.to_str().unwrap()), ("SSH_TTY", "/dev/pts/0")]);
        ended.fails(124, "timeout", "", "there was no time to log in: ");
        assert!(ended.complaint().contains("silent: it does not say its version"), "{}", ended.stderr);
        assert_eq!(bench.state(), [""; 0]);
    }
}

#[test]
fn a_program_in_the_working_directory_is_never_taken() {
    let bench = with_aws(TOKEN);
    let work = bench.file("work");
    fs::write(work.join("aws"), "#!/bin/sh\ntouch bad\n").unwrap();
    fs::set_permissions(work.join("aws"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    fs::write(work.join(".env"), "SSO_AWS=./aws\nSSO_DIALOG=./aws\nBROWSER=./aws\n").unwrap();
    let mut command = bench.command("sso-login --via aws demo");
    command.env("PATH", format!(":.:{}:{}:/usr/bin:/bin", bench.file("bin").display(), tools().display()));
    end(command, "").succeeds("success");
    assert!(!work.join("bad").exists());
}

/// An AWS CLI of that version that writes down its arguments and runs a script.
fn recording(bench: &Bench, name: &str, version: &str, script: &str) -> std::path::PathBuf {
    bench.program(
        name,
        &format!(
            "if [ \"$1\" = --version ]; then echo aws-cli/{version}; exit; fi; echo {name} \"$*\" >> \"$HOME/asked\"; {script}"
        ),
    )
}

fn asked(bench: &Bench) -> String {
    fs::read_to_string(bench.home().join("asked")).unwrap_or_default()
}

#[test]
fn the_line_that_names_the_error_decides_as_the_newest_aws_cli_prints_it() {
    let error = |name: &str, word: &str| {
        format!(
            "printf '\\naws: [ERROR]: An error occurred ({name}) when calling the RegisterClient operation: \\n\\nAdditional error details:\\nerror: {word}\\nerror_description: Invalid client provided\\n' >&2; exit 254"
        )
    };
    let bench = Bench::start("");
    let aws = recording(&bench, "new", "2.36.17", &error("InternalServerException", "server_error"));
    let ended = bench.run_with("sso-login --via aws demo", &[("SSO_AWS", aws.to_str().unwrap())]);
    ended.fails(69, "failed", "unreachable", "InternalServerException");
    let aws = recording(&bench, "new", "2.36.17", &error("InvalidClientException", "invalid_client"));
    let ended = bench.run_with("sso-login --via aws demo", &[("SSO_AWS", aws.to_str().unwrap())]);
    ended.fails(77, "failed", "invalid_client", "InvalidClientException");
}

#[test]
fn where_no_browser_comes_back_the_aws_cli_is_told_to_use_a_code() {
    let bench = Bench::start("");
    let new = recording(&bench, "new", "2.22.0", "exit 1");
    let old = recording(&bench, "old", "2.21.9", "exit 1");
    let ask = |aws: &std::path::Path, arguments: &str, ssh: bool| {
        let _ = fs::remove_file(bench.home().join("asked"));
        let variables =
            [("SSO_AWS", aws.to_str().unwrap()), ("SSH_TTY", if ssh { "/dev/pts/0" } else { "0" })];
        bench.run_with(&format!("sso-login --via aws demo {arguments}"), &variables);
        asked(&bench)
    };
    assert!(ask(&new, "", true).ends_with("demo --use-device-code\n"));
    assert!(ask(&new, "--no-browser", true).ends_with("demo --no-browser --use-device-code\n"));
    assert!(ask(&old, "--no-browser", true).ends_with("demo --no-browser\n"));
}

#[test]
fn the_newest_aws_cli_is_taken_whatever_comes_first_on_path() {
    let bench = Bench::start("");
    let (first, second) = (bench.file("first"), bench.file("second"));
    for (dir, name, version) in [(&first, "older", "2.21.0"), (&second, "newer", "2.40.1")] {
        fs::create_dir(dir).unwrap();
        fs::copy(recording(&bench, name, version, "exit 1"), dir.join("aws")).unwrap();
    }
    let path = format!("{}:{}:{}", first.display(), second.display(), bench.served.sandbox.path());
    bench.run_with("sso-login --via aws demo", &[("PATH", &path)]);
    assert!(asked(&bench).starts_with("newer sso login"), "{}", asked(&bench));
    // What is named on purpose comes first, and is missed aloud.
    let ended = bench.run_with("sso-login demo", &[("PATH", &path), ("SSO_AWS", "/nonexistent/aws")]);
    assert_eq!(ended.code, 0);
    assert!(
        ended.stderr.starts_with("sso-login: SSO_AWS names no AWS CLI v2: /nonexistent/aws"),
        "{}",
        ended.stderr
    );
}

#[test]
fn an_aws_cli_that_would_ask_another_service_than_the_environment_names_is_left_out() {
    let bench = Bench::start("");
    // Its models are how an old one finds the service.
    let models = bench.home().join(".aws/models");
    for (version, has_models, is_taken) in
        [("2.9.19", true, true), ("2.13.0", false, true), ("2.9.19", false, false)]
    {
        let aws = recording(&bench, "aws", version, "exit 1");
        if !has_models {
            let _ = fs::remove_dir_all(&models);
        }
        let ended = bench.run_with("sso-login demo --no-browser", &[("SSO_AWS", aws.to_str().unwrap())]);
        let via = &ended.last()["via"];
        assert_eq!((ended.code == 0, via == "aws"), (!is_taken, is_taken), "{version}: {}", ended.stderr);
    }
}

#[test]
fn a_page_that_comes_back_to_another_host_has_no_port() {
    let bench = Bench::start("");
    let page =
        "https://oidc.us-east-1.amazonaws.com/authorize?redirect_uri=http%3A%2F%2Fevil.example%3A39945%2F";
    let aws = recording(&bench, "new", "2.36.17", &format!("echo '{page}'; exit 1"));
    let ended = bench.run_with("sso-login --via aws demo", &[("SSO_AWS", aws.to_str().unwrap())]);
    let event = &ended.documents()[0];
    assert_eq!((event["url"].as_str(), &event["port"]), (Some(page), &serde_json::Value::Null));
    assert!(
        ended.stderr.contains("warning: the redirect_uri of its page isn't on loopback"),
        "{}",
        ended.stderr
    );
    assert!(!ended.stderr.contains("returns to port"), "{}", ended.stderr);
}

#[test]
fn a_build_service_without_anybody_fails_at_once() {
    let bench = Bench::start("--approve ask");
    let variables = [("CI", "true"), ("SSO_AWS", "/nonexistent/aws")];
    let ended = bench.run_with("sso-login demo", &variables);
    assert!(ended.stderr.ends_with("sso-login: hint: sso-login demo --via device\n"), "{}", ended.stderr);
    ended.fails(77, "failed", "nobody", "nobody can log in here: this is a build service");
    assert_eq!(bench.counts()[0], 0);
}
