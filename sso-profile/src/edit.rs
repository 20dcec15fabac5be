//! Change config text and leave every byte alone that isn't concerned (AWS-FORMATS 7.4 is the list of
//! what goes wrong otherwise).

use std::iter;

use sso_signal::exit::{Exit, Fault};

use crate::config::{Content, Keys, Role};
use crate::ini::{Entry, Ini, Refusal, Section, Value, is_space};
use crate::words::quote;

/// What a section is to say. Keys are lower-case; those in neither list stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which section. Of several for one name, the last is what counts and is changed.
    pub role: Role,
    /// Keys with their values, in the order for a new section.
    pub set: Vec<(&'static str, String)>,
    /// Keys that go.
    pub remove: Vec<&'static str>,
}

/// The text after the changes, checked: it parses, the sections say what they are to say, and every
/// other one says what it said.
///
/// Status 78 if the text doesn't parse before, or a line can't be changed without guessing.
pub fn edit(text: &str, changes: &[Change]) -> Result<String, Fault> {
    let before = Content::parse(text).map_err(|refusal| refused(&refusal))?;
    let mut edited = text.to_owned();
    for change in changes {
        edited = edit_section(&edited, change)?;
    }
    let after = Content::parse(&edited).map_err(|refusal| {
        Fault::new(Exit::Config, format!("the change would break the file at {refusal}; nothing is written"))
    })?;
    check(before, after, changes)?;
    Ok(edited)
}

fn edit_section(text: &str, change: &Change) -> Result<String, Fault> {
    let ini = Ini::parse(text).map_err(|refusal| refused(&refusal))?;
    let Some(section) = ini.sections.iter().rfind(|section| Role::of(section.header) == change.role) else {
        return Ok(append(text, &ini, change));
    };
    let mut splices = Vec::new();
    for entry in &section.entries {
        if let Some((_, value)) = change.set.iter().find(|(key, _)| *key == entry.key) {
            splices.extend(replace_value(text, &ini, entry, value)?);
        } else if change.remove.contains(&entry.key.as_ref()) {
            one_line(entry)?;
            splices.push(Splice {
                from: start(&ini, entry.line),
                to: next(text, &ini, entry.line),
                with: String::new(),
            });
        }
    }
    let missing = |key: &str| !section.entries.iter().any(|entry| entry.key == key);
    let added: Vec<_> = change.set.iter().filter(|(key, _)| missing(key)).collect();
    if !added.is_empty() {
        splices.push(add_keys(text, &ini, section, change, &added));
    }
    Ok(spliced(text, splices))
}

/// A piece of text to put in the place of another.
struct Splice {
    from: usize,
    to: usize,
    with: String,
}

/// The value alone is replaced: key, delimiter and spacing stay. What looks like a comment behind the
/// value is part of the value to botocore, so it moves to a line of its own.
fn replace_value(text: &str, ini: &Ini<'_>, entry: &Entry<'_>, value: &str) -> Result<Vec<Splice>, Fault> {
    if entry.value == value && entry.continued().next().is_none() {
        return Ok(Vec::new());
    }
    one_line(entry)?;
    let from = start(ini, entry.line);
    let line = line(text, ini, entry.line);
    let after = line.find(['=', ':']).map_or(line.len(), |at| at + 1);
    let value_at = line.len() - line.get(after..).unwrap_or_default().trim_start_matches(is_space).len();
    let value_end = line.trim_end_matches(is_space).len().max(after);
    let mut splices = Vec::new();
    if let Some(comment) = inline_comment(entry.value) {
        splices.push(Splice { from, to: from, with: format!("{comment}{}", line_end(text)) });
    }
    let splice = if entry.value.is_empty() {
        // `key =` gets its blank, `key=` doesn't.
        let spaced =
            line.get(..after).is_some_and(|key| key.trim_end_matches(['=', ':']).ends_with(is_space));
        let with = if spaced { format!(" {value}") } else { value.to_owned() };
        Splice { from: from + after, to: from + line.len(), with }
    } else {
        Splice { from: from + value_at, to: from + value_end, with: value.to_owned() }
    };
    splices.push(splice);
    Ok(splices)
}

/// Lines below the key that botocore takes for its value: the user may well not. No guess is right.
fn one_line(entry: &Entry<'_>) -> Result<(), Fault> {
    match entry.continued().next() {
        None => Ok(()),
        Some(index) => Err(Fault::new(
            Exit::Config,
            format!("line {} is indented, which makes it part of the value of `{}`", index + 1, entry.key),
        )
        .hint(format!("mend line {} in an editor and try again", index + 1))),
    }
}

fn inline_comment(value: &str) -> Option<&str> {
    let mut before = ' ';
    for (at, c) in value.char_indices() {
        if matches!(c, '#' | ';') && is_space(before) {
            return value.get(at..);
        }
        before = c;
    }
    None
}

/// New keys go after the last one that stays, indented like it: deeper would make them part of its value,
/// less would swallow an indented header that follows.
fn add_keys(
    text: &str,
    ini: &Ini<'_>,
    section: &Section<'_>,
    change: &Change,
    added: &[&(&'static str, String)],
) -> Splice {
    let last = section.entries.iter().rfind(|entry| !change.remove.contains(&entry.key.as_ref()));
    let (anchor, indent) = match last {
        Some(entry) => (entry.continued().last().unwrap_or(entry.line), indent(line(text, ini, entry.line))),
        None => {
            let following = ini.sections.iter().find(|other| other.line > section.line);
            (section.line, following.map_or("", |other| indent(line(text, ini, other.line))))
        }
    };
    let end = line_end(text);
    let lines: Vec<_> = added.iter().map(|(key, value)| format!("{indent}{key} = {value}")).collect();
    let at = next(text, ini, anchor);
    let is_unfinished = ini.lines.get(anchor).is_some_and(|range| range.end == at);
    let lines = lines.join(end);
    let with = if is_unfinished { format!("{end}{lines}") } else { format!("{lines}{end}") };
    Splice { from: at, to: at, with }
}

fn append(text: &str, ini: &Ini<'_>, change: &Change) -> String {
    let header = match &change.role {
        Role::Profile(name) if name == "default" => name.clone(),
        Role::Profile(name) => format!("profile {}", quote(name)),
        Role::Session(name) => format!("sso-session {}", quote(name)),
        Role::Services(name) => format!("services {}", quote(name)),
        Role::Defaults | Role::Dropped | Role::Other => return text.to_owned(),
    };
    let end = line_end(text);
    let mut edited = text.to_owned();
    if !edited.is_empty() && !edited.ends_with(['\n', '\r']) {
        edited.push_str(end);
    }
    let is_open =
        ini.lines.last().is_some_and(|range| !text.get(range.clone()).unwrap_or_default().trim().is_empty());
    if is_open {
        edited.push_str(end);
    }
    let header = format!("[{header}]");
    let lines = iter::once(header).chain(change.set.iter().map(|(key, value)| format!("{key} = {value}")));
    for line in lines {
        edited.push_str(&line);
        edited.push_str(end);
    }
    edited
}

fn spliced(text: &str, mut splices: Vec<Splice>) -> String {
    // Where a line goes and new ones come at the same place, the new ones come first.
    splices.sort_by_key(|splice| (splice.from, splice.to));
    let mut edited = String::with_capacity(text.len() + 256);
    let mut at = 0;
    for splice in splices {
        edited.push_str(text.get(at..splice.from).unwrap_or_default());
        edited.push_str(&splice.with);
        at = splice.to;
    }
    edited.push_str(text.get(at..).unwrap_or_default());
    edited
}

/// The line end most of the file has.
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

fn line<'a>(text: &'a str, ini: &Ini<'_>, index: usize) -> &'a str {
    ini.lines.get(index).and_then(|range| text.get(range.clone())).unwrap_or_default()
}

fn indent(line: &str) -> &str {
    line.get(..line.len() - line.trim_start_matches(is_space).len()).unwrap_or_default()
}

fn start(ini: &Ini<'_>, index: usize) -> usize {
    ini.lines.get(index).map_or(0, |range| range.start)
}

fn next(text: &str, ini: &Ini<'_>, index: usize) -> usize {
    ini.lines.get(index + 1).map_or(text.len(), |range| range.start)
}

fn refused(refusal: &Refusal) -> Fault {
    Fault::new(Exit::Config, refusal.to_string())
        .hint(format!("mend line {} in an editor; the AWS CLI refuses the file too", refusal.line))
}

/// The safety net under everything above.
fn check(mut before: Content, mut after: Content, changes: &[Change]) -> Result<(), Fault> {
    let fault = |what: String| Fault::new(Exit::Config, format!("{what}; nothing is written"));
    for change in changes {
        let (old, new) = (take(&mut before, &change.role), take(&mut after, &change.role));
        let Some(new) = new else {
            return Err(fault(format!("{} can't be written so that it reads back", in_words(&change.role))));
        };
        for (key, value) in &change.set {
            if new.get(*key) != Some(&Value::Text(value.clone())) {
                return Err(fault(format!("`{key}` of {} would not read back", in_words(&change.role))));
            }
        }
        let is_concerned =
            |key: &str| change.remove.contains(&key) || change.set.iter().any(|(other, _)| *other == key);
        if let Some(old) = old
            && let Some((key, _)) =
                old.iter().find(|(key, value)| !is_concerned(key) && new.get(*key) != Some(*value))
        {
            return Err(fault(format!("`{key}` of {} would change too", in_words(&change.role))));
        }
    }
    if before != after {
        return Err(fault("a section that isn't concerned would change too".to_owned()));
    }
    Ok(())
}

fn take(content: &mut Content, role: &Role) -> Option<Keys> {
    match role {
        Role::Profile(name) => content.profiles.shift_remove(name),
        Role::Session(name) => content.sessions.shift_remove(name),
        Role::Services(name) => content.services.shift_remove(name),
        Role::Defaults | Role::Dropped | Role::Other => None,
    }
}

fn in_words(role: &Role) -> String {
    match role {
        Role::Profile(name) => format!("profile `{name}`"),
        Role::Session(name) => format!("sso-session `{name}`"),
        Role::Services(name) => format!("services `{name}`"),
        Role::Defaults | Role::Dropped | Role::Other => "the section".to_owned(),
    }
}
