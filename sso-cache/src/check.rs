//! From a profile's document to the same document with the state of its token and credentials.
//! Two files are read, nothing is written, no network is used, and no secret is in what comes out.

use std::time::{Duration, Instant};

use serde_json::{Map, Value};
use sso_tool::episode;
use sso_tool::exit::{Exit, Fault, status_of};
use sso_tool::filter::{self, Handled};
use sso_tool::sanitize::sanitize;
use sso_tool::sentence;
use sso_tool::settings::Settings;
use sso_tool::stream::{Document, Documents, Output};
use sso_tool::subject::Subject;
use sso_tool::time::{self, Moment};

use crate::console_session::{self, ConsoleSession};
use crate::credentials::RoleCredentials;
use crate::entry::{Entry, put};
use crate::folder::Cache;
use crate::forecast::Forecast;
use crate::key::Session;
use crate::pointer::Pointer;
use crate::reason;
use crate::salvage;
use crate::session_ends::SessionEnds;
use crate::token::Token;
use crate::view::View;
use sso_tool::token_state::TokenState;

/// What a document's check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nobody has to log in.
    Good,
    /// A person must log in.
    LoginRequired,
    /// A person must log in, and not by SSO: nobody is asked for an SSO login.
    OtherLoginRequired,
    /// A file can't be read, so there is no telling.
    Unreadable,
}

impl Answer {
    /// The exit status under `--exit-status`.
    pub fn exit(self) -> Exit {
        match self {
            Self::Good => Exit::Done,
            Self::LoginRequired | Self::OtherLoginRequired => Exit::LoginRequired,
            Self::Unreadable => Exit::Io,
        }
    }
}

/// The keys that a check adds, in their order. Those of an earlier check are replaced.
const OURS: [&str; 7] =
    ["token", "session", "credentials", "loginRequired", "reason", "episode", "observedAt"];

/// How long what is known of sessions counts while a stream goes on.
const FRESH: Duration = Duration::from_secs(1);

/// Checks every document as it comes, and answers the exit status: with `is_status_wanted` (`--exit-status`) that of the
/// first answer that isn't good. A file that can't be read is its document's `error`, and said once; the others are
/// answered, and the end is status 74.
pub fn filter(
    documents: Documents<impl std::io::Read>,
    cache: &Cache,
    settings: &Settings,
    is_status_wanted: bool,
    ahead: Duration,
    view: &mut View,
) -> anyhow::Result<Exit> {
    let (mut is_any, mut is_any_unreadable) = (false, false);
    let (mut session_ends, mut read_at) = (SessionEnds::read(settings, ahead)?, Instant::now());
    let exit = filter::filter(documents, is_status_wanted, &mut Output::held(), |subject, document, _| {
        is_any |= subject != Subject::Nobody;
        // A stream may last for days, and sessions begin and end meanwhile.
        if read_at.elapsed() >= FRESH {
            (session_ends, read_at) = (SessionEnds::read(settings, ahead)?, Instant::now());
        }
        let answer = match answer(&subject, document, cache, &session_ends, time::now()?) {
            Err(err) if status_of(&err) == Exit::Io => {
                settings.warn_once(format!("{err:#}"));
                fail(document, &err);
                is_any_unreadable = true;
                Some(Answer::Unreadable)
            }
            answer => answer?,
        };
        log(document, settings);
        shown(&subject, answer, document, view)
    })?;
    if is_status_wanted && !is_any {
        return Err(Fault::new(Exit::Data, "no profile document on standard input")
            .hint("sso-profile list | sso-cache check -e")
            .into());
    }
    Ok(if exit == Exit::Done && is_any_unreadable { Exit::Io } else { exit })
}

/// What the filter does with a document that has its answer, if there is one.
pub(crate) fn shown(
    subject: &Subject,
    answer: Option<Answer>,
    document: &Document,
    view: &mut View,
) -> anyhow::Result<Handled> {
    if view.is_of_documents() {
        return Ok(answer.map_or(Handled::PassedOn, |answer| Handled::Answered(answer.exit())));
    }
    let exit = match (answer, subject) {
        (Some(answer), _) => answer.exit(),
        (None, Subject::Failure(kind)) => kind.exit(),
        _ => Exit::Done,
    };
    // A line about something else would pass for one about the profile.
    if answer.is_some() || (*subject != Subject::Nobody && !view.is_of_lines()) {
        view.show(document)?;
    }
    Ok(Handled::Written(exit))
}

/// Checks a document with what is known of the ends of sessions.
pub fn check_ahead(
    document: &mut Document,
    cache: &Cache,
    session_ends: &SessionEnds<'_>,
    now: Moment,
) -> anyhow::Result<Option<Answer>> {
    answer(&Subject::of(document)?, document, cache, session_ends, now)
}

/// Adds the keys. What is about nobody here is left alone and has no answer. Errors: a document without profile
/// data (status 65), a file that may not be read (74).
pub fn check(document: &mut Document, cache: &Cache, now: Moment) -> anyhow::Result<Option<Answer>> {
    answer(&Subject::of(document)?, document, cache, &SessionEnds::none(), now)
}

/// Checks a document whose subject is known.
pub(crate) fn answer(
    subject: &Subject,
    document: &mut Document,
    cache: &Cache,
    session_ends: &SessionEnds<'_>,
    now: Moment,
) -> anyhow::Result<Option<Answer>> {
    match subject {
        Subject::Nobody | Subject::Failure(_) | Subject::Remote(_) => return Ok(None),
        Subject::Profile { .. } | Subject::Session { .. } | Subject::Chosen { .. } => {}
    }
    let (added, answer) = match Pointer::of(document)? {
        Pointer::Console { login_session, profile } => of_console(login_session, profile, cache, now)?,
        Pointer::Other(kind) => (of_other(kind), Answer::Good),
        Pointer::Sso { session, role } => of_session(session, role, cache, session_ends, now)?,
    };
    for key in OURS {
        document.shift_remove(key);
    }
    document.extend(added);
    document.set("observedAt", time::format_millis(now));
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
    document.set("reason", message.as_str());
}

/// One line of log about a checked document.
pub(crate) fn log(document: &Document, settings: &Settings) {
    settings.debug(|| {
        let text = |key: &str| document.get(key).and_then(Value::as_str).map(sanitize).unwrap_or_default();
        let file = document.get("token").and_then(|token| token.get("file")).and_then(Value::as_str);
        format!("{}: {} [{}]", text("profile"), text("reason"), file.unwrap_or("no token file"))
    });
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

/// Credentials of `aws login`: their end asks nobody for an SSO login, which would not help.
fn of_console(
    login_session: &str,
    profile: &str,
    cache: &Cache,
    now: Moment,
) -> anyhow::Result<(Map<String, Value>, Answer)> {
    let path = cache.console_session(login_session);
    let entry = ConsoleSession::read(&path)?;
    let state = console_session::state(&entry, now);
    let mut token = Map::new();
    put(&mut token, "state", Some(state.word()));
    if let Entry::Whole(session) = &entry {
        put(&mut token, "expiresAt", Some(time::format(session.expires_at)));
    }
    // `sso-login refresh` can't: only the AWS CLI can.
    put(&mut token, "refreshable", Some(false));
    put(&mut token, "file", Some(path.to_string_lossy()));
    let mut added = Map::new();
    put(&mut added, "token", Some(token));
    put(&mut added, "loginRequired", Some(false));
    put(&mut added, "reason", Some(console_session::reason(&entry, profile, now)));
    Ok((added, if state.needs_login() { Answer::OtherLoginRequired } else { Answer::Good }))
}

fn of_session(
    session: Session<'_>,
    role: Option<(&str, &str)>,
    cache: &Cache,
    session_ends: &SessionEnds<'_>,
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
    // A torn file that still holds one whole token needs no person: who renews or logs in saves it first.
    let saved = match &token {
        Entry::Corrupt(_) => salvage::token_in(&path),
        _ => None,
    };
    let is_dead = saved.as_ref().map_or(state, |token| token.state(now)).needs_login();
    let name = match session {
        Session::Named(name) | Session::Legacy(name) => name,
    };
    let forecast = if is_dead { None } else { session_ends.forecast(name, now)? };
    // A valid token that nobody can renew ends the session for all who use it, as the end of the session itself does.
    let lasting = token.as_whole().filter(|token| state == TokenState::Valid && !token.is_refreshable(now));
    let ends = [lasting.map(|token| token.expires_at), forecast.as_ref().map(|forecast| forecast.ends_at)];
    // What waits for a renewal gets that first.
    let is_valid = state == TokenState::Valid;
    let ending = ends.into_iter().flatten().min().filter(|end| is_valid && session_ends.is_near(*end, now));
    let state = if ending.is_some() { TokenState::Ending } else { state };
    let needs_login = is_dead || ending.is_some();

    let mut added = Map::new();
    let mut described = describe_token(&token, saved.as_ref(), state, now);
    put(&mut described, "file", Some(path.to_string_lossy()));
    put(&mut added, "token", Some(described));
    put(&mut added, "session", forecast.as_ref().map(describe_session));
    put(&mut added, "credentials", credentials.as_ref().map(|entry| describe_credentials(entry, now)));
    put(&mut added, "loginRequired", Some(needs_login));
    let mut reason = reason::of(session, &token, saved.is_some(), credentials.as_ref(), now);
    if let (Some(forecast), None) = (&forecast, ending) {
        reason = format!("{reason}; the session ends at {}", time::format(forecast.ends_at));
        if forecast.is_latest {
            reason.push_str(" at the latest: nobody saw it begin");
        }
    }
    if let Some(end) = ending {
        let left = sentence::time_words(time::seconds_left(end, now));
        reason = format!("SSO session \"{}\" ends at {}, in {left}", sanitize(name), time::format(end));
    }
    if let Some(later) = forecast.as_ref().and_then(|forecast| forecast.disagrees) {
        reason = format!("{reason} (other evidence says {}; the earlier one counts)", time::format(later));
    }
    put(&mut added, "reason", Some(reason));
    if let Some(end) = ending {
        // An end that is near is another episode than one that is here: "don't remind" of it doesn't silence that.
        put(&mut added, "episode", Some(episode::ending(end)));
    } else if needs_login {
        let dead = token.whole().map(|token| time::format(token.expires_at));
        put(&mut added, "episode", Some(dead.unwrap_or_else(|| TokenState::Missing.word().to_owned())));
    }
    Ok((added, if needs_login { Answer::LoginRequired } else { Answer::Good }))
}

fn state_of<T>(entry: &Entry<T>, of_whole: impl Fn(&T) -> TokenState) -> TokenState {
    match entry {
        Entry::Whole(content) => of_whole(content),
        Entry::Missing => TokenState::Missing,
        Entry::Corrupt(_) => TokenState::Corrupt,
    }
}

fn describe_token(
    entry: &Entry<Token>,
    saved: Option<&Token>,
    state: TokenState,
    now: Moment,
) -> Map<String, Value> {
    let mut described = Map::new();
    put(&mut described, "state", Some(state.word()));
    if let Entry::Whole(token) = entry {
        put(&mut described, "expiresAt", Some(time::format(token.expires_at)));
        put(&mut described, "refreshable", Some(token.is_refreshable(now)));
        put(&mut described, "registrationExpiresAt", token.registration_expires_at.map(time::format));
    } else {
        put(&mut described, "refreshable", Some(saved.is_some_and(|token| !token.state(now).needs_login())));
        put(&mut described, "salvageable", saved.map(|_| true));
    }
    described
}

fn describe_session(forecast: &Forecast) -> Map<String, Value> {
    let mut described = Map::new();
    put(&mut described, "startedAt", forecast.started_at.map(time::format));
    put(&mut described, "endsAt", Some(time::format(forecast.ends_at)));
    put(&mut described, "from", Some(forecast.from.word()));
    described
}

fn describe_credentials(entry: &Entry<RoleCredentials>, now: Moment) -> Map<String, Value> {
    let mut described = Map::new();
    put(&mut described, "state", Some(state_of(entry, |credentials| credentials.state(now)).word()));
    if let Entry::Whole(credentials) = entry {
        put(&mut described, "expiresAt", Some(time::format(credentials.expires_at)));
    }
    described
}
