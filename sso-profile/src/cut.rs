//! What goes with a section that is removed.
//!
//! A section's header, its lines, and the comments that can only be about it: those directly above the header if a
//! blank line stands above them, and those directly below its last key if a blank line (or nothing) follows.
//! What could as well belong to a neighbour or to the file stays: comments that touch both, a comment at the
//! top of the file, sections commented out.

use std::collections::HashSet;
use std::ops::Range;

use crate::config::Role;
use crate::ini::source_text::{Source, Splice};
use crate::ini::{Section, is_space};
use crate::mark::is_mark;

/// The removal of every section of these roles, of those too that another of the same name hides.
pub(crate) fn cuts(source: &Source<'_>, dropped: &[Role]) -> Vec<Splice> {
    if dropped.is_empty() {
        return Vec::new();
    }
    let dropped: HashSet<_> = dropped.iter().collect();
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for section in source.ini.sections.iter().filter(|section| dropped.contains(&Role::of(section.header))) {
        let range = with_blanks(source, lines(source, section));
        match ranges.last_mut() {
            Some(last) if last.end >= range.start => last.end = range.end,
            _ => ranges.push(range),
        }
    }
    // The empty line that `write` puts before a new last section.
    if let Some(last) = ranges.last_mut()
        && last.end >= source.ini.lines.len()
        && last.start > 0
        && source.line(last.start - 1).is_empty()
    {
        last.start -= 1;
    }
    ranges
        .into_iter()
        .map(|range| Splice {
            from: source.start(range.start),
            to: source.start(range.end),
            with: String::new(),
        })
        .collect()
}

/// Whether a comment would go with the section.
pub(crate) fn is_commented(source: &Source<'_>, section: &Section<'_>) -> bool {
    lines(source, section).any(|index| source.is_comment(index))
}

/// The lines that belong to the section.
fn lines(source: &Source<'_>, section: &Section<'_>) -> Range<usize> {
    let body = source.body(section);
    let mut top = section.line;
    while top > 0 && source.is_comment(top - 1) {
        top -= 1;
    }
    let is_own =
        top > 0 && source.is_blank(top - 1) && !(top..section.line).any(|line| is_header(source, line));
    let start = if is_own { top } else { section.line };

    let entry = section.entries.last().map(|entry| entry.continued().last().unwrap_or(entry.line));
    let mark = body.clone().rfind(|index| is_mark(source.line(*index)));
    let last = entry.max(mark).unwrap_or(section.line);
    let below = (last + 1..body.end).find(|index| !source.is_comment(*index));
    // Comments down to the next header: whose?
    let end = match below {
        Some(blank) => blank,
        None if body.end == source.ini.lines.len() => body.end,
        None => last + 1,
    };
    start..end
}

/// The blank lines below go too; those above stay and do for the next section.
fn with_blanks(source: &Source<'_>, lines: Range<usize>) -> Range<usize> {
    let count = source.ini.lines.len();
    let mut end = lines.end;
    while end < count && source.is_blank(end) {
        end += 1;
    }
    let is_apart = lines.start == 0 || source.is_blank(lines.start - 1);
    if is_apart || end == count { lines.start..end } else { lines }
}

/// A header behind the comment sign.
fn is_header(source: &Source<'_>, index: usize) -> bool {
    let text = source.line(index).trim_start_matches(|c: char| is_space(c) || matches!(c, '#' | ';'));
    text.starts_with('[')
}
