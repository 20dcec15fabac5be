//! Man pages and shell completions: all there, fit for their readers, of the same definitions as the helps.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::process::Command;

use crate::readme::help::{TOOLS, commands};
use crate::support::{Sandbox, end, names, peer};

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

#[test]
fn bash_completes_commands_and_options() {
    let sandbox = generated();
    let complete = |line: &str| {
        let words: Vec<_> = line.split(' ').collect();
        let script = format!(
            ". share/bash-completion/completions/{tool}; COMP_WORDS=({line} ''); COMP_WORDS=(\"${{COMP_WORDS[@]:0:{count}}}\"); \
             COMP_CWORD={last}; {function} {tool} '{word}' '{before}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            tool = words[0],
            count = words.len(),
            last = words.len() - 1,
            function = format_args!("_{}", words[0].replace('-', "__")),
            word = words[words.len() - 1],
            before = words[words.len() - 2],
        );
        let ended = end(sandbox.shell(&script), "").exits(0);
        ended.stdout.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(complete("sso-lock st"), ["status"]);
    assert_eq!(complete("sso-login --via p"), ["pkce"]);
    assert_eq!(complete("sso-profile key se"), ["set", "sessions"]);
    assert!(complete("sso-cache check --ev").contains(&"--every".to_owned()));
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
