//! A document as a line to choose by.

use sso_tool::sanitize::sanitize;
use sso_tool::stream::Document;

/// Keys that tell documents apart, with the width that most values need. Rows come one by one, so their widths
/// can't be measured first.
const COLUMNS: [(&str, usize); 7] = [
    ("profile", 28),
    ("accountName", 28),
    ("accountId", 12),
    ("roleName", 24),
    ("ssoSession", 12),
    ("emailAddress", 24),
    ("region", 0),
];

/// A document and its line.
pub(crate) struct Row {
    pub(crate) document: Document,
    pub(crate) line: String,
}

impl Row {
    pub(crate) fn of(document: Document) -> Self {
        let mut line = String::new();
        for (key, width) in COLUMNS {
            if let Some(value) = document.get(key).and_then(|value| value.as_str()) {
                let value = sanitize(value);
                line.extend([format!("{value:width$}  ")]);
            }
        }
        // Of a session by itself, the URL is what people know it by.
        if let Some(url) = document.get("startUrl").and_then(|value| value.as_str())
            && !["profile", "accountId"].iter().any(|key| document.contains_key(*key))
        {
            line.push_str(&sanitize(url));
        }
        line.truncate(line.trim_end().len());
        if line.is_empty() {
            line = sanitize(&serde_json::to_string(&*document).unwrap_or_default());
        }
        Self { document, line }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_what_tells_documents_apart() {
        let line = |document| Row::of(document).line;
        let account = Document::new()
            .with("roleName", "Admin")
            .with("accountName", "Prod")
            .with("accountId", "111122223333");
        assert_eq!(line(account), format!("Prod{}  111122223333  Admin", " ".repeat(24)));
        let session = Document::new().with("startUrl", "https://x/start").with("ssoSession", "corp");
        assert_eq!(line(session), "corp          https://x/start");
        assert_eq!(line(Document::new().with("x", 1)), "{\"x\":1}");
        let hostile = Document::new().with("accountName", "a\u{1b}[2Jb\u{202e}c\nd");
        assert_eq!(line(hostile), "abc d");
    }
}
