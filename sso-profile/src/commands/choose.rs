//! `choose`: one of the documents on stdin, picked by a person or by what it says.

use std::sync::{Arc, Mutex, PoisonError, mpsc};

use anyhow::Context as _;
use signal_hook::low_level;
use sso_tool::exit::{Exit, Fault};
use sso_tool::settings::Settings;
use sso_tool::stream::{self, Document, Output};
use sso_tool::subject::Subject;

use crate::choice::{Choice, Chooser, Pick, Taker, in_words, nothing_to_choose_from};

/// Let a person pick one of the documents on standard input
///
/// The list appears on the terminal, even if standard input and output go elsewhere, and grows as documents come in.
/// Type to filter it: a word matches loosely, 'word exactly, ^word at the beginning, and !word excludes. Arrows
/// move, Enter picks, Esc or Ctrl-C chooses nothing. The chosen document is printed with all its keys.
/// Without a terminal, make the choice with --pick.
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
  74  a file or stream failed, or the terminal has shrunk too far
  78  there is nothing to choose from")]
pub(crate) struct Args {
    /// Keep only documents with this value (can be repeated); if one is left, it is chosen without a question
    #[arg(long, value_name = "KEY=VALUE")]
    pick: Vec<Pick>,
}

/// Puts out the chosen document, after the events that came before it.
pub(crate) fn run(args: &Args, _: &Settings) -> anyhow::Result<Exit> {
    let chooser = Chooser::new(&args.pick)?;
    // Before anything is drawn: a terminal as standard input is a mistake.
    drop(stream::stdin()?);
    let events = Arc::new(Mutex::new(Vec::new()));
    let (whole, is_read) = mpsc::channel::<()>();
    let choice = {
        let events = Arc::clone(&events);
        chooser.choose(move |each| {
            let read = read(&events, each);
            drop(whole);
            read
        })?
    };
    match choice {
        Choice::Document(document) => {
            let events = std::mem::take(&mut *events.lock().unwrap_or_else(PoisonError::into_inner));
            let mut output = Output::stdout();
            events.iter().chain([&*document]).try_for_each(|document| output.document(document))?;
            // Who writes to us must not find the pipe closed because somebody picked quickly: the error says that all is read.
            let _ = is_read.recv();
            Ok(Exit::Done)
        }
        Choice::Nothing => Ok(Exit::No),
        Choice::NoneFits(count) => {
            let message = format!("none of {count} documents has {}", in_words(&args.pick));
            Err(Fault::new(Exit::Config, message)
                .hint("to see the choices, run the command before the pipe by itself")
                .into())
        }
        Choice::Empty => Err(nothing_to_choose_from().into()),
        Choice::Interrupted(signal) => {
            low_level::emulate_default_handler(signal).context("cannot end by the signal")?;
            Ok(Exit::No)
        }
    }
}

/// Reads all of stdin, and keeps what nobody can choose.
fn read(events: &Mutex<Vec<Document>>, each: Taker<'_>) -> anyhow::Result<()> {
    for document in stream::stdin()? {
        let document = document?;
        if Subject::of(&document)? == Subject::Nobody {
            events.lock().unwrap_or_else(PoisonError::into_inner).extend(passing(document));
        } else {
            // One was picked: the rest is read all the same.
            let _ = each(document);
        }
    }
    Ok(())
}

/// An event on its way to a later tool; but one choice is no listing, so the end of a listing isn't handed on.
fn passing(event: Document) -> Option<Document> {
    let is_end = event.contains_key("listedAt") && event.get("event") == Some(&"listed".into());
    (!is_end).then_some(event)
}
