//! Documents and other lines out of what a host prints: a document may take one line or many, and a login shell may greet
//! before it.

use sso_tool::stream::{self, Document};

/// The longest document of a host, in bytes.
const LONGEST: usize = 64 << 10;

/// A piece of what a host prints.
#[derive(Debug, PartialEq)]
pub(crate) enum Piece {
    Document(Document),
    /// A line that is none, and no part of one.
    Text(String),
}

/// Puts lines together. How far a document goes is told by its braces, so that each byte is looked at once.
#[derive(Default)]
pub(crate) struct Assembler {
    lines: Vec<String>,
    length: usize,
    depth: usize,
    is_in_string: bool,
    is_escaped: bool,
}

impl Assembler {
    /// What is whole with the next line.
    pub(crate) fn read(&mut self, line: &str) -> Vec<Piece> {
        let line = line.trim();
        if self.lines.is_empty() && !line.starts_with('{') {
            return if line.is_empty() { Vec::new() } else { vec![Piece::Text(line.to_owned())] };
        }
        let mut pieces = Vec::new();
        let mut start = 0;
        for (at, byte) in line.bytes().enumerate() {
            if self.is_end(byte) {
                self.lines.push(line.get(start..=at).unwrap_or_default().to_owned());
                pieces.extend(self.parsed());
                start = at + 1;
            }
        }
        let rest = line.get(start..).unwrap_or_default().trim();
        if !rest.is_empty() {
            self.lines.push(rest.to_owned());
            self.length += rest.len();
        }
        // No text goes over the end of a line in JSON, and nothing but a document begins here.
        let is_broken = self.is_in_string || self.length > LONGEST || (self.depth == 0 && !rest.is_empty());
        if is_broken {
            pieces.extend(self.rest());
        }
        pieces
    }

    /// What is left at the end.
    pub(super) fn rest(&mut self) -> Vec<Piece> {
        std::mem::take(self).lines.into_iter().map(Piece::Text).collect()
    }

    /// Whether a byte ends a document.
    fn is_end(&mut self, byte: u8) -> bool {
        if std::mem::take(&mut self.is_escaped) {
            return false;
        }
        match (byte, self.is_in_string) {
            (b'\\', true) => self.is_escaped = true,
            (b'"', is_in_string) => self.is_in_string = !is_in_string && self.depth > 0,
            (b'{', false) => self.depth += 1,
            (b'}', false) => {
                self.depth = self.depth.saturating_sub(1);
                return self.depth == 0;
            }
            _ => {}
        }
        false
    }

    fn parsed(&mut self) -> Vec<Piece> {
        let lines = std::mem::take(self).lines;
        match stream::parse(lines.join("\n").as_bytes(), "what the host prints") {
            Ok(document) => vec![Piece::Document(document)],
            Err(_) => lines.into_iter().map(Piece::Text).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pieces(text: &str) -> Vec<Piece> {
        let mut assembler = Assembler::default();
        let mut pieces: Vec<_> = text.lines().flat_map(|line| assembler.read(line)).collect();
        pieces.extend(assembler.rest());
        pieces
    }

    #[test]
    fn documents_come_out_however_they_are_printed() {
        let document = Piece::Document(Document::new().with("a", "}\\\" {").with("b", 1));
        let pretty = "{\n  \"a\": \"}\\\\\\\" {\",\n  \"b\": 1\n}";
        let line = "{\"a\":\"}\\\\\\\" {\",\"b\":1}";
        for text in [pretty, line, &format!("\r\n{line}\r\n")] {
            assert_eq!(pieces(text), [Piece::Document(document.clone_piece())], "{text}");
        }
        assert_eq!(pieces(&format!("{line} {line}\n{pretty}")).len(), 3);
        let text = |text: &str| Piece::Text(text.to_owned());
        assert_eq!(pieces("Welcome {}\n{\"a\":\n"), [text("Welcome {}"), text("{\"a\":")]);
        assert_eq!(pieces("{\"a\n{\"b\":1}"), [text("{\"a"), Piece::Document(Document::new().with("b", 1))]);
        assert_eq!(pieces("{x}\n{}"), [text("{x}"), Piece::Document(Document::new())]);
    }

    impl Piece {
        fn clone_piece(&self) -> Document {
            match self {
                Self::Document(document) => document.clone(),
                Self::Text(_) => Document::new(),
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "[\\PC\\n{}\"\\\\]*") {
            pieces(&text);
        }
    }
}
