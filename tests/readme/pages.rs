//! Man pages and shell completions: all there, fit for their readers, of the same definitions as the helps.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::PathBuf;
use std::process::Command;

use crate::readme::help::{TOOLS, commands};
use crate::support::screen::Screen;
use crate::support::{Sandbox, end, names, peer, skip};

/// A sandbox with what `just install` puts into `share`.
fn generated() -> Sandbox {
    let sandbox = Sandbox::new();
    for tool in TOOLS {
        let ended = sandbox.run(&format!("{tool} --generate share")).exits(0);
        assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("", ""));
    }
    sandbox
}

#[test]
fn every_command_has_a_man_page_that_groff_has_no_word_against() {
    let Some(groff) = peer("SSO_TEST_GROFF", "groff") else { return };
    let sandbox = generated();
    let folder = sandbox.root().join("work/share/man/man1");
    let pages = names(&folder);
    for tool in TOOLS {
        for name in commands(&sandbox.run(&format!("{tool} --help")).exits(0).stdout) {
            assert!(pages.contains(&format!("{tool}-{name}.1")), "{tool} {name} has no page: {pages:?}");
        }
        assert!(pages.contains(&format!("{tool}.1")));
    }
    for name in pages {
        let read = Command::new(&groff)
            .args(["-man", "-ww", "-Kutf8", "-Tutf8", "-P-cbu"])
            .arg(folder.join(&name))
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&read.stderr), "", "{name}");
        let text = String::from_utf8(read.stdout).unwrap();
        let begin =
            |title: &str| text.lines().position(|line| line.contains(title) && !line.starts_with(' '));
        // Nested groups (`sso-profile key`) leave examples to their commands.
        let (Some(examples), Some(status)) = (begin("EXAMPLES"), begin("EXIT STATUS")) else {
            assert!(["sso-profile-key.1", "sso-signal-service.1"].contains(&name.as_str()), "{name}: {text}");
            continue;
        };
        assert!(examples < status, "{name}: {text}");
        assert!(
            text.lines().skip(status).any(|line| line.trim_start().starts_with(['0', 'N'])),
            "{name}: {text}"
        );
    }
}

/// A config with two profiles, and two whose names are a shell's language, which nobody is offered; and what `just install` puts into `share`.
fn with_names() -> Sandbox {
    let sandbox = generated();
    sandbox.write(
        ".aws/config",
        "[profile corp-dev]\nsso_session = corp\nregion = eu-west-1\n[profile corp-ops]\nsso_session = corp\n\
         [profile corp-x;touch PWNED]\nregion = x\n[profile 'corp-$(touch PWNED)']\nregion = x\n\
         [sso-session corp]\nsso_start_url = https://d-1234567890.awsapps.com/start\nsso_region = us-east-1\n",
    );
    sandbox
}

/// What each line is completed to.
const COMPLETIONS: [(&str, &[&str]); 6] = [
    ("sso-lock st", &["status"]),
    ("sso-login --via p", &["pkce"]),
    ("sso-profile key se", &["set", "sessions"]),
    ("sso-login credentials corp", &["corp-dev", "corp-ops"]),
    ("sso-signal snooze corp-d", &["corp-dev"]),
    ("sso-login accounts --sso-session c", &["corp"]),
];

#[test]
fn bash_completes_commands_options_and_names() {
    let sandbox = with_names();
    for (line, expected) in COMPLETIONS {
        let words: Vec<_> = line.split(' ').collect();
        let script = format!(
            ". share/bash-completion/completions/{tool}; COMP_WORDS=({line}); COMP_CWORD={last}; COMP_TYPE=9; \
             {function} {tool} '{word}' '{before}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            tool = words[0],
            last = words.len() - 1,
            function = format_args!("_clap_complete_{}", words[0].replace('-', "_")),
            word = words[words.len() - 1],
            before = words[words.len() - 2],
        );
        let ended = end(sandbox.shell(&script), "");
        let found: Vec<_> = ended.stdout.lines().map(str::trim_end).collect();
        assert_eq!(found, expected, "{line}: {}", ended.stderr);
    }
}

#[test]
fn fish_completes_commands_options_and_names() {
    let Some(fish) = shell("SSO_TEST_FISH", "fish") else { return };
    let sandbox = with_names();
    for (line, expected) in COMPLETIONS {
        let tool = line.split(' ').next().unwrap();
        let script = format!("source share/fish/vendor_completions.d/{tool}.fish; complete -C '{line}'");
        let mut command = sandbox.command(&fish);
        command.args(["--no-config", "-c", &script]);
        let ended = end(command, "");
        let mut found: Vec<_> = ended.stdout.lines().filter_map(|line| line.split('\t').next()).collect();
        // fish has an order of its own.
        found.sort_by_key(|name| expected.iter().position(|expected| expected == name));
        assert_eq!(found, expected, "{line}: {}", ended.stderr);
    }
}

#[test]
fn zsh_completes_names_at_the_first_tab() {
    let (Some(_), Some(screen)) = (shell("SSO_TEST_ZSH", "zsh"), Screen::show(&[], "sleep 60")) else {
        return;
    };
    let share = with_names();
    let script = format!(
        "export HOME={} PATH={}\nfpath=({}/work/share/zsh/site-functions $fpath)\nautoload -Uz compinit\n\
         compinit -u -D\nPS1='ready> '\n",
        share.home().display(),
        share.path(),
        share.root().display()
    );
    fs::write(screen.file(".zshrc"), script).unwrap();
    let line = format!("ZDOTDIR={} zsh -i", screen.file("").display());
    let Some(screen) = Screen::show(&[], &format!("{line} 2> /dev/tty > /dev/tty")) else { return };
    screen.sees("ready>");
    screen.types(&["sso-login credentials corp-d", "Tab"]);
    screen.sees("sso-login credentials corp-dev");
}

#[test]
fn powershell_asks_the_tool_as_well() {
    let sandbox = generated();
    for tool in TOOLS {
        let script =
            fs::read_to_string(sandbox.root().join(format!("work/share/powershell/{tool}.ps1"))).unwrap();
        let head = format!("Register-ArgumentCompleter -Native -CommandName {tool} -ScriptBlock");
        assert!(script.contains(&head) && script.contains("$env:COMPLETE = \"powershell\""), "{script}");
    }
}

#[test]
fn a_variable_that_another_program_uses_is_no_request() {
    let sandbox = with_names();
    let mut command = sandbox.tool("sso-profile show corp-dev");
    command.env("COMPLETE", "yes");
    assert_eq!(end(command, "").exits(0).document()["profile"], "corp-dev");
}

/// A shell that a machine may do without.
fn shell(variable: &str, name: &str) -> Option<PathBuf> {
    let path =
        std::env::var(variable).map_or_else(|_| PathBuf::from(format!("/usr/bin/{name}")), PathBuf::from);
    if !path.exists() {
        skip(&format!("{name} is not installed ({variable})"));
        return None;
    }
    Some(path)
}

#[test]
fn man_pages_have_values_in_their_synopsis_and_no_markdown() {
    let sandbox = generated();
    let folder = sandbox.root().join("work/share/man/man1");
    for name in names(&folder) {
        let page = fs::read_to_string(folder.join(&name)).unwrap();
        let mut is_filled = true;
        for line in page.lines() {
            is_filled = if line.starts_with(".nf") { false } else { is_filled || line.starts_with(".fi") };
            assert!(!is_filled || !line.contains('`'), "{name}: {line}");
        }
    }
    let page = fs::read_to_string(folder.join("sso-login.1")).unwrap();
    let synopsis = page.lines().skip_while(|line| *line != ".SH SYNOPSIS").nth(1).unwrap();
    for part in [r"\-\-via\fR \fIVIA", r"\-\-timeout\fR \fIDURATION", r"[\fIPROFILE\fR]"] {
        assert!(synopsis.contains(part), "{part}: {synopsis}");
    }
}

#[test]
fn pages_are_asked_for_with_a_folder_that_can_be_written() {
    let sandbox = Sandbox::new();
    for line in ["sso-lock --generate", "sso-login --generate a b", "sso-lock --generate --help"] {
        sandbox.run(line).exits(2).says("--generate takes a folder and nothing else");
    }
    let mut unset = sandbox.tool("sso-lock --generate");
    unset.arg("");
    end(unset, "").exits(2);
    let file = sandbox.write("file", "");
    sandbox.run(&format!("sso-lock --generate {}", file.display())).exits(74).says("cannot make");
}

#[test]
fn pages_take_the_place_of_a_link_and_are_for_everybody() {
    let sandbox = Sandbox::new();
    let precious = sandbox.write("precious", "mine");
    let pages = sandbox.root().join("work/share/man/man1");
    fs::create_dir_all(&pages).unwrap();
    symlink(&precious, pages.join("sso-lock.1")).unwrap();
    end(sandbox.shell("umask 022; sso-lock --generate share"), "").exits(0);
    assert_eq!(fs::read_to_string(precious).unwrap(), "mine");
    for name in names(&pages) {
        let found = fs::symlink_metadata(pages.join(&name)).unwrap();
        assert!(found.is_file() && found.len() > 0 && found.mode() & 0o777 == 0o644, "{name}: {found:?}");
    }
    assert!(names(&pages).iter().all(|name| name.starts_with("sso-lock")), "{:?}", names(&pages));
}
