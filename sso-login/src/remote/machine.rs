//! A login on a host as a state machine: what happens to it, and what is to be done then. It does nothing itself.

use sso_tool::exit::Exit;
use sso_tool::stream::Document;

use crate::aws_cli::complaint::damaged_file;
use crate::flows::progress::Authorize;
use crate::flows::way_back::Loopback;
use crate::session::answer::Answer;

/// What ssh ends with if it didn't get there.
const NO_SSH: i32 = 255;

/// A page that the host wants a person to open.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) authorize: Authorize,
    /// The port that the page comes back to; `None` for a page with a code.
    pub(super) loopback: Option<Loopback>,
    /// What programs are told about the page.
    pub(super) event: Document,
}

/// What happens.
#[derive(Debug)]
pub(super) enum Event {
    /// The host names a page.
    Page(Box<Page>),
    /// The host names a page that can't be followed: the answer.
    Unfit(Answer),
    /// The host says how the login ended.
    Outcome(Document, Answer),
    /// The host says something else in a document.
    Report(Document),
    /// The host says something that is no document. `is_success`: the AWS CLI's last line.
    Remark { text: String, is_success: bool },
    /// The tunnel forwards, or why it doesn't.
    Tunnel(Result<(), Answer>),
    /// The tunnel forwards no more: why.
    Broken(String),
    /// What the host's proof of the login comes to.
    Proof(Answer),
    /// The host says nothing more. With the status of ssh, if that was started here, and its last words.
    Over { status: Option<i32>, complaint: String },
    /// The host prints without end.
    TooMuch,
    /// The time is over.
    Deadline,
    /// A signal that told this process to end.
    Signal(i32),
}

/// What is to be done.
#[derive(Debug)]
pub(super) enum Action {
    /// Hand a document on.
    Pass(Document),
    /// Open a tunnel; [`Event::Tunnel`] says how that went.
    OpenTunnel(Loopback),
    CloseTunnel,
    /// Show the page, and open it here.
    Show(Box<Page>),
    /// Have the host prove the login; [`Event::Proof`] says how that went.
    Prove {
        profile: String,
        answer: Answer,
    },
    /// Tell a person.
    Warn(String),
    /// The end.
    Finish(Document, Answer),
}

/// Where the login stands.
#[derive(Debug)]
enum Phase {
    /// No page yet, and no outcome.
    Quiet,
    /// A page waits for its tunnel.
    Opening(Box<Page>),
    /// A person has the page.
    Shown { url: String, loopback: Option<Loopback> },
    /// The host is asked to prove the login. `is_over`: it says nothing more by itself.
    Proving { document: Document, is_over: bool },
    /// The host said how it ended, and may say more.
    Known(Document, Answer),
}

/// A login on a host.
#[derive(Debug)]
pub(super) struct Machine {
    host: String,
    /// The host in words, with a container on it.
    place: String,
    /// How a command of the person's gets there.
    way: String,
    profile: Option<String>,
    phase: Phase,
    /// The last thing it said that is neither a document nor a page.
    remark: String,
    is_success_said: bool,
}

impl Machine {
    pub(super) fn new(host: &str, place: String, way: String, profile: Option<String>) -> Self {
        Self {
            host: host.to_owned(),
            place,
            way,
            profile,
            phase: Phase::Quiet,
            remark: String::new(),
            is_success_said: false,
        }
    }

    /// The next event.
    pub(super) fn step(&mut self, event: Event) -> Vec<Action> {
        match event {
            Event::Page(page) => self.page(page),
            Event::Unfit(answer) => vec![self.failed(answer)],
            Event::Report(document) => vec![Action::Pass(document)],
            Event::Remark { text, is_success } => {
                self.is_success_said |= is_success && matches!(self.phase, Phase::Shown { .. });
                self.remark = text;
                Vec::new()
            }
            Event::Tunnel(opened) => self.tunnel(opened),
            Event::Broken(why) => self.broken(&why),
            Event::Outcome(document, answer) => self.outcome(document, answer),
            Event::Proof(answer) => self.proof(answer),
            Event::Over { status, complaint } => self.over(status, &complaint),
            Event::TooMuch => {
                let reason = format!("{} prints too much: the rest is ignored", self.place);
                vec![self.finish(Answer::failed("too-much", reason))]
            }
            Event::Deadline => {
                let reason = format!("nobody logged in to {} in time; its page no longer works", self.place);
                vec![self.finish(Answer::timeout(reason))]
            }
            Event::Signal(signal) => vec![self.failed(Answer::interrupted(signal))],
        }
    }

    fn page(&mut self, page: Box<Page>) -> Vec<Action> {
        let mut actions = Vec::new();
        let before = match &self.phase {
            Phase::Shown { url, loopback } => Some((url, loopback)),
            Phase::Opening(page) => Some((&page.authorize.url, &page.loopback)),
            _ => None,
        };
        if let Some((url, loopback)) = before {
            // The same page again is no news.
            if *url == page.authorize.url {
                return actions;
            }
            let tunnel =
                loopback.as_ref().map(|loopback| format!(", with the tunnel to port {}", loopback.port));
            actions.push(Action::Warn(format!(
                "the login on {} started again: the previous page no longer works{}",
                self.place,
                tunnel.unwrap_or_default()
            )));
            actions.push(Action::CloseTunnel);
        }
        if let Phase::Known(document, answer) = std::mem::replace(&mut self.phase, Phase::Quiet) {
            actions.push(passed(document, &answer));
        }
        match page.loopback.clone() {
            Some(loopback) => {
                self.phase = Phase::Opening(page);
                actions.push(Action::OpenTunnel(loopback));
            }
            None => actions.push(self.show(page)),
        }
        actions
    }

    fn show(&mut self, page: Box<Page>) -> Action {
        self.phase = Phase::Shown { url: page.authorize.url.clone(), loopback: page.loopback.clone() };
        Action::Show(page)
    }

    fn tunnel(&mut self, opened: Result<(), Answer>) -> Vec<Action> {
        match (std::mem::replace(&mut self.phase, Phase::Quiet), opened) {
            (Phase::Opening(page), Ok(())) => vec![self.show(page)],
            (Phase::Opening(_), Err(answer)) => vec![self.failed(answer)],
            (phase @ Phase::Shown { .. }, Err(answer)) if answer.exit() != Exit::LoginRequired => {
                self.phase = phase;
                vec![self.failed(answer)]
            }
            // Opened again; or the login may have ended well meanwhile, and says so itself.
            (phase, _) => {
                self.phase = phase;
                Vec::new()
            }
        }
    }

    fn broken(&self, why: &str) -> Vec<Action> {
        let Phase::Shown { loopback: Some(loopback), .. } = &self.phase else { return Vec::new() };
        // Once more: networks drop connections, and the login on the host still waits.
        vec![
            Action::CloseTunnel,
            Action::Warn(format!("the tunnel to {} broke ({why}): opening it again", self.place)),
            Action::OpenTunnel(loopback.clone()),
        ]
    }

    fn outcome(&mut self, document: Document, answer: Answer) -> Vec<Action> {
        let mut actions = vec![Action::CloseTunnel];
        if let Phase::Known(document, answer) = std::mem::replace(&mut self.phase, Phase::Quiet) {
            actions.push(passed(document, &answer));
        }
        let profile = document.get("profile").and_then(serde_json::Value::as_str).or(self.profile.as_deref());
        match profile.filter(|_| answer.is_good()) {
            Some(profile) => {
                actions.push(Action::Prove { profile: profile.to_owned(), answer });
                self.phase = Phase::Proving { document, is_over: false };
            }
            None => self.phase = Phase::Known(document, answer),
        }
        actions
    }

    fn proof(&mut self, answer: Answer) -> Vec<Action> {
        match std::mem::replace(&mut self.phase, Phase::Quiet) {
            Phase::Proving { document, is_over: true } => vec![Action::Finish(document, answer)],
            Phase::Proving { document, is_over: false } => {
                self.phase = Phase::Known(document, answer);
                Vec::new()
            }
            phase => {
                self.phase = phase;
                Vec::new()
            }
        }
    }

    /// The login ended. The AWS CLI says no outcome, and what died says none.
    fn over(&mut self, status: Option<i32>, complaint: &str) -> Vec<Action> {
        let is_shown = match std::mem::replace(&mut self.phase, Phase::Quiet) {
            Phase::Known(document, answer) => return vec![Action::Finish(document, answer)],
            Phase::Quiet => false,
            Phase::Opening(_) | Phase::Shown { .. } | Phase::Proving { .. } => true,
        };
        let place = &self.place;
        let said = if complaint.is_empty() { self.remark.as_str() } else { complaint };
        let why = if said.is_empty() { String::new() } else { format!(": {said}") };
        if let Some(key) = damaged_file(said) {
            let file = format!(".aws/sso/cache/{key}.json");
            let reason = format!("the AWS CLI on {place} fails at the damaged file ~/{file}");
            let answer = Answer::failed("corrupt", reason).hint(format!("{} rm {file}", self.way));
            return vec![self.failed(answer)];
        }
        let answer = match (status, is_shown) {
            (Some(NO_SSH), false) => Answer::unreachable(format!("cannot ssh to {}{why}", self.host))
                .hint(format!("ssh {} true", self.host)),
            (None | Some(1..), false) => {
                Answer::failed("no-login", format!("there is no login on {place}{why}"))
            }
            (Some(code), true) if code != 0 => Answer::failed(
                "login-gone",
                format!("the login on {place} is gone, and its page no longer works{why}"),
            ),
            _ => match (self.profile.clone(), self.is_success_said) {
                // Without an outcome only the host can tell.
                (Some(profile), _) => {
                    self.phase = Phase::Proving { document: self.document(), is_over: true };
                    return vec![
                        Action::CloseTunnel,
                        Action::Prove { profile, answer: Answer::relayed_success() },
                    ];
                }
                (None, true) => {
                    let note = "the AWS CLI there says that it logged in; to test the login, add \
                                --profile PROFILE";
                    let warning = Action::Warn(format!("{place}: {note}"));
                    let answer = Answer::relayed_success().with("warning", note);
                    return vec![warning, Action::Finish(self.document(), answer)];
                }
                (None, false) => {
                    let reason =
                        format!("the login on {place} ended without an outcome; its page no longer works");
                    Answer::failed("login-gone", reason)
                        .hint("add --profile PROFILE to ask the host itself, if it has no sso-login")
                }
            },
        };
        vec![self.failed(answer)]
    }

    /// The end, with what is known. What is known already stays true, whatever happens afterwards.
    fn finish(&mut self, answer: Answer) -> Action {
        match std::mem::replace(&mut self.phase, Phase::Quiet) {
            Phase::Known(document, answer) => Action::Finish(document, answer),
            _ => self.failed(answer),
        }
    }

    fn failed(&self, answer: Answer) -> Action {
        Action::Finish(self.document(), answer)
    }

    /// A document about the login, before the host says one.
    pub(super) fn document(&self) -> Document {
        let mut document = Document::new();
        if let Some(profile) = &self.profile {
            document.set("profile", profile.as_str());
        }
        document.with("host", self.host.as_str())
    }
}

fn passed(mut document: Document, answer: &Answer) -> Action {
    answer.add_to(&mut document);
    Action::Pass(document)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flows::way_back::WayBack;

    fn page(url: &str) -> Event {
        let loopback = match WayBack::of_text(url) {
            WayBack::To(loopback) => Some(loopback),
            _ => None,
        };
        let authorize = Authorize { url: url.to_owned(), ..Authorize::default() };
        Event::Page(Box::new(Page { authorize, loopback, event: Document::new() }))
    }

    fn code() -> Event {
        page("https://x.awsapps.com/start/#/device?user_code=A")
    }

    fn back(port: u16) -> Event {
        page(&format!("https://oidc.us-east-1.amazonaws.com/?redirect_uri=http://127.0.0.1:{port}/"))
    }

    fn outcome(word: &str) -> Event {
        let document = Document::new().with("outcome", word);
        let answer = Answer::relayed(word, &document).unwrap();
        Event::Outcome(document, answer)
    }

    fn over(status: Option<i32>) -> Event {
        Event::Over { status, complaint: String::new() }
    }

    fn remark(text: &str, is_success: bool) -> Event {
        Event::Remark { text: text.to_owned(), is_success }
    }

    /// An action in a word or two.
    fn word(action: &Action) -> String {
        match action {
            Action::Pass(_) => "pass".to_owned(),
            Action::OpenTunnel(loopback) => format!("open {}", loopback.port),
            Action::CloseTunnel => "close".to_owned(),
            Action::Show(_) => "show".to_owned(),
            Action::Prove { profile, .. } => format!("prove {profile}"),
            Action::Warn(_) => "warn".to_owned(),
            Action::Finish(_, answer) => format!("{} {}", answer.outcome(), answer.error().unwrap_or("-")),
        }
    }

    fn proved() -> Event {
        Event::Proof(Answer::relayed_success())
    }

    #[test]
    fn each_course_of_a_login_ends_as_it_must() {
        let port = || Answer::failed("port", "in use").exiting(Exit::TryLater);
        let gone = || Answer::failed("no-listener", "gone");
        for (profile, events, expected) in [
            (
                Some("p"),
                vec![code(), outcome("success"), proved(), over(Some(0))],
                "show,close,prove p,success -",
            ),
            (None, vec![code(), outcome("success"), over(Some(0))], "show,close,success -"),
            (Some("p"), vec![outcome("failed"), over(Some(77))], "close,failed -"),
            (None, vec![back(1), Event::Tunnel(Ok(())), over(Some(1))], "open 1,show,failed login-gone"),
            (None, vec![back(1), Event::Tunnel(Err(port()))], "open 1,failed port"),
            (None, vec![code(), code()], "show"),
            (
                None,
                vec![back(1), Event::Tunnel(Ok(())), back(2), Event::Tunnel(Ok(()))],
                "open 1,show,warn,close,open 2,show",
            ),
            (
                None,
                vec![back(1), Event::Tunnel(Ok(())), Event::Broken("x".to_owned()), Event::Tunnel(Ok(()))],
                "open 1,show,close,warn,open 1",
            ),
            (
                None,
                vec![
                    back(1),
                    Event::Tunnel(Ok(())),
                    Event::Broken("x".to_owned()),
                    Event::Tunnel(Err(gone())),
                ],
                "open 1,show,close,warn,open 1",
            ),
            (
                None,
                vec![
                    back(1),
                    Event::Tunnel(Ok(())),
                    Event::Broken("x".to_owned()),
                    Event::Tunnel(Err(port())),
                ],
                "open 1,show,close,warn,open 1,failed port",
            ),
            (Some("p"), vec![outcome("success"), proved(), Event::Deadline], "close,prove p,success -"),
            (None, vec![outcome("failed"), outcome("success"), over(None)], "close,close,pass,success -"),
            (Some("p"), vec![code(), Event::Deadline], "show,timeout -"),
            (Some("p"), vec![Event::Signal(2)], "failed interrupted"),
            (Some("p"), vec![code(), Event::TooMuch], "show,failed too-much"),
            (Some("p"), vec![code(), over(None), proved()], "show,close,prove p,success -"),
            (None, vec![code(), remark("in: https://x", true), over(None)], "show,warn,success -"),
            (None, vec![remark("in: https://x", true), over(None)], "failed no-login"),
            (None, vec![code(), over(None)], "show,failed login-gone"),
            (None, vec![over(Some(255))], "failed unreachable"),
            (None, vec![over(Some(1))], "failed no-login"),
            (
                None,
                vec![remark("'d4bd9b730be541f8dec04c80d04f20fb73065f62'", false), over(Some(255))],
                "failed corrupt",
            ),
            (
                None,
                vec![Event::Report(Document::new()), outcome("valid"), over(Some(0))],
                "pass,close,valid -",
            ),
        ] {
            let mut machine =
                Machine::new("h", "h".to_owned(), "ssh h".to_owned(), profile.map(str::to_owned));
            let story = format!("{events:?}");
            let actions: Vec<_> = events.into_iter().flat_map(|event| machine.step(event)).collect();
            assert_eq!(actions.iter().map(word).collect::<Vec<_>>().join(","), expected, "{story}");
        }
    }
}
