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
    let is_elsewhere = ["/usr/local/bin/aws", "/opt/homebrew/bin/aws", "/usr/bin/aws"]
        .iter()
        .any(|path| fs::exists(path).unwrap());
    for (named, what) in [(false, "there is no AWS CLI v2 in PATH ("), (true, "SSO_AWS names ")] {
        if !named && is_elsewhere {
            continue;
        }
        let mut install = only_bin(INSTALL);
        if named {
            install.env("SSO_AWS", sandbox.root().join("bin/aws"));
        }
        let ended = support::end(install, "").exits(78).says(what);
        for part in ["bin/aws is AWS CLI 1.32.0, which has no `sso login`", "--without-aws"] {
            assert!(ended.stderr.contains(part), "{}", ended.stderr);
        }
    }
    assert!(!sandbox.home().join(".config").exists());
    support::end(only_bin("sso-signal service install --without-aws -- just sso-watch"), "").exits(0);
}

#[test]
fn what_lies_in_the_working_directory_is_neither_installed_nor_run() {
    let sandbox = linux();
    let stranger = "#!/bin/sh\necho stranger >> \"$HOME/stranger\"\n";
    for name in ["sso-watch", "just", "systemctl", "launchctl", "aws"] {
        let program = sandbox.program("theirs", stranger);
        fs::rename(program, sandbox.root().join("work").join(name)).unwrap();
    }
    for relative in [".", "", "../work"] {
        let run = |line: &str| {
            let mut command = sandbox.tool(line);
            command.env("PATH", format!("{relative}:{}", sandbox.path()));
            support::end(command, "")
        };
        let unit = run("sso-signal service install --print -- just sso-watch").exits(0).stdout;
        let ours = sandbox.root().join("bin/just");
        assert!(unit.contains(&format!("ExecStart=\"{}\"", ours.display())), "{unit}");
        run("sso-signal service install --print").exits(78).says("there is no program `sso-watch` in PATH");
        run("sso-signal service status").exits(0);
    }
    assert!(!sandbox.home().join("stranger").exists());
}

#[test]
fn the_service_logs_in_with_the_aws_cli_that_a_login_takes() {
    let sandbox = linux();
    // Whatever profile the shell has: one that doesn't exist would be the answer instead of the version.
    let of_version = |version: &str| {
        let script = format!("#!/bin/sh\n[ -z \"$AWS_PROFILE\" ] && echo aws-cli/{version} Python/3\n");
        let folder = sandbox.root().join(version);
        fs::create_dir(&folder).unwrap();
        fs::rename(sandbox.program("aws", &script), folder.join("aws")).unwrap();
        folder.display().to_string()
    };
    let (older, newer) = (of_version("2.21.0"), of_version("2.40.1"));
    let mut install = sandbox.tool("sso-signal service install --print -- just sso-watch");
    install.env("PATH", format!("{older}:{newer}:{}", sandbox.path())).env("AWS_PROFILE", "gone");
    let unit = support::end(install, "").exits(0).stdout;
    assert!(unit.contains(&format!("PATH={newer}:")), "{unit}");
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
