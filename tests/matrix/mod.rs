//! Every client that shares `~/.aws` with us, against everything that two who share it do: one table.

mod rust_sdk;

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::support::{Sandbox, ask_go, aws_newest, aws_v2, end, peer, python, tools};

/// What the client and we do with each other's sessions, in the order in which the script does it.
const CELLS: [&str; 10] = [
    "reads our device session",
    "runs our credential_process",
    "renews our device session, and we read the renewed one",
    "reads our pkce session",
    "renews our pkce session, and we read the renewed one",
    "our logout is seen",
    "we read its session",
    "we renew its session, and it reads the renewed one",
    "the role cache is shared",
    "its logout is seen",
];

/// What an SDK can't do by design: it doesn't log in or out, and it keeps role credentials in memory.
const SDK_LACKS: &[&str] = &[
    "we read its session",
    "we renew its session, and it reads the renewed one",
    "the role cache is shared",
    "its logout is seen",
];

/// A client: its name, the cells that it lacks by design, and shell functions `who PROFILE`, `login` and `logout`.
struct Client {
    name: &'static str,
    lacks: &'static [&'static str],
    functions: String,
}

/// The clients that are at hand; `support` names the others as skipped.
fn clients() -> Vec<Client> {
    let aws = |name, aws: PathBuf, login: &str| Client {
        name,
        lacks: &[],
        functions: format!(
            "who() {{ '{aws}' sts get-caller-identity --profile \"$1\" --query Account --output text; }}
            login() {{ '{aws}' sso login --profile demo {login}; }}
            logout() {{ '{aws}' sso logout; }}",
            aws = aws.display()
        ),
    };
    let sdk =
        |name, who: String| Client { name, lacks: SDK_LACKS, functions: format!("who() {{\n{who}\n}}") };
    let javascript = || {
        let node = peer("SSO_TEST_NODE", "node")?;
        let modules = std::env::var("SSO_TEST_NODE_MODULES")
            .map_or_else(|_| tools().parent().unwrap().join("peers/node_modules"), PathBuf::from);
        peer("SSO_TEST_JS_SDK", modules.join("@aws-sdk/credential-providers/package.json").to_str()?)?;
        Some(format!(
            "'{}' --no-warnings -e '
const {{ fromIni }} = require(\"{}/@aws-sdk/credential-providers\");
const clientConfig = {{ region: \"us-east-1\" }};
fromIni({{ profile: process.argv[1], clientConfig }})().then(
    (role) => console.log(role.accessKeyId.startsWith(\"ASIA\") ? \"111122223333\" : \"?\"),
    (error) => {{ console.error(error); process.exit(1); }});' \"$1\"",
            node.display(),
            modules.display()
        ))
    };
    let botocore = |python: PathBuf| {
        format!(
            "'{}' -c '
import botocore.session, sys
print(botocore.session.Session(profile=sys.argv[1]).create_client(\"sts\").get_caller_identity()[\"Account\"])' \"$1\"",
            python.display()
        )
    };
    let rust = format!(
        "SSO_TEST_PROFILE=$1 '{}' --ignored --exact --nocapture matrix::rust_sdk::answers 2>&1",
        std::env::current_exe().unwrap().display()
    );
    [
        aws_v2().map(|path| aws("the AWS CLI of this machine", path, "--no-browser")),
        aws_newest().map(|path| aws("the newest AWS CLI", path, "")),
        python().map(|path| sdk("botocore", botocore(path))),
        javascript().map(|who| sdk("the SDK for JavaScript", who)),
        Some(sdk("the SDK for Rust", rust)),
        ask_go().map(|path| sdk("the SDK for Go", format!("'{}' \"$1\"", path.display()))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Each cell in a subshell that ends at its first failure; then a line with its number and `yes` or `no`.
const SCRIPT: &str = r#"
cell() {
    local said status
    set +e
    said=$( (set -e; "cell_$1") 2>&1 < /dev/null); status=$?
    set -e
    if [ "$status" -eq 0 ]; then echo "$1 yes"; else echo "$1 no ($status): ${said//$'\n'/ | }"; fi
}
count() {
    python3 -c 'import json, os, sys, urllib.request as u
stats = json.load(u.urlopen(os.environ["SSO_SANDBOX_URL"] + "/sandbox/stats"))
print(stats.get(sys.argv[1], stats["operations"].get(sys.argv[1], 0)))' "$1"
}
# The client answers for the account, without role credentials of before.
is_user() { rm -f ~/.aws/cli/cache/*.json; who "$1" | grep 111122223333 > /dev/null; }
# The token's time is over for whoever reads the file.
age() { sed -i -E 's/"expiresAt": *"[^"]*"/"expiresAt": "2020-01-01T00:00:00Z"/' "$(grep -l '"accessToken"' ~/.aws/sso/cache/*.json)"; }
we_are_user() { rm -f ~/.aws/cli/cache/*.json; sso-login whoami demo | grep 111122223333 > /dev/null; }
is_renewed_by_client() {
    local before; before=$(count refreshes)
    age; is_user demo; test "$(count refreshes)" -eq $((before + 1))
    we_are_user; test "$(count refreshes)" -eq $((before + 1))
}
nobody() { if "$@"; then return 1; fi; }

printf '\n[profile by-us]\ncredential_process = sso-login credentials demo\nregion = eu-west-1\n' >> ~/.aws/config
cell_0() { sso-login demo --via device --no-browser; is_user demo; }
cell_1() { is_user by-us; }
cell_2() { is_renewed_by_client; }
cell_3() { sso-login demo --via pkce --force; is_user demo; }
cell_4() { is_renewed_by_client; }
cell_5() { is_user demo; sso-login logout demo; nobody is_user demo; nobody is_user by-us; }
cell_6() { login; we_are_user; }
cell_7() {
    local before; before=$(count refreshes)
    age; sso-login demo | grep '"via":"refresh"' > /dev/null; is_user demo; test "$(count refreshes)" -eq $((before + 1))
}
cell_8() {
    local before; before=$(count GetRoleCredentials)
    rm -f ~/.aws/cli/cache/*.json
    who demo; sso-login credentials demo; test "$(count GetRoleCredentials)" -eq $((before + 1))
    rm -f ~/.aws/cli/cache/*.json
    sso-login credentials demo; who demo; test "$(count GetRoleCredentials)" -eq $((before + 2))
}
cell_9() { logout; nobody sso-login whoami demo; }
"#;

/// The lines of the client's row: what holds, what doesn't, and what it lacks by design.
fn row(client: &Client) -> String {
    let sandbox = Sandbox::new();
    let mut script = format!("{}\n{SCRIPT}", client.functions);
    for number in (0..CELLS.len()).filter(|number| !client.lacks.contains(&CELLS[*number])) {
        writeln!(script, "cell {number}").unwrap();
    }
    let mut command = sandbox.tool("sso-login sandbox --pending 0");
    command.env_remove("SSO_NOW").args(["--", "bash", "-euo", "pipefail", "-c", &script]);
    end(command, "").exits_somehow(0).stdout
}

#[test]
fn every_client_shares_sessions_with_us_but_for_what_it_lacks_by_design() {
    let clients = clients();
    let rows: Vec<_> = std::thread::scope(|scope| {
        let running: Vec<_> = clients.iter().map(|client| scope.spawn(|| row(client))).collect();
        running.into_iter().map(|row| row.join().unwrap()).collect()
    });
    let mut wrong = String::new();
    for (client, row) in clients.iter().zip(rows) {
        for (number, cell) in CELLS.iter().enumerate().filter(|(_, cell)| !client.lacks.contains(cell)) {
            let answer = row.lines().find_map(|line| line.strip_prefix(&format!("{number} ")));
            if answer != Some("yes") {
                writeln!(wrong, "{}: {cell}: {}", client.name, answer.unwrap_or("no answer")).unwrap();
            }
        }
    }
    assert_eq!(wrong, "");
}
