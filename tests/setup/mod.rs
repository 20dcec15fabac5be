//! `sso-login setup`: from a start URL to being logged in with profiles that work, and nothing in between.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::sandbox::served::Served;
use crate::support::screen::{Question, Screen};
use crate::support::{Ended, end, names, tool};

const URL: &str = "https://d-5555555555.awsapps.com/start";
/// A config of somebody else's making, without an end of its last line.
const MINE: &str = "# mine\n[profile other]\nregion = eu-central-1\n# the end";

/// A person's machine beside an AWS SSO on loopback, without an AWS CLI.
struct House {
    served: Served,
}

impl House {
    fn new(flags: &str) -> Self {
        let pending = if flags.contains("--pending") { "" } else { "--pending 0" };
        let house = Self { served: Served::start(&format!("{flags} {pending}")) };
        fs::write(house.config_file(), MINE).unwrap();
        house
    }

    fn home(&self) -> PathBuf {
        self.served.document["home"].as_str().unwrap().into()
    }

    fn config_file(&self) -> PathBuf {
        self.home().join(".aws/config")
    }

    fn config(&self) -> String {
        fs::read_to_string(self.config_file()).unwrap()
    }

    fn variables(&self) -> Vec<(String, String)> {
        let export = self.served.document["export"].as_object().unwrap();
        let mut variables: Vec<_> =
            export.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect();
        variables.retain(|(name, _)| name != "AWS_PROFILE");
        variables.push(("SSO_LOGIN_VIA".to_owned(), "device".to_owned()));
        variables
    }

    fn state(&self) -> PathBuf {
        self.home().join(".aws/sso-renewer")
    }

    fn command(&self, line: &str) -> Command {
        let mut words = line.split_whitespace();
        let mut command: Command = self.served.sandbox.command(tool(words.next().unwrap()));
        command.args(words).envs(self.variables());
        command
    }

    fn run(&self, line: &str) -> Ended {
        end(self.command(line), "")
    }

    fn faults(&self, faults: &Value) {
        let reply = self.served.tell("/sandbox/faults", faults);
        assert_eq!(reply.status, 200, "{reply:?}");
    }

    fn terminal(&self, words: &str) -> Option<Screen> {
        let line = format!("sso-login setup {words}");
        Screen::show_with(&[], &self.variables(), line.trim_end())
    }

    /// Nothing but the config of before, and no copy of it.
    #[track_caller]
    fn is_as_before(&self) {
        assert_eq!(self.config(), MINE);
        let left = names(self.state());
        assert!(!left.iter().any(|name| name.starts_with("set-up-")), "{left:?}");
    }
}

fn given(more: &str) -> String {
    format!(
        "sso-login setup corp --start-url {URL} --sso-region us-east-1 --region eu-west-1 --no-browser {more}"
    )
}

/// The profiles among the documents, without the events.
fn profiles(ended: &Ended) -> Vec<Value> {
    ended.documents().into_iter().filter(|document| document.get("event").is_none()).collect()
}

#[test]
fn what_is_given_is_set_up_without_a_terminal_and_a_second_time_changes_nothing() {
    let house = House::new("");
    let line = given("--pick accountId=444455556666 --pick roleName=ReadOnly");
    let ended = house.run(&line).exits_somehow(0);
    let [profile] = &profiles(&ended)[..] else { panic!("{}", ended.stdout) };
    assert_eq!((&profile["profile"], &profile["change"]), (&json!("corp"), &json!("added")));
    assert_eq!((&profile["outcome"], &profile["roleName"]), (&json!("success"), &json!("ReadOnly")));
    assert!(profile["arn"].as_str().unwrap().contains("444455556666"), "{profile}");
    assert_eq!(profile["configFile"], house.config_file().to_str().unwrap());
    let config = house.config();
    assert_eq!(
        config,
        format!(
            "{MINE}\n\n[profile corp]\nsso_session = corp\nsso_account_id = 444455556666\nsso_role_name = ReadOnly\n\
             region = eu-west-1\n\n[sso-session corp]\nsso_start_url = {URL}\nsso_region = us-east-1\n\
             sso_registration_scopes = sso:account:access\n"
        )
    );
    house.run("sso-login corp").exits(0);

    for line in [line.as_str(), "sso-login setup corp"] {
        let ended = house.run(line).exits(0);
        let profile = ended.document();
        assert_eq!((&profile["change"], &profile["outcome"]), (&json!("unchanged"), &json!("valid")));
        assert_eq!(house.config(), config);
    }
}

#[test]
fn all_gives_every_role_a_profile_of_the_named_session() {
    let house = House::new("");
    let ended = house.run(&given("--all")).exits_somehow(0);
    let written = profiles(&ended);
    assert_eq!(written.len(), 6, "{}", ended.stdout);
    assert!(written.iter().all(|profile| profile["change"] == "added" && profile["ssoSession"] == "corp"));
    assert_eq!(written.iter().filter(|profile| profile["arn"].is_string()).count(), 1);
    let config = house.config();
    assert!(config.starts_with(MINE) && config.contains("[profile Other-ReadOnly]\n"), "{config}");
    let ended = house.run(&given("--all")).exits(0);
    assert!(profiles(&ended).iter().all(|profile| profile["change"] == "unchanged"), "{}", ended.stdout);
    assert_eq!(house.config(), config);
}

#[test]
fn without_a_terminal_what_is_missing_is_named_and_nothing_happens() {
    let house = House::new("");
    for (line, missing) in [
        ("sso-login setup", "setup needs NAME, --start-url, --sso-region, --all or --pick"),
        ("sso-login setup corp --all", "setup needs --start-url, --sso-region"),
        (
            &format!("sso-login setup corp --start-url {URL} --sso-region us-east-1"),
            "setup needs --all or --pick",
        ),
    ] {
        house.run(line).exits(2).says(missing);
    }
    house.run("sso-login setup corp --all --pick roleName=x").exits(2);
    house.run("sso-login setup corp --pick nothing").exits(2);
    // Two roles have that account: nobody can be asked which.
    let ended = house.run(&given("--pick accountId=444455556666")).exits(2);
    assert!(ended.stderr.contains("add another --pick"), "{}", ended.stderr);
    let ended = house.run(&given("--pick roleName=Nobody")).exits(78);
    assert!(ended.stderr.contains("you have no role with roleName=Nobody"), "{}", ended.stderr);
    house.is_as_before();
}

#[test]
fn every_spelling_of_a_portal_is_written_in_one() {
    for (given, written) in [
        ("https://corp.awsapps.com/start", "https://corp.awsapps.com/start"),
        ("https://d-5555555555.awsapps.com/start/#/?tab=accounts", URL),
        ("https://D-5555555555.AWSAPPS.com/start/", URL),
    ] {
        let house = House::new("");
        let line = format!(
            "sso-login setup corp --start-url {given} --sso-region us-east-1 --pick accountId=444455556666 \
             --pick roleName=ReadOnly --no-browser"
        );
        house.run(&line).exits_somehow(0);
        assert!(
            house.config().contains(&format!("sso_start_url = {written}\n")),
            "{given}: {}",
            house.config()
        );
    }
}

#[test]
fn a_region_that_is_not_the_portals_is_named_before_anybody_logs_in() {
    let house = House::new("--error StartDeviceAuthorization=InvalidRequestException");
    let ended = house.run(&given("--all")).exits(78);
    assert!(
        ended.stderr.contains(&format!("the portal {URL} isn't in the region us-east-1")),
        "{}",
        ended.stderr
    );
    assert!(ended.stdout.is_empty(), "{}", ended.stdout);
    house.is_as_before();

    house.faults(&json!({"error": []}));
    house.run(&given("--all")).exits_somehow(0);
    let config = house.config();
    let ended = house.run(&given("--all").replace("us-east-1", "eu-west-1")).exits(78);
    assert!(
        ended.stderr.contains("sso-session `corp` is in us-east-1, not in eu-west-1"),
        "{}",
        ended.stderr
    );
    assert_eq!(house.config(), config);
}

#[test]
fn a_proof_that_fails_leaves_the_config_as_it_was() {
    for (fault, code) in [
        (json!({"error": ["GetRoleCredentials=ForbiddenException"]}), 78),
        (json!({"fail": ["GetCallerIdentity=500"]}), 69),
        (json!({"fail": ["ListAccounts=500"]}), 69),
    ] {
        let house = House::new("");
        house.faults(&fault);
        for how in ["--all", "--pick accountId=444455556666 --pick roleName=ReadOnly"] {
            let ended = house.run(&given(how)).exits(code);
            assert!(profiles(&ended).is_empty(), "{}", ended.stdout);
            house.is_as_before();
        }
    }
}

#[test]
fn a_profile_that_differs_is_not_overwritten_unasked() {
    let house = House::new("");
    house.run(&given("--pick accountId=444455556666 --pick roleName=ReadOnly")).exits_somehow(0);
    let config = house.config();
    let other = given("--pick accountId=111122223333 --pick roleName=Developer");
    let ended = house.run(&other).exits(78);
    assert!(ended.stderr.contains("profile `corp` exists and differs"), "{}", ended.stderr);
    assert_eq!(house.config(), config);

    let words = other.strip_prefix("sso-login setup ").unwrap();
    for (answer, code) in [(&["n", "Enter"][..], 1), (&["y", "Enter"][..], 0)] {
        let Some(screen) = house.terminal(words) else { return };
        screen.sees("Replace it? [y/N]:");
        screen.types(answer);
        assert_eq!(screen.leaves(), code, "{}", screen.text("errors"));
        assert_eq!(house.config() == config, code != 0);
    }
}

/// From nothing known to a profile. The third is the login: the page is shown until somebody approves.
const QUESTIONS: [Question; 6] = [
    Question { sees: "Start URL of the access portal:", keys: &[URL, "Enter"] },
    Question { sees: "Region of IAM Identity Center [us-east-1]:", keys: &["Enter"] },
    Question { sees: "", keys: &[] },
    Question { sees: "6/6", keys: &["'Other ReadOnly", "Enter"] },
    Question { sees: "Name of the profile [Other-ReadOnly]:", keys: &["Enter"] },
    Question { sees: "Region to work in [us-east-1]:", keys: &["eu-west-1", "Enter"] },
];
const LOGIN: usize = 2;
const ROLES: usize = 3;

/// Waits for a question, and answers those before it.
fn walk(house: &House, screen: &Screen, until: usize) {
    screen.walk(&QUESTIONS, until, LOGIN, || house.faults(&json!({"pending": 0})));
}

#[test]
fn a_person_is_led_from_a_start_url_to_a_profile_that_works() {
    let house = House::new("--pending 1000");
    let Some(screen) = house.terminal("--no-browser --text") else { return };
    walk(&house, &screen, QUESTIONS.len() - 1);
    screen.types(QUESTIONS[QUESTIONS.len() - 1].keys);
    assert_eq!(screen.leaves(), 0, "{}", screen.text("errors"));
    let out = screen.text("out");
    assert!(out.starts_with("d-5555555555: logged in, "), "{out}");
    assert!(out.contains("Other-ReadOnly: added ("), "{out}");
    assert!(out.contains("Other-ReadOnly works: arn:aws:sts::444455556666:"), "{out}");
    assert!(out.ends_with("Next: aws s3 ls --profile Other-ReadOnly\n"), "{out}");
    assert!(
        house.config().contains("[profile Other-ReadOnly]\nsso_session = d-5555555555\n"),
        "{}",
        house.config()
    );
    house.run("sso-login Other-ReadOnly").exits(0);
}

#[test]
fn ctrl_c_at_any_question_leaves_the_config_as_it_was() {
    for until in 0..QUESTIONS.len() {
        let house = House::new("--pending 1000");
        let Some(screen) = house.terminal("--no-browser") else { return };
        walk(&house, &screen, until);
        screen.types(&["C-c"]);
        // In the list of roles it is a key like Esc; else it is the signal.
        let expected = if until == ROLES { 1 } else { 130 };
        assert_eq!(screen.leaves(), expected, "at {until}: {}", screen.text("errors"));
        house.is_as_before();
    }
}

#[test]
fn a_fresh_home_is_enough_and_what_is_copied_stays_private() {
    let house = House::new("--pending 1000");
    let _ = fs::remove_dir_all(house.state());
    house.faults(&json!({"pending": 0}));
    house.run(&given("--all")).exits_somehow(0);

    // As the guide for containers makes it, which others may look into.
    fs::set_permissions(house.state(), fs::Permissions::from_mode(0o755)).unwrap();
    house.faults(&json!({"pending": 1000}));
    let line = "sso-login setup other --start-url https://d-9999999999.awsapps.com/start --sso-region us-east-1 --all";
    let mut command = house.command(&format!("{line} --no-browser"));
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let copy = loop {
        let copies = fs::read_dir(house.state()).unwrap().flatten();
        let copy = copies.map(|entry| entry.path()).find(|path| path.join("config").is_file());
        if let Some(copy) = copy {
            break copy;
        }
        assert!(child.try_wait().unwrap().is_none(), "it ended without a copy");
        thread::sleep(Duration::from_millis(5));
    };
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&copy), mode(&copy.join("config"))), (0o700, 0o600));

    // A copy in use stays, however old it is; that of a killed set-up goes with the next one.
    let another = || {
        Command::new("touch").args(["-d", "1 hour ago"]).arg(&copy).status().unwrap();
        house.faults(&json!({"pending": 1000, "fail": ["ListAccounts=500"]}));
        house.run(&given("--all")).exits(69);
        copy.exists()
    };
    assert!(another());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!another());
}

#[test]
fn a_set_up_that_is_left_after_its_login_says_how_to_end_the_session() {
    let house = House::new("");
    house.faults(&json!({"fail": ["GetCallerIdentity=500"]}));
    let ended = house.run(&given("--all")).exits(69);
    let command = "sso-login logout --sso-session corp";
    assert!(ended.stderr.contains(command), "{}", ended.stderr);
    house.is_as_before();
    let document = house.run(command).exits(0).document();
    assert_eq!((&document["ssoSession"], &document["wasLoggedIn"]), (&json!("corp"), &json!(true)));
    assert_eq!(document["removed"].as_array().unwrap().len(), 1, "{document}");
    house.run(command).exits(78).says("sso-session `corp` is not in ");
}

#[test]
fn profiles_that_keep_their_region_are_named() {
    let house = House::new("");
    house.run(&given("--all")).exits_somehow(0);
    let config = house.config();
    let line = given("--all").replace("--region eu-west-1", "--region us-west-2");
    let ended = house.run(&line).exits_somehow(0);
    assert!(ended.stderr.contains(" and 5 more keep their region"), "{}", ended.stderr);
    assert_eq!(house.config(), config);
    let change = ended.stderr.split("to change it: ").nth(1).unwrap().trim();
    let mut command = house.served.sandbox.command("bash");
    command.args(["-euo", "pipefail", "-c", change]).envs(house.variables());
    end(command, "").exits_somehow(0);
    assert_eq!(house.config().matches("region = us-west-2\n").count(), 6, "{}", house.config());
}

#[test]
fn a_name_that_nobody_can_be_reminded_of_is_refused_before_the_login() {
    let house = House::new("--pending 1000");
    let line = given("--pick roleName=ReadOnly").replace(" corp ", " cörp ");
    house.run(&line).exits(78).says("reminders aren't possible for a profile with the name `cörp`");
    house.is_as_before();
    assert_eq!(house.served.admin("/sandbox/stats").json()["requests"], 0);
}

#[test]
fn all_names_the_profiles_as_a_template_says() {
    let house = House::new("");
    house.run(&given("--pick accountId=444455556666 --pick roleName=ReadOnly")).exits_somehow(0);
    let config = house
        .config()
        .replace("[profile corp]", "[profile Other-ReadOnly]")
        .replace("Only\nregion", "Only\noutput = text\nregion");
    fs::write(house.config_file(), config.replace("444455556666", "111122223333")).unwrap();
    let before = house.config();
    let ended = house.run(&given("--all")).exits(78);
    assert!(ended.stderr.contains("add --name-template '{session}-{account}-{role}'"), "{}", ended.stderr);
    assert_eq!(house.config(), before);
    house.run(&given("--all --name-template {session}-{account}-{role}")).exits_somehow(0);
    assert!(house.config().contains("[profile corp-Other-ReadOnly]\n"), "{}", house.config());
    house.run(&given("--all --name-template {nothing}")).exits(2);
    house.run("sso-login setup corp --name-template {role}").exits(2);
}

#[test]
fn a_portal_never_gets_a_second_session_whatever_the_name() {
    let house = House::new("--pending 0");
    house.run(&given("--all")).exits_somehow(0);
    let before = house.config();
    let sessions = before.matches("[sso-session ").count();
    let line = format!("sso-login setup mine --start-url {URL} --all --via device --no-browser");
    let ended = house.run(&line).exits_somehow(0);
    assert!(ended.stderr.contains("which is used instead of `mine`"), "{}", ended.stderr);
    assert_eq!(house.config().matches("[sso-session ").count(), sessions);
    house.run(&format!("{line} --sso-region eu-west-1")).exits_somehow(78);
}

#[test]
fn a_new_session_takes_what_the_config_knows_of_its_portal_and_no_name_of_another() {
    let profile = "[profile corp]\nsso_session = ";
    for (there, says) in [
        (
            "[sso-session corp]\nsso_start_url = https://d-9999999999.awsapps.com/start\nsso_region = eu-west-1\n",
            "corp-2",
        ),
        (
            "[sso-session tool]\nsso_start_url = {URL}\nsso_region = us-east-1\n\
          sso_registration_scopes = codewhisperer:completions\n",
            "corp",
        ),
        (
            "[profile old]\nsso_start_url = {URL}\nsso_region = us-east-1\nsso_account_id = 111122223333\n\
          sso_role_name = Developer\n",
            "corp",
        ),
    ] {
        let house = House::new("");
        fs::write(house.config_file(), there.replace("{URL}", URL)).unwrap();
        let mut line = given("--pick accountId=444455556666 --pick roleName=ReadOnly");
        if there.contains("{URL}") {
            line = line.replace("--sso-region us-east-1", "");
        }
        house.run(&line).exits_somehow(0);
        let session = format!("[sso-session {says}]\nsso_start_url = {URL}\nsso_region = us-east-1\n");
        assert!(house.config().contains(&format!("{profile}{says}\n")), "{}", house.config());
        assert!(house.config().contains(&session), "{}", house.config());
    }
}

#[test]
fn a_token_of_another_portal_under_the_same_name_is_no_login_here() {
    let house = House::new("");
    house.run(&given("--pick accountId=444455556666 --pick roleName=ReadOnly")).exits_somehow(0);
    fs::write(house.config_file(), MINE).unwrap();
    let line = given("--pick accountId=444455556666 --pick roleName=ReadOnly");
    let ended = house.run(&line.replace("d-5555555555", "d-9999999999")).exits_somehow(0);
    assert_eq!(profiles(&ended)[0]["outcome"], "success", "{}", ended.stdout);
}

#[test]
fn a_person_chooses_among_the_sessions_of_one_portal() {
    let house = House::new("");
    let session = |name| format!("[sso-session {name}]\nsso_start_url = {URL}\nsso_region = us-east-1\n");
    fs::write(house.config_file(), session("one") + &session("two")).unwrap();
    let line = given("--pick accountId=444455556666 --pick roleName=ReadOnly");
    let Some(screen) = house.terminal(line.strip_prefix("sso-login setup ").unwrap()) else { return };
    screen.sees("Number [1]:");
    assert!(!screen.lines().contains("another start URL"), "{}", screen.lines());
    screen.types(&["2", "Enter"]);
    assert_eq!(screen.leaves(), 0, "{}", screen.text("errors"));
    assert!(house.config().contains("[profile corp]\nsso_session = two\n"), "{}", house.config());
}

#[test]
fn a_terminal_is_asked_for_nothing_that_is_given() {
    let house = House::new("");
    let line = given("--all --text");
    let Some(screen) = house.terminal(line.strip_prefix("sso-login setup ").unwrap()) else { return };
    assert_eq!(screen.leaves(), 0, "{}", screen.text("errors"));
    assert!(screen.text("out").contains("Demo-Developer: added"), "{}", screen.text("out"));
}

#[test]
fn a_login_that_waits_shows_how_long_is_left_on_a_terminal_only() {
    let house = House::new("--pending 1000");
    let line = "sso-login setup --no-browser --timeout 5m 2> /dev/tty";
    let Some(screen) = Screen::show_with(&[], &house.variables(), line) else { return };
    screen.sees(QUESTIONS[0].sees);
    screen.types(&[URL, "Enter"]);
    screen.sees(QUESTIONS[1].sees);
    screen.types(&["Enter"]);
    screen.sees("Waiting for you to log in (Ctrl-C gives up): 4m ");
    screen.types(&["C-c"]);
    assert_eq!(screen.leaves(), 130);
    assert!(!screen.lines().contains("Waiting for you"), "the line is gone: {}", screen.lines());

    let ended = house.run(&given("--all --timeout 3s")).exits(124);
    assert!(!ended.stderr.contains("Waiting") && !ended.stderr.contains('\u{1b}'), "{}", ended.stderr);
}

#[test]
fn the_quick_start_of_the_readme_does_what_it_says() {
    let readme = crate::readme::readme();
    let quick = readme.split("\n## ").find(|section| section.starts_with("Quick start\n")).unwrap();
    let block = crate::readme::blocks(quick, "bash").remove(0);
    let lines: Vec<_> = block.lines().map(|line| line.split('#').next().unwrap().trim_end()).collect();
    assert_eq!(
        lines,
        [
            "sso-login setup corp",
            "aws s3 ls --profile corp",
            "sso-login corp",
            "sso-signal service install",
            "sso-status"
        ]
    );
    let house = House::new("--pending 0");
    let Some(screen) = Screen::show_with(&[], &house.variables(), lines[0]) else { return };
    screen.sees(QUESTIONS[0].sees);
    screen.types(&[URL, "Enter"]);
    screen.sees(QUESTIONS[1].sees);
    screen.types(&["Enter"]);
    screen.sees("6/6");
    screen.types(&["'Other ReadOnly", "Enter"]);
    screen.sees("Region to work in [us-east-1]:");
    screen.types(&["Enter"]);
    assert_eq!(screen.leaves(), 0, "{}", screen.text("errors"));
    house.run(lines[2]).exits(0);
    house.run("sso-login whoami --profile corp").exits(0);
    // Services are in tests/service; sso-status is a script around this.
    assert!(crate::readme::project("scripts").join(lines[4]).exists());
    house.run("sso-signal status --text").exits(0);
}
