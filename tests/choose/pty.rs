//! A plain pseudo-terminal, of `script`: no multiplexer in between.

use std::io::{Read as _, Write as _};
use std::process::Stdio;
use std::sync::mpsc;
use std::time::Duration;

use crate::support::screen::{roles, stream};
use crate::support::{Sandbox, script, tools};

#[test]
fn a_plain_terminal_will_do_and_gets_its_screen_back() {
    let Some(script) = script() else { return };
    for (keys, code) in [("\u{1b}[B\r", 0), ("\u{3}", 1)] {
        let sandbox = Sandbox::new();
        let work = sandbox.root().join("work");
        std::fs::write(work.join("roles"), stream(&roles(3))).unwrap();
        let mut command = sandbox.command(&script);
        let mut child = command
            .args(["--quiet", "--return", "--command"])
            .arg("stty rows 20 cols 80; exec sso-profile choose < roles > out")
            .arg("/dev/null")
            .env("SHELL", "/bin/sh")
            .env("PATH", format!("{}:/usr/bin:/bin", tools().display()))
            .env("TERM", "xterm")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut shown = child.stdout.take().unwrap();
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = shown.read(&mut bytes) {
                let _ = sender.send(String::from_utf8_lossy(&bytes[..length]).into_owned());
            }
        });
        let mut seen = String::new();
        while !seen.contains("3/3") {
            seen.push_str(
                &receiver
                    .recv_timeout(Duration::from_secs(20))
                    .unwrap_or_else(|err| panic!("{err}: {seen:?}")),
            );
        }
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(keys.as_bytes()).unwrap();
        let status = child.wait().unwrap().code();
        drop(stdin);
        seen.extend(receiver.iter());
        assert_eq!(status, Some(code), "{seen:?}");
        // Into the other screen once, and out of it at the end.
        assert_eq!(
            (seen.matches("\u{1b}[?1049h").count(), seen.matches("\u{1b}[?1049l").count()),
            (1, 1),
            "{seen:?}"
        );
        assert!(seen.rfind("\u{1b}[?1049l") > seen.rfind("3/3"));
        let out = std::fs::read_to_string(work.join("out")).unwrap();
        assert_eq!(out, if code == 0 { stream(&roles(3)[1..2]) } else { String::new() });
    }
}

/// The picker's arithmetic ends below zero on a terminal of two rows, and a new pseudo-terminal has none.
#[test]
fn a_terminal_too_small_for_the_list_is_an_error_and_a_pick_needs_none() {
    let Some(script) = script() else { return };
    for (size, line, code, said) in [
        ("rows 2 cols 80", "sso-profile choose < roles", 2, "2 rows and 80 columns; the list needs 3 rows"),
        ("rows 0 cols 0", "sso-profile choose < roles", 2, "hint: sso-profile choose --pick "),
        ("rows 2 cols 80", "sso-profile choose --pick accountId=111122220001 < roles", 0, "Account 1"),
    ] {
        let sandbox = Sandbox::new();
        std::fs::write(sandbox.root().join("work/roles"), stream(&roles(3))).unwrap();
        let mut command = sandbox.command(&script);
        command
            .args(["--quiet", "--return", "--command", &format!("stty {size}; exec {line}"), "/dev/null"])
            .env("SHELL", "/bin/sh")
            .env("PATH", format!("{}:/usr/bin:/bin", tools().display()))
            .env("TERM", "xterm");
        let output = command.output().unwrap();
        let shown = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(code), "{size}: {shown}");
        assert!(shown.contains(said) && !shown.contains("panicked"), "{size}: {shown}");
        // The screen of the list was never entered.
        assert!(!shown.contains("\u{1b}[?1049h"), "{shown}");
    }
}
