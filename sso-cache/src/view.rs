//! What goes to stdout: documents, or a table for people.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;
use sso_tool::sanitize::sanitize;
use sso_tool::stream::{Document, Output};
use sso_tool::table::line;

use crate::metrics::Metrics;
use crate::template::Template;

/// The columns of a table: a title, a least width, and the key whose text stands there (`a.b` is
/// key `b` of the object at `a`).
pub type Columns = &'static [(&'static str, usize, &'static str)];

/// The table of `check`.
pub const PROFILES: Columns = &[
    ("PROFILE", 24, "profile"),
    ("TOKEN", 11, "token.state"),
    ("EXPIRES", 20, "token.expiresAt"),
    ("CREDENTIALS", 11, "credentials.state"),
    ("REASON", 0, "error|reason"),
];

/// The table of `list`.
pub const FILES: Columns = &[
    ("KIND", 16, "kind"),
    ("STATE", 11, "state"),
    ("EXPIRES", 20, "expiresAt"),
    ("ABOUT", 38, "startUrl|accountId"),
    ("FILE", 0, "file"),
];

/// The table of `repair`. A file that needed nothing isn't in it.
pub const REPAIRED: Columns = &[
    ("ACTION", 15, "action"),
    ("KIND", 16, "kind"),
    ("EXPIRES", 20, "expiresAt"),
    ("FILE", 0, "file"),
    ("WHY", 0, "reason|error"),
];

/// The table of `prune`. A file that stays for no special reason isn't in it.
pub const PRUNED: Columns = &[
    ("ACTION", 12, "action"),
    ("KIND", 16, "kind"),
    ("STATE", 11, "state"),
    ("FILE", 0, "file"),
    ("WHY", 0, "because|error"),
];

/// The columns without which a row says nothing.
const REASONS: [&str; 2] = ["reason|error", "because|error"];

enum Form {
    Documents,
    Table(Columns),
    Lines(Template),
    Metrics(Metrics),
}

/// Where documents are shown, one by one as they come.
pub struct View {
    out: Output,
    form: Form,
    has_head: bool,
    /// What people are told where a table would be empty.
    if_empty: Option<&'static str>,
    /// How many documents had which `action`, or `state` where nothing acts.
    counts: BTreeMap<String, usize>,
}

impl View {
    /// A view on stdout: a table if there are columns, documents else.
    pub fn stdout(table: Option<Columns>) -> Self {
        Self::of(table.map_or(Form::Documents, Form::Table))
    }

    /// A view on stdout: a line of this form for each document.
    pub fn lines(template: Template) -> Self {
        Self::of(Form::Lines(template))
    }

    /// A view on stdout: gauges for Prometheus, all at the end, since a metric's samples stand together.
    pub fn metrics() -> Self {
        Self::of(Form::Metrics(Metrics::default()))
    }

    fn of(form: Form) -> Self {
        Self { out: Output::stdout(), form, has_head: false, if_empty: None, counts: BTreeMap::new() }
    }

    /// Sets the words for people instead of an empty table.
    #[must_use]
    pub fn or_else(self, words: &'static str) -> Self {
        Self { if_empty: Some(words), ..self }
    }

    /// Whether documents are shown as they are.
    pub fn is_of_documents(&self) -> bool {
        matches!(self.form, Form::Documents)
    }

    /// Whether each document is a line of a template.
    pub fn is_of_lines(&self) -> bool {
        matches!(self.form, Form::Lines(_))
    }

    /// Ends the list: people are told if there was nothing.
    pub fn end(&mut self) -> anyhow::Result<()> {
        match (&self.form, self.if_empty) {
            (Form::Table(_), Some(words)) if !self.has_head => self.out.text(words),
            (Form::Metrics(metrics), _) => self.out.text(metrics.to_string().trim_end()),
            _ => Ok(()),
        }
    }

    /// Shows one document.
    pub fn show(&mut self, document: &Document) -> anyhow::Result<()> {
        *self.counts.entry(cell(document, "action|state")).or_default() += 1;
        let columns = match &mut self.form {
            Form::Metrics(metrics) => {
                metrics.add(document);
                return Ok(());
            }
            Form::Documents => return self.out.document(document),
            Form::Lines(template) => return self.out.text(&template.line(document)),
            Form::Table(columns) => *columns,
        };
        let is_needed = |column: &&(&str, usize, &'static str)| REASONS.contains(&column.2);
        if columns.iter().find(is_needed).is_some_and(|column| cell(document, column.2) == "-") {
            return Ok(());
        }
        if !self.has_head {
            self.has_head = true;
            self.out.text(&row(columns, |column| column.0.to_owned()))?;
        }
        self.out.text(&row(columns, |column| cell(document, column.2)))
    }
}

impl fmt::Display for View {
    /// What was shown so far, for a log: `2 salvaged, 7 none`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts: Vec<_> = self.counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
        f.write_str(if counts.is_empty() { "no files".to_owned() } else { counts.join(", ") }.as_str())
    }
}

fn row(columns: Columns, cell: impl Fn(&(&str, usize, &'static str)) -> String) -> String {
    let cells: Vec<_> = columns.iter().map(cell).collect();
    line(&cells, columns.iter().map(|column| column.1))
}

/// The text at the first of the keys that has one; a dash if none has.
fn cell(document: &Document, keys: &str) -> String {
    let text = |path: &str| match path.split_once('.') {
        Some((outer, inner)) => {
            document.get(outer).and_then(|value| value.get(inner)).and_then(Value::as_str)
        }
        None => document.get(path).and_then(Value::as_str),
    };
    let found = keys.split('|').find_map(text).map_or_else(|| "-".to_owned(), sanitize);
    let is_dry = document.get("dryRun").is_some_and(|dry| dry == true);
    match found.as_str() {
        "removed" if is_dry => "would remove".to_owned(),
        "salvaged" if is_dry => "would salvage".to_owned(),
        "quarantined" if is_dry => "would put aside".to_owned(),
        _ => found,
    }
}
