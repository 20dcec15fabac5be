//! `sso-profile write` as a process.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::process::Stdio;

use serde_json::json;

use crate::profile::botocore::theirs;
use crate::support::{Ended, Sandbox, end, names};

const FLAGS: &str = "--start-url https://d-1234567890.awsapps.com/start --sso-region us-east-1 \
                     --account-id 111122223333 --role-name Developer --region eu-west-1";

const CORP: &str = "\
[profile corp]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Developer
region = eu-west-1

[sso-session corp]
sso_start_url = https://d-1234567890.awsapps.com/start
sso_region = us-east-1
sso_registration_scopes = sso:account:access
";

fn write(sandbox: &Sandbox, rest: &str) -> Ended {
    sandbox.run(&format!("sso-profile write {rest}"))
}

fn read(sandbox: &Sandbox) -> String {
    fs::read_to_string(sandbox.config()).unwrap()
}

fn with_config(config: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(".aws/config", config);
    sandbox
}

#[test]
fn a_new_profile_makes_the_file_for_its_owner_alone() {
    let sandbox = Sandbox::new();
    fs::remove_dir_all(sandbox.home().join(".aws")).unwrap();
    let document = write(&sandbox, &format!("corp {FLAGS}")).exits(0).document();
    assert_eq!((&document["change"], &document["kind"]), (&json!("added"), &json!("sso-session")));
    assert_eq!(read(&sandbox), CORP);
    assert_eq!(fs::metadata(sandbox.config()).unwrap().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(sandbox.home().join(".aws")).unwrap().mode() & 0o777, 0o700);
}

#[test]
fn what_is_there_already_is_not_written_again() {
    let sandbox = with_config(CORP);
    let before = fs::metadata(sandbox.config()).unwrap();
    let document = write(&sandbox, &format!("corp {FLAGS}")).exits(0).document();
    assert_eq!(document["change"], "unchanged");
    let after = fs::metadata(sandbox.config()).unwrap();
    assert_eq!((before.ino(), before.mtime_nsec()), (after.ino(), after.mtime_nsec()));
    assert_eq!(names(sandbox.home().join(".aws")), ["cli", "config", "sso"]);
}

#[test]
fn a_different_profile_is_changed_only_with_replace() {
    let sandbox = with_config(CORP);
    let ended = write(&sandbox, "corp --role-name Admin").exits(78);
    ended.says("profile `corp` exists and differs in sso_role_name").says("--replace");
    assert_eq!(read(&sandbox), CORP);
    let document = write(&sandbox, "corp --role-name Admin --replace").exits(0).document();
    assert_eq!((&document["change"], &document["roleName"]), (&json!("replaced"), &json!("Admin")));
    assert_eq!(read(&sandbox), CORP.replace("Developer", "Admin"));
}

#[test]
fn another_region_leaves_where_credentials_come_from() {
    let role = "\n[profile ops]\nrole_arn = arn:aws:iam::444455556666:role/ops\nsource_profile = corp\nsso_session = corp\nregion = eu-west-1\n";
    let sandbox = with_config(&format!("{CORP}{role}"));
    write(&sandbox, "ops --region eu-west-2 --replace").exits(0);
    let role = role.replace("eu-west-1", "eu-west-2");
    assert_eq!(read(&sandbox), format!("{CORP}{role}"));
    // Whoever names a role of SSO wants that one.
    write(&sandbox, "ops --account-id 111122223333 --role-name Admin --replace").exits(0);
    assert!(!read(&sandbox).contains("role_arn"));
}

#[test]
fn a_session_is_shared_and_changed_only_with_replace() {
    let sandbox = with_config(CORP);
    write(&sandbox, "ops --sso-session corp --account-id 111122223333 --role-name Admin").exits(0);
    assert_eq!(read(&sandbox).matches("[sso-session corp]").count(), 1);
    let other = "new --sso-session corp --sso-region eu-west-1 --account-id 111122223333 --role-name Admin";
    let ended = write(&sandbox, other).exits(78);
    ended.says("sso-session `corp` exists and differs in sso_region; `corp`, `ops` would change, too");
    write(&sandbox, &format!("{other} --replace")).exits(0);
    assert!(read(&sandbox).contains("sso_region = eu-west-1"));
}

#[test]
fn a_portal_that_has_a_session_gets_no_second_one() {
    let url = "--start-url https://d-1234567890.awsapps.com/start";
    for (flags, session) in [
        (url.to_owned(), "corp"),
        (format!("{url}/#/ --sso-region us-east-1"), "corp"),
        (format!("{url}/#/?tab=accounts --sso-region us-east-1"), "corp"),
        (format!("{url}/ --sso-region us-east-1 --scopes sso:account:access"), "corp"),
        // Another region or scope is another registration.
        (format!("{url} --sso-region eu-west-1"), "p2"),
        (format!("{url} --sso-region us-east-1 --scopes sso:account:access,x"), "p2"),
        (format!("{url} --sso-region us-east-1 --sso-session mine"), "mine"),
        ("--start-url https://d-9999999999.awsapps.com/start --sso-region us-east-1".to_owned(), "p2"),
    ] {
        let again = CORP[CORP.find("[sso-session").unwrap()..].replace("corp", "later");
        let config = format!("{CORP}\n{again}");
        let sandbox = with_config(&config);
        for change in ["added", "unchanged"] {
            let document = write(&sandbox, &format!("p2 {flags} --account-id 111122223333 --role-name R"))
                .exits(0)
                .document();
            let answer = (&document["ssoSession"], &document["change"]);
            assert_eq!(answer, (&json!(session), &json!(change)), "{flags}");
        }
        let text = read(&sandbox);
        assert!(text.starts_with(&config), "{text}");
        assert_eq!(text.matches("[sso-session").count(), if session == "corp" { 2 } else { 3 }, "{text}");
    }
    // The one of its own name is the first choice.
    let sandbox =
        with_config(&format!("{CORP}\n{}", CORP[CORP.find("[sso-session").unwrap()..].replace("corp", "p2")));
    assert_eq!(write(&sandbox, &format!("p2 {url}")).exits(0).document()["ssoSession"], "p2");
    // One that can give no role its credentials is none to share, and stays that of its own profile.
    let other = CORP.replace("sso:account:access", "codewhisperer:completions");
    assert_ne!(other, CORP);
    let sandbox = with_config(&other);
    let flags = format!("{url} --sso-region us-east-1 --account-id 111122223333 --role-name R");
    assert_eq!(write(&sandbox, &format!("p2 {flags}")).exits(0).document()["ssoSession"], "p2");
    let flags = flags.replace("/start", "/start/");
    assert_eq!(write(&sandbox, &format!("corp {flags} --replace")).exits(0).document()["ssoSession"], "corp");
    // A legacy profile says itself which portal it is for.
    let legacy =
        "\n[profile old]\nsso_start_url = https://d-1234567890.awsapps.com/start/\nsso_region = us-east-1\n";
    let sandbox = with_config(&format!("{CORP}{legacy}"));
    write(&sandbox, "old --sso-session corp --replace").exits(0);
    assert_eq!(read(&sandbox), format!("{CORP}\n[profile old]\nsso_session = corp\n"));
}

#[test]
fn one_portal_is_one_session_however_its_start_url_is_written() {
    for url in [
        "https://d-1234567890.awsapps.com/start/#/?tab=accounts",
        "https://D-1234567890.awsapps.com/start/",
        "https://d-1234567890.awsapps.com/start?x=y",
        "`https://d-1234567890.awsapps.com/start`",
    ] {
        let sandbox = with_config(CORP);
        let line =
            format!("ops --account-id 111122223333 --role-name Ops --sso-region us-east-1 --start-url {url}");
        write(&sandbox, &line).exits(0);
        let config = read(&sandbox);
        assert_eq!(config.matches("[sso-session").count(), 1, "{url}: {config}");
        let sandbox = Sandbox::new();
        write(&sandbox, &line).exits(0);
        assert!(read(&sandbox).contains("sso_start_url = https://d-1234567890.awsapps.com/start\n"), "{url}");
    }
}

#[test]
fn what_a_profile_lacks_is_filled_in_and_a_repeated_key_is_no_difference() {
    let sandbox = Sandbox::new();
    write(&sandbox, "corp --start-url https://d-1234567890.awsapps.com/start --sso-region us-east-1")
        .exits(0);
    let chosen = r#"{"ssoSession":"corp","accountId":"111122223333","roleName":"Developer"}"#;
    let document = sandbox.feed("sso-profile write corp", chosen).exits(0).document();
    assert_eq!((&document["change"], &document["roleName"]), (&json!("added"), &json!("Developer")));
    write(&sandbox, "corp --region eu-west-1").exits(0);
    write(&sandbox, "corp --region eu-west-2").exits(78).says("exists and differs in region");

    let sandbox = with_config(&CORP.replace("region = eu-west-1", "sso_region = us-east-1"));
    let before = read(&sandbox);
    let shown = sandbox.run("sso-profile show corp").exits(0).stdout;
    assert_eq!(sandbox.feed("sso-profile write corp", &shown).exits(0).document()["change"], "unchanged");
    assert_eq!(read(&sandbox), before);
}

#[test]
fn a_start_url_of_a_strangers_checkout_is_said() {
    let sandbox = Sandbox::new();
    fs::write(
        sandbox.root().join(".env"),
        "AWS_SSO_START_URL=https://evil.awsapps.com/start\nAWS_SSO_REGION=us-east-1\n",
    )
    .unwrap();
    let mut command = sandbox.tool("sso-profile write corp");
    command.current_dir(sandbox.root());
    end(command, "")
        .exits_somehow(0)
        .says("https://evil.awsapps.com/start comes from AWS_SSO_START_URL in .env");
}

#[test]
fn a_page_of_one_login_is_no_start_url_in_the_config_either() {
    let page = "https://device.sso.us-east-1.amazonaws.com/?user_code=ABCD-EFGH";
    for url in [page, "`https://d-1234567890.awsapps.com/start`"] {
        let sandbox = with_config(&CORP.replace("https://d-1234567890.awsapps.com/start", url));
        sandbox.run("sso-profile show corp").exits(78).says("start URL");
        sandbox.run("sso-login corp").exits(78);
    }
    let sandbox = with_config(
        &CORP.replace("d-1234567890.awsapps.com/start", "start.us-gov-home.awsapps.com/directory/x"),
    );
    let shown = sandbox.run("sso-profile show corp").exits(0).document();
    assert!(shown["note"].as_str().unwrap().contains("AWS GovCloud"), "{shown}");
}

#[test]
fn a_document_without_a_name_is_not_written_into_default() {
    let sandbox = with_config(CORP);
    let document = json!({"ssoSession": "corp", "accountId": "111122223333", "roleName": "Administrator"});
    let input = format!("{document}\n{document}\n");
    let ended = sandbox.feed("sso-profile write", &input).exits(2);
    assert_eq!((ended.stdout.as_str(), read(&sandbox).as_str()), ("", CORP));
    ended.says("and no name was given").says("hint: sso-profile write NAME, or --all");
    // Who names it is asked for it.
    let mut command = sandbox.tool("sso-profile write");
    command.env("AWS_PROFILE", "default");
    assert_eq!(end(command, &document.to_string()).exits(0).document()["profile"], "default");
}

#[test]
fn several_documents_do_not_get_one_name() {
    let sandbox = with_config(CORP);
    let document = json!({"ssoSession": "corp", "accountId": "111122223333", "roleName": "Administrator"});
    let input = format!("{document}\n{document}\n");
    let ended = sandbox.feed("sso-profile write ops", &input).exits(2).says("only one name, `ops`");
    assert_eq!((ended.stdout.as_str(), read(&sandbox).as_str()), ("", CORP));
    let mut command = sandbox.tool("sso-profile write");
    command.env("AWS_PROFILE", "ops");
    end(command, &input).exits(2).says("only one name, `ops`");
    assert_eq!(read(&sandbox), CORP);
    // What is said at the end of a listing is no second one.
    let input = format!("{document}\n{{\"event\":\"x\"}}\n");
    assert_eq!(sandbox.feed("sso-profile write ops", &input).exits(0).documents().len(), 2);
}

#[test]
fn a_pipe_that_brings_nothing_writes_nothing() {
    let sandbox = with_config(CORP);
    for line in ["true | sso-profile write new", "true | sso-profile write corp", "true | sso-profile write"]
    {
        end(sandbox.shell(line), "").exits(65).says("there is nothing to write: no document came in");
    }
    assert_eq!(read(&sandbox), CORP);
    end(sandbox.shell("true | sso-profile write ops --sso-session corp"), "").exits(0);
}

#[test]
fn a_session_that_nobody_knows_needs_its_url() {
    let sandbox = Sandbox::new();
    write(&sandbox, "corp --account-id 111122223333 --role-name R").exits(78).says("hint: add --start-url");
    assert!(!sandbox.config().exists());
}

#[test]
fn a_dry_run_shows_the_change_and_makes_none() {
    let sandbox = with_config("[default]\naws_secret_access_key = hush\n");
    let document = write(&sandbox, &format!("corp {FLAGS} --dry-run")).exits(0).document();
    assert_eq!((&document["change"], &document["dryRun"]), (&json!("added"), &json!(true)));
    let diff = document["diff"].as_str().unwrap();
    assert!(diff.contains("+[profile corp]\n") && !diff.contains("hush"), "{diff}");
    let text = write(&sandbox, &format!("corp {FLAGS} --dry-run --text")).exits(0).stdout;
    assert_eq!(text.trim_end(), diff.trim_end());
    assert_eq!(read(&sandbox), "[default]\naws_secret_access_key = hush\n");
    assert_eq!(names(sandbox.home().join(".aws")), ["cli", "config", "sso"]);
    let empty = Sandbox::new();
    fs::remove_dir_all(empty.home().join(".aws")).unwrap();
    write(&empty, &format!("corp {FLAGS} --dry-run")).exits(0);
    assert_eq!(names(empty.home()), [""; 0]);
}

#[test]
fn a_document_says_what_the_flags_do_not() {
    let sandbox = Sandbox::new();
    let input = json!({
        "kept": [1], "profile": "ignored", "ssoSession": "corp", "ssoStartUrl": "https://d-1234567890.awsapps.com/start",
        "ssoRegion": "us-east-1", "ssoAccountId": "111122223333", "ssoRoleName": "Admin",
        "ssoRegistrationScopes": "sso:account:access", "region": "us-east-2",
    });
    let line = "sso-profile write corp --role-name Developer --region eu-west-1";
    let document = sandbox.feed(line, &input.to_string()).exits(0).document();
    assert_eq!(
        (&document["kept"], &document["profile"], &document["change"]),
        (&json!([1]), &json!("corp"), &json!("added"))
    );
    assert_eq!(read(&sandbox), CORP);
}

#[test]
fn documents_in_a_row_are_written_one_after_the_other() {
    let sandbox = with_config(CORP);
    let input = r#"{"profile":"a","ssoSession":"corp"}{"event":"x"}{"profile":"b","ssoSession":"corp"}"#;
    let ended = sandbox.feed("sso-profile write", input).exits(0);
    assert_eq!(ended.documents().len(), 3);
    assert_eq!(
        read(&sandbox),
        format!("{CORP}\n[profile a]\nsso_session = corp\n\n[profile b]\nsso_session = corp\n")
    );
}

#[test]
fn a_legacy_profile_becomes_one_with_a_session_where_one_is_asked_for() {
    let sandbox = with_config(
        "[profile corp]\nsso_start_url = https://d-1234567890.awsapps.com/start\nsso_region = us-east-1\n\
         sso_account_id = 111122223333\nsso_role_name = Developer\nregion = eu-west-1\n",
    );
    assert_eq!(write(&sandbox, "corp").exits(0).document()["change"], "unchanged");
    let shown = sandbox.run("sso-profile show corp").exits(0).stdout;
    assert_eq!(sandbox.feed("sso-profile write corp", &shown).exits(0).document()["change"], "unchanged");
    let legacy = write(&sandbox, "corp --region us-east-2 --replace").exits(0).document();
    assert_eq!((&legacy["kind"], &legacy["change"]), (&json!("sso-legacy"), &json!("replaced")));
    write(&sandbox, "corp --sso-session corp").exits(78).says("differs in sso_start_url, sso_region");
    let document = write(&sandbox, "corp --sso-session corp --replace").exits(0).document();
    assert_eq!(document["kind"], "sso-session");
    assert!(!read(&sandbox)[..read(&sandbox).find("[sso-session").unwrap()].contains("sso_start_url"));
}

#[test]
fn what_is_inherited_from_the_defaults_is_neither_removed_nor_a_difference() {
    let config = format!("[DEFAULT]\nsso_region = us-east-1\n\n{CORP}");
    let sandbox = with_config(&config);
    let document = write(&sandbox, &format!("corp {FLAGS}")).exits(0).document();
    assert_eq!(document["change"], "unchanged");
    assert_eq!(read(&sandbox), config);
}

#[test]
fn a_missing_session_is_added_to_a_profile_that_names_it() {
    let sandbox = with_config(&CORP[..CORP.find("\n[sso-session").unwrap()]);
    assert_eq!(write(&sandbox, &format!("corp {FLAGS}")).exits(0).document()["change"], "added");
    assert_eq!(read(&sandbox), CORP);
}

#[test]
fn access_keys_are_never_thrown_away() {
    let config = "[profile corp]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = hush\n";
    let sandbox = with_config(config);
    write(&sandbox, &format!("corp {FLAGS} --replace")).exits(78).says("holds access keys");
    assert_eq!(read(&sandbox), config);
}

#[test]
fn a_credentials_section_that_would_win_is_told() {
    let sandbox = Sandbox::new();
    sandbox.write(".aws/credentials", "[corp]\nsso_role_name = Other\n");
    write(&sandbox, &format!("corp {FLAGS}"))
        .exits(78)
        .says("section `[corp]` of the credentials file or `[DEFAULT]` overrides");
    assert!(!sandbox.config().exists());
    // Keys there don't win over SSO in the AWS CLI, but elsewhere.
    let keys = "[corp]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = hush\n";
    sandbox.write(".aws/credentials", keys);
    let text = write(&sandbox, &format!("corp {FLAGS} --text")).exits(0).stdout;
    assert!(
        text.contains("section `[corp]` of the credentials file has access keys") && !text.contains("hush"),
        "{text}"
    );
    assert_eq!(fs::read_to_string(sandbox.home().join(".aws/credentials")).unwrap(), keys);
}

#[test]
fn placeholders_and_values_that_cannot_be_are_refused() {
    let sandbox = Sandbox::new();
    for (rest, says) in [
        ("corp --start-url https://d-xxxxxxxxxx.awsapps.com/start", "placeholder"),
        ("corp --start-url https://D-XXX.awsapps.com/start", "placeholder"),
        ("corp --sso-session <name>", "placeholder"),
        ("corp --account-id 123456789012", "placeholder"),
        ("corp --account-id 1", "not 12 digits"),
        ("corp --region nowhere", "an AWS region"),
        ("corp --sso-session s --account-id 111122223333", "needs an account and a role"),
    ] {
        let url = if rest.contains("--start-url") { "" } else { " --start-url https://a.b/start" };
        let ended = write(&sandbox, &format!("{rest}{url} --sso-region us-east-1")).exits(78).says(says);
        assert!(ended.stderr.contains("sso-profile: hint: "), "{}", ended.stderr);
    }
    assert!(!sandbox.config().exists());
    sandbox.run("sso-profile write --nonsense").exits(2);
}

#[test]
fn a_name_that_only_some_sdks_read_is_written_with_a_warning() {
    let sandbox = with_config(CORP);
    let mut command = sandbox.tool("sso-profile write --sso-session corp");
    command.arg("x y");
    let document = end(command, "").exits(0).document();
    assert_eq!(document["warnings"].as_array().unwrap().len(), 1);
    assert!(read(&sandbox).ends_with("\n[profile 'x y']\nsso_session = corp\n"));
    let long = "n".repeat(129);
    for (name, count, says) in [
        ("a%b", 1, "no signal can have the profile name `a%b`"),
        ("_u", 1, "a letter or digit first"),
        (&long, 1, "128 at most"),
        ("a,b", 2, "use letters, digits and - _ . / @ : +, "),
        ("é", 2, "nobody is reminded of it"),
        ("a#b", 2, "no signal"),
        ("a]b", 2, "no signal"),
    ] {
        let mut command = sandbox.tool("sso-profile write --sso-session corp");
        command.arg(name);
        let document = end(command, "").exits(0).document();
        let warnings = document["warnings"].as_array().unwrap();
        assert_eq!(warnings.len(), count, "{name}");
        assert!(warnings[count - 1].as_str().unwrap().contains(says), "{name}: {warnings:?}");
    }
    let mut command = sandbox.tool("sso-profile write --sso-session corp");
    command.args(["--", "a\nb"]);
    end(command, "").exits(78).says("has control characters in it");
}

#[test]
fn a_role_without_a_region_is_written_with_a_warning() {
    let sandbox = with_config(CORP);
    let ops = "ops --sso-session corp --account-id 111122223333 --role-name Ops";
    let document = write(&sandbox, ops).exits(0).document();
    assert_eq!(document["warnings"], json!(["profile `ops` has no region to work in: give --region"]));
    let document = write(&sandbox, &format!("{ops} --region eu-west-1 --replace")).exits(0).document();
    assert_eq!(document.get("warnings"), None);
    // A login needs none.
    assert_eq!(write(&sandbox, "login --sso-session corp").exits(0).document().get("warnings"), None);
}

#[test]
fn a_linked_config_stays_a_link_and_keeps_its_mode() {
    let sandbox = Sandbox::new();
    let real = sandbox.write("dotfiles/aws-config", "# mine\n");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("../dotfiles/aws-config", sandbox.config()).unwrap();
    write(&sandbox, &format!("corp {FLAGS}")).exits(0);
    assert_eq!(fs::read_link(sandbox.config()).unwrap().to_str(), Some("../dotfiles/aws-config"));
    assert_eq!(fs::read_to_string(&real).unwrap(), format!("# mine\n\n{CORP}"));
    assert_eq!(fs::metadata(&real).unwrap().mode() & 0o777, 0o640);
    fs::remove_file(&real).unwrap();
    write(&sandbox, &format!("corp {FLAGS}"))
        .exits(74)
        .says("is a link to ../dotfiles/aws-config, which does not exist");
}

#[test]
fn what_is_no_file_is_not_written_to() {
    let sandbox = Sandbox::new();
    for (path, says) in [
        ("", "set and empty"),
        ("/dev/null", "a regular file"),
        ("/proc/none/config", "cannot make the folder"),
    ] {
        let mut command = sandbox.tool(&format!("sso-profile write corp {FLAGS}"));
        command.env("AWS_CONFIG_FILE", path);
        let ended = end(command, "").says(says);
        assert!([74, 78].contains(&ended.code), "{}", ended.code);
    }
}

#[test]
fn fifty_writers_at_once_lose_nothing() {
    let sandbox = with_config(CORP);
    let children: Vec<_> = (0..50)
        .map(|n| {
            let line = format!(
                "sso-profile write p{n} --sso-session corp --account-id 111122223333 --role-name R{n}"
            );
            sandbox.tool(&line).stdout(Stdio::null()).stderr(Stdio::inherit()).spawn().unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let text = read(&sandbox);
    assert!(text.starts_with(CORP));
    for n in 0..50 {
        assert!(text.contains(&format!(
            "[profile p{n}]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = R{n}\n"
        )));
    }
    assert_eq!(names(sandbox.home().join(".aws")), [".config.sso-lock", "cli", "config", "sso"]);
}

#[test]
fn a_lock_that_is_held_is_waited_for() {
    let sandbox = with_config(CORP);
    let lock = fs::File::create(sandbox.home().join(".aws/.config.sso-lock")).unwrap();
    fs2::FileExt::lock_exclusive(&lock).unwrap();
    let mut child =
        sandbox.tool("sso-profile write ops --sso-session corp").stdout(Stdio::null()).spawn().unwrap();
    // It can't be done before the lock is let go, whatever the timing.
    assert_eq!(read(&sandbox), CORP);
    assert!(child.try_wait().unwrap().is_none_or(|status| !status.success()));
    fs2::FileExt::unlock(&lock).unwrap();
    assert!(child.wait().unwrap().success());
    assert!(read(&sandbox).contains("[profile ops]"));
}

#[test]
fn botocore_reads_what_was_written_whatever_the_file_was_like() {
    let mut files = Vec::new();
    for config in [
        "",
        "# mine\r\n[default]\r\nregion = x\r\n",
        "[profile   corp] # c\nRegion: z ; c\ns3 =\n   region = inner\n",
        "[profile \"corp\"]\n[profile b]",
        "[sso-session corp]\nsso_start_url = https://d-1234567890.awsapps.com/start # the one\nsso_region=us-east-1",
        "[DEFAULT]\noutput = json\n[profile corp]\n",
    ] {
        let sandbox = with_config(config);
        write(&sandbox, &format!("corp {FLAGS} --replace")).exits(0);
        files.push(fs::read(sandbox.config()).unwrap());
    }
    let Some(answers) = theirs(&files) else { return };
    for (file, answer) in files.iter().zip(answers) {
        let find = |kind: usize| {
            let sections = answer[0][kind].as_array().unwrap();
            sections.iter().find(|section| section[0] == "corp").unwrap()[1].as_array().unwrap().clone()
        };
        let file = String::from_utf8_lossy(file);
        for pair in [
            ["sso_session", "corp"],
            ["sso_account_id", "111122223333"],
            ["sso_role_name", "Developer"],
            ["region", "eu-west-1"],
        ] {
            assert!(find(0).contains(&json!(pair)), "{pair:?} in {file}");
        }
        for pair in [["sso_start_url", "https://d-1234567890.awsapps.com/start"], ["sso_region", "us-east-1"]]
        {
            assert!(find(1).contains(&json!(pair)), "{pair:?} in {file}");
        }
    }
}

#[test]
fn settings_fill_in_a_new_profile_and_change_none_that_is_there() {
    let sandbox = Sandbox::new();
    let settings = "AWS_SSO_START_URL=https://d-1234567890.awsapps.com/start # ours\nexport AWS_SSO_REGION='us-east-1'\n\
                    AWS_SSO_ACCOUNT_ID=\"111122223333\"\nAWS_SSO_ROLE_NAME=Developer\nAWS_REGION=sa-east-1\n";
    let dotenv = sandbox.root().join("work/.env");
    fs::write(&dotenv, settings).unwrap();
    // A checkout may be a stranger's: where the portal comes from is said.
    write(&sandbox, "corp --region eu-west-1").exits_somehow(0).says("AWS_SSO_START_URL in .env");
    assert_eq!(read(&sandbox), CORP);
    fs::write(&dotenv, settings.replace("Developer", "Admin").replace("1234567890", "9999999999")).unwrap();
    assert_eq!(write(&sandbox, "corp").exits(0).document()["change"], "unchanged");
    write(&sandbox, "ops --sso-session corp").exits(0);
    assert!(read(&sandbox).contains(
        "[profile ops]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Admin\n"
    ));
    assert!(!read(&sandbox).contains("9999999999"));
    for (key, placeholder) in [
        ("AWS_SSO_START_URL", "https://d-xxxxxxxxxx.awsapps.com/start"),
        ("AWS_SSO_ACCOUNT_ID", "123456789012"),
    ] {
        let mut command = sandbox.tool("sso-profile write new");
        command.env(key, placeholder);
        end(command, "").exits(78).says("placeholder");
    }
}
