//! Documents in and out: one JSON object each, a stream of them on stdin and on stdout (DESIGN 2).
//!
//! Reading is strict (limits, duplicate keys, what JSON doesn't have) and lazy: a document is
//! handed out when its last byte came, and memory holds one document at a time. Writing is one
//! line per document, flushed.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, IsTerminal, Read, StdinLock, StdoutLock, Write};
use std::ops::{Deref, DerefMut};
use std::rc::Rc;

use anyhow::Context as _;
use rustix::fs::FileType;
use serde_json::{Map, Value};

use crate::exit::{Exit, Fault};
use crate::strict::Strict;

/// The largest document that is read, in bytes.
pub const LARGEST: usize = 1 << 20;

/// One JSON object. Keys keep their order; unknown keys are passed on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document(Map<String, Value>);

impl Document {
    /// A document without keys.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a key: in place if it is there, else as the last one. Builder form of `insert`.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.set(key, value);
        self
    }

    /// Sets a key: in place if it is there, else as the last one.
    pub fn set(&mut self, key: &str, value: impl Into<Value>) {
        self.0.insert(key.to_owned(), value.into());
    }

    /// The text of `key`; `None` if it is absent or null; status 65 if it is no string.
    pub fn text(&self, key: &str) -> anyhow::Result<Option<&str>> {
        self.typed(key, "a string", Value::as_str)
    }

    /// The whole number of `key`; `None` if it is absent or null; status 65 if it is anything else.
    pub fn whole(&self, key: &str) -> anyhow::Result<Option<i64>> {
        self.typed(key, "a whole number", Value::as_i64)
    }

    /// The truth of `key`; `None` if it is absent or null; status 65 if it is no boolean.
    pub fn flag(&self, key: &str) -> anyhow::Result<Option<bool>> {
        self.typed(key, "true or false", Value::as_bool)
    }

    fn typed<'a, T>(
        &'a self,
        key: &str,
        kind: &str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> anyhow::Result<Option<T>> {
        match self.0.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match read(value) {
                Some(value) => Ok(Some(value)),
                None => Err(Fault::new(Exit::Data, format!("`{key}` of the document is not {kind}")).into()),
            },
        }
    }
}

impl Deref for Document {
    type Target = Map<String, Value>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Document {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl From<Map<String, Value>> for Document {
    fn from(map: Map<String, Value>) -> Self {
        Self(map)
    }
}

impl From<Document> for Value {
    fn from(document: Document) -> Self {
        Self::Object(document.0)
    }
}

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
        Some(match self.stream.next()? {
            Ok(Strict(Value::Object(map))) => Ok(Document(map)),
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
            return bad(&self.name, self.meter.line(), self.meter.column(), "the document is over 1 MiB");
        }
        anyhow::Error::from(io::Error::from(err)).context(format!("cannot read {}", self.name))
    }
}

/// Parses one whole document (a file's content) under the same rules as a stream's.
pub fn parse(bytes: &[u8], name: &str) -> anyhow::Result<Document> {
    if bytes.len() > LARGEST {
        return Err(Fault::new(Exit::Data, format!("{name}: the document is over 1 MiB")).into());
    }
    match serde_json::from_slice::<Strict>(bytes) {
        Ok(Strict(Value::Object(map))) => Ok(Document(map)),
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

/// The documents on stdin. A terminal there is a usage error: nobody types JSON.
pub fn stdin() -> anyhow::Result<Documents<StdinLock<'static>>> {
    let stdin = io::stdin().lock();
    if stdin.is_terminal() {
        return Err(Fault::new(Exit::Usage, "documents are read from standard input, which is a terminal")
            .hint("pipe documents in, say `sso-profile list | …`, or see --help")
            .into());
    }
    Ok(Documents::new(stdin, "standard input"))
}

/// The documents on stdin if somebody sends any: a pipe, socket or file. A terminal, `/dev/null` or
/// a closed stdin is none.
pub fn piped_stdin() -> Option<Documents<StdinLock<'static>>> {
    let stdin = io::stdin().lock();
    let kind = rustix::fs::fstat(&stdin).map(|stat| FileType::from_raw_mode(stat.st_mode)).ok()?;
    matches!(kind, FileType::Fifo | FileType::Socket | FileType::RegularFile)
        .then(|| Documents::new(stdin, "standard input"))
}

/// Where documents go: one line each on stdout, flushed, so that the next tool of the pipe can act.
pub struct Output(StdoutLock<'static>);

impl Output {
    /// Takes stdout.
    pub fn stdout() -> Self {
        Self(io::stdout().lock())
    }

    /// Writes one document.
    pub fn document(&mut self, document: &Document) -> anyhow::Result<()> {
        // Formatted first: `serde_json::to_writer` would hide the kind of an I/O error.
        let line = serde_json::to_string(&document.0).context("cannot format a document")?;
        self.text(&line)
    }

    /// Writes one line for people (`--text`).
    pub fn text(&mut self, line: &str) -> anyhow::Result<()> {
        writeln!(self.0, "{line}").and_then(|()| self.0.flush()).context("cannot write to standard output")
    }
}

/// Where the reader is, and how much the current document has taken.
#[derive(Default)]
struct Meter {
    document_bytes: Cell<usize>,
    lines: Cell<usize>,
    columns: Cell<usize>,
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
        meter.document_bytes.set(meter.document_bytes.get() + 1);
        if meter.document_bytes.get() > LARGEST {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "too large"));
        }
        Ok(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::status_of;
    use proptest::prelude::*;

    fn read(text: &str) -> Vec<Result<String, String>> {
        Documents::new(text.as_bytes(), "input")
            .map(|document| match document {
                Ok(document) => Ok(serde_json::to_string(&*document).unwrap()),
                Err(err) => {
                    assert_eq!(status_of(&err), Exit::Data);
                    Err(err.to_string())
                }
            })
            .collect()
    }

    #[test]
    fn one_line_pretty_printed_and_several_in_a_row_are_all_streams() {
        let expected = vec![Ok(r#"{"b":1,"a":{"c":[]}}"#.to_owned()), Ok("{}".to_owned())];
        assert_eq!(read("{\"b\":1,\"a\":{\"c\":[]}}\n{}\n"), expected);
        assert_eq!(read("{\n  \"b\": 1,\n  \"a\": {\"c\": []}\n}\r\n\t{ }"), expected);
        assert_eq!(read("{\"b\":1,\"a\":{\"c\":[]}}{}"), expected);
        assert_eq!(read(" \n"), vec![]);
    }

    #[test]
    fn errors_name_line_and_column_and_end_the_stream() {
        for (text, message) in [
            ("{}\n{\"a\" 1}\n{}", "input, line 2, column 6: expected `:`"),
            ("{\"a\":NaN}", "input, line 1, column 6: expected value"),
            ("{\"a\":-Infinity}", "input, line 1, column 7: invalid number"),
            ("[1]", "input, line 1, column 3: a document is a JSON object"),
            ("{\"a\":1,\n\"a\":2}", "input, line 2, column 4: duplicate key `a`"),
            ("{\"a\":\"\\ud800\"}", "input, line 1, column 13: "),
            ("{\"a\":\"\u{1}\"}", "input, line 1, column 7: control character"),
            ("{", "input, line 1, column 1: EOF while parsing"),
        ] {
            let error = read(text).pop().unwrap().unwrap_err();
            assert!(error.starts_with(message), "{text:?} gave {error:?}");
        }
        assert_eq!(read("{}x{}").len(), 2);
    }

    #[test]
    fn nesting_over_64_and_documents_over_1_mib_are_refused() {
        let nested = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        assert!(read(&nested(64))[0].is_ok());
        assert!(read(&nested(65))[0].as_ref().unwrap_err().contains("nesting over 64"));
        assert!(read(&format!("{{\"a\":{}", "[".repeat(100_000)))[0].is_err());

        let sized = |size: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(size - 8));
        assert!(read(&sized(LARGEST))[0].is_ok());
        assert!(read(&sized(LARGEST + 1))[0].as_ref().unwrap_err().contains("over 1 MiB"));
    }

    #[test]
    fn a_long_stream_of_documents_is_no_large_document() {
        let text = format!("{{\"a\":\"{}\"}}\n", "x".repeat(1000)).repeat(3000);
        assert_eq!(read(&text).into_iter().flatten().count(), 3000);
    }

    #[test]
    fn a_document_is_handed_out_before_the_stream_ends() {
        struct Endless(usize);
        impl Read for Endless {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                assert_eq!(self.0, 0, "read on after a whole document");
                self.0 += 1;
                buffer[..2].copy_from_slice(b"{}");
                Ok(2)
            }
        }
        assert!(Documents::new(Endless(0), "input").next().unwrap().is_ok());
    }

    #[test]
    fn wrong_types_are_errors_and_null_is_absent() {
        let document = parse(br#"{"a":1,"b":null}"#, "x").unwrap();
        assert_eq!(status_of(&document.text("a").unwrap_err()), Exit::Data);
        assert_eq!(document.text("b").unwrap(), None);
        assert_eq!(document.whole("a").unwrap(), Some(1));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Documents::new(bytes.as_slice(), "input").count();
            let _ = parse(&bytes, "input");
        }

        #[test]
        fn what_was_written_reads_back_in_order(pairs in prop::collection::vec((".*", any::<f64>()), 0..8)) {
            let mut document = Document::new();
            for (key, number) in pairs {
                document.set(&key, if number.is_finite() { Value::from(number) } else { Value::Null });
            }
            let line = serde_json::to_string(&*document).unwrap();
            let back = Documents::new(line.as_bytes(), "input").next().unwrap().unwrap();
            prop_assert_eq!(serde_json::to_string(&*back).unwrap(), line);
        }
    }
}
