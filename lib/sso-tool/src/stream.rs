//! Documents in and out: one JSON object each, a stream of them on stdin and on stdout (DESIGN 2).
//!
//! Reading is strict (limits, duplicate keys, what JSON doesn't have) and lazy: a document is
//! handed out when its last byte came, and memory holds one document at a time. Writing is one
//! line per document, flushed; a stage that never waits but for its input may hold lines back until it does.

use std::cell::{Cell, RefCell};
use std::io::{self, BufRead, BufReader, IsTerminal, Read, StdinLock, Write};
use std::iter::Peekable;
use std::rc::Rc;

use anyhow::Context as _;
use rustix::fs::FileType;
use serde_json::Value;

pub use crate::document::Document;
use crate::exit::{Exit, Fault};
use crate::format::Format;
use crate::strict::Strict;
use crate::{sentence, time};

/// The largest document that is read, in bytes.
pub const LARGEST: usize = 1 << 20;

/// What is read at a time, and as much as is held back, in bytes.
const ROOM: usize = 32 << 10;

thread_local! {
    /// Lines for stdout that are held back (`Output::held`).
    static HELD: RefCell<Held> = RefCell::default();
}

#[derive(Default)]
struct Held {
    lines: Vec<u8>,
    /// Why lines couldn't be written while this process waited for input.
    error: Option<io::Error>,
}

/// The documents of a stream, as an iterator. After an error it ends: what follows a broken
/// document can't be told apart from it.
pub struct Documents<R: Read> {
    stream: serde_json::StreamDeserializer<'static, serde_json::de::IoRead<Metered<R>>, Strict>,
    reader: Rc<RefCell<BufReader<R>>>,
    meter: Rc<Meter>,
    name: String,
    is_over: bool,
    /// Whether the next document begins with what begins none: text for people, most likely.
    is_text: Cell<bool>,
}

impl<R: Read> Documents<R> {
    /// Reads from `reader`; `name` is what errors call it (`standard input`, a path).
    pub fn new(reader: R, name: impl Into<String>) -> Self {
        let meter = Rc::new(Meter::default());
        let reader = Rc::new(RefCell::new(BufReader::with_capacity(ROOM, reader)));
        let metered = Metered { reader: Rc::clone(&reader), meter: Rc::clone(&meter) };
        let stream = serde_json::Deserializer::from_reader(metered).into_iter();
        Self { stream, reader, meter, name: name.into(), is_over: false, is_text: Cell::new(false) }
    }
}

impl<R: Read> Iterator for Documents<R> {
    type Item = anyhow::Result<Document>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        if let Some(document) = self.whole_line() {
            return Some(Ok(document));
        }
        self.meter.document_bytes.set(0);
        self.meter.begin.set(None);
        let next = self.stream.next()?;
        self.is_over = !matches!(next, Ok(Strict(Value::Object(_))));
        Some(match next {
            Ok(Strict(Value::Object(map))) => Ok(Document::beginning(map, self.meter.begin.get())),
            Ok(_) => {
                Err(bad(&self.name, self.meter.line(), self.meter.column(), "a document is a JSON object"))
            }
            Err(err) if err.is_io() => Err(self.io_error(err)),
            Err(err) => Err(self.broken(&err)),
        })
    }
}

impl<R: Read> Documents<R> {
    /// What isn't JSON. Where no document has begun, the tool before most likely prints text for people.
    fn broken(&self, err: &serde_json::Error) -> anyhow::Error {
        let fault = bad_fault(&self.name, err.line(), err.column(), &reason(err));
        let hint = "leave out --text (and SSO_FORMAT=text) before the pipe: a filter reads documents, for example \
                    those of `sso-profile list`";
        fault.hint_if(self.is_text.get().then_some(hint)).into()
    }

    /// The next document if it is one line that is here already, as the tools write them. Parsed from memory it takes a
    /// fraction of the time; whatever isn't just that (spread over lines, cut, wrong) is left to the stream, byte by byte.
    fn whole_line(&self) -> Option<Document> {
        let mut reader = self.reader.borrow_mut();
        if reader.buffer().is_empty() {
            before_waiting();
            // What fails here fails again in the stream, which says so.
            let _ = reader.fill_buf();
        }
        let buffer = reader.buffer();
        let blank = buffer.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
        let (blank, rest) = buffer.split_at(blank);
        self.is_text.set(rest.first().is_some_and(|first| *first != b'{'));
        if rest.first() != Some(&b'{') {
            return None;
        }
        let (line, _) = rest.split_at(rest.iter().position(|byte| *byte == b'\n')?);
        let Ok(Strict(Value::Object(map))) = serde_json::from_slice(line) else { return None };
        self.meter.pass(blank);
        let begin = (self.meter.line(), self.meter.column() + 1);
        self.meter.pass(line);
        let taken = blank.len() + line.len();
        reader.consume(taken);
        Some(Document::beginning(map, Some(begin)))
    }

    fn io_error(&self, err: serde_json::Error) -> anyhow::Error {
        if self.meter.document_bytes.get() > LARGEST {
            return bad(
                &self.name,
                self.meter.line(),
                self.meter.column(),
                "the document is larger than 1 MiB",
            );
        }
        anyhow::Error::from(io::Error::from(err)).context(format!("cannot read {}", self.name))
    }
}

/// Parses one whole document (a file's content) under the same rules as a stream's.
pub fn parse(bytes: &[u8], name: &str) -> anyhow::Result<Document> {
    if bytes.len() > LARGEST {
        return Err(Fault::new(Exit::Data, format!("{name}: the document is larger than 1 MiB")).into());
    }
    parse_of_any_size(bytes, name)
}

/// Parses one whole document of our own making, under the same rules but that of its size.
pub fn parse_of_any_size(bytes: &[u8], name: &str) -> anyhow::Result<Document> {
    match serde_json::from_slice::<Strict>(bytes) {
        Ok(Strict(Value::Object(map))) => Ok(map.into()),
        Ok(_) => Err(bad(name, 1, 1, "a document is a JSON object")),
        Err(err) => Err(bad(name, err.line(), err.column(), &reason(&err))),
    }
}

fn bad(name: &str, line: usize, column: usize, reason: &str) -> anyhow::Error {
    bad_fault(name, line, column, reason).into()
}

fn bad_fault(name: &str, line: usize, column: usize, reason: &str) -> Fault {
    Fault::new(Exit::Data, format!("{name}, line {line}, column {column}: {reason}"))
}

/// The message without the position, which [`bad`] puts in front.
fn reason(err: &serde_json::Error) -> String {
    let text = err.to_string();
    match text.rfind(" at line ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

/// The documents on stdin.
pub type Stdin = Documents<StdinLock<'static>>;

/// The documents on stdin. A terminal there is a usage error: nobody types JSON.
pub fn stdin() -> anyhow::Result<Stdin> {
    let stdin = io::stdin().lock();
    if stdin.is_terminal() {
        return Err(Fault::new(Exit::Usage, "documents are read from standard input, which is a terminal")
            .hint("pipe documents in, for example `sso-profile list | …`, or see --help")
            .into());
    }
    Ok(Documents::new(stdin, "standard input"))
}

/// The documents on stdin if somebody sends any: a pipe, socket or file. A terminal, `/dev/null` or
/// a closed stdin is none.
pub fn piped_stdin() -> Option<Stdin> {
    let stdin = io::stdin().lock();
    let kind = rustix::fs::fstat(&stdin).map(|stat| FileType::from_raw_mode(stat.st_mode)).ok()?;
    matches!(kind, FileType::Fifo | FileType::Socket | FileType::RegularFile)
        .then(|| Documents::new(stdin, "standard input"))
}

/// The documents that a tool is a filter for: those on stdin, unless `argument` names its subject (DESIGN 2). `-` means
/// documents only, however few. `None`: it is a command.
pub fn subjects(argument: Option<&str>) -> anyhow::Result<Option<Peekable<Stdin>>> {
    match argument {
        Some("-") => stdin().map(|documents| Some(documents.peekable())),
        Some(_) => Ok(None),
        None => {
            let documents = piped_stdin().map(Iterator::peekable);
            Ok(documents.and_then(|mut documents| documents.peek().is_some().then_some(documents)))
        }
    }
}

/// Where documents go: one line each on stdout, flushed, so that the next tool of the pipe can act.
pub struct Output {
    writer: Box<dyn Write>,
    format: Format,
    is_held: bool,
}

impl Output {
    /// Takes stdout: for documents in a pipe, for sentences where a person reads.
    pub fn stdout() -> Self {
        Self { writer: Box::new(io::stdout().lock()), format: Format::current(), is_held: false }
    }

    /// Takes stdout for a stage that has its answers at once: lines are held back until it waits for input, or until
    /// [`end`](Self::end). A write for each of ten thousand documents, and a waking of the next tool, would take longer
    /// than the answers. What a reader sees late is never more than what is still being computed.
    pub fn held() -> Self {
        let mut output = Self::stdout();
        output.is_held = true;
        output
    }

    /// Takes nothing: for what is done on the way, where stdout is somebody else's.
    pub fn nowhere() -> Self {
        Self { writer: Box::new(io::sink()), format: Format::Documents, is_held: false }
    }

    /// Whether documents are told as sentences.
    pub fn is_text(&self) -> bool {
        self.format == Format::Text
    }

    /// Writes one document.
    pub fn document(&mut self, document: &Document) -> anyhow::Result<()> {
        if self.format == Format::Text {
            return match sentence::of(document, time::now()?) {
                Some(sentence) => self.text(&sentence),
                None => Ok(()),
            };
        }
        // Formatted first: `serde_json::to_writer` would hide the kind of an I/O error.
        let line = serde_json::to_string(&**document).context("cannot format a document")?;
        self.text(&line)
    }

    /// Writes text of another format than documents, as it is.
    pub fn bytes(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.end()?;
        self.writer
            .write_all(bytes)
            .and_then(|()| self.writer.flush())
            .context("cannot write to standard output")
    }

    /// Writes one line for people (`--text`).
    pub fn text(&mut self, line: &str) -> anyhow::Result<()> {
        if !self.is_held {
            self.end()?;
            return writeln!(self.writer, "{line}")
                .and_then(|()| self.writer.flush())
                .context("cannot write to standard output");
        }
        let is_full = HELD.with_borrow_mut(|held| {
            held.lines.extend_from_slice(line.as_bytes());
            held.lines.push(b'\n');
            held.lines.len() >= ROOM
        });
        if is_full { self.end() } else { Ok(()) }
    }

    /// Writes what is held back.
    pub fn end(&mut self) -> anyhow::Result<()> {
        release(&mut self.writer).context("cannot write to standard output")
    }
}

impl Drop for Output {
    /// What was answered before a failure is written before that is said. An error here is none of the failure's.
    fn drop(&mut self) {
        if self.is_held {
            let _ = release(&mut self.writer);
        }
    }
}

fn release(writer: &mut dyn Write) -> io::Result<()> {
    let (lines, error) = HELD.with_borrow_mut(|held| (std::mem::take(&mut held.lines), held.error.take()));
    if let Some(error) = error {
        return Err(error);
    }
    if lines.is_empty() {
        return Ok(());
    }
    let written = writer.write_all(&lines).and_then(|()| writer.flush());
    // The room is used again.
    HELD.with_borrow_mut(|held| {
        if held.lines.is_empty() {
            held.lines = lines;
            held.lines.clear();
        }
    });
    written
}

/// Lets the next tool have what is held back, before this one may wait. An error is kept for who writes next, or ends.
fn before_waiting() {
    if HELD.with_borrow(|held| held.lines.is_empty()) {
        return;
    }
    if let Err(error) = release(&mut io::stdout().lock()) {
        HELD.with_borrow_mut(|held| held.error = Some(error));
    }
}

/// Where the reader is, and how much the current document has taken.
#[derive(Default)]
struct Meter {
    document_bytes: Cell<usize>,
    lines: Cell<usize>,
    columns: Cell<usize>,
    /// Line and column of the document's first byte.
    begin: Cell<Option<(usize, usize)>>,
}

impl Meter {
    fn line(&self) -> usize {
        self.lines.get() + 1
    }

    fn column(&self) -> usize {
        self.columns.get()
    }

    /// Counts bytes that are taken at once.
    fn pass(&self, bytes: &[u8]) {
        let mut lines = bytes.split(|byte| *byte == b'\n');
        let before = lines.next().map_or(0, <[u8]>::len);
        self.columns.set(self.columns.get() + before);
        for line in lines {
            self.lines.set(self.lines.get() + 1);
            self.columns.set(line.len());
        }
    }
}

/// A reader that counts, and fails when a document gets too large. It is read byte by byte.
struct Metered<R: Read> {
    reader: Rc<RefCell<BufReader<R>>>,
    meter: Rc<Meter>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(slot) = buffer.first_mut() else { return Ok(0) };
        let mut reader = self.reader.borrow_mut();
        if reader.buffer().is_empty() {
            before_waiting();
        }
        let Some(&byte) = reader.fill_buf()?.first() else { return Ok(0) };
        reader.consume(1);
        *slot = byte;
        let meter = &self.meter;
        if byte == b'\n' {
            meter.lines.set(meter.lines.get() + 1);
            meter.columns.set(0);
        } else {
            meter.columns.set(meter.columns.get() + 1);
        }
        if meter.begin.get().is_none() && !byte.is_ascii_whitespace() {
            meter.begin.set(Some((meter.line(), meter.column())));
        }
        meter.document_bytes.set(meter.document_bytes.get() + 1);
        if meter.document_bytes.get() > LARGEST {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "too large"));
        }
        Ok(1)
    }
}

#[cfg(test)]
mod tests;
