//! Typing, arrows, Enter.

use std::fs::OpenOptions;
use std::io::Write as _;

use serde_json::json;

use crate::support::screen::{Screen, roles};

const CHOOSE: &str = "cat roles | sso-profile choose";

#[test]
fn enter_picks_the_first_and_the_whole_document_goes_out() {
    let roles = roles(3);
    let Some(screen) = Screen::show(&roles, CHOOSE) else { return };
    screen.sees("3/3");
    screen.types(&["Enter"]);
    assert_eq!(screen.leaves(), 0);
    // As text: the order of the keys counts too.
    assert_eq!(screen.text("out"), format!("{}\n", roles[0]));
    assert_eq!(screen.text("errors"), "");
}

#[test]
fn arrows_move_and_typing_filters() {
    let roles = roles(40);
    let Some(screen) = Screen::show(&roles, CHOOSE) else { return };
    screen.sees("40/40");
    screen.types(&["Down", "Down", "Down", "Up"]);
    screen.waits("mark at 2", || {
        screen.lines().lines().any(|line| line.starts_with('▌') && line.contains("Account 2 "))
    });
    // The list reads downwards, below what is typed.
    let shown = screen.lines();
    let places: Vec<_> =
        ["40/40", "Account 0 ", "Account 1 ", "Account 2 "].iter().map(|text| shown.find(text)).collect();
    assert!(places.is_sorted() && places.iter().all(Option::is_some), "{shown}");
    screen.types(&["account 37"]);
    screen.waits("one left of many", || {
        screen.lines().lines().any(|line| line.starts_with('▌') && line.contains("Account 37 "))
    });
    screen.types(&["Enter"]);
    assert_eq!(screen.leaves(), 0);
    assert_eq!(screen.document(), roles[37]);
}

#[test]
fn what_nothing_matches_picks_nothing_until_it_is_taken_back() {
    let Some(screen) = Screen::show(&roles(2), CHOOSE) else { return };
    screen.sees("2/2");
    screen.types(&["zzz"]);
    screen.sees("0/2");
    screen.types(&["Enter"]);
    screen.types(&["C-u"]);
    screen.sees("2/2");
    screen.types(&["Enter"]);
    assert_eq!(screen.leaves(), 0);
    assert_eq!(screen.document()["accountName"], "Account 0");
}

#[test]
fn ten_thousand_rows_stay_quick() {
    let roles = roles(10_000);
    let Some(screen) = Screen::show(&roles, CHOOSE) else { return };
    screen.sees("10000/10000");
    screen.types(&["8764 read"]);
    screen.waits("nothing, as 8764 is no ReadOnly", || {
        screen.lines().lines().all(|line| !line.contains("Account 1 "))
    });
    screen.types(&["C-u"]);
    screen.sees("10000/10000");
    screen.types(&["'8765"]);
    screen.sees("  1/10000");
    screen.resizes(60, 10);
    screen.waits("a smaller list", || {
        screen.lines().lines().count() == 10 && screen.lines().contains("Account 8765")
    });
    screen.types(&["Enter"]);
    assert_eq!(screen.leaves(), 0);
    assert_eq!(screen.document(), roles[8765]);
}

#[test]
fn a_terminal_that_shrinks_too_far_is_no_wrong_command_line() {
    let Some(screen) = Screen::show(&roles(3), CHOOSE) else { return };
    screen.sees("3/3");
    screen.resizes(1, 1);
    screen.waits("end", || screen.file("done").exists());
    screen.resizes(80, 24);
    assert_eq!(screen.leaves(), 74);
    assert!(screen.text("errors").is_empty() || screen.text("errors").contains("has shrunk to"));
}

#[test]
fn an_enter_right_behind_a_word_means_that_word() {
    let roles = roles(10_000);
    for n in [9_876, 4_321, 77] {
        let Some(screen) = Screen::show(&roles, CHOOSE) else { return };
        screen.sees("10000/10000");
        screen.types(&[&format!("'{:012}", 111_122_220_000_u64 + n), "Enter"]);
        assert_eq!(screen.leaves(), 0);
        assert_eq!(screen.document()["mine"]["kept"], n);
    }
}

#[test]
fn rows_show_as_they_come_and_the_writer_is_heard_out() {
    let line = "mkfifo slow; { cat roles; cat slow; echo heard > heard; } | sso-profile choose";
    let Some(screen) = Screen::show(&roles(2), line) else { return };
    screen.sees("2/2");
    let mut slow = OpenOptions::new().write(true).open(screen.file("slow")).unwrap();
    writeln!(slow, "{}", json!({"event": "later", "x": 1})).unwrap();
    writeln!(slow, "{}", json!({"accountName": "Late", "roleName": "Admin"})).unwrap();
    screen.sees("3/3");
    screen.types(&["late"]);
    screen.sees("1/3");
    screen.types(&["Enter"]);
    screen.waits("the choice", || screen.text("out").lines().count() == 2);
    writeln!(slow, "{}", json!({"accountName": "Later still"})).unwrap();
    drop(slow);
    assert_eq!(screen.leaves(), 0);
    assert_eq!(screen.text("heard"), "heard\n");
    assert_eq!(
        screen.text("out"),
        "{\"event\":\"later\",\"x\":1}\n{\"accountName\":\"Late\",\"roleName\":\"Admin\"}\n"
    );
}

#[test]
fn hostile_names_cannot_draw() {
    let mut roles = roles(2);
    roles[1]["accountName"] = json!("x\u{1b}[2J\u{1b}]0;evil\u{7}\u{202e}y");
    let Some(screen) = Screen::show(&roles, CHOOSE) else { return };
    screen.sees("2/2");
    screen.sees("Account 0");
    screen.sees("  xy ");
    screen.types(&["xy", "Enter"]);
    assert_eq!(screen.leaves(), 0);
    assert_eq!(screen.document(), roles[1]);
}

#[test]
fn the_choice_becomes_a_profile() {
    let line = "cat roles | sso-profile choose | sso-profile write new";
    let Some(screen) = Screen::show(&roles(5), line) else { return };
    screen.sees("5/5");
    screen.types(&["account 3", "Enter"]);
    assert_eq!(screen.leaves(), 0);
    let document = screen.document();
    assert_eq!(
        (&document["profile"], &document["change"], &document["mine"]["kept"]),
        (&json!("new"), &json!("added"), &json!(3))
    );
    let config = std::fs::read_to_string(screen.sandbox.config()).unwrap();
    assert!(
        config.starts_with("[profile new]\nsso_session = corp\nsso_account_id = 111122220003\n"),
        "{config}"
    );
}

#[test]
fn picks_that_leave_several_are_asked_about() {
    let roles = roles(6);
    let Some(screen) = Screen::show(&roles, "sso-profile choose --pick roleName=Admin < roles") else {
        return;
    };
    screen.sees("3/3");
    screen.types(&["Down", "Enter"]);
    assert_eq!(screen.leaves(), 0);
    assert_eq!(screen.document(), roles[2]);
}

#[test]
fn a_terminal_as_standard_input_is_a_usage_error() {
    let Some(screen) = Screen::show(&[], "sso-profile choose") else { return };
    assert_eq!(screen.leaves(), 2);
    assert!(screen.text("errors").contains("standard input, which is a terminal"));
}
