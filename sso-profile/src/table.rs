//! Profile documents as a table for people (`--text`).

use sso_signal::text::harmless;
use sso_signal::wire::Document;

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
    let heading = COLUMNS.map(|(heading, _)| heading.to_owned());
    let rows: Vec<_> = std::iter::once(heading).chain(documents.iter().map(cells)).collect();
    let mut widths = [0; COLUMNS.len()];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let notes = std::iter::once(String::new()).chain(documents.iter().map(note));
    rows.iter()
        .zip(notes)
        .map(|(row, note)| {
            let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
            cells.chain([note]).collect::<Vec<_>>().join("  ").trim_end().to_owned()
        })
        .collect()
}

/// One document as a line, for a stream that has no widths yet.
pub(crate) fn row(document: &Document) -> String {
    let cells: Vec<_> = cells(document).into_iter().chain([note(document)]).collect();
    cells.join("\t").trim_end().to_owned()
}

fn cells(document: &Document) -> [String; COLUMNS.len()] {
    COLUMNS.map(|(_, key)| text(document, key))
}

/// Why a profile can't be used.
fn note(document: &Document) -> String {
    text(document, "error")
}

fn text(document: &Document, key: &str) -> String {
    document.get(key).and_then(|value| value.as_str()).map(harmless).unwrap_or_default()
}
