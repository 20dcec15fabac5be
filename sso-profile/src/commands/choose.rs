//! `choose`: one of the documents on stdin, picked by a person or by what it says.

use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use anyhow::Context as _;
use serde_json::Value;
use sso_tool::exit::{Exit, Fault};
use sso_tool::settings::Settings;
use sso_tool::stream::{self, Document, Output};
use sso_tool::subject::Subject;

use crate::listed::forget_the_end;
use crate::picker::{Picked, Rows, Terminal};

/// Let a person pick one of the documents on standard input
///
/// The list is on the terminal, wherever standard input and output go, and fills while documents come in.
/// Typing filters it: words match loosely, 'word exactly, ^word at the beginning, !word not at all. Arrows
/// move, Enter picks, Esc or Ctrl-C chooses nothing. The choice goes out whole, with every key it came with.
/// Where there is no terminal, --pick says what to pick.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  sso-login accounts corp | sso-profile choose | sso-profile write corp-dev
  sso-profile list | sso-profile choose | sso-login -
  sso-login accounts corp |
    sso-profile choose --pick accountId=111122223333 --pick roleName=Developer

Exit status:
  0   one was picked
  1   no choice was made
  2   bad command line, or no terminal to ask on (see --pick)
  65  bad document on standard input
  74  a file or stream failed
  78  there is nothing to choose from")]
pub(crate) struct Args {
    /// Only documents with this value; if one is left it is the choice, without a question (repeatable)
    #[arg(long, value_name = "KEY=VALUE")]
    pick: Vec<Pick>,
}

/// A value that a document must have to be chosen: `KEY=VALUE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pick {
    key: String,
    value: String,
}

impl Pick {
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
            Some((key, value)) if !key.is_empty() => {
                Ok(Self { key: key.to_owned(), value: value.to_owned() })
            }
            _ => Err("not KEY=VALUE".to_owned()),
        }
    }
}

/// Puts out the chosen document, after the events that came before it.
pub(crate) fn run(args: &Args, _: &Settings) -> anyhow::Result<Exit> {
    let picks = &args.pick;
    let terminal = Terminal::open();
    if terminal.is_none() && picks.is_empty() {
        return Err(Fault::new(Exit::Usage, "there is no terminal to ask on")
            .hint("say what to choose: sso-profile choose --pick accountId=111122223333 --pick roleName=Developer")
            .into());
    }
    // Before anything is drawn: a terminal as standard input is a mistake.
    drop(stream::stdin()?);
    match (terminal, picks.is_empty()) {
        (Some(terminal), true) => ask_as_they_come(terminal),
        (terminal, _) => by_what_it_says(picks, terminal),
    }
}

/// The rows appear while documents come in.
fn ask_as_they_come(terminal: Terminal) -> anyhow::Result<Exit> {
    let reading = Arc::new(Reading::default());
    let mut reader = None;
    let picked = terminal.pick(
        |rows| reader = Some(Reading::start(&reading, rows)),
        || reading.is_in_vain.load(Ordering::Acquire),
    )?;
    match picked {
        Picked::Nothing => Ok(Exit::No),
        Picked::Document(document) => {
            let events = std::mem::take(&mut *reading.lock(&reading.events));
            let exit = put_out(&events, document)?;
            // Who writes to us must not find the pipe closed because somebody picked quickly.
            if let Some(reader) = reader {
                drop(reader.join());
            }
            Ok(exit)
        }
        Picked::Stopped => Err(reading.lock(&reading.error).take().unwrap_or_else(nothing_to_choose_from)),
    }
}

/// What the reading thread and the picker share.
#[derive(Default)]
struct Reading {
    events: Mutex<Vec<Document>>,
    error: Mutex<Option<anyhow::Error>>,
    /// Nothing came in, or something bad: there is nothing to go on for.
    is_in_vain: AtomicBool,
}

impl Reading {
    fn start(reading: &Arc<Self>, rows: Rows) -> JoinHandle<()> {
        let reading = Arc::clone(reading);
        thread::spawn(move || {
            let is_in_vain = match reading.read(&rows) {
                Ok(count) => count == 0,
                Err(err) => {
                    *reading.lock(&reading.error) = Some(err);
                    true
                }
            };
            reading.is_in_vain.store(is_in_vain, Ordering::Release);
        })
    }

    /// Answers how many there are.
    fn read(&self, rows: &Rows) -> anyhow::Result<usize> {
        let mut count = 0;
        for document in stream::stdin()? {
            let document = document?;
            if Subject::of(&document)? == Subject::Nobody {
                self.lock(&self.events).extend(passing(document));
            } else {
                rows.push(document);
                count += 1;
            }
        }
        Ok(count)
    }

    #[expect(clippy::unused_self, reason = "the lock of one of its fields")]
    fn lock<'l, T>(&self, field: &'l Mutex<T>) -> std::sync::MutexGuard<'l, T> {
        field.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All of them are read first, since the choice may need no question.
fn by_what_it_says(picks: &[Pick], terminal: Option<Terminal>) -> anyhow::Result<Exit> {
    let mut events = Vec::new();
    let mut left = Vec::new();
    let mut count = 0;
    for document in stream::stdin()? {
        let document = document?;
        if Subject::of(&document)? == Subject::Nobody {
            events.extend(passing(document));
            continue;
        }
        count += 1;
        if picks.iter().all(|pick| pick.is_of(&document)) {
            left.push(document);
        }
    }
    let said =
        || picks.iter().map(|pick| format!("{}={}", pick.key, pick.value)).collect::<Vec<_>>().join(" and ");
    match (left.len(), terminal) {
        (0, _) if count == 0 => Err(nothing_to_choose_from()),
        (0, _) => Err(Fault::new(Exit::Config, format!("none of {count} documents has {}", said()))
            .hint("to see the choices, run the command before the pipe by itself")
            .into()),
        (1, _) => {
            let document = left.pop().context("one is left")?;
            put_out(&events, document)
        }
        (more, None) => Err(Fault::new(
            Exit::Usage,
            format!("{more} documents have {}, and there is no terminal to ask on", said()),
        )
        .hint("add another --pick KEY=VALUE")
        .into()),
        (_, Some(terminal)) => {
            match terminal.pick(|rows| left.drain(..).for_each(|document| rows.push(document)), || false)? {
                Picked::Document(document) => put_out(&events, document),
                Picked::Nothing | Picked::Stopped => Ok(Exit::No),
            }
        }
    }
}

/// An event on its way to a later tool; but one choice is no listing, so the end of a listing isn't handed on.
fn passing(event: Document) -> Option<Document> {
    let is_end = event.contains_key("listedAt") && event.get("event") == Some(&"listed".into());
    (!is_end).then_some(event)
}

fn put_out(events: &[Document], mut document: Document) -> anyhow::Result<Exit> {
    forget_the_end(&mut document);
    let mut output = Output::stdout();
    for event in events {
        output.document(event)?;
    }
    output.document(&document)?;
    Ok(Exit::Done)
}

fn nothing_to_choose_from() -> anyhow::Error {
    Fault::new(Exit::Config, "there is nothing to choose from: no document came in")
        .hint("run the command before the pipe by itself, for example sso-login accounts or sso-profile list")
        .into()
}
