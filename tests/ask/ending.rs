//! The gentle question on a terminal: about a session that runs, and ends soon.

use serde_json::{Value, json};

use crate::ask::terminal::{PROMPT, Person, WARNING, last};
use crate::ask::watch::{ROUND, Watch};
use crate::login::bench::after;
use crate::support::script;

/// 15:35, for a session that ends at four.
const TEATIME: u32 = (3 * 60 + 35) * 60;
const END: u32 = 4 * 3600;

/// A session that ends at four with its token, and a monitor that has said so.
fn teatime() -> Watch {
    let watch = Watch::start("--session-length 4h --token-lifetime 4h --keep-session");
    watch.bench.device("demo").succeeds("success");
    watch.bench.forward(TEATIME);
    remind(&watch);
    watch
}

fn remind(watch: &Watch) {
    watch.raise("demo", &format!("ending {}", after(END)));
}

#[test]
fn each_answer_to_the_gentle_question_is_an_outcome() {
    let Some(script) = script() else { return };
    let lengths = "until it ends or 15m; Enter is until it ends > ";
    for (dialogue, outcome, seconds) in [
        (&[(PROMPT, "s\n"), (lengths, "\n")][..], "snoozed", json!(1500)),
        (&[(PROMPT, "s\n"), (lengths, "until it ends\n")], "snoozed", json!(1500)),
        (&[(PROMPT, "s\n"), (lengths, "15m\n")], "snoozed", json!(900)),
        (&[(PROMPT, "d\n"), (WARNING, "yes\n")], "suppressed", Value::Null),
        (&[(PROMPT, "\n")], "dismissed", Value::Null),
        (&[(PROMPT, "r\n")], "success", Value::Null),
    ] {
        let watch = teatime();
        let mut person = Person::watching(&watch, script.clone(), TEATIME, ROUND, "");
        person.sees("AWS SSO Session Ends Soon");
        person.sees("sandbox ends at 16:00, in 25 minutes. Log in now?");
        person.sees("Logging in ends the current session.");
        for (prompt, answer) in dialogue {
            person.sees(prompt);
            person.types(answer);
        }
        assert_eq!(person.leaves(), 0, "{}", watch.bench.text("errors"));
        let last = last(&watch);
        assert_eq!((&last["outcome"], &last["seconds"]), (&json!(outcome), &seconds), "{dialogue:?}");
        assert_eq!(watch.bench.count("Logout"), u64::from(outcome == "success"), "{dialogue:?}");
        if outcome == "suppressed" {
            let said = "You aren't asked again until session \"sandbox\" ends at 16:00.";
            assert!(person.seen.contains(said));
        }
        if outcome != "success" {
            remind(&watch);
            let is_asked_about_15m = outcome == "snoozed" && seconds == json!(900);
            assert!(!watch.is_due(TEATIME + 899), "{dialogue:?}");
            assert_eq!(watch.is_due(TEATIME + 900), is_asked_about_15m, "{dialogue:?}");
            // The end that is here is another thing.
            watch.raise("demo", &after(END));
            assert!(watch.is_due(END + 1), "{dialogue:?}");
        }
    }
}

#[test]
fn a_command_that_needs_longer_asks_yes_or_no_at_its_terminal() {
    let Some(script) = script() else { return };
    let line = "sso-login demo --via device --no-browser --min-left 2h";
    for (answer, outcome, code) in [("y\n", "success", 0), ("n\n", "dismissed", 77), ("\n", "dismissed", 77)]
    {
        let watch = teatime();
        let mut person = Person::watching(&watch, script.clone(), TEATIME, line, "");
        person.sees("sandbox ends at 16:00, in 25 minutes.");
        person.sees("Logging in ends the current session.");
        person.sees("Log in now? (y/N): ");
        person.types(answer);
        assert_eq!(person.leaves(), code, "{}", watch.bench.text("errors"));
        assert_eq!(last(&watch)["outcome"], outcome);
        let is_new = u64::from(code == 0);
        assert_eq!((watch.bench.count("Logout"), watch.logins()), (is_new, 1 + is_new));
    }
}
