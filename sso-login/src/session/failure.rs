//! A login that failed, told to those who waited for it: when a person says no, fifty waiting processes must not ask
//! fifty times more.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use sso_tool::atomic_write::{self, FileMode};
use sso_tool::exit::Exit;
use sso_tool::outcome::Outcome;
use sso_tool::safe_read::{self, Found};
use sso_tool::settings::Settings;
use sso_tool::stream::{self, Document};

use crate::session::answer::Answer;
use crate::session::cached::Session;

/// The last failed login of this host, `login-failed.json` in the state directory.
pub(crate) struct Failures {
    file: PathBuf,
    token_file: String,
    before: Option<Stamp>,
}

/// One state of the file. A replaced file has another inode or another time.
type Stamp = (u64, i64, i64);

/// Longer than what is ever written there.
const LARGEST: usize = 64 << 10;

impl Failures {
    /// Remembers how the file is now, before the wait for the login lock.
    pub(crate) fn before_waiting(settings: &Settings, session: &Session<'_>) -> anyhow::Result<Self> {
        let file = settings.state_dir()?.join("login-failed.json");
        let token_file = session.token_file().to_string_lossy().into_owned();
        let before = stamp(&file);
        Ok(Self { file, token_file, before })
    }

    /// How the login of this session ended that was waited for, if it failed meanwhile. Whatever can't be read is none:
    /// then this process logs in itself.
    pub(crate) fn since(&self) -> Option<Answer> {
        if stamp(&self.file) == self.before {
            return None;
        }
        let Ok(Found::Bytes(bytes)) = safe_read::read(&self.file, LARGEST) else { return None };
        let document = stream::parse(&bytes, "login-failed.json").ok()?;
        let text = |key: &str| document.text(key).ok().flatten();
        if text("tokenFile")? != self.token_file {
            return None;
        }
        let reason = format!("{} (asked for by another process)", text("reason")?);
        match Outcome::of_word(text("outcome")?)? {
            Outcome::Failed if document.whole("status").ok()?? == i64::from(Exit::Unavailable.code()) => {
                Some(Answer::unreachable(reason))
            }
            Outcome::Failed => Some(Answer::failed(text("error")?, reason)),
            Outcome::Timeout => Some(Answer::expired_code(reason)),
            _ => None,
        }
    }

    /// Writes down how a login ended, while the login lock is held. One that was interrupted, or that had less time than
    /// others have, says nothing about theirs.
    pub(crate) fn keep(&self, answer: &Answer) -> anyhow::Result<()> {
        let is_shared =
            matches!(answer.exit(), Exit::LoginRequired | Exit::Unavailable) || answer.is_expired_code();
        if !is_shared {
            return Ok(());
        }
        let mut document = Document::new().with("tokenFile", self.token_file.as_str());
        answer.add_to(&mut document);
        document.set("status", answer.exit().code());
        let line = format!("{}\n", serde_json::Value::from(document));
        atomic_write::replace(&self.file, line.as_bytes(), FileMode::Private)
    }
}

fn stamp(file: &std::path::Path) -> Option<Stamp> {
    let found = fs::symlink_metadata(file).ok()?;
    Some((found.ino(), found.mtime(), found.mtime_nsec()))
}
