//! What `just install` puts below PREFIX needs neither the clone nor its build afterwards.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::readme::help::TOOLS;
use crate::support::{self, Ended, end, until_or};
use crate::watcher::running::{Desk, project};

const SCRIPTS: [&str; 4] = ["sso-watch", "sso-monitor", "sso-status", "sso-auth-test"];

/// A user's systemd that starts nothing.
const SYSTEMCTL: &str = "case \"$*\" in *' is-active '*) exit 1;; *' show '*) echo MainPID=4242;; esac";

/// The words of `ExecStart` in a unit.
fn exec_start(unit: &Path) -> Vec<String> {
    let text = fs::read_to_string(unit).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    line.split('"').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[test]
fn tools_scripts_services_and_completions_work_with_the_clone_gone() {
    let Some(desk) = Desk::new("") else { return };
    let bench = &desk.bench;
    let (clone, target) = (bench.file("clone"), bench.file("target"));
    let prefix = bench.home().join("a prefix");
    fs::create_dir_all(clone.join("scripts")).unwrap();
    fs::create_dir_all(clone.join("packaging/man")).unwrap();
    fs::create_dir_all(target.join("release")).unwrap();
    for file in ["justfile", "Cargo.toml"]
        .map(str::to_owned)
        .into_iter()
        .chain(SCRIPTS.map(|name| format!("scripts/{name}")))
        .chain(SCRIPTS.map(|name| format!("packaging/man/{name}.1")))
    {
        fs::copy(project().join(&file), clone.join(&file)).unwrap();
    }
    // The build is that of these tests.
    for tool in TOOLS {
        symlink(support::tool(tool), target.join("release").join(tool)).unwrap();
    }
    bench.program("cargo", "exit 0");
    bench.program("systemctl", SYSTEMCTL);
    let bin = prefix.join("bin");
    // Without the tools of the build in PATH.
    let path = format!("{}:{}:/usr/bin:/bin", bin.display(), bench.file("bin").display());
    let dressed = |command: &mut Command| {
        desk.dress(command);
        let just = support::peer("SSO_TEST_JUST", "just").unwrap();
        command.env("PATH", format!("{path}:{}", just.parent().unwrap().display()));
        command.env("CARGO_TARGET_DIR", &target).env("PREFIX", &prefix);
    };
    for recipe in ["install", "sso-install --without-aws"] {
        let mut command = bench.command("just --justfile");
        command.arg(clone.join("justfile")).args(recipe.split(' '));
        dressed(&mut command);
        end(command, "").exits_somehow(0);
    }
    fs::remove_dir_all(&clone).unwrap();
    fs::remove_dir_all(&target).unwrap();

    let run = |line: &str| -> Ended {
        let mut command = bench.command("bash -euo pipefail -c");
        command.arg(line);
        dressed(&mut command);
        end(command, "")
    };
    for script in SCRIPTS {
        assert!(prefix.join("share/man/man1").join(format!("{script}.1")).is_file(), "{script}");
    }
    for tool in TOOLS {
        assert_eq!(run(&format!("command -v {tool}")).stdout, format!("{}\n", bin.join(tool).display()));
        run(&format!("{tool} --version")).exits(0);
        assert!(prefix.join("share/man/man1").join(format!("{tool}.1")).is_file(), "{tool}");
    }
    let completed = run(
        ". \"$PREFIX/share/bash-completion/completions/sso-login\"; COMP_WORDS=(sso-login credentials dem); COMP_CWORD=2; \
         COMP_TYPE=9; _clap_complete_sso_login sso-login dem credentials; printf '%s\\n' \"${COMPREPLY[@]}\"",
    );
    assert_eq!(completed.stdout.lines().map(str::trim_end).collect::<Vec<_>>(), ["demo", "demo-admin"]);

    // The services' own command lines.
    let installed = run("sso-signal service status").exits(0).document();
    let units = [("sso-watch", &installed["file"]), ("sso-monitor", &installed["monitor"]["file"])];
    let service = |name: &str| {
        let unit = units.iter().find(|(own, _)| *own == name).unwrap().1;
        let words = exec_start(Path::new(unit.as_str().unwrap()));
        assert_eq!(words[0], bin.join(name).to_str().unwrap());
        let mut command = bench.command("env");
        command.args(words);
        dressed(&mut command);
        command
    };
    let _monitor = desk.start("monitor", service("sso-monitor"));
    let watcher = desk.start("watcher", service("sso-watch"));
    until_or(|| desk.questions() > 0, || format!("{}{}", watcher.text(), watcher.errors()));
    let status = run("sso-status").exits_somehow(0).document();
    assert_eq!(status["monitors"][0]["source"], "sso-monitor");
    assert_eq!(status["watcher"]["running"], true);
}
