//! Every client that shares `~/.aws` with us, against everything that two who share it do: one table.

mod rust_sdk;

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::support::warm_aws::aws_warm;
use crate::support::{Sandbox, ask_go, aws_newest, end, peer, python, tools};

/// What the client and we do with each other's sessions, in the order in which the script does it. A start of the newest
/// AWS CLI costs a second: a cell takes what the one before it has just shown, and asks the client once at most.
const CELLS: [&str; 11] = [
    "reads our device session",
    "reads the session that we renewed",
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
        aws_warm().map(|path| aws("the AWS CLI of this machine", path, "--no-browser")),
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
    local address=${SSO_SANDBOX_URL#http://} host said
    host=${address%%/*}
    exec 9<> "/dev/tcp/${host%:*}/${host#*:}"
    printf 'GET %s/sandbox/stats HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "${address#"$host"}" "$host" >&9
    said=$(cat <&9)
    exec 9>&-
    [[ $said =~ \"$1\":([0-9]+) ]] && echo "${BASH_REMATCH[1]}"
}
# What was counted, for this cell or the next one.
mark() { count "$1" > ~/mark; }
grew() { test "$(count "$1")" -eq $(($(cat ~/mark) + $2)); }
# The client answers for the account, without role credentials of before.
is_user() { rm -f ~/.aws/cli/cache/*.json; who "$1" | grep 111122223333 > /dev/null; }
# The token's time is over for whoever reads the file.
age() { sed -i -E 's/"expiresAt": *"[^"]*"/"expiresAt": "2020-01-01T00:00:00Z"/' "$(grep -l '"accessToken"' ~/.aws/sso/cache/*.json)"; }
we_are_user() { rm -f ~/.aws/cli/cache/*.json; sso-login whoami demo | grep 111122223333 > /dev/null; }
nobody() { if "$@"; then return 1; fi; }

printf '\n[profile by-us]\ncredential_process = sso-login credentials demo\nregion = eu-west-1\n' >> ~/.aws/config
# We renew, the client reads what we wrote, and renews nothing itself.
we_renew() { age; sso-login demo | grep '"via":"refresh"' > /dev/null; mark refreshes; is_user demo; }

cell_0() { sso-login demo --via device --no-browser; we_renew; }
cell_1() { grew refreshes 0; }
cell_2() { is_user by-us; }
cell_3() { mark refreshes; age; is_user demo; grew refreshes 1; we_are_user; grew refreshes 1; }
cell_4() { sso-login demo --via pkce --force; mark refreshes; age; is_user demo; }
cell_5() { grew refreshes 1; we_are_user; grew refreshes 1; }
cell_6() { sso-login logout demo; nobody is_user demo; }
cell_7() { login; we_are_user; }
cell_8() { we_renew; grew refreshes 0; }
cell_9() {
    mark GetRoleCredentials
    sso-login credentials demo; grew GetRoleCredentials 0
    rm -f ~/.aws/cli/cache/*.json
    sso-login credentials demo; who demo; grew GetRoleCredentials 1
}
cell_10() { logout; nobody sso-login whoami demo; }
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
