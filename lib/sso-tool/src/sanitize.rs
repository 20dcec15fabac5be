//! Text that a stranger wrote, made fit for a terminal, a log line or a dialog.

/// The longest line of foreign text that is shown, in characters.
pub const LONGEST: usize = 300;

/// Characters that are no control characters and still deceive: bidirectional marks and
/// overrides (Unicode TR 36), zero-width characters, line and paragraph separators.
pub fn is_deceptive(c: char) -> bool {
    matches!(c,
        '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// One line that is safe on a terminal: escape sequences, control characters and deceptive marks are left out,
/// white space is one space, and what is longer than [`LONGEST`] ends in `…`.
pub fn sanitize(text: &str) -> String {
    sanitize_up_to(text, LONGEST)
}

/// Sanitizes with another limit, in characters: a URL that a person must open is longer than a line.
pub fn sanitize_up_to(text: &str, most: usize) -> String {
    let mut line = String::new();
    let mut chars = text.chars().peekable();
    let mut length = 0;
    let mut gap = false;
    while let Some(c) = chars.next() {
        if c == '\u{1b}' || c == '\u{9b}' {
            skip_escape_sequence(c, &mut chars);
        } else if c.is_whitespace() {
            gap = !line.is_empty();
        } else if !c.is_control() && !is_deceptive(c) {
            if length + usize::from(gap) >= most {
                line.push('…');
                break;
            }
            if gap {
                line.push(' ');
                length += 1;
                gap = false;
            }
            line.push(c);
            length += 1;
        }
    }
    line
}

/// Skips the rest of an ECMA-48 control sequence (CSI … final byte) or string (OSC … BEL or ST).
fn skip_escape_sequence(start: char, chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    let kind = if start == '\u{9b}' { Some('[') } else { chars.next() };
    match kind {
        Some('[') => while chars.next().is_some_and(|c| !('\u{40}'..='\u{7e}').contains(&c)) {},
        Some(']' | 'P' | '_' | '^' | 'X') => {
            while let Some(c) = chars.next() {
                if c == '\u{7}' || c == '\u{9c}' {
                    break;
                }
                if c == '\u{1b}' {
                    chars.next_if_eq(&'\\');
                    break;
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escape_sequences_and_marks_are_left_out() {
        assert_eq!(sanitize("a\u{1b}[31mred\u{1b}[0m b"), "ared b");
        assert_eq!(sanitize("\u{1b}]0;title\u{7}x\u{1b}]8;;u\u{1b}\\y"), "xy");
        assert_eq!(sanitize("pro\u{202e}d\r\n\tnext\0"), "prod next");
        assert_eq!(sanitize("  é 日本  "), "é 日本");
    }

    #[test]
    fn long_text_ends_in_an_ellipsis() {
        let line = sanitize(&"x".repeat(LONGEST + 1));
        assert_eq!(line.chars().count(), LONGEST + 1);
        assert!(line.ends_with('…'));
        assert_eq!(sanitize(&"x".repeat(LONGEST)).chars().count(), LONGEST);
    }

    proptest! {
        #[test]
        fn nothing_harmful_comes_through(text in any::<String>()) {
            let line = sanitize(&text);
            prop_assert!(line.chars().all(|c| !c.is_control() && !is_deceptive(c)));
            prop_assert!(line.chars().count() <= LONGEST + 1);
            let again = sanitize(&line);
            prop_assert_eq!(again.trim_end_matches('…'), line.trim_end_matches('…'));
        }
    }
}
