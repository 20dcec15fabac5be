//! One of several documents, chosen by a person on the terminal or by what it says.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use serde_json::Value;
use sso_tool::exit::{Exit, Fault};
use sso_tool::stream::Document;

use crate::listed::forget_the_end;
use crate::picker::{Picked, Rows, Terminal};

/// A value that a document must have to be chosen: `KEY=VALUE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pick {
    key: String,
    value: String,
}

impl Pick {
    /// A value of a key.
    pub fn new(key: &str, value: &str) -> Self {
        Self { key: key.to_owned(), value: value.to_owned() }
    }

    /// Numbers and truth values are compared as JSON writes them.
    fn is_of(&self, document: &Document) -> bool {
        match document.get(&self.key) {
            Some(Value::String(text)) => *text == self.value,
            Some(Value::Number(number)) => number.to_string() == self.value,
            Some(Value::Bool(truth)) => truth.to_string() == self.value,
            _ => false,
        }
    }
}

impl FromStr for Pick {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((key, value)) if !key.is_empty() => Ok(Self::new(key, value)),
            _ => Err("not KEY=VALUE".to_owned()),
        }
    }
}

impl fmt::Display for Pick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.key, self.value)
    }
}

/// What came of it.
#[derive(Debug)]
pub enum Choice {
    /// The chosen document, with every key it came with but the one that says it is the last of a listing.
    Document(Box<Document>),
    /// The person chose nothing.
    Nothing,
    /// None has the values that are asked for, of so many.
    NoneFits(usize),
    /// There is none to choose from.
    Empty,
    /// A signal that told this process to end.
    Interrupted(i32),
}

impl Choice {
    fn of(mut document: Document) -> Self {
        forget_the_end(&mut document);
        Self::Document(Box::new(document))
    }
}

/// Whoever takes a document; an error says that no more are wanted.
pub type Taker<'t> = &'t mut dyn FnMut(Document) -> anyhow::Result<()>;

/// Who chooses.
pub struct Chooser<'p> {
    terminal: Option<Terminal>,
    picks: &'p [Pick],
}

impl<'p> Chooser<'p> {
    /// A person, if there is a terminal, among the documents with these values. Status 2 if there is neither.
    pub fn new(picks: &'p [Pick]) -> anyhow::Result<Self> {
        let terminal = Terminal::open();
        if terminal.is_none() && picks.is_empty() {
            return Err(Fault::new(Exit::Usage, "there is no terminal to ask on")
                .hint("say what to choose: sso-profile choose --pick accountId=111122223333 --pick roleName=Developer")
                .into());
        }
        Ok(Self { terminal, picks })
    }

    /// Lets them choose one of the documents that `source` gives. A person sees them as they come; where values are asked
    /// for all of them are read first, since the choice may need no question.
    pub fn choose(
        self,
        source: impl FnOnce(Taker<'_>) -> anyhow::Result<()> + Send + 'static,
    ) -> anyhow::Result<Choice> {
        match self.terminal {
            Some(terminal) if self.picks.is_empty() => as_they_come(terminal, source),
            terminal => by_what_they_say(self.picks, terminal, source),
        }
    }
}

/// What the reading thread and the picker share.
#[derive(Default)]
struct Reading {
    error: Mutex<Option<anyhow::Error>>,
    /// Nothing came in, or something bad: there is nothing to go on for.
    is_in_vain: AtomicBool,
    /// Somebody has picked already.
    is_picked: AtomicBool,
}

fn as_they_come(
    terminal: Terminal,
    source: impl FnOnce(Taker<'_>) -> anyhow::Result<()> + Send + 'static,
) -> anyhow::Result<Choice> {
    let reading = Arc::new(Reading::default());
    let of_thread = Arc::clone(&reading);
    let picked = terminal.pick(
        |rows| {
            let reading = of_thread;
            thread::spawn(move || {
                let mut count = 0;
                let read = source(&mut |document| {
                    anyhow::ensure!(!reading.is_picked.load(Ordering::Acquire), "one was picked");
                    rows.push(document);
                    count += 1;
                    Ok(())
                });
                let is_in_vain = read.is_err() || count == 0;
                *reading.error.lock().unwrap_or_else(PoisonError::into_inner) = read.err();
                reading.is_in_vain.store(is_in_vain, Ordering::Release);
            });
        },
        || reading.is_in_vain.load(Ordering::Acquire),
    )?;
    reading.is_picked.store(true, Ordering::Release);
    match picked {
        Picked::Document(document) => Ok(Choice::of(document)),
        Picked::Nothing => Ok(Choice::Nothing),
        Picked::Interrupted(signal) => Ok(Choice::Interrupted(signal)),
        Picked::Stopped => match reading.error.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(err) => Err(err),
            None => Ok(Choice::Empty),
        },
    }
}

fn by_what_they_say(
    picks: &[Pick],
    terminal: Option<Terminal>,
    source: impl FnOnce(Taker<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<Choice> {
    let (mut left, mut count) = (Vec::new(), 0);
    source(&mut |document| {
        count += 1;
        left.extend(picks.iter().all(|pick| pick.is_of(&document)).then_some(document));
        Ok(())
    })?;
    let is_one = left.len() == 1;
    match (left.pop(), terminal) {
        (None, _) if count == 0 => Ok(Choice::Empty),
        (None, _) => Ok(Choice::NoneFits(count)),
        (Some(document), _) if is_one => Ok(Choice::of(document)),
        (Some(_), None) => {
            let message = format!(
                "{} documents have {}, and there is no terminal to ask on",
                left.len() + 1,
                in_words(picks)
            );
            Err(Fault::new(Exit::Usage, message).hint("add another --pick KEY=VALUE").into())
        }
        (Some(last), Some(terminal)) => {
            left.push(last);
            let feed = |rows: Rows| left.into_iter().for_each(|document| rows.push(document));
            Ok(match terminal.pick(feed, || false)? {
                Picked::Document(document) => Choice::of(document),
                Picked::Interrupted(signal) => Choice::Interrupted(signal),
                Picked::Nothing | Picked::Stopped => Choice::Nothing,
            })
        }
    }
}

/// The refusal where there is none. Status 78.
pub fn nothing_to_choose_from() -> Fault {
    Fault::new(Exit::Config, "there is nothing to choose from: no document came in")
        .hint("run the command before the pipe by itself, for example sso-login accounts or sso-profile list")
}

/// The values that are asked for, as people are told.
pub fn in_words(picks: &[Pick]) -> String {
    picks.iter().map(Pick::to_string).collect::<Vec<_>>().join(" and ")
}
