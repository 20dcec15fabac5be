//! When nothing is installed, and what a person is told instead.

use std::fs;

use crate::service::fakes::{INSTALL, aws, bare, dotenv, linux, mac};
use crate::support::{self, names};

#[test]
fn where_nobody_runs_services_the_command_to_run_is_named() {
    let sandbox = bare();
    let by_hand = "hint: run both yourself: just sso-monitor > /dev/null & just sso-watch\n";
    for (line, hint) in [
        (INSTALL, by_hand),
        ("sso-signal service uninstall", "hint: nothing is installed; to see what runs: just sso-status\n"),
        ("sso-signal service restart", by_hand),
    ] {
        let ended = sandbox.run(line).exits(69).says("no service manager runs for this user here");
        assert!(ended.stderr.ends_with(hint), "{}", ended.stderr);
    }
    let status = sandbox.run("sso-signal service status").exits(0).document();
    assert_eq!(status["service"], "none");
    let text = sandbox.run("sso-signal service status --text").exits(0).stdout;
    let lines: Vec<_> = text.lines().map(|line| line.split(" (log").next().unwrap()).collect();
    let none = "not installed: no service manager runs here";
    assert_eq!(lines, [format!("watcher: {none}"), format!("monitor: {none}")], "{text}");
    assert!(!sandbox.state().exists());
}

#[test]
fn without_an_aws_cli_v2_nothing_is_installed_unless_that_is_wanted() {
    let sandbox = linux();
    aws(&sandbox, "1.32.0");
    // The system's own may be v2: only the sandbox's folder is searched here.
    let only_bin = |line: &str| {
        let mut command = sandbox.tool(line);
        command.env("PATH", sandbox.root().join("bin"));
        command
    };
    sandbox.program("systemctl", "#!/bin/bash\n");
    let bash = fs::canonicalize("/bin/bash").unwrap();
    std::os::unix::fs::symlink(bash, sandbox.root().join("bin/bash")).unwrap();
    if ["/usr/local/bin/aws", "/opt/homebrew/bin/aws"].iter().any(|path| fs::exists(path).unwrap()) {
        return;
    }
    let ended = support::end(only_bin(INSTALL), "").exits(78).says("there is no AWS CLI v2 in PATH");
    assert!(
        ended.stderr.contains("bin/aws is v1.32.0") && ended.stderr.contains("--without-aws"),
        "{}",
        ended.stderr
    );
    assert!(!sandbox.home().join(".config").exists());
    support::end(only_bin("sso-signal service install --without-aws -- just sso-watch"), "").exits(0);
}

#[test]
fn an_old_cli_that_comes_first_does_not_hide_the_new_one() {
    let sandbox = mac();
    aws(&sandbox, "1.32.0");
    let new = sandbox.root().join("new");
    fs::create_dir(&new).unwrap();
    fs::rename(sandbox.program("aws2", "#!/bin/sh\necho aws-cli/2.30.0 Python/3\n"), new.join("aws"))
        .unwrap();
    let mut install = sandbox.tool("sso-signal service install --print -- just sso-watch");
    install.env("PATH", format!("{}:{}", sandbox.path(), new.display()));
    let mut path = sandbox.path();
    path = path.replace(":/usr/bin:/bin", "");
    install.env("PATH", format!("{path}:{}:/usr/bin:/bin", new.display()));
    let plist = support::end(install, "").exits(0).stdout;
    assert!(plist.contains(&format!("<string>{}:", new.display())), "{plist}");

    let mut install = sandbox.tool(INSTALL);
    install.env("SSO_AWS", sandbox.root().join("bin/aws"));
    support::end(install, "").exits(78).says("SSO_AWS names");
}

#[test]
fn a_setting_that_the_watcher_could_not_start_with_is_refused_before_anything_is_written() {
    for setting in ["SSO_POLL_SECONDS=0", "SSO_POLL_SECONDS=-5", "AWS_PROFILE=\"a\u{1}b\""] {
        let sandbox = mac();
        dotenv(&sandbox, setting);
        assert_eq!(sandbox.run(INSTALL).exits(78).stdout, "", "{setting}");
        assert_eq!(names(sandbox.home()).iter().filter(|name| *name == "Library").count(), 0, "{setting}");
    }
}

#[test]
fn a_wrong_mode_is_a_warning_and_the_default() {
    let sandbox = mac();
    dotenv(&sandbox, "SSO_LOGIN_MODE=AUTO\n");
    let ended = sandbox.run("sso-signal service install --print -- just sso-watch");
    assert_eq!(ended.code, 0);
    assert!(ended.stderr.contains("SSO_LOGIN_MODE is not notify, auto or standalone"), "{}", ended.stderr);
    assert!(ended.stdout.contains("<string>notify</string>"), "{}", ended.stdout);
}

#[test]
fn root_on_a_desktop_is_refused() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    for (name, value) in [("SUDO_USER", "me"), ("DISPLAY", ":0"), ("WAYLAND_DISPLAY", "wayland-0")] {
        let sandbox = linux();
        for line in [INSTALL, "sso-signal service check"] {
            let mut command = sandbox.tool(line);
            command.env(name, value);
            support::end(command, "").exits(78).says("doesn't run as root on a desktop").says(name);
        }
        assert!(!sandbox.state().exists());
    }
    // In a container, root is just the user.
    let start = linux().run("sso-signal service check").exits(0).document();
    assert_eq!((&start["event"], &start["mode"]), (&"start".into(), &"notify".into()));
}
