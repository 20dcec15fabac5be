//! Words for a shell on the other side: ssh hands over one line of text, and the user's shell there splits it again.

/// The words as one line that any POSIX shell splits back into them. ssh adds nothing to it, and `docker exec`, which
/// takes words, gets them as they are.
pub(crate) fn line<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().map(quoted).collect::<Vec<_>>().join(" ")
}

/// Within single quotes nothing is special but the quote itself.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::process::Command;

    /// What a shell makes of the line: each word, ended by a NUL.
    fn split_by(shell: &[&str], line: &str) -> Vec<String> {
        let script = format!("printf '%s\\0' {line}");
        let output =
            Command::new(shell[0]).args(&shell[1..]).args(["-c", &script]).env_clear().output().unwrap();
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
        assert_eq!(split_by(&["/bin/sh"], &line(words)), words);
        let inner = line(["printf", "%s\\0"].into_iter().chain(words));
        let outer = line(["sh", "-c", &inner]);
        let output = Command::new("/bin/sh").args(["-c", &outer]).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), words.map(|word| format!("{word}\0")).concat());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_words_come_through_a_real_shell(words in prop::collection::vec("[^\0]{0,20}", 1..6)) {
            let line = line(words.iter().map(String::as_str));
            prop_assert_eq!(&split_by(&["/bin/sh"], &line), &words);
        }
    }
}
