//! A stand-in for `kdialog`, and how the dialog program is chosen.

use serde_json::json;

use crate::ask::watch::{ROUND, Watch, said};
use crate::support::end;

#[test]
fn each_answer_of_kdialog_is_an_outcome() {
    for (steps, outcome) in [
        (&["echo Refresh"][..], "success"),
        (&["echo Snooze", "echo '1 hour'"], "snoozed"),
        (&["echo Snooze", "exit 1"], "dismissed"),
        (&["echo \"Don't Remind\"", "exit 0"], "suppressed"),
        (&["echo \"Don't Remind\"", "exit 2"], "dismissed"),
        (&["exit 1"], "dismissed"),
        (&["echo Refresh; exit 1"], "dismissed"),
        (&["/bin/sleep 600"], "dismissed"),
    ] {
        let watch = Watch::start("");
        watch.raise("demo", "one");
        watch.dialog("kdialog", steps);
        let mut command = watch.shell(0, ROUND, "--ask-timeout 2s");
        command.env("WAYLAND_DISPLAY", "wayland-0");
        let ended = end(command, "");
        assert_eq!(ended.last()["outcome"], outcome, "{steps:?} {}", said(&ended));
        let question = &watch.calls()[0];
        assert_eq!(question[..2], ["--title=AWS SSO Login Required", "--default=Refresh"]);
        assert!(
            question[2].starts_with("--menu=<qt>Profile &quot;demo&quot; needs an AWS SSO login.<br><br>")
        );
        assert_eq!(question[3..], ["Refresh", "Refresh", "Snooze", "Snooze", "Don't Remind", "Don't Remind"]);
    }
}

#[test]
fn the_first_program_that_can_ask_asks() {
    let broken = "echo 'Gtk-WARNING: cannot open display: :9' >&2; exit 1";
    for (programs, display, dialog, asked) in [
        (&["osascript", "zenity", "kdialog"][..], ":9", "", "osascript"),
        (&["zenity", "kdialog"], ":9", "", "zenity"),
        (&["kdialog"], ":9", "", "kdialog"),
        (&["zenity", "kdialog"], "", "", "nobody"),
        (&["osascript", "zenity", "kdialog"], "", "kdialog", "kdialog"),
        (&["osascript"], ":9", "none", "nobody"),
        (&["osascript"], ":9", "zenity", "nobody"),
    ] {
        let watch = Watch::start("");
        watch.raise("demo", "one");
        for program in programs {
            watch.bench.program(program, "echo \"${0##*/}\" >\"$OUT/asked\"");
        }
        let mut command = watch.shell(0, ROUND, "");
        command.env("DISPLAY", display).env("SSO_DIALOG", dialog);
        assert_eq!(end(command, "").last()["outcome"], "dismissed");
        let found = watch.bench.text("asked");
        assert_eq!(if found.is_empty() { "nobody" } else { found.trim() }, asked, "{programs:?}");
    }
    // One that can't open its window leaves it to the next.
    let watch = Watch::start("");
    watch.raise("demo", "one");
    watch.bench.program("zenity", broken);
    watch.dialog("kdialog", &["echo Refresh"]);
    let mut command = watch.shell(0, ROUND, "");
    command.env("DISPLAY", ":9");
    assert_eq!(end(command, "").last()["outcome"], json!("success"));
}
