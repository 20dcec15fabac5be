//! What is told while it goes on: events for programs, lines for people.

use sso_profile::key::Slug;
use sso_tool::stream::{Document, Output};

/// Tells both.
pub(super) struct Reporter {
    output: Output,
    slug: String,
    is_text: bool,
}

impl Reporter {
    /// In lines for people if `is_text`, else in documents.
    pub(super) fn new(slug: &Slug, is_text: bool) -> Self {
        Self { output: Output::stdout(), slug: slug.to_string(), is_text }
    }

    /// A step is done: its name, what people are told of it, and what programs are.
    pub(super) fn step(&mut self, step: &str, words: &str, more: &Document) -> anyhow::Result<()> {
        if self.is_text {
            return self.output.text(&format!("{step:<8}{words}"));
        }
        let mut event = Document::new()
            .with("event", "step")
            .with("slug", self.slug.as_str())
            .with("step", step)
            .with("what", words);
        event.extend(more.iter().map(|(key, value)| (key.clone(), value.clone())));
        self.output.document(&event)
    }

    /// Passes on what a login says while it runs; people have it on stderr.
    pub(super) fn event(&mut self, event: &Document) {
        if !self.is_text {
            // Whoever should read this may be gone: the login goes on, and the final document will tell.
            let _ = self.output.document(event);
        }
    }

    pub(super) fn end(&mut self, words: &str, document: &Document) -> anyhow::Result<()> {
        if self.is_text { self.output.text(words) } else { self.output.document(document) }
    }
}
