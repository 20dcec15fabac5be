//! A day of the watcher in simulated time: real tools, real files, an AWS SSO whose clock moves with theirs, and
//! chance for expiries, answers, crashes and monitors that are away.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::login::bench::{Bench, after};
use crate::support::{self, end};

const DAY: u32 = 24 * 3600;
const MONITOR: &str = "sso-profile list | sso-cache check | sso-signal write --source sso-monitor";
/// Until nothing is due. A crash in a stage ends a round, not the loop.
const WATCHER: &str = "set +e; for round in 1 2 3 4 5 6 7 8; do
    sso-signal wait --timeout 0s | sso-login - --via device --no-browser | sso-signal settle
    [ \"${PIPESTATUS[0]}\" -eq 0 ] || exit 0
done; exit 9";

/// Chance that can be repeated: `SSO_TEST_SEED`.
struct Chance(u64);

impl Chance {
    fn new() -> Self {
        let given = std::env::var("SSO_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or_else(|| {
            u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros()).unwrap()
        });
        eprintln!("SSO_TEST_SEED={seed}");
        Self(seed | 1)
    }

    /// A number below `most` (xorshift64).
    fn below(&mut self, most: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u32::try_from((self.0 >> 16) % u64::from(most)).unwrap()
    }

    fn one_in(&mut self, n: u32) -> bool {
        self.below(n) == 0
    }
}

/// What a person decided about one session, as a person would remember it.
#[derive(Debug, Default)]
struct Decided {
    not_before: u32,
    suppressed: Option<String>,
}

struct Day {
    bench: Bench,
    now: u32,
    decided: BTreeMap<String, Decided>,
    /// What the watcher printed when it last looked.
    watched: String,
}

impl Day {
    fn new(flags: &str) -> Self {
        let mut day =
            Self { bench: Bench::start(flags), now: 0, decided: BTreeMap::new(), watched: String::new() };
        for profile in ["demo", "other"] {
            day.log_in(profile);
        }
        day
    }

    fn pass(&mut self, seconds: u32) {
        self.bench.forward(seconds);
        self.now += seconds;
    }

    fn shell(&self, line: &str, mode: &str) -> support::Ended {
        let mut command = self.bench.command("bash -euo pipefail -c");
        command
            .arg(line)
            .env("SSO_NOW", after(self.now))
            .env("SSO_LOGIN_MODE", mode)
            .env("AWS_PROFILE", "demo");
        command.env("SSO_DIALOG", self.bench.file("bin/dialog"));
        end(command, "")
    }

    /// A login by hand: whatever was decided before is over.
    fn log_in(&mut self, profile: &str) {
        let line = format!("sso-login {profile} --via device --no-browser | sso-signal settle");
        let ended = self.shell(&line, "notify");
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        self.decided.insert(session_of(profile).to_owned(), Decided::default());
    }

    /// The sessions that need a login now, with what is over: as a check finds it.
    fn dead(&self) -> BTreeMap<String, String> {
        let ended = self.shell("sso-profile list | sso-cache check", "notify").exits(0);
        let dead = ended.documents().into_iter().filter(|document| document["loginRequired"] == true);
        dead.map(|document| (text(&document, "ssoSession"), text(&document, "episode"))).collect()
    }

    /// The sessions that have a signal.
    fn signalled(&self) -> Vec<String> {
        let ended = self.shell("sso-signal read --all || true", "notify");
        ended.documents().iter().map(|signal| session_of(&text(signal, "profile")).to_owned()).collect()
    }

    /// The watcher works until nothing is due; the sessions that it asked about, and the episodes: a signal's
    /// may be older than what a check finds now.
    fn watch(&mut self, mode: &str, answer: &Value) -> Vec<(String, String)> {
        let questions = self.bench.file("questions");
        let script = if answer == "crash" {
            format!("cat >> {}; kill -9 $PPID", questions.display())
        } else {
            format!("cat >> {}; echo '{answer}'", questions.display())
        };
        self.bench.program("dialog", &script);
        let _ = std::fs::remove_file(&questions);
        let ended = self.shell(WATCHER, mode);
        assert_eq!(ended.code, 0, "the watcher runs hot: {}", ended.stdout);
        self.watched = format!("{}{}", ended.stdout, ended.stderr);
        let asked = self.bench.text("questions");
        let question = |line| serde_json::from_str::<Value>(line).unwrap();
        asked
            .lines()
            .map(question)
            .map(|asked| (text(&asked, "ssoSession"), text(&asked, "episode")))
            .collect()
    }

    /// Whether a person may be asked about a dead session, by what they decided.
    fn may_ask(&self, session: &str, episode: &str) -> bool {
        let decided = &self.decided[session];
        self.now >= decided.not_before && decided.suppressed.as_deref() != Some(episode)
    }
}

fn text(document: &Value, key: &str) -> String {
    document[key].as_str().unwrap_or_default().to_owned()
}

fn session_of(profile: &str) -> &str {
    if profile.starts_with("demo") { "sandbox" } else { "other" }
}

#[test]
fn in_a_day_of_notify_every_cause_is_asked_about_once_and_nothing_else_ever() {
    let mut chance = Chance::new();
    let mut day = Day::new("--no-refresh-token");
    let (mut questions, mut logins) = (0, 2);
    while day.now < DAY {
        day.pass(180 + chance.below(900));
        match chance.below(20) {
            0 => {
                day.log_in("demo");
                logins += 1;
            }
            // Somebody else took the token away.
            1 => std::fs::remove_file(day.bench.cache().join(crate::login::bench::TOKEN)).unwrap_or_default(),
            _ => {}
        }
        if day.now < DAY && chance.one_in(20) {
            // `clear` is a decision, too: every pause is over.
            day.shell("sso-signal clear --all", "notify").exits(0);
            day.decided.values_mut().for_each(|decided| *decided = Decided::default());
        }
        let is_monitored = !chance.one_in(6);
        if is_monitored {
            // Two monitors are as good as one.
            for _ in 0..=chance.below(2) {
                day.shell(MONITOR, "notify").exits(0);
            }
        }
        let dead = day.dead();
        let signalled = day.signalled();
        if is_monitored {
            for session in dead.keys() {
                assert!(signalled.contains(session), "{}: the signal of {session} is lost", day.now);
            }
        }
        let answer = match chance.below(8) {
            0..=2 => json!({"answer": "refresh"}),
            3 => {
                let length = [900, 1800, 3600, 14400][usize::try_from(chance.below(4)).unwrap()];
                json!({"answer": "snooze", "seconds": length})
            }
            4 => json!({"answer": "suppress"}),
            5 => json!({"answer": "dismiss"}),
            6 => json!("nonsense"),
            _ => json!("crash"),
        };
        let asked = day.watch("notify", &answer);
        for (session, episode) in &asked {
            assert!(dead.contains_key(session), "{}: {session} is valid: {asked:?}", day.now);
            assert!(day.may_ask(session, episode), "{}: {session}: {:?} {episode}", day.now, day.decided);
            assert_eq!(
                asked.iter().filter(|(other, _)| other == session).count(),
                1,
                "{}: {asked:?}",
                day.now
            );
        }
        for (session, episode) in
            dead.iter().filter(|(session, _)| is_monitored && signalled.contains(session))
        {
            let is_due = day.may_ask(session, episode);
            assert_eq!(
                asked.iter().any(|(asked, _)| asked == session),
                is_due,
                "{}: {session}: {:?}, {answer}\n{}{}",
                day.now,
                day.decided,
                day.watched,
                day.shell("sso-signal read --all --json; cat $SSO_STATE_DIR/*.json", "notify").stdout
            );
        }
        questions += asked.len();
        for (session, episode) in asked {
            let decided = day.decided.get_mut(&session).unwrap();
            match answer["answer"].as_str() {
                Some("refresh") => {
                    *decided = Decided::default();
                    logins += 1;
                }
                Some("snooze") => {
                    decided.not_before =
                        day.now + u32::try_from(answer["seconds"].as_u64().unwrap()).unwrap();
                }
                // Another episode asks again, after a pause: a new name for the same expiry would be a new question at once.
                Some("suppress") => {
                    *decided = Decided { not_before: day.now + 600, suppressed: Some(episode) };
                }
                Some(_) => decided.not_before = day.now + 600,
                // A crash decides nothing; nonsense is a dismissal.
                None if answer == "nonsense" => decided.not_before = day.now + 600,
                None => {}
            }
        }
    }
    assert!(questions > 5, "a day of {questions} questions tests nothing");
    assert!(day.bench.counts()[0] <= logins, "{:?}, but {logins} causes", day.bench.counts());
}

#[test]
fn in_a_day_of_auto_logins_that_fail_are_bounded() {
    let mut chance = Chance::new();
    let mut day = Day::new("--no-refresh-token");
    day.bench.faults(&json!({"deny": true}));
    let before = day.bench.count("StartDeviceAuthorization");
    while day.now < DAY {
        day.pass(60 + chance.below(600));
        day.shell(MONITOR, "auto").exits(0);
        // Whom nobody trusted is asked about, and never answers.
        day.watch("auto", &json!({"answer": "dismiss"}));
    }
    let attempts = day.bench.count("StartDeviceAuthorization") - before;
    assert_eq!(attempts, 5, "attempts at logging in that fail");
    assert!(day.signalled().contains(&"sandbox".to_owned()), "the signal waits for a person");
}
