//! Which files the AWS config is in, and what is in them (AWS-FORMATS 7).

use std::env;
use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context as _;
use sso_tool::exit::{Exit, Fault};
use sso_tool::settings::Settings;

use crate::ini::{Ini, Refusal};

/// The path of the config file: `AWS_CONFIG_FILE`, else `~/.aws/config`. `None` if the variable is
/// set and empty: botocore then reads no file.
pub fn config_path(settings: &Settings) -> anyhow::Result<Option<PathBuf>> {
    path("AWS_CONFIG_FILE", "~/.aws/config", settings)
}

/// The path of the credentials file: `AWS_SHARED_CREDENTIALS_FILE`, else `~/.aws/credentials`.
pub fn credentials_path(settings: &Settings) -> anyhow::Result<Option<PathBuf>> {
    path("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials", settings)
}

/// A file's text and when it was last changed.
#[derive(Debug)]
pub struct Text {
    /// All of it.
    pub text: String,
    /// Nanoseconds since 1970.
    pub modified_nanos: i64,
}

/// Reads a file. `None` if there is none or it is no regular file (`/dev/null`, a folder): to
/// botocore these are the same.
pub fn read(path: &Path) -> anyhow::Result<Option<Text>> {
    let Some((bytes, metadata)) = read_bytes(path)? else { return Ok(None) };
    Ok(Some(Text { text: text(path, bytes)?, modified_nanos: nanos(&metadata) }))
}

/// The text of a file's bytes.
pub(crate) fn text(path: &Path, bytes: Vec<u8>) -> anyhow::Result<String> {
    String::from_utf8(bytes).map_err(|err| {
        let valid = err.utf8_error().valid_up_to();
        let line = 1 + err.as_bytes().iter().take(valid).filter(|byte| **byte == b'\n').count();
        unreadable(path, &Refusal { line, why: "not UTF-8".to_owned() })
    })
}

/// The bytes of a regular file, with what was known of it when it was opened.
pub fn read_bytes(path: &Path) -> anyhow::Result<Option<(Vec<u8>, Metadata)>> {
    let cannot_read = || format!("cannot read {}", path.display());
    // Looked at before it is opened: opening a FIFO waits for its writer.
    match path.metadata() {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Ok(None),
        Err(err) if matches!(err.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(err) => return Err(err).with_context(cannot_read),
    }
    let deadline = Instant::now() + LONGEST;
    loop {
        let mut file = match File::open(path) {
            Ok(file) => file,
            // Gone since it was looked at.
            Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(err) => return Err(err).with_context(cannot_read),
        };
        let metadata = file.metadata().with_context(cannot_read)?;
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default() + 1);
        file.read_to_end(&mut bytes).with_context(cannot_read)?;
        // As it is after the reading: a write meanwhile makes it younger.
        let after = file.metadata().with_context(cannot_read)?;
        match unrest(&bytes, &after).filter(|_| Instant::now() < deadline) {
            Some(pause) => sleep(pause),
            None => return Ok(Some((bytes, after))),
        }
    }
}

/// How old the last change of a file must be before its content counts, if nothing in it looks cut off.
const RESTED: Duration = Duration::from_millis(30);

/// The same for content that looks cut off: none at all, no line feed at the end, or none that parses.
const RESTED_TORN: Duration = Duration::from_millis(250);

/// How long a file that keeps changing is looked at again.
const LONGEST: Duration = Duration::from_secs(2);

/// The pause before the next look at a file that somebody may be writing at this moment; `None` once what was read counts.
///
/// The AWS CLI truncates a config and writes it in place, and so do editors and shells: one look may find nothing, or a
/// part. By the time of the last change, a file that rests costs no second look.
pub(crate) fn unrest(bytes: &[u8], metadata: &Metadata) -> Option<Duration> {
    let modified = metadata.modified().ok()?;
    // A time to come is a clock that was set, not a writer.
    let age = SystemTime::now().duration_since(modified).ok()?;
    if age >= RESTED_TORN {
        return None;
    }
    let is_whole =
        bytes.ends_with(b"\n") && std::str::from_utf8(bytes).is_ok_and(|text| Ini::parse(text).is_ok());
    // What was put in place by a rename was never anything else.
    let is_born_whole =
        metadata.created().is_ok_and(|born| modified.duration_since(born).unwrap_or_default() < BORN_WHOLE);
    if is_whole && is_born_whole {
        return None;
    }
    let rested = if is_whole { RESTED } else { RESTED_TORN };
    (age < rested).then_some(LOOK)
}

/// A file that was whole so soon after it was made was written once.
const BORN_WHOLE: Duration = Duration::from_millis(10);

/// The pause between two looks.
const LOOK: Duration = Duration::from_millis(5);

/// The error for a file that botocore refuses: no AWS tool works until it is mended.
pub fn unreadable(path: &Path, refusal: &Refusal) -> anyhow::Error {
    Fault::new(Exit::Config, format!("{}, {refusal}", path.display()))
        .hint(format!("mend line {} in an editor; the AWS CLI refuses the file too", refusal.line))
        .into()
}

/// When a regular file was last changed, in nanoseconds since 1970; `None` if there is none.
pub fn modified_nanos(path: &Path) -> Option<i64> {
    path.metadata().ok().filter(Metadata::is_file).map(|metadata| nanos(&metadata))
}

fn nanos(metadata: &Metadata) -> i64 {
    metadata.mtime().saturating_mul(1_000_000_000).saturating_add(metadata.mtime_nsec())
}

fn path(variable: &str, default: &str, settings: &Settings) -> anyhow::Result<Option<PathBuf>> {
    let written = match env::var(variable) {
        Ok(written) => written,
        Err(env::VarError::NotPresent) => default.to_owned(),
        // Not UTF-8: nothing in it to expand.
        Err(env::VarError::NotUnicode(written)) => return Ok(Some(written.into())),
    };
    if written.is_empty() {
        return Ok(None);
    }
    let expanded = expand_variables(&written, |name| env::var(name).ok());
    match expanded.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => {
            Ok(Some(settings.home()?.join(rest.trim_start_matches('/'))))
        }
        _ => Ok(Some(expanded.into())),
    }
}

/// Python's `os.path.expandvars`: `$NAME` and `${NAME}`; an unknown one stays as it is.
fn expand_variables(text: &str, lookup: impl Fn(&str) -> Option<String>) -> String {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        expanded.push_str(before);
        let braced = after.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        let (name, tail) = braced.unwrap_or_else(|| {
            after
                .split_at(after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len()))
        });
        match lookup(name).filter(|_| !name.is_empty()) {
            Some(value) => {
                expanded.push_str(&value);
                rest = tail;
            }
            None => {
                expanded.push('$');
                rest = after;
            }
        }
    }
    expanded.push_str(rest);
    expanded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_expanded_as_python_does() {
        let expand = |text| {
            expand_variables(text, |name| match name {
                "A" => Some("/a".to_owned()),
                "A_B" => Some("$A".to_owned()),
                _ => None,
            })
        };
        assert_eq!(expand("$A/x${A}y$A-z"), "/a/x/ay/a-z");
        assert_eq!(expand("$A_B"), "$A");
        assert_eq!(expand("$NONE/${NONE}$ ${A $"), "$NONE/${NONE}$ ${A $");
        assert_eq!(expand("plain"), "plain");
    }
}
