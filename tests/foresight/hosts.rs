//! The end of a session on another host.

use std::fs;

use serde_json::json;

use super::Day;
use crate::login::bench::after;

const WATCHER: &str = "sso-signal wait --timeout 0s | sso-login - | sso-signal settle";

/// A host whose session ends at four, at 15:35: a home of its own, and an ssh that leads there.
fn far_away() -> Day {
    let mut day = Day::begin("--session-length 4h --token-lifetime 4h --keep-session");
    let home = day.bench.file("far");
    fs::create_dir_all(home.join(".aws")).unwrap();
    fs::copy(day.bench.home().join(".aws/config"), home.join(".aws/config")).unwrap();
    let far = format!("export HOME='{}' SSO_LOGIN_VIA=device SSO_SESSION_LENGTH=4h", home.display());
    day.run(&format!("{far}; sso-login demo --no-browser 2> /dev/null"), &[]);
    day.bench.program("ssh", &format!("for last; do :; done; {far}; exec sh -c \"$last\""));
    day.at(3 * 60 + 35);
    day
}

impl Day {
    fn watch_host(&self, answer: &str) -> Vec<serde_json::Value> {
        let raised = json!({"profile": "demo", "host": "metta1", "loginRequired": true, "reason": "ends",
            "episode": format!("ending {}", after(4 * 3600))});
        self.run(&format!("echo '{raised}' | sso-signal write --source sso-fleet"), &[]);
        let log = self.bench.file("questions");
        self.bench
            .program("dialog", &format!("cat >> {}; echo '{{\"answer\":\"{answer}\"}}'", log.display()));
        let dialog = self.bench.file("bin/dialog");
        let variables = [
            ("SSO_HOSTS", "metta1"),
            ("SSO_DIALOG", dialog.to_str().unwrap()),
            // Nobody gives up a session that runs but a person.
            ("SSO_LOGIN_MODE", "auto"),
            ("SSO_AUTO_PROFILES", "demo@metta1"),
            ("BROWSER", "/bin/true"),
        ];
        self.run(&format!("set +o pipefail; {WATCHER} 2> /dev/null"), &variables)
    }

    fn signals(&self) -> usize {
        self.run("set +o pipefail; sso-signal read --all; true", &[]).len()
    }
}

#[test]
fn an_end_that_is_near_on_a_host_is_asked_about_and_is_no_valid_session() {
    let day = far_away();
    let last = day.watch_host("dismiss").pop().unwrap();
    assert_eq!(last["outcome"], "dismissed", "{last}");
    let asked = day.bench.text("questions");
    assert!(asked.contains(r#"demo on \"metta1\" ends at 16:00, in 25 minutes. Log in now?"#), "{asked}");
    assert_eq!((day.signals(), day.bench.count("Logout")), (1, 0));
}

#[test]
fn a_person_who_agrees_gets_a_new_session_on_the_host() {
    let day = far_away();
    let documents = day.watch_host("refresh");
    let last = documents.last().unwrap();
    assert_eq!(last["outcome"], "success", "{documents:?}");
    assert_eq!((day.signals(), day.bench.count("Logout"), day.bench.counts()[0]), (0, 1, 2));
}
