//! `sso-profile env`: the line that selects a profile, as shells take it.

use crate::support::{Sandbox, end};

const CONFIG: &str = "[profile dev]\nregion = eu-west-1\n[profile \"it's $(id)\"]\nregion = eu-west-1\n";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(".aws/config", CONFIG);
    sandbox
}

#[test]
fn a_shell_that_takes_the_line_has_the_profile_and_nothing_that_beats_it() {
    let sandbox = sandbox();
    for profile in ["dev", "it's $(id)"] {
        let mut command = sandbox.command("sh");
        let show = "eval \"$(sso-profile env \"$1\" --shell bash)\"; \
                    printf '%s|%s|%s' \"$AWS_PROFILE\" \"${BACKLOG_AWS_PROFILE-none}\" \"${AWS_ACCESS_KEY_ID-none}\"";
        command.args(["-c", show, "sh", profile]);
        command.envs([
            ("BACKLOG_AWS_PROFILE", "old"),
            ("AWS_ACCESS_KEY_ID", "AKIAOLD"),
            ("AWS_PROFILE", "older"),
        ]);
        assert_eq!(end(command, "").exits(0).stdout, format!("{profile}|none|none"));
    }
}

#[test]
fn it_ends_a_pipe_and_an_empty_one_prints_nothing() {
    let sandbox = sandbox();
    let line = sandbox.feed("sso-profile env --shell fish", r#"{"profile":"dev"}"#).exits(0).stdout;
    assert!(line.ends_with("; set -gx AWS_PROFILE 'dev'\n"), "{line}");
    let mut nothing = sandbox.shell("true | sso-profile env");
    nothing.env("AWS_PROFILE", "dev");
    let ended = end(nothing, "").exits(1);
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("", ""));
    for (document, status) in [
        (r#"{"profile":"dev","host":"box"}"#, 78),
        (r#"{"profile":"dev","error":"expired"}"#, 77),
        (r#"{"profile":"dev","accountId":"111122223333","roleName":"Other"}"#, 78),
        (r#"{"profile":"nobody"}"#, 78),
        (r#"{"profile":"dev"}{"profile":"dev"}"#, 2),
    ] {
        assert_eq!(sandbox.feed("sso-profile env", document).exits_somehow(status).stdout, "", "{document}");
    }
}

#[test]
fn show_takes_the_profile_as_the_aws_cli_does_and_tells_the_next_tool_what_failed() {
    let sandbox = sandbox();
    assert_eq!(sandbox.run("sso-profile show --profile dev").exits(0).document()["profile"], "dev");
    let ended = sandbox.run("sso-profile show nope").exits_somehow(78);
    assert!(ended.document()["error"].as_str().unwrap().contains("`nope` is not in"), "{}", ended.stdout);
}
