//! What `.env` says, and what no `.env` may say.

use std::fs;

use serde_json::json;

use super::serving::{APP, Serving};
use crate::login::bench::Bench;

fn dotenv(bench: &Bench, text: &str) {
    fs::write(bench.served.sandbox.root().join("work/.env"), text).unwrap();
}

fn app() -> String {
    APP.map(|(name, value)| format!("{name}={value}\n")).concat()
}

#[test]
fn the_documents_env_lines_are_enough_without_a_profile() {
    let bench = Bench::start("--pending 0");
    bench.configure(|_| String::new());
    dotenv(&bench, &format!("# AWS SSO\n{}", app()));
    let serving = Serving::start(&bench, "", &[]);
    assert_eq!(serving.sign_in()["user"]["account_id"], "111122223333");
    let registered = bench.run("sso-login register").exits(0).document();
    assert_eq!((&registered["startUrl"], &registered["ssoRegion"]), (&json!(APP[0].1), &json!("us-east-1")));
    let chain = "sso-login register | sso-login authorize --quiet | sso-login token --wait";
    let mut command = bench.command("bash");
    command.args(["-euo", "pipefail", "-c", chain]);
    assert!(crate::support::end(command, "").exits(0).stdout.contains("accessToken"));
}

#[test]
fn a_manuals_placeholder_is_refused_everywhere() {
    let bench = Bench::start("");
    let placeholders = [
        ("AWS_SSO_START_URL", "https://d-xxxxxxxxxx.awsapps.com/start"),
        ("AWS_SSO_ACCOUNT_ID", "123456789012"),
        ("AWS_ACCESS_KEY_ID", "your-access-key"),
        ("AWS_SECRET_ACCESS_KEY", "your-secret-key"),
        ("AWS_SESSION_TOKEN", "your-session-token"),
    ];
    let good =
        format!("{}AWS_ACCESS_KEY_ID=AKIAX\nAWS_SECRET_ACCESS_KEY=s3cr3t\nAWS_SESSION_TOKEN=t\n", app());
    for (name, value) in placeholders {
        dotenv(&bench, &format!("{good}{name}={value}\n"));
        bench
            .run("sso-login serve --listen 0")
            .exits(78)
            .says(&format!("{name} is a placeholder from a manual"));
    }
    dotenv(&bench, "AWS_SSO_START_URL=https://d-xxxxxxxxxx.awsapps.com/start\nAWS_SSO_REGION=us-east-1\n");
    bench.run("sso-login register").exits(78).says("AWS_SSO_START_URL is a placeholder from a manual");
    dotenv(&bench, "AWS_ACCESS_KEY_ID=your-access-key\nAWS_SECRET_ACCESS_KEY=your-secret-key\n");
    bench.run("sso-login whoami").exits(78).says("AWS_ACCESS_KEY_ID is a placeholder from a manual");
    bench.run("sso-login credentials").exits(78).says("AWS_ACCESS_KEY_ID is a placeholder from a manual");
    bench
        .run("sso-login serve --listen 0")
        .exits(78)
        .says("AWS_ACCESS_KEY_ID is a placeholder from a manual");
}

#[test]
fn half_of_the_settings_is_named() {
    let bench = Bench::start("");
    for (left_out, _) in APP {
        let kept = APP.iter().filter(|(name, _)| *name != left_out);
        let lines: Vec<_> = kept
            .map(|(name, value)| {
                format!(
                    "{name}={value}
"
                )
            })
            .collect();
        let text = lines.concat();
        dotenv(&bench, &text);
        bench.run("sso-login serve --listen 0").exits(78).says(&format!("{left_out} is not"));
    }
    // The region of SSO is never that of AWS_REGION.
    dotenv(&bench, "AWS_SSO_START_URL=https://d-1234567890.awsapps.com/start\nAWS_REGION=us-east-1\n");
    bench.run("sso-login register").exits(78).says("AWS_SSO_REGION is not");
}

#[test]
fn a_command_is_not_run_with_the_keys_of_a_strangers_env() {
    let bench = Bench::start("");
    dotenv(&bench, "AWS_ACCESS_KEY_ID=AKIAX\nAWS_SECRET_ACCESS_KEY=s\n");
    bench.run("sso-login credentials").exits(0);
    bench.run("sso-login exec -- true").exits_somehow(78);
}

#[test]
fn without_sso_the_sign_in_says_what_is_missing() {
    let bench = Bench::start("");
    bench.configure(|_| String::new());
    let serving = Serving::start(&bench, "", &[]);
    let reply = serving.ask("POST", "/api/auth/register-client", &[], "");
    reply.refuses(503, "not_configured", "AWS_SSO_START_URL");
    serving.get("/healthz", &[]).is(200);
}

#[test]
fn debug_in_the_env_file_tells_each_step() {
    let bench = Bench::start("--pending 0");
    dotenv(&bench, &format!("{}DEBUG=true\n", app()));
    let serving = Serving::start(&bench, "", &[]);
    serving.sign_in();
    let log = serving.log();
    for step in ["register-client: ", "device-authorization: ", "token: approved", "token: signed in"] {
        assert!(log.contains(&format!("sso-login: debug: {step}")), "{step}: {log}");
    }
}

#[test]
fn a_placeholder_that_comes_later_is_named_in_the_answer() {
    let bench = Bench::start("");
    let serving = Serving::start(&bench, "", &APP);
    dotenv(&bench, "AWS_ACCESS_KEY_ID=your-access-key\nAWS_SECRET_ACCESS_KEY=your-secret-key\n");
    let reply = serving.ask("POST", "/api/auth/aws-login", &[], "");
    reply.refuses(503, "not_configured", "AWS_ACCESS_KEY_ID");
}

#[test]
fn static_keys_come_from_one_place_the_environment_before_the_env_file() {
    let bench = Bench::logged_in("");
    let given = |line: &str, variables: &[(&str, &str)]| -> serde_json::Value {
        serde_json::from_str(&bench.run_with(line, variables).exits(0).stdout).unwrap()
    };
    let keys = |profile: &str| given(&format!("sso-login credentials {profile}"), &[]);
    let (demo, admin) = (keys("demo"), keys("demo-admin"));
    let text = |keys: &serde_json::Value, key: &str| keys[key].as_str().unwrap().to_owned();
    let lines = |keys: &serde_json::Value| {
        [
            ("AWS_ACCESS_KEY_ID", "AccessKeyId"),
            ("AWS_SECRET_ACCESS_KEY", "SecretAccessKey"),
            ("AWS_SESSION_TOKEN", "SessionToken"),
        ]
        .map(|(name, key)| (name, text(keys, key)))
    };
    dotenv(&bench, &lines(&demo).map(|(name, value)| format!("{name}={value}\n")).concat());
    let environment = lines(&admin);
    let environment: Vec<_> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    for (variables, role) in [(&[][..], "_Developer_"), (&environment[..], "_Administrator_")] {
        let who = bench.run_with("sso-login whoami", variables).exits(0).document();
        assert!(who["arn"].as_str().unwrap().contains(role), "{who}");
        let expected = if variables.is_empty() { &demo } else { &admin };
        assert_eq!(given("sso-login credentials", variables)["AccessKeyId"], expected["AccessKeyId"]);
        let serving = Serving::start(&bench, "", variables);
        let user = serving.ask("POST", "/api/auth/aws-login", &[], "").is(200)["user"].clone();
        assert!(user["arn"].as_str().unwrap().contains(role), "{user}");
    }
    // Half of the keys in one place isn't filled up from the other.
    let half = bench.run_with("sso-login whoami", &environment[..1]);
    assert!(half.stdout.is_empty() || half.stdout.contains("_Developer_"), "{}{}", half.stdout, half.stderr);
}
