//! A config file that somebody else truncates and writes while it is read, as the AWS CLI does.

use std::fs;
use std::thread;
use std::time::Duration;

use crate::support::Sandbox;

const CONFIG: &str = "[sso-session corp]\nsso_start_url = https://d-1234567890.awsapps.com/start\nsso_region = eu-west-1\n\
                      [profile dev]\nsso_session = corp\nsso_account_id = 000011112222\nsso_role_name = R\n";

/// A sandbox whose config is cut to `rest` bytes at this moment, and whole again in 20 ms.
fn torn(rest: usize) -> (Sandbox, thread::JoinHandle<()>) {
    let sandbox = Sandbox::new();
    let path = sandbox.write(".aws/config", CONFIG);
    // Old enough that the cut isn't taken for a file that is being made.
    thread::sleep(Duration::from_millis(15));
    fs::write(&path, CONFIG.get(..rest).unwrap_or_default()).unwrap();
    let writer = thread::spawn(move || {
        thread::sleep(Duration::from_millis(20));
        fs::write(&path, CONFIG).unwrap();
    });
    (sandbox, writer)
}

#[test]
fn a_config_that_is_being_rewritten_is_looked_at_again() {
    for rest in [0, 30, CONFIG.find("[profile").unwrap() + 4, CONFIG.len() - 3] {
        let (sandbox, writer) = torn(rest);
        let listed = sandbox.run("sso-profile list").exits(0).documents();
        writer.join().unwrap();
        assert_eq!(listed.len(), 1, "{rest}: {listed:?}");
        assert_eq!(listed[0]["roleName"], "R", "{rest}");
    }
}

#[test]
fn a_change_of_a_config_that_is_being_rewritten_loses_nothing() {
    for rest in [0, 30] {
        let (sandbox, writer) = torn(rest);
        sandbox
            .run("sso-profile write ops --sso-session corp --account-id 000011112222 --role-name Ops")
            .exits(0);
        writer.join().unwrap();
        let config = fs::read_to_string(sandbox.config()).unwrap();
        assert!(config.starts_with(CONFIG) && config.contains("[profile ops]"), "{rest}: {config}");
    }
}

#[test]
fn an_empty_config_is_an_empty_one_once_it_rests() {
    let sandbox = Sandbox::new();
    sandbox.write(".aws/config", "");
    assert_eq!(sandbox.run("sso-profile list").exits(0).stdout, "");
}
