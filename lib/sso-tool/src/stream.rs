//! Documents in and out: one JSON object each, a stream of them on stdin and on stdout (DESIGN 2).
//!
//! Reading is strict (limits, duplicate keys, what JSON doesn't have) and lazy: a document is
//! handed out when its last byte came, and memory holds one document at a time. Writing is one
//! line per document, flushed.

use std::cell::Cell;
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

/// The documents of a stream, as an iterator. After an error it ends: what follows a broken
/// document can't be told apart from it.
pub struct Documents<R: Read> {
    stream: serde_json::StreamDeserializer<'static, serde_json::de::IoRead<Metered<R>>, Strict>,
    meter: Rc<Meter>,
    name: String,
}

impl<R: Read> Documents<R> {
    /// Reads from `reader`; `name` is what errors call it (`standard input`, a path).
    pub fn new(reader: R, name: impl Into<String>) -> Self {
        let meter = Rc::new(Meter::default());
        let metered = Metered { reader: BufReader::new(reader), meter: Rc::clone(&meter) };
        let stream = serde_json::Deserializer::from_reader(metered);
        Self { stream: stream.into_iter(), meter, name: name.into() }
    }
}

impl<R: Read> Iterator for Documents<R> {
    type Item = anyhow::Result<Document>;

    fn next(&mut self) -> Option<Self::Item> {
        self.meter.document_bytes.set(0);
        self.meter.begin.set(None);
        Some(match self.stream.next()? {
            Ok(Strict(Value::Object(map))) => Ok(Document::beginning(map, self.meter.begin.get())),
            Ok(_) => {
                Err(bad(&self.name, self.meter.line(), self.meter.column(), "a document is a JSON object"))
            }
            Err(err) if err.is_io() => Err(self.io_error(err)),
            Err(err) => Err(bad(&self.name, err.line(), err.column(), &reason(&err))),
        })
    }
}

impl<R: Read> Documents<R> {
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
    Fault::new(Exit::Data, format!("{name}, line {line}, column {column}: {reason}")).into()
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
}

impl Output {
    /// Takes stdout: for documents in a pipe, for sentences where a person reads.
    pub fn stdout() -> Self {
        Self { writer: Box::new(io::stdout().lock()), format: Format::current() }
    }

    /// Takes nothing: for what is done on the way, where stdout is somebody else's.
    pub fn nowhere() -> Self {
        Self { writer: Box::new(io::sink()), format: Format::Documents }
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
        self.writer
            .write_all(bytes)
            .and_then(|()| self.writer.flush())
            .context("cannot write to standard output")
    }

    /// Writes one line for people (`--text`).
    pub fn text(&mut self, line: &str) -> anyhow::Result<()> {
        writeln!(self.writer, "{line}")
            .and_then(|()| self.writer.flush())
            .context("cannot write to standard output")
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
}

/// A reader that counts, and fails when a document gets too large. It is read byte by byte.
struct Metered<R: Read> {
    reader: BufReader<R>,
    meter: Rc<Meter>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(slot) = buffer.first_mut() else { return Ok(0) };
        let Some(&byte) = self.reader.fill_buf()?.first() else { return Ok(0) };
        self.reader.consume(1);
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
