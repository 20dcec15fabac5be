//! What the bytes of a cache file are worth: whole, or torn, and then what of them is a whole object all the same.
//!
//! The AWS CLI truncates and writes in place, without a lock (AWS-FORMATS 1). Two of them at once leave the last
//! writer's object and, behind it, the end of a longer one. That first object is what was meant.

use std::ops::Range;
use std::path::Path;

use serde_json::{Map, Value};
use sso_tool::safe_read::{self, Found};
use sso_tool::stream;
use sso_tool::time::Moment;

use crate::credentials::RoleCredentials;
use crate::entry::{self, Entry};
use crate::registration::Registration;
use crate::token::Token;

/// What may stand in a file, by where it is and how it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A file of the folder of tokens under a key, or under the name of an old AWS CLI's registration: a token or a
    /// registration.
    Token,
    /// A file of the folder of role credentials under a key.
    Role,
    /// Another tool's file in the folder of tokens: any JSON is as it should be.
    Foreign,
}

impl FileKind {
    /// The place of a file in the folder of role credentials (`is_role`) or of tokens.
    pub fn of(path: &Path, is_role: bool) -> Self {
        if !is_ours(path) {
            return Self::Foreign;
        }
        if is_role { Self::Role } else { Self::Token }
    }
}

/// Whether a file is named as the AWS CLI and the SDKs name theirs: 40 digits of lower-case hex, or
/// `botocore-client-id-REGION` (AWS-FORMATS 1), and `.json`.
pub fn is_ours(path: &Path) -> bool {
    let is_json = path.extension().is_some_and(|extension| extension == "json");
    let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()) else { return false };
    let is_key = stem.len() == 40 && stem.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_json && (is_key || stem.starts_with("botocore-client-id-"))
}

/// A whole object, and where in the file it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole {
    /// The bytes of the whole object.
    pub range: Range<usize>,
    /// `token`, `registration` or `role-credentials`.
    pub kind: &'static str,
    /// When what it holds is over.
    pub expires_at: Moment,
    /// How many keys it has, and whose it is: what it is preferred by.
    keys: usize,
    origin: Option<(String, String)>,
}

/// What a file is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As its readers want it; with what it holds, if that is of the AWS CLI's kinds.
    Good(Option<Whole>),
    /// Of no use as it is: why, in words that show none of it, and the one object in it that can be saved.
    Torn(&'static str, Option<Whole>),
}

/// The longest torn file that is searched for something whole, in bytes: token files have 2 to 4 KiB.
const LONGEST: usize = 256 << 10;
/// How many beginnings of an object are tried.
const BEGINNINGS: usize = 256;

/// Judges a file by its bytes.
///
/// In a torn file, an object is saved only if all of it is there, with the keys that every reader needs, and if there is
/// no doubt: of several tokens the one that lasts longest is taken, then the one with more keys, then the later one;
/// tokens of two start URLs or regions, or things of two kinds, are left alone. Nothing is ever put together from parts.
pub fn judge(place: FileKind, bytes: &[u8]) -> Verdict {
    let why = match entry::parse(bytes) {
        Entry::Whole(object) => match content(place, 0..bytes.len(), object) {
            Ok(whole) => return Verdict::Good(Some(whole)),
            Err(_) if place == FileKind::Foreign => return Verdict::Good(None),
            Err(why) => why,
        },
        // A list or a text, and a key that is there twice, are as good to another tool.
        Entry::Corrupt(_) if place == FileKind::Foreign && is_json(bytes) => return Verdict::Good(None),
        Entry::Corrupt(why) => why,
        Entry::Missing => "is empty",
    };
    match chosen(wholes(place, bytes)) {
        Ok(whole) => Verdict::Torn(why, whole),
        Err(doubt) => Verdict::Torn(doubt, None),
    }
}

/// The one whole token in a torn token file, which `sso-cache repair` would save and a login needn't replace. A link is
/// nobody's to mend from here.
pub fn token_in(path: &Path) -> Option<Token> {
    let Found::Bytes(bytes) = safe_read::read(path, stream::LARGEST).ok()? else { return None };
    let Verdict::Torn(_, Some(whole)) = judge(FileKind::of(path, false), &bytes) else { return None };
    whole_token(&bytes, &whole)
}

/// The token that a cache file or a copy of one holds, torn or not.
pub fn any_token_in(path: &Path) -> Option<Token> {
    let Found::Bytes(bytes) = safe_read::read(path, stream::LARGEST).ok()? else { return None };
    let (Verdict::Torn(_, Some(whole)) | Verdict::Good(Some(whole))) = judge(FileKind::Token, &bytes) else {
        return None;
    };
    whole_token(&bytes, &whole)
}

fn whole_token(bytes: &[u8], whole: &Whole) -> Option<Token> {
    let object = entry::parse(bytes.get(whole.range.clone())?).whole()?;
    (whole.kind == "token").then(|| Token::from_object(object).whole())?
}

fn is_json(bytes: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok()
}

/// What an object is, if it is what belongs in that place.
fn content(place: FileKind, range: Range<usize>, object: Map<String, Value>) -> Result<Whole, &'static str> {
    let has = |key: &str| object.contains_key(key);
    let keys = object.len();
    let whole = |kind, expires_at, origin| Whole { range, kind, expires_at, keys, origin };
    // A registration has none of these; a token whose `accessToken` was lost still has them.
    if place != FileKind::Role
        && ["accessToken", "refreshToken", "registrationExpiresAt"].into_iter().any(has)
    {
        return usable(Token::from_object(object)).map(|token| {
            let origin = (token.start_url.unwrap_or_default(), token.region.unwrap_or_default());
            whole("token", token.expires_at, Some(origin))
        });
    }
    if place != FileKind::Role && (has("clientId") || has("clientSecret")) {
        return usable(Registration::from_object(object))
            .map(|registration| whole("registration", registration.expires_at, None));
    }
    if place == FileKind::Role {
        return usable(RoleCredentials::from_object(object))
            .map(|credentials| whole("role-credentials", credentials.expires_at, None));
    }
    Err("is neither a token nor a registration")
}

fn usable<T>(entry: Entry<T>) -> Result<T, &'static str> {
    match entry {
        Entry::Whole(content) => Ok(content),
        Entry::Corrupt(why) => Err(why),
        Entry::Missing => Err("is empty"),
    }
}

/// Every whole object of use, in order. Of another tool's file only one at its very start: what lies deeper may be
/// a part of a form that nobody here knows.
fn wholes(place: FileKind, bytes: &[u8]) -> Vec<Whole> {
    let mut found = Vec::new();
    if bytes.len() > LONGEST {
        return found;
    }
    let mut at = 0;
    for _ in 0..BEGINNINGS {
        let Some(start) = bytes.iter().skip(at).position(|byte| *byte == b'{').map(|offset| at + offset)
        else {
            break;
        };
        let is_at_start = bytes.iter().take(start).all(u8::is_ascii_whitespace);
        if place == FileKind::Foreign && !is_at_start {
            break;
        }
        at = start + 1;
        if let Some(end) = end_of_object(bytes, start)
            && let Some(slice) = bytes.get(start..end)
            && let Entry::Whole(object) = entry::parse(slice)
        {
            // Whatever is within a whole object belongs to it.
            at = end;
            found.extend(content(place, start..end, object).ok());
        }
    }
    found
}

/// Where the object that begins at `start` ends, by its brackets alone.
fn end_of_object(bytes: &[u8], start: usize) -> Option<usize> {
    let (mut depth, mut is_text, mut is_escaped) = (0_usize, false, false);
    for (offset, byte) in bytes.iter().enumerate().skip(start) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            _ if is_text => {}
            b'{' => depth += 1,
            b'}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(offset + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// The one to save; the error is the doubt.
fn chosen(wholes: Vec<Whole>) -> Result<Option<Whole>, &'static str> {
    let mut rest = wholes.iter();
    let Some(first) = rest.next() else { return Ok(None) };
    for other in rest {
        if other.kind != first.kind {
            return Err("has objects of two kinds");
        }
        if other.origin != first.origin {
            return Err("has tokens for two start URLs or regions");
        }
    }
    // Of equals, `max_by_key` takes the last.
    Ok(wholes.into_iter().max_by_key(|whole| (whole.expires_at, whole.keys)))
}

#[cfg(test)]
mod tests;
