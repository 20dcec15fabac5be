//! However it ends, the terminal is as it was, and nothing came out that wasn't picked.

use std::process::Command;

use crate::support::screen::{Screen, roles};

const CHOOSE: &str = "cat roles | sso-profile choose";

#[test]
fn escape_and_ctrl_c_and_ctrl_d_are_no_choice() {
    for key in ["Escape", "C-c", "C-d"] {
        let Some(screen) = Screen::show(&roles(3), CHOOSE) else { return };
        screen.sees("3/3");
        screen.types(&[key]);
        assert_eq!(screen.leaves(), 1, "{key}");
        assert_eq!((screen.text("out"), screen.text("errors")), (String::new(), String::new()), "{key}");
    }
}

#[test]
fn no_choice_in_a_pipe_writes_no_profile() {
    let line = "echo AWS_SSO_START_URL=https://d-1234567890.awsapps.com/start > .env; \
                echo AWS_SSO_REGION=us-east-1 >> .env; cat roles | sso-profile choose | sso-profile write new";
    let Some(screen) = Screen::show(&roles(3), line) else {
        return;
    };
    screen.sees("3/3");
    screen.types(&["C-c"]);
    assert_ne!(screen.leaves(), 0);
    assert!(!screen.sandbox.config().exists(), "{}", screen.text("errors"));
}

#[test]
fn a_signal_puts_the_terminal_back_first() {
    for (name, code) in [("TERM", 143), ("INT", 130), ("HUP", 129), ("QUIT", 131)] {
        // The pipe stays open, so that a thread of ours sits in a read.
        let line = "mkfifo open; { cat roles; cat open; } | { sh -c 'echo $PPID > shell; echo $$ > pid; ulimit -c 0; exec sso-profile choose'; status=$?; : > open; exit $status; }";
        let Some(screen) = Screen::show(&roles(3), line) else { return };
        screen.sees("3/3");
        let pid = screen.text("pid").trim().to_owned();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
        assert_eq!(screen.leaves(), code, "{name}: {}", screen.text("errors"));
        assert_eq!(screen.text("out"), "");
    }
}

#[test]
fn a_bad_document_ends_the_question() {
    let Some(screen) = Screen::show(&roles(3), "{ cat roles; echo '{\"x\":'; } | sso-profile choose") else {
        return;
    };
    assert_eq!(screen.leaves(), 65);
    assert!(
        screen.text("errors").starts_with("sso-profile: standard input, line "),
        "{}",
        screen.text("errors")
    );
    assert_eq!((screen.text("out"), screen.text("errors").lines().count()), (String::new(), 1));
}

#[test]
fn nothing_to_choose_from_is_said() {
    let Some(screen) = Screen::show(&[], CHOOSE) else { return };
    assert_eq!(screen.leaves(), 78);
    assert!(screen.text("errors").contains("nothing to choose from"), "{}", screen.text("errors"));
}

#[test]
fn an_output_that_is_closed_ends_it_quietly() {
    let Some(screen) = Screen::show(&roles(3), "cat roles | sso-profile choose | true") else { return };
    screen.sees("3/3");
    screen.types(&["Enter"]);
    screen.leaves();
    assert_eq!(screen.text("errors"), "");
}
