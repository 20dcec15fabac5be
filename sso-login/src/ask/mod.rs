//! Asking a person before a login that nobody at the keyboard asked for: Refresh, Snooze or Don't Remind.
//!
//! Which program asks shows at run time: the one in `SSO_DIALOG`, else what this desktop has, else the terminal.
//! Whatever isn't a clear answer is "later", and nobody to ask is, too: never a login without consent.

mod answered;
mod consent;
mod dialog;
mod kdialog;
mod kind;
mod limits;
mod occasion;
mod osascript;
mod process;
mod program;
mod question;
mod terminal;
mod zenity;

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use sso_tool::sanitize::sanitize;
use sso_tool::settings::{Settings, from_environment};

pub use consent::Consent;
use dialog::{Button, Dialog, Reply, Response};
use kind::DialogKind;
use limits::Limits;
pub(crate) use occasion::Occasion;
use question::Question;

use crate::session::answer::Answer;

/// The value of `SSO_DIALOG` that asks nobody.
pub(crate) const NO_DIALOG: &str = "none";

/// What a person said to a yes-or-no question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Yes,
    /// No, or nothing in time, or nobody to ask.
    No,
    /// A signal that told this process to end.
    Interrupted(i32),
}

/// Asks on the terminal that this process is in the foreground of, and nowhere else: no dialog, and nothing where
/// stdin isn't a terminal or `SSO_DIALOG` is `none`.
pub(crate) fn yes_on_terminal(text: &str, prompt: &str, timeout: Duration) -> Decision {
    match ask_on_terminal(text, prompt, Limits::new(timeout)) {
        Reply::Given(()) => Decision::Yes,
        Reply::Interrupted(signal) => Decision::Interrupted(signal),
        _ => Decision::No,
    }
}

fn ask_on_terminal(text: &str, prompt: &str, limits: Limits<'_>) -> Reply<()> {
    let is_terminal =
        io::stdin().is_terminal() && from_environment("SSO_DIALOG").as_deref() != Some(NO_DIALOG);
    let terminal = if is_terminal { terminal::Terminal::open(limits) } else { None };
    terminal.map_or(Reply::Nothing, |terminal| terminal.yes(text, prompt))
}

/// Asks at the terminal whether to log in.
fn yes_or_no(question: &Question, limits: Limits<'_>) -> Response {
    match ask_on_terminal(&question.brief, "Log in now? (y/N): ", limits) {
        Reply::Given(()) => Response::Refresh,
        Reply::Nothing | Reply::Broken(_) => Response::No(Answer::dismissed(None)),
        Reply::Interrupted(signal) => Response::No(Answer::interrupted(signal)),
        Reply::Moot => Response::Moot,
    }
}

/// Asks. Each dialog waits for the timeout; after that it is a dismissal.
fn ask(settings: &Settings, question: &Question, limits: Limits<'_>) -> Response {
    let chosen = from_environment("SSO_DIALOG");
    let kinds = match chosen.as_deref() {
        None => DialogKind::of_this_desktop(),
        // Chosen by the owner: nothing is wrong.
        Some(NO_DIALOG) => return Response::No(unasked("SSO_DIALOG is `none`")),
        Some(word) => match DialogKind::from_word(word) {
            Some(kind) => vec![kind],
            None => return said(program::ask(word, question, limits), settings, word),
        },
    };
    let mut notes = Vec::new();
    for kind in kinds {
        let Some(dialog) = kind.open(limits) else { continue };
        match converse(dialog.as_ref(), question) {
            Reply::Broken(why) => {
                settings.debug(|| format!("cannot ask with {}: {why}", kind.word()));
                notes.push(format!("{}: {why}", kind.word()));
            }
            reply => return said(reply, settings, kind.word()),
        }
    }
    let why = if notes.is_empty() {
        "there is no dialog program and no terminal here (name a program in SSO_DIALOG)".to_owned()
    } else {
        notes.join("; ")
    };
    nobody(&why)
}

fn said(reply: Reply<Response>, settings: &Settings, program: &str) -> Response {
    match reply {
        Reply::Given(said) => said,
        Reply::Nothing => {
            settings.debug(|| format!("{program} was closed, or gave no answer"));
            Response::No(Answer::dismissed(None))
        }
        Reply::Broken(why) => nobody(&format!("{program}: {why}")),
        Reply::Interrupted(signal) => Response::No(Answer::interrupted(signal)),
        Reply::Moot => Response::Moot,
    }
}

/// No dialog could be shown, which is no person's answer. The reason says so, and the doctor looks at what is missing.
fn nobody(why: &str) -> Response {
    Response::No(unasked(&sanitize(why)).hint("sso-login doctor --text"))
}

fn unasked(why: &str) -> Answer {
    Answer::dismissed(Some(&format!("nobody could be asked: {why}")))
}

/// The question, and what a button leads to. A second dialog that is closed or can't be shown is "later", too.
fn converse(dialog: &dyn Dialog, question: &Question) -> Reply<Response> {
    dialog.choose(question).then(|button| match button {
        Button::Refresh => Reply::Given(Response::Refresh),
        Button::Snooze => {
            let length = dialog.snooze(question).or_later();
            length.then(|seconds| Reply::Given(Response::No(Answer::snoozed(seconds))))
        }
        Button::DontRemind => {
            let confirmed = dialog.confirm(question).or_later();
            confirmed.then(|()| Reply::Given(Response::No(Answer::suppressed())))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Scripted(Reply<Button>, Reply<u64>, Reply<()>);

    impl<T: Copy> Reply<T> {
        fn copy(&self) -> Self {
            match self {
                Self::Given(value) => Self::Given(*value),
                Self::Nothing => Self::Nothing,
                Self::Broken(why) => Self::Broken(why.clone()),
                Self::Interrupted(signal) => Self::Interrupted(*signal),
                Self::Moot => Self::Moot,
            }
        }
    }

    impl Dialog for Scripted {
        fn choose(&self, _: &Question) -> Reply<Button> {
            self.0.copy()
        }
        fn snooze(&self, _: &Question) -> Reply<u64> {
            self.1.copy()
        }
        fn confirm(&self, _: &Question) -> Reply<()> {
            self.2.copy()
        }
    }

    #[test]
    fn a_button_leads_where_it_says() {
        use Reply::{Broken, Given, Interrupted, Moot, Nothing};
        let no = |answer| Given(Response::No(answer));
        let broken = || "x".to_owned();
        for (dialog, expected) in [
            (Scripted(Given(Button::Refresh), Nothing, Nothing), Given(Response::Refresh)),
            (Scripted(Given(Button::Snooze), Given(900), Nothing), no(Answer::snoozed(900))),
            (Scripted(Given(Button::Snooze), Nothing, Given(())), Nothing),
            (Scripted(Given(Button::Snooze), Broken(broken()), Given(())), Nothing),
            (Scripted(Given(Button::Snooze), Interrupted(2), Given(())), Interrupted(2)),
            (Scripted(Given(Button::DontRemind), Nothing, Given(())), no(Answer::suppressed())),
            (Scripted(Given(Button::DontRemind), Given(900), Nothing), Nothing),
            (Scripted(Nothing, Given(900), Given(())), Nothing),
            (Scripted(Broken(broken()), Given(900), Given(())), Broken(broken())),
            (Scripted(Interrupted(15), Given(900), Given(())), Interrupted(15)),
            (Scripted(Moot, Given(900), Given(())), Moot),
            (Scripted(Given(Button::Snooze), Moot, Given(())), Moot),
        ] {
            assert_eq!(converse(&dialog, &Question::default()), expected);
        }
    }
}
