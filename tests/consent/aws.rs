//! `--via aws` with the real AWS CLI v2, on the real clock: the notice comes if, and only if, it registers.

use std::fmt::Write as _;
use std::fs;

use serde_json::Value;

use crate::support::warm_aws::aws_warm;
use crate::support::{Sandbox, end};

/// What the lines of a script may use.
const TOOLS: &str = "\
registrations() { grep -L accessToken ~/.aws/sso/cache/*.json; }
stats() { python3 -c 'import os, urllib.request as u
print(u.urlopen(os.environ[\"SSO_SANDBOX_URL\"] + \"/sandbox/stats\").read().decode())'; }
in_time() { date -u -d \"$1\" +%Y-%m-%dT%H:%M:%SZ; }
ends() { sed -i -E \"s/\\\"expiresAt\\\": \\\"[^\\\"]*\\\"/\\\"expiresAt\\\": \\\"$1\\\"/\" $(registrations); }
";

/// How one login went.
struct Login {
    stderr: String,
    documents: Vec<Value>,
    /// How many clients AWS has registered by then.
    registrations: u64,
}

impl Login {
    /// Asserts that AWS registered a client, as was told beforehand; what was told.
    #[track_caller]
    fn is_asked(&self, registrations: u64, reason: &str, says: &str) {
        assert_eq!(self.registrations, registrations, "{}", self.stderr);
        let mut lines = self.stderr.lines();
        let notice = lines.next().unwrap_or_default();
        assert!(notice.starts_with("AWS will ask you ") && notice.contains(says), "{}", self.stderr);
        assert_eq!(notice.contains(" again "), reason != "first", "{notice}");
        let code = lines.next().unwrap_or_default();
        assert!(code.starts_with("(AWS CLI 2.") && code.ends_with(" shows a code to compare.)"), "{code}");
        assert_eq!(self.stderr.matches("AWS will ask").count(), 1, "{}", self.stderr);
        assert!(!self.documents.is_empty(), "{}", self.stderr);
        for document in &self.documents {
            assert_eq!(document["registration"], "new", "{document}");
            assert_eq!(document["registrationReason"], reason, "{document}");
        }
        assert_eq!(self.documents[0]["notice"], format!("{notice}\n{code}"));
        assert_eq!(self.outcome(), "success");
    }

    /// Asserts that AWS registered nothing, and nobody was told that it would.
    #[track_caller]
    fn is_not_asked(&self, registrations: u64, outcome: &str) {
        assert_eq!(self.registrations, registrations, "{}", self.stderr);
        assert!(!self.stderr.contains("AWS will ask"), "{}", self.stderr);
        for document in &self.documents {
            let expected = if outcome == "success" { Value::from("kept") } else { Value::Null };
            assert_eq!(document["registration"], expected, "{document}");
            assert_eq!((&document["registrationReason"], &document["notice"]), (&Value::Null, &Value::Null));
        }
        assert_eq!(self.outcome(), outcome);
    }

    fn outcome(&self) -> &str {
        self.documents.last().and_then(|document| document["outcome"].as_str()).unwrap_or(&self.stderr)
    }
}

/// Logins of the profile in one sandbox, each after a line of shell. `None` without an AWS CLI v2.
fn logins(flags: &str, steps: &[&str], arguments: &str) -> Option<Vec<Login>> {
    let aws = aws_warm()?;
    let sandbox = Sandbox::new();
    let results = sandbox.root().join("results");
    fs::create_dir(&results).unwrap();
    let mut script = TOOLS.to_owned();
    for (number, step) in steps.iter().enumerate() {
        let at = results.join(number.to_string()).display().to_string();
        writeln!(
            script,
            "{step}\nsso-login {arguments} >'{at}.out' 2>'{at}.err' || true\nstats >'{at}.stats'"
        )
        .unwrap();
    }
    let mut command = sandbox.tool(format!("sso-login sandbox {flags}").trim_end());
    // Not whatever else is on PATH: each takes a second to say its version.
    command.env_remove("SSO_NOW").env("SSO_AWS", aws).args(["--", "bash", "-euo", "pipefail", "-c", &script]);
    end(command, "").exits(0);
    let read =
        |number: usize, what: &str| fs::read_to_string(results.join(format!("{number}.{what}"))).unwrap();
    Some(
        (0..steps.len())
            .map(|number| {
                Login {
                stderr: read(number, "err"),
                documents: read(number, "out")
                    .lines()
                    .map(|line| serde_json::from_str(line).unwrap())
                    .collect(),
                registrations: serde_json::from_str::<Value>(&read(number, "stats")).unwrap()["operations"]
                    ["RegisterClient"]
                    .as_u64()
                    .unwrap(),
            }
            })
            .collect(),
    )
}

const FORCED: &str = "demo --via aws --no-browser --force";

#[test]
fn the_first_login_is_asked_about_and_the_next_is_not() {
    let Some(logins) = logins("", &["", ""], FORCED) else { return };
    logins[0].is_asked(
        1,
        "first",
        "you to allow access for botocore-client-sandbox: it is the first login of session sandbox here",
    );
    logins[1].is_not_asked(1, "success");
}

#[test]
fn a_session_that_is_valid_or_renewed_is_no_matter_of_consent() {
    // The registration that a login would use is gone: no login, no word of it.
    let steps = [
        "",
        "rm $(registrations)",
        "sed -i -E 's/\"expiresAt\": \"[^\"]*\"/\"expiresAt\": \"2020-01-01T00:00:00Z\"/' ~/.aws/sso/cache/*",
    ];
    let Some(logins) = logins("", &steps, "demo --via aws --no-browser") else { return };
    logins[0].is_asked(1, "first", "the first login");
    logins[1].is_not_asked(1, "valid");
    let renewed = &logins[2];
    assert_eq!((renewed.stderr.as_str(), renewed.registrations), ("", 1));
    assert_eq!((renewed.outcome(), &renewed.documents[0]["via"]), ("success", &Value::from("refresh")));
    assert_eq!(renewed.documents[0]["registration"], Value::Null);
}

#[test]
fn a_registration_that_is_over_or_ends_soon_is_named_with_its_date() {
    let steps =
        ["", "ends 2020-01-01T00:00:00Z", "ends $(in_time '+14 minutes')", "ends $(in_time '+16 minutes')"];
    let Some(logins) = logins("", &steps, FORCED) else { return };
    logins[1].is_asked(
        2,
        "over",
        "the registration of session sandbox is valid only until 2020-01-01T00:00:00Z.",
    );
    logins[2].is_asked(3, "over", "the registration of session sandbox ends at 2");
    logins[3].is_not_asked(3, "success");
}

#[test]
fn a_registration_that_is_gone_is_told_from_one_that_never_was() {
    let steps = [
        "",
        "rm $(registrations)",
        // What the token file remembers.
        "rm $(registrations); sed -i -E 's/(\"registrationExpiresAt\": )\"[^\"]*\"/\\1\"2020-01-01T00:00:00Z\"/' ~/.aws/sso/cache/*",
        "rm ~/.aws/sso/cache/*",
    ];
    let Some(logins) = logins("", &steps, FORCED) else { return };
    logins[1].is_asked(2, "gone", "the registration of session sandbox is no longer in the cache.");
    logins[2].is_asked(3, "over", "is valid only until 2020-01-01T00:00:00Z.");
    logins[3].is_asked(4, "first", "the first login of session sandbox");
}

#[test]
fn a_damaged_registration_is_mended_or_put_aside_since_the_aws_cli_fails_at_it() {
    let steps = [
        "",
        "echo '{\"clientId\": \"x' > $(registrations)",
        "echo '{}' > $(registrations)",
        // Two AWS CLIs wrote at once: the first object is whole.
        "printf '\"}' >> $(registrations)",
    ];
    let Some(logins) = logins("", &steps, FORCED) else { return };
    for (login, registrations) in logins[1..3].iter().zip(2..) {
        login.is_asked(
            registrations,
            "corrupt",
            "the file with the registration of session sandbox is damaged.",
        );
    }
    logins[3].is_not_asked(3, "success");
}

#[test]
fn a_registration_that_aws_rejects_is_given_up_since_the_aws_cli_would_use_it_for_ever() {
    let steps = ["", "sed -i -E 's/(\"clientSecret\": )\"[^\"]*\"/\\1\"x\"/' $(registrations)", ""];
    let Some(logins) = logins("", &steps, FORCED) else { return };
    logins[1].is_asked(2, "rejected", "AWS no longer accepts the registration of session sandbox.");
    logins[2].is_not_asked(2, "success");
}

#[test]
fn an_aws_cli_before_2_22_takes_the_client_of_a_browser_flow_as_well() {
    let steps = [
        "",
        "sed -i 's/}$/, \"grantTypes\": [\"authorization_code\", \"refresh_token\"]}/' $(registrations); grep -q grantTypes $(registrations)",
    ];
    let Some(logins) = logins("", &steps, FORCED) else { return };
    logins[1].is_not_asked(1, "success");
}

#[test]
fn a_change_of_the_config_is_told_by_what_changed() {
    let steps = [
        "",
        "sed -i 's/= sso:account:access$/= sso:account:access, x:y/' ~/.aws/config",
        "sed -i 's/us-east-1/us-west-2/' ~/.aws/config",
        "sed -i 's/sandbox/company/' ~/.aws/config",
        "sed -i 's/1234567890/1234567891/' ~/.aws/config",
        // Back to what there was: every registration is still good.
        "sed -i 's/1234567891/1234567890/' ~/.aws/config",
    ];
    let Some(logins) = logins("", &steps, FORCED) else { return };
    logins[1].is_asked(2, "scopes", "session sandbox is registered for other scopes (sso:account:access).");
    logins[2].is_asked(3, "region", "the last login of session sandbox was in another region (us-east-1).");
    logins[3].is_asked(
        4,
        "name",
        "botocore-client-company: session company is a new name: earlier logins at this start URL used \
         another one.",
    );
    logins[4].is_asked(
        5,
        "start-url",
        "the last login of session company was at another start URL (https://d-1234567890.awsapps.com/start).",
    );
    logins[5].is_not_asked(5, "success");
}

#[test]
fn a_legacy_profile_registers_under_a_number_once() {
    let legacy = "printf '[profile demo]\\nsso_start_url = https://d-1234567890.awsapps.com/start\\nsso_region = us-east-1\\nsso_account_id = 111122223333\\nsso_role_name = Developer\\n' > ~/.aws/config";
    let Some(logins) = logins("", &[legacy, "", "ends 2020-01-01T00:00:00Z"], FORCED) else { return };
    logins[0].is_asked(1, "first", "botocore-client-…: it is the first login of profile demo here");
    logins[1].is_not_asked(1, "success");
    logins[2].is_asked(
        2,
        "over",
        "the registration of profile demo is valid only until 2020-01-01T00:00:00Z.",
    );
}

#[test]
fn a_login_that_fails_says_what_became_of_the_registration() {
    let steps = ["", ""];
    let Some(logins) = logins("--deny", &steps, FORCED) else { return };
    for (login, registration) in logins.iter().zip(["new", "kept"]) {
        assert_eq!((login.outcome(), login.registrations), ("failed", 1), "{}", login.stderr);
        // It may be denied before there is a page.
        let last = login.documents.last().unwrap();
        let is_shown = login.documents.len() > 1;
        assert!(last["registration"] == registration || (registration == "kept" && !is_shown), "{last}");
        assert_eq!(login.stderr.contains("AWS will ask"), registration == "new", "{}", login.stderr);
    }
}
