//! `docs/web.md` and its unit are true: each of its lines, examples and configurations at work.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::json;

use super::serving::{APP, Reply, Serving};
use crate::login::bench::Bench;
use crate::readme::blocks;
use crate::remote::metta::may_make_networks;
use crate::sandbox::served::Served;
use crate::support::{self, Sandbox, end, free_port, optional, peer, python, tools, until_or};
use crate::watcher::running::{Desk, project};

/// The lines of the document that the web application's team wrote, word for word.
const CURL: &str = "curl -X POST http://localhost:8000/api/auth/aws-login";
const KEYS: &str = "# AWS Credentials\nAWS_ACCESS_KEY_ID=your-access-key\nAWS_SECRET_ACCESS_KEY=your-secret-key\nAWS_SESSION_TOKEN=your-session-token\nAWS_REGION=us-east-1";
const SSO: &str = "# AWS SSO\nAWS_SSO_START_URL=https://d-xxxxxxxxxx.awsapps.com/start\nAWS_SSO_REGION=us-east-1\nAWS_SSO_ACCOUNT_ID=123456789012\nAWS_SSO_ROLE_NAME=LLMWorkflowAccess";

fn page() -> String {
    fs::read_to_string(project().join("docs/web.md")).unwrap()
}

/// A server at the real time, for libraries that can't be told another.
fn real_time(variables: &[(&str, &str)], flags: &str) -> (Bench, Serving) {
    let bench = Bench { served: Served::start_at("--pending 0 --interval 1", None) };
    let mut command = bench.command(&format!("sso-login serve --listen 127.0.0.1:0 {flags}"));
    command.env_remove("SSO_NOW").envs(variables.iter().copied());
    let serving = Serving::of(&bench, command);
    (bench, serving)
}

/// Ends with the test.
struct Background(Child);

impl Background {
    /// Waits until it listens.
    fn start(mut command: Command, ports: &[u16]) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        for port in ports {
            until_or(|| TcpStream::connect(("127.0.0.1", *port)).is_ok(), || format!("{command:?} {port}"));
        }
        Self(child)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether a program that was only unpacked finds its libraries.
fn runs(program: &Path, argument: &str) -> bool {
    let ended = Command::new(program).arg(argument).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let runs = ended.is_ok_and(|status| status.success());
    if !runs {
        support::skip(&format!("{} doesn't run here", program.display()));
    }
    runs
}

#[test]
fn the_documents_own_lines_work_word_for_word_at_the_usual_port() {
    let text = page();
    for block in [KEYS, SSO] {
        assert!(blocks(&text, "").iter().any(|found| found == block), "{block}");
    }
    assert_eq!(blocks(&text, "bash"), [CURL]);
    let (Some(just), Some(_)) = (peer("SSO_TEST_JUST", "just"), peer("SSO_TEST_CURL", "curl")) else {
        return;
    };
    if !may_make_networks() {
        return;
    }
    // As they are, they are refused; with the real values in their places they work.
    let script = r#"
        mkdir app; cd app
        printf '%s\n\n%s\n' "$KEYS" "$SSO" > .env
        sso-login serve 2> refused && exit 1; echo "status $?"
        sso-login demo --via device --no-browser > /dev/null 2>&1
        eval "$(sso-login credentials demo --format env-no-export)"
        printf '%s\n\n%s\n' "$KEYS" "$SSO" | sed -e "s|your-access-key|$AWS_ACCESS_KEY_ID|; s|your-secret-key|$AWS_SECRET_ACCESS_KEY|" \
            -e "s|your-session-token|$AWS_SESSION_TOKEN|; s|d-xxxxxxxxxx|d-1234567890|; s|123456789012|111122223333|; s|LLMWorkflowAccess|Developer|" > .env
        unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
        : > ~/.aws/config
        sso-login serve > listening 2> requests & server=$!
        until [ -s listening ]; do sleep 0.05; done
        eval "$CURL 2> /dev/null" | grep -o '"token_type":"bearer"'
        "$JUST" --justfile "$JUSTFILE" sso-auth-test --url http://localhost:8000 2> /dev/null
        "$JUST" --justfile "$JUSTFILE" sso-auth-test 2> /dev/null
        kill "$server"; wait "$server"; echo "status $?"
    "#;
    let sandbox = Sandbox::new();
    let mut command = sandbox.command("unshare");
    command
        .args(["--net", "sh", "-c", "ip link set lo up && exec \"$@\"", "sh"])
        .arg(support::tool("sso-login"))
        .args([
            "sandbox",
            "--pending",
            "0",
            "--interval",
            "1",
            "--",
            "bash",
            "-euo",
            "pipefail",
            "-c",
            script,
        ])
        .envs([("KEYS", KEYS), ("SSO", SSO), ("CURL", CURL)])
        .env("JUST", just)
        .env("JUSTFILE", project().join("justfile"))
        .env("CARGO_TARGET_DIR", tools().parent().unwrap())
        .env("PATH", format!("{}:/usr/sbin:/sbin", sandbox.path()));
    let ended = end(command, "").exits_somehow(0);
    assert_eq!(
        ended.stdout, "status 78\n\"token_type\":\"bearer\"\nsuccess\nsuccess\nstatus 0\n",
        "{}",
        ended.stderr
    );
}

#[test]
fn the_front_ends_example_signs_in() {
    let Some(node) = peer("SSO_TEST_NODE", "node") else { return };
    let bench = Bench::start("--pending 1 --interval 1");
    let serving = Serving::start(&bench, "", &APP);
    let example = &blocks(&page(), "js")[0];
    let run = || {
        let script = format!(
            "{}\nsignIn((url, code, left) => console.log(url.includes(code), left)).then(
                (answer) => console.log(answer.user.account_id), (error) => console.log(error.message));",
            example.replace("http://localhost:8000", &format!("http://{}", serving.host))
        );
        let mut command = bench.command(node.to_str().unwrap());
        command.args(["--no-warnings", "-e", &script]);
        end(command, "").exits(0).stdout
    };
    assert_eq!(run(), "true 600\n111122223333\n");
    bench.faults(&json!({"expire": true}));
    assert_eq!(run(), "true 600\nAuthorization timed out\n");
    bench.faults(&json!({"fail": ["RegisterClient=503"]}));
    assert!(run().starts_with("Failed to register with AWS SSO: "));
}

/// The page's example, for this server and this application.
fn verifier(language: &str, index: usize, serving: &Serving) -> String {
    let example = blocks(&page(), language)[index].replace("localhost:8000", &serving.host);
    example.replace("123456789012/LLMWorkflowAccess", "111122223333/Developer")
}

/// A good token, one of another application, and one whose claims were changed.
fn tokens(serving: &Serving) -> [String; 2] {
    let good = serving.sign_in()["access_token"].as_str().unwrap().to_owned();
    let [head, _, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!("{good}") };
    let changed = format!("{head}.eyJzdWIiOiJzb21lYm9keSJ9.{signature}");
    [good, changed]
}

#[test]
fn python_verifies_by_the_public_keys() {
    let Some(python) = python() else { return };
    let has = |module: &str| {
        Command::new(&python).args(["-c", module]).stderr(Stdio::null()).status().unwrap().success()
    };
    if !has("import jwt, cryptography") {
        support::skip("this Python has no PyJWT with cryptography (SSO_TEST_PYTHON)");
        return;
    }
    let (bench, serving) = real_time(&APP, "");
    let [good, changed] = tokens(&serving);
    let script = format!(
        "{}\nimport sys\nfor token in sys.stdin.read().split():\n    try: print(user_of(token)['sub'])\n    except jwt.PyJWTError as error: print('no')",
        verifier("python", 0, &serving)
    );
    let run = |script: &str| {
        let mut command = bench.command(python.to_str().unwrap());
        command.args(["-c", script]);
        end(command, &format!("{good}\n{changed}\nnonsense\n")).exits(0).stdout
    };
    assert_eq!(run(&script), "AROASANDBOX22223333:user\nno\nno\n");
    assert_eq!(run(&script.replace("/Developer", "/Administrator")), "no\nno\nno\n");
}

#[test]
fn node_verifies_by_the_public_keys() {
    let Some(node) = peer("SSO_TEST_NODE", "node") else { return };
    let modules = std::env::var("SSO_TEST_NODE_MODULES")
        .map_or_else(|_| tools().parent().unwrap().join("peers/node_modules"), PathBuf::from);
    let Some(jose) = optional("SSO_TEST_JOSE", modules.join("jose").to_str().unwrap()) else { return };
    let (bench, serving) = real_time(&APP, "");
    let [good, changed] = tokens(&serving);
    let folder = bench.file("backend");
    fs::create_dir_all(folder.join("node_modules")).unwrap();
    std::os::unix::fs::symlink(jose, folder.join("node_modules/jose")).unwrap();
    let script = format!(
        "{}\nfor (const token of process.argv.slice(2))\n  await userOf(token).then((user) => console.log(user.sub), () => console.log('no'));",
        verifier("js", 1, &serving)
    );
    let file = folder.join("check.mjs");
    let run = |script: &str| {
        fs::write(&file, script).unwrap();
        let mut command = bench.command(node.to_str().unwrap());
        command.arg("--no-warnings").arg(&file).args([good.as_str(), &changed, "nonsense"]);
        end(command, "").exits(0).stdout
    };
    assert_eq!(run(&script), "AROASANDBOX22223333:user\nno\nno\n");
    assert_eq!(run(&script.replace("/Developer", "/Administrator")), "no\nno\nno\n");
}

/// What people reach through a proxy that asks before it lets them through.
fn is_guarded(proxy: u16, serving: &Serving) {
    let token = serving.sign_in()["access_token"].as_str().unwrap().to_owned();
    let ask = |method: &str, path: &str, more: &str| {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: app.example.com\r\nConnection: close\r\nContent-Length: 0\r\n\
             Origin: http://app.example.com\r\nSec-Fetch-Site: same-origin\r\n{more}\r\n"
        );
        Reply::to(&format!("127.0.0.1:{proxy}"), &head)
    };
    let bearer = format!("Authorization: Bearer {token}\r\n");
    assert_eq!(ask("GET", "/", "").status, 401);
    assert_eq!(ask("GET", "/", "Authorization: Bearer x\r\nX-Auth-User: root\r\n").status, 401);
    let reply = ask("GET", "/", &format!("X-Auth-User: root\r\n{bearer}"));
    assert_eq!(
        (reply.status, reply.text.contains("user=AROASANDBOX22223333:user")),
        (200, true),
        "{reply:?}"
    );
    assert_eq!(ask("POST", "/", &bearer).status, 200);
    assert_eq!(ask("GET", "/api/auth/me", &bearer).status, 200);
    assert_eq!(ask("POST", "/api/auth/aws-login", &bearer).status, 404);
    assert_eq!(ask("POST", "/api/auth/logout", &bearer).status, 200);
    assert_eq!(ask("GET", "/", &bearer).status, 401);
}

#[test]
fn nginx_asks_before_it_lets_a_request_through() {
    let Some(nginx) = optional("SSO_TEST_NGINX", "nginx").filter(|nginx| runs(nginx, "-v")) else { return };
    let bench = Bench::start("--pending 0");
    let serving = Serving::start(&bench, "--origin http://app.example.com", &APP);
    let (proxy, application) = (free_port(), free_port());
    let block = blocks(&page(), "nginx")[0]
        .replace("127.0.0.1:8000", &serving.host)
        .replace("127.0.0.1:3000", &format!("127.0.0.1:{application}"));
    let folder = bench.file("nginx");
    fs::create_dir(&folder).unwrap();
    let folder = folder.display();
    let places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {folder}/{name};\n"))
        .concat();
    let config = format!(
        "daemon off; master_process off; pid {folder}/pid; error_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{places}\
         server {{ listen 127.0.0.1:{proxy};\n{block} }}\n\
         server {{ listen 127.0.0.1:{application}; location / {{ return 200 \"user=$http_x_auth_user\"; }} }}\n}}\n"
    );
    let file = bench.file("nginx.conf");
    fs::write(&file, config).unwrap();
    let mut command = bench.command(nginx.to_str().unwrap());
    command.arg("-c").arg(&file).args(["-e", "stderr"]);
    let _running = Background::start(command, &[proxy, application]);
    is_guarded(proxy, &serving);
}

#[test]
fn caddy_asks_before_it_lets_a_request_through() {
    let Some(caddy) = optional("SSO_TEST_CADDY", "caddy").filter(|caddy| runs(caddy, "version")) else {
        return;
    };
    let bench = Bench::start("--pending 0");
    let serving = Serving::start(&bench, "--origin http://app.example.com", &APP);
    let (proxy, application) = (free_port(), free_port());
    let block = blocks(&page(), "caddy")[0]
        .replace("127.0.0.1:8000", &serving.host)
        .replace("127.0.0.1:3000", &format!("127.0.0.1:{application}"))
        .replace("app.example.com {", &format!("http://app.example.com:{proxy} {{"));
    let config = format!(
        "{{\n\tadmin off\n\tauto_https off\n}}\n{block}\nhttp://:{application} {{\n\trespond \"user={{http.request.header.X-Auth-User}}\"\n}}\n"
    );
    let file = bench.file("Caddyfile");
    fs::write(&file, config).unwrap();
    let mut command = bench.command(caddy.to_str().unwrap());
    command.args(["run", "--adapter", "caddyfile", "--config"]).arg(&file).stderr(Stdio::null());
    let _running = Background::start(command, &[proxy, application]);
    is_guarded(proxy, &serving);
}

#[test]
fn the_unit_serves_and_systemd_takes_it() {
    let file = project().join("docs/services/sso-serve.service");
    let Some(desk) = Desk::new("") else { return };
    let text = fs::read_to_string(&file).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("ExecStart=/bin/bash -c \"")).unwrap();
    let line =
        line.strip_suffix('"').unwrap().replace("$$", "$").replace("PATH=$HOME/.local/bin:$PATH; ", "");
    let line = line.replace("sso-login serve", "sso-login serve --listen 127.0.0.1:0 --credentials demo");
    // What goes nowhere in the unit says here where the server is.
    let line = line.replace(" > /dev/null", "");
    let mut command = desk.bench.command("bash -c");
    command.arg(line);
    desk.dress(&mut command);
    let serving = Serving::of(&desk.bench, command);
    serving.credentials("demo").is(401);
    assert_eq!(serving.document()["signal"], "raised");
    for (id, _) in crate::watcher::running::family(i32::try_from(serving.id()).unwrap()) {
        crate::watcher::running::kill(id);
    }
    let Some(analyze) = peer("SSO_TEST_SYSTEMD_ANALYZE", "systemd-analyze") else { return };
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(analyze);
    command.env("XDG_RUNTIME_DIR", sandbox.root()).args(["verify", "--user"]).arg(file);
    end(command, "").exits(0);
}

#[test]
fn the_compose_files_are_yaml_that_leads_to_the_address_of_the_sdks() {
    let Some(python) = python() else { return };
    let text = fs::read_to_string(project().join("docs/containers.md")).unwrap();
    let file = fs::read_to_string(project().join("docs/containers/endpoint.yaml")).unwrap();
    let read = "
import json, sys, yaml
print(json.dumps(yaml.safe_load(sys.stdin)))";
    let load = |text: &str| -> serde_json::Value {
        let mut command = Command::new(&python);
        command.args(["-c", read]);
        serde_json::from_str(&end(command, text).exits(0).stdout).unwrap()
    };
    let compose = load(&file);
    let consumer = &compose["services"]["consumer"];
    let uri = consumer["environment"]["AWS_CONTAINER_CREDENTIALS_FULL_URI"].as_str().unwrap();
    assert_eq!(uri, "http://169.254.170.2:8000/credentials/corp");
    for (name, service) in compose["services"].as_object().unwrap() {
        let volumes = service["volumes"].as_array().unwrap();
        let token = json!({
            "type": "bind",
            "source": "${HOME}/.aws/sso-renewer/serve/credentials/corp.token",
            "target": "/run/sso/corp.token",
            "read_only": true,
            "bind": {"create_host_path": false},
        });
        assert_eq!(volumes, &[token], "{name} has the token of its profile, and nothing else");
    }
    let relay = load(&blocks(&text, "yaml")[0]);
    assert_eq!(relay["services"]["sso-relay"]["networks"]["sso"]["ipv4_address"], "169.254.170.2");
    assert!(Path::new(&project().join("docs/containers/compose.yaml")).exists());
}
