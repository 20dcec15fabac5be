//! "Did you mean": the names that a mistyped one may stand for.

/// The names that are like a mistyped one, the likeliest first.
pub fn close<'n>(names: impl IntoIterator<Item = &'n str>, name: &str) -> Vec<&'n str> {
    let scored = names.into_iter().map(|known| (strsim::jaro_winkler(known, name), known));
    let mut close: Vec<_> = scored.filter(|(score, _)| *score > 0.8).collect();
    close.sort_by(|a, b| b.0.total_cmp(&a.0));
    close.into_iter().map(|(_, known)| known).collect()
}

/// The names that may be meant, as the end of the sentence that one isn't there; empty if there are none.
pub fn or_meant(close: &[&str]) -> String {
    let names: Vec<_> = close.iter().take(3).map(|known| format!("`{known}`")).collect();
    if names.is_empty() { String::new() } else { format!("; did you mean {}?", names.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_name_is_led_to_the_ones_like_it() {
        for (names, typed, said) in [
            (["demo", "corp"], "dmeo", "; did you mean `demo`?"),
            (["corp", "corp-admin"], "crop", "; did you mean `corp`?"),
            (["auto", "notify"], "aut", "; did you mean `auto`?"),
            (["demo", "corp"], "staging", ""),
        ] {
            assert_eq!(or_meant(&close(names, typed)), said, "{typed}");
        }
    }
}
