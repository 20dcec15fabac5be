//! What is wrong with a profile, or odd about it, and what mends it.

use serde_json::json;

use crate::support::{Sandbox, end};

fn with_sessions(names: &[&str], profile: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let session = |name: &&str| {
        format!(
            "[sso-session {name}]\nsso_start_url = https://d-1234567890.awsapps.com/start\nsso_region = us-east-1\n"
        )
    };
    let sessions: String = names.iter().map(session).collect();
    sandbox.write(".aws/config", format!("{sessions}[profile ops]\n{profile}"));
    sandbox
}

const LOST: &str = "sso_session = crop\nsso_account_id = 111122223333\nsso_role_name = Developer\n";

#[test]
fn a_mistyped_session_is_told_with_the_one_it_may_mean_and_mended_so() {
    let sandbox = with_sessions(&["other", "corp"], LOST);
    let mend = "sso-profile write ops --sso-session corp --replace";
    sandbox
        .run("sso-profile show ops")
        .exits(78)
        .says("profile `ops` names sso-session `crop`, which does not exist")
        .says(&format!("hint: {mend}\n"));
    let listed = sandbox.run("sso-profile list").exits(0).document();
    assert_eq!(listed["hint"], mend);
    assert!(
        sandbox
            .run("sso-profile list --text")
            .exits(0)
            .stdout
            .contains(&format!("which does not exist; {mend}"))
    );
    sandbox.run(mend).exits(0);
    assert_eq!(sandbox.run("sso-profile show ops").exits(0).document()["ssoSession"], "corp");
}

#[test]
fn the_sessions_there_are_are_named_where_none_is_close() {
    with_sessions(&["x", "y"], LOST)
        .run("sso-profile show ops")
        .exits(78)
        .says("hint: choose one of `x`, `y`: sso-profile write ops --sso-session x --replace\n");
    with_sessions(&["1", "2", "3", "4", "5", "6", "7"], LOST).run("sso-profile show ops").exits(78).says(
        "hint: choose one of `1`, `2`, `3`, `4`, `5` and 2 more: sso-profile write ops --sso-session 1 ",
    );
    with_sessions(&["z"], LOST)
        .run("sso-profile show ops")
        .exits(78)
        .says("write ops --sso-session z --replace\n");
    with_sessions(&[], LOST).run("sso-profile show ops").exits(78).says("hint: sso-login setup crop\n");
    // What else is wrong with a profile is mended by other means.
    let without_role = "sso_session = x\nsso_account_id = 111122223333\n";
    with_sessions(&["x"], without_role)
        .run("sso-profile show ops")
        .exits(78)
        .says("hint: sso-profile write --help");
}

#[test]
fn an_account_that_cannot_be_one_is_noted_and_read_as_botocore_reads_it() {
    const NOTE: &str = "sso_account_id is not 12 digits: AWS has no such account";
    for (account, is_odd) in
        [("1234", true), ("11112222333a", true), ("1111222233334", true), ("111122223333", false)]
    {
        let profile = format!("sso_session = x\nsso_account_id = {account}\nsso_role_name = Developer\n");
        let sandbox = with_sessions(&["x"], &profile);
        let shown = sandbox.run("sso-profile show ops").exits(0).document();
        assert_eq!((shown["accountId"].as_str(), shown.get("error")), (Some(account), None));
        assert_eq!(shown.get("note") == Some(&json!(NOTE)), is_odd, "{shown}");
        assert_eq!(sandbox.run("sso-profile list").exits(0).document().get("note"), shown.get("note"));
        let text = sandbox.run("sso-profile list --text").exits(0).stdout;
        assert_eq!(text.contains(NOTE), is_odd, "{text}");
        // A note of another tool stays, an old one of ours goes.
        for (note, stays) in [("theirs", true), (NOTE, false)] {
            let input = json!({"profile": "ops", "note": note}).to_string();
            let passed = sandbox.feed("sso-profile show", &input).exits(0).document();
            let expected = if is_odd { Some(json!(NOTE)) } else { stays.then(|| json!(note)) };
            assert_eq!(passed.get("note"), expected.as_ref(), "{account} {note}");
        }
    }
}

#[test]
fn a_config_that_is_a_folder_is_not_taken_for_one_without_profiles() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.config()).unwrap();
    for line in ["sso-profile list", "sso-profile list --text", "sso-profile show", "sso-profile show corp"] {
        let ended = sandbox.run(line).exits(74);
        assert_eq!(ended.stdout, "", "{line}");
        ended.says(&format!("sso-profile: cannot read {}: ", sandbox.config().display())).says("hint: move");
    }
    // Somebody's way to have none.
    let mut command = sandbox.tool("sso-profile list");
    command.env("AWS_CONFIG_FILE", "/dev/null");
    assert_eq!(end(command, "").exits(0).stdout, "");
    // The AWS CLI does without a credentials file, so that one in the way is no harm.
    let sandbox = with_sessions(&["crop"], LOST);
    std::fs::create_dir(sandbox.home().join(".aws/credentials")).unwrap();
    sandbox.run("sso-profile show ops").exits(0);
}

#[test]
fn a_header_that_no_reader_takes_is_named_with_its_line_and_how_it_is_written() {
    let sandbox = Sandbox::new();
    sandbox.write(
        ".aws/config",
        "[sso-session My Corp Ltd]\nsso_start_url = https://a.b/start\nsso_region = us-east-1\n\
         [sso-session my corp]\n[sso-session My-Corp-Inc]\nsso_start_url = https://c.d/start\nsso_region = us-east-1\n\
         [profile ops]\nsso_session = My Corp Ltd\nsso_account_id = 111122223333\nsso_role_name = R\n\
         [profile corp dev]\nregion = x\n[corp]\nregion = x\n[profile Single'Quote]\nregion = x\n",
    );
    for (profile, line, written) in [
        ("ops", "line 1 is ", "[sso-session 'My Corp Ltd']"),
        ("corp dev", "line 12 is ", "[profile 'corp dev']"),
        ("corp", "line 14 is ", "[profile corp]"),
        ("Single'Quote", "line 16 is ", "[profile \"Single'Quote\"]"),
    ] {
        let mut command = sandbox.tool("sso-profile show");
        command.arg(profile);
        let ended = end(command, "").exits(78);
        assert!(ended.stderr.contains(line) && ended.stderr.contains(written), "{profile}: {}", ended.stderr);
        assert!(!ended.stderr.contains("My-Corp-Inc"), "{}", ended.stderr);
    }
}

#[test]
fn a_config_that_is_a_pipe_is_an_error_that_names_it() {
    let sandbox = Sandbox::new();
    let pipe = sandbox.home().join(".aws/config");
    std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    for line in ["sso-profile list", "sso-profile show corp"] {
        sandbox.run(line).exits(78).says(&format!("{} is a pipe or a socket, not a file", pipe.display()));
    }
    // What holds nothing on purpose stays as it was.
    let mut nothing = sandbox.tool("sso-profile list");
    nothing.env("AWS_CONFIG_FILE", "/dev/null");
    crate::support::end(nothing, "").exits(0);
}

/// As every SDK: a job without HOME has the home of its user in the passwd file. The sandbox's home stands in for it, in a mount
/// namespace of its own.
#[test]
fn without_home_the_home_of_the_user_counts() {
    let Some(unshare) = crate::support::unshare() else { return };
    let sandbox = Sandbox::new();
    sandbox.write(".aws/config", "[profile corp]\nregion = eu-west-1\n");
    let tool = crate::support::tool("sso-profile");
    let run = |variables: &[&str]| {
        let mut command = sandbox.command(&unshare);
        // By its open file: it may be below the home that is covered.
        let script = "exec 3< \"$1\" && mount --bind \"$2\" ~root && shift 2 && exec env -i \"$@\" /proc/self/fd/3 list";
        command.args(["-rm", "sh", "-c", script, "sh"]).arg(&tool).arg(sandbox.home()).args(variables);
        end(command, "")
    };
    for ended in [run(&[]), run(&["HOME="])] {
        assert_eq!(ended.exits(0).document()["profile"], "corp");
    }
}

/// One answer for everybody who has no profile yet, and a name for who named none.
#[test]
fn without_a_profile_every_tool_names_setup() {
    let sandbox = Sandbox::new();
    for line in
        ["sso-profile show", "sso-profile show corp", "sso-login credentials", "sso-login exec -- true"]
    {
        sandbox.run(line).exits(78).says("hint: sso-login setup NAME\n");
    }
    sandbox.run("sso-login").exits_somehow(78).says("hint: sso-login setup NAME\n");
    let listed = sandbox.run("sso-profile list --text").exits(0).stdout;
    assert_eq!(
        listed,
        format!("There is no profile in {} yet: sso-login setup NAME\n", sandbox.config().display())
    );
    assert_eq!(sandbox.run("sso-profile list").exits(0).stdout, "");
    sandbox.run("sso-login --sso-session corp").exits_somehow(78).says("hint: sso-login setup corp\n");
    let sandbox = with_sessions(&["crop"], LOST);
    sandbox.run("sso-profile show").exits(78).says("hint: name a profile: sso-profile list\n");
}
