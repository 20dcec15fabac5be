//! `sso-login console`: the portal's link without a credential, the federation endpoint's with one, and who sees which.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Stdio;

use crate::login::bench::Bench;
use crate::support::until;

fn url(bench: &Bench, arguments: &str) -> String {
    let ended = bench.run(&format!("sso-login console {arguments} --print")).exits(0);
    let document = ended.document();
    assert_eq!(document["profile"], "demo", "{document}");
    document["url"].as_str().unwrap().to_owned()
}

#[test]
fn the_link_of_the_portal_names_account_and_role_and_needs_no_session() {
    let bench = Bench::start("");
    let start = "https://d-1234567890.awsapps.com/start/#/console";
    assert_eq!(url(&bench, "demo"), format!("{start}?account_id=111122223333&role_name=Developer"));
    assert_eq!(
        url(&bench, "demo --destination https://console.aws.amazon.com/s3/home?region=eu-west-1"),
        format!(
            "{start}?account_id=111122223333&role_name=Developer&\
             destination=https%3A%2F%2Fconsole.aws.amazon.com%2Fs3%2Fhome%3Fregion%3Deu-west-1"
        )
    );
    assert_eq!(
        url(&bench, "demo --account-id 444455556666 --role-name ReadOnly"),
        format!("{start}?account_id=444455556666&role_name=ReadOnly")
    );
    assert_eq!(bench.counts()[2], 0, "the link asked the network");
}

/// As other tools have it: `-s s3 -r us-west-2`.
#[test]
fn a_page_is_named_by_its_service_and_region() {
    let bench = Bench::start("");
    for (arguments, page) in [
        ("--destination s3 --region us-west-2", "us-west-2.console.aws.amazon.com/s3/home?region=us-west-2"),
        ("--service ec2", "eu-west-1.console.aws.amazon.com/ec2/home?region=eu-west-1"),
        ("-s dynamodb -r us-east-2", "us-east-2.console.aws.amazon.com/dynamodbv2/home?region=us-east-2"),
        ("--region cn-north-1", "cn-north-1.console.amazonaws.cn/console/home?region=cn-north-1"),
    ] {
        let link = url(&bench, &format!("demo {arguments}"));
        let asked = link.split("&destination=").nth(1).unwrap();
        let asked: String = percent(asked);
        assert_eq!(asked, format!("https://{page}"), "{arguments}");
    }
    bench
        .run("sso-login console demo --region evil.example/ --print")
        .exits_somehow(2)
        .says("like us-west-2");
    bench
        .run(
            "sso-login console demo --region us-west-2 --destination https://console.aws.amazon.com/ --print",
        )
        .exits_somehow(2)
        .says("a URL names its region itself");
}

/// Without the escapes that such a URL needs.
fn percent(text: &str) -> String {
    text.replace("%3A", ":").replace("%2F", "/").replace("%3F", "?").replace("%3D", "=")
}

/// A browser that notes the page it is to open, and the note.
fn browser(bench: &Bench) -> (PathBuf, PathBuf) {
    let seen = bench.file("seen");
    let script = format!("printf '%s' \"$1\" > '{0}.new'; mv '{0}.new' '{0}'", seen.display());
    (bench.program("browser", &script), seen)
}

#[test]
fn a_browser_opens_it_where_there_is_one() {
    let bench = Bench::start("");
    let (browser, seen) = browser(&bench);
    let ended = bench.run_with("sso-login console demo", &[("BROWSER", browser.to_str().unwrap())]).exits(0);
    assert_eq!(ended.stdout, "");
    until("the browser", || seen.exists());
    assert!(
        bench.text("seen").ends_with("account_id=111122223333&role_name=Developer"),
        "{}",
        bench.text("seen")
    );
    // Without one the link is printed.
    let printed = bench.run("sso-login console demo").exits(0).document();
    assert_eq!(printed["url"], bench.text("seen"));
    // A person gets a link to paste, not a document.
    let ended = bench.run("sso-login console demo --print --text").exits(0);
    assert_eq!(ended.stdout.trim(), bench.text("seen"));
}

#[test]
fn the_federation_endpoint_gives_a_link_that_is_printed_only_on_demand() {
    let bench = Bench::logged_in("");
    let link = url(&bench, "demo --federated --destination https://console.aws.amazon.com/s3/home");
    assert!(
        link.contains("/federation?Action=login&Issuer=sso-login&Destination=https%3A%2F%2Fconsole"),
        "{link}"
    );
    assert!(link.contains("&SigninToken="), "{link}");
    assert_eq!(bench.count("GetSigninToken"), 1);
    bench.run("sso-login console demo --federated").exits_somehow(78).says("the link is a secret");
    bench.shell("sso-login logout demo > /dev/null").exits(0);
    bench.run("sso-login console demo --federated --print").exits_somehow(77);
}

/// The command line of a browser can be read by every user of the host.
#[test]
fn a_federated_link_reaches_the_browser_once_and_no_command_line() {
    let bench = Bench::logged_in("");
    let (browser, seen) = browser(&bench);
    let mut command = bench.command("sso-login console demo --federated");
    command.env("BROWSER", browser).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    until("the browser", || seen.exists());
    let page = bench.text("seen");
    let (address, path) = page.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let ask = |path: &str| {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "GET /{path} HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).map(|_| answer).unwrap()
    };
    assert!(!page.contains("SigninToken"), "{page}");
    assert!(ask("elsewhere").starts_with("HTTP/1.1 404"));
    let answer = ask(path);
    assert!(answer.starts_with("HTTP/1.1 303") && answer.contains("&SigninToken="), "{answer}");
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), ended.stdout.len()), (Some(0), 0));
    assert!(TcpStream::connect(address).is_err(), "it is handed over once");
}

#[test]
fn what_is_no_page_and_who_has_no_role_is_refused() {
    let bench = Bench::start("");
    bench.run("sso-login console demo --destination javascript:alert(1)").exits_somehow(2);
    bench.run("sso-login console demo --destination http://console.aws.amazon.com/").exits_somehow(2);
    bench.configure(|config| {
        config + "\n[profile static]\naws_access_key_id = AKIA\naws_secret_access_key = canary\n"
    });
    bench
        .run("sso-login console static --print")
        .exits_somehow(78)
        .says("has no SSO account")
        .says("hint: sso-login console --federated static");
    let ended = bench.run("sso-login console static --federated --print").exits_somehow(78);
    assert!(!ended.stderr.contains("canary"), "{}", ended.stderr);
}

#[test]
fn a_profile_of_another_host_is_opened_there() {
    let bench = Bench::logged_in("");
    let ended =
        bench.feed("sso-login console -", r#"{"profile":"demo","host":"metta@box1","ssoSession":"sandbox"}"#);
    let document = ended.exits(0).document();
    assert_eq!((document["error"].as_str(), document.get("url")), (Some("remote"), None), "{document}");
}
