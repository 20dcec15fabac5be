//! The page of a login and its code, as a person reads them on stderr; and their lines told apart again in a log, where whoever
//! reads may not log in. Both stand here, so that other words for people leak no code.

use crate::sanitize::sanitize;

const BEFORE_THE_CODE: &str = "and allow it if it shows this code:";

/// The lines for a person: who logs in and what to do, the page, and the code to compare.
pub fn shown(what_to_do: &str, url: &str, code: Option<&str>) -> String {
    // The whole URL, since a person must open it: only what could harm a terminal is left out.
    let url: String = url.chars().filter(char::is_ascii_graphic).collect();
    let mut text = format!("{what_to_do}:\n\n    {url}\n\n");
    if let Some(code) = code {
        text = format!("{text}{BEFORE_THE_CODE}\n\n    {}\n\n", sanitize(code));
    }
    text
}

/// Whether a line is one of those, but the first, which says nothing that is of use to a stranger.
pub fn has_line(line: &str) -> bool {
    let is_code = |word: &str| {
        word.len() >= 8 && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-')
    };
    let line = line.trim();
    ["http://", "https://", BEFORE_THE_CODE].iter().any(|begin| line.starts_with(begin)) || is_code(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_but_the_first_is_known_as_one_of_the_page() {
        let text =
            shown("To log in as corp, open this page", "https://x/?user_code=ABCD-EFGH", Some("ABCD-EFGH"));
        let lines: Vec<_> = text.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!((lines.len(), has_line(lines[0])), (4, false));
        assert!(lines[1..].iter().all(|line| has_line(line)), "{lines:?}");
    }
}
