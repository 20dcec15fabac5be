//! The ini dialect of the AWS config files: Python's `RawConfigParser` in strict mode, as botocore
//! drives it (AWS-FORMATS 7).
//!
//! `rust-ini` can't stand in here: it strips inline comments and quotes that botocore keeps, merges
//! the duplicates botocore refuses, knows no values continued by indentation (the nested blocks of
//! `s3 =`), no `[DEFAULT]`, and gives no positions to edit by. It serves the tests as an
//! independent reader of the flat files this crate writes.

pub(crate) mod source_text;
pub mod words;

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::ops::Range;

/// The section whose keys every other section inherits.
pub const DEFAULTS: &str = "DEFAULT";

/// The text of an ini file, section by section, with the place of everything.
#[derive(Debug)]
pub struct Ini<'a> {
    /// Sections in the order of the file. `[DEFAULT]` is one of them and may be there more than once.
    pub sections: Vec<Section<'a>>,
    /// Byte ranges of the lines, line ends excluded.
    pub lines: Vec<Range<usize>>,
}

/// A header and the keys below it.
#[derive(Debug)]
pub struct Section<'a> {
    /// What stands between `[` and the last `]`, as it is.
    pub header: &'a str,
    /// Index into [`Ini::lines`].
    pub line: usize,
    /// Keys in the order of the file.
    pub entries: Vec<Property<'a>>,
}

/// A key with its value.
#[derive(Debug)]
pub struct Property<'a> {
    /// Lower-cased.
    pub key: Cow<'a, str>,
    /// Index into [`Ini::lines`].
    pub line: usize,
    /// What stands after the delimiter on the key's own line.
    pub value: &'a str,
    /// Lines that continue the value, with their index; blank ones among them are empty.
    pub more: Vec<(usize, &'a str)>,
}

/// A value as botocore hands it on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text, over several lines if it was continued.
    Text(String),
    /// The `key = value` lines indented below an empty value (one level, keys keep their case).
    Block(Vec<(String, String)>),
}

/// Why botocore refuses a whole file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Line number from 1.
    pub line: usize,
    /// In words, without the line.
    pub why: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.why)
    }
}

impl std::error::Error for Refusal {}

impl<'a> Ini<'a> {
    /// Reads a whole file, or says which line makes botocore refuse it.
    ///
    /// A nested block is looked at when its value is asked for ([`Entry::value`]), because
    /// botocore only stumbles over those that a section uses.
    pub fn parse(text: &'a str) -> Result<Self, Refusal> {
        let mut reader = Reader::default();
        let lines = line_ranges(text);
        for (index, range) in lines.iter().enumerate() {
            let Some(line) = text.get(range.clone()) else { continue };
            reader.read(index, line)?;
        }
        Ok(Self { sections: reader.sections, lines })
    }
}

impl Property<'_> {
    /// The value as botocore hands it on.
    pub fn value(&self) -> Result<Value, Refusal> {
        if !self.is_block() {
            return Ok(Value::Text(self.joined()));
        }
        let mut block: Vec<(String, String)> = Vec::new();
        for (line, text) in &self.more {
            for part in text.split(is_line_end).map(|part| part.trim_matches(is_space)) {
                if part.is_empty() {
                    continue;
                }
                let Some((key, value)) = part.split_once('=') else {
                    return Err(refusal(*line, format!("no `=` in the block of `{}`", self.key)));
                };
                let (key, value) = (key.trim_end_matches(is_space), value.trim_start_matches(is_space));
                match block.iter_mut().find(|(known, _)| known == key) {
                    Some((_, old)) => value.clone_into(old),
                    None => block.push((key.to_owned(), value.to_owned())),
                }
            }
        }
        Ok(Value::Block(block))
    }

    /// Indices of the lines, beyond the key's own, that say something of the value.
    pub fn continued(&self) -> impl Iterator<Item = usize> {
        self.more.iter().filter(|(_, text)| !text.is_empty()).map(|(line, _)| *line)
    }

    fn is_block(&self) -> bool {
        self.value.is_empty() && self.continued().next().is_some()
    }

    fn joined(&self) -> String {
        if self.more.is_empty() {
            return self.value.trim_end_matches(is_space).to_owned();
        }
        let mut joined = self.value.to_owned();
        for (_, text) in &self.more {
            joined.push('\n');
            joined.push_str(text);
        }
        joined.truncate(joined.trim_end_matches(is_space).len());
        joined
    }
}

/// The loop of `RawConfigParser._read`, line by line.
#[derive(Default)]
struct Reader<'a> {
    sections: Vec<Section<'a>>,
    headers: HashSet<&'a str>,
    keys: HashSet<Cow<'a, str>>,
    default_keys: HashSet<Cow<'a, str>>,
    /// Blank lines since the last key or the last line of its value.
    blank: Vec<usize>,
    indent: usize,
}

impl<'a> Reader<'a> {
    fn read(&mut self, index: usize, line: &'a str) -> Result<(), Refusal> {
        let text = line.trim_matches(is_space);
        if text.starts_with(['#', ';']) {
            return Ok(());
        }
        let open = self.sections.last_mut().and_then(|section| section.entries.last_mut());
        if text.is_empty() {
            // Part of the value if a line goes on with it, else between two of them.
            self.blank.push(index);
            return Ok(());
        }
        // Columns are characters, as in Python.
        let indent = line.chars().take_while(|c| is_space(*c)).count();
        if let Some(entry) = open
            && indent > self.indent
        {
            entry.more.extend(self.blank.drain(..).map(|blank| (blank, "")));
            entry.more.push((index, text));
            return Ok(());
        }
        self.blank.clear();
        self.indent = indent;
        match header(text) {
            Some(header) => self.open(index, header),
            None => self.add(index, text),
        }
    }

    fn open(&mut self, index: usize, header: &'a str) -> Result<(), Refusal> {
        self.keys.clear();
        if header != DEFAULTS && !self.headers.insert(header) {
            return Err(refusal(index, format!("section `[{header}]` appears twice")));
        }
        self.sections.push(Section { header, line: index, entries: Vec::new() });
        Ok(())
    }

    fn add(&mut self, index: usize, text: &'a str) -> Result<(), Refusal> {
        let Some(section) = self.sections.last_mut() else {
            let what = if text.starts_with('\u{feff}') {
                "the file starts with a byte order mark"
            } else {
                "text before the first section"
            };
            return Err(refusal(index, what.to_owned()));
        };
        let Some((key, value)) = text.split_once(['=', ':']) else {
            // The text may be half of a secret: it isn't shown.
            return Err(refusal(
                index,
                format!("neither `key = value` nor a section, below `[{}]`", section.header),
            ));
        };
        let key = lower(key.trim_end_matches(is_space));
        if key.is_empty() {
            return Err(refusal(index, "a value without a key".to_owned()));
        }
        // Duplicates count over all `[DEFAULT]` sections together.
        let keys = if section.header == DEFAULTS { &mut self.default_keys } else { &mut self.keys };
        if !keys.insert(key.clone()) {
            return Err(refusal(
                index,
                format!("key `{key}` appears twice in section `[{}]`", section.header),
            ));
        }
        let value = value.trim_start_matches(is_space);
        section.entries.push(Property { key, line: index, value, more: Vec::new() });
        Ok(())
    }
}

/// `\[(.+)\]` at the start of a line: greedy, so up to the last bracket.
fn header(text: &str) -> Option<&str> {
    let rest = text.strip_prefix('[')?;
    let end = rest.rfind(']')?;
    rest.get(..end).filter(|header| !header.is_empty())
}

/// Python's universal newlines: `\n`, `\r\n` and a lone `\r` end a line, nothing else does.
fn line_ranges(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut lines = Vec::new();
    let (mut start, mut at) = (0, 0);
    while let Some(byte) = bytes.get(at) {
        if matches!(byte, b'\n' | b'\r') {
            lines.push(start..at);
            if *byte == b'\r' && bytes.get(at + 1) == Some(&b'\n') {
                at += 1;
            }
            start = at + 1;
        }
        at += 1;
    }
    if start < bytes.len() {
        lines.push(start..bytes.len());
    }
    lines
}

fn lower(key: &str) -> Cow<'_, str> {
    if key.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
        Cow::Borrowed(key)
    } else {
        Cow::Owned(key.to_lowercase())
    }
}

/// Python's `str.isspace`: Unicode's white space and the four ASCII separators.
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}

/// What `str.splitlines` splits at, `\r` and `\n` aside (no line holds them).
fn is_line_end(c: char) -> bool {
    matches!(c, '\x0b' | '\x0c' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn refusal(index: usize, why: String) -> Refusal {
    Refusal { line: index + 1, why }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        Ini::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn a_refused_file_says_which_line_and_why() {
        assert_eq!(refused("[a]\n[b]\n[a]\n"), "line 3: section `[a]` appears twice");
        assert_eq!(refused("[a]\nk=1\r\nK=2"), "line 3: key `k` appears twice in section `[a]`");
        assert_eq!(refused("\u{feff}[a]\n"), "line 1: the file starts with a byte order mark");
        assert_eq!(refused("k = v\n[a]\n"), "line 1: text before the first section");
        assert_eq!(refused("[a]\nk\n"), "line 2: neither `key = value` nor a section, below `[a]`");
        assert_eq!(refused("[a]\n= v\n"), "line 2: a value without a key");
        assert_eq!(
            refused("[DEFAULT]\na=1\n[x]\n[DEFAULT]\na=1"),
            "line 5: key `a` appears twice in section `[DEFAULT]`"
        );
    }

    #[test]
    fn a_block_is_read_one_level_deep() {
        let ini = Ini::parse("[a]\ns3 =\n  Max = 1\n  # c\n\n    min=a=b\nk = v\n w\n").unwrap();
        let block = [("Max".to_owned(), "1".to_owned()), ("min".to_owned(), "a=b".to_owned())];
        assert_eq!(ini.sections[0].entries[0].value(), Ok(Value::Block(block.into())));
        assert_eq!(ini.sections[0].entries[1].value(), Ok(Value::Text("v\nw".to_owned())));
    }

    #[test]
    fn a_bad_line_of_a_block_is_named() {
        let ini = Ini::parse("[a]\ns3 =\n  max\n").unwrap();
        assert_eq!(
            ini.sections[0].entries[0].value().unwrap_err().to_string(),
            "line 3: no `=` in the block of `s3`"
        );
    }
}
