//! What is said of `just` holds: the recipes exist, and the demo ends well.

use std::fs;

use crate::readme::{project, readme};
use crate::support::Sandbox;

/// The names of the justfile's recipes.
fn recipes() -> Vec<String> {
    let text = fs::read_to_string(project("justfile")).unwrap();
    let heads = text.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()));
    heads
        .filter(|line| line.contains(':') && !line.contains(":="))
        .map(|line| line.split([' ', ':']).next().unwrap_or_default().to_owned())
        .collect()
}

/// The words after `just` in commands (not in prose).
fn named(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in text.match_indices("just ") {
        let is_command = text[..at].ends_with(['`', '\n', '"', '\'']) || text[..at].ends_with("&& ");
        let name: String =
            text[at + 5..].chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect();
        if is_command && !name.is_empty() {
            names.push(name);
        }
    }
    names
}

#[test]
fn every_recipe_that_is_named_somewhere_exists() {
    let recipes = recipes();
    for (file, least) in
        [("README.md", 5), ("docs/services.md", 5), ("docs/keys.md", 5), ("mise.toml", 5), (".ci/run", 1)]
    {
        let names = named(&fs::read_to_string(project(file)).unwrap());
        assert!(names.len() >= least, "{file}: {names:?}");
        for name in names {
            assert!(recipes.contains(&name), "{file} names `just {name}`, which isn't in {recipes:?}");
        }
    }
}

#[test]
fn every_recipe_says_what_it_does_in_one_line() {
    let text = fs::read_to_string(project("justfile")).unwrap();
    let lines: Vec<_> = text.lines().collect();
    for recipe in recipes() {
        let at = lines.iter().position(|line| line.split([' ', ':']).next() == Some(&recipe)).unwrap();
        let above = lines[..at].iter().rev().take_while(|line| !line.is_empty());
        assert_eq!(above.filter(|line| line.starts_with("# ")).count(), 1, "{recipe}");
        let body = lines[at + 1..].iter().take_while(|line| line.starts_with("    ")).count();
        assert!((1..=3).contains(&body), "{recipe} has {body} lines");
    }
}

#[test]
fn continuous_integration_runs_the_command_of_the_readme() {
    let line = "cargo install --locked just && just test";
    assert!(fs::read_to_string(project(".ci/run")).unwrap().lines().any(|found| found == line));
    assert!(readme().lines().any(|found| found == line));
}

#[test]
fn the_recipes_do_what_they_say_with_the_tools_of_this_checkout() {
    let Some(just) = crate::support::peer("SSO_TEST_JUST", "just") else { return };
    let sandbox = Sandbox::new();
    let script = r#"
        set -euo pipefail
        cd "$HOME"
        sso() { "$JUST" --justfile "$JUSTFILE" "$@" 2>> errors; }
        trap 'cat errors >&2' EXIT
        [ "$(sso sso-expired)" = $'demo\ndemo-admin\nother' ]
        sso-signal write demo > /dev/null
        sso sso-snooze demo > /dev/null
        sso sso-status > status; grep -F 'snoozed until' status
        sso sso-clean | grep -F '{"cleared":1,"ended":["snoozed"]}'
        sso sso-mode standalone | grep -F 'standalone'
        sso sso-login-device demo | grep -F '"outcome":"success"'
        sso-signal write demo > /dev/null
        sso sso-login demo | grep -F 'signal cleared'
        [ "$(sso sso-expired)" = other ]
        ! sso-signal read --all
    "#;
    let mut command = sandbox.command(crate::support::tool("sso-login"));
    command
        .args(["sandbox", "--", "bash", "-c", script])
        .env("JUST", just)
        .env("JUSTFILE", project("justfile"));
    command.env("CARGO_TARGET_DIR", crate::support::tools().parent().unwrap());
    let ended = crate::support::end(command, "");
    assert_eq!(ended.code, 0, "{}\n{}", ended.stdout, ended.stderr);
}

#[test]
fn no_recipe_lets_a_shell_read_its_arguments() {
    let Some(just) = crate::support::peer("SSO_TEST_JUST", "just") else { return };
    let sandbox = Sandbox::new();
    sandbox.write(".aws/config", "");
    for recipe in [
        "sso-monitor",
        "sso-monitor 1h",
        "sso-watch",
        "sso-status",
        "sso-login",
        "sso-logout",
        "sso-logs",
        "sso-mode",
        "sso-login-device",
        "sso-keys",
        "sso-keys dev",
        "sso-key-unlock",
        "sso-key-unlock dev",
        "sso-key-relock",
        "sso-snooze",
        "sso-exec",
        "sso-exec --",
        "sso-exec nobody --",
        "sso-fleet",
        "sso-fleet hosts",
        "sso-fleet hosts 4",
        "sso-serve",
        "sso-serve --listen",
        "sso-auth-test",
        "sso-auth-test --url",
        "sso-remote host",
        "sso-remote host profile",
        "sso-remote host profile box",
    ] {
        for hostile in ["$(touch ran)", "`touch ran`", "x; touch ran", "\"; touch ran; \"", "'; touch ran; '"]
        {
            let mut command = sandbox.command(&just);
            command.arg("--justfile").arg(project("justfile")).args(["--working-directory", "."]);
            command.args(recipe.split(' ')).arg(hostile);
            command.env("CARGO_TARGET_DIR", crate::support::tools().parent().unwrap());
            // Nothing is reached: no host of that name, no service.
            sandbox.program("ssh", "#!/bin/sh\nexit 255\n");
            crate::support::end(command, "");
            assert!(!sandbox.root().join("work/ran").exists(), "just {recipe} {hostile}");
        }
    }
}

#[test]
fn the_fleets_file_is_looked_for_here_and_what_ssh_is_given_comes_through() {
    let Some(just) = crate::support::peer("SSO_TEST_JUST", "just") else { return };
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.root().join("work/my hosts"), "# all\nme@one  # the first\n\nit's\ntwo\n")
        .unwrap();
    sandbox.program("sso-login", "#!/bin/sh\nprintf '<%s>' \"$@\"; echo\n");
    let mut command = sandbox.command(&just);
    command.arg("--justfile").arg(project("justfile"));
    command.args(["sso-fleet", "my hosts", "1", "-J", "me@bastion", "a  b", "$(echo ran)"]);
    command.env("CARGO_TARGET_DIR", sandbox.root().join("nowhere"));
    let ended = crate::support::end(command, "").exits(0);
    let line = |host: &str| format!("<inspect><{host}><--><-J><me@bastion><a  b><$(echo ran)>\n");
    assert_eq!(ended.stdout, line("me@one") + &line("it's") + &line("two"));
}

#[test]
fn the_demo_walks_the_main_job_and_leaves_the_home_alone() {
    let sandbox = Sandbox::new();
    let before = sandbox.write(".aws/config", "[profile mine]\nregion = eu-west-1\n");
    let mut demo = sandbox.command("bash");
    demo.arg(project("tests/demo.sh")).env_remove("SSO_NOW");
    let ended = crate::support::end(demo, "");
    assert_eq!(ended.code, 0, "{}\n{}", ended.stdout, ended.stderr);
    let shown = ended.stdout.lines().filter(|line| line.starts_with("$ ")).count();
    assert!(shown >= 8, "{}", ended.stdout);
    assert!(ended.stdout.lines().last().unwrap().contains("sso-login PROFILE"), "{}", ended.stdout);
    assert_eq!(fs::read_to_string(before).unwrap(), "[profile mine]\nregion = eu-west-1\n");
    assert!(!sandbox.state().exists());
    assert!(crate::support::names(sandbox.token_dir()).is_empty());
}

/// What a fresh clone shows while `sso-login` is still being built.
#[test]
fn the_demo_begins_with_the_tools_that_are_built_first() {
    let sandbox = Sandbox::new();
    let bin = sandbox.root().join("early");
    fs::create_dir(&bin).unwrap();
    for tool in ["sso-signal", "sso-lock", "sso-cache", "sso-profile"] {
        std::os::unix::fs::symlink(crate::support::tool(tool), bin.join(tool)).unwrap();
    }
    let mut command = sandbox.command(project("tests/demo.sh"));
    command.arg("first").env("PATH", format!("{}:/usr/bin:/bin", bin.display()));
    let ended = crate::support::end(command, "");
    assert_eq!(ended.code, 0, "{}\n{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("\"signal\":\"raised\"") && ended.stdout.contains("the backup runs"));
    assert!(!sandbox.config().exists(), "it has a HOME of its own");
}
