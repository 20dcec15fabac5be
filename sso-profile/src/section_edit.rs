//! Edits config text and leaves every byte alone that isn't concerned (AWS-FORMATS 7 says what
//! goes wrong otherwise).

use std::collections::{HashMap, HashSet};
use std::iter;

use sso_tool::exit::{Exit, Fault};

use crate::config::{Content, Keys, Named, Role};
use crate::cut::cuts;
use crate::ini::source_text::{Source, Splice};
use crate::ini::words::quote;
use crate::ini::{Ini, Property, Refusal, Section, Value, is_space};
use crate::mark::is_mark;

/// What a section is to say. Keys are lower-case; those in neither list stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SectionEdit {
    /// Which section. Of several for one name, the last is what counts and is changed.
    pub role: Role,
    /// Keys with their values, in the order for a new section.
    pub set: Vec<(&'static str, String)>,
    /// Keys that go.
    pub remove: Vec<&'static str>,
    /// The comment line below the header that says whose the section is (`mark.rs`); `None` leaves it as it is.
    pub mark: Option<String>,
}

/// The text after the changes and without the sections in `dropped`, checked: it parses, the sections say
/// what they are to say, and every other one says what it said.
///
/// Status 78 if the text doesn't parse before, or a line can't be changed without guessing.
pub fn edit(text: &str, changes: &[SectionEdit], dropped: &[Role]) -> Result<String, Fault> {
    let ini = Ini::parse(text).map_err(|refusal| refused(&refusal))?;
    let before = Content::of(&ini).map_err(|refusal| refused(&refusal))?;
    let source = Source::new(text, &ini);
    // Of several sections for one name, the last one stays in the map.
    let sections: HashMap<Role, usize> =
        ini.sections.iter().enumerate().map(|(index, section)| (Role::of(section.header), index)).collect();
    let mut splices = cuts(&source, dropped);
    let mut new = Vec::new();
    for change in changes {
        match sections.get(&change.role).and_then(|index| ini.sections.get(*index)) {
            Some(section) => splices.extend(change_section(&source, section, change)?),
            None => new.push(change),
        }
    }
    let mut edited = source.spliced(splices);
    for change in new {
        append(&mut edited, source.end, change);
    }
    let after = Content::parse(&edited).map_err(|refusal| {
        Fault::new(Exit::Config, format!("the change would break the file at {refusal}; nothing is written"))
    })?;
    check(before, after, changes, dropped)?;
    Ok(edited)
}

fn change_section(
    source: &Source<'_>,
    section: &Section<'_>,
    change: &SectionEdit,
) -> Result<Vec<Splice>, Fault> {
    let mut splices = Vec::new();
    if let Some(mark) = &change.mark {
        splices.extend(set_mark(source, section, mark));
    }
    for entry in &section.entries {
        if let Some((_, value)) = change.set.iter().find(|(key, _)| *key == entry.key) {
            splices.extend(replace_value(source, entry, value)?);
        } else if change.remove.contains(&entry.key.as_ref()) {
            one_line(entry)?;
            splices.push(Splice {
                from: source.start(entry.line),
                to: source.next(entry.line),
                with: String::new(),
            });
        }
    }
    let missing = |key: &str| !section.entries.iter().any(|entry| entry.key == key);
    let added: Vec<_> = change.set.iter().filter(|(key, _)| missing(key)).collect();
    if !added.is_empty() {
        splices.push(add_keys(source, section, change, &added));
    }
    Ok(splices)
}

/// The mark goes directly below the header, where it moves with the section; one that is there is replaced.
fn set_mark(source: &Source<'_>, section: &Section<'_>, mark: &str) -> Option<Splice> {
    let old = source.body(section).find(|index| is_mark(source.line(*index)));
    match old {
        Some(index) if source.line(index) == mark => None,
        Some(index) => {
            let from = source.start(index);
            Some(Splice { from, to: from + source.line(index).len(), with: mark.to_owned() })
        }
        None => Some(source.line_after(section.line, mark)),
    }
}

/// The value alone is replaced: key, delimiter and spacing stay. What looks like a comment behind the
/// value is part of the value to botocore, so it moves to a line of its own.
fn replace_value(source: &Source<'_>, entry: &Property<'_>, value: &str) -> Result<Vec<Splice>, Fault> {
    if entry.value == value && entry.continued().next().is_none() {
        return Ok(Vec::new());
    }
    one_line(entry)?;
    let from = source.start(entry.line);
    let line = source.line(entry.line);
    let after = line.find(['=', ':']).map_or(line.len(), |at| at + 1);
    let value_at = line.len() - line.get(after..).unwrap_or_default().trim_start_matches(is_space).len();
    let value_end = line.trim_end_matches(is_space).len().max(after);
    let mut splices = Vec::new();
    if let Some(comment) = inline_comment(entry.value) {
        splices.push(Splice { from, to: from, with: format!("{comment}{}", source.end) });
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
fn one_line(entry: &Property<'_>) -> Result<(), Fault> {
    match entry.continued().next() {
        None => Ok(()),
        Some(index) => Err(Fault::new(
            Exit::Config,
            format!("line {} is indented, which makes it part of the value of `{}`", index + 1, entry.key),
        )
        .hint(format!("fix line {} in an editor and try again", index + 1))),
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
    source: &Source<'_>,
    section: &Section<'_>,
    change: &SectionEdit,
    added: &[&(&'static str, String)],
) -> Splice {
    let last = section.entries.iter().rfind(|entry| !change.remove.contains(&entry.key.as_ref()));
    let (anchor, indent) = match last {
        Some(entry) => (entry.continued().last().unwrap_or(entry.line), indent(source.line(entry.line))),
        None => {
            let following = source.ini.sections.iter().find(|other| other.line > section.line);
            let mark = source.body(section).find(|index| is_mark(source.line(*index)));
            let indent = following.map_or("", |other| indent(source.line(other.line)));
            (mark.unwrap_or(section.line), indent)
        }
    };
    let lines: Vec<_> = added.iter().map(|(key, value)| format!("{indent}{key} = {value}")).collect();
    source.line_after(anchor, &lines.join(source.end))
}

fn append(edited: &mut String, end: &str, change: &SectionEdit) {
    let header = match &change.role {
        Role::Profile(name) if name == "default" => name.clone(),
        Role::Profile(name) => format!("profile {}", quote(name)),
        Role::Session(name) => format!("sso-session {}", quote(name)),
        Role::Services(name) => format!("services {}", quote(name)),
        Role::Defaults | Role::Dropped | Role::Other => return,
    };
    if !edited.is_empty() && !edited.ends_with(['\n', '\r']) {
        edited.push_str(end);
    }
    let without_end = edited.strip_suffix("\r\n").or_else(|| edited.strip_suffix(['\n', '\r']));
    let last = without_end.unwrap_or_default().rsplit(['\n', '\r']).next().unwrap_or_default();
    // A line of blanks is somebody's: the removal takes an empty one along only.
    if !last.is_empty() {
        edited.push_str(end);
    }
    let keys = change.set.iter().map(|(key, value)| format!("{key} = {value}"));
    for line in iter::once(format!("[{header}]")).chain(change.mark.clone()).chain(keys) {
        edited.push_str(&line);
        edited.push_str(end);
    }
}

fn indent(line: &str) -> &str {
    line.get(..line.len() - line.trim_start_matches(is_space).len()).unwrap_or_default()
}

fn refused(refusal: &Refusal) -> Fault {
    Fault::new(Exit::Config, refusal.to_string())
        .hint(format!("fix line {} in an editor; the AWS CLI refuses the file too", refusal.line))
}

/// The safety net under everything above.
fn check(
    mut before: Content,
    mut after: Content,
    changes: &[SectionEdit],
    dropped: &[Role],
) -> Result<(), Fault> {
    let fault = |what: String| Fault::new(Exit::Config, format!("{what}; nothing is written"));
    for change in changes {
        let Some(new) = keys(&after, &change.role) else {
            return Err(fault(format!(
                "{} can't be written in a form that reads back the same",
                in_words(&change.role)
            )));
        };
        for (key, value) in &change.set {
            if new.get(key) != Some(&Value::Text(value.clone())) {
                return Err(fault(format!("`{key}` of {} would not read back", in_words(&change.role))));
            }
        }
        let is_concerned =
            |key: &str| change.remove.contains(&key) || change.set.iter().any(|(other, _)| *other == key);
        if let Some(old) = keys(&before, &change.role)
            && let Some((key, _)) =
                old.iter().find(|(key, value)| !is_concerned(key) && new.get(key) != Some(*value))
        {
            return Err(fault(format!("`{key}` of {} would change too", in_words(&change.role))));
        }
    }
    if let Some(role) = dropped.iter().find(|role| keys(&after, role).is_some()) {
        return Err(fault(format!("{} would still be there", in_words(role))));
    }
    let concerned: HashSet<_> = changes.iter().map(|change| &change.role).chain(dropped).collect();
    for content in [&mut before, &mut after] {
        let forget = |sections: &mut Named, role: fn(String) -> Role| {
            sections.retain(|name, _| !concerned.contains(&role(name.clone())));
        };
        forget(&mut content.profiles, Role::Profile);
        forget(&mut content.sessions, Role::Session);
        forget(&mut content.services, Role::Services);
    }
    if before != after {
        return Err(fault("an unrelated section would change too".to_owned()));
    }
    Ok(())
}

fn keys<'c>(content: &'c Content, role: &Role) -> Option<&'c Keys> {
    match role {
        Role::Profile(name) => content.profiles.get(name),
        Role::Session(name) => content.sessions.get(name),
        Role::Services(name) => content.services.get(name),
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
