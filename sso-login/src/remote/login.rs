//! A login on a host, followed: what the host prints and what the tunnel does become events, and what the
//! [`Machine`] says is done.

use std::cell::RefCell;
use std::time::Instant;

use serde_json::Value;
use sso_tool::exit::warn;
use sso_tool::process::code;
use sso_tool::sanitize::sanitize;
use sso_tool::settings::Settings;
use sso_tool::stream::{Document, Output};

use super::assembler::{Assembler, Piece};
use super::feed::{Arrival, Feed};
use super::forward::Forward;
use super::machine::{Action, Event, Machine, Page};
use super::ssh_host::SshHost;
use super::untrusted::cleaned;
use super::verify;
use crate::aws_api::page_host::{self, OwnHosts};
use crate::aws_cli::page;
use crate::flows::browser::Opening;
use crate::flows::progress::{Authorize, Progress};
use crate::flows::way_back::WayBack;
use crate::interrupt::Interrupt;
use crate::session::answer::Answer;
use crate::session::login_options::Via;

/// A login on a host.
pub(crate) struct RemoteLogin<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) place: &'a SshHost,
    /// Whose login, if that is known before the host says so.
    pub(crate) profile: Option<String>,
    pub(crate) opens_browser: bool,
    pub(crate) deadline: Instant,
    /// The notice that AWS will ask for consent, said by a page that nobody has seen: the next login there finds the registration of that
    /// one, and wouldn't say so again.
    pub(crate) unseen: RefCell<Option<String>>,
}

/// What a login under way holds.
struct Course<'a> {
    login: &'a RemoteLogin<'a>,
    interrupt: Interrupt,
    own: OwnHosts,
    forward: Option<Forward>,
    assembler: Assembler,
    /// The page in what an AWS CLI prints.
    text: page::Page,
}

impl RemoteLogin<'_> {
    /// Follows the login to its end. What comes before the last outcome is passed on; the last outcome is the answer.
    pub(crate) fn run(&self, mut feed: Feed, output: &mut Output) -> anyhow::Result<(Document, Answer)> {
        let mut machine = Machine::new(
            self.place.host(),
            self.place.in_words(),
            self.place.way_in_words(),
            self.profile.clone(),
        );
        let mut course = Course {
            login: self,
            interrupt: Interrupt::hold()?,
            own: OwnHosts::of_machine(self.settings),
            forward: None,
            assembler: Assembler::default(),
            text: page::Page::default(),
        };
        loop {
            for event in course.happened(&mut feed)? {
                if let Some(end) = course.go_on(&mut machine, event, output)? {
                    return Ok(end);
                }
            }
        }
    }
}

impl Course<'_> {
    /// What happens next, after a moment's look.
    fn happened(&mut self, feed: &mut Feed) -> anyhow::Result<Vec<Event>> {
        if let Some(signal) = self.interrupt.received() {
            return Ok(vec![Event::Signal(signal)]);
        }
        if Instant::now() >= self.login.deadline {
            return Ok(vec![Event::Deadline]);
        }
        if let Some(forward) = &mut self.forward
            && let Some(why) = forward.broken()?
        {
            return Ok(vec![Event::Broken(why)]);
        }
        Ok(match feed.look()? {
            Arrival::Line(line) => {
                let pieces = self.assembler.read(&line);
                pieces.into_iter().map(|piece| self.understand(piece)).collect()
            }
            Arrival::Quiet => Vec::new(),
            Arrival::TooMuch => vec![Event::TooMuch],
            Arrival::Over(status) => {
                let rest = self.assembler.rest();
                let mut events: Vec<_> = rest.into_iter().map(|piece| self.understand(piece)).collect();
                let complaint = feed.complaint.clone();
                events.push(Event::Over { status: status.map(code), complaint });
                events
            }
        })
    }

    /// Hands an event to the machine and does what it says, until nothing is left to do. The end, if that was it.
    fn go_on(
        &mut self,
        machine: &mut Machine,
        event: Event,
        output: &mut Output,
    ) -> anyhow::Result<Option<(Document, Answer)>> {
        let login = self.login;
        let mut actions = machine.step(event);
        actions.reverse();
        while let Some(action) = actions.pop() {
            let event = match action {
                Action::Pass(document) => {
                    output.document(&document)?;
                    continue;
                }
                Action::Warn(text) => {
                    warn(login.settings.tool(), &text);
                    continue;
                }
                Action::CloseTunnel => {
                    self.forward = None;
                    continue;
                }
                Action::Show(page) => {
                    self.show(&page, output)?;
                    continue;
                }
                Action::Finish(document, answer) => {
                    self.forward = None;
                    return Ok(Some((document, answer)));
                }
                Action::OpenTunnel(loopback) => {
                    let opened = Forward::open(login.place, &loopback, &self.interrupt, login.deadline)?;
                    Event::Tunnel(opened.map(|forward| self.forward = Some(forward)))
                }
                Action::Prove { profile, answer } => Event::Proof(verify::verify(
                    login.place,
                    &profile,
                    answer,
                    &self.interrupt,
                    login.deadline,
                )?),
            };
            let more = machine.step(event);
            actions.extend(more.into_iter().rev());
        }
        Ok(None)
    }

    /// What a piece of the host's output means.
    fn understand(&mut self, piece: Piece) -> Event {
        match piece {
            Piece::Document(document) => self.document(cleaned(&document)),
            Piece::Text(line) => match self.text.read(&line) {
                Some(authorize) => {
                    // The next page is a new login's.
                    self.text = page::Page::default();
                    self.page_of_text(authorize)
                }
                None => Event::Remark { is_success: page::is_success(&line), text: sanitize(&line) },
            },
        }
    }

    fn page_of_text(&self, authorize: Authorize) -> Event {
        let mut event = Document::new();
        if let Some(profile) = &self.login.profile {
            event.set("profile", profile.as_str());
        }
        let mut event = event
            .with("host", self.login.place.host())
            .with("event", "authorize")
            .with("via", Via::Aws.word())
            .with("url", authorize.url.as_str());
        if let Some(code) = &authorize.user_code {
            event.set("userCode", code.as_str());
        }
        self.page(authorize, event)
    }

    fn document(&self, mut document: Document) -> Event {
        document.set("host", self.login.place.host());
        let text = |key: &str| document.get(key).and_then(Value::as_str).map(str::to_owned);
        if text("event").as_deref() == Some("authorize")
            && let Some(url) = text("url")
        {
            let authorize = Authorize { url, user_code: text("userCode"), ..Authorize::default() };
            return self.page(authorize, document);
        }
        match text("outcome").and_then(|word| Answer::relayed(&word, &document)) {
            Some(answer) => Event::Outcome(document, answer),
            None => Event::Report(document),
        }
    }

    /// A page, if it is one that can be followed.
    fn page(&self, mut authorize: Authorize, event: Document) -> Event {
        let (place, host) = (self.login.place.in_words(), self.login.place.host());
        let unfit = |why: &str| {
            Event::Unfit(Answer::failed("page", format!("the login on {place} can't be followed: {why}")))
        };
        let url = match self.own.judge(&authorize.url) {
            page_host::Page::Own(url) | page_host::Page::Foreign(url) => url,
            page_host::Page::Unfit(why) => return unfit(why),
        };
        let loopback = match WayBack::of(&url) {
            WayBack::Bad(why) => return unfit(why),
            WayBack::None => None,
            WayBack::To(loopback) => Some(loopback),
        };
        if let (Some(loopback), Some(port)) = (&loopback, event.get("port"))
            && port.as_u64() != Some(loopback.port.into())
        {
            let reason = format!("the login on {host} says port {port}, its page port {}", loopback.port);
            let answer = Answer::failed("port-mismatch", reason).hint("start the login again");
            return Event::Unfit(answer);
        }
        let mut event = event;
        match event.get("notice").and_then(Value::as_str) {
            Some(notice) => *self.login.unseen.borrow_mut() = Some(notice.to_owned()),
            None => {
                if let Some(notice) = &*self.login.unseen.borrow() {
                    event.set("notice", notice.as_str());
                }
            }
        }
        let opening = self.opening(&authorize.url);
        authorize.is_opened = opening.is_opened();
        authorize.foreign_host.clone_from(&opening.foreign_host);
        Event::Page(Box::new(Page { authorize, loopback, event }))
    }

    fn opening(&self, url: &str) -> Opening {
        Opening::of(url, &self.own, self.login.opens_browser)
    }

    fn show(&self, page: &Page, output: &mut Output) -> anyhow::Result<()> {
        output.document(&page.event)?;
        let text = |key: &str| page.event.get(key).and_then(Value::as_str);
        if let Some(notice) = text("notice") {
            Progress::relay(notice);
            self.login.unseen.take();
        }
        let profile = text("profile").or(self.login.profile.as_deref()).unwrap_or("unknown");
        let whose = format!("profile {profile} on {}", self.login.place.in_words());
        Progress::tell(&whose, &page.authorize, page.loopback.as_ref().map(|loopback| loopback.port));
        self.opening(&page.authorize.url).open(self.login.settings);
        Ok(())
    }
}
