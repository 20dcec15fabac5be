//! What a check found.

use serde_json::Value;
use sso_tool::exit::Exit;
use sso_tool::sanitize::sanitize;
use sso_tool::stream::Document;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Status {
    /// There was nothing to look at.
    Skipped,
    /// As it should be.
    Ok,
    /// What works, and will not for ever, or not for everybody.
    Warning,
    /// Something doesn't work.
    Error,
}

impl Status {
    fn word(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(super) check: &'static str,
    pub(super) status: Status,
    /// What was seen, in words for people.
    pub(super) seen: String,
    /// The command, or what else mends it.
    pub(super) fix: Option<String>,
    /// The status of an error.
    pub(super) exit: Exit,
    more: Vec<(&'static str, Value)>,
}

impl Finding {
    fn new(check: &'static str, status: Status, seen: impl Into<String>) -> Self {
        Self { check, status, seen: seen.into(), fix: None, exit: Exit::Done, more: Vec::new() }
    }

    pub(super) fn skipped(check: &'static str, why: impl Into<String>) -> Self {
        Self::new(check, Status::Skipped, why)
    }

    pub(super) fn ok(check: &'static str, seen: impl Into<String>) -> Self {
        Self::new(check, Status::Ok, seen)
    }

    pub(super) fn warning(check: &'static str, seen: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), exit: Exit::No, ..Self::new(check, Status::Warning, seen) }
    }

    pub(super) fn error(
        check: &'static str,
        exit: Exit,
        seen: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { fix: Some(fix.into()), exit, ..Self::new(check, Status::Error, seen) }
    }

    /// Adds a key for programs.
    pub(super) fn with(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        self.more.push((key, value.into()));
        self
    }

    /// As a document. What was seen may hold foreign text.
    pub(crate) fn document(&self) -> Document {
        let mut document = Document::new()
            .with("check", self.check)
            .with("status", self.status.word())
            .with("seen", sanitize(&self.seen));
        if let Some(fix) = &self.fix {
            document.set("fix", sanitize(fix));
        }
        for (key, value) in &self.more {
            document.set(key, value.clone());
        }
        document
    }
}
