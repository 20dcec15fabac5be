//! What a person must act on while a login runs: a document for programs, lines on stderr for people.

use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use sso_profile::{Kind, Profile};
use sso_tool::login_page;
use sso_tool::sanitize::sanitize;
use sso_tool::stream::{Document, Output};
use sso_tool::time::{self, Moment};

use crate::countdown::Countdown;
use crate::flows::consent_notice::ConsentNotice;
use crate::flows::way_back::WayBack;
use crate::session::answer::Answer;
use crate::session::login_options::{Via, after};

/// What a person sees while nobody has logged in yet.
const WAITING: &str = "Waiting for you to log in (Ctrl-C gives up)";

/// Where progress goes.
pub struct Progress<'a> {
    output: &'a mut Output,
    profile: &'a Profile,
    consent: Option<Box<dyn ConsentNotice + 'a>>,
    /// When the login is given up, if that is known.
    deadline: Option<Instant>,
    countdown: Option<Countdown>,
}

/// A URL that a person has to open.
#[derive(Debug, Default)]
pub struct Authorize {
    pub url: String,
    /// The code to compare or type, for a device authorization.
    pub user_code: Option<String>,
    /// Until when, if that is known.
    pub expires_at: Option<Moment>,
    /// Who logs in.
    pub via: Via,
    /// Whether it is opened in a browser, by the AWS CLI or by this process now.
    pub is_opened: bool,
    /// The host of a page that would be opened, were it AWS's or configured here.
    pub foreign_host: Option<String>,
}

impl<'a> Progress<'a> {
    /// Progress of one profile's login, or of one session's.
    pub fn new(output: &'a mut Output, profile: &'a Profile) -> Self {
        Self { output, profile, consent: None, deadline: None, countdown: None }
    }

    /// When the login is given up: a person sees how long is left.
    pub(crate) fn ends_at(&mut self, deadline: Instant) {
        self.deadline = Some(deadline);
    }

    /// What is known about the registration that the login is about to use. It is told with the page.
    pub(crate) fn expect(&mut self, consent: impl ConsentNotice + 'a) {
        self.consent = Some(Box::new(consent));
    }

    /// Tells a person at once what they would be told with the page: another program is about to show it.
    pub(crate) fn tell_registration(&mut self) {
        if let Some(notice) = self.consent.as_mut().and_then(|consent| consent.notice()) {
            say(&format!("{notice}\n"));
        }
    }

    /// Adds what became of the registration to how the login ended.
    pub(crate) fn settle(&mut self, answer: Answer) -> Answer {
        self.countdown = None;
        match &mut self.consent {
            Some(consent) => consent.settle(answer),
            None => answer,
        }
    }

    /// Shows the URL and the code.
    pub fn authorize(&mut self, authorize: &Authorize) {
        self.countdown = None;
        let way_back = WayBack::of_text(&authorize.url);
        let mut event = Document::new().with("event", "authorize");
        if self.profile.kind != Kind::Session {
            event.set("profile", self.profile.name.as_str());
        }
        if let Some(session) = self.profile.sso.as_ref().and_then(|sso| sso.session.as_deref()) {
            event.set("ssoSession", session);
        }
        event.set("via", authorize.via.word());
        event.set("url", authorize.url.as_str());
        if let Some(code) = &authorize.user_code {
            event.set("userCode", code.as_str());
        }
        let mut port = None;
        match &way_back {
            WayBack::To(loopback) => {
                event.set("port", loopback.port);
                event.set("redirectUri", loopback.uri.as_str());
                port = Some(loopback.port);
            }
            WayBack::None => {}
            WayBack::Bad(why) => {
                event.set("warning", *why);
                say(&format!("warning: {why}: the login may never return to this machine\n"));
            }
        }
        if let Some(expires_at) = authorize.expires_at {
            event.set("expiresAt", time::format(expires_at));
        }
        if let Some(notice) = self.consent.as_mut().and_then(|consent| consent.show(&mut event)) {
            say(&format!("{notice}\n"));
        }
        Self::tell(&in_words(self.profile), authorize, port);
        // Whoever should read this may be gone: the person has the page, and the final document will tell.
        let _ = self.output.document(&event);
        self.countdown =
            self.deadline.map(|deadline| Countdown::start(WAITING, deadline.min(until(authorize))));
    }

    /// Shows a person on stderr what another machine's tool says about consent: a line or two.
    pub(crate) fn relay(notice: &str) {
        /// Longer than what it says with the longest names.
        const LONGEST: usize = 500;
        for line in notice.lines().take(2) {
            let line: String = line.chars().take(LONGEST).collect();
            say(&format!("{}\n", sanitize(&line)));
        }
    }

    /// Shows a person on stderr where to go; `whose` is the profile or session that it is for.
    pub(crate) fn tell(whose: &str, authorize: &Authorize, port: Option<u16>) {
        let place = port.map_or_else(String::new, |port| {
            format!(" in a browser on this machine (it returns to port {port})")
        });
        if let Some(host) = &authorize.foreign_host {
            say(&format!(
                "warning: the page is on {host}, which is neither AWS's nor in your config, so it isn't opened\n"
            ));
        }
        let what = match authorize {
            Authorize { is_opened: false, .. } => "open this page",
            Authorize { via: Via::Aws, .. } => {
                "use the browser that the AWS CLI opens now. If none opens, open this page"
            }
            _ => "use the browser that opens now. If none opens, open this page",
        };
        let what = format!("To log in as {}, {what}{place}", sanitize(whose));
        say(&login_page::shown(&what, &authorize.url, authorize.user_code.as_deref()));
    }
}

/// When the page is of no use any more, if that is known.
fn until(authorize: &Authorize) -> Instant {
    let left = authorize.expires_at.zip(time::now().ok()).and_then(|(end, now)| (end - now).to_std().ok());
    after(left.unwrap_or(Duration::MAX))
}

fn in_words(profile: &Profile) -> String {
    format!("{} {}", profile.noun(), profile.name)
}

fn say(text: &str) {
    // A closed stderr takes nothing from the login.
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
