//! What was asked and what was answered: counts and a log, without any secret.

use std::collections::VecDeque;

use serde_json::{Map, Value, json};
use sso_tool::time::{self, Moment};

use super::operation::Operation;

/// Requests kept for `GET /sandbox/log`; older ones are only counted.
const LONGEST: usize = 10_000;

/// One request. Only names and statuses: whatever a client sends in secret never comes here.
#[derive(Clone, Debug)]
pub(super) struct LogEntry {
    pub(super) time: Moment,
    pub(super) operation: Operation,
    pub(super) client_name: Option<String>,
    pub(super) grant_type: Option<String>,
    /// `None`: it hangs.
    pub(super) status: Option<u16>,
    pub(super) error: Option<&'static str>,
}

/// Requests in order, and how many of what.
#[derive(Default)]
pub(super) struct Journal {
    entries: VecDeque<LogEntry>,
    counts: Vec<(Operation, u64)>,
    /// Tokens minted by a device code or an authorization code.
    pub(super) logins: u64,
    /// Tokens minted by a refresh token.
    pub(super) refreshes: u64,
    /// Times the user (or the sandbox for them) said yes.
    pub(super) consents: u64,
}

impl Journal {
    pub(super) fn record(&mut self, entry: LogEntry) {
        match self.counts.iter_mut().find(|(operation, _)| *operation == entry.operation) {
            Some((_, count)) => *count += 1,
            None => self.counts.push((entry.operation, 1)),
        }
        if self.entries.len() == LONGEST {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }

    /// Forgets everything, counts included.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// One document a line, oldest first.
    pub(super) fn log(&self) -> String {
        self.entries.iter().flat_map(|entry| [entry.document().to_string(), "\n".to_owned()]).collect()
    }

    /// Counts per operation (all of them, also zero), and of logins, refreshes and consents.
    pub(super) fn stats(&self) -> Value {
        let count = |wanted: Operation| {
            self.counts.iter().find(|(operation, _)| *operation == wanted).map_or(0, |(_, count)| *count)
        };
        let operations: Map<String, Value> = Operation::ALL
            .into_iter()
            .map(|operation| (operation.to_string(), count(operation).into()))
            .collect();
        json!({
            "logins": self.logins,
            "refreshes": self.refreshes,
            "consents": self.consents,
            "requests": self.counts.iter().map(|(_, count)| count).sum::<u64>(),
            "operations": operations,
        })
    }
}

impl LogEntry {
    fn document(&self) -> Value {
        let mut document = json!({
            "time": time::format(self.time),
            "service": self.operation.service().name(),
            "operation": self.operation.to_string(),
        });
        let optional = [
            ("clientName", self.client_name.clone().map(Value::from)),
            ("grantType", self.grant_type.clone().map(Value::from)),
            ("status", self.status.map(Value::from)),
            ("error", self.error.map(Value::from)),
            ("hangs", self.status.is_none().then_some(Value::Bool(true))),
        ];
        for (key, value) in optional {
            if let Some(value) = value {
                document[key] = value;
            }
        }
        document
    }
}
