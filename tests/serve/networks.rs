//! Containers and hosts that have the endpoint and nothing else: at the address that SDKs allow, and by `ssh -R`.

use std::fs;
use std::process::Command;

use serde_json::json;

use super::serving::Serving;
use crate::login::bench::Bench;
use crate::remote::metta::{Metta, may_make_networks};
use crate::sandbox::served::Served;
use crate::support::{self, Sandbox, end, peer, python};
use crate::watcher::running::project;

/// A host with the server at 169.254.170.2, and a container's network that reaches that address alone. `monitor` is the
/// monitor's line of the compose file.
const SCRIPT: &str = r#"
trap 'kill $(jobs -p) 2> /dev/null || true' EXIT
unshare --net sleep 600 & container=$!
until [ "$(readlink /proc/$container/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
ip link add sso0 type veth peer name sso1 netns "$container"
ip addr add 169.254.170.2/24 dev sso0; ip link set sso0 up
inside() { nsenter --net=/proc/$container/ns/net -- env -i HOME=/nonexistent PATH="$PATH" "$@"; }
inside ip link set lo up; inside ip addr add 169.254.170.3/24 dev sso1; inside ip link set sso1 up
until inside ip -4 route get 169.254.170.2 > /dev/null 2>&1; do sleep 0.05; done

cd
(umask 077; echo a-secret-that-is-long-enough > secret)
sso-login serve --listen 169.254.170.2:80 --credentials demo --aws-login-secret-file secret 2> requests |
    sso-signal write --source sso-serve > documents &
until [ -s documents ]; do sleep 0.05; done
token=~/.aws/sso-renewer/serve/credentials/demo.token
ask() {
    inside AWS_EC2_METADATA_DISABLED=true AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE="$token" "$@" "$JUDGE" -c '
import botocore.session
try: print("credentials", botocore.session.Session().get_credentials().access_key[:4])
except Exception as error: print(error)'
}
monitor() { inside sh -c "${MONITOR//TOKEN/$token}"; }

monitor
until sso-signal read demo > signal; do sleep 0.05; done
grep -o '"source":"[^"]*"' signal
ask AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/credentials/demo
sso-login demo --via device --no-browser > /dev/null 2>&1
monitor
ask AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/credentials/demo
ask AWS_CONTAINER_CREDENTIALS_FULL_URI=http://169.254.170.2/credentials/demo
while sso-signal read demo > /dev/null; do sleep 0.05; done
inside curl -sS -o /dev/null -w '%{http_code}\n' -X POST http://169.254.170.2/api/auth/aws-login
echo done
"#;

#[test]
fn a_container_that_reaches_the_endpoint_alone_has_a_monitor_and_credentials() {
    let (Some(python), Some(_)) = (python(), peer("SSO_TEST_CURL", "curl")) else { return };
    if !may_make_networks() {
        return;
    }
    let pair = ["--net", "ip", "link", "add", "sso0", "type", "veth", "peer", "name", "sso1"];
    if !Command::new("unshare").args(pair).status().is_ok_and(|status| status.success()) {
        support::skip("this kernel makes no pair of network devices (veth)");
        return;
    }
    let compose = fs::read_to_string(project().join("docs/containers/endpoint.yaml")).unwrap();
    let mut lines = compose.lines().map(str::trim).skip_while(|line| !line.starts_with("printf "));
    let monitor = [lines.next().unwrap(), lines.next().unwrap()].join(" ");
    assert!(monitor.ends_with("http://169.254.170.2:8000/credentials/corp;"), "{monitor}");
    let monitor = monitor
        .replace("$$", "$")
        .replace("/run/sso/corp.token", "TOKEN")
        .replace("http://169.254.170.2:8000/credentials/corp", "http://169.254.170.2/credentials/demo");
    assert!(monitor.contains("TOKEN") && monitor.contains("/demo"), "{monitor}");
    let sandbox = Sandbox::new();
    let mut command = sandbox.command("unshare");
    command
        .args(["--net", "sh", "-c", "ip link set lo up && exec \"$@\"", "sh"])
        .arg(support::tool("sso-login"))
        .args(["sandbox", "--pending", "0", "--", "bash", "-euo", "pipefail", "-c", SCRIPT]);
    let path = format!("{}:/usr/sbin:/sbin", sandbox.path());
    command.env_remove("SSO_NOW").env("JUDGE", python).env("MONITOR", monitor).env("PATH", path);
    let ended = end(command, "").exits_somehow(0);
    let lines: Vec<_> = ended.stdout.lines().collect();
    let [first, source, refused, second, relative, full, login, "done"] = lines[..] else {
        panic!("{}\n{}", ended.stdout, ended.stderr)
    };
    assert_eq!([first, second], ["401", "200"]);
    assert_eq!(source, "\"source\":\"sso-serve\"");
    assert!(refused.contains("sso-login demo"), "{refused}");
    assert_eq!([relative, full], ["credentials ASIA"; 2]);
    // Off loopback the server's own keys are for who has the secret.
    assert_eq!(login, "401");
}

#[test]
fn a_host_has_the_endpoint_by_the_way_back_of_ssh() {
    let Some(python) = python() else { return };
    let real_time = || Bench { served: Served::start_at("--pending 0", None) };
    let Some(metta) = Metta::of("bin:TOOLS:/usr/bin:/bin", real_time) else { return };
    let serve = |listen: &str| {
        let mut command =
            metta.bench.command(&format!("sso-login serve --listen {listen} --credentials demo"));
        command.env_remove("SSO_NOW");
        Serving::of(&metta.bench, command)
    };
    let serving = serve("127.0.0.1:0");
    let host = serving.host.clone();
    // The token comes by stdin: a variable of ssh's command line would be seen by others.
    let script = format!(
        "read -r token; export AWS_CONTAINER_AUTHORIZATION_TOKEN=$token HOME=/nonexistent AWS_DEFAULT_REGION=us-east-1 \
         AWS_CONTAINER_CREDENTIALS_FULL_URI=http://{host}/credentials/demo; exec '{}' -c '
import botocore.session
try: print(botocore.session.Session().create_client(\"sts\").get_caller_identity()[\"Account\"])
except Exception as error: print(error)'",
        python.display()
    );
    let ask = || {
        let mut ssh = metta.command("ssh");
        ssh.args(["-o", "ExitOnForwardFailure=yes", "-R", &format!("{host}:{host}"), "metta1", &script]);
        end(ssh, &format!("{}\n", serving.token_of("demo"))).exits_somehow(0).stdout
    };
    assert!(ask().contains("sso-login demo"));
    assert_eq!(serving.document()["loginRequired"], json!(true));
    let mut login = metta.command("sso-login demo --via device --no-browser");
    login.env_remove("SSO_NOW");
    end(login, "").succeeds("success");
    assert_eq!(ask(), "111122223333\n");
    assert_eq!(
        support::names(metta.home().join(".aws/sso/cache")),
        [""; 0],
        "nothing of the session is there"
    );
}
