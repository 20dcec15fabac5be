//! From the command to the session in the box.

use std::path::Path;

use serde_json::json;

use crate::remote::metta::Metta;
use crate::support::{aws_v2, end};

#[test]
fn one_command_logs_a_box_in_through_a_tunnel() {
    let Some(metta) = Metta::start() else { return };
    let ended = end(metta.command("sso-login tunnel metta1 demo --via pkce"), "");
    let last = ended.succeeds("success");
    metta.is_logged_in(&last);
    assert_eq!(
        (&last["host"], &last["profile"], &last["via"]),
        (&json!("metta1"), &json!("demo"), &json!("pkce"))
    );
    let event = &ended.documents()[0];
    assert_eq!(event["host"], "metta1");
    let port = event["port"].as_u64().unwrap();
    let url = event["url"].as_str().unwrap();
    assert_eq!(
        ended.stderr,
        format!(
            "AWS will ask you to allow access for sso-login-sandbox: it is the first login of session sandbox here, as far \
             as the cache knows.\nTo log in as profile demo on metta1, use the browser that opens now. If none opens, open this page in a \
             browser on this machine (it returns to port {port}):\n\n    {url}\n\n"
        )
    );
    metta.is_left_alone(port.try_into().unwrap());
    // The tunnel is closed, too.
    std::net::TcpListener::bind(("127.0.0.1", port.try_into().unwrap())).unwrap();

    let again = end(metta.command("sso-login tunnel metta1 demo --via pkce"), "");
    let last = again.exits(0).document();
    assert_eq!(last["outcome"], "valid");
    metta.is_logged_in(&last);
}

#[test]
fn the_pipe_does_the_same() {
    let Some(metta) = Metta::start() else { return };
    let line = "ssh metta1 sso-login demo --no-browser --via pkce 2>/dev/null | sso-login tunnel metta1";
    metta.is_logged_in(&end(metta.shell(line), "").succeeds("success"));
}

#[test]
fn a_code_needs_no_tunnel() {
    let Some(metta) = Metta::start() else { return };
    let ended = end(metta.command("sso-login tunnel metta1 demo --via device"), "");
    metta.is_logged_in(&ended.succeeds("success"));
    let event = &ended.documents()[0];
    assert_eq!((&event["via"], &event["port"]), (&json!("device"), &json!(null)));
    assert!(ended.stderr.contains(event["userCode"].as_str().unwrap()), "{}", ended.stderr);
}

#[test]
fn a_master_connection_of_the_user_is_used_and_left_as_it_was() {
    let Some(metta) = Metta::start() else { return };
    // The first ssh to `shared` leaves a master behind that stays.
    assert!(metta.command("ssh shared true").status().unwrap().success());
    let ended = end(metta.command("sso-login tunnel shared demo --via pkce"), "");
    metta.is_logged_in(&ended.succeeds("success"));
    assert!(metta.command("ssh -O check shared").output().unwrap().status.success());
    let port = ended.documents()[0]["port"].as_u64().unwrap();
    std::net::TcpListener::bind(("127.0.0.1", port.try_into().unwrap())).unwrap();
    assert!(metta.command("ssh -O exit shared").output().unwrap().status.success());
}

#[test]
fn a_container_on_the_box_gets_its_words_as_they_are() {
    let Some(metta) = Metta::start() else { return };
    // Stands in for a daemon: it shows what it got, and runs it.
    metta.program("docker", "printf '%s|' \"$1\" \"$2\" \"$3\" > ~/docker; shift 3; exec \"$@\"");
    let config = metta.home().join(".aws/config");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("[profile demo]", "[profile \"two words@x\"]")).unwrap();
    let mut command = metta.command("sso-login tunnel metta1 --container metta --via pkce");
    command.arg("two words@x");
    metta.is_logged_in(&end(command, "").succeeds("success"));
    assert_eq!(std::fs::read_to_string(metta.home().join("docker")).unwrap(), "exec|-i|metta|");
}

#[test]
fn the_aws_cli_of_a_box_without_our_tools_does() {
    let Some(_) = aws_v2().filter(|aws| aws == Path::new("/usr/bin/aws")) else { return };
    // For whatever its clock shows, which can't be fixed.
    let lifetimes = "--token-lifetime 9000d --session-lifetime 9000d --role-lifetime 9000d --pending 2";
    let Some(metta) = Metta::with(lifetimes, "bin:/usr/bin:/bin") else { return };
    // A virtualenv's version 1 comes first on PATH, and can't log in.
    metta.program("aws", "echo aws-cli/1.46.2 Python/3.11.7 >&2");
    let ended = end(metta.command("sso-login tunnel metta1 demo"), "");
    let last = ended.succeeds("success");
    metta.is_logged_in(&last);
    assert!(ended.documents()[0]["userCode"].is_string(), "{}", ended.stdout);

    // What it prints, piped in: it names no profile.
    let line = "ssh metta1 /usr/bin/aws sso login --profile demo --no-browser | sso-login tunnel metta1 --profile demo";
    metta.is_logged_in(&end(metta.shell(line), "").succeeds("success"));
}
