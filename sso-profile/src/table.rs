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
    let line = |row: &[String; COLUMNS.len()]| {
        let cells: Vec<_> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// One document as a line, for a stream that has no widths yet.
pub(crate) fn row(document: &Document) -> String {
    cells(document).join("\t").trim_end().to_owned()
}

fn cells(document: &Document) -> [String; COLUMNS.len()] {
    let text =
        |key: &str| document.get(key).and_then(|value| value.as_str()).map(harmless).unwrap_or_default();
    let mut cells = COLUMNS.map(|(_, key)| text(key));
    if let Some(error) = document.get("error").and_then(|value| value.as_str())
        && let Some(kind) = cells.get_mut(1)
    {
        *kind = format!("error: {}", harmless(error));
    }
    cells
}
