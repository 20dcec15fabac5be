//! What the server says on standard output: a document when a session is missed, and one when it is back. With
//! `| sso-signal write` a container's request becomes a reminder.
//!
//! A thread of its own writes: a reader that doesn't read holds up no request. What nobody got isn't kept as said, so that
//! the next server says it again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Map, Value};
use sso_tool::atomic_write::{self, FileMode};
use sso_tool::exit::{Exit, Fault, WithFault as _};
use sso_tool::safe_read::{self, Found};
use sso_tool::stream::{self, Document, Output};
use sso_tool::token_state::TokenState;

use super::locked::locked;
use super::log;

const FILE: &str = "missed.json";
const LARGEST: usize = 1 << 20;
/// How long what was said last gets at the end.
const FAREWELL: Duration = Duration::from_secs(2);

/// Profiles whose session is missed, and which expiry it is.
type Missed = BTreeMap<String, String>;

/// Says each change once.
pub(crate) struct Announcer {
    known: Mutex<Missed>,
    queue: Sender<Message>,
    failure: Arc<Mutex<Option<anyhow::Error>>>,
}

enum Message {
    /// A document, and what is missed once somebody has it.
    Change(Document, Missed),
    /// All before it is written.
    End(Sender<()>),
}

impl Announcer {
    /// On standard output; what was missed before is in `dir`.
    pub(crate) fn stdout(dir: &Path) -> Self {
        let file = dir.join(FILE);
        let missed = match safe_read::read(&file, LARGEST) {
            Ok(Found::Bytes(bytes)) => stream::parse(&bytes, FILE).ok().map(|document| texts(&document)),
            _ => None,
        };
        let failure = Arc::new(Mutex::default());
        let (queue, messages) = mpsc::channel();
        let writer = Writer { file, failure: Arc::clone(&failure) };
        thread::spawn(move || writer.run(&messages));
        Self { known: Mutex::new(missed.unwrap_or_default()), queue, failure }
    }

    /// A session was looked at: its document goes out if it says something new.
    pub(crate) fn saw(&self, profile: &str, document: &Document) {
        let is_missed = document.get("loginRequired") == Some(&Value::Bool(true));
        let episode = document.get("episode").and_then(Value::as_str).unwrap_or(TokenState::Missing.word());
        let mut missed = locked(&self.known);
        match (is_missed, missed.get(profile).map(String::as_str)) {
            (true, Some(known)) if known == episode => return,
            (false, None) => return,
            (true, _) => drop(missed.insert(profile.to_owned(), episode.to_owned())),
            (false, Some(_)) => drop(missed.remove(profile)),
        }
        // Under the lock: in the order of the changes. Without a writer the failure is known.
        let _ = self.queue.send(Message::Change(document.clone(), missed.clone()));
    }

    /// Profiles whose session is missed, and which expiry it is.
    pub(crate) fn missed(&self) -> Missed {
        locked(&self.known).clone()
    }

    /// Why nobody hears anything any more, if so.
    pub(crate) fn failure(&self) -> Option<anyhow::Error> {
        locked(&self.failure).take()
    }

    /// Waits until all is said, for as long as somebody listens.
    pub(crate) fn finish(&self) {
        let (done, end) = mpsc::channel();
        if self.queue.send(Message::End(done)).is_ok() {
            let _ = end.recv_timeout(FAREWELL);
        }
    }
}

struct Writer {
    /// A session that comes back while no server runs must end its reminder, too.
    file: PathBuf,
    failure: Arc<Mutex<Option<anyhow::Error>>>,
}

impl Writer {
    fn run(&self, messages: &Receiver<Message>) {
        for entry in messages {
            match entry {
                Message::Change(document, missed) => {
                    if let Err(err) = say(&document) {
                        *locked(&self.failure) = Some(err);
                        return;
                    }
                    if let Err(err) = self.keep(missed) {
                        log::failure(&err);
                    }
                }
                Message::End(done) => drop(done.send(())),
            }
        }
    }

    fn keep(&self, missed: Missed) -> anyhow::Result<()> {
        let all: Map<String, Value> =
            missed.into_iter().map(|(name, episode)| (name, episode.into())).collect();
        atomic_write::replace(&self.file, format!("{}\n", Value::Object(all)).as_bytes(), FileMode::Private)
    }
}

/// Writes a document. A reader that went away is a failure: the server's work is to be heard.
pub(crate) fn say(document: &Document) -> anyhow::Result<()> {
    // As text: a closed pipe as the cause would be a quiet end.
    Output::stdout().document(document).map_err(|err| anyhow::anyhow!("{err:#}")).with_fault(|| {
        Fault::new(Exit::Io, "nobody reads the server's documents")
            .hint("sso-login serve … | sso-signal write --source sso-serve")
    })
}

fn texts(document: &Document) -> Missed {
    document.iter().filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
}
