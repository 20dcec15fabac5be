//! What others read in a file that `write --all` wrote, and what is left of it when they edit it.

use std::path::Path;
use std::process::Command;

use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_runtime::env_config::section::EnvConfigSections;
use aws_runtime::env_config::source;
use aws_types::os_shim_internal::{Env, Fs};

use crate::bulk::organisation::{HAND, many, read, role, three, with_config, write};
use crate::support::warm_aws::aws_warm;
use crate::support::{end, python};

/// The file as the SDK for Rust parses it.
fn by_rust_sdk(path: &Path) -> EnvConfigSections {
    let files = EnvConfigFiles::builder().with_file(EnvConfigFileKind::Config, path).build();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let source = runtime.block_on(source::load(&Env::from_slice(&[]), &Fs::real(), &files)).unwrap();
    EnvConfigSections::parse(source).unwrap()
}

#[test]
fn the_sdk_for_rust_reads_every_profile() {
    // The parser of the SDK takes no nested block with a comment in it; ours has none.
    let sandbox = with_config(HAND);
    let mut documents = many(20);
    documents.push(role("222233334444", "Prod (EU) / \"x\" 日本", "Power+=,.@-_User"));
    let written =
        write(&sandbox, "--name-template {account}/{accountId}:{role} --region eu-west-1", &documents)
            .exits(0)
            .documents();
    let sections = by_rust_sdk(&sandbox.config());
    for document in &written[..documents.len()] {
        let name = document["profile"].as_str().unwrap();
        let profile = sections.get_profile(name).unwrap_or_else(|| panic!("{name}"));
        for (key, expected) in [
            ("sso_session", "ssoSession"),
            ("sso_account_id", "accountId"),
            ("sso_role_name", "roleName"),
            ("region", "region"),
        ] {
            assert_eq!(profile.get(key), document[expected].as_str(), "{name} {key}");
        }
        assert_eq!(profile.get("sso_start_url"), None);
    }
    assert_eq!(sections.profiles().count(), documents.len() + 2);
    assert_eq!(sections.sso_session("corp").unwrap().get("sso_region"), Some("us-east-1"));
}

#[test]
fn botocore_reads_every_profile() {
    let Some(python) = python() else { return };
    let sandbox = with_config(HAND);
    let documents = write(&sandbox, "", &many(20)).exits(0).documents();
    let mut command: Command = sandbox.command(python);
    command.args([
        "-c",
        "import botocore.session, json; print(json.dumps(botocore.session.Session().full_config))",
    ]);
    let output = end(command, "");
    if output.code != 0 && output.stderr.contains("No module named") {
        assert!(std::env::var_os("CI").is_none(), "this Python has no botocore: see SSO_TEST_PYTHON");
        crate::support::skip("this Python has no botocore (SSO_TEST_PYTHON)");
        return;
    }
    let config = output.exits(0).document();
    for document in &documents[..40] {
        let profile = &config["profiles"][document["profile"].as_str().unwrap()];
        assert_eq!(profile["sso_account_id"], document["accountId"]);
        assert_eq!(profile["sso_role_name"], document["roleName"]);
        assert_eq!(profile["sso_session"], "corp");
        assert_eq!(profile.as_object().unwrap().len(), 3, "{profile}");
    }
    assert_eq!(config["profiles"].as_object().unwrap().len(), 42);
}

#[test]
fn marks_survive_what_the_aws_cli_does_to_the_file() {
    let Some(aws) = aws_warm() else { return };
    let sandbox = with_config(HAND);
    write(&sandbox, "", &three()).exits(0);
    let set = |key: &str, value: &str| {
        let mut command = sandbox.command(&aws);
        command.args(["configure", "set", key, value, "--profile", "Dev-Team-Admin"]);
        end(command, "").exits(0);
    };
    set("output", "json");
    set("region", "sa-east-1");
    set("region", "eu-west-1");
    set("sso_role_name", "Admin");
    set("s3.max_concurrent_requests", "20");
    let edited = read(&sandbox);
    assert!(
        edited.contains("output = json\nregion = eu-west-1\ns3 =\n    max_concurrent_requests = 20\n"),
        "{edited}"
    );
    write(&sandbox, "--prune", &three()).exits(0);
    assert_eq!(read(&sandbox), edited);

    let mut command = sandbox.command(&aws);
    command.args(["configure", "get", "sso_account_id", "--profile", "Prod-EU-Admin"]);
    assert_eq!(end(command, "").exits(0).stdout, "222233334444\n");

    write(&sandbox, "--prune", &three()[1..]).exits(0);
    assert!(
        !read(&sandbox).contains("Dev-Team-Admin")
            && !read(&sandbox).contains("max_concurrent_requests = 20\n\n[profile Dev")
    );
    assert!(read(&sandbox).starts_with(HAND));
}
