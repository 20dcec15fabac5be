//! What a person is told about AWS's question for consent. A flow shows it with the page; only the login above it knows the
//! registration, so it hands this in.

use sso_tool::stream::Document;

use crate::session::answer::Answer;

/// What is known about the registration that a login is about to use.
pub(crate) trait ConsentNotice {
    /// What a person must be told now, before the login is begun; each reason once.
    fn notice(&mut self) -> Option<String>;

    /// A page is about to be shown: what a person must be told before, and what the event says.
    fn show(&mut self, event: &mut Document) -> Option<String>;

    /// Adds what became of the registration to the login's answer. A login that got nowhere says nothing.
    fn settle(&mut self, answer: Answer) -> Answer;
}
