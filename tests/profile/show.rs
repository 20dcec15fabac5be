//! `sso-profile list` and `show` as processes.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Stdio;

use serde_json::json;

use crate::support::{NOW, Sandbox, end};

const CONFIG: &str = "\
[default]
region = eu-central-1

# a session for two
[sso-session corp]
sso_start_url = https://d-1234567890.awsapps.com/start
sso_region = us-east-1
sso_registration_scopes = sso:account:access, other

[profile dev]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Developer
region = eu-west-1

[profile old]
sso_start_url = https://d-1234567890.awsapps.com/start
sso_region = us-east-1
sso_account_id = 111122223333
sso_role_name = Developer

[profile token]
sso_session = corp

[profile broken]
sso_session = none
sso_account_id = 111122223333
sso_role_name = Developer

[profile robot]
credential_process = /bin/robot --secret hush

[profile keys]
aws_access_key_id = AKIAEXAMPLE
aws_secret_access_key = hush

[profile chained]
role_arn = arn:aws:iam::111122223333:role/x
source_profile = dev
";

fn sandbox(config: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(".aws/config", config);
    sandbox
}

#[test]
fn a_profile_is_one_document_with_its_keys_in_order() {
    let sandbox = sandbox(CONFIG);
    let shown = sandbox.run("sso-profile show dev").exits(0);
    let config = sandbox.config().display().to_string();
    assert_eq!(
        shown.stdout,
        format!(
            "{{\"profile\":\"dev\",\"profileFrom\":\"argument\",\"kind\":\"sso-session\",\"ssoSession\":\"corp\",\
             \"startUrl\":\"https://d-1234567890.awsapps.com/start\",\"ssoRegion\":\"us-east-1\",\
             \"scopes\":[\"sso:account:access\",\"other\"],\"accountId\":\"111122223333\",\
             \"roleName\":\"Developer\",\"region\":\"eu-west-1\",\"configFile\":\"{config}\"}}\n"
        )
    );
}

#[test]
fn a_list_has_every_kind_and_goes_on_after_a_broken_profile() {
    let sandbox = sandbox(CONFIG);
    sandbox.write(
        ".aws/credentials",
        "[only-keys]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = hush\n",
    );
    let listed = sandbox.run("sso-profile list").exits(0);
    let kinds: Vec<_> = listed.documents().iter().map(|document| document["kind"].clone()).collect();
    assert_eq!(
        json!(kinds),
        json!([
            "none",
            "sso-session",
            "sso-legacy",
            "sso-token",
            null,
            "process",
            "static",
            "assume-role",
            "static"
        ])
    );
    let broken = &listed.documents()[4];
    let keys: Vec<_> = broken.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["profile", "configFile", "error", "hint"]);
    assert_eq!(broken["error"], "profile `broken` names sso-session `none`, which does not exist");
    assert!(!listed.stdout.contains("hush") && !listed.stdout.contains("AKIA"), "{}", listed.stdout);
}

#[test]
fn no_config_file_is_an_empty_list() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.run("sso-profile list").exits(0).stdout, "");
    // People are told what to do.
    let text = sandbox.run("sso-profile list --text").exits(0).stdout;
    assert!(text.starts_with("There is no profile in ") && text.lines().count() == 1, "{text}");
}

#[test]
fn botocores_rules_for_the_sso_keys_hold() {
    let session = "[sso-session s]\nsso_start_url = https://a.b/start\nsso_region = us-east-1\n";
    for (profile, error) in [
        ("sso_session = s\nsso_account_id = 1\nsso_role_name = r\nsso_region = us-east-1\n", None),
        (
            "sso_session = s\nsso_account_id = 1\nsso_role_name = r\nsso_region = eu-west-1\n",
            Some("`sso_region` of profile `p` is not the same as in sso-session `s`"),
        ),
        ("sso_session = s\nsso_account_id = 1\n", Some("profile `p` uses SSO but lacks sso_role_name")),
        (
            "sso_role_name = r\n",
            Some("profile `p` uses SSO but lacks sso_account_id, sso_start_url, sso_region"),
        ),
        ("sso_session = t\n", Some("profile `p` names sso-session `t`, which does not exist")),
        ("sso_session =\n  k = v\n", Some("`sso_session` is a nested block, not text")),
        ("region = x\nservices = none\n", Some("services section `none` does not exist")),
    ] {
        let shown = sandbox(&format!("{session}[profile p]\n{profile}")).run("sso-profile show p");
        match error {
            None => drop(shown.exits(0)),
            Some(error) => drop(shown.exits(78).says(error)),
        }
    }
}

#[test]
fn the_credentials_file_wins_key_by_key() {
    let sandbox = sandbox(CONFIG);
    sandbox.write(".aws/credentials", "[dev]\nsso_role_name = Admin\n[profile x]\nregion = y\n");
    let shown = sandbox.run("sso-profile show dev").exits(0).document();
    assert_eq!((&shown["roleName"], &shown["region"]), (&json!("Admin"), &json!("eu-west-1")));
    let mut command = sandbox.tool("sso-profile show");
    command.arg("profile x");
    assert_eq!(end(command, "").exits(0).document()["region"], "y");
}

#[test]
fn endpoints_of_the_config_are_shown_unless_ignored() {
    let config = "[services s]\nsso_oidc =\n  endpoint_url = http://127.0.0.1:1\nsts =\n  endpoint_url =\n\
                  [profile p]\nservices = s\nendpoint_url = http://127.0.0.1:2\n[profile q]\nregion = x\n";
    let sandbox = sandbox(config);
    assert_eq!(
        sandbox.run("sso-profile show p").exits(0).document()["endpoints"],
        json!({"ssoOidc": "http://127.0.0.1:1", "sso": "http://127.0.0.1:2", "sts": "http://127.0.0.1:2"})
    );
    assert_eq!(sandbox.run("sso-profile show q").exits(0).document().get("endpoints"), None);
    let mut command = sandbox.tool("sso-profile show p");
    command.env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "TRUE");
    assert_eq!(end(command, "").exits(0).document().get("endpoints"), None);
}

#[test]
fn the_profile_is_found_in_the_documented_order() {
    let sandbox = sandbox("[default]\n[profile a]\n[profile b]\n[profile c]\n");
    let from = |line: &str, variables: &[(&str, &str)], input: &str| {
        let mut command = sandbox.tool(line);
        command.envs(variables.iter().copied());
        let document = end(command, input).exits(0).document();
        (document["profile"].clone(), document["profileFrom"].clone())
    };
    let all = [("SSO_PROFILE_VARS", "NONE,TOOL_PROFILE"), ("TOOL_PROFILE", "b"), ("AWS_PROFILE", "c")];
    let answer = |profile: &str, from: &str| (json!(profile), json!(from));
    assert_eq!(from("sso-profile show a", &all, "{\"profile\":\"c\"}"), answer("a", "argument"));
    assert_eq!(from("sso-profile show", &all, "{\"profile\":\"a\"}"), answer("a", "document"));
    assert_eq!(from("sso-profile show", &all, "{}"), answer("b", "TOOL_PROFILE"));
    assert_eq!(from("sso-profile show", &all, "{\"profile\":\"\"}"), answer("b", "TOOL_PROFILE"));
    assert_eq!(from("sso-profile show", &all, ""), answer("b", "TOOL_PROFILE"));
    assert_eq!(from("sso-profile show", &all, "\n"), answer("b", "TOOL_PROFILE"));
    assert_eq!(from("sso-profile show", &all[2..], ""), answer("c", "AWS_PROFILE"));
    assert_eq!(from("sso-profile show", &[("AWS_PROFILE", "")], ""), answer("default", "default"));
}

#[test]
fn as_a_filter_it_adds_its_keys_and_passes_on_the_rest() {
    let sandbox = sandbox(CONFIG);
    let input = format!(
        "{{\"z\":1.50,\"profile\":\"dev\",\"a\":null}}\n{{\"profile\":\"nobody\"}}{{\"event\":\"authorize\",\"profile\":\"dev\",\"at\":\"{NOW}\"}}"
    );
    let shown = sandbox.feed("sso-profile show", &input).exits(0);
    let lines: Vec<_> = shown.stdout.lines().collect();
    assert!(
        lines[0].starts_with(
            "{\"z\":1.5,\"profile\":\"dev\",\"a\":null,\"profileFrom\":\"document\",\"kind\":\"sso-session\""
        ),
        "{}",
        lines[0]
    );
    let nobody = &shown.documents()[1];
    assert!(nobody["error"].as_str().unwrap().starts_with("profile `nobody` is not in "), "{nobody}");
    assert_eq!(lines[2], format!("{{\"event\":\"authorize\",\"profile\":\"dev\",\"at\":\"{NOW}\"}}"));
    sandbox
        .feed("sso-profile show", "{\"profile\":1}")
        .exits(65)
        .says("document at line 1, column 1: `profile` is not a string");
    sandbox.feed("sso-profile show", "{\"profile\"").exits(65);
}

#[test]
fn a_filter_sees_a_config_that_changed_meanwhile() {
    let sandbox = sandbox("");
    let mut child =
        sandbox.tool("sso-profile show").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut input, mut output) =
        (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()).lines());
    let mut ask = || {
        writeln!(input, "{{\"profile\":\"late\"}}").unwrap();
        output.next().unwrap().unwrap()
    };
    assert!(ask().contains("is not in"));
    sandbox.write(".aws/config", "[profile late]\nregion = eu-west-1\n");
    assert!(ask().contains("\"region\":\"eu-west-1\""));
    drop(input);
    assert!(child.wait().unwrap().success());
}

#[test]
fn what_was_true_of_a_profile_before_does_not_stay_in_its_document() {
    let sandbox = sandbox(CONFIG);
    let shown = sandbox
        .feed("sso-profile show", "{\"profile\":\"robot\",\"accountId\":\"1\",\"startUrl\":\"x\"}")
        .exits(0);
    let keys: Vec<_> = shown.document().as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["profile", "profileFrom", "kind", "configFile"]);
}

#[test]
fn what_is_not_about_a_profile_here_is_passed_on() {
    let sandbox = sandbox(CONFIG);
    for input in [
        r#"{"profile":"dev","host":"metta@box1","token":{"state":"expired"}}"#,
        r#"{"profile":"dev","error":"expired","reason":"r"}"#,
        r#"{"slug":"dev.TOKEN"}"#,
    ] {
        assert_eq!(sandbox.feed("sso-profile show -", input).exits(0).stdout, format!("{input}\n"));
    }
}

#[test]
fn an_unknown_profile_is_told_with_names_close_to_it() {
    let sandbox = sandbox(CONFIG);
    sandbox
        .run("sso-profile show tokn")
        .exits(78)
        .says("profile `tokn` is not in ")
        .says("did you mean `token`");
    sandbox.run("sso-profile show zzz").exits(78).says("hint: sso-profile list");
    let mut command = sandbox.tool("sso-profile show");
    command.env("AWS_PROFILE", "zzz");
    end(command, "").exits(78).says("by AWS_PROFILE: profile `zzz` is not in ");
}

#[test]
fn a_config_that_botocore_refuses_is_refused_with_file_and_line() {
    let sandbox = sandbox("[profile a]\nk = v\nsecret\n");
    let config = sandbox.config();
    for line in ["sso-profile list", "sso-profile show a", "sso-profile write a --region eu-west-1"] {
        let message = format!("{}, line 3: neither", config.display());
        let ended = sandbox.run(line).exits(78).says(&message).says("hint: fix line 3");
        assert!(!ended.stderr.contains("secret"));
    }
    fs::write(&config, b"[profile a]\nk = \xff\n").unwrap();
    sandbox.run("sso-profile list").exits(78).says("line 2: not UTF-8");
    assert_eq!(fs::read(&config).unwrap(), b"[profile a]\nk = \xff\n");
}

#[test]
fn the_variables_for_the_files_are_read_as_botocore_reads_them() {
    let sandbox = sandbox("[profile home]\n");
    sandbox.write("other/config", "[profile other]\n");
    let names = |variable: &str, value: &str| {
        let mut command = sandbox.tool("sso-profile list");
        command.env(variable, value).env("DIR", "other");
        let documents = end(command, "").exits(0).documents();
        documents.iter().map(|document| document["profile"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("AWS_CONFIG_FILE", "~/other/config"), ["other"]);
    assert_eq!(names("AWS_CONFIG_FILE", "$HOME/${DIR}/config"), ["other"]);
    assert_eq!(names("AWS_CONFIG_FILE", ""), [""; 0]);
    assert_eq!(names("AWS_CONFIG_FILE", "/dev/null"), [""; 0]);
    assert_eq!(names("AWS_CONFIG_FILE", "~/other/config/below"), [""; 0]);
    assert_eq!(names("AWS_SHARED_CREDENTIALS_FILE", "~/other/config"), ["home", "profile other"]);
}

#[test]
fn a_config_that_cannot_be_read_is_status_74() {
    let sandbox = sandbox("");
    fs::remove_file(sandbox.config()).unwrap();
    symlink(sandbox.config(), sandbox.config()).unwrap();
    sandbox.run("sso-profile list").exits(74).says("cannot read ");
    fs::remove_file(sandbox.config()).unwrap();
    fs::write(sandbox.config(), "[default]\n").unwrap();
    fs::set_permissions(sandbox.config(), fs::Permissions::from_mode(0o000)).unwrap();
    // Root reads what nobody may.
    if fs::read(sandbox.config()).is_err() {
        sandbox.run("sso-profile list").exits(74).says("cannot read ");
    }
}

#[test]
fn a_table_for_people_has_a_heading_and_a_row_each() {
    let sandbox = sandbox(CONFIG);
    let text = sandbox.run("sso-profile list --text").exits(0).stdout;
    assert!(text.starts_with("PROFILE  KIND"), "{text}");
    assert!(text.contains("dev      sso-session"), "{text}");
    assert_eq!(sandbox.run("sso-profile show dev --text").exits(0).stdout.lines().count(), 2);
}

#[test]
fn ten_thousand_profiles_are_listed_without_a_wait() {
    let session =
        "[sso-session corp]\nsso_start_url = https://a.b/start\nsso_region = us-east-1\n".to_owned();
    let config = (0..10_000).fold(session, |config, n| {
        config
            + &format!(
                "[profile p{n}]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = R\n\n"
            )
    });
    let sandbox = sandbox(&config);
    // Unoptimized; a quadratic step takes minutes of computing, which no other process adds to.
    let listed = end(sandbox.shell("ulimit -t 20; sso-profile list"), "").exits(0);
    assert_eq!(listed.stdout.lines().count(), 10_000);
}

#[test]
fn profiles_of_one_session_are_found_together() {
    let sandbox = sandbox(CONFIG);
    let content = fs::read_to_string(sandbox.config()).unwrap();
    let config = sso_profile::AwsConfig::of_text(&content).unwrap();
    let of = |name: &str| config.session_profiles(&config.profile(name).unwrap().unwrap());
    // One login serves the role on top of `dev`, too.
    assert_eq!(of("dev"), ["dev", "token", "chained"]);
    assert_eq!(of("old"), ["old"]);
    assert_eq!(of("robot"), [""; 0]);
    assert!(config.contains("broken") && !config.contains("nobody"));
}

#[test]
fn the_profiles_of_a_huge_session_leave_room_in_a_document() {
    let session = "[sso-session corp]\nsso_start_url = https://a.b/start\nsso_region = us-east-1\n";
    let name = |n: usize| format!("{}{n}", "p".repeat(100));
    let profile = |n| {
        format!(
            "[profile {}]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = R\n",
            name(n)
        )
    };
    let content: String = (0..12_000).map(profile).collect();
    let config = sso_profile::AwsConfig::of_text(&format!("{session}{content}")).unwrap();
    let profiles = config.session_profiles(&config.profile(&name(0)).unwrap().unwrap());
    let bytes = serde_json::to_string(&profiles).unwrap().len();
    assert!((500_000..600_000).contains(&bytes), "{bytes}");
    assert_eq!(profiles.first(), Some(&name(0)));
}
