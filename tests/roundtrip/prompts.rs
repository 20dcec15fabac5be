//! The guided set-up as a person at a terminal sees it, and Ctrl-C at each of its questions.

use serde_json::json;

use crate::roundtrip::machine::Machine;
use crate::support::screen::{Question, Screen};

const URL: &str = "https://d-5555555555.awsapps.com/start";

/// From nothing known to a key. The fifth is the login: the page is shown until somebody approves.
const QUESTIONS: [Question; 8] = [
    Question { sees: "Number [1]:", keys: &["3", "Enter"] },
    Question { sees: "Start URL of the access portal:", keys: &[URL, "Enter"] },
    Question { sees: "Region of IAM Identity Center [us-east-1]:", keys: &["Enter"] },
    Question { sees: "Name of the sso-session [d-5555555555]:", keys: &["corp", "Enter"] },
    Question { sees: "", keys: &[] },
    Question { sees: "6/6", keys: &["'Other ReadOnly", "Enter"] },
    Question { sees: "Name of the profile [Other-ReadOnly]:", keys: &["Enter"] },
    Question { sees: "Region to work in [eu-west-1]:", keys: &["eu-west-1", "Enter"] },
];

const LOGIN: usize = 4;
const ROLES: usize = 5;

/// A terminal in which key-set runs; `None` without tmux or the AWS CLI.
fn terminal(machine: &Machine, words: &str) -> Option<Screen> {
    let line = format!("sso-login key-set AWS_PROFILE dev aws.iam.sso {words}");
    Screen::show_with(&[], &machine.variables(), line.trim_end())
}

/// Waits for a question, and answers those before it.
fn walk(machine: &Machine, screen: &Screen, until: usize) {
    screen.walk(&QUESTIONS, until, LOGIN, || machine.faults(&json!({"pending": 0})));
}

#[test]
fn a_person_is_led_from_a_start_url_to_a_key() {
    let Some(machine) = Machine::start("--pending 1000") else { return };
    let Some(screen) = terminal(&machine, "--text") else { return };
    walk(&machine, &screen, QUESTIONS.len() - 1);
    screen.types(QUESTIONS[QUESTIONS.len() - 1].keys);
    assert_eq!(screen.leaves(), 0, "{}", screen.text("errors"));
    let out = screen.text("out");
    assert!(out.contains("write   profile Other-ReadOnly: added\n"), "{out}");
    assert!(out.contains("dev.AWS_PROFILE is stored, and works. It is locked now"), "{out}");
    assert!(machine.config().ends_with(&format!(
        "\n[profile Other-ReadOnly]\nsso_session = corp\nsso_account_id = 444455556666\n\
         sso_role_name = ReadOnly\nregion = eu-west-1\n\n[sso-session corp]\nsso_start_url = {URL}\n\
         sso_region = us-east-1\nsso_registration_scopes = sso:account:access\n"
    )));
    // One registration is for the question whether the portal is in that region.
    assert_eq!(machine.counts(), [1, 2, 1]);
    assert_eq!(machine.argv(), ["sso login --profile sso-key-set"]);
    assert_eq!(machine.status("AWS_PROFILE"), 77);
}

#[test]
fn a_person_is_asked_before_a_session_in_use_is_logged_out() {
    let Some(machine) = Machine::start("") else { return };
    machine.run("sso-login demo --via aws").exits_somehow(0);
    for (keys, state, logouts) in [("Enter", "granted", 0), ("y", "locked", 1)] {
        let Some(screen) = terminal(&machine, "demo") else { return };
        screen.sees("Log it out at the end");
        screen.types(&[keys, "Enter"]);
        assert_eq!(screen.leaves(), 0, "{}", screen.text("errors"));
        assert!(screen.text("out").contains(&format!("\"state\":\"{state}\"")), "{}", screen.text("out"));
        assert_eq!(machine.counts(), [1, 1, logouts]);
    }
}

#[test]
fn ctrl_c_before_the_login_leaves_everything_as_it_was() {
    for until in 0..LOGIN {
        interrupt(until);
    }
}

#[test]
fn ctrl_c_from_the_login_on_leaves_everything_as_it_was() {
    for until in LOGIN..QUESTIONS.len() {
        interrupt(until);
    }
}

fn interrupt(until: usize) {
    let Some(machine) = Machine::start("--pending 1000") else { return };
    let before = machine.files();
    let Some(screen) = terminal(&machine, "") else { return };
    walk(&machine, &screen, until);
    screen.types(&["C-c"]);
    let code = screen.leaves();
    // In the list of roles it is a key like Esc; else it is the signal.
    let expected = if until == ROLES { 1 } else { 130 };
    assert_eq!(code, expected, "at {until}: {}", screen.text("errors"));
    assert_eq!(machine.files(), before, "at {until}");
    assert_eq!(machine.quiet(), [""; 0], "at {until}");
    let [logins, _, logouts] = machine.counts();
    assert_eq!(logins, logouts, "at {until}: the session lives on");
}

#[test]
fn the_end_of_input_and_a_choice_of_nothing_are_no_errors() {
    let Some(machine) = Machine::start("--pending 1000") else { return };
    let before = machine.files();
    for (until, keys) in [(0, "C-d"), (1, "C-d"), (ROLES, "Escape")] {
        let Some(screen) = terminal(&machine, "--text") else { return };
        walk(&machine, &screen, until);
        screen.types(&[keys]);
        assert_eq!(screen.leaves(), 1, "{}", screen.text("errors"));
        assert!(screen.text("out").ends_with("nothing was chosen, and nothing is stored\n"));
        assert_eq!(machine.files(), before);
        assert_eq!(screen.text("errors").is_empty(), until < LOGIN, "{}", screen.text("errors"));
    }
}

#[test]
fn a_start_url_of_legacy_profiles_is_offered_and_needs_a_name_only() {
    let Some(machine) = Machine::start("") else { return };
    machine.append(
        "\n[profile old]\nsso_start_url = https://d-5555555555.awsapps.com/start\nsso_region = us-east-1\n\
         sso_account_id = 111122223333\nsso_role_name = Developer\n",
    );
    let Some(screen) = terminal(&machine, "") else { return };
    screen.sees("3  https://d-5555555555.awsapps.com/start");
    screen.sees("Number [1]:");
    screen.types(&["5", "Enter"]);
    screen.sees("a number from 1 to 4");
    screen.types(&["3", "Enter"]);
    screen.sees("Name of the sso-session [d-5555555555]:");
    screen.types(&["C-c"]);
    assert_eq!(screen.leaves(), 130);
}

#[test]
fn a_start_url_that_is_typed_though_it_is_known_makes_no_second_session() {
    let Some(machine) = Machine::start("") else { return };
    let Some(screen) = terminal(&machine, "--account-id 444455556666 --role-name ReadOnly") else { return };
    screen.sees(QUESTIONS[0].sees);
    screen.types(&["3", "Enter", "https://d-1234567890.awsapps.com/start/#/", "Enter"]);
    screen.sees("Name of the profile [Other-ReadOnly]:");
    screen.types(&["Enter"]);
    screen.sees("Region to work in [eu-west-1]:");
    screen.types(&["Enter"]);
    assert_eq!(screen.leaves(), 0, "{}", screen.text("errors"));
    assert!(
        machine.config().contains("[profile Other-ReadOnly]\nsso_session = sandbox\n"),
        "{}",
        machine.config()
    );
}

#[test]
fn flags_that_say_it_all_leave_nothing_to_ask_at_a_terminal() {
    let Some(machine) = Machine::start("") else { return };
    let words = format!(
        "corp-dev --start-url {URL} --sso-region us-east-1 --account-id 444455556666 --role-name ReadOnly \
         --region eu-west-1"
    );
    let Some(screen) = terminal(&machine, &words) else { return };
    assert_eq!(screen.leaves(), 0, "{}", screen.text("errors"));
    assert!(machine.config().contains("[sso-session corp-dev]\n"), "{}", machine.config());
}

#[test]
fn answers_typed_ahead_count() {
    let Some(machine) = Machine::start("--pending 1000") else { return };
    let Some(screen) = terminal(&machine, "") else { return };
    screen.sees(QUESTIONS[0].sees);
    screen.types(&["3", "Enter", URL, "Enter", "Enter", "corp", "Enter"]);
    screen.waits("page", || screen.text("errors").contains("/device"));
    assert!(screen.text("errors").contains("botocore-client-corp"), "{}", screen.text("errors"));
    screen.types(&["C-c"]);
    assert_eq!(screen.leaves(), 130);
}

#[test]
fn a_wrong_answer_is_asked_for_again() {
    let Some(machine) = Machine::start("") else { return };
    let Some(screen) = terminal(&machine, "") else { return };
    walk(&machine, &screen, 1);
    screen.types(&["http://d-1234567890.awsapps.com/start", "Enter"]);
    screen.sees("isn't an https address");
    screen.types(&[URL, "Enter"]);
    screen.sees(QUESTIONS[2].sees);
    screen.types(&["Enter"]);
    screen.sees(QUESTIONS[3].sees);
    screen.types(&["sandbox", "Enter"]);
    screen.sees("there is an sso-session `sandbox` for another start URL");
    screen.types(&["C-c"]);
    assert_eq!(screen.leaves(), 130);
}

#[test]
fn a_profile_that_differs_is_shown_and_replaced_only_with_consent() {
    for (answer, code) in [(&["C-c"][..], 130), (&["y", "Enter"][..], 0)] {
        let Some(machine) = Machine::start("") else { return };
        let before = machine.files();
        let words = "demo --sso-session sandbox --account-id 444455556666 --role-name ReadOnly";
        let Some(screen) = terminal(&machine, words) else { return };
        screen.sees("+sso_role_name = ReadOnly");
        screen.sees("Replace it? [y/N]:");
        screen.types(answer);
        assert_eq!(screen.leaves(), code, "{}", screen.text("errors"));
        assert_eq!(machine.files() == before, code != 0, "{answer:?}");
    }
}

#[test]
fn a_profile_that_is_not_to_be_replaced_gets_another_name_and_the_login_counts() {
    for (answer, code) in [(&["C-d"][..], 1), (&["C-c"][..], 130), (&["mine", "Enter"][..], 0)] {
        let Some(machine) = Machine::start("") else { return };
        let before = machine.files();
        let words = "demo --sso-session sandbox --account-id 444455556666 --role-name ReadOnly";
        let Some(screen) = terminal(&machine, words) else { return };
        screen.sees("Replace it? [y/N]:");
        screen.types(&["n", "Enter"]);
        screen.sees("Another name for the profile (Ctrl-D leaves):");
        screen.types(answer);
        if code == 0 {
            screen.sees("Region to work in [eu-west-1]:");
            screen.types(&["Enter"]);
        }
        assert_eq!(screen.leaves(), code, "{}", screen.text("errors"));
        if code == 0 {
            let mine = "[profile mine]\nsso_session = sandbox\nsso_account_id = 444455556666\n\
                        sso_role_name = ReadOnly\nregion = eu-west-1\n";
            assert!(machine.config().starts_with(&before["config"]) && machine.config().contains(mine));
        } else {
            assert_eq!(machine.files(), before);
        }
        assert_eq!(machine.counts()[0], 1);
    }
}

#[test]
fn a_profile_with_static_keys_is_chosen_from_a_list() {
    for (answer, code) in [(&["C-c"][..], 130), (&["Enter"][..], 78)] {
        let Some(machine) = Machine::start("") else { return };
        machine.append("\n[profile ci]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = canary\n");
        let before = machine.files();
        let line = "sso-login key-set AWS_PROFILE dev aws.static";
        let Some(screen) = Screen::show_with(&[], &machine.variables(), line) else { return };
        screen.sees("1  ci");
        screen.sees("Number [1]:");
        screen.types(answer);
        assert_eq!(screen.leaves(), code, "{}", screen.text("errors"));
        assert_eq!(machine.files(), before);
        // Which one was meant shows in what STS says of it: this service knows no such key.
        assert_eq!(screen.text("errors").contains("InvalidClientTokenId"), code == 78);
        assert!(!screen.text("errors").contains("canary"));
    }
}
