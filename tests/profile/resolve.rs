//! Every mix of SSO keys through botocore's providers and through us.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};
use sso_profile::{AwsConfig, Kind};

use crate::profile::botocore::ask;
use crate::support::Sandbox;

const SESSIONS: &str = "\
[sso-session s]
sso_start_url = https://a.b/start
sso_region = us-east-1
[sso-session part]
sso_region = us-east-1
[sso-session full]
sso_start_url = https://a.b/start
sso_region = us-east-1
sso_account_id = 1
region = eu-west-1
[sso-session empty]
";

/// All mixes of these keys, a profile each.
fn profiles() -> String {
    let choices: [&[&str]; 6] = [
        &[
            "",
            "sso_session = s",
            "sso_session = part",
            "sso_session = full",
            "sso_session = none",
            "sso_session = empty",
        ],
        &["", "sso_account_id = 1", "sso_account_id = 2"],
        &["", "sso_role_name = r"],
        &["", "sso_start_url = https://a.b/start", "sso_start_url = https://x.y/start"],
        &["", "sso_region = us-east-1", "sso_region = eu-west-1"],
        &["", "region = eu-west-1", "region = us-east-1"],
    ];
    let count: usize = choices.iter().map(|choice| choice.len()).product();
    (0..count).fold(SESSIONS.to_owned(), |mut text, n| {
        writeln!(text, "[profile p{n}]").unwrap();
        let mut rest = n;
        for choice in choices {
            writeln!(text, "{}", choice[rest % choice.len()]).unwrap();
            rest /= choice.len();
        }
        text
    })
}

#[track_caller]
fn check(config: &str, credentials: &str) {
    let sandbox = Sandbox::new();
    sandbox.write(".aws/config", config);
    sandbox.write(".aws/credentials", credentials);
    let Some(answers) = ask("botocore_resolves.py", &json!([[config, credentials]])) else { return };
    let listed = sandbox.run("sso-profile list").exits(0).documents();
    let theirs = answers[0].as_object().unwrap();
    assert_eq!(theirs.len(), listed.len());
    for ours in listed {
        let name = ours["profile"].as_str().unwrap();
        let (role, token) = (&theirs[name]["role"], &theirs[name]["token"]);
        let what = format!("{name}: {ours} against {} in {config}", theirs[name]);
        let kind = ours.get("kind").and_then(Json::as_str).unwrap_or("error");
        // A role's credentials need both providers in a session, the first alone without.
        if role == "error" || token == "error" {
            assert_eq!(kind, "error", "{what}");
        } else if role.is_object() {
            assert_eq!(kind, if token.is_object() { "sso-session" } else { "sso-legacy" }, "{what}");
            for (key, own) in [
                ("sso_start_url", "startUrl"),
                ("sso_region", "ssoRegion"),
                ("sso_account_id", "accountId"),
                ("sso_role_name", "roleName"),
                ("sso_session", "ssoSession"),
            ] {
                assert_eq!(ours.get(own), role.get(key), "{what}");
            }
        } else if token.is_object() {
            assert_eq!(kind, "sso-token", "{what}");
            assert_eq!(
                [&ours["ssoSession"], &ours["ssoRegion"], &ours["startUrl"]],
                [&token["session_name"], &token["sso_region"], &token["sso_start_url"]]
            );
        } else {
            // Not for botocore's providers; a login for a start URL alone is the AWS CLI's own.
            let is_login_only = kind == "sso-legacy" && ours.get("accountId").is_none();
            let lacks_region =
                kind == "error" && ours["error"].as_str().unwrap().ends_with("lacks sso_region");
            assert!(kind == "none" || is_login_only || lacks_region, "{what}");
        }
    }
}

#[test]
fn every_mix_of_sso_keys_resolves_as_botocore_resolves_it() {
    check(&profiles(), "");
}

#[test]
fn keys_of_the_credentials_file_and_of_the_defaults_count_as_in_botocore() {
    let config = "[DEFAULT]\nsso_region = us-east-1\n[sso-session s]\nsso_start_url = https://a.b/start\n\
                  [profile a]\nsso_session = s\nsso_account_id = 1\n[profile b]\nsso_start_url = https://a.b/start\n\
                  sso_account_id = 1\nsso_role_name = r\n[profile c]\nsso_session = s\nsso_account_id = 1\nsso_role_name = r\n";
    check(config, "[a]\nsso_role_name = r\n[c]\nsso_region = eu-west-1\n[d]\nsso_session = s\n");
}

#[test]
fn the_kind_is_the_first_provider_of_the_chain_that_takes_the_profile() {
    let of = |keys: &str| {
        let config = AwsConfig::of_text(&format!("{SESSIONS}[profile p]\n{keys}\n")).unwrap();
        config.profile("p").unwrap().unwrap().kind
    };
    let sso = "sso_session = s\nsso_account_id = 1\nsso_role_name = r";
    assert_eq!(of(&format!("{sso}\nrole_arn = r")), Kind::AssumeRole);
    assert_eq!(of(&format!("{sso}\nrole_arn = r\nweb_identity_token_file = f")), Kind::WebIdentity);
    assert_eq!(of(&format!("{sso}\ncredential_process = p\naws_access_key_id = k")), Kind::SsoSession);
    assert_eq!(of("credential_process = p\naws_access_key_id = k"), Kind::Process);
    assert_eq!(of("sso_session = s\naws_access_key_id = k"), Kind::Static);
    assert_eq!(of("sso_session = s"), Kind::SsoToken);
    assert_eq!(of("region = x"), Kind::None);
}
