//! Words of a command line that a person pastes into a shell.

/// Text as one word of a command line that a person may paste into a shell.
pub fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._@+:/%-".contains(c);
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Words as one line that any POSIX shell splits back into them.
pub fn shell_line<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().map(shell_word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    /// What a shell makes of the line: each word, ended by a NUL.
    fn split_by_shell(line: &str) -> Vec<String> {
        let script = format!("printf '%s\\0' {line}");
        let output = Command::new("/bin/sh").args(["-c", &script]).env_clear().output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        text.strip_suffix('\0').unwrap_or_default().split('\0').map(str::to_owned).collect()
    }

    #[test]
    fn awkward_words_come_through_two_shells() {
        let words = [
            "", " ", "a b", "'", "''", "\"", "$HOME", "`id`", "$(id)", "*", "~", "\\", "\\'", "a\nb", "-n",
            "!x", "é;|&",
        ];
        assert_eq!(split_by_shell(&shell_line(words)), words);
        let inner = shell_line(["printf", "%s\\0"].into_iter().chain(words));
        let outer = shell_line(["sh", "-c", &inner]);
        let output = Command::new("/bin/sh").args(["-c", &outer]).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), words.map(|word| format!("{word}\0")).concat());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_words_come_through_a_real_shell(words in prop::collection::vec("[^\0]{0,20}", 1..6)) {
            let line = shell_line(words.iter().map(String::as_str));
            prop_assert_eq!(&split_by_shell(&line), &words);
        }
    }

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
