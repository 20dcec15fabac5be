//! A login in the box, as its lines come: the page is opened here once its way back leads there.

use std::process::ExitStatus;
use std::time::Instant;

use sso_tool::exit::{Exit, warn};
use sso_tool::sanitize::sanitize;
use sso_tool::settings::Settings;
use sso_tool::stream::{self, Document, Output};

use super::feed::{Feed, Found};
use super::forward::Forward;
use super::loopback::{WayBack, way_back};
use super::place::Place;
use super::verify;
use crate::aws_cli::page::Page;
use crate::flows::browser;
use crate::flows::progress::{Authorize, Progress};
use crate::interrupt::Interrupt;
use crate::process::code;
use crate::session::answer::Answer;

/// What ssh ends with if it didn't get there.
const NO_SSH: i32 = 255;

/// A login in a box.
pub(crate) struct RemoteLogin<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) place: &'a Place,
    /// Whose login, if that is known before the box says so.
    pub(crate) profile: Option<String>,
    pub(crate) opens_browser: bool,
    pub(crate) deadline: Instant,
}

/// What is known by now.
struct State {
    interrupt: Interrupt,
    forward: Option<Forward>,
    /// The page that was shown last.
    url: Option<String>,
    /// What the box prints if it has no sso-login.
    text: Page,
    /// The last outcome: the box's document and what came of it here.
    last: Option<(Document, Answer)>,
    /// Something that is neither a document nor a page.
    garbage: String,
}

impl RemoteLogin<'_> {
    /// Follows it to its end. What comes before the last outcome is passed on; that is the answer.
    pub(crate) fn run(&self, mut feed: Feed, output: &mut Output) -> anyhow::Result<(Document, Answer)> {
        let mut state = State {
            interrupt: Interrupt::hold()?,
            forward: None,
            url: None,
            text: Page::default(),
            last: None,
            garbage: String::new(),
        };
        loop {
            let stopped = self.stopped(&mut state)?;
            if let Some(answer) = stopped {
                return Ok((self.document(), answer));
            }
            let failed = match feed.look()? {
                Found::Line(line) => self.line(&line, &mut state, output)?,
                Found::Nothing => None,
                Found::Over(status) => {
                    state.forward = None;
                    return match state.last.take() {
                        Some(last) => Ok(last),
                        None => Ok((self.document(), self.end(status, &feed, &state)?)),
                    };
                }
            };
            if let Some(answer) = failed {
                return Ok((self.document(), answer));
            }
        }
    }

    /// Why to go no further, if there is a reason.
    fn stopped(&self, state: &mut State) -> anyhow::Result<Option<Answer>> {
        if let Some(signal) = state.interrupt.received() {
            return Ok(Some(Answer::interrupted(signal)));
        }
        if Instant::now() >= self.deadline {
            let reason = format!("nobody logged in to {} in time; its page is dead", self.place.in_words());
            return Ok(Some(Answer::timeout(reason)));
        }
        let Some(forward) = &mut state.forward else { return Ok(None) };
        let Some(why) = forward.broken()? else { return Ok(None) };
        let loopback = forward.loopback.clone();
        state.forward = None;
        // Once more: networks drop connections, and the login in the box still waits.
        warn(
            self.settings.tool(),
            &format!("the tunnel to {} broke ({why}): opening it again", self.place.in_words()),
        );
        match Forward::open(self.place, &loopback, &state.interrupt, self.deadline)? {
            Ok(forward) => state.forward = Some(forward),
            // The login may have ended well meanwhile: it says so itself.
            Err(answer) if answer.exit() == Exit::LoginRequired => {}
            Err(answer) => return Ok(Some(answer)),
        }
        Ok(None)
    }

    /// Takes a line: a document, a piece of what the AWS CLI prints, or something that a login shell says.
    fn line(&self, line: &str, state: &mut State, output: &mut Output) -> anyhow::Result<Option<Answer>> {
        let line = line.trim();
        if line.starts_with('{')
            && let Ok(document) = stream::parse(line.as_bytes(), "a line of the box")
        {
            return self.take(document, state, output);
        }
        let Some(page) = state.text.read(line) else {
            if !line.is_empty() {
                state.garbage = sanitize(line);
            }
            return Ok(None);
        };
        // The next page is a new login's.
        state.text = Page::default();
        let mut event =
            self.document().with("event", "authorize").with("via", "aws").with("url", page.url.as_str());
        if let Some(code) = &page.user_code {
            event.set("userCode", code.as_str());
        }
        self.show(&page, &event, state, output)
    }

    fn take(
        &self,
        mut document: Document,
        state: &mut State,
        output: &mut Output,
    ) -> anyhow::Result<Option<Answer>> {
        document.set("host", self.place.host());
        let text = |key: &str| document.get(key).and_then(serde_json::Value::as_str);
        if text("event") == Some("authorize")
            && let Some(url) = text("url")
        {
            let user_code = text("userCode").map(str::to_owned);
            let is_opened = self.opens_browser && browser::is_known();
            let page = Authorize { url: url.to_owned(), user_code, is_opened, ..Authorize::default() };
            if let (WayBack::To(loopback), Some(port)) = (way_back(url), document.get("port"))
                && port.as_u64() != Some(loopback.port.into())
            {
                let reason = format!(
                    "the login on {} says port {port}, its page port {}",
                    self.place.host(),
                    loopback.port
                );
                return Ok(Some(Answer::failed("port-mismatch", reason).hint("start the login again")));
            }
            return self.show(&page, &document, state, output);
        }
        let Some(answer) = text("outcome").and_then(|word| Answer::relayed(word, &document)) else {
            output.document(&document)?;
            return Ok(None);
        };
        state.forward = None;
        state.url = None;
        if let Some((mut earlier, answer)) = state.last.take() {
            answer.add_to(&mut earlier);
            output.document(&earlier)?;
        }
        let answer = match text("profile").or(self.profile.as_deref()) {
            Some(profile) if answer.is_good() => {
                verify::verify(self.place, profile, answer, &state.interrupt)?
            }
            _ => answer,
        };
        state.last = Some((document, answer));
        Ok(None)
    }

    /// Makes the way back, then shows the page. The same page again is no news.
    fn show(
        &self,
        page: &Authorize,
        event: &Document,
        state: &mut State,
        output: &mut Output,
    ) -> anyhow::Result<Option<Answer>> {
        if state.url.as_deref() == Some(page.url.as_str()) {
            return Ok(None);
        }
        let place = self.place.in_words();
        if state.url.is_some() {
            let dead = state
                .forward
                .take()
                .map(|forward| format!(", with the tunnel to port {}", forward.loopback.port));
            let dead = dead.unwrap_or_default();
            warn(
                self.settings.tool(),
                &format!("the login on {place} started again: the page before is dead{dead}"),
            );
        }
        state.url = Some(page.url.clone());
        let port = match way_back(&page.url) {
            WayBack::Bad(why) => {
                return Ok(Some(Answer::failed(
                    "page",
                    format!("the login on {place} can't be followed: {why}"),
                )));
            }
            WayBack::None => None,
            WayBack::To(loopback) => {
                match Forward::open(self.place, &loopback, &state.interrupt, self.deadline)? {
                    Ok(forward) => state.forward = Some(forward),
                    Err(answer) => return Ok(Some(answer)),
                }
                Some(loopback.port)
            }
        };
        output.document(event)?;
        let profile = event.get("profile").and_then(serde_json::Value::as_str).or(self.profile.as_deref());
        if let Some(notice) = event.get("notice").and_then(serde_json::Value::as_str) {
            Progress::relay(notice);
        }
        Progress::tell(&format!("{} on {place}", profile.unwrap_or("unknown")), page, port);
        if self.opens_browser {
            browser::open(self.settings, &page.url);
        }
        Ok(None)
    }

    /// The login ended without an outcome: the AWS CLI has none, and what died has none.
    fn end(&self, status: Option<ExitStatus>, feed: &Feed, state: &State) -> anyhow::Result<Answer> {
        let place = self.place.in_words();
        let why = if feed.complaint.is_empty() { &state.garbage } else { &feed.complaint };
        let why = if why.is_empty() { String::new() } else { format!(": {why}") };
        let status = status.map(code);
        if status == Some(NO_SSH) && state.url.is_none() {
            return Ok(Answer::unreachable(format!("cannot ssh to {}{why}", self.place.host()))
                .hint(format!("ssh {} true", self.place.host())));
        }
        if state.url.is_none() && status != Some(0) {
            return Ok(Answer::failed("no-login", format!("there is no login on {place}{why}")));
        }
        if status.is_some_and(|status| status != 0) {
            let reason = format!("the login on {place} is gone, and its page is dead{why}");
            return Ok(Answer::failed("login-gone", reason));
        }
        let Some(profile) = &self.profile else {
            let reason = format!("the login on {place} ended without an outcome; its page is dead");
            return Ok(Answer::failed("login-gone", reason)
                .hint("--profile PROFILE asks the box, if it has no sso-login there"));
        };
        // Without an outcome, only the box can tell.
        verify::verify(self.place, profile, Answer::relayed_success(), &state.interrupt)
    }

    fn document(&self) -> Document {
        let mut document = Document::new();
        if let Some(profile) = &self.profile {
            document.set("profile", profile.as_str());
        }
        document.with("host", self.place.host())
    }
}
