//! `notified.json`: of which episodes `notify` told. A file of its own, so that the watcher's state stays the watcher's.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use sso_tool::atomic_write;
use sso_tool::episode;
use sso_tool::exit::{Exit, Fault};
use sso_tool::profile_name::fnv1a;
use sso_tool::quarantine::quarantine;
use sso_tool::safe_read::{self, Found};
use sso_tool::settings::Settings;
use sso_tool::stream::{self, Document};
use sso_tool::time::{self, Moment};

/// The format that this code writes.
const VERSION: i64 = 1;
/// The most notices that are kept, the newest ones: more than signals are handled at once.
const MOST: usize = 2000;
/// More than so many notices of the longest names take.
const LARGEST: usize = 4 << 20;
/// How often a command that fails is run for one notice.
const TRIES: u64 = 3;

/// One thing to tell: the end of a session, to one command.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Notice {
    /// The session, or the profile while its session isn't known.
    pub(crate) subject: String,
    /// What expired.
    pub(crate) episode: String,
    /// The command, as a hash: another one hasn't been told.
    pub(crate) command: String,
}

impl Notice {
    /// The file that a run of the command leaves when it ends well. It outlives the process that waits for the command,
    /// so that nobody is told twice because that process died.
    pub(crate) fn receipt(&self, state_dir: &Path) -> PathBuf {
        state_dir.join(format!(".notify-{:016x}.done", self.hash()))
    }

    /// The file with the process ID of a run that is under way.
    pub(crate) fn run_file(&self, state_dir: &Path) -> PathBuf {
        state_dir.join(format!(".notify-{:016x}.run", self.hash()))
    }

    /// Whether there is one thing to tell for both.
    fn is_same(&self, other: &Self) -> bool {
        let same = |key: fn(&Self) -> &str| key(self) == key(other);
        same(|notice| &notice.subject)
            && same(|notice| &notice.command)
            && episode::is_same(&self.episode, &other.episode)
    }

    fn hash(&self) -> u64 {
        fnv1a(&format!("{}\n{}\n{}", self.command, self.subject, self.episode))
    }
}

/// What was told, the oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Notices(Vec<Receipt>);

#[derive(Clone, Debug, PartialEq)]
struct Receipt {
    notice: Notice,
    /// How often the command failed.
    failures: u64,
    is_settled: bool,
    at: Moment,
}

impl Notices {
    /// Reads the file. One that isn't ours is put aside: everything that stands is told once more.
    pub(crate) fn load(settings: &Settings, state_dir: &Path) -> anyhow::Result<Self> {
        let path = file(state_dir);
        let problem = match safe_read::read(&path, LARGEST)? {
            Found::Missing => return Ok(Self::default()),
            Found::Bad(what) => format!("{} {what}", path.display()),
            Found::Bytes(bytes) => {
                let name = path.display().to_string();
                match stream::parse_of_any_size(&bytes, &name) {
                    Ok(document) if document.whole("version")?.is_some_and(|version| version > VERSION) => {
                        return Err(Fault::new(Exit::Data, format!("{name} is of a newer version")).into());
                    }
                    Ok(document) => match parse(&document) {
                        Some(told) => return Ok(Self(told)),
                        None => format!("{name}: not a file of notices"),
                    },
                    Err(err) => format!("{err:#}"),
                }
            }
        };
        if let Some(aside) = quarantine(state_dir, &path, time::now()?)? {
            settings.warn_once(format!("{problem}; moved to {}", aside.display()));
        }
        Ok(Self::default())
    }

    /// Whether there is nothing more to tell about it.
    pub(crate) fn is_told(&self, notice: &Notice) -> bool {
        self.0.iter().any(|told| told.is_settled && told.notice.is_same(notice))
    }

    /// Notes how a run of the command ended. Answers whether it was the last one.
    pub(crate) fn tried(&mut self, notice: &Notice, is_good: bool, now: Moment) -> bool {
        let before = self.0.iter().position(|told| told.notice == *notice).map(|index| self.0.remove(index));
        let failures = before.map_or(0, |told| told.failures) + u64::from(!is_good);
        let is_settled = is_good || failures >= TRIES;
        self.0.push(Receipt { notice: notice.clone(), failures, is_settled, at: now });
        let surplus = self.0.len().saturating_sub(MOST);
        self.0.drain(..surplus);
        is_settled
    }

    /// Writes the file. Hold the state directory's lock from `load` to `save`.
    pub(crate) fn save(&self, state_dir: &Path) -> anyhow::Result<()> {
        let notices: Vec<Value> = self
            .0
            .iter()
            .map(|told| {
                json!({"subject": told.notice.subject, "episode": told.notice.episode,
                    "command": told.notice.command, "failures": told.failures,
                    "settled": told.is_settled, "at": time::format(told.at)})
            })
            .collect();
        let document = json!({"version": VERSION, "notices": notices});
        atomic_write::replace(
            &file(state_dir),
            format!("{document:#}\n").as_bytes(),
            atomic_write::FileMode::Private,
        )
    }
}

fn parse(document: &Document) -> Option<Vec<Receipt>> {
    let read = |value: &Value| {
        let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        Some(Receipt {
            notice: Notice {
                subject: text("subject")?,
                episode: text("episode")?,
                command: text("command")?,
            },
            failures: value.get("failures").and_then(Value::as_u64)?,
            is_settled: value.get("settled").and_then(Value::as_bool)?,
            at: value.get("at").and_then(time::from_value)?,
        })
    };
    document.get("notices")?.as_array()?.iter().map(read).collect()
}

fn file(state_dir: &Path) -> PathBuf {
    state_dir.join("notified.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(episode: &str) -> Notice {
        Notice { subject: "corp".to_owned(), episode: episode.to_owned(), command: "c".to_owned() }
    }

    #[test]
    fn a_command_that_fails_is_run_three_times_in_all_and_the_oldest_notices_go() {
        let now = time::from_epoch(1_700_000_000.0).unwrap();
        let mut notices = Notices::default();
        assert!(!notices.tried(&notice("one"), false, now));
        assert!(!notices.tried(&notice("one"), false, now) && !notices.is_told(&notice("one")));
        assert!(notices.tried(&notice("one"), false, now) && notices.is_told(&notice("one")));
        assert!(notices.tried(&notice("two"), true, now));
        let dir = tempfile::tempdir().unwrap();
        notices.save(dir.path()).unwrap();
        assert_eq!(Notices::load(&Settings::new("test"), dir.path()).unwrap(), notices);
        for n in 0..MOST - 1 {
            notices.tried(&notice(&n.to_string()), true, now);
        }
        assert!(!notices.is_told(&notice("one")) && notices.is_told(&notice("two")));
    }
}
