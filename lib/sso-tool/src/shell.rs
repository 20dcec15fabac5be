//! Words of a command line that a person pastes into a shell.

/// Text as one word of a command line that a person may paste into a shell.
pub fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._@+:/%-".contains(c);
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_quoted_where_a_shell_would_take_it_apart() {
        for plain in ["corp", "team/corp:dev@1.2+x", "a%b"] {
            assert_eq!(shell_word(plain), plain);
        }
        for (text, quoted) in [("", "''"), ("a b'c", r"'a b'\''c'"), ("-x", "'-x'"), ("$(x)", "'$(x)'")] {
            assert_eq!(shell_word(text), quoted);
        }
    }
}
