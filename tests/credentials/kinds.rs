//! Profiles of other kinds than SSO, as botocore has them, or a clear no.

use serde_json::Value;

use crate::login::bench::Bench;
use crate::support::end;

fn with(config: &str) -> Bench {
    let bench = Bench::logged_in("");
    bench.configure(|text| text + "\n" + config);
    bench
}

#[test]
fn static_keys_are_handed_out_as_they_are() {
    let bench = with("[profile keys]\naws_access_key_id = AKIAKEY\naws_secret_access_key = s/+==\n");
    assert_eq!(
        bench.run("sso-login credentials keys --format env").exits(0).stdout,
        "export AWS_ACCESS_KEY_ID=AKIAKEY\nexport AWS_SECRET_ACCESS_KEY=s/+==\n"
    );
    std::fs::write(
        bench.home().join(".aws/credentials"),
        "[keys]\naws_access_key_id = AKIA2\naws_secret_access_key = s2\naws_session_token = t2\n",
    )
    .unwrap();
    let printed: Value =
        serde_json::from_str(&bench.run("sso-login credentials keys").exits(0).stdout).unwrap();
    assert_eq!((&printed["AccessKeyId"], &printed["SessionToken"]), (&"AKIA2".into(), &"t2".into()));
}

#[test]
fn the_keys_of_a_ci_job_are_those_of_its_environment() {
    let bench = Bench::start("");
    let keys = [("AWS_ACCESS_KEY_ID", "AKIACI"), ("AWS_SECRET_ACCESS_KEY", "s")];
    let ended = bench.run_with("sso-login credentials --format env-no-export", &keys).exits(0);
    assert_eq!(ended.stdout, "AWS_ACCESS_KEY_ID=AKIACI\nAWS_SECRET_ACCESS_KEY=s\n");
    let ended = bench.run_with("sso-login exec -- printenv AWS_ACCESS_KEY_ID", &keys).exits(0);
    assert_eq!(ended.stdout, "AKIACI\n");
    // A profile that somebody named is never passed over for keys that happen to be there.
    bench.run_with("sso-login credentials demo", &keys).exits(77);
}

#[test]
fn a_credential_process_is_run_without_a_shell() {
    let script = r#"printf '{"Version": 1, "AccessKeyId": "%s", "SecretAccessKey": "S", "Expiration": "2026-11-21T14:00:00+01:00"}' "$1""#;
    let bench = with("[profile process]\ncredential_process = print-it \"A $HOME\"\n");
    bench.program("print-it", script);
    let printed: Value =
        serde_json::from_str(&bench.run("sso-login credentials process").exits(0).stdout).unwrap();
    assert_eq!(
        (&printed["AccessKeyId"], &printed["Expiration"]),
        (&"A $HOME".into(), &"2026-11-21T13:00:00Z".into())
    );
}

#[test]
fn a_credential_process_that_fails_says_so_and_nothing_it_printed_is_shown() {
    let bench = with("[profile process]\ncredential_process = print-it\n");
    bench.program("print-it", "echo canary-out; echo 'canary: no' >&2; exit 3");
    let ended = bench.run("sso-login credentials process").exits(69).says("ended with 3: canary: no");
    assert!(!ended.stderr.contains("canary-out"));
    bench.program("print-it", "echo canary-out");
    let ended = bench.run("sso-login credentials process").exits(78).says("something other than credentials");
    assert!(!ended.stderr.contains("canary-out"));
    bench.configure(|text| text.replace("= print-it", "= nothing-there"));
    bench.run("sso-login credentials process").exits(78).says("cannot be run");
}

#[test]
fn a_process_that_comes_back_to_its_profile_ends() {
    let bench = with("[profile loop]\ncredential_process = sso-login credentials loop\n");
    let ended = bench.run("sso-login credentials loop").exits(78);
    assert!(ended.stderr.contains("calls itself"), "{}", ended.stderr);
    let bench = with("[profile outer]\ncredential_process = sso-login credentials demo\n");
    bench.run("sso-login credentials outer").exits(0);
}

#[test]
fn what_would_need_a_prompt_or_another_sdk_is_refused_by_name() {
    let bench = with(
        "[profile mfa]\nrole_arn = arn:aws:iam::111122223333:role/R\nsource_profile = demo\nmfa_serial = arn:aws:iam::111122223333:mfa/me\n
[profile web]\nrole_arn = arn:aws:iam::111122223333:role/R\nweb_identity_token_file = /x\n
[profile ec2]\nrole_arn = arn:aws:iam::111122223333:role/R\ncredential_source = Ec2InstanceMetadata\n
[profile self]\nrole_arn = arn:aws:iam::111122223333:role/R\nsource_profile = self\n
[profile both]\nrole_arn = x\nsource_profile = demo\ncredential_source = Environment\n
[profile half]\naws_access_key_id = A\n
[profile token]\nsso_session = sandbox\n
[profile empty]\nregion = eu-west-1\n",
    );
    for (profile, says) in [
        ("mfa", "needs an MFA code (mfa_serial)"),
        ("web", "web identity token"),
        ("ec2", "credential_source = Ec2InstanceMetadata"),
        ("self", "leads back to it"),
        ("both", "has both source_profile and credential_source"),
        ("half", "aws_secret_access_key is missing"),
        ("token", "no account and role"),
        ("empty", "has no credentials in the config"),
    ] {
        let ended = bench.run(&format!("sso-login credentials {profile}")).exits(78).says(says);
        assert_eq!(ended.stdout, "", "{profile}");
    }
}

#[test]
fn a_role_of_another_profile_is_assumed_once_and_cached_as_the_aws_cli_does() {
    let bench = with(
        "[profile chain]\nrole_arn = arn:aws:iam::444455556666:role/T\nsource_profile = demo\nregion = eu-west-1\n",
    );
    let sts = Sts::start();
    for _ in 0..2 {
        let mut command = bench.command("sso-login credentials chain --format env");
        command.env("AWS_ENDPOINT_URL_STS", &sts.url);
        let ended = end(command, "").exits(0);
        assert!(ended.stdout.contains("AWS_ACCESS_KEY_ID=ASIACHAIN\n"), "{}", ended.stdout);
    }
    let requests = sts.requests.lock().unwrap().clone();
    assert_eq!(requests.len(), 1);
    assert!(requests[0].contains("RoleArn=arn%3Aaws%3Aiam%3A%3A444455556666%3Arole%2FT"), "{requests:?}");
    // The name is that of AWS-FORMATS 3.
    let file = bench.home().join(".aws/cli/cache/82551adc2509b1188e2713bf1099dcc270ce0a2d.json");
    let file: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(file["Credentials"]["Expiration"], "2026-11-21T13:00:00+00:00");
}

#[test]
fn a_role_that_has_no_place_in_the_cache_is_handed_out_all_the_same() {
    let Some(strace) = crate::support::peer("SSO_TEST_STRACE", "strace") else { return };
    let bench = with("[profile chain]\nrole_arn = arn:aws:iam::444455556666:role/T\nsource_profile = demo\n");
    let sts = Sts::start();
    let mut command = bench.command(strace.to_str().unwrap());
    command.args(["-f", "-qq", "-o", "/dev/null", "-e", "inject=fsync:error=ENOSPC"]);
    command.arg(crate::support::tool("sso-login")).args(["credentials", "chain", "--format", "env"]);
    command.env("AWS_ENDPOINT_URL_STS", &sts.url);
    let ended = end(command, "").exits(0);
    assert!(ended.stdout.contains("AWS_ACCESS_KEY_ID=ASIACHAIN\n"), "{}", ended.stdout);
    assert_eq!(crate::support::names(bench.home().join(".aws/cli/cache")), [""; 0]);
}

/// An STS that knows `AssumeRole` only.
struct Sts {
    url: String,
    requests: std::sync::Arc<std::sync::Mutex<Vec<String>>>,
}

impl Sts {
    fn start() -> Self {
        use std::io::{BufRead as _, BufReader, Read as _, Write as _};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = std::sync::Arc::<std::sync::Mutex<Vec<String>>>::default();
        let seen = std::sync::Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = BufReader::new(stream.unwrap());
                let mut length = 0;
                loop {
                    let mut line = String::new();
                    stream.read_line(&mut line).unwrap();
                    let line = line.trim().to_lowercase();
                    if let Some(value) = line.strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                    if line.is_empty() {
                        break;
                    }
                }
                let mut body = vec![0; length];
                stream.read_exact(&mut body).unwrap();
                seen.lock().unwrap().push(String::from_utf8(body).unwrap());
                let answer = "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>\
                    <AssumedRoleUser><AssumedRoleId>AROA:x</AssumedRoleId><Arn>arn:aws:sts::444455556666:assumed-role/T/x</Arn>\
                    </AssumedRoleUser><Credentials><AccessKeyId>ASIACHAIN</AccessKeyId><SecretAccessKey>S</SecretAccessKey>\
                    <SessionToken>T</SessionToken><Expiration>2026-11-21T13:00:00Z</Expiration></Credentials>\
                    </AssumeRoleResult></AssumeRoleResponse>";
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    answer.len()
                );
                stream.get_mut().write_all((head + answer).as_bytes()).unwrap();
            }
        });
        Self { url, requests }
    }
}
