//! Every `fix` that is a command is pasted into the shell in which the doctor complained, and helps.

use serde_json::Value;

use crate::doctor::{CONFIG, chmod, healthy, put_token};
use crate::support::{Sandbox, end};

/// Something wrong: which check says so, the variables of the shell, and what makes it so.
struct Trouble {
    check: &'static str,
    variables: &'static [(&'static str, &'static str)],
    make: fn(&Sandbox),
}

const fn variables(variables: &'static [(&'static str, &'static str)]) -> Trouble {
    Trouble { check: "variables", variables, make: |_| {} }
}

const fn files(check: &'static str, make: fn(&Sandbox)) -> Trouble {
    Trouble { check, variables: &[], make }
}

const TROUBLES: &[Trouble] = &[
    variables(&[("AWS_ACCESS_KEY_ID", "AKIA"), ("AWS_SECRET_ACCESS_KEY", "x")]),
    variables(&[("AWS_ACCESS_KEY_ID", "AKIA")]),
    variables(&[("AWS_ROLE_ARN", "arn:aws:iam::1:role/R"), ("AWS_WEB_IDENTITY_TOKEN_FILE", "/t")]),
    variables(&[("AWS_WEB_IDENTITY_TOKEN_FILE", "/t")]),
    variables(&[("AWS_PROFILE", "")]),
    variables(&[("AWS_PROFILE", "nobody")]),
    variables(&[("AWS_DEFAULT_PROFILE", "cc")]),
    variables(&[("AWS_PROFILE", "cc"), ("AWS_DEFAULT_PROFILE", "other")]),
    variables(&[("AWS_CONFIG_FILE", "")]),
    variables(&[("AWS_REGION", "a"), ("AWS_DEFAULT_REGION", "b")]),
    variables(&[("SSO_ENV_FILE", "/nothing/there")]),
    Trouble { check: "dialog", variables: &[("SSO_DIALOG", "not-there --x")], make: |_| {} },
    Trouble { check: "browser", variables: &[("BROWSER", "not-there")], make: |_| {} },
    Trouble {
        check: "browser",
        variables: &[("BROWSER", "lynx %s")],
        make: |sandbox| {
            sandbox.program("lynx", "#!/bin/sh\n");
        },
    },
    files("permissions", |sandbox| {
        chmod(&sandbox.token_dir(), 0o755);
        put_token(sandbox, crate::doctor::AFTER, "2027-01-01T00:00:00Z");
        for name in crate::support::names(sandbox.token_dir()) {
            chmod(&sandbox.token_dir().join(name), 0o644);
        }
    }),
    files("permissions", |sandbox| chmod(&sandbox.token_dir(), 0o777)),
    files("state-directory", |sandbox| {
        std::fs::create_dir_all(sandbox.state()).unwrap();
        chmod(&sandbox.state(), 0o755);
    }),
    files("state-directory", |sandbox| {
        std::fs::write(sandbox.state(), "").unwrap();
    }),
    files("cache", |sandbox| {
        std::fs::write(sandbox.token_dir().join(format!("{}.json", "a".repeat(40))), "{").unwrap();
    }),
    files("readers", |sandbox| {
        sandbox.write(".aws/config", format!("\u{feff}{CONFIG}"));
    }),
    files("static-keys", |sandbox| {
        let keys = "aws_access_key_id = AKIA\naws_secret_access_key = x\n";
        sandbox.write(".aws/credentials", format!("[cc]\n{keys}"));
    }),
];

/// What a check complains about, with its fix.
fn complaints(stdout: &str, check: &str) -> Vec<(String, String)> {
    let findings = stdout.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    findings
        .filter(|finding| finding["check"] == check)
        .filter(|finding| ["warning", "error"].contains(&finding["status"].as_str().unwrap()))
        .map(|finding| ["seen", "fix"].map(|key| finding[key].as_str().unwrap().to_owned()).into())
        .collect()
}

#[test]
fn every_fix_that_is_pasted_helps() {
    for trouble in TROUBLES {
        let sandbox = healthy();
        (trouble.make)(&sandbox);
        let run = |line: &str| {
            let mut command = sandbox.command("bash");
            command.args(["-uo", "pipefail", "-c", line]).envs(trouble.variables.iter().copied());
            end(command, "")
        };
        let first = run("sso-login doctor --offline");
        let found = complaints(&first.stdout, trouble.check);
        assert!(!found.is_empty(), "{} {:?}: {}", trouble.check, trouble.variables, first.stdout);
        for (seen, fix) in found {
            // In the same shell: what a variable did is undone there.
            let again = run(&format!("{{ {fix}\n}} > /dev/null || echo FAILED; sso-login doctor --offline"));
            assert!(!again.stdout.contains("FAILED"), "{fix}: {}", again.stderr);
            let left = complaints(&again.stdout, trouble.check);
            assert!(left.iter().all(|(still, _)| *still != seen), "{fix} leaves: {seen}");
        }
    }
}
