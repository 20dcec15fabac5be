//! Who holds a lock: the content of `owner.json`.

use std::process;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;
use sso_tool::exit::{Exit, Fault};
use sso_tool::sanitize::sanitize;
use sso_tool::stream::{self, Document};
use sso_tool::time::{self, Moment};

use crate::kernel;
use crate::token::Digest;

/// Who holds a lock, as that holder itself wrote it.
#[derive(Clone, Debug, PartialEq)]
pub struct Owner {
    /// The process; for a lock of `sso-lock acquire`, the process that called it.
    pub pid: i64,
    /// The name of its host (a container has its own).
    pub host: String,
    /// The program it runs, without arguments: those may hold secrets.
    pub command: String,
    pub since: Moment,
    /// Until when, for a lock that no process holds (`sso-lock acquire`).
    pub expires_at: Option<Moment>,
    pub(crate) boot_id: Option<String>,
    pub(crate) start_ticks: Option<i64>,
    /// How long it lasts from the last change of the file, for a lock that no process holds.
    pub(crate) ttl: Option<Duration>,
    pub(crate) token: Option<Digest>,
}

impl Owner {
    /// The owner that this process is, running `command`.
    pub(crate) fn this_process(command: &str) -> anyhow::Result<Self> {
        Ok(Self {
            pid: process::id().into(),
            host: kernel::host(),
            command: command.to_owned(),
            since: time::now()?,
            expires_at: None,
            boot_id: kernel::boot_id(),
            start_ticks: kernel::start_ticks(),
            ttl: None,
            token: None,
        })
    }

    /// The content of `owner.json`.
    pub(crate) fn to_json(&self) -> anyhow::Result<String> {
        let mut document = self.document();
        document.set("bootId", self.boot_id.clone());
        document.set("startTicks", self.start_ticks);
        if let Some(ttl) = self.ttl {
            document.set("ttlSeconds", ttl.as_secs());
        }
        if let Some(token) = &self.token {
            document.set("tokenSha256", token.as_str());
        }
        let mut line = serde_json::to_string(&*document).context("cannot format the owner of a lock")?;
        line.push('\n');
        Ok(line)
    }

    /// Reads what somebody else wrote; status 65 for anything but a whole owner.
    pub(crate) fn from_json(bytes: &[u8]) -> anyhow::Result<Self> {
        let document = stream::parse(bytes, "owner.json")?;
        let needed = |key: &str| Fault::new(Exit::Data, format!("owner.json has no `{key}`"));
        let moment = |key: &str| -> anyhow::Result<Option<Moment>> {
            let Some(text) = document.text(key)? else { return Ok(None) };
            Ok(Some(time::parse(text).ok_or_else(|| needed(key))?))
        };
        Ok(Self {
            pid: document.whole("pid")?.ok_or_else(|| needed("pid"))?,
            host: document.text("host")?.ok_or_else(|| needed("host"))?.to_owned(),
            command: document.text("command")?.ok_or_else(|| needed("command"))?.to_owned(),
            since: moment("since")?.ok_or_else(|| needed("since"))?,
            expires_at: moment("expiresAt")?,
            boot_id: document.text("bootId")?.map(str::to_owned),
            start_ticks: document.whole("startTicks")?,
            ttl: document.whole("ttlSeconds")?.and_then(|s| u64::try_from(s).ok()).map(Duration::from_secs),
            token: document.text("tokenSha256")?.map(|hex| Digest::from_hex(hex.to_owned())),
        })
    }

    /// What others may know: `{"pid", "host", "command", "since"}`, and `expiresAt` if no process holds it.
    pub fn document(&self) -> Document {
        let mut document = Document::new()
            .with("pid", self.pid)
            .with("host", self.host.as_str())
            .with("command", self.command.as_str())
            .with("since", time::format(self.since));
        if let Some(moment) = self.expires_at {
            document.set("expiresAt", time::format(moment));
        }
        document
    }

    /// The owner in words: `pid 7 on laptop (aws) since 2025-01-15T18:00:00Z`, safe on a terminal.
    pub fn in_words(&self) -> String {
        let since = time::format(self.since);
        let until = self.expires_at.map(|moment| format!(" until {}", time::format(moment)));
        let (host, command) = (sanitize(&self.host), sanitize(&self.command));
        format!("pid {} on {host} ({command}) since {since}{}", self.pid, until.unwrap_or_default())
    }
}

/// An owner in words, also where nobody could be read.
pub(crate) fn in_words(owner: Option<&Owner>) -> String {
    owner.map_or_else(|| "a process that left no owner.json".to_owned(), Owner::in_words)
}

/// An owner as a document's value: null where nobody could be read.
pub(crate) fn to_value(owner: Option<&Owner>) -> Value {
    owner.map_or(Value::Null, |owner| owner.document().into())
}

/// An owner for tests.
#[cfg(test)]
pub(crate) fn nobody() -> Owner {
    Owner {
        pid: 7,
        host: "laptop".to_owned(),
        command: "aws".to_owned(),
        since: chrono::DateTime::<chrono::Utc>::UNIX_EPOCH,
        expires_at: None,
        boot_id: Some("boot".to_owned()),
        start_ticks: Some(4242),
        ttl: None,
        token: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_owner_reads_back_as_it_was_written() {
        let live = nobody();
        let detached = Owner {
            expires_at: Some(live.since),
            ttl: Some(Duration::from_secs(3600)),
            token: Some(Digest::from_hex("ab".repeat(32))),
            ..nobody()
        };
        for owner in [live, detached] {
            assert_eq!(Owner::from_json(owner.to_json().unwrap().as_bytes()).unwrap(), owner);
        }
    }

    #[test]
    fn what_is_no_whole_owner_is_refused() {
        let whole = nobody().to_json().unwrap();
        for broken in [
            "",
            "{}",
            "[]",
            "null",
            &whole[..whole.len() / 2],
            &whole.replace('7', "\"7\""),
            &whole.replace("\"laptop\"", "null"),
            &whole.replace("1970", "soon"),
            &whole.replace("\"boot\"", "[]"),
        ] {
            assert!(Owner::from_json(broken.as_bytes()).is_err(), "{broken}");
        }
    }

    #[test]
    fn neither_the_document_nor_the_words_know_the_token() {
        let owner = Owner { token: Some(Digest::from_hex("canary".to_owned())), ..nobody() };
        assert!(!serde_json::to_string(&*owner.document()).unwrap().contains("canary"));
        assert!(!owner.in_words().contains("canary"));
    }

    #[test]
    fn words_of_a_hostile_owner_are_harmless() {
        let owner = Owner { command: "\u{1b}[31mrm\n".to_owned(), ..nobody() };
        assert_eq!(owner.in_words(), "pid 7 on laptop (rm) since 1970-01-01T00:00:00Z");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Owner::from_json(&bytes);
        }
    }
}
