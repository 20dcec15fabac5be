//! Profiles whose credentials come from another profile, or whose login is about something else than their credentials.

use serde_json::{Value, json};

use crate::support::{Sandbox, end};

const SESSION: &str = "[sso-session corp]\nsso_start_url = https://d-1234567890.awsapps.com/start\n\
                       sso_region = eu-west-1\nsso_registration_scopes = sso:account:access\n";
const DEV: &str = "[profile dev]\nsso_session = corp\nsso_account_id = 000011112222\nsso_role_name = R\n";

fn sandbox(profiles: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(".aws/config", format!("{SESSION}{DEV}{profiles}"));
    sandbox
}

fn role(name: &str, source: &str) -> String {
    format!("[profile {name}]\nrole_arn = arn:aws:iam::444455556666:role/T\nsource_profile = {source}\n")
}

#[test]
fn a_role_of_an_sso_profile_is_about_its_session_through_any_number_of_roles() {
    let sandbox = sandbox(&[role("a", "dev"), role("b", "a"), role("c", "b")].concat());
    for name in ["a", "b", "c"] {
        let shown = sandbox.run(&format!("sso-profile show {name}")).exits(0).document();
        let session = ["kind", "credentialsFrom", "sourceProfile", "ssoSession", "startUrl", "ssoRegion"];
        assert_eq!(
            session.map(|key| shown[key].clone()),
            [
                "assume-role",
                "source_profile",
                "dev",
                "corp",
                "https://d-1234567890.awsapps.com/start",
                "eu-west-1"
            ]
            .map(Value::from),
            "{name}"
        );
        // The SSO profile's own role isn't this one's.
        assert_eq!((shown.get("accountId"), shown.get("roleName")), (None, None), "{name}");
        let checked = sandbox.feed("sso-cache check -e", &shown.to_string()).exits(77).document();
        assert_eq!(checked["loginRequired"], true, "{name}");
    }
}

#[test]
fn a_chain_that_leads_back_to_itself_is_an_error_and_one_that_ends_in_keys_needs_no_session() {
    let keys = "[profile keys]\naws_access_key_id = AKIA\naws_secret_access_key = s\n";
    let own = "[profile own]\nrole_arn = r\nsource_profile = own\naws_access_key_id = AKIA\naws_secret_access_key = s\n";
    let sandbox = sandbox(
        &[&role("a", "b"), &role("b", "a"), &role("self", "self"), keys, own, &role("k", "keys")].concat(),
    );
    for name in ["a", "b", "self"] {
        sandbox.run(&format!("sso-profile show {name}")).exits(78).says("leads back to it");
    }
    for name in ["own", "k"] {
        let shown = sandbox.run(&format!("sso-profile show {name}")).exits(0).document();
        assert_eq!((shown.get("ssoSession"), shown.get("sourceProfile")), (None, None), "{name}");
    }
}

#[test]
fn a_role_is_as_unusable_as_the_sso_profile_that_it_stands_on() {
    let gone = "[profile gone]\nsso_session = none\nsso_account_id = 000011112222\nsso_role_name = R\n";
    let sandbox = sandbox(&[gone, &role("a", "gone")].concat());
    sandbox.run("sso-profile show a").exits(78).says("`none`, which does not exist");
}

#[test]
fn console_credentials_are_a_kind_of_their_own() {
    let sandbox = sandbox("[profile console]\nlogin_session = arn:aws:iam::111122223333:user/me\n");
    let shown = sandbox.run("sso-profile show console").exits(0).document();
    assert_eq!(shown["kind"], "login");
    assert_eq!(shown["loginSession"], "arn:aws:iam::111122223333:user/me");
    sandbox.run("sso-login credentials console").exits(78).says("aws login --profile console");
    let config = std::fs::read_to_string(sandbox.config()).unwrap();
    sandbox.write(".aws/config", config + &role("on-top", "console"));
    sandbox.run("sso-login credentials on-top").exits(78).says("aws login --profile console");
}

#[test]
fn console_credentials_are_as_good_as_their_own_cache_and_ask_for_no_sso_login() {
    let arn = "arn:aws:iam::111122223333:user/me";
    let sandbox =
        sandbox(&[format!("[profile console]\nlogin_session = {arn}\n"), role("on-top", "console")].concat());
    // sha256 of the ARN
    let file = "login/cache/6eeec053fe13079aaf7fd81065ec5ecbdb93674f20700e51842d0c769b240c8a.json";
    let cache = |expires_at: &str| {
        json!({"accessToken": {"accessKeyId": "ASIA", "secretAccessKey": "CANARY", "sessionToken": "CANARY",
            "accountId": "111122223333", "expiresAt": expires_at}})
        .to_string()
    };
    let name = file.rsplit('/').next().unwrap();
    for (expires_at, status, state, words) in [
        ("2026-11-21T12:14:00Z", 0, "valid", "valid until 2026-11-21T12:14:00Z"),
        ("2026-11-21T11:00:00Z", 77, "expired", "run aws login --profile console"),
    ] {
        sandbox.write(&format!(".aws/{file}"), cache(expires_at));
        for profile in ["console", "on-top"] {
            let shown = sandbox.run(&format!("sso-profile show {profile}")).exits(0).document();
            assert_eq!(shown["loginSession"], arn);
            let checked = sandbox.feed("sso-cache check -e", &shown.to_string()).exits(status).document();
            assert_eq!(
                (&checked["token"]["state"], &checked["loginRequired"]),
                (&json!(state), &json!(false))
            );
            assert!(checked["reason"].as_str().unwrap().contains(words), "{checked}");
            assert!(!checked.to_string().contains("CANARY"), "{checked}");
            // Nobody is asked for a login that would not help.
            let written = sandbox.feed("sso-signal write", &checked.to_string()).exits(0).document();
            assert_ne!(written["signal"], "raised", "{written}");
        }
    }
    let shown = sandbox.run("sso-profile show console").document().to_string();
    let mut command = sandbox.tool("sso-cache check -e");
    command.env("AWS_LOGIN_CACHE_DIRECTORY", sandbox.home().join("elsewhere"));
    let checked = end(command, &shown).exits(77).document();
    assert_eq!(checked["token"]["file"], json!(sandbox.home().join("elsewhere").join(name)));
}

#[test]
fn a_role_on_console_credentials_takes_them_from_a_new_enough_aws_cli() {
    let arn = "arn:aws:iam::111122223333:user/me";
    let sandbox = sandbox(&format!("[profile console]\nlogin_session = {arn}\n"));
    let aws = |version: &str| {
        let script = format!(
            "#!/bin/sh\ncase $1 in --version) echo aws-cli/{version} Python/3.13 Linux/6;;\n\
             configure) echo \"$AWS_ACCESS_KEY_ID $AWS_PROFILE $*\" > \"$HOME/asked\"\n\
             echo '{{\"Version\":1,\"AccessKeyId\":\"ASIACONSOLE\",\"SecretAccessKey\":\"s\",\"SessionToken\":\"t\",\
             \"Expiration\":\"2026-11-21T12:14:00Z\"}}';; esac\n"
        );
        sandbox.program("aws", &script);
    };
    let credentials = || {
        let mut command = sandbox.tool("sso-login credentials console");
        command.env("SSO_AWS", sandbox.root().join("bin/aws")).env("AWS_ACCESS_KEY_ID", "AKIAOTHER");
        end(command, "")
    };
    aws("2.31.39");
    credentials().exits(78).says("2.32.0").says("aws login --profile console");
    aws("2.36.7");
    credentials().exits(77).says("run aws login --profile console");
    let shown = sandbox.run("sso-profile show console").document().to_string();
    let checked = sandbox.feed("sso-cache check", &shown).document();
    let path = checked["token"]["file"].as_str().unwrap();
    std::fs::create_dir_all(std::path::Path::new(path).parent().unwrap()).unwrap();
    std::fs::write(path, r#"{"accessToken":{"expiresAt":"2026-11-21T12:14:00Z"}}"#).unwrap();
    assert!(credentials().exits(0).stdout.contains("ASIACONSOLE"));
    let asked = std::fs::read_to_string(sandbox.home().join("asked")).unwrap();
    assert_eq!(asked.trim(), "configure export-credentials --format process --profile=console");
}

#[test]
fn a_document_about_another_host_changes_and_learns_nothing_of_this_one() {
    let sandbox = sandbox("");
    let before = std::fs::read_to_string(sandbox.config()).unwrap();
    let document = json!({"profile": "dev", "host": "h", "accountId": "222233334444", "roleName": "Admin",
        "ssoSession": "corp"});
    for command in [
        "sso-profile show",
        "sso-profile remove",
        "sso-profile write --replace",
        "sso-profile write --all",
        "sso-cache check",
    ] {
        let passed = sandbox.feed(command, &document.to_string()).exits(0).document();
        assert_eq!(passed, document, "{command}");
        assert_eq!(std::fs::read_to_string(sandbox.config()).unwrap(), before, "{command}");
    }
}

#[test]
fn an_account_without_a_role_or_an_empty_role_gives_no_credentials_and_nothing_is_sent() {
    let sandbox = sandbox(
        "[profile half]\nsso_session = corp\nsso_account_id = 000011112222\n\
         [profile empty]\nsso_session = corp\nsso_account_id = 000011112222\nsso_role_name =\n",
    );
    for (name, why) in
        [("half", "lacks sso_role_name"), ("empty", "`sso_role_name` of profile `empty` is empty")]
    {
        sandbox.run(&format!("sso-profile show {name}")).exits(78).says(why);
        sandbox.run(&format!("sso-login credentials {name}")).exits(78).says(why);
    }
}

#[test]
fn a_login_is_for_the_session_that_a_profile_names_whatever_its_credentials_come_from() {
    let sandbox = sandbox(
        "[profile role]\nrole_arn = arn:aws:iam::444455556666:role/T\nsso_session = corp\n\
         [profile process]\nsso_session = corp\ncredential_process = /bin/false\n\
         [profile half]\nsso_session = corp\nsso_account_id = 000011112222\n",
    );
    // The name is the SHA-1 of `corp`.
    sandbox.write(
        ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json",
        json!({"startUrl": "https://d-1234567890.awsapps.com/start", "region": "eu-west-1", "accessToken": "at",
               "expiresAt": "2099-01-01T00:00:00Z"}).to_string(),
    );
    for name in ["role", "process", "half", "dev"] {
        let answer = sandbox.run(&format!("sso-login {name}")).exits(0).document();
        assert_eq!((&answer["outcome"], &answer["ssoSession"]), (&json!("valid"), &json!("corp")), "{name}");
    }
}

#[test]
fn aws_default_profile_chooses_after_aws_profile_and_is_named() {
    let sandbox = sandbox("[profile prod]\nregion = eu-west-1\n");
    for (variables, profile, from) in [
        (vec![("AWS_DEFAULT_PROFILE", "prod")], "prod", "AWS_DEFAULT_PROFILE"),
        (vec![("AWS_DEFAULT_PROFILE", "prod"), ("AWS_PROFILE", "dev")], "dev", "AWS_PROFILE"),
        (vec![("AWS_DEFAULT_PROFILE", "prod"), ("AWS_PROFILE", "")], "prod", "AWS_DEFAULT_PROFILE"),
    ] {
        let mut show = sandbox.tool("sso-profile show");
        show.envs(variables);
        let shown = end(show, "").exits(0).document();
        assert_eq!([&shown["profile"], &shown["profileFrom"]], [profile, from]);
    }
}
