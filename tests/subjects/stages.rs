//! The table of the design, times every stage of the tools that never talk to a portal.

use std::fs;

use serde_json::Value;

use crate::support::Sandbox;

/// The stages, in the order of a row's answers.
pub const STAGES: [&str; 12] = [
    "sso-cache check",
    "sso-cache check -e",
    "sso-cache check --format {profile}/{session}",
    "sso-profile show -",
    "sso-profile write",
    "sso-profile remove",
    "sso-profile choose --pick mark=x",
    "sso-profile env --shell bash",
    "sso-signal write",
    "sso-signal settle",
    "sso-signal quiet -",
    "sso-signal request -",
];

/// What stdout gets.
#[derive(Clone, Copy)]
enum Gets {
    /// The document as it is.
    It,
    /// The document with this at this key; `a.b` is key `b` of the object at `a`.
    With(&'static str, &'static str),
    /// This text.
    Text(&'static str),
}

/// What stdout gets, and the status.
type Answer = (Gets, i32);

const ON: Answer = (Gets::It, 0);
const SILENT: Answer = (Gets::Text(""), 0);

const fn with(key: &'static str, value: &'static str) -> Answer {
    (Gets::With(key, value), 0)
}

/// No document, and this status.
const fn ends(status: i32) -> Answer {
    (Gets::Text(""), status)
}

const MISSING: Gets = Gets::With("token.state", "missing");
const SELECTED: Answer = (Gets::Text("unset "), 0);
const UNCHANGED: Answer = with("change", "unchanged");
const REMOVED: Answer = with("change", "removed");
const RAISED: Answer = with("signal", "raised");
const NO_SIGNAL: Answer = with("signal", "none");
const QUIET: Answer = with("quiet", "true");
const REQUESTED: Answer = with("event", "request");

const CONFIG: &str = "\
[profile demo]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Developer
[sso-session corp]
sso_start_url = https://x.awsapps.com/start
sso_region = us-east-1
sso_registration_scopes = sso:account:access
";

#[rustfmt::skip]
const ROWS: [(&str, [Answer; 12]); 13] = [
    // Nobody.
    (
        r#"{"mark":"x","event":"authorize","profile":"demo","host":"h","url":"x"}"#,
        [ON, (Gets::It, 65), SILENT, ON, ON, ON, ends(78), ends(1), ON, ON, ON, SILENT],
    ),
    (
        r#"{"mark":"x","slug":"dev.TOKEN","vault":"env"}"#,
        [ON, (Gets::It, 65), SILENT, ON, ON, ON, ends(78), ends(1), ON, ON, ON, SILENT],
    ),
    // A failure. What is chosen is a person's business.
    (
        r#"{"mark":"x","profile":"demo","ssoSession":"corp","error":"expired","reason":"r"}"#,
        [ON, (Gets::It, 77), SILENT, ON, ends(65), ON, ON, ends(77), ON, ON, ON, SILENT],
    ),
    // A profile or a session of another host.
    (
        r#"{"mark":"x","profile":"demo","host":"h","ssoSession":"corp"}"#,
        [ON, ON, SILENT, ON, ON, ON, ON, ends(78), RAISED, ON, QUIET, SILENT],
    ),
    (
        r#"{"mark":"x","host":"h","ssoSession":"corp"}"#,
        [ON, ON, SILENT, ON, ON, ON, ON, ends(78), NO_SIGNAL, ON, QUIET, SILENT],
    ),
    // A profile.
    (
        r#"{"mark":"x","profile":"demo","ssoSession":"corp"}"#,
        [
            (MISSING, 0), (MISSING, 77), (Gets::Text("demo/corp\n"), 0), with("roleName", "Developer"),
            UNCHANGED, REMOVED, ON, SELECTED, RAISED, ON, QUIET, REQUESTED,
        ],
    ),
    // An outcome is an outcome, whatever `error` beside it says.
    (
        r#"{"mark":"x","profile":"demo","ssoSession":"corp","error":"x","outcome":"failed"}"#,
        [
            (MISSING, 0), (MISSING, 77), (Gets::Text("demo/corp\n"), 0), with("roleName", "Developer"),
            UNCHANGED, REMOVED, ON, SELECTED, ON, ON, QUIET, REQUESTED,
        ],
    ),
    // Another role than the profile's.
    (
        r#"{"mark":"x","profile":"demo","ssoSession":"corp","accountId":"444455556666","roleName":"ReadOnly"}"#,
        [
            (MISSING, 0), (MISSING, 77), (Gets::Text("demo/corp\n"), 0), with("roleName", "ReadOnly"),
            ends(78), REMOVED, ON, ends(78), RAISED, ON, QUIET, REQUESTED,
        ],
    ),
    // One of the two alone must agree with the profile.
    (
        r#"{"mark":"x","profile":"demo","ssoSession":"corp","roleName":"ReadOnly"}"#,
        [
            (MISSING, 0), (MISSING, 77), (Gets::Text("demo/corp\n"), 0), with("error", "the document names another role than profile `demo` has"),
            ends(78), REMOVED, ON, ends(78), RAISED, ON, QUIET, REQUESTED,
        ],
    ),
    // A session, an outcome of it, and a role of it.
    (
        r#"{"mark":"x","ssoSession":"corp"}"#,
        [
            (MISSING, 0), (MISSING, 77), (Gets::Text("/corp\n"), 0), with("kind", "session"),
            ends(2), ends(65), ON, ends(78), NO_SIGNAL, ON, QUIET, SILENT,
        ],
    ),
    (
        r#"{"mark":"x","ssoSession":"corp","outcome":"failed"}"#,
        [
            (MISSING, 0), (MISSING, 77), (Gets::Text("/corp\n"), 0), with("kind", "session"),
            ends(2), ends(65), ON, ends(78), ON, ON, QUIET, SILENT,
        ],
    ),
    (
        r#"{"mark":"x","ssoSession":"corp","accountId":"444455556666","roleName":"ReadOnly"}"#,
        [
            (MISSING, 0), (MISSING, 77), (Gets::Text("/corp\n"), 0), with("roleName", "ReadOnly"),
            ends(2), ends(65), ON, ends(78), NO_SIGNAL, ON, QUIET, SILENT,
        ],
    ),
    // Nothing is named: where the environment chooses it is `default`, which isn't there.
    (
        r#"{"mark":"x"}"#,
        [
            ends(65), ends(65), ends(65), with("profile", "default"),
            ends(2), ends(65), ON, ends(78), ends(65), ON, ends(65), SILENT,
        ],
    ),
];

#[test]
fn every_stage_without_a_portal_answers_what_is_its_own() {
    for (row, answers) in ROWS {
        for (stage, (gets, status)) in STAGES.into_iter().zip(answers) {
            let sandbox = Sandbox::new();
            sandbox.write(".aws/config", CONFIG);
            let ended = sandbox.feed(stage, row);
            let context = format!("{row} | {stage}: {} {} {}", ended.code, ended.stdout, ended.stderr);
            assert_eq!(ended.code, status, "{context}");
            match gets {
                Gets::It => {
                    assert_eq!(ended.document(), serde_json::from_str::<Value>(row).unwrap(), "{context}");
                }
                Gets::With(path, expected) => {
                    let document = ended.document();
                    let value = path.split('.').fold(&document, |value, key| &value[key]);
                    let said = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    assert_eq!(said, expected, "{context}");
                }
                Gets::Text("") => assert_eq!(ended.stdout, "", "{context}"),
                Gets::Text(text) => assert!(ended.stdout.starts_with(text), "{context}"),
            }
            let is_about_here = row.contains("demo") && !row.contains("\"host\"");
            if !(is_about_here && stage.ends_with("remove")) {
                assert_eq!(fs::read_to_string(sandbox.config()).unwrap(), CONFIG, "{context}");
            }
        }
    }
}

#[test]
fn an_outcome_of_a_session_settles_all_its_profiles() {
    let sandbox = Sandbox::new();
    let monitor = r#"{"profile":"demo","ssoSession":"corp","loginRequired":true,"episode":"e"}"#;
    sandbox.feed("sso-signal settle", r#"{"profile":"other","outcome":"dismissed"}"#).exits(0);
    sandbox.feed("sso-signal write", monitor).exits(0);
    sandbox.feed("sso-signal settle", r#"{"ssoSession":"corp","outcome":"snoozed","seconds":900}"#).exits(0);
    sandbox.run("sso-signal wait --timeout 0s").exits(124);
    sandbox.feed("sso-signal settle", r#"{"ssoSession":"corp","outcome":"success"}"#).exits(0);
    assert!(!sandbox.state().join("login-required.json").exists());
    // That of another host of the same name is another session.
    sandbox.feed("sso-signal write", monitor).exits(0);
    sandbox.feed("sso-signal settle", r#"{"ssoSession":"corp","host":"h","outcome":"success"}"#).exits(0);
    assert!(sandbox.state().join("login-required.json").exists());
    // A name that nobody raised a signal for leaves no trace.
    let before = fs::read_to_string(sandbox.state().join("state.json")).unwrap();
    let typo = r#"{"ssoSession":"crop","outcome":"unknown-profile","configFile":"/none"}"#;
    sandbox.feed("sso-signal settle", typo).exits(0);
    assert_eq!(fs::read_to_string(sandbox.state().join("state.json")).unwrap(), before);
}
