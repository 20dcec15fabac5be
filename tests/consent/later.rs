//! `--via aws` with an AWS CLI from 2.22 on, which tells the clients of the two flows apart. A script stands in for it.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sso_cache::folder::Cache;
use sso_cache::key::Registrant;

use crate::login::bench::{Bench, TOKEN, after};
use crate::support::Ended;

const PAGE: &str = "https://oidc.us-east-1.amazonaws.com/authorize?redirect_uri=http%3A%2F%2F127.0.0.1%3A43210%2Foauth%2Fcallback";

/// The file of the AWS CLI's registration for the session `sandbox`.
fn file(bench: &Bench) -> PathBuf {
    Cache::of_home(bench.home()).registration(Registrant {
        region: "us-east-1",
        scopes: Some(&["sso:account:access".to_owned()]),
        session_name: Some("sandbox"),
        start_url: crate::sandbox::served::START_URL,
        tool: "botocore",
    })
}

/// A registration by `client`, of the browser's flow or the device's.
fn registration(client: &str, is_browser: bool) -> Value {
    let mut registration = json!({"clientId": client, "clientSecret": "s", "expiresAt": after(86400)});
    if is_browser {
        registration["grantTypes"] = json!(["authorization_code", "refresh_token"]);
    }
    registration
}

/// Logs in by an AWS CLI that registers the client `new` before it shows its page, if it is told to.
fn log_in(bench: &Bench, registers: bool, arguments: &str) -> Ended {
    let new = registration("new", true);
    let token = json!({"accessToken": "x", "expiresAt": after(3600)});
    let quoted = |path: &Path| format!("'{}'", path.display());
    let register = if registers { format!("echo '{new}' >{}", quoted(&file(bench))) } else { ":".to_owned() };
    fs::create_dir_all(bench.cache()).unwrap();
    bench.program(
        "aws",
        &format!(
            "case $1 in --version) echo 'aws-cli/2.36.7 Python/3.13'; exit;; esac
{register}; echo '{PAGE}'; echo '{token}' >{}",
            quoted(&bench.cache().join(TOKEN))
        ),
    );
    // A browser of this machine comes back to it.
    bench.run_with(&format!("sso-login demo --via aws --force {arguments}"), &[("DISPLAY", ":0")])
}

#[test]
fn the_client_of_a_device_flow_is_not_taken_for_a_browser() {
    // In a container no browser comes back, and the AWS CLI is asked for a code: the client of a device flow is the right one.
    if Path::new("/.dockerenv").exists() || Path::new("/run/.containerenv").exists() {
        return crate::support::skip("a login by a browser that comes back: this machine is a container");
    }
    let bench = Bench::start("");
    fs::create_dir_all(bench.cache()).unwrap();
    fs::write(file(&bench), registration("old", false).to_string()).unwrap();
    let ended = log_in(&bench, true, "");
    let last = ended.succeeds("success");
    assert_eq!((&last["registration"], &last["registrationReason"]), (&json!("new"), &json!("flow")));
    let notice = "AWS will ask you again to allow access for botocore-client-sandbox: session sandbox is registered for \
                  another kind of login.";
    // No code: its page has none.
    assert_eq!(ended.documents()[0]["notice"], notice);
    assert!(ended.stderr.starts_with(&format!("{notice}\nTo log in as ")), "{}", ended.stderr);

    let ended = log_in(&bench, false, "");
    assert_eq!(ended.succeeds("success")["registration"], "kept");
    assert!(ended.stderr.starts_with("To log in as "), "{}", ended.stderr);
}

#[test]
fn who_opens_the_page_is_said_as_it_is() {
    let bench = Bench::start("");
    for (arguments, says) in [
        ("", "use the browser that the AWS CLI opens now. If none opens, open this page in a browser on"),
        ("--no-browser", "open this page in a browser on"),
    ] {
        let ended = log_in(&bench, true, arguments);
        ended.succeeds("success");
        let page = format!(
            "To log in as profile demo, {says} this machine (it returns to port 43210):\n\n    {PAGE}\n\n"
        );
        assert_eq!(ended.page(), page);
    }
}

#[test]
fn the_notice_is_there_before_the_aws_cli_starts() {
    let bench = Bench::start("");
    // It sees what is on our stderr by the time that it runs, as a person does.
    let aws = "case $1 in --version) echo 'aws-cli/2.36.7 Python/3.13';; *) cp $OUT/stderr $OUT/seen;; esac";
    bench.program("aws", aws);
    let mut command = bench.command("sso-login demo --via aws");
    let stderr = fs::File::create(bench.file("stderr")).unwrap();
    command.env("OUT", bench.served.sandbox.root()).stderr(stderr).stdout(std::process::Stdio::null());
    assert_eq!(command.status().unwrap().code(), Some(77));
    assert!(
        bench.text("seen").starts_with("AWS will ask you to allow access for "),
        "{}",
        bench.text("seen")
    );
}
