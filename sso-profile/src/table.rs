//! Profile documents as a table for people (`--text`).

use sso_tool::exit::Exit;
use sso_tool::sanitize::sanitize;
use sso_tool::stream::{Document, Output};
use sso_tool::table::aligned;

const COLUMNS: [(&str, &str); 6] = [
    ("PROFILE", "profile"),
    ("KIND", "kind"),
    ("SESSION", "ssoSession"),
    ("ACCOUNT", "accountId"),
    ("ROLE", "roleName"),
    ("REGION", "region"),
];

/// A table with a heading; nothing for no documents.
pub(crate) fn lines(documents: &[Document]) -> Vec<String> {
    if documents.is_empty() {
        return Vec::new();
    }
    let heading = COLUMNS.iter().map(|(heading, _)| (*heading).to_owned()).chain([String::new()]).collect();
    let row = |document| cells(document).into_iter().chain([note(document)]).collect();
    aligned(&std::iter::once(heading).chain(documents.iter().map(row)).collect::<Vec<Vec<_>>>())
}

/// One document as a line, for a stream that has no widths yet.
pub(crate) fn row(document: &Document) -> String {
    let cells: Vec<_> = cells(document).into_iter().chain([note(document)]).collect();
    cells.join("\t").trim_end().to_owned()
}

fn cells(document: &Document) -> [String; COLUMNS.len()] {
    COLUMNS.map(|(_, key)| text(document, key))
}

/// Why a profile can't be used, with what mends it, or what is odd about it.
fn note(document: &Document) -> String {
    let texts = ["error", "hint", "note"].map(|key| text(document, key));
    texts.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("; ")
}

fn text(document: &Document, key: &str) -> String {
    document.get(key).and_then(|value| value.as_str()).map(sanitize).unwrap_or_default()
}

/// Prints profiles: documents, or a table.
pub(crate) fn print(documents: impl Iterator<Item = Document>, text: bool) -> anyhow::Result<Exit> {
    let mut output = Output::held();
    if text {
        let documents: Vec<_> = documents.collect();
        for line in lines(&documents) {
            output.text(&line)?;
        }
    } else {
        for document in documents {
            output.document(&document)?;
        }
    }
    output.end()?;
    Ok(Exit::Done)
}
