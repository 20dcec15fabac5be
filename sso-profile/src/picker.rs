//! A person picks a row on the terminal, whatever standard input and output are.

use std::borrow::Cow;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use crossterm::cursor::Show;
use crossterm::event::DisableBracketedPaste;
use crossterm::execute;
use crossterm::terminal::{self, LeaveAlternateScreen, disable_raw_mode};
use nucleo_picker::error::PickError;
use nucleo_picker::event::{
    Event, EventSource, Observer, PickerStatus, RecvError, StdinReader, keybind_default,
};
use nucleo_picker::{Injector, PickerOptions};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::{flag, low_level};
use sso_tool::exit::{Exit, Fault};
use sso_tool::stream::Document;

use crate::row::Row;

/// The prompt, the count and one row: with less the picker has no room to move in, and panics.
const LEAST_ROWS: u16 = 3;

type Line = for<'r> fn(&'r Row) -> Cow<'r, str>;

/// The terminal of this process, if it has one that can be drawn on.
pub(crate) struct Terminal(File);

/// How the picking ended.
pub(crate) enum Picked {
    Document(Document),
    /// Esc, Ctrl-C.
    Nothing,
    /// `stop` said so.
    Stopped,
    /// A signal that ended the choice.
    Interrupted(i32),
}

/// Where rows are put while the picker runs.
#[derive(Clone)]
pub(crate) struct Rows(Injector<Row, Line>);

impl Rows {
    pub(crate) fn push(&self, document: Document) {
        self.0.push(Row::of(document));
    }
}

/// What ends the picker from outside.
enum Stop {
    Asked,
    Signal(i32),
    TooSmall(TooSmall),
}

/// A terminal that can't show the list; a pseudo-terminal that nobody gave a size has none at all.
#[derive(Clone, Copy)]
struct TooSmall {
    columns: u16,
    rows: u16,
}

impl TooSmall {
    /// Whether the terminal of this process is that small now. One that doesn't tell its size is taken as it is.
    fn now() -> Option<Self> {
        let (columns, rows) = terminal::size().ok()?;
        (columns == 0 || rows < LEAST_ROWS).then_some(Self { columns, rows })
    }

    /// Too small from the beginning, it can't be asked on: a usage error, as without a terminal.
    fn at_first(self) -> Fault {
        self.fault(Exit::Usage, "has")
    }

    /// The terminal failed in the middle.
    fn meanwhile(self) -> Fault {
        self.fault(Exit::Io, "has shrunk to")
    }

    fn fault(self, exit: Exit, became: &str) -> Fault {
        let Self { columns, rows } = self;
        let message = format!(
            "the terminal {became} {rows} rows and {columns} columns; the list needs {LEAST_ROWS} rows"
        );
        Fault::new(exit, message).hint(
            "sso-profile choose --pick KEY=VALUE, for example --pick profile=corp; or: stty rows 24 cols 80",
        )
    }
}

impl Terminal {
    /// `/dev/tty`, unless there is none or it is one that can't move its cursor.
    pub(crate) fn open() -> Option<Self> {
        if std::env::var_os("TERM").is_some_and(|term| term == "dumb") {
            return None;
        }
        OpenOptions::new().read(true).write(true).open("/dev/tty").ok().map(Self)
    }

    /// Shows the rows that `feed` brings, until one is picked, nothing is to be picked, or `stop` is true.
    ///
    /// The terminal is as it was before, however this ends. A signal that ends processes is the caller's affair then.
    pub(crate) fn pick(self, feed: impl FnOnce(Rows), stop: impl Fn() -> bool) -> anyhow::Result<Picked> {
        if let Some(small) = TooSmall::now() {
            return Err(small.at_first().into());
        }
        let line: Line = |row| Cow::Borrowed(&row.line);
        // The prompt on top and the list below it, as it reads: Down goes down.
        let mut picker = PickerOptions::new().reversed(true).picker(line);
        feed(Rows(picker.injector()));
        let signal = Arc::new(AtomicUsize::new(0));
        let handlers = [SIGHUP, SIGINT, SIGQUIT, SIGTERM]
            .map(|number| flag::register_usize(number, Arc::clone(&signal), number.unsigned_abs() as usize));
        restore_on_panic();
        let keys = Keys {
            typed: StdinReader::new(keybind_default),
            signal,
            stop,
            status: picker.status_observer(),
            has_typed: false,
            held: None,
            asked: 0,
        };
        let outcome = match picker.pick_with_io(keys, &mut BufWriter::new(self.0)) {
            Ok(row) => Ok(row.map_or(Picked::Nothing, |row| Picked::Document(row.document.clone()))),
            Err(PickError::UserInterrupted) => Ok(Picked::Nothing),
            Err(PickError::Aborted(Stop::Asked)) => Ok(Picked::Stopped),
            Err(PickError::Aborted(Stop::TooSmall(small))) => Err(small.meanwhile().into()),
            Err(PickError::Aborted(Stop::Signal(number))) => Ok(Picked::Interrupted(number)),
            Err(PickError::IO(err)) => Err(err).context("cannot ask on the terminal"),
            Err(err) => {
                Err(err.factor().map_or_else(io::Error::from, |_| io::Error::other("the picker stopped")))
                    .context("cannot ask on the terminal")
            }
        };
        for handler in handlers.into_iter().flatten() {
            low_level::unregister(handler);
        }
        outcome
    }
}

/// Keys, and between them a look at what else may end the picker.
///
/// The list is matched in the background. An Enter typed right behind a word must mean the list of that word,
/// not the one still to be seen: it is held until the matching is done.
struct Keys<S> {
    typed: StdinReader<Stop>,
    signal: Arc<AtomicUsize>,
    stop: S,
    status: Observer<PickerStatus>,
    /// Since the list was known to match.
    has_typed: bool,
    held: Option<Event<Stop>>,
    /// The number of the last question whether the list matches.
    asked: u64,
}

impl<S: Fn() -> bool> EventSource for Keys<S> {
    type AbortErr = Stop;

    fn recv_timeout(&mut self, duration: Duration) -> Result<Event<Stop>, RecvError> {
        match i32::try_from(self.signal.load(Ordering::Relaxed)) {
            Ok(0) | Err(_) => {}
            Ok(number) => return Ok(Event::Abort(Stop::Signal(number))),
        }
        if (self.stop)() {
            return Ok(Event::Abort(Stop::Asked));
        }
        // Made smaller while the list is shown.
        if let Some(small) = TooSmall::now() {
            return Ok(Event::Abort(Stop::TooSmall(small)));
        }
        if let Some(held) = self.held.take() {
            return self.release(held);
        }
        match self.typed.recv_timeout(duration)? {
            typed @ Event::Prompt(_) => {
                self.has_typed = true;
                Ok(typed)
            }
            held @ (Event::Select | Event::MatchList(_)) if self.has_typed => {
                self.held = Some(held);
                Ok(self.ask())
            }
            event => Ok(event),
        }
    }
}

impl<S> Keys<S> {
    fn ask(&mut self) -> Event<Stop> {
        self.asked += 1;
        Event::Status { id: self.asked }
    }

    fn release(&mut self, held: Event<Stop>) -> Result<Event<Stop>, RecvError> {
        match self.status.try_recv() {
            Ok(status) if status.id == self.asked && !status.matching => {
                self.has_typed = false;
                Ok(held)
            }
            Ok(_) => {
                self.held = Some(held);
                Ok(self.ask())
            }
            // The answer comes at the end of the frame, so let it end.
            Err(_) => {
                self.held = Some(held);
                Err(RecvError::Timeout)
            }
        }
    }
}

/// The release build doesn't unwind, so the picker's own guard would not run.
fn restore_on_panic() {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        drop(disable_raw_mode());
        if let Ok(mut terminal) = OpenOptions::new().write(true).open("/dev/tty") {
            drop(execute!(terminal, DisableBracketedPaste, LeaveAlternateScreen, Show));
            drop(terminal.flush());
        }
        report(info);
    }));
}
