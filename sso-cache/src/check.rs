//! From a profile's document to the same document with the state of its token and credentials.
//! Two files are read, nothing is written, no network is used, and no secret is in what comes out.

use serde_json::{Map, Value};
use sso_tool::exit::{Exit, Fault, status_of};
use sso_tool::sanitize::sanitize;
use sso_tool::settings::Settings;
use sso_tool::stream::{Document, Documents};
use sso_tool::time::{self, Moment};

use crate::credentials::RoleCredentials;
use crate::entry::{Entry, put};
use crate::folder::Cache;
use crate::key::Session;
use crate::reason;
use crate::state::State;
use crate::subject::Subject;
use crate::token::Token;
use crate::view::View;

/// What a document's check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nobody has to log in.
    Good,
    /// A person must log in.
    LoginRequired,
    /// The profile can't be resolved, so there is no telling.
    Unresolved,
    /// A file can't be read, so there is no telling.
    Unreadable,
}

impl Answer {
    /// The exit status under `--exit-status`.
    pub fn exit(self) -> Exit {
        match self {
            Self::Good => Exit::Done,
            Self::LoginRequired => Exit::LoginRequired,
            Self::Unresolved => Exit::Config,
            Self::Unreadable => Exit::Io,
        }
    }
}

/// The keys that a check adds, in their order. Those of an earlier check are replaced.
const OURS: [&str; 5] = ["token", "credentials", "loginRequired", "reason", "episode"];

/// What the check of a stream came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// The last answer; `None` if there was none.
    pub last: Option<Answer>,
    /// Whether any document's file couldn't be read.
    pub is_any_unreadable: bool,
}

impl Answers {
    /// The exit status; with `is_last_asked` (`--exit-status`) that of the last answer. No document at all is no yes.
    pub fn exit(self, is_last_asked: bool) -> anyhow::Result<Exit> {
        let exit = match self.last {
            _ if !is_last_asked => Exit::Done,
            Some(last) => last.exit(),
            None => {
                return Err(Fault::new(Exit::Data, "no profile document on standard input")
                    .hint("sso-profile list | sso-cache check -e")
                    .into());
            }
        };
        Ok(if exit == Exit::Done && self.is_any_unreadable { Exit::Io } else { exit })
    }
}

/// Checks every document as it comes. A file that can't be read is its document's `error`, and said once; the others are
/// answered.
pub fn filter(
    documents: Documents<impl std::io::Read>,
    cache: &Cache,
    settings: &Settings,
    view: &mut View,
) -> anyhow::Result<Answers> {
    let mut answers = Answers::default();
    for document in documents {
        let mut document = document?;
        let answer = match check(&mut document, cache, time::now()?) {
            Err(err) if status_of(&err) == Exit::Io => {
                settings.warn_once(format!("{err:#}"));
                fail(&mut document, &err);
                answers.is_any_unreadable = true;
                Some(Answer::Unreadable)
            }
            answer => answer?,
        };
        answers.last = answer.or(answers.last);
        log(&document, settings);
        view.show(&document)?;
    }
    Ok(answers)
}

/// Adds the keys. An event is left alone and has no answer. Errors: a document without profile
/// data (status 65), a file that may not be read (74).
pub fn check(document: &mut Document, cache: &Cache, now: Moment) -> anyhow::Result<Option<Answer>> {
    let (added, answer) = match Subject::of(document)? {
        Subject::Event => return Ok(None),
        Subject::Unresolved(error) => (only_reason(&error), Answer::Unresolved),
        Subject::Other(kind) => (of_other(kind), Answer::Good),
        Subject::Sso { session, role } => of_session(session, role, cache, now)?,
    };
    for key in OURS {
        document.shift_remove(key);
    }
    document.extend(added);
    Ok(Some(answer))
}

/// Turns a failed check into a document, for a stream that goes on: `error` and `reason`, and no
/// `loginRequired`, since nobody knows.
pub fn fail(document: &mut Document, err: &anyhow::Error) {
    for key in OURS {
        document.shift_remove(key);
    }
    let message = sanitize(&format!("{err:#}"));
    document.set("error", message.as_str());
    document.extend(only_reason(&message));
}

/// One line of log about a checked document.
pub(crate) fn log(document: &Document, settings: &Settings) {
    settings.debug(|| {
        let text = |key: &str| document.get(key).and_then(Value::as_str).map(sanitize).unwrap_or_default();
        let file = document.get("token").and_then(|token| token.get("file")).and_then(Value::as_str);
        format!("{}: {} [{}]", text("profile"), text("reason"), file.unwrap_or("no token file"))
    });
}

fn only_reason(reason: &str) -> Map<String, Value> {
    Map::from_iter([("reason".to_owned(), reason.into())])
}

fn of_other(kind: &str) -> Map<String, Value> {
    let words = match kind {
        "static" => "static keys".to_owned(),
        "process" => "a credential process".to_owned(),
        "assume-role" => "a role of another profile".to_owned(),
        "web-identity" => "a web identity token".to_owned(),
        "none" => "no credentials in the config".to_owned(),
        other => sanitize(other),
    };
    let reason = format!("not an SSO profile ({words})");
    Map::from_iter([("loginRequired".to_owned(), false.into()), ("reason".to_owned(), reason.into())])
}

fn of_session(
    session: Session<'_>,
    role: Option<(&str, &str)>,
    cache: &Cache,
    now: Moment,
) -> anyhow::Result<(Map<String, Value>, Answer)> {
    let path = cache.token(session);
    let token = Token::read(&path)?;
    let credentials = match role {
        Some((account_id, role_name)) => {
            Some(RoleCredentials::read(&cache.role(account_id, role_name, session))?)
        }
        None => None,
    };
    let state = state_of(&token, |token| token.state(now));
    let needs_login = state.needs_login();

    let mut added = Map::new();
    let mut described = describe_token(&token, state, now);
    put(&mut described, "file", Some(path.to_string_lossy()));
    put(&mut added, "token", Some(described));
    put(&mut added, "credentials", credentials.as_ref().map(|entry| describe_credentials(entry, now)));
    put(&mut added, "loginRequired", Some(needs_login));
    put(&mut added, "reason", Some(reason::of(session, &token, credentials.as_ref(), now)));
    if needs_login {
        let dead = token.whole().map(|token| time::format(token.expires_at));
        put(&mut added, "episode", Some(dead.unwrap_or_else(|| "missing".to_owned())));
    }
    Ok((added, if needs_login { Answer::LoginRequired } else { Answer::Good }))
}

fn state_of<T>(entry: &Entry<T>, of_whole: impl Fn(&T) -> State) -> State {
    match entry {
        Entry::Whole(content) => of_whole(content),
        Entry::Missing => State::Missing,
        Entry::Corrupt(_) => State::Corrupt,
    }
}

fn describe_token(entry: &Entry<Token>, state: State, now: Moment) -> Map<String, Value> {
    let mut described = Map::new();
    put(&mut described, "state", Some(state.as_str()));
    if let Entry::Whole(token) = entry {
        put(&mut described, "expiresAt", Some(time::format(token.expires_at)));
        put(&mut described, "refreshable", Some(token.is_refreshable(now)));
        put(&mut described, "registrationExpiresAt", token.registration_expires_at.map(time::format));
    } else {
        put(&mut described, "refreshable", Some(false));
    }
    described
}

fn describe_credentials(entry: &Entry<RoleCredentials>, now: Moment) -> Map<String, Value> {
    let mut described = Map::new();
    put(&mut described, "state", Some(state_of(entry, |credentials| credentials.state(now)).as_str()));
    if let Entry::Whole(credentials) = entry {
        put(&mut described, "expiresAt", Some(time::format(credentials.expires_at)));
    }
    described
}
