//! Section names as botocore takes them apart: Python's `shlex.split`, without comments.

/// The words of a section name, or none where a quote or an escape isn't closed.
pub fn split(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '\'' => break,
                        c => word.push(c),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '"' => break,
                        '\\' => {
                            let c = chars.next()?;
                            if !matches!(c, '"' | '\\') {
                                word.push('\\');
                            }
                            word.push(c);
                        }
                        c => word.push(c),
                    }
                }
            }
            '\\' => word.get_or_insert_default().push(chars.next()?),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Some(words)
}

/// The name of a `[kind name]` section: the second of exactly two words.
pub fn section_name(header: &str) -> Option<String> {
    // Nearly every header; saves an allocation per word.
    if let Some((kind, name)) = header.split_once(' ')
        && !kind.is_empty()
        && !name.is_empty()
        && header.bytes().filter(u8::is_ascii_whitespace).count() == 1
        && !header.contains(['\'', '"', '\\'])
    {
        return Some(name.to_owned());
    }
    let mut words = split(header)?;
    if words.len() == 2 { words.pop() } else { None }
}

/// A name as one word of a section header: plain where every reader takes it (AWS-FORMATS 7), else quoted the way the AWS CLI does.
pub fn quote(name: &str) -> String {
    if is_plain(name) {
        name.to_owned()
    } else if name.contains('\'') {
        format!("\"{}\"", name.replace('\\', r"\\").replace('"', "\\\""))
    } else {
        format!("'{name}'")
    }
}

/// Whether every SDK reads the name: `[A-Za-z0-9_\-/.%@:+]+` (AWS-FORMATS 7).
pub fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-/.%@:+".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_shlex() {
        let words = |text| split(text).unwrap();
        assert_eq!(words("profile a"), ["profile", "a"]);
        assert_eq!(words(" profile\t 'x y' "), ["profile", "x y"]);
        assert_eq!(words(r#"profile "x \" \n \\"z"#), ["profile", r#"x " \n \z"#]);
        assert_eq!(words(r"a\ b ''"), ["a b", ""]);
        assert_eq!(words("a#b #c"), ["a#b", "#c"]);
        assert_eq!(split("profile \"x"), None);
        assert_eq!(split("x\\"), None);
    }

    #[test]
    fn a_quoted_name_reads_back() {
        for name in ["plain", "x y", "it's", "a\"b", "a'\"\\b", "ünï", " a ", "a]b", "\\"] {
            assert_eq!(section_name(&format!("profile {}", quote(name))).as_deref(), Some(name));
        }
    }
}
