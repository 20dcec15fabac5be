//! Config text with the place of every line, and pieces of it to put others in the place of.

use std::ops::Range;

use crate::ini::{Ini, Section, is_space};

/// A piece of text to put in the place of another.
#[derive(Debug)]
pub(crate) struct Splice {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) with: String,
}

/// The text of a file, taken apart.
pub(crate) struct Source<'s> {
    pub(crate) text: &'s str,
    pub(crate) ini: &'s Ini<'s>,
    /// The line end most of the file has.
    pub(crate) end: &'static str,
}

impl<'s> Source<'s> {
    pub(crate) fn new(text: &'s str, ini: &'s Ini<'s>) -> Self {
        Self { text, ini, end: line_end(text) }
    }

    /// A line without its end.
    pub(crate) fn line(&self, index: usize) -> &'s str {
        self.ini.lines.get(index).and_then(|range| self.text.get(range.clone())).unwrap_or_default()
    }

    /// Where a line starts.
    pub(crate) fn start(&self, index: usize) -> usize {
        self.ini.lines.get(index).map_or(self.text.len(), |range| range.start)
    }

    /// Where the line after it starts.
    pub(crate) fn next(&self, index: usize) -> usize {
        self.start(index + 1)
    }

    /// The lines between a section's header and the next one's.
    pub(crate) fn body(&self, section: &Section<'_>) -> Range<usize> {
        let at = self.ini.sections.partition_point(|other| other.line <= section.line);
        section.line + 1..self.ini.sections.get(at).map_or(self.ini.lines.len(), |other| other.line)
    }

    /// Nothing but white space. Comments are not blank.
    pub(crate) fn is_blank(&self, index: usize) -> bool {
        self.line(index).trim_matches(is_space).is_empty()
    }

    /// A whole line of comment.
    pub(crate) fn is_comment(&self, index: usize) -> bool {
        self.line(index).trim_start_matches(is_space).starts_with(['#', ';'])
    }

    /// Lines put below another one, which may lack its end.
    pub(crate) fn line_after(&self, index: usize, lines: &str) -> Splice {
        let at = self.next(index);
        let is_unfinished = self.ini.lines.get(index).is_some_and(|range| range.end == at);
        let end = self.end;
        let with = if is_unfinished { format!("{end}{lines}") } else { format!("{lines}{end}") };
        Splice { from: at, to: at, with }
    }

    /// The text with the pieces in their places.
    pub(crate) fn spliced(&self, mut splices: Vec<Splice>) -> String {
        // Where a line goes and new ones come at the same place, the new ones come first.
        splices.sort_by_key(|splice| (splice.from, splice.to));
        let mut edited = String::with_capacity(self.text.len() + 256);
        let mut at = 0;
        for splice in splices {
            edited.push_str(self.text.get(at..splice.from).unwrap_or_default());
            edited.push_str(&splice.with);
            at = splice.to;
        }
        edited.push_str(self.text.get(at..).unwrap_or_default());
        edited
    }
}

fn line_end(text: &str) -> &'static str {
    let both = text.matches("\r\n").count();
    let feeds = text.matches('\n').count() - both;
    let returns = text.matches('\r').count() - both;
    if both > feeds && both >= returns {
        "\r\n"
    } else if returns > feeds {
        "\r"
    } else {
        "\n"
    }
}
