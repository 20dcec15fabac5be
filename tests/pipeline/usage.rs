//! A command line that is refused, by every tool alike: one line with the tool's name, and a hint.

use crate::support::Sandbox;

#[test]
fn a_refused_command_line_is_one_line_and_one_hint_and_nothing_on_stdout() {
    let sandbox = Sandbox::new();
    for (line, message, hint) in [
        ("sso-signal", "a command is missing: write, read, ", "sso-signal --help"),
        (
            "sso-signal wait --timeuot 3s",
            "unexpected argument '--timeuot'",
            "hint: sso-signal wait --timeout 3s",
        ),
        ("sso-signal wiat", "unrecognized subcommand 'wiat'", "hint: sso-signal wait"),
        (
            "sso-signal snooze x 5",
            "invalid value '5' for '<DURATION>': it has no unit; write a duration like ",
            "sso-signal snooze --help",
        ),
        ("sso-lock", "a command is missing: run, ", "sso-lock --help"),
        (
            "sso-lock run x",
            "required arguments were not provided: <CMD>...",
            "sso-lock run <NAME> -- <CMD>...",
        ),
        ("sso-lock run --wiat 5s x -- true", "'--wiat'", "hint: sso-lock run --wait 5s x -- true"),
        ("sso-profile show --jsn", "unexpected argument '--jsn' found", "hint: sso-profile show --json"),
        ("sso-cache list --txt", "unexpected argument '--txt' found", "hint: sso-cache list --text"),
        ("sso-cache check --every 0s", "it must be one second or more", "sso-cache check --help"),
        ("sso-profile key", "a command is missing: set, get, ", "sso-profile key --help"),
        ("sso-profile list --txet", "'--txet'", "hint: sso-profile list --text"),
        ("sso-login exec demo", "required arguments were not provided: <CMD>...", "sso-login exec "),
        ("sso-login --via telegraph", "[possible values: auto, aws, pkce, device]", "sso-login --help"),
    ] {
        let tool = line.split(' ').next().unwrap();
        let ended = sandbox.run(line).exits(2).says(message);
        let lines: Vec<_> = ended.stderr.lines().collect();
        assert_eq!((lines.len(), ended.stdout.as_str()), (2, ""), "{line}: {}", ended.stderr);
        assert!(lines[0].starts_with(&format!("{tool}: ")) && lines[0].contains(message), "{}", ended.stderr);
        assert!(
            lines[1].starts_with(&format!("{tool}: hint: ")) && lines[1].contains(hint),
            "{}",
            ended.stderr
        );
    }
    // What is typed where stdin is for it may be a secret.
    for line in ["sso-lock release x CANARY", "sso-login token CANARY", "sso-profile key set x y CANARY"] {
        let ended = sandbox.run(line).exits(2).says("there are too many arguments");
        assert!(!ended.stderr.contains("CANARY"), "{}", ended.stderr);
    }
    // No line of an argument is a hint of ours.
    for forged in ["1\n\ntip: sudo x", "\n  Usage: sudo x\n"] {
        let mut command = sandbox.tool("sso-login --timeout");
        command.arg(forged);
        let ended = crate::pipeline::end(command, "").exits(2);
        assert!(
            !ended.stderr.contains("sudo") && ended.stderr.ends_with("hint: sso-login --help\n"),
            "{}",
            ended.stderr
        );
    }
    let hostile = ["sso-login", "--\u{1b}[2J\u{202e}x"].join(" ");
    assert!(!sandbox.run(&hostile).exits(2).stderr.contains(['\u{1b}', '\u{202e}']));
}

/// Words of the AWS CLI, granted, aws-vault and others, and slips: the hint is the command that was meant.
#[test]
fn a_word_of_another_tool_is_answered_with_the_command_that_it_means() {
    let sandbox = Sandbox::new();
    sandbox.write(".aws/config", "[profile demo]\nregion = eu-west-1\n");
    for (line, code, hint) in [
        ("sso-login login demo", 2, "sso-login demo"),
        ("sso-login get demo", 2, "sso-login credentials demo"),
        ("sso-login export demo", 2, "sso-login credentials demo"),
        ("sso-login assume demo", 2, "sso-login exec demo -- bash"),
        ("sso-login export-credentials --profile demo", 2, "sso-login credentials demo"),
        ("sso-login demo -- env", 2, "sso-login exec demo -- env"),
        ("sso-login demo refresh", 2, "sso-login refresh demo"),
        ("sso-login loguot demo", 2, "sso-login logout demo"),
        ("sso-login configure", 78, "sso-login setup NAME"),
        ("sso-login list", 78, "sso-profile list"),
        ("sso-login", 78, "name a profile: sso-profile list"),
        ("sso-login -p demo", 2, "sso-login --profile demo"),
        ("sso-login exec -p demo -- env", 2, "sso-login exec --profile demo -- env"),
        ("sso-cache clear", 2, "sso-cache prune --expired --dry-run"),
        ("sso-login lgoin demo", 2, "sso-login demo"),
        ("sso-login sso login --profile demo", 2, "sso-login demo"),
        ("sso-login exec demo terraform plan", 2, "sso-login exec demo -- terraform plan"),
        ("sso-lock run backup echo hi", 2, "sso-lock run backup -- echo hi"),
        ("sso-lock backup -- echo", 2, "sso-lock run backup -- echo"),
        ("sso-cache check demo", 2, "sso-profile show demo | sso-cache check"),
        ("sso-cache check --profile demo", 2, "sso-profile show demo | sso-cache check"),
        ("sso-profile list demo", 2, "sso-profile show demo"),
        ("sso-lock list", 2, "sso-lock status"),
        ("sso-signal list", 2, "sso-signal read"),
        ("sso-signal unsnooze demo", 2, "sso-signal clear demo"),
        ("sso-signal unquiet demo", 2, "sso-signal quiet demo --off"),
        ("sso-profile add corp", 2, "sso-profile write --help"),
        ("sso-profile use demo", 2, "eval \"$(sso-profile env demo)\""),
        ("sso-profile current", 2, "sso-profile show"),
    ] {
        let tool = line.split(' ').next().unwrap();
        let ended = sandbox.run(line).exits_somehow(code);
        let hints: Vec<_> = ended.stderr.lines().skip(1).collect();
        assert_eq!(hints, [format!("{tool}: hint: {hint}")], "{line}: {}", ended.stderr);
    }
    // What runs beside the tools is named as it is there (a script, a recipe, or a line of the tools).
    for line in ["sso-login status", "sso-login watch", "sso-login monitor", "sso-signal watch"] {
        let ended = sandbox.run(line);
        let hint = ended.stderr.lines().nth(1).unwrap().split("hint: ").nth(1).unwrap().to_owned();
        assert!(hint.contains("sso-") && !hint.contains("--help"), "{line}: {}", ended.stderr);
    }
    // A profile of such a name is a profile.
    sandbox.write(".aws/config", "[profile status]\nregion = eu-west-1\n");
    assert!(!sandbox.run("sso-login status").stderr.contains("not in"));
}

#[test]
fn help_and_version_go_to_stdout_and_a_reader_that_leaves_is_no_failure() {
    let sandbox = Sandbox::new();
    for tool in ["sso-signal", "sso-lock", "sso-cache", "sso-profile", "sso-login"] {
        for flag in ["-h", "--help", "--version"] {
            assert!(sandbox.run(&format!("{tool} {flag}")).exits(0).stdout.len() > 5, "{tool} {flag}");
        }
        crate::pipeline::end(sandbox.shell(&format!("{tool} --help | true")), "").exits(0);
    }
}

#[test]
fn a_profile_that_is_not_there_is_said_once_in_a_pipe_and_keeps_its_status() {
    let sandbox = Sandbox::new();
    sandbox.write(".aws/config", "[profile corp]\nregion = eu-west-1\n");
    for last in ["sso-cache check -e", "sso-login refresh -e", "sso-login - -e", "sso-signal write"] {
        let ended =
            crate::pipeline::end(sandbox.shell(&format!("sso-profile show nope | {last}")), "").exits(78);
        let lines: Vec<_> = ended.stderr.lines().collect();
        assert_eq!((lines.len(), ended.documents().len()), (2, 1), "{last}: {}", ended.stderr);
        assert!(lines[0].starts_with("sso-profile: profile `nope` is not in "), "{last}: {}", ended.stderr);
        assert_eq!(lines[1], "sso-profile: hint: sso-profile list", "{last}");
    }
}

#[test]
fn whoever_cannot_write_the_state_does_not_end_well() {
    let sandbox = Sandbox::new();
    sandbox.write(".aws/config", "[profile corp]\nregion = eu-west-1\n");
    std::fs::write(sandbox.token_dir().join(format!("{}.json", "a".repeat(40))), "{\"accessToken").unwrap();
    let answer = r#"{"profile":"corp","outcome":"dismissed"}"#;
    for (line, input) in [
        ("sso-signal write corp", ""),
        ("sso-signal write", r#"{"profile":"corp","loginRequired":true}"#),
        ("sso-signal mode auto", ""),
        ("sso-signal snooze corp 1h", ""),
        ("sso-signal quiet corp", ""),
        ("sso-signal quiet -", r#"{"profile":"corp"}"#),
        ("sso-signal request corp", ""),
        ("sso-signal clear corp", ""),
        ("sso-signal clear --all", ""),
        ("sso-signal settle", answer),
        ("sso-signal wait --timeout 0s", ""),
        ("sso-signal notify -- true", ""),
        ("sso-lock run x -- true", ""),
        ("sso-lock acquire x", ""),
        ("sso-cache repair", ""),
        ("sso-cache prune --corrupt", ""),
        ("sso-profile key set --env dev --key A --vault env A", ""),
    ] {
        // A place where nobody may make anything, and a file in the place of the folder.
        for state in ["/proc/nothing", "/dev/null/state"] {
            let mut command = sandbox.tool(line);
            command.env("SSO_STATE_DIR", state);
            let ended = crate::pipeline::end(command, input).exits(74);
            assert!(ended.stderr.contains(state) || ended.stdout.contains(state), "{line}: {}", ended.stderr);
        }
    }
}

#[test]
fn text_in_place_of_documents_gets_a_hint() {
    let sandbox = Sandbox::new();
    for text in ["profile  session\ncorp     corp\n", "corp: no login required\n", "[INFO] x\n"] {
        for tool in
            ["sso-cache check", "sso-login refresh -", "sso-signal write", "sso-profile choose --pick a=b"]
        {
            let ended = sandbox.feed(tool, text).exits(65).says("standard input, line 1, column ");
            assert!(ended.stderr.contains(": hint: leave out --text "), "{tool}: {}", ended.stderr);
        }
    }
    // A document that is broken within isn't text.
    let ended = sandbox.feed("sso-cache check", "{\"profile\": }").exits(65);
    assert!(!ended.stderr.contains("hint"), "{}", ended.stderr);
}
