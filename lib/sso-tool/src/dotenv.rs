//! `.env` files, parsed and never sourced: nothing in them is run or expanded.
//!
//! The grammar is the common ground of shells, Docker Compose and the dotenv libraries:
//! `NAME=value` lines, an optional `export`, quotes, comments. The well-known crate for this
//! expands `$NAME` and stops at the first bad line; both are wrong for a file of settings that
//! people also source, so these lines are our own.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use crate::exit::warn;

/// What lies beyond is no file of settings.
pub(crate) const LARGEST: u64 = 1 << 20;

/// The values of a file; where a name is set twice, the last one counts.
#[derive(Clone, Debug, Default)]
pub struct Dotenv(Vec<(String, String)>);

impl Dotenv {
    /// Reads a file. What isn't a regular file (nothing, or a Python environment of that name) is an empty
    /// one; one that can't be read is a warning. A line that isn't understood is passed over, with a warning
    /// if it seems to be meant for this suite: the file is the project's, which may put there what it likes.
    pub fn load(tool: &str, path: &Path) -> Self {
        match read(path) {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes);
                let lines: Vec<&str> = text.split('\n').collect();
                Self::parse(&text, |number| {
                    if lines
                        .get(number - 1)
                        .is_some_and(|line| line.contains("SSO_") || line.contains("AWS_"))
                    {
                        warn(
                            tool,
                            &format!(
                                "{}, line {number}: not NAME=value; the line is skipped",
                                path.display()
                            ),
                        );
                    }
                })
            }
            Err(err) => {
                warn(tool, &format!("cannot read {}: {err}", path.display()));
                Self::default()
            }
        }
    }

    /// Parses text; `bad` is told the number of each line that is no setting, counted from 1.
    pub fn parse(text: &str, mut bad: impl FnMut(usize)) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut settings = Vec::new();
        let mut rest = text;
        let mut number = 0;
        while !rest.is_empty() {
            number += 1;
            let start = rest.trim_start_matches([' ', '\t', '\r']);
            if start.is_empty() || start.starts_with(['\n', '#']) {
                rest = after_line(start);
                continue;
            }
            if let Some((name, value, after)) = setting(start) {
                number += start[..start.len() - after.len()].matches('\n').count();
                settings.push((name.to_owned(), value));
                rest = after_line(after);
            } else {
                bad(number);
                rest = after_line(start);
            }
        }
        Self(settings)
    }

    /// Names and values in the order of the file; of a name that is set twice, the last one counts.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The value of `name`, which may be empty; `None` if it isn't set.
    pub fn said(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The value of `name`; `None` if it isn't set or is empty.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.said(name).filter(|value| !value.is_empty())
    }
}

/// A regular file of at most [`LARGEST`] bytes: the half of a setting would be another one. A FIFO of that name must not
/// block.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if fs::metadata(path).is_ok_and(|metadata| metadata.is_file()) {
        File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    }
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is larger than 1 MiB"));
    }
    Ok(bytes)
}

fn after_line(text: &str) -> &str {
    text.find('\n').map_or("", |end| &text[end + 1..])
}

/// Splits `[export] NAME=value` off the front of `text`: name, value, and what follows the value.
fn setting(text: &str) -> Option<(&str, String, &str)> {
    let text = match text.strip_prefix("export") {
        Some(rest) if rest.starts_with([' ', '\t']) => rest.trim_start_matches([' ', '\t']),
        _ => text,
    };
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
    let (name, rest) = text.split_at(end);
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let rest = rest.trim_start_matches([' ', '\t']).strip_prefix('=')?.trim_start_matches([' ', '\t']);
    let (value, rest) = match rest.chars().next() {
        Some('\'') => single_quoted(&rest[1..])?,
        Some('"') => double_quoted(&rest[1..])?,
        _ => plain(rest),
    };
    // Only a comment may follow.
    let trailer = rest.split('\n').next().unwrap_or_default().trim();
    (trailer.is_empty() || trailer.starts_with('#')).then_some((name, value, rest))
}

fn single_quoted(text: &str) -> Option<(String, &str)> {
    let end = text.find('\'')?;
    Some((text[..end].to_owned(), &text[end + 1..]))
}

fn double_quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                't' => value.push('\t'),
                'r' => value.push('\r'),
                escaped @ ('"' | '\\' | '$' | '`') => value.push(escaped),
                other => value.extend(['\\', other]),
            },
            other => value.push(other),
        }
    }
    None
}

/// A value without quotes ends at the line's end or at ` #`.
fn plain(text: &str) -> (String, &str) {
    let line = text.split('\n').next().unwrap_or_default();
    let comment = [" #", "\t#"].iter().filter_map(|mark| line.find(mark)).min();
    let comment = if line.starts_with('#') { Some(0) } else { comment };
    let value = &line[..comment.unwrap_or(line.len())];
    (value.trim_end().to_owned(), &text[value.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: &[(&str, &str)], bad_lines: &[usize]) {
        let mut bad = Vec::new();
        let dotenv = Dotenv::parse(text, |line| bad.push(line));
        for (name, value) in expected {
            assert_eq!(dotenv.value(name), Some(*value), "{name} of {text:?}");
        }
        assert_eq!(dotenv.0.len(), expected.len(), "{text:?} gave {dotenv:?}");
        assert_eq!(bad, bad_lines, "{text:?}");
    }

    #[test]
    fn the_forms_of_real_files_are_read() {
        check("A=1\nexport B=two\r\n  C = 3  \n", &[("A", "1"), ("B", "two"), ("C", "3")], &[]);
        check("A=60000  # ms\nB=a#b\nC='x # y' # z\n", &[("A", "60000"), ("B", "a#b"), ("C", "x # y")], &[]);
        check("# A=1\n\nB=\"a\\\"b\\n$HOME\"", &[("B", "a\"b\n$HOME")], &[]);
        check("A='two\nlines'\nnonsense\nB=$(touch x)\n", &[("A", "two\nlines"), ("B", "$(touch x)")], &[3]);
        check("\u{feff}A=1", &[("A", "1")], &[]);
        check("A=\"open\nB=1", &[("B", "1")], &[1]);
        check("1A=1\n=x\nA=\"x\"y\n", &[], &[1, 2, 3]);
    }

    #[test]
    fn the_last_value_counts_and_an_empty_one_is_none() {
        let dotenv = Dotenv::parse("A=1\nA=2\nB=\nexport=x", |_| {});
        assert_eq!(dotenv.value("A"), Some("2"));
        assert_eq!(dotenv.value("B"), None);
        assert_eq!(dotenv.value("export"), Some("x"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in any::<String>()) {
            let _ = Dotenv::parse(&text, |_| {});
        }

        #[test]
        fn a_single_quoted_value_comes_through_as_it_is(value in "[^'\u{0}]*") {
            let dotenv = Dotenv::parse(&format!("A='{value}'\nB=1\n"), |_| {});
            prop_assert_eq!(dotenv.value("A").unwrap_or_default(), value);
            prop_assert_eq!(dotenv.value("B"), Some("1"));
        }
    }
}
