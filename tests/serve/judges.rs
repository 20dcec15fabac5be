//! Every client as a container has it: without `~/.aws`, with the endpoint and its token file, through three sessions.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_credential_types::provider::ProvideCredentials as _;
use serde_json::json;

use super::serving::Serving;
use crate::login::bench::Bench;
use crate::sandbox::served::Served;
use crate::support::{self, aws_newest, aws_v2, end, peer, python, tools};

/// A process that lives as long as the container does. For each line it asks for what it wants with its credentials, and
/// answers `ok …` or `no …`.
struct Judge {
    name: &'static str,
    child: Child,
    answers: BufReader<ChildStdout>,
}

impl Judge {
    fn start(name: &'static str, mut command: Command, container: &Container) -> Self {
        container.dress(&mut command);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self { name, child, answers }
    }

    fn ask(&mut self) {
        self.child.stdin.as_mut().unwrap().write_all(b"?\n").unwrap();
    }

    /// The next answer. A test binary and a shell may say other things before it.
    fn answer(&mut self) -> String {
        loop {
            let mut line = String::new();
            let length = self.answers.read_line(&mut line).unwrap();
            assert!(length > 0, "{} has ended", self.name);
            let begin = line.find("ok ").into_iter().chain(line.find("no ")).min();
            if let Some(begin) = begin {
                return line[begin..].trim_end().to_owned();
            }
        }
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a container has.
struct Container {
    home: PathBuf,
    variables: Vec<(String, String)>,
}

impl Container {
    fn of(bench: &Bench, serving: &Serving) -> Self {
        let home = bench.file("container");
        fs::create_dir(&home).unwrap();
        let one = &serving.listening["credentials"][0];
        let export = &bench.served.document["export"];
        let mut variables = vec![
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI".to_owned(), one["url"].as_str().unwrap().to_owned()),
            (
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE".to_owned(),
                one["tokenFile"].as_str().unwrap().to_owned(),
            ),
            ("AWS_REGION".to_owned(), "eu-west-1".to_owned()),
            ("AWS_DEFAULT_REGION".to_owned(), "eu-west-1".to_owned()),
            ("SSO_TEST_LINES".to_owned(), "1".to_owned()),
        ];
        let kept = [
            "AWS_ENDPOINT_URL_STS",
            "AWS_ENDPOINT_URL_S3",
            "AWS_EC2_METADATA_DISABLED",
            "NO_PROXY",
            "no_proxy",
        ];
        variables.extend(kept.map(|name| (name.to_owned(), export[name].as_str().unwrap().to_owned())));
        Self { home, variables }
    }

    fn dress(&self, command: &mut Command) {
        command.env_clear().current_dir(&self.home).env("HOME", &self.home);
        command.env("PATH", std::env::var_os("PATH").unwrap());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
    }
}

fn shell(script: &str) -> Command {
    let mut command = Command::new("bash");
    command.args(["-c", script]);
    command
}

/// A loop of an AWS CLI. Before 2.15 it knows the token's text only, and no endpoint from a variable.
fn aws_loop(aws: &Path) -> Command {
    shell(&format!(
        "export AWS_CONTAINER_AUTHORIZATION_TOKEN=$(cat \"$AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE\")
        while read -r _; do
            if said=$('{}' s3 ls --endpoint-url \"$AWS_ENDPOINT_URL_S3\" 2>&1); then echo \"ok $said\"
            else echo \"no ${{said//$'\\n'/ }}\"; fi
        done",
        aws.display()
    ))
}

/// One client with credentials in memory, as a service has it.
const BOTOCORE: &str = "
import botocore.session, sys
client = botocore.session.Session().create_client('s3')
for line in sys.stdin:
    try: print('ok', client.list_buckets()['Buckets'][0]['Name'], flush=True)
    except Exception as error: print('no', str(error).replace('\\n', ' '), flush=True)
";

const JAVASCRIPT: &str = "
const { fromNodeProviderChain } = require(process.argv[1] + '/@aws-sdk/credential-providers');
const provider = fromNodeProviderChain({ maxRetries: 0 });
require('node:readline').createInterface({ input: process.stdin }).on('line', () => provider({ forceRefresh: true }).then(
    (role) => console.log('ok', role.accessKeyId, role.accountId),
    (error) => console.log('no', String(error).replaceAll('\\n', ' '))));
";

fn judges(container: &Container) -> Vec<Judge> {
    let mut judges = Vec::new();
    let mut add = |name, command| judges.push(Judge::start(name, command, container));
    if let Some(aws) = aws_v2() {
        add("the AWS CLI of this machine", aws_loop(&aws));
    }
    if let Some(aws) = aws_newest() {
        add("the newest AWS CLI", aws_loop(&aws));
    }
    if let Some(python) = python() {
        let mut command = Command::new(python);
        command.args(["-c", BOTOCORE]);
        add("botocore", command);
    }
    if let Some(node) = peer("SSO_TEST_NODE", "node") {
        let modules = std::env::var("SSO_TEST_NODE_MODULES")
            .map_or_else(|_| tools().parent().unwrap().join("peers/node_modules"), PathBuf::from);
        let package = modules.join("@aws-sdk/credential-providers/package.json");
        if peer("SSO_TEST_JS_SDK", package.to_str().unwrap()).is_some() {
            let mut command = Command::new(node);
            command.args(["--no-warnings", "-e", JAVASCRIPT]).arg(modules);
            add("the SDK for JavaScript", command);
        }
    }
    if let Some(go) = support::ask_go() {
        add("the SDK for Go", Command::new(go));
    }
    let mut rust = Command::new(std::env::current_exe().unwrap());
    rust.args(["--ignored", "--exact", "--nocapture", "serve::judges::answers"]);
    add("the SDK for Rust", rust);
    judges
}

/// Not a test: the process that the SDK for Rust is asked in.
#[test]
#[ignore = "answers a line for each line, with the SDK for Rust"]
fn answers() {
    if std::env::var_os("SSO_TEST_LINES").is_none() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let http = aws_smithy_http_client::Builder::new().build_http();
        let config = aws_config::provider_config::ProviderConfig::default()
            .with_http_client(http)
            .with_region(Some(aws_config::Region::new("eu-west-1")));
        let chain = DefaultCredentialsChain::builder().configure(config).build().await;
        for line in std::io::stdin().lines() {
            line.unwrap();
            match chain.provide_credentials().await {
                Ok(role) => println!("ok {} {}", role.access_key_id(), role.expiry().is_some()),
                Err(err) => println!("no {}", format!("{err:?}").replace('\n', " ")),
            }
        }
    });
}

fn log_in(bench: &Bench) {
    let mut command = bench.command("sso-login --via device --no-browser demo");
    command.env_remove("SSO_NOW");
    end(command, "").succeeds("success");
}

/// The session's time is over, for the portal and in the file.
fn end_session(bench: &Bench) {
    bench.served.tell("/sandbox/sign-out", &json!({}));
    let mut token = bench.token();
    token["expiresAt"] = json!("2020-01-01T00:00:00Z");
    token.as_object_mut().unwrap().remove("refreshToken");
    bench.set_token(&token);
}

#[test]
fn clients_without_a_home_go_on_through_two_logins_on_the_host_without_a_restart() {
    // Clients can't be told another time. Credentials that end so soon are renewed with every call.
    let served = Served::start_at("--pending 0 --role-lifetime 4m", None);
    let bench = Bench { served };
    log_in(&bench);
    let mut command = bench.command("sso-login serve --listen 127.0.0.1:0 --credentials demo");
    command.env_remove("SSO_NOW");
    let serving = Serving::of(&bench, command);
    let container = Container::of(&bench, &serving);
    let mut judges = judges(&container);
    let mut all = |expected: &str| {
        // An AWS CLI has nothing in memory that it could go on with: it needn't be asked in vain.
        let is_asked = |judge: &&mut Judge| expected == "ok " || !judge.name.contains("CLI");
        judges.iter_mut().filter(is_asked).for_each(Judge::ask);
        for judge in judges.iter_mut().filter(is_asked) {
            let answer = judge.answer();
            assert!(answer.starts_with(expected), "{}: {answer}", judge.name);
            for secret in ["accessToken", "refreshToken", "clientSecret"] {
                let secret = bench.token()[secret].as_str().unwrap_or("-none-").to_owned();
                assert!(!answer.contains(&secret), "{} has seen a token", judge.name);
            }
            if expected == "no " && ["botocore", "the SDK for Go"].contains(&judge.name) {
                assert!(answer.contains("sso-login demo"), "{}: {answer}", judge.name);
            }
        }
    };
    all("ok ");
    for _ in 0..2 {
        end_session(&bench);
        all("no ");
        // Each of them asked; the host is told once.
        let missed = serving.document();
        assert_eq!((&missed["profile"], &missed["loginRequired"]), (&json!("demo"), &json!(true)));
        log_in(&bench);
        all("ok ");
        assert_eq!(serving.document()["loginRequired"], false);
        assert!(serving.has_no_document());
    }
    assert_eq!(bench.counts()[0], 3);
    assert!(!container.home.join(".aws/sso").exists() && !container.home.join(".aws/config").exists());
}
